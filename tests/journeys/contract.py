"""The contract as a table: each route, its caller, its body, and the members of its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from local import sample
from tests.journeys.calls import Caller, call_of, check_of, grant_to, login_at, request_to
from tests.journeys.world import Agent, Tenant, World, agent_of, tenant_of

Body = Callable[["Scene"], Any]

GRANT = (
    "grant_id grantee period access may_export may_automate state granted_at granted_by ends_at review_at revoked_at "
    "revoked_by end review_due request_id"
)
LOGIN = (
    "login_id tenant_id agent reason reason_salt ticket access may_export logged_in_at ended_at end end_cause grant_id "
    "access_ends_at"
)  # fmt: skip
REQUEST = (
    "request_id tenant_id agent reason reason_salt ticket period access may_export state requested_at expires_at mail "
    "answered_at answered_by note note_salt grant_id"
)
DESK = " ".join(sample.DESK)
CALLBACK = (
    "callback_id kind state topic description description_salt phone phone_shown starts_at ends_at requested_at "
    "requested_by agent mail reason reason_salt stranded_by version"
)
CLOSURE = "day name from until callback_ids stranded"
EXTRA_HOURS = "day from until stranded"
SUPPORT_CALLBACK = f"{CALLBACK} tenant_id customer language may_enter"
POLICY = "version rules waiting breaking"
PAGE = "items next_cursor"
KINDS = {"anna": "user", "giulia": "user", "sven": "agent", "backend": "backend"}


@dataclass(frozen=True)
class Scene:
    """A tenant with a live grant, an open login and a pending request of Sven, and Ben without the right.

    The tenant has a waiting call-back. Another tenant has a closed one, so that Giulia may ask for a call there. Each
    scene has its own agent Sven, because requests are limited per agent and hour.
    """

    tenant: Tenant
    agent: Agent
    grant_id: str
    login_id: str
    request_id: str
    callback_id: str
    other: Tenant
    called_id: str
    ben: Caller

    @classmethod
    def set_up(cls, world: World) -> "Scene":
        tenant, other = world.new_tenant(), world.new_tenant()
        agent = world.new_agent("support", name="Sven Brandt")
        grant_id = tenant.lets_in(agent.agent_id)
        login_id = tenant.is_entered_by(agent.caller)
        request_id = tenant.is_asked_by(agent.caller)
        callback_id, called_id = tenant.asks_to_be_called(), other.is_called_by(agent.caller)
        return cls(tenant, agent, grant_id, login_id, request_id, callback_id, other, called_id, tenant.ben())

    @property
    def world(self) -> World:
        return self.tenant.world

    @property
    def sven(self) -> Caller:
        return self.agent.caller

    @cached_property
    def fillings(self) -> dict[str, str]:
        id = self.tenant.tenant_id
        return {
            "tenant": id,
            "user": "anna",
            "grant": self.grant_id,
            "login": self.login_id,
            "request": self.request_id,
            "callback": self.callback_id,
            "called": self.called_id,
            "agent": f"{id}-agent",
            "department": f"{id}-desk",
            "day": "2999-12-31",
        }

    def caller(self, who: str, **claims: Any) -> Caller:
        if who == "anna":
            return self.tenant.user("anna", **claims)
        if who == "giulia":
            return self.other.user("giulia", **claims)
        if who == "sven":
            return self.world.caller("sven", **{"sub": self.agent.agent_id, **claims})
        return self.world.caller(who, **claims)

    def ask(self, route: "Route", by: Caller | None = None, *, body: Any = None, **options: Any) -> httpx.Response:
        """Call a route as the table has it, or with another caller or body."""
        by = by or self.caller(route.who)
        if body is None and "content" not in options and route.body:
            body = route.body(self)
        return by.call(route.method, route.path.format(**self.fillings), body, **options)


@dataclass(frozen=True, kw_only=True)
class Route:
    """One row of the contract."""

    call: str
    who: str
    """A permitted caller: a user, an agent, or the vendor's backend."""
    body: Body | None = None
    status: int = 200
    members: str | None = None
    """The exact members of a JSON answer; None for other answers."""
    scope: str | None = None
    is_for_everyone: bool = False
    """Allowed without the right and for tokens that act for another user."""
    is_for_every_user: bool = False
    """Allowed without the right."""
    body_is_optional: bool = False
    """No body, or an empty object, is valid."""

    @property
    def method(self) -> str:
        return self.call.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.call.partition(" ")[2]

    @property
    def kind(self) -> str:
        """Return the kind of token that the route requires."""
        return KINDS[self.who]

    @property
    def needs_right(self) -> bool:
        return self.kind == "user" and not self.is_for_everyone and not self.is_for_every_user

    def __str__(self) -> str:
        return self.call


