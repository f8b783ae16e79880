"""What the customer sees: who they are, whom they could let in, whom they did, who entered and why, and the ledger.

`me` and `about` are for every user; everything else needs the right to let support in.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import batched
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge import clock, ids, pages, routes, sheets
from guestkey.edge.inputs import OnOneLine
from guestkey.edge.pages import Cursor, Limit
from guestkey.edge.shapes import About, Department, Directory, DirectoryAgent, Grant, Login, Me, Page, Shape
from guestkey.errors import CursorInvalid, NotFound, RightMissing, TenantUnknown
from guestkey.rules import grants as rules
from guestkey.rules.instants import instant, text_of
from guestkey.rules.ledger import to_line
from guestkey.rules.limits import MAX_QUERY_LENGTH
from guestkey.rules.logins import Login as Entered
from guestkey.rules.people import Agent, User, matches
from guestkey.rules.periods import months_before
from guestkey.rules.slots import may_choose_slot
from guestkey.store import desks, grants, keys, ledger, logins, people, tenants
from guestkey.store.table import side_by_side

MONTHS_SHOWN = 6
GRANT_COLUMNS = (
    "grant_id", "state", "grantee.type", "grantee.id", "grantee.name", "period", "may_export", "granted_at",
    "granted_by.user_id", "granted_by.name", "ends_at", "review_at", "revoked_at", "revoked_by.user_id",
    "revoked_by.name", "request_id",
)  # fmt: skip
LOGIN_COLUMNS = (
    "login_id", "logged_in_at", "agent.id", "agent.name", "agent.departments", "reason", "ticket", "may_export",
    "ended_at", "end", "grant_id", "access_ends_at",
)  # fmt: skip

app = routes.resolver()


@app.get("/v1/me", summary="Who am I?", tags=["you"])
def show_me() -> Me:
    """Show who your token says you are, and what you may do here."""
    user = routes.user(app)
    holds_right, languages = side_by_side(
        lambda: tenants.holds_right(user.tenant_id, user.user_id), lambda: desks.slot_languages(clock.now())
    )
    return Me(
        user_id=user.user_id,
        name=user.name,
        tenant_id=user.tenant_id,
        locale=user.locale,
        may_grant=holds_right and not routes.is_acting(app),
        may_book_slot=may_choose_slot(user.locale, languages),
    )


@app.get(
    "/v1/about",
    summary="Which version am I on, what is my customer name?",
    tags=["you"],
    openapi_extensions=routes.refuses(TenantUnknown),
)
def show_about() -> About:
    """Show your customer name and version."""
    tenant = tenants.tenant(routes.user(app).tenant_id)
    return About(
        tenant_id=tenant.tenant_id,
        name=tenant.name,
        version=tenant.version,
        time_zone=tenant.time_zone,
        country=tenant.country,
    )


@app.get(
    "/v1/directory",
    summary="Whom can I let in?",
    tags=["grants"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown),
)
def search_directory(q: Annotated[str, Query(max_length=MAX_QUERY_LENGTH), OnOneLine] = "") -> Directory:
    """List active agents and departments; each word of `q` begins a word of the name."""
    tenants.holder_at(routes.user(app))
    found = sorted((who for who in people.directory() if matches(who.name, q)), key=lambda who: who.name.casefold())
    return Directory(
        departments=[Department.of(who) for who in found if not isinstance(who, Agent)],
        agents=[DirectoryAgent.of(who) for who in found if isinstance(who, Agent)],
    )


@app.get(
    "/v1/grants",
    summary="Who was let in?",
    tags=["grants"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, CursorInvalid),
)
def list_grants(
    state: Annotated[Literal["live"] | None, Query()] = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[Grant]:
    """List every grant that was live in the last six months: live permanent ones, then the rest, each newest first."""
    user, now = routes.user(app), clock.now()
    scope = pages.scope(user.tenant_id, "grants", state or "")
    behind = pages.position(cursor, scope)
    found = _live_grants(user, now, behind, limit) if state else _grants(user, now, behind, limit + 1)
    return Page.of(found, limit, scope, lambda grant: Grant.of(grant, now))


@app.get(
    "/v1/grants.csv",
    summary="Who was let in, as CSV",
    tags=["grants"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, CursorInvalid),
)
def list_grants_as_csv(cursor: Cursor = None) -> Response[str]:
    """Give the activation overview as CSV, at most 5,000 rows; the rest lies behind the `Link` header."""
    user, now = routes.user(app), clock.now()
    scope = pages.scope(user.tenant_id, "grants.csv")
    found = _grants(user, now, pages.position(cursor, scope), sheets.ROWS_AT_ONCE)
    return _csv(GRANT_COLUMNS, ((position, Grant.of(grant, now)) for position, grant in found), scope)


@app.get(
    "/v1/grants/<grant_id>",
    summary="Show a grant",
    tags=["grants"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, NotFound),
)
def show_grant(grant_id: str) -> Grant:
    """Show one grant of your own account."""
    user = routes.user(app)
    tenants.holder_at(user)
    return Grant.of(grants.find(user.tenant_id, ids.known_form(grant_id)), clock.now())


@app.get(
    "/v1/logins",
    summary="Who entered, and why?",
    tags=["logins"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, CursorInvalid),
)
def list_logins(limit: Limit = 50, cursor: Cursor = None) -> Page[Login]:
    """List support's entries into your account, newest first."""
    user = routes.user(app)
    scope = pages.scope(user.tenant_id, "logins")
    behind = pages.position(cursor, scope)
    return Page.of(_logins(user, clock.now(), behind, limit + 1), limit, scope, Login.of)


