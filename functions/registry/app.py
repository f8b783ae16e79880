"""PUT /v1/vendor/…: the vendor's backend registers tenants, departments, agents and the rights of users.

Every PUT stores the complete record. A PUT that changes nothing writes nothing.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from guestkey.edge.bodies.registry import AgentInput, DepartmentInput, RightInput, TenantInput
from guestkey.edge.http import routes
from guestkey.edge.http.inputs import ExternalId
from guestkey.edge.responses.people import Agent, Department
from guestkey.edge.responses.tenants import Right, Tenant
from guestkey.errors import AccountableUnknown, DepartmentUnknown, TenantUnknown
from guestkey.rules import people as rules
from guestkey.rules.ledger import By, ByType
from guestkey.store import clock
from guestkey.store.dynamodb.client import open_client
from guestkey.store.registry import registering, tenants

app = routes.resolver()
PUTTING = (DepartmentUnknown, AccountableUnknown)


@routes.route(app, "PUT /v1/vendor/tenants/{tenant_id}", "Register a tenant", "registry")
def put_tenant(tenant_id: Annotated[ExternalId, Path()], body: TenantInput) -> Tenant:
    """Register a tenant, or replace its record. A change is recorded in the tenant's ledger."""
    tenant = rules.Tenant(
        tenant_id=tenant_id,
        name=body.name,
        customer_name=body.customer_name or tenant_id,
        version=body.version,
        time_zone=body.time_zone,
        language=body.language,
        country=body.country,
        approver_emails=rules.distinct(body.approver_emails),
    )
    tenants.put_tenant(tenant, _backend(), clock.now())
    return Tenant.read(tenant)


@routes.route(app, "PUT /v1/vendor/departments/{department_id}", "Register a department", "registry")
def put_department(department_id: Annotated[ExternalId, Path()], body: DepartmentInput) -> Department:
    """Register a department, or rename it."""
    department = rules.Department(department_id=department_id, name=body.name)
    registering.put_department(department)
    return Department.of(department)


@routes.route(app, "PUT /v1/vendor/agents/{agent_id}", "Register an agent", "registry", *PUTTING)
def put_agent(agent_id: Annotated[ExternalId, Path()], body: AgentInput) -> Agent:
    """Register an agent, or change their departments. The next check applies the change."""
    agent = rules.Agent(
        agent_id=agent_id,
        name=body.name,
        email=body.email,
        departments=tuple(dict.fromkeys(body.departments)),
        is_active=body.active,
        changed_at=clock.now(),
        is_software=body.kind is rules.AgentKind.SOFTWARE,
        accountable=rules.Accountable(agent_id=body.accountable, name="") if body.accountable else None,
    )
    return Agent.of(registering.put_agent(agent))


@routes.route(
    app, "PUT /v1/vendor/tenants/{tenant_id}/users/{user_id}/right", "Set a user's right", "registry", TenantUnknown
)
def put_right(
    tenant_id: Annotated[ExternalId, Path()], user_id: Annotated[ExternalId, Path()], body: RightInput
) -> Right:
    """Set whether a user holds the right to grant access. It applies to all writes stored afterwards."""
    tenants.set_right(tenant_id, user_id, body.may_grant, _backend(), body.changed_by, clock.now())
    return Right(tenant_id=tenant_id, user_id=user_id, may_grant=body.may_grant)


def _backend() -> By:
    return By(type=ByType.VENDOR, id=routes.backend(app).client_id)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
