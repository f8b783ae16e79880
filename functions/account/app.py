"""/v1/me, /v1/about, /v1/rights, /v1/directory: a customer's user sees own data, the customer's, and who may what.

`me` and `about` are open to every user; rights and directory need the right. Agents find their colleagues in it.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey import settings
from guestkey.edge.http import cursors, routes
from guestkey.edge.http.cursors import Cursor, Limit
from guestkey.edge.http.inputs import SearchWords
from guestkey.edge.responses.people import Department, Directory, DirectoryAgent, Me
from guestkey.edge.responses.rights import Rights, last_user
from guestkey.edge.responses.tenants import About
from guestkey.errors import CursorInvalid, RightMissing, TenantUnknown
from guestkey.rules.people import Agent
from guestkey.rules.search import search
from guestkey.rules.slots import may_choose_slot
from guestkey.store import clock
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.reads import side_by_side
from guestkey.store.registry import people, tenants

app = routes.resolver()


@routes.route(app, "GET /v1/me", "Show your user", "you")
def show_me() -> Me:
    """Return the user of your token, and your permissions."""
    user = routes.user(app)
    holds_right, languages = side_by_side(lambda: tenants.holds_right(user), lambda: desks.slot_languages(clock.now()))
    return Me.read(
        user,
        may_grant=holds_right and not routes.is_acting(app),
        may_book_slot=may_choose_slot(user.locale, languages),
        default_access=settings.DEFAULT_ACCESS,
    )


@routes.route(app, "GET /v1/about", "Show your customer name and version", "you", TenantUnknown)
def show_about() -> About:
    """Return your customer name, version, time zone and country."""
    return About.read(tenants.tenant(routes.user(app).tenant_id))


@routes.route(app, "GET /v1/directory", "Search the directory", "grants", RightMissing, TenantUnknown)
def search_directory(q: Annotated[SearchWords, Query()] = "") -> Directory:
    """List active agents and departments; each word of `q` begins a word of the name or of an agent's department."""
    tenants.require_right(routes.user(app))
    return _directory(q)


@routes.route(app, "GET /v1/rights", "List the rights of your users", "you", RightMissing, TenantUnknown, CursorInvalid)
def list_rights(limit: Limit = 50, cursor: Cursor = None) -> Rights:
    """List the users who hold the right by name, or do not, and what holds for all others."""
    user = routes.user(app)
    tenants.require_right(user)
    scope = cursors.scope(user.tenant_id, "rights")
    return Rights.of(tenants.rights(user.tenant_id, last_user(cursor, scope), limit + 1), limit, scope)


@routes.route(app, "GET /v1/support/directory", "Search for colleagues", "support")
def search_for_colleagues(q: Annotated[SearchWords, Query()] = "") -> Directory:
    """List active agents, to whom you can hand a call-back on, and departments. `q` is as for customers."""
    people.active_agent(routes.agent_id(app))
    return _directory(q)


def _directory(q: str) -> Directory:
    found = search(people.directory(), q)
    return Directory(
        departments=[Department.of(who) for who in found if not isinstance(who, Agent)],
        agents=[DirectoryAgent.of(who) for who in found if isinstance(who, Agent)],
    )


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
