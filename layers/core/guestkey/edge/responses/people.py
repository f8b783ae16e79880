"""Response bodies of users, agents and departments."""

from typing import Self

from guestkey.edge.responses.response import Response
from guestkey.rules import people


class Person(Response):
    """A user of the tenant."""

    user_id: str
    name: str


class Me(Response):
    """The user of your token, and your permissions."""

    user_id: str
    name: str
    tenant_id: str
    locale: str | None
    may_grant: bool
    may_book_slot: bool


class Department(Response):
    """A group of agents."""

    id: str
    name: str

    @classmethod
    def of(cls, department: people.Department) -> Self:
        """Return the department."""
        return cls.read(department, id=department.department_id)


class DirectoryAgent(Response):
    """An agent whom a grant can name; without the e-mail address."""

    id: str
    name: str
    departments: list[str]

    @classmethod
    def of(cls, agent: people.Agent) -> Self:
        """Return the part of an agent that users may see."""
        return cls.read(agent, id=agent.agent_id)


class Directory(Response):
    """Agents and departments whom a grant can name."""

    departments: list[Department]
    agents: list[DirectoryAgent]


class Agent(Response):
    """An agent as the vendor registered it."""

    id: str
    name: str
    email: str
    departments: list[str]
    active: bool

    @classmethod
    def of(cls, agent: people.Agent) -> Self:
        """Return the agent."""
        return cls.read(agent, id=agent.agent_id, active=agent.is_active)
