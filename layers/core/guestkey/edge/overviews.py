"""The two overviews, of grants and of logins, as pages of JSON and as CSV, for a user with the right.

A filter changes which items are shown, not how many are read: a page or a sheet ends after a bounded number of items
and leads on with a cursor.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import batched
from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler import Response

from guestkey.edge import sheets
from guestkey.edge.http import csv_export, cursors, filters
from guestkey.edge.responses.grants import Grant
from guestkey.edge.responses.logins import LoginInOverview
from guestkey.edge.responses.response import Page
from guestkey.rules import grants as grant_rules
from guestkey.rules import logins as login_rules
from guestkey.rules.grants import State
from guestkey.rules.limits import MAX_PAGE_SIZE, ULID
from guestkey.rules.overviews import Filter
from guestkey.rules.people import Tenant, User
from guestkey.store.access import grant_lists, logins
from guestkey.store.registry import people, tenants

Query = Mapping[str, str]
"""The query of the request without its cursor: the link to the rest repeats it."""


def grants_page(user: User, wanted: Filter, limit: int, cursor: str | None, now: datetime) -> Page[Grant]:
    """Return a page of the activation overview, or with `state=live` of all live grants."""
    is_live = wanted.state is State.LIVE
    scope = _scope(user, "grants", wanted)
    behind = cursors.position(cursor, scope, grant_lists.LIVE_POSITION if is_live else grant_lists.POSITION)
    tenant = tenants.require_right(user)
    batch = _batch(wanted, limit)
    if is_live:
        found = grant_lists.live_now(user.tenant_id, now, behind, min(batch, MAX_PAGE_SIZE))
    else:
        found = grant_lists.overview_pages(tenant, now, behind, batch, wanted.begin(tenant.zone))
    departments = _departments(wanted)
    part, rest = cursors.cut(found, limit, lambda grant: wanted.admits_grant(grant, now, tenant.zone, departments))
    return Page[Grant].of_part(part, rest, scope, lambda grant: Grant.of(grant, now))


def grants_sheet(
    user: User, wanted: Filter, cursor: str | None, now: datetime, wish: filters.Dialect, query: Query
) -> Response[str]:
    """Return a sheet of the activation overview."""
    scope = _scope(user, "grants.csv", wanted)
    behind = cursors.position(cursor, scope, grant_lists.POSITION)
    tenant = tenants.require_right(user)
    found = grant_lists.overview_pages(tenant, now, behind, csv_export.BATCH, wanted.begin(tenant.zone))
    departments = _departments(wanted)

    def row(grant: grant_rules.Grant) -> dict[str, object] | None:
        is_shown = wanted.admits_grant(grant, now, tenant.zone, departments)
        return Grant.of(grant, now).as_members() if is_shown else None

    rows = ((position, row(grant)) for position, grant in found)
    if dialect := _dialect(wish, tenant, sheets.GRANT_COLUMNS):
        return _csv(sheets.GRANT_COLUMNS, rows, scope, query, dialect, _named(dialect, "grants", tenant, now))
    return _csv(csv_export.GRANT_COLUMNS, rows, scope, query)


def logins_page(user: User, wanted: Filter, limit: int, cursor: str | None, now: datetime) -> Page[LoginInOverview]:
    """Return a page of the login overview."""
    scope = _scope(user, "logins", wanted)
    behind = cursors.position(cursor, scope, ULID)
    tenant = tenants.require_right(user)
    found = _logins(tenant, wanted, behind, _batch(wanted, limit), now)
    part, rest = cursors.cut(found, limit, lambda login: wanted.admits_login(login, tenant.zone))
    beside = grant_lists.beside(user.tenant_id, part)
    return Page[LoginInOverview].of_part(part, rest, scope, lambda login: LoginInOverview.under(login, beside))


def logins_sheet(
    user: User, wanted: Filter, cursor: str | None, now: datetime, wish: filters.Dialect, query: Query
) -> Response[str]:
    """Return a sheet of the login overview. The one for people has the givers of the grants, too."""
    scope = _scope(user, "logins.csv", wanted)
    behind = cursors.position(cursor, scope, ULID)
    tenant = tenants.require_right(user)
    dialect = _dialect(wish, tenant, sheets.LOGIN_COLUMNS)

    def rows() -> Iterator[csv_export.Row]:
        found = _logins(tenant, wanted, behind, csv_export.BATCH, now)
        for some in batched(found, csv_export.BATCH):
            admitted = [login for _, login in some if wanted.admits_login(login, tenant.zone)]
            beside = grant_lists.beside(tenant.tenant_id, admitted if dialect else [])
            if dialect:
                dialect.departments.update(
                    people.names_of_departments(id for one in admitted for id in one.departments)
                )
            members = {login.login_id: LoginInOverview.under(login, beside).as_members() for login in admitted}
            yield from ((position, members.get(login.login_id)) for position, login in some)

    if dialect:
        return _csv(sheets.LOGIN_COLUMNS, rows(), scope, query, dialect, _named(dialect, "logins", tenant, now))
    return _csv(csv_export.LOGIN_COLUMNS, rows(), scope, query)


def _logins(
    tenant: Tenant, wanted: Filter, behind: str | None, batch: int, now: datetime
) -> Iterator[tuple[str, login_rules.Login]]:
    zone = tenant.zone
    return logins.overview(tenant.tenant_id, now, behind, batch, wanted.begin(zone), wanted.end(zone))


def _departments(wanted: Filter) -> tuple[str, ...]:
    """Return the departments of the agent whose grants are wanted, through whose grants the agent is let in, too."""
    agent = people.agent(wanted.agent_id) if wanted.agent_id else None
    return agent.departments if agent else ()


def _scope(user: User, name: str, wanted: Filter) -> str:
    return cursors.scope(user.tenant_id, name, *wanted.parts())


def _batch(wanted: Filter, limit: int) -> int:
    return filters.BATCH if wanted.parts() else limit + 1


def _dialect(wish: filters.Dialect, tenant: Tenant, columns: Mapping[str, str]) -> sheets.Dialect | None:
    if wish.dialect is None:
        return None
    zone = ZoneInfo(wish.zone) if wish.zone else tenant.zone
    return sheets.Dialect(language=wish.language or tenant.language, zone=zone, columns=columns)


def _named(dialect: sheets.Dialect, kind: str, tenant: Tenant, now: datetime) -> dict[str, str]:
    day = f"{now.astimezone(dialect.zone):%Y-%m-%d}"
    return {"Content-Disposition": dialect.file_name(kind, tenant.name, day)}


def _csv(
    columns: Iterable[str],
    rows: Iterable[csv_export.Row],
    scope: str,
    query: Query,
    form: csv_export.Form | None = None,
    headers: dict[str, str] | None = None,
) -> Response[str]:
    text, rest = csv_export.sheet(columns, rows, form)
    return Response(
        status_code=200,
        content_type="text/csv; charset=utf-8",
        body=text,
        headers=(headers or {}) | cursors.link(rest, scope, query),
    )
