"""/v1/support/requests and /v1/support/tenants: an agent asks a customer by mail to be let in."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field, StrictBool

from guestkey import settings
from guestkey.edge import clock, ids, letters, mail, pages, routes
from guestkey.edge.inputs import Email, Input, Reason, Slug
from guestkey.edge.mail import Mail
from guestkey.edge.pages import Cursor, Limit
from guestkey.edge.shapes import Page, Request, SupportTenant
from guestkey.errors import (
    CursorInvalid,
    IdempotencyKeyReused,
    NotFound,
    RecipientUnknown,
    RequestClosed,
    RequestExpired,
    TenantUnknown,
    TooManyRequests,
)
from guestkey.rules import requests as rules
from guestkey.rules.people import Agent, Tenant
from guestkey.rules.periods import DEFAULT_PERIOD, Period
from guestkey.store import asking, limits, people, requests, tenants
from guestkey.store.once import Once

app = routes.resolver()


class RequestOrder(Input):
    """Whom to ask, for what, and why; without recipients, everybody whom the customer registered."""

    tenant_id: Slug
    reason: Reason
    period: Period = Field(default=DEFAULT_PERIOD, strict=False)
    may_export: StrictBool = False
    recipients: list[Email] | None = Field(default=None, min_length=1, max_length=20)


@app.get(
    "/v1/support/tenants/<tenant_id>",
    summary="Whom may I ask?",
    tags=["support"],
    openapi_extensions=routes.refuses(TenantUnknown, TooManyRequests),
)
def show_tenant(tenant_id: str) -> SupportTenant:
    """Show a customer and its approvers' addresses."""
    agent_id = routes.agent_id(app)
    return SupportTenant.of(asking.doorstep(agent_id, ids.known_slug(tenant_id), None, clock.now()).tenant)


@app.post(
    "/v1/support/requests",
    status_code=201,
    summary="Ask to be let in",
    tags=["support"],
    openapi_extensions=routes.refuses(TenantUnknown, RecipientUnknown, TooManyRequests, IdempotencyKeyReused),
)
def ask_for_access(order: RequestOrder) -> Request:
    """Ask a customer for access for yourself. The mail carries no secret; only a user of theirs can answer."""
    agent_id, once, now = routes.agent_id(app), routes.once(app), clock.now()
    doorstep = asking.doorstep(agent_id, order.tenant_id, once, now)
    try:
        request = rules.ask(
            request_id=ids.new_id(),
            agent=doorstep.agent,
            tenant=doorstep.tenant,
            recipients=order.recipients,
            reason=order.reason,
            period=order.period,
            may_export=order.may_export,
            life=settings.REQUEST_LIFE,
            now=now,
        )
    except RecipientUnknown:
        limits.count_unknown(agent_id, now)
        raise
    letter = _letter(request, doorstep.agent, doorstep.tenant)
    asking.add(request, doorstep, once and once.answering(Request.of(request, now).as_text()))
    return _mailed(request, letter, request.recipients, once)


@app.get(
    "/v1/support/requests",
    summary="What did I ask for?",
    tags=["support"],
    openapi_extensions=routes.refuses(CursorInvalid),
)
def list_own_requests(limit: Limit = 50, cursor: Cursor = None) -> Page[Request]:
    """List your own requests, newest first."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    scope = pages.scope(agent.agent_id, "requests")
    found = requests.of_agent(agent.agent_id, pages.position(cursor, scope), limit + 1)
    return Page.of(found, limit, scope, lambda request: Request.of(request, now))


@app.post(
    "/v1/support/requests/<request_id>/send",
    summary="Mail a request again",
    tags=["support"],
    openapi_extensions=routes.refuses(NotFound, RequestClosed, RequestExpired, RecipientUnknown, TooManyRequests),
)
def send_again(request_id: str) -> Request:
    """Mail a request of your own again, to those it went to who are still registered."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    request = requests.find_own(agent.agent_id, ids.known_form(request_id))
    rules.require_pending(request, now)
    tenant = tenants.tenant(request.tenant_id)
    recipients = rules.still_registered(request, tenant)
    letter = _letter(request, agent, tenant)
    asking.count_again(request, len(recipients), now)
    return _mailed(request, letter, recipients, None)


@app.delete(
    "/v1/support/requests/<request_id>",
    summary="Withdraw a request",
    tags=["support"],
    openapi_extensions=routes.refuses(NotFound, RequestClosed, RequestExpired),
)
def withdraw_request(request_id: str) -> Request:
    """Withdraw a request of your own. Withdrawing twice answers the same."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    return Request.of(asking.withdraw(agent.agent_id, ids.known_form(request_id), now), now)


def _letter(request: rules.Request, agent: Agent, tenant: Tenant) -> Mail:
    """Return what is mailed. It is written before anything is stored, so that only SES can fail after that."""
    asked = letters.Asked(
        tenant=tenant,
        request_id=request.request_id,
        agent_name=agent.name,
        departments=people.department_names(agent.departments),
        reason=request.reason,
        period=request.period,
        may_export=request.may_export,
        expires_at=request.expires_at,
    )
    return letters.write(letters.Kind.ACTIVATION, tenant.language, asked)


def _mailed(request: rules.Request, letter: Mail, recipients: Sequence[str], once: Once | None) -> Request:
    """Mail a request that is stored, write down what became of that, and show it."""
    fate = mail.fate_of(letter, recipients)
    shown = Request.of(replace(request, mail=fate), clock.now())
    asking.tell_fate(request, fate, once and once.answering(shown.as_text()))
    return shown


lambda_handler = routes.serve(app)