@app.get(
    "/v1/logins.csv",
    summary="Who entered, and why, as CSV",
    tags=["logins"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, CursorInvalid),
)
def list_logins_as_csv(cursor: Cursor = None) -> Response[str]:
    """Give the login overview as CSV, at most 5,000 rows; the rest lies behind the `Link` header."""
    user = routes.user(app)
    scope = pages.scope(user.tenant_id, "logins.csv")
    found = _logins(user, clock.now(), pages.position(cursor, scope), sheets.ROWS_AT_ONCE)
    return _csv(LOGIN_COLUMNS, ((position, Login.of(login)) for position, login in found), scope)


@app.get(
    "/v1/ledger",
    summary="Everything that happened",
    tags=["ledger"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, CursorInvalid),
)
def show_ledger(limit: Limit = 50, cursor: Cursor = None) -> Response[str]:
    """Give your ledger as JSON Lines from its first entry on; `Guestkey-Head` says where it ends. Keep a head."""
    user = routes.user(app)
    scope = pages.scope(user.tenant_id, "ledger")
    after = int(pages.position(cursor, scope) or 0)
    tenants.holder_at(user)
    tip = ledger.tip(user.tenant_id)
    assert tip
    entries = ((str(entry.seq), to_line(entry)) for entry in ledger.since(user.tenant_id, after, limit + 1))
    lines, rest = pages.cut(entries, limit)
    return Response(
        status_code=200,
        content_type="application/jsonl",
        body="".join(f"{line}\n" for line in lines),
        headers={"Guestkey-Head": str(tip.head), **pages.link(rest, scope, limit)},
    )


def _grants(user: User, now: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, rules.Grant]]:
    """Yield the activation overview.

    A position also says when the first page was asked for: the list stays that one.
    """
    tenant = tenants.holder_at(user)
    asked_at, _, position = (behind or f"{text_of(now)}|").partition("|")
    start = months_before(instant(asked_at), MONTHS_SHOWN, tenant.zone)
    for place, grant in grants.overview(user.tenant_id, start, instant(asked_at), position or None, batch):
        yield f"{asked_at}|{place}", grant


def _live_grants(user: User, now: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, rules.Grant]]:
    tenants.holder_at(user)
    yield from grants.live_now(user.tenant_id, now, behind, batch)


def _logins(user: User, now: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, Entered]]:
    """Yield the login overview; who is not covered any more reads as out."""
    tenants.holder_at(user)
    for some in batched(logins.before(user.tenant_id, behind or keys.LAST, batch), batch):
        yield from ((login.login_id, login) for login in logins.settle(user.tenant_id, list(some), now))


def _csv(columns: Sequence[str], rows: Iterator[tuple[str, Shape]], scope: str) -> Response[str]:
    shown = ((position, row.model_dump(mode="json")) for position, row in rows)
    text, rest = sheets.sheet(columns, shown)
    return Response(status_code=200, content_type="text/csv; charset=utf-8", body=text, headers=pages.link(rest, scope))


lambda_handler = routes.serve(app)
