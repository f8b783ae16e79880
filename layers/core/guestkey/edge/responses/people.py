"""Response bodies of users, agents and departments."""

from typing import Self

from guestkey.edge.responses.response import Response
from guestkey.rules import people
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import AgentKind


class Person(Response):
    """A user of the tenant."""

    user_id: str
    name: str


class Me(Response):
    """The user of your token, your permissions, and the level of a grant that names none."""

    user_id: str
    name: str
    tenant_id: str
    locale: str | None
    may_grant: bool
    may_book_slot: bool
    default_access: AccessLevel


class Department(Response):
    """A group of agents."""

    id: str
    name: str

    @classmethod
    def of(cls, department: people.Department) -> Self:
        """Return the department."""
        return cls.read(department, id=department.department_id)


class Accountable(Response):
    """The person accountable for a software agent."""

    id: str
    name: str

    @classmethod
    def of(cls, accountable: people.Accountable | None) -> Self | None:
        """Return the person, null for an agent who is a person."""
        return cls(id=accountable.agent_id, name=accountable.name) if accountable else None


class DirectoryAgent(Response):
    """An agent whom a grant can name; without the e-mail address."""

    id: str
    name: str
    kind: AgentKind
    accountable: Accountable | None
    departments: list[str]

    @classmethod
    def of(cls, agent: people.Agent) -> Self:
        """Return the part of an agent that users may see."""
        kind, accountable = AgentKind.of(is_software=agent.is_software), Accountable.of(agent.accountable)
        return cls.read(agent, id=agent.agent_id, kind=kind, accountable=accountable)


class Directory(Response):
    """Agents and departments whom a grant can name."""

    departments: list[Department]
    agents: list[DirectoryAgent]


class Agent(Response):
    """An agent as the vendor registered it. `accountable` is the id of the person accountable for software."""

    id: str
    name: str
    email: str
    departments: list[str]
    active: bool
    kind: AgentKind
    accountable: str | None

    @classmethod
    def of(cls, agent: people.Agent) -> Self:
        """Return the agent."""
        kind, accountable = AgentKind.of(is_software=agent.is_software), agent.accountable
        return cls.read(
            agent,
            id=agent.agent_id,
            active=agent.is_active,
            kind=kind,
            accountable=accountable.agent_id if accountable else None,
        )
