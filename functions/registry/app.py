"""PUT /v1/vendor/…: the vendor's backend says who its tenants, departments and agents are, and who may let support in.

Every PUT puts the whole thing; one that changes nothing writes nothing.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field, StrictBool

from guestkey.edge import clock, routes
from guestkey.edge.inputs import Country, Email, Input, Language, Name, Slug, UserId, Version, Zone
from guestkey.edge.shapes import Agent, Department, Right, Tenant
from guestkey.errors import DepartmentUnknown, TenantUnknown
from guestkey.rules import people as rules
from guestkey.rules.ledger import By, ByType
from guestkey.store import people, tenants

app = routes.resolver()


class TenantOrder(Input):
    """A tenant as the vendor's product knows it."""

    name: Name
    version: Version
    time_zone: Zone
    language: Language
    country: Country
    approver_emails: list[Email] = Field(max_length=20)


class DepartmentOrder(Input):
    """A group of agents."""

    name: Name


class AgentOrder(Input):
    """Somebody who works for the vendor's support."""

    name: Name
    email: Email
    departments: list[Slug] = Field(max_length=50)
    active: StrictBool


class RightOrder(Input):
    """Whether a user may let support in."""

    may_grant: StrictBool
    changed_by: UserId | None = None


@app.put("/v1/vendor/tenants/<tenant_id>", summary="Register a tenant", tags=["registry"])
def put_tenant(tenant_id: Annotated[Slug, Path()], order: TenantOrder) -> Tenant:
    """Register a tenant, or change what is known of it. A change stands in the tenant's ledger."""
    tenant = rules.Tenant(
        tenant_id=tenant_id,
        name=order.name,
        version=order.version,
        time_zone=order.time_zone,
        language=order.language,
        country=order.country,
        approver_emails=tuple(dict.fromkeys(order.approver_emails)),
    )
    tenants.put_tenant(tenant, _backend(), clock.now())
    return Tenant.of(tenant)


@app.put("/v1/vendor/departments/<department_id>", summary="Register a department", tags=["registry"])
def put_department(department_id: Annotated[Slug, Path()], order: DepartmentOrder) -> Department:
    """Register a department, or rename it."""
    department = rules.Department(department_id=department_id, name=order.name)
    people.put_department(department)
    return Department.of(department)


@app.put(
    "/v1/vendor/agents/<agent_id>",
    summary="Register an agent",
    tags=["registry"],
    openapi_extensions=routes.refuses(DepartmentUnknown),
)
def put_agent(agent_id: Annotated[Slug, Path()], order: AgentOrder) -> Agent:
    """Register an agent, or change their departments. Who leaves a department is out with the next check."""
    agent = rules.Agent(
        agent_id=agent_id,
        name=order.name,
        email=order.email,
        departments=tuple(dict.fromkeys(order.departments)),
        is_active=order.active,
        changed_at=clock.now(),
    )
    people.put_agent(agent)
    return Agent.of(agent)


@app.put(
    "/v1/vendor/tenants/<tenant_id>/users/<user_id>/right",
    summary="Give or take a right",
    tags=["registry"],
    openapi_extensions=routes.refuses(TenantUnknown),
)
def put_right(tenant_id: Annotated[Slug, Path()], user_id: Annotated[UserId, Path()], order: RightOrder) -> Right:
    """Say whether a user may let support in. It counts for every write that is not yet stored."""
    tenants.set_right(tenant_id, user_id, order.may_grant, _backend(), order.changed_by, clock.now())
    return Right(tenant_id=tenant_id, user_id=user_id, may_grant=order.may_grant)


def _backend() -> By:
    return By(type=ByType.VENDOR, id=routes.backend(app).client_id)


lambda_handler = routes.serve(app)
