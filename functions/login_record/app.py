"""/v1/support/logins and /v1/support/access: agents record their entries, end them, and see where they may enter."""

from guestkey.edge import clock, ids, pages, routes
from guestkey.edge.inputs import Input, Reason, Slug, Ticket
from guestkey.edge.pages import Cursor, Limit
from guestkey.edge.shapes import Access, Login, Page
from guestkey.errors import Busy, CursorInvalid, IdempotencyKeyReused, NoLiveGrant, NotFound, TooManyRequests
from guestkey.rules.access import Action, Open, decide
from guestkey.rules.logins import enter
from guestkey.store import logins, people, whereabouts

TRIES = 3
"""How often another covering grant is looked for when the one named vanished meanwhile."""

app = routes.resolver()


class LoginOrder(Input):
    """Where to, and why."""

    tenant_id: Slug
    reason: Reason
    ticket: Ticket | None = None


@app.post(
    "/v1/support/logins",
    status_code=201,
    summary="Record an entry",
    tags=["support"],
    openapi_extensions=routes.refuses(NoLiveGrant, IdempotencyKeyReused, TooManyRequests),
)
def record_login(order: LoginOrder) -> Login:
    """Record why you enter, before you do. Without a live grant that covers you nothing is recorded but the refusal."""
    agent_id, once, now = routes.agent_id(app), routes.once(app), clock.now()
    login_id = ids.new_id()
    for _ in range(TRIES):
        doorstep = logins.doorstep(agent_id, order.tenant_id, once, now)
        decision = decide(doorstep.keys, doorstep.agent, Action.ENTER, now)
        if not isinstance(decision, Open):
            logins.turn_away(doorstep, now)
            raise NoLiveGrant
        login = enter(
            login_id=login_id,
            tenant_id=order.tenant_id,
            agent=doorstep.agent,
            grant=decision.grant,
            may_export=decision.may_export,
            reason=order.reason,
            ticket=order.ticket,
            now=now,
        )
        shown = Login.of(login)
        try:
            logins.add(login, doorstep, decision.grant, once and once.answering(shown.as_text()))
        except logins.Vanished:
            continue
        return shown
    raise Busy(retry_after=1)  # grants cover the agent, and each time the one to name went: nobody was refused


@app.post(
    "/v1/support/logins/<login_id>/end",
    summary="End an entry",
    tags=["support"],
    openapi_extensions=routes.refuses(NotFound),
)
def end_login(login_id: str) -> Login:
    """End an entry of your own. Ending it twice answers the same."""
    agent = people.active_agent(routes.agent_id(app))
    return Login.of(logins.end(agent.agent_id, ids.known_form(login_id), clock.now()))


@app.get(
    "/v1/support/access",
    summary="Where may I enter now?",
    tags=["support"],
    openapi_extensions=routes.refuses(CursorInvalid),
)
def list_access(limit: Limit = 50, cursor: Cursor = None) -> Page[Access]:
    """List the tenants that let you in at this moment."""
    agent = people.active_agent(routes.agent_id(app))
    scope = pages.scope(agent.agent_id, "access")
    behind = pages.position(cursor, scope)
    return Page.of(whereabouts.open_to(agent, behind, limit + 1, clock.now()), limit, scope, Access.of)


lambda_handler = routes.serve(app)
