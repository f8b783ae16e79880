"""/v1/grants, /v1/logins, /v1/ledger: a customer reads grants, logins and the ledger of the account.

All routes need the right.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from collections.abc import Iterator
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge.http import csv_export, cursors, ids, routes
from guestkey.edge.http.cursors import Cursor, Limit
from guestkey.edge.responses.grants import Grant
from guestkey.edge.responses.logins import Login
from guestkey.edge.responses.response import Page
from guestkey.errors import CursorInvalid, NotFound, RightMissing, TenantUnknown
from guestkey.rules.ledger import to_line
from guestkey.rules.limits import ENTRY_NUMBER, ULID
from guestkey.store import clock
from guestkey.store.access import grant_lists, grants, logins
from guestkey.store.dynamodb.client import open_client
from guestkey.store.ledger import ledger
from guestkey.store.registry import tenants

app = routes.resolver()


@routes.route(app, "GET /v1/grants", "List grants", "grants", RightMissing, TenantUnknown, CursorInvalid)
def list_grants(
    state: Annotated[Literal["live"] | None, Query()] = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[Grant]:
    """List every grant that was live in the last six months: live permanent ones, then the rest, each newest first."""
    user, now = routes.user(app), clock.now()
    scope = cursors.scope(user.tenant_id, "grants", state or "")
    behind = cursors.position(cursor, scope, grant_lists.LIVE_POSITION if state else grant_lists.POSITION)
    tenant = tenants.require_right(user)
    if state:
        found = grant_lists.live_now(user.tenant_id, now, behind, limit)
    else:
        found = grant_lists.overview_pages(tenant, now, behind, limit + 1)
    return Page.of(found, limit, scope, lambda grant: Grant.of(grant, now))


@routes.route(app, "GET /v1/grants.csv", "List grants as CSV", "grants", RightMissing, TenantUnknown, CursorInvalid)
def list_grants_as_csv(cursor: Cursor = None) -> Response[str]:
    """Return the activation overview as CSV, at most 5,000 rows; the `Link` header leads to the rest."""
    user, now = routes.user(app), clock.now()
    scope = cursors.scope(user.tenant_id, "grants.csv")
    behind = cursors.position(cursor, scope, grant_lists.POSITION)
    found = grant_lists.overview_pages(tenants.require_right(user), now, behind, csv_export.BATCH)
    rows = ((position, Grant.of(grant, now).as_members()) for position, grant in found)
    return _csv(csv_export.GRANT_COLUMNS, rows, scope)


@routes.route(app, "GET /v1/grants/{grant_id}", "Show a grant", "grants", RightMissing, TenantUnknown, NotFound)
def show_grant(grant_id: str) -> Grant:
    """Return one grant of your account."""
    user = routes.user(app)
    tenants.require_right(user)
    return Grant.of(grants.find_one(user.tenant_id, ids.valid_id(grant_id)), clock.now())


@routes.route(app, "GET /v1/logins", "List logins", "logins", RightMissing, TenantUnknown, CursorInvalid)
def list_logins(limit: Limit = 50, cursor: Cursor = None) -> Page[Login]:
    """List support's logins to your account, newest first."""
    user = routes.user(app)
    scope = cursors.scope(user.tenant_id, "logins")
    behind = cursors.position(cursor, scope, ULID)
    tenants.require_right(user)
    return Page.of(logins.overview(user.tenant_id, clock.now(), behind, limit + 1), limit, scope, Login.of)


@routes.route(app, "GET /v1/logins.csv", "List logins as CSV", "logins", RightMissing, TenantUnknown, CursorInvalid)
def list_logins_as_csv(cursor: Cursor = None) -> Response[str]:
    """Return the login overview as CSV, at most 5,000 rows; the `Link` header leads to the rest."""
    user = routes.user(app)
    scope = cursors.scope(user.tenant_id, "logins.csv")
    behind = cursors.position(cursor, scope, ULID)
    tenants.require_right(user)
    found = logins.overview(user.tenant_id, clock.now(), behind, csv_export.BATCH)
    return _csv(
        csv_export.LOGIN_COLUMNS, ((position, Login.of(login).as_members()) for position, login in found), scope
    )


@routes.route(app, "GET /v1/ledger", "Export the ledger", "ledger", RightMissing, TenantUnknown, CursorInvalid)
def show_ledger(limit: Limit = 50, cursor: Cursor = None) -> Response[str]:
    """Return your ledger as JSON Lines, beginning with its first entry; `Guestkey-Head` is its head, to be kept."""
    user = routes.user(app)
    scope = cursors.scope(user.tenant_id, "ledger")
    after = int(cursors.position(cursor, scope, ENTRY_NUMBER) or 0)
    tenants.require_right(user)
    state = ledger.read_state(user.tenant_id)
    assert state
    entries = ((str(entry.seq), to_line(entry)) for entry in ledger.entries_after(user.tenant_id, after, limit + 1))
    lines, rest = cursors.cut(entries, limit)
    return Response(
        status_code=200,
        content_type="application/jsonl",
        body="".join(f"{line}\n" for line in lines),
        headers={"Guestkey-Head": str(state.head), **cursors.link(rest, scope, limit)},
    )


def _csv(columns: tuple[str, ...], rows: Iterator[csv_export.Row], scope: str) -> Response[str]:
    text, rest = csv_export.sheet(columns, rows)
    headers = cursors.link(rest, scope)
    return Response(status_code=200, content_type="text/csv; charset=utf-8", body=text, headers=headers)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
