"""The claims of people and machines outside the sample world, for tokens of a developer's own tests."""

import json
from typing import Any, Never

from local.faults import Fault
from local.issuer import SCOPES, Caller

Claims = dict[str, Any]

USER, AGENT, BACKEND = "user", "agent", "backend"
KINDS = {USER: Caller.TENANT, AGENT: Caller.SUPPORT, BACKEND: Caller.VENDOR}


def claims_of(sub: str, tenant: str | None, kind: str | None) -> tuple[Caller, Claims]:
    """Return the kind of caller and the claims of a user of a tenant, an agent, or a backend with all scopes.

    Raises Fault for an unknown kind, for a user without a tenant, and for a tenant of another kind.
    """
    kind = kind or USER
    if kind not in KINDS:
        message = f"KIND must be one of {', '.join(KINDS)}, not {kind!r}"
        raise Fault(message)
    if kind == USER and not tenant:
        message = (
            f"the token of a user needs a tenant, as in SUB={sub} TENANT=acme; for others, set KIND=agent or backend"
        )
        raise Fault(message)
    if kind != USER and tenant:
        message = f"TENANT is for users only: the token of KIND={kind} has no tenant"
        raise Fault(message)
    own: dict[str, Claims] = {
        USER: {"tenant_id": tenant},
        AGENT: {},
        BACKEND: {"scope": " ".join(SCOPES)},
    }
    return KINDS[kind], {"sub": sub} | own[kind]


def read_claims(text: str) -> Claims:
    """Return the claims in a JSON object. Raises Fault if the text is none."""
    try:
        claims = json.loads(text, parse_constant=_refuse)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        message = """CLAIMS must be a JSON object in quotes, as in CLAIMS='{"role": "owner"}'"""
        raise Fault(message)
    return claims


def _refuse(constant: str) -> Never:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(constant)
