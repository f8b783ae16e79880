"""Tenants and their users, agents and their departments, and the grantees of grants."""

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
    customer_name: str
    """The name that the tenant's users type at sign-in; the tenant's id unless the vendor registers another."""
    version: str
    time_zone: str
    language: str
    country: str
    approver_emails: tuple[str, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which this tenant's days, weeks and months end."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of the tenant, from the claims of a verified token."""

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
    """A person who works for the vendor's support."""

    agent_id: str
    name: str
    email: str
    departments: tuple[str, ...]
    is_active: bool
    changed_at: datetime
    """Time of the last change of departments or activity: access through a former department ends then."""


class GranteeType(StrEnum):
    """Type of a grantee."""

    AGENT = "agent"
    DEPARTMENT = "department"


@dataclass(frozen=True, kw_only=True)
class Grantee:
    """The agent or department that a grant covers."""

    type: GranteeType
    id: str
    name: str

    def covers(self, agent: Agent) -> bool:
        """Say whether this grantee is the agent, or a department to which the agent belongs at this moment."""
        if self.type is GranteeType.AGENT:
            return self.id == agent.agent_id
        return self.id in agent.departments


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user as stored in a record: the giver of a grant, for example."""

    user_id: str
    name: str


def matches(name: str, query: str) -> bool:
    """Say whether each word of the query begins some word of the name. Case and accents are ignored."""
    words = _words(name)
    return all(any(word.startswith(part) for word in words) for part in _words(query))


def _words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain.casefold())
