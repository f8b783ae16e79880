"""The claims of a verified token, in the form of an HTTP API's JWT authorizer, and the permissions that they give.

The authorizer turns every claim into text: a list into its items in brackets, with blanks between them (`[a b]`), a
boolean into `true` or `false`, a number into digits. So an item of a list that contains a blank reads as two items.
"""

from collections.abc import Mapping
from typing import Any

from guestkey import settings
from guestkey.errors import ScopeMissing

VENDOR_ROUTES = "/v1/vendor/"
CHECK, REGISTRY, RIGHTS = "guestkey/check", "guestkey/registry", "guestkey/rights"
SCOPES = {
    "POST /v1/vendor/checks": CHECK,
    "PUT /v1/vendor/tenants/{tenant_id}": REGISTRY,
    "PUT /v1/vendor/departments/{department_id}": REGISTRY,
    "PUT /v1/vendor/agents/{agent_id}": REGISTRY,
    "PUT /v1/vendor/tenants/{tenant_id}/users/{user_id}/right": RIGHTS,
    "PUT /v1/vendor/desk": REGISTRY,
    "GET /v1/vendor/desk": REGISTRY,
    "PUT /v1/vendor/closures/{day}": REGISTRY,
    "DELETE /v1/vendor/closures/{day}": REGISTRY,
    "PUT /v1/vendor/openings/{day}": REGISTRY,
    "DELETE /v1/vendor/openings/{day}": REGISTRY,
    "PATCH /v1/vendor/callbacks/{callback_id}": REGISTRY,
    "DELETE /v1/vendor/callbacks/{callback_id}": REGISTRY,
}
"""The scope that each of the vendor's routes requires. A route without an entry refuses every token."""
SCOPE_CLAIMS = ("scope", "scp", "roles", "permissions")
"""Claims in which identity providers put scopes, or the roles of an application (Entra ID)."""
SEPARATED_BY_BLANKS = frozenset({"scope", "scp"})
"""Claims whose text is a list by definition (RFC 8693, RFC 9068). Any other text is one value."""

Claims = Mapping[str, Any]


def claims_of(event: Mapping[str, Any]) -> Claims:
    """Return the claims of an API Gateway event, none for a route without an authorizer."""
    claims: Claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    return claims


def is_acting(claims: Claims) -> bool:
    """Say whether the bearer acts for somebody else: the presence of such a claim counts, with any value."""
    return not settings.ACTING_CLAIMS.isdisjoint(claims)


def require_scope(route: str, claims: Claims) -> None:
    """Refuse a token without the scope of one of the vendor's routes. Raises ScopeMissing with the scope."""
    needed = SCOPES.get(route)
    given = {scope for name in SCOPE_CLAIMS for value in values_of(claims.get(name)) for scope in value.split()}
    if needed not in given:
        raise ScopeMissing(needed and f"The token lacks the scope {needed}.", scope=needed)


def has_right_by_default(claims: Claims) -> bool:
    """Say whether a user holds the right as long as the tenant's record names the user neither way.

    Every user does, unless the vendor ties the right to a claim: then a token with one of the values does.
    """
    if not settings.RIGHT_CLAIM:
        return True
    values = values_of(claims.get(settings.RIGHT_CLAIM))
    if settings.RIGHT_CLAIM in SEPARATED_BY_BLANKS:
        values = {part for value in values for part in value.split()}
    return not settings.RIGHT_VALUES.isdisjoint(values)


def values_of(claim: Any) -> set[str]:
    """Return the values of a claim as texts: the items of a list, or one. An object and null have none."""
    match claim:
        case list():
            return {text for item in claim for text in _text(item)}
        case str() if claim.startswith("[") and claim.endswith("]"):
            return set(claim[1:-1].split())
        case _:
            return set(_text(claim))


def _text(value: Any) -> tuple[str, ...]:
    match value:
        case bool():
            return (str(value).lower(),)
        case str() | int() | float():
            return (str(value),)
        case _:
            return ()
