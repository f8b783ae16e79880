"""The cast. Who they are stands in `local/sample.py`; here they are as the API's authorizers hand them to a function.

ANNA may let support in, BEN of the same tenant may not, GIULIA may but chooses no slot; CARLA is of another tenant.
SVEN (Support) and DORA (Development) are agents, EMIL no longer is. BACKEND is the vendor's machine.
"""

from dataclasses import dataclass, replace
from typing import Any

from local import sample


@dataclass(frozen=True)
class Caller:
    """Somebody with a verified token: its audience and its claims."""

    audience: str
    claims: dict[str, Any]

    @property
    def id(self) -> str:
        """The user's, agent's or machine's id."""
        return str(self.claims["sub"])

    @property
    def tenant_id(self) -> str:
        """The tenant of a user."""
        return str(self.claims["tenant_id"])

    @property
    def name(self) -> str:
        """How people call a user."""
        return str(self.claims["name"])

    def but(self, **claims: Any) -> "Caller":
        """Return the same caller with other claims; one that is None is missing."""
        changed = {name: value for name, value in (self.claims | claims).items() if value is not None}
        return replace(self, claims=changed)

    def acting(self) -> "Caller":
        """Return the caller with a token that says its bearer acts for somebody else, as API Gateway shows it."""
        return self.but(act="map[sub:sven]")


def _cast(who: str) -> Caller:
    audience, claims = sample.claims_of(who)
    return Caller(audience.value, {"iss": f"https://{audience.value}.example", "exp": "1795438800", **claims})


ANNA = _cast("anna")
BEN = _cast("ben")
GIULIA = _cast("giulia")
CARLA = _cast("carla")
SVEN = _cast("sven")
DORA = _cast("dora")
EMIL = _cast("emil")
BACKEND = _cast("backend")