def _of_tenant(scene: Scene) -> Any:
    return tenant_of(scene.tenant.tenant_id)


ROUTES = [
    Route(
        call="PUT /v1/vendor/tenants/{tenant}", who="backend", scope="guestkey/registry", body=_of_tenant,
        members="tenant_id name customer_name version time_zone country language approver_emails",
    ),
    Route(
        call="PUT /v1/vendor/departments/{department}", who="backend", scope="guestkey/registry",
        body=lambda _: {"name": "Desk"}, members="id name",
    ),
    Route(
        call="PUT /v1/vendor/agents/{agent}", who="backend", scope="guestkey/registry",
        body=lambda scene: agent_of(scene.fillings["agent"]),
        members="id name email departments active kind accountable",
    ),
    Route(
        call="PUT /v1/vendor/tenants/{tenant}/users/{user}/right", who="backend", scope="guestkey/rights",
        body=lambda _: {"may_grant": True}, members="tenant_id user_id may_grant",
    ),
    Route(
        call="PUT /v1/vendor/desk", who="backend", scope="guestkey/registry", body=lambda _: sample.DESK,
        members=f"{DESK} stranded",
    ),
    Route(call="GET /v1/vendor/desk", who="backend", scope="guestkey/registry", members=DESK),
    Route(
        call="PUT /v1/vendor/closures/{day}", who="backend", scope="guestkey/registry",
        body=lambda _: {"name": "Works outing"}, members=CLOSURE,
    ),
    Route(call="DELETE /v1/vendor/closures/{day}", who="backend", scope="guestkey/registry", members=CLOSURE),
    Route(
        call="PUT /v1/vendor/openings/{day}", who="backend", scope="guestkey/registry",
        body=lambda _: {"from": "10:00", "until": "12:00"}, members=EXTRA_HOURS,
    ),
    Route(call="DELETE /v1/vendor/openings/{day}", who="backend", scope="guestkey/registry", members=EXTRA_HOURS),
    Route(
        call="PATCH /v1/vendor/callbacks/{callback}", who="backend", scope="guestkey/registry",
        body=lambda _: {"starts_at": None, "reason": "Two colleagues are ill"}, members=f"{CALLBACK} tenant_id",
    ),
    Route(
        call="DELETE /v1/vendor/callbacks/{callback}", who="backend", scope="guestkey/registry",
        body=lambda _: {"reason": "Two colleagues are ill"}, members=f"{CALLBACK} tenant_id",
    ),
    Route(
        call="POST /v1/vendor/checks", who="backend", scope="guestkey/check",
        body=lambda scene: check_of(scene.tenant.tenant_id, scene.agent.agent_id),
        members="allowed reason grant_id access may_export ends_at",
    ),
    Route(
        call="POST /v1/support/logins", who="sven", status=201,
        body=lambda scene: login_at(scene.tenant.tenant_id), members=LOGIN,
    ),
    Route(call="POST /v1/support/logins/{login}/end", who="sven", members=LOGIN),
    Route(call="GET /v1/support/logins", who="sven", members=PAGE),
    Route(call="GET /v1/support/logins/{login}", who="sven", members=LOGIN),
    Route(call="GET /v1/support/access", who="sven", members=PAGE),
    Route(
        call="GET /v1/support/tenants/{tenant}", who="sven",
        members="tenant_id name country language approver_emails locked policy_version",
    ),
    Route(
        call="POST /v1/support/requests", who="sven", status=201,
        body=lambda scene: request_to(scene.tenant.tenant_id), members=REQUEST,
    ),
    Route(call="GET /v1/support/requests", who="sven", members=PAGE),
    Route(call="POST /v1/support/requests/{request}/send", who="sven", members=REQUEST),
    Route(call="DELETE /v1/support/requests/{request}", who="sven", members=REQUEST),
    Route(call="GET /v1/support/directory", who="sven", members="departments agents"),
    Route(call="GET /v1/support/slots?topic=question", who="sven", members="time_zone items"),
    Route(call="GET /v1/support/callbacks", who="sven", members="booked waiting taken topics"),
    Route(call="POST /v1/support/callbacks/{callback}/take", who="sven", members=SUPPORT_CALLBACK),
    Route(
        call="POST /v1/support/callbacks/{callback}/hand", who="sven",
        body=lambda scene: {"agent_id": scene.agent.agent_id}, members=SUPPORT_CALLBACK,
    ),
    Route(call="POST /v1/support/callbacks/{callback}/release", who="sven", members=SUPPORT_CALLBACK),
    Route(
        call="PATCH /v1/support/callbacks/{callback}", who="sven",
        body=lambda _: {"starts_at": None, "reason": "Two colleagues are ill"}, members=SUPPORT_CALLBACK,
    ),
    Route(
        call="DELETE /v1/support/callbacks/{callback}", who="sven",
        body=lambda _: {"reason": "Two colleagues are ill"}, members=SUPPORT_CALLBACK,
    ),
    Route(
        call="POST /v1/support/callbacks/{called}/close", who="sven", body=lambda _: {"outcome": "reached"},
        members=SUPPORT_CALLBACK,
    ),
    Route(call="GET /v1/topics", who="anna", is_for_every_user=True, members="items"),
    Route(call="GET /v1/slots?topic=question", who="anna", is_for_every_user=True, members="time_zone items"),
    Route(
        call="POST /v1/callbacks", who="giulia", is_for_every_user=True, status=201, body=lambda _: call_of(),
        members=CALLBACK,
    ),
    Route(call="GET /v1/callbacks/open", who="anna", is_for_every_user=True, members=CALLBACK),
    Route(
        call="PATCH /v1/callbacks/{callback}", who="anna", is_for_every_user=True, body=lambda _: {"starts_at": None},
        members=CALLBACK,
    ),
    Route(call="DELETE /v1/callbacks/{callback}", who="anna", is_for_every_user=True, members=CALLBACK),
    Route(
        call="GET /v1/me", who="anna", is_for_everyone=True,
        members="user_id name tenant_id locale may_grant may_book_slot default_access",
    ),
    Route(
        call="GET /v1/about", who="anna", is_for_everyone=True,
        members="tenant_id name customer_name version time_zone country",
    ),
    Route(call="GET /v1/presence", who="anna", is_for_every_user=True, members="items locked next_change_at"),
    Route(call="GET /v1/pulse", who="anna", is_for_every_user=True, members="seq requests_waiting"),
    Route(call="GET /v1/directory", who="anna", members="departments agents"),
    Route(call="GET /v1/rights", who="anna", members="default items next_cursor"),
    Route(
        call="POST /v1/grants", who="anna", status=201, body=lambda _: grant_to("agent", "sven"), members=GRANT,
    ),
    Route(call="GET /v1/grants", who="anna", members=PAGE),
    Route(call="GET /v1/grants.csv", who="anna"),
    Route(call="GET /v1/grants/{grant}", who="anna", members=GRANT),
    Route(call="DELETE /v1/grants/{grant}", who="anna", members=GRANT),
    Route(call="POST /v1/grants/{grant}/keep", who="anna", members=GRANT),
    Route(
        call="DELETE /v1/lockdown", who="anna", body=lambda _: {"keep_grants": True}, body_is_optional=True,
        members="unlocked_at unlocked_by kept_grants",
    ),
    Route(
        call="PUT /v1/lockdown", who="anna", body=lambda _: {"reason": "An alarm"}, body_is_optional=True,
        members="locked_at locked_by reason reason_salt",
    ),
    Route(call="GET /v1/policy", who="anna", members=POLICY),
    Route(
        call="PUT /v1/policy", who="anna", body=lambda _: {"version": 0, "rules": {"ticket_required": False}},
        members=POLICY,
    ),
    Route(call="POST /v1/policy/breaking/revoke", who="anna", members="revoked left"),
    Route(call="DELETE /v1/policy/waiting", who="anna", members=POLICY),
    Route(call="GET /v1/logins", who="anna", members=PAGE),
    Route(call="GET /v1/logins.csv", who="anna"),
    Route(call="GET /v1/ledger", who="anna"),
    Route(call="GET /v1/notices", who="anna", members="kinds"),
    Route(
        call="PUT /v1/notices", who="anna", body=lambda _: {"kinds": {"granted": "digest"}}, members="kinds",
    ),
    Route(call="GET /v1/requests", who="anna", members=PAGE),
    Route(call="GET /v1/requests/{request}", who="anna", members=REQUEST),
    Route(
        call="POST /v1/requests/{request}/approve", who="anna", status=201, body=lambda _: {}, members=GRANT,
        body_is_optional=True,
    ),
    Route(
        call="POST /v1/requests/{request}/decline", who="anna", body=lambda _: {}, members=REQUEST,
        body_is_optional=True,
    ),
]  # fmt: skip
ROUTE = {route.call: route for route in ROUTES}
TAKING_BODIES = [route for route in ROUTES if route.body]
CLOSING_TOO = ("POST /v1/requests/{request}/decline", "DELETE /v1/support/requests/{request}")
"""Routes that close a request, in addition to approving it."""


def routes_of_one_scene() -> list[Route]:
    """Return the routes, without CLOSING_TOO, in an order in which all succeed in one scene.

    One that closes the request, the lock of the account, and the revoke come last. A call-back is handed on between its
    take and its release.
    """
    return sorted(
        (route for route in ROUTES if route.call not in CLOSING_TOO),
        key=lambda route: (route.method == "DELETE", "lockdown" in route.path, "{request}" in route.path),
    )
