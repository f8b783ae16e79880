"""/v1/support/logins, /v1/support/access: agents record, end and list logins, and list the tenants they may enter."""

from guestkey import cold_start

cold_start.begin_cold_start()

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge.bodies.support import LoginInput
from guestkey.edge.http import cursors, ids, routes
from guestkey.edge.http.cursors import Cursor, Limit
from guestkey.edge.responses.logins import Access, Login
from guestkey.edge.responses.response import Page
from guestkey.errors import (
    CursorInvalid,
    IdempotencyKeyReused,
    NoLiveGrant,
    NotFound,
    PolicyForbids,
    TenantClosed,
    TooManyRequests,
)
from guestkey.rules import logins as rules
from guestkey.rules.access import Action, Reason, Shut, decide
from guestkey.store import clock
from guestkey.store.access import accessible_tenants, logins, own_logins
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact
from guestkey.store.registry import people

app = routes.resolver()
ENTERING = (NoLiveGrant, PolicyForbids, TenantClosed, IdempotencyKeyReused, TooManyRequests)
RULES = {Reason.LOCKED: "locked", Reason.OUTSIDE_HOURS: "hours"}
"""Name of the rule of a refusal."""
OnlyOpen = Annotated[bool, Query(alias="open")]


@routes.route(app, "POST /v1/support/logins", "Record a login", "support", *ENTERING, status=201)
def record_login(body: LoginInput) -> Login:
    """Record your reason before you enter. Without a live grant that covers you, the refusal is recorded instead."""
    agent_id, now, login_id, salt = routes.agent_id(app), clock.now(), ids.new_id(), ids.new_salt()

    def enter(context: logins.LoginContext) -> rules.Login:
        decision = decide(context.live, context.agent, Action.VIEW, now)
        if context.live.door.is_closed:
            raise TenantClosed
        if isinstance(decision, Shut):
            logins.record_refusal(context, now)
            rule = RULES.get(decision.reason)
            raise PolicyForbids(rule=rule) if rule else NoLiveGrant
        return rules.enter(
            login_id=login_id,
            tenant_id=body.tenant_id,
            agent=context.agent,
            grant=decision.grant,
            access=decision.access,
            may_export=decision.may_export,
            reason=body.reason,
            reason_salt=salt,
            ticket=body.ticket,
            now=now,
            rules=context.live.door.rules_at(now),
        )

    return routes.transact(
        app,
        load=lambda record: logins.load_context(agent_id, body.tenant_id, record, now),
        decide=enter,
        save=logins.save,
        respond=Login.of,
        tries=logins.MAX_LOGIN_TRIES,
    )


@routes.route(app, "GET /v1/support/logins", "List your logins", "support", CursorInvalid)
def list_own_logins(only_open: OnlyOpen = False, limit: Limit = 50, cursor: Cursor = None) -> Page[Login]:
    """List your own logins at all customers: first those that are open now, then the others, each newest first."""
    agent = people.active_agent(routes.agent_id(app))
    scope = cursors.scope(agent.agent_id, "logins", str(only_open))
    behind = cursors.position(cursor, scope, own_logins.POSITION)
    return Page.of(own_logins.of_agent(agent, behind, limit + 1, only_open, clock.now()), limit, scope, Login.of)


@routes.route(app, "GET /v1/support/logins/{login_id}", "Show a login", "support", NotFound)
def show_own_login(login_id: str) -> Login:
    """Return a login of your own."""
    agent = people.active_agent(routes.agent_id(app))
    return Login.of(logins.load_own(agent, ids.valid_id(login_id), clock.now()))


@routes.route(app, "POST /v1/support/logins/{login_id}/end", "End a login", "support", NotFound)
def end_login(login_id: str) -> Login:
    """End a login of your own. Ending it twice returns the same login."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    ended = transact(
        load=lambda: logins.load_own(agent, ids.valid_id(login_id), now),
        decide=lambda login: rules.log_out(login, now),
        save=logins.save_logged_out,
    )
    return Login.of(ended)


@routes.route(app, "GET /v1/support/access", "List accessible customers", "support", CursorInvalid)
def list_access(limit: Limit = 50, cursor: Cursor = None) -> Page[Access]:
    """List the tenants that you may enter at this moment."""
    agent = people.active_agent(routes.agent_id(app))
    scope = cursors.scope(agent.agent_id, "access")
    behind = cursors.position(cursor, scope, accessible_tenants.POSITION)
    return Page.of(accessible_tenants.of_agent(agent, behind, limit + 1, clock.now()), limit, scope, Access.read)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
