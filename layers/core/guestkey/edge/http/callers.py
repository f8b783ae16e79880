"""The caller of a request, from the claims of the token that the API's authorizer has verified.

The route determines the audience, which the authorizer has checked; the claims give the rest. The tenant of a user is
read from the token only.
"""

from dataclasses import dataclass
from typing import Any

from guestkey import settings
from guestkey.edge import addresses
from guestkey.edge.http.claims import VENDOR_ROUTES, Claims, claims_of, has_right_by_default, is_acting, require_scope
from guestkey.errors import ActingForAnother, ClaimInvalid, ClaimsMissing
from guestkey.rules.limits import EXTERNAL_ID, MAX_LOCALE_LENGTH, MAX_NAME_LENGTH
from guestkey.rules.people import User
from guestkey.rules.visible import is_visible

OPEN_TO_ACTING = frozenset({"GET /v1/me", "GET /v1/about"})
"""Routes open to a token whose bearer acts on behalf of another user."""

OPEN_TO_ANYONE = frozenset({"GET /v1/contact"})
"""Routes without an authorizer."""


@dataclass(frozen=True, kw_only=True)
class AgentCaller:
    """An agent, from a token of the support issuer. The table stores whether the agent is active."""

    agent_id: str


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The vendor's backend, whose token has the scope of the route."""

    client_id: str


@dataclass(frozen=True, kw_only=True)
class Anyone:
    """A caller of a route without authorizer: no token was verified."""


TokenCaller = User | AgentCaller | Backend
Caller = TokenCaller | Anyone


def caller(event: dict[str, Any]) -> Caller:
    """Return the caller of an API Gateway event.

    Raises ActingForAnother if the route forbids it, ClaimsMissing, ClaimInvalid, or ScopeMissing for a vendor route.
    """
    claims = claims_of(event)
    route = str(event.get("routeKey", ""))
    if route in OPEN_TO_ANYONE:
        return Anyone()
    if is_acting(claims) and route not in OPEN_TO_ACTING:
        raise ActingForAnother
    path = route.partition(" ")[2]
    if path.startswith("/v1/support/"):
        return AgentCaller(agent_id=_id(claims, settings.AGENT_ID_CLAIM))
    if path.startswith(VENDOR_ROUTES):
        backend = Backend(client_id=_id(claims, settings.BACKEND_ID_CLAIM))
        require_scope(route, claims)
        return backend
    user_id = _id(claims, settings.USER_ID_CLAIM)
    return User(
        tenant_id=_id(claims, settings.TENANT_CLAIM),
        user_id=user_id,
        name=_text(claims, settings.NAME_CLAIM, MAX_NAME_LENGTH) or user_id,
        email=_address(claims),
        locale=_text(claims, settings.LOCALE_CLAIM, MAX_LOCALE_LENGTH) or None,
        has_right_by_default=has_right_by_default(claims),
        is_email_verified=str(claims.get("email_verified", True)).lower() == "true",
    )


def scope(by: TokenCaller) -> tuple[str, str]:
    """Return audience and id, a unique pair. A user's id includes the tenant, since tenants may use the same ids."""
    match by:
        case User():
            return "tenant", f"{by.tenant_id}/{by.user_id}"
        case AgentCaller():
            return "support", by.agent_id
        case _:
            return "vendor", by.client_id


def _id(claims: Claims, name: str) -> str:
    """Return the id in a claim. The refusal does not repeat the value, which may be a mail address."""
    value = claims.get(name)
    if value is None:
        raise ClaimsMissing(f"The token lacks the claim {name}.")
    if not isinstance(value, str) or not EXTERNAL_ID.fullmatch(value):
        raise ClaimInvalid(f"The claim {name} of the token is not an id of the form {EXTERNAL_ID.pattern}.")
    return value


def _text(claims: Claims, name: str, longest: int) -> str:
    """Return a claim for display to people, on one line and of bounded length; one that shows nothing is empty."""
    value = claims.get(name)
    if not isinstance(value, str):
        return ""
    shown = (" " if c.isspace() else c for c in value.replace("\r\n", " ") if c.isspace() or c.isprintable())
    line = "".join(shown)[:longest].strip()
    return line if is_visible(line) else ""


def _address(claims: Claims) -> str | None:
    """Return the user's address, or None if there is none that can be mailed. A part of an address is none."""
    value = claims.get(settings.EMAIL_CLAIM)
    return addresses.mailable(value.strip()) if isinstance(value, str) else None
