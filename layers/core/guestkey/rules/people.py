"""Who is who: tenants and their users, agents and their departments, and whom a grant can name."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One customer's installation, as the vendor registered it."""

    tenant_id: str
    name: str
    version: str
    time_zone: str
    language: str
    country: str
    approver_emails: tuple[str, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose calendar decides when this tenant's day, week and month are over."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who works for the tenant, as the verified token names them."""

    tenant_id: str
    user_id: str
    name: str
    email: str | None = None
    locale: str | None = None


@dataclass(frozen=True, kw_only=True)
class Department:
    """A group of agents."""

    department_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Somebody who works for the vendor's support."""

    agent_id: str
    name: str
    email: str
    departments: tuple[str, ...]
    is_active: bool
    changed_at: datetime
    """When departments or activity last changed: who left a department is out from then on."""


class GranteeType(StrEnum):
    """What a grant can name."""

    AGENT = "agent"
    DEPARTMENT = "department"


@dataclass(frozen=True, kw_only=True)
class Grantee:
    """The agent or department that a grant lets in."""

    type: GranteeType
    id: str
    name: str

    def covers(self, agent: Agent) -> bool:
        """Say whether this grantee is the agent, or a department the agent belongs to at this moment."""
        if self.type is GranteeType.AGENT:
            return self.id == agent.agent_id
        return self.id in agent.departments


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user as a record remembers them: who gave, who revoked."""

    user_id: str
    name: str


def matches(name: str, query: str) -> bool:
    """Say whether each word of the query begins some word of the name, whatever the case and the accents."""
    words = _words(name)
    return all(any(word.startswith(part) for word in words) for part in _words(query))


def _words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain.casefold())
