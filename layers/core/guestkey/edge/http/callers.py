"""Who asks: the caller that the API's authorizer verified, as one of our own values.

The route decides the audience (the authorizer has checked that the token is of that audience); the token's claims
decide the rest. A tenant is read from the token and from nowhere else.
"""

import re
from dataclasses import dataclass
from typing import Any

from guestkey import settings
from guestkey.errors import ActingForAnother, ClaimsMissing
from guestkey.rules.limits import MAX_EMAIL_LENGTH, MAX_LOCALE_LENGTH, MAX_NAME_LENGTH, SLUG, USER_ID
from guestkey.rules.people import User

OPEN_TO_ACTING = frozenset({"GET /v1/me", "GET /v1/about"})
"""What a token may still ask that says its bearer acts for somebody else."""

OPEN_TO_ANYONE = frozenset({"GET /v1/contact"})
"""What has no authorizer before it."""


@dataclass(frozen=True, kw_only=True)
class AgentCaller:
    """An agent, named by the support issuer; whether it is active is the table's to say."""

    agent_id: str


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The vendor's backend. Its scopes are checked by the authorizer, route by route."""

    client_id: str


@dataclass(frozen=True, kw_only=True)
class Anyone:
    """Whoever asks what anyone may: nobody has looked at a token."""


CurrentDesk = User | AgentCaller | Backend
Caller = CurrentDesk | Anyone


def caller(event: dict[str, Any]) -> Caller:
    """Return who sent this API Gateway event. Raises ClaimsMissing, or ActingForAnother where that is not allowed."""
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
    )


def is_acting(event: dict[str, Any]) -> bool:
    """Say whether the token has an `act` claim. API Gateway turns claims into text, so only its presence counts."""
    return "act" in _claims(event)


def scope(by: CurrentDesk) -> tuple[str, str]:
    """Return the audience and who in it, as a pair that no two callers share: users of two tenants may bear one id."""
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
        raise ClaimsMissing(f"The token needs the claim {name}.")
    return value


def _text(claims: dict[str, Any], name: str, longest: int) -> str:
    """Return a claim that people read, on one line and of bounded length."""
    value = claims.get(name)
    return "".join(c for c in value if c.isprintable())[:longest].strip() if isinstance(value, str) else ""
