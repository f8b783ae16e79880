"""/v1/grants, /v1/logins, /v1/ledger: a customer reads grants, logins and the ledger of the account.

All routes need the right.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from aws_lambda_powertools.event_handler import Response

from guestkey.edge import overviews
from guestkey.edge.http import cursors, ids, routes
from guestkey.edge.http.cursors import Cursor, Limit
from guestkey.edge.http.filters import (
    AgentId,
    DepartmentId,
    Dialect,
    DialectName,
    GrantState,
    Language,
    MayExport,
    OneLoginState,
    Since,
    TimeZone,
    Until,
    Words,
)
from guestkey.edge.responses.grants import Grant
from guestkey.edge.responses.logins import LoginInOverview
from guestkey.edge.responses.response import Page
from guestkey.errors import CursorInvalid, NotFound, RightMissing, TenantUnknown
from guestkey.rules.limits import ENTRY_NUMBER
from guestkey.rules.overviews import Filter
from guestkey.store import clock
from guestkey.store.access import grant_lists
from guestkey.store.dynamodb.client import open_client
from guestkey.store.ledger import copies, ledger
from guestkey.store.registry import tenants

app = routes.resolver()


@routes.route(app, "GET /v1/grants", "List grants", "grants", RightMissing, TenantUnknown, CursorInvalid)
def list_grants(
    state: GrantState = None, q: Words = "", since: Since = None, until: Until = None, agent_id: AgentId = None,
    department_id: DepartmentId = None, may_export: MayExport = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Grant]:  # fmt: skip
    """List every grant that was live in the last six months: live permanent ones, then the rest, each newest first."""
    wanted = Filter.of(q, since, until, agent_id, department_id, may_export, state)
    return overviews.grants_page(routes.user(app), wanted, limit, cursor, clock.now())


@routes.route(app, "GET /v1/grants.csv", "List grants as CSV", "grants", RightMissing, TenantUnknown, CursorInvalid)
def list_grants_as_csv(
    state: GrantState = None, q: Words = "", since: Since = None, until: Until = None, agent_id: AgentId = None,
    department_id: DepartmentId = None, may_export: MayExport = None, cursor: Cursor = None,
    dialect: DialectName = None, language: Language = None, zone: TimeZone = None,
) -> Response[str]:  # fmt: skip
    """Return the activation overview as CSV, at most 5,000 rows; the `Link` header leads to the rest."""
    wanted = Filter.of(q, since, until, agent_id, department_id, may_export, state)
    form = Dialect(dialect, language, zone)
    return overviews.grants_sheet(routes.user(app), wanted, cursor, clock.now(), form, routes.query(app))


@routes.route(app, "GET /v1/grants/{grant_id}", "Show a grant", "grants", RightMissing, TenantUnknown, NotFound)
def show_grant(grant_id: str) -> Grant:
    """Return one grant of your account."""
    user = routes.user(app)
    tenants.require_right(user)
    return Grant.of(grant_lists.find_one(user.tenant_id, ids.valid_id(grant_id)), clock.now())


@routes.route(app, "GET /v1/logins", "List logins", "logins", RightMissing, TenantUnknown, CursorInvalid)
def list_logins(
    state: OneLoginState = None, q: Words = "", since: Since = None, until: Until = None, agent_id: AgentId = None,
    department_id: DepartmentId = None, may_export: MayExport = None, limit: Limit = 50, cursor: Cursor = None,
) -> Page[LoginInOverview]:  # fmt: skip
    """List support's logins to your account, newest first, each with the giver of its grant."""
    wanted = Filter.of(q, since, until, agent_id, department_id, may_export, state)
    return overviews.logins_page(routes.user(app), wanted, limit, cursor, clock.now())


@routes.route(app, "GET /v1/logins.csv", "List logins as CSV", "logins", RightMissing, TenantUnknown, CursorInvalid)
def list_logins_as_csv(
    state: OneLoginState = None, q: Words = "", since: Since = None, until: Until = None, agent_id: AgentId = None,
    department_id: DepartmentId = None, may_export: MayExport = None, cursor: Cursor = None,
    dialect: DialectName = None, language: Language = None, zone: TimeZone = None,
) -> Response[str]:  # fmt: skip
    """Return the login overview as CSV, at most 5,000 rows; the `Link` header leads to the rest."""
    wanted = Filter.of(q, since, until, agent_id, department_id, may_export, state)
    form = Dialect(dialect, language, zone)
    return overviews.logins_sheet(routes.user(app), wanted, cursor, clock.now(), form, routes.query(app))


@routes.route(app, "GET /v1/ledger", "Export the ledger", "ledger", RightMissing, TenantUnknown, CursorInvalid)
def show_ledger(limit: Limit = 50, cursor: Cursor = None) -> Response[str]:
    """Return your ledger as JSON Lines, beginning with its first entry; `Guestkey-Head` is its head, to be kept."""
    user = routes.user(app)
    scope = cursors.scope(user.tenant_id, "ledger")
    after = int(cursors.position(cursor, scope, ENTRY_NUMBER) or 0)
    tenants.require_right(user)
    state = ledger.read_state(user.tenant_id)
    assert state
    entries = ((str(seq), line) for seq, line in copies.lines_after(user.tenant_id, after, limit + 1))
    lines, rest = cursors.cut(entries, limit)
    return Response(
        status_code=200,
        content_type="application/jsonl",
        body="".join(f"{line}\n" for line in lines),
        headers={"Guestkey-Head": str(state.head), **cursors.link(rest, scope, {"limit": limit})},
    )


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
