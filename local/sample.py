"""The sample world: two tenants, their users, the support desk and its agents. This module is its only definition.

The sample world is loaded through the vendor's routes, as a vendor's backend does it.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from local.calls import call
from local.faults import Fault
from local.issuer import SCOPES, Caller


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A customer of the vendor."""

    tenant_id: str
    name: str
    version: str
    time_zone: str
    language: str
    country: str
    approver_emails: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class User:
    """A person who works for a tenant."""

    user_id: str
    tenant_id: str
    name: str
    locale: str
    may_grant: bool = True

    @property
    def email(self) -> str:
        """The person's e-mail address."""
        return f"{self.user_id}@{self.tenant_id}.example"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A person who works for the vendor's support."""

    agent_id: str
    name: str
    departments: tuple[str, ...]
    active: bool = True

    @property
    def email(self) -> str:
        """The person's e-mail address."""
        return f"{self.agent_id}@vendor.example"


TENANTS = (
    Tenant(
        tenant_id="acme",
        name="Acme Immobilien GmbH",
        version="Enterprise 24.3",
        time_zone="Europe/Berlin",
        language="de",
        country="DE",
        approver_emails=("anna@acme.example", "giulia@acme.example"),
    ),
    Tenant(
        tenant_id="globex",
        name="Globex Inc.",
        version="Enterprise 24.2",
        time_zone="America/New_York",
        language="en",
        country="US",
        approver_emails=("carla@globex.example",),
    ),
)
USERS = (
    User(user_id="anna", tenant_id="acme", name="Anna Albrecht", locale="de-DE"),
    User(user_id="ben", tenant_id="acme", name="Ben Baker", locale="en-GB", may_grant=False),
    User(user_id="giulia", tenant_id="acme", name="Giulia Galli", locale="it-IT"),
    User(user_id="carla", tenant_id="globex", name="Carla Cooper", locale="en-US"),
)
DEPARTMENTS = {"support": "Support", "development": "Development"}
AGENTS = (
    Agent(agent_id="sven", name="Sven Brandt", departments=("support",)),
    Agent(agent_id="dora", name="Dora Vogel", departments=("development",)),
    Agent(agent_id="emil", name="Emil Ebert", departments=("support",), active=False),
)
WORKING_DAYS = ("mon", "tue", "wed", "thu", "fri")
DESK: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "country": "DE",
    "subdivision": "NW",
    "hours": {day: [{"from": "09:00", "until": "18:00"}] for day in WORKING_DAYS},
    "lead_minutes": 120,
    "horizon_days": 14,
    "lines": 2,
    "topics": [
        {
            "id": "question",
            "minutes": 15,
            "names": {"de": "Kurze Frage", "en": "Short question", "es": "Pregunta breve", "it": "Domanda breve"},
        },
        {
            "id": "consultation",
            "minutes": 30,
            "names": {"de": "Beratung", "en": "Consultation", "es": "Asesoramiento", "it": "Consulenza"},
        },
        {
            "id": "technical",
            "minutes": 30,
            "names": {"de": "Technik", "en": "Technical problem", "es": "Problema técnico", "it": "Problema tecnico"},
        },
    ],
    "slot_languages": ["de", "de-DE", "de-AT", "de-CH", "en", "en-*", "es", "es-*"],
    "numbers": {
        "DE": {"support": "+49 241 446 86 122", "emergency": "+49 241 44686-112"},
        "AT": {"support": "+43 (1) 3619857-60", "emergency": "+43 (1) 3619857-60"},
        "CH": {"support": "+49 241 446 86 122", "emergency": "+41 31 511 27 92"},
    },
    "emails": {"en": "assistenzaclienti@onOffice.com"},
    "emergency": [
        {"from": "07:30", "until": "22:00", "answered_within_hours": 2},
        {"from": "22:00", "until": "07:30", "answered_within_hours": 10},
    ],
    "fee": {"amount": "5.95", "currency": "EUR", "per_started_minutes": 5, "countries": ["DE", "AT", "CH"]},
}
"""The support desk's settings. `docs/integrating.md` shows the same JSON."""
BACKEND = "backend"


def claims_of(who: str) -> tuple[Caller, dict[str, str]]:
    """Return the kind of caller and the token claims of a person or the backend. Raises Fault for an unknown name."""
    for user in USERS:
        if user.user_id == who:
            return Caller.TENANT, {
                "sub": user.user_id,
                "tenant_id": user.tenant_id,
                "name": user.name,
                "email": user.email,
                "locale": user.locale,
            }
    if any(agent.agent_id == who for agent in AGENTS):
        return Caller.SUPPORT, {"sub": who}
    if who == BACKEND:
        return Caller.VENDOR, {"sub": BACKEND, "scope": " ".join(SCOPES)}
    message = f"the sample world has no person {who!r}; it has {', '.join(everybody())}; SUB names others"
    raise Fault(message)


def everybody() -> list[str]:
    """Return the names that `claims_of` knows."""
    return [*(user.user_id for user in USERS), *(agent.agent_id for agent in AGENTS), BACKEND]


def orders() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and body of each `PUT` that creates the sample world, every record after the records it refers to."""
    for tenant in TENANTS:
        body = asdict(tenant)
        yield f"/v1/vendor/tenants/{body.pop('tenant_id')}", body
    for department_id, name in DEPARTMENTS.items():
        yield f"/v1/vendor/departments/{department_id}", {"name": name}
    for agent in AGENTS:
        body = asdict(agent) | {"email": agent.email}
        yield f"/v1/vendor/agents/{body.pop('agent_id')}", body
    yield "/v1/vendor/desk", DESK
    for user in USERS:
        if not user.may_grant:
            yield f"/v1/vendor/tenants/{user.tenant_id}/users/{user.user_id}/right", {"may_grant": False}


def load(url: str, token: str) -> None:
    """Create the sample world through the vendor's routes of the API at `url`. Raises Fault if a `PUT` fails."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for path, body in orders():
        status, said = call("PUT", url + path, body=json.dumps(body).encode(), headers=headers)
        if status != HTTPStatus.OK:
            message = f"the sample world is incomplete: PUT {path} returned {status} {said}"
            raise Fault(message)
