"""The two overviews, of grants and of logins, as pages of JSON and as CSV, for a user with the right.

A filter changes which items are shown, not how many are read: a page or a sheet ends after a bounded number of items
and leads on with a cursor.
"""

from collections.abc import Iterator
from datetime import datetime

from aws_lambda_powertools.event_handler import Response

from guestkey.edge.http import csv_export, cursors, filters
from guestkey.edge.responses.grants import Grant
from guestkey.edge.responses.logins import Login, LoginInOverview
from guestkey.edge.responses.response import Page
from guestkey.rules import grants as grant_rules
from guestkey.rules import logins as login_rules
from guestkey.rules.grants import State
from guestkey.rules.limits import MAX_PAGE_SIZE, ULID
from guestkey.rules.overviews import Filter
from guestkey.rules.people import Tenant, User
from guestkey.store.access import grant_lists, logins
from guestkey.store.registry import tenants


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
    part, rest = cursors.cut(found, limit, lambda grant: wanted.admits_grant(grant, now, tenant.zone))
    return Page[Grant].of_part(part, rest, scope, lambda grant: Grant.of(grant, now))


def grants_sheet(user: User, wanted: Filter, cursor: str | None, now: datetime) -> Response[str]:
    """Return a sheet of the activation overview."""
    scope = _scope(user, "grants.csv", wanted)
    behind = cursors.position(cursor, scope, grant_lists.POSITION)
    tenant = tenants.require_right(user)
    found = grant_lists.overview_pages(tenant, now, behind, csv_export.BATCH, wanted.begin(tenant.zone))

    def row(grant: grant_rules.Grant) -> dict[str, object] | None:
        return Grant.of(grant, now).as_members() if wanted.admits_grant(grant, now, tenant.zone) else None

    return _csv(csv_export.GRANT_COLUMNS, ((position, row(grant)) for position, grant in found), scope)


def logins_page(user: User, wanted: Filter, limit: int, cursor: str | None, now: datetime) -> Page[LoginInOverview]:
    """Return a page of the login overview."""
    scope = _scope(user, "logins", wanted)
    behind = cursors.position(cursor, scope, ULID)
    tenant = tenants.require_right(user)
    found = _logins(tenant, wanted, behind, _batch(wanted, limit), now)
    part, rest = cursors.cut(found, limit, lambda login: wanted.admits_login(login, tenant.zone))
    givers = grant_lists.givers(user.tenant_id, (login.grant_id for login in part))
    return Page[LoginInOverview].of_part(part, rest, scope, lambda login: LoginInOverview.under(login, givers))


def logins_sheet(user: User, wanted: Filter, cursor: str | None, now: datetime) -> Response[str]:
    """Return a sheet of the login overview."""
    scope = _scope(user, "logins.csv", wanted)
    behind = cursors.position(cursor, scope, ULID)
    tenant = tenants.require_right(user)
    rows = (
        (position, Login.of(login).as_members() if wanted.admits_login(login, tenant.zone) else None)
        for position, login in _logins(tenant, wanted, behind, csv_export.BATCH, now)
    )
    return _csv(csv_export.LOGIN_COLUMNS, rows, scope)


def _logins(
    tenant: Tenant, wanted: Filter, behind: str | None, batch: int, now: datetime
) -> Iterator[tuple[str, login_rules.Login]]:
    zone = tenant.zone
    return logins.overview(tenant.tenant_id, now, behind, batch, wanted.begin(zone), wanted.end(zone))


def _scope(user: User, name: str, wanted: Filter) -> str:
    return cursors.scope(user.tenant_id, name, *wanted.parts())


def _batch(wanted: Filter, limit: int) -> int:
    return filters.BATCH if wanted.parts() else limit + 1


def _csv(columns: tuple[str, ...], rows: Iterator[csv_export.Row], scope: str) -> Response[str]:
    text, rest = csv_export.sheet(columns, rows)
    headers = cursors.link(rest, scope)
    return Response(status_code=200, content_type="text/csv; charset=utf-8", body=text, headers=headers)
