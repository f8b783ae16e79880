"""What the backend says of its tenants, departments, agents, users and support desk. Each is put whole."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One customer's installation. `time_zone` is an IANA name, `language` such as `de-CH`, `country` such as `CH`."""

    tenant_id: str
    name: str
    version: str
    time_zone: str
    language: str
    country: str
    approver_emails: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Department:
    """A group of agents. It comes before the agents who belong to it."""

    department_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Somebody who works for the vendor's support. Who is not active is out with the next check."""

    agent_id: str
    name: str
    email: str
    departments: Sequence[str]
    active: bool


@dataclass(frozen=True, kw_only=True)
class Right:
    """Whether a user may let support in. Whoever was never named may."""

    tenant_id: str
    user_id: str
    may_grant: bool
    changed_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The support desk's record, as docs/integrating.md shows it."""

    record: Mapping[str, Any]


Record = Tenant | Department | Agent | Right | Desk


PATHS: dict[type[Record], str] = {
    Tenant: "/v1/vendor/tenants/{tenant_id}",
    Department: "/v1/vendor/departments/{department_id}",
    Agent: "/v1/vendor/agents/{agent_id}",
    Right: "/v1/vendor/tenants/{tenant_id}/users/{user_id}/right",
    Desk: "/v1/vendor/desk",
}


def order_of(record: Record) -> tuple[str, Mapping[str, Any]]:
    """Return the path that a record is put to, and what is put there: what the path does not say already."""
    path, said = PATHS[type(record)], asdict(record)
    ids = {name: quote(said.pop(name), safe="") for name in re.findall(r"{(\w+)}", path)}
    return path.format(**ids), said["record"] if isinstance(record, Desk) else said
