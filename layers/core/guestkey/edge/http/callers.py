"""The caller of a request, from the claims of the token that the API's authorizer has verified.

The route determines the audience, which the authorizer has checked; the claims give the rest. The tenant of a user is
read from the token only.
"""

import re
from dataclasses import dataclass
from typing import Any

from guestkey import settings
from guestkey.errors import ActingForAnother, ClaimsMissing
from guestkey.rules.limits import MAX_EMAIL_LENGTH, MAX_LOCALE_LENGTH, MAX_NAME_LENGTH, SLUG, USER_ID
from guestkey.rules.people import User

OPEN_TO_ACTING = frozenset({"GET /v1/me", "GET /v1/about"})
"""Routes open to a token with an `act` claim, whose bearer acts on behalf of another user."""

OPEN_TO_ANYONE = frozenset({"GET /v1/contact"})
"""Routes without an authorizer."""


@dataclass(frozen=True, kw_only=True)
class AgentCaller:
    """An agent, from a token of the support issuer. The table stores whether the agent is active."""

    agent_id: str


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The vendor's backend. The authorizer checks its scopes for each route."""

    client_id: str


@dataclass(frozen=True, kw_only=True)
class Anyone:
    """A caller of a route without authorizer: no token was verified."""


TokenCaller = User | AgentCaller | Backend
Caller = TokenCaller | Anyone


def caller(event: dict[str, Any]) -> Caller:
    """Return the caller of an API Gateway event. Raises ClaimsMissing, or ActingForAnother if the route forbids it."""
    claims = _claims(event)
    route = str(event.get("routeKey", ""))
    if route in OPEN_TO_ANYONE:
        return Anyone()
    if is_acting(event) and route not in OPEN_TO_ACTING:
        raise ActingForAnother
    path = route.partition(" ")[2]
    if path.startswith("/v1/support/"):
        return AgentCaller(agent_id=_claim(claims, settings.AGENT_ID_CLAIM, SLUG))
    if path.startswith("/v1/vendor/"):
        return Backend(client_id=_claim(claims, settings.BACKEND_ID_CLAIM, USER_ID))
    user_id = _claim(claims, settings.USER_ID_CLAIM, USER_ID)
    return User(
        tenant_id=_claim(claims, settings.TENANT_CLAIM, SLUG),
        user_id=user_id,
        name=_text(claims, settings.NAME_CLAIM, MAX_NAME_LENGTH) or user_id,
        email=_text(claims, settings.EMAIL_CLAIM, MAX_EMAIL_LENGTH) or None,
        locale=_text(claims, settings.LOCALE_CLAIM, MAX_LOCALE_LENGTH) or None,
        is_email_verified=str(claims.get("email_verified", True)).lower() == "true",
    )


def is_acting(event: dict[str, Any]) -> bool:
    """Say whether the token has an `act` claim. API Gateway turns claims into text, so only its presence counts."""
    return "act" in _claims(event)


def scope(by: TokenCaller) -> tuple[str, str]:
    """Return audience and id, a unique pair. A user's id includes the tenant, since tenants may use the same ids."""
    match by:
        case User():
            return "tenant", f"{by.tenant_id}/{by.user_id}"
        case AgentCaller():
            return "support", by.agent_id
        case _:
            return "vendor", by.client_id


def _claims(event: dict[str, Any]) -> dict[str, Any]:
    claims: dict[str, Any] = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    return claims


def _claim(claims: dict[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ClaimsMissing(f"The token lacks a valid claim {name}.")
    return value


def _text(claims: dict[str, Any], name: str, longest: int) -> str:
    """Return a claim for display to people, on one line and of bounded length."""
    value = claims.get(name)
    return "".join(c for c in value if c.isprintable())[:longest].strip() if isinstance(value, str) else ""
