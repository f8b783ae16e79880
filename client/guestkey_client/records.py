"""The records that the backend stores: tenants, departments, agents, users' rights and the support desk.

A PUT replaces a whole record.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A customer. `time_zone` is an IANA name, `language` a tag such as `de-CH`, `country` a code such as `CH`.

    `customer_name` is the name that its users type at sign-in; without one it is the `tenant_id`.
    """

    tenant_id: str
    name: str
    version: str
    time_zone: str
    language: str
    country: str
    approver_emails: Sequence[str]
    customer_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Department:
    """A group of agents. Store it before the agents who belong to it."""

    department_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent of the vendor's support, a person or software. An inactive agent is refused by the next check.

    Software names an `accountable` person by their agent's id, and is inactive with that person.
    """

    agent_id: str
    name: str
    email: str
    departments: Sequence[str]
    active: bool
    kind: Literal["person", "software"] = "person"
    accountable: str | None = None


@dataclass(frozen=True, kw_only=True)
class Right:
    """The right of a user to give grants. A user without a record has the right."""

    tenant_id: str
    user_id: str
    may_grant: bool
    changed_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The settings of the support desk, in the form that docs/integrating.md shows."""

    record: Mapping[str, Any]


Record = Tenant | Department | Agent | Right | Desk


PATHS: dict[type[Record], str] = {
    Tenant: "/v1/vendor/tenants/{tenant_id}",
    Department: "/v1/vendor/departments/{department_id}",
    Agent: "/v1/vendor/agents/{agent_id}",
    Right: "/v1/vendor/tenants/{tenant_id}/users/{user_id}/right",
    Desk: "/v1/vendor/desk",
}


def request_of(record: Record) -> tuple[str, Mapping[str, Any]]:
    """Return the path and the body of a record's PUT, without the ids in the path and without absent values."""
    path = PATHS[type(record)]
    body = {name: value for name, value in asdict(record).items() if value is not None}
    ids = {name: quote(body.pop(name), safe="") for name in re.findall(r"{(\w+)}", path)}
    return path.format(**ids), body["record"] if isinstance(record, Desk) else body
