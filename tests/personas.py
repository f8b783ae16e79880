"""The personas of the tests, defined in `local/sample.py`, as callers whose claims the API's authorizers have verified.

ANNA has the right, BEN of the same tenant does not, GIULIA has it too, but the desk offers no slots in her language;
CARLA belongs to another tenant. SVEN (Support) and DORA (Development) are agents, EMIL is an inactive agent. ROBO
is software, which the sample world does not have: a test registers it. BACKEND is the vendor's backend.
"""

from dataclasses import dataclass, replace
from typing import Any

from local import sample


@dataclass(frozen=True)
class Caller:
    """A caller with a verified token: its audience and its claims."""

    audience: str
    claims: dict[str, Any]

    @property
    def id(self) -> str:
        """The id of the user, agent or backend."""
        return str(self.claims["sub"])

    @property
    def tenant_id(self) -> str:
        """The tenant of a user."""
        return str(self.claims["tenant_id"])

    @property
    def name(self) -> str:
        """The user's display name."""
        return str(self.claims["name"])

    def but(self, **claims: Any) -> "Caller":
        """Return the same caller with other claims; None removes a claim."""
        changed = {name: value for name, value in (self.claims | claims).items() if value is not None}
        return replace(self, claims=changed)

    def acting(self) -> "Caller":
        """Return the caller with a token whose bearer acts for another person, in the form of API Gateway."""
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
ROBO = SVEN.but(sub="robo", name="Robo")
BACKEND = _cast("backend")
