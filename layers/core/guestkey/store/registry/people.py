"""Agents and departments in the table.

All tenants share an agent's or a department's item. Giving a grant reads it and never puts a condition on it, because
writers of unrelated tenants would collide.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from guestkey.errors import AgentInactive
from guestkey.rules.people import Agent, Department, Grantee, GranteeType, grantee, other_name
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.mapping import value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, Numbers, Texts
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import expect, read_or_none, readable

Person = tuple[str, int]
"""The id of an agent, and the incarnation."""


class AgentItem(Item, discriminator="agent"):
    """An agent. The directory index holds only active ones."""

    agent_id = UnicodeAttribute()
    name = UnicodeAttribute()
    email = UnicodeAttribute()
    departments = Texts()
    is_active = BooleanAttribute()
    changed_at = InstantAttribute()
    is_software = BooleanAttribute(null=True)
    accountable_id = UnicodeAttribute(null=True)
    accountable_name = UnicodeAttribute(null=True)
    accountable_for = Texts(null=True)
    incarnation = NumberAttribute(default=0)
    memberships = Numbers()
    joined = NumberAttribute(default=0)
    version = NumberAttribute(default=0)


class SoftwareItem(AgentItem, discriminator="software"):
    """An agent that is software. Code of before would take it for a person, so it must not be able to read it."""

    is_software = BooleanAttribute()
    accountable_id = UnicodeAttribute()


class LeftItem(Item, discriminator="left"):
    """When the person of one incarnation turned inactive. It is due until what named the person is written down."""

    agent_id = UnicodeAttribute()
    incarnation = NumberAttribute()
    left_at = InstantAttribute()


class DepartmentItem(Item, discriminator="department"):
    """A department."""

    department_id = UnicodeAttribute()
    name = UnicodeAttribute()


def agent(agent_id: str) -> Agent | None:
    """Return an agent's record, active or not, strongly consistent; one that cannot be read is none."""
    return _read(find(Item, keys.agent(agent_id)))


def agents(agent_ids: Iterable[str]) -> dict[str, Agent]:
    """Return the records of up to a hundred agents by id, active or not, strongly consistent."""
    return {item.agent_id: item for item in readable(agent_of, find_all(map(keys.agent, agent_ids)).values())}


@dataclass(frozen=True)
class Registered:
    """The present records of the agents and departments that a list names."""

    agents: dict[str, Agent]
    departments: dict[str, Department]

    def shown(self, grantee: Grantee) -> Grantee:
        """Return a grantee with the present name, where it differs."""
        if grantee.agent_id is None:
            return replace(grantee, present_name=other_name(grantee.name, self.departments.get(grantee.id)))
        now = self.agents.get(grantee.id)
        accountable = now.accountable if now and grantee.is_software else None
        return replace(grantee, present_name=other_name(grantee.name, now), accountable=accountable)


def registered(grantees: Iterable[Grantee]) -> Registered:
    """Return the present records of up to a hundred grantees, with one request, strongly consistent."""
    found = list(find_all({keys.grantee(one.type, one.id) for one in grantees}).values())
    agents = readable(agent_of, (item for item in found if not isinstance(item, DepartmentItem)))
    departments = readable(_department_of, (item for item in found if isinstance(item, DepartmentItem)))
    return Registered({one.agent_id: one for one in agents}, {one.department_id: one for one in departments})


def leavings(people: Iterable[Person], known: Mapping[str, Agent] | None = None) -> dict[Person, datetime]:
    """Return when people left, by agent and incarnation; those who have not left are missing.

    `known` has the agents' records if they were read before. An agent who was inactive before there were numbers left
    at the record's last change.
    """
    wanted = set(people)
    now = agents({agent_id for agent_id, _ in wanted}) if known is None else known
    left = {(id, number) for id, number in wanted if id in now and now[id].incarnation != number}
    found = find_all(keys.left(*person) for person in left)
    return {person: _left_at(found.get(keys.left(*person))) or now[person[0]].changed_at for person in left}


def _left_at(item: Item | None) -> datetime | None:
    return item.left_at if isinstance(item, LeftItem) else None


def active_agent(agent_id: str) -> Agent:
    """Return an active agent. Raises AgentInactive for an inactive, for an unknown and for an unreadable one."""
    return _active(agent(agent_id))


def active_agent_of(item: Item | None) -> Agent:
    """Return the active agent of an item that was read together with others. Raises AgentInactive too."""
    return _active(_read(item))


def department_names(department_ids: Iterable[str]) -> list[str]:
    """Return the names of the registered ones of up to a hundred departments, in the order of their ids."""
    found = find_all(wanted := [keys.department(department_id) for department_id in department_ids])
    return [one.name for one in readable(_department_of, (found[key] for key in wanted if key in found))]


def names_of_departments(department_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of the registered ones of these departments, by id."""
    found = readable(_department_of, find_all(keys.department(id) for id in set(department_ids)).values())
    return {department.department_id: department.name for department in found}


def directory() -> Iterator[Agent | Department]:
    """Yield every active agent and every department, as the index holds them."""
    found = Item.in_directory.query(index_keys.DIRECTORY)
    yield from readable(lambda item: agent_of(item) if isinstance(item, AgentItem) else _department_of(item), found)


def agent_of(item: Item) -> Agent:
    """Return the agent of an item that was read together with others."""
    found = value_of(Agent, expect(AgentItem, item))
    # An agent who was inactive before there were numbers has left already.
    incarnation = found.incarnation or (1 if found.is_active else 2)
    memberships = found.memberships or (0,) * len(found.departments)
    return replace(found, incarnation=incarnation, memberships=memberships)


def check_unchanged(transaction: Transaction, agent: Agent) -> None:
    """Add the condition that an agent's record is as it was read. Its write is named `agent`."""
    transaction.check("agent", AgentItem, keys.agent(agent.agent_id), is_as_read(agent))


def check_has_not_left(transaction: Transaction, agent: Grantee) -> None:
    """Add the condition that the person whom a grant names has not left. Its write is named `agent`.

    A record without a number is of the first person while it is active, as in `agent_of`.
    """
    has_no_number: Condition = AgentItem.incarnation.does_not_exist()
    is_person = (AgentItem.incarnation == agent.incarnation) | (
        has_no_number & (AgentItem.is_active == (agent.incarnation == 1))
    )
    transaction.check("agent", AgentItem, keys.agent(agent.id), is_person)


def grantee_of(item: Item | None) -> Grantee | None:
    """Return the grantee of an item that was read: an active agent or a department, or None."""
    if isinstance(item, DepartmentItem):
        department = read_or_none(_department_of, item)
        if department is None:
            return None
        return Grantee(type=GranteeType.DEPARTMENT, id=department.department_id, name=department.name)
    found = _read(item)
    return grantee(found) if found and found.is_active else None


def _department_of(item: Item) -> Department:
    return value_of(Department, expect(DepartmentItem, item))


def _read(item: Item | None) -> Agent | None:
    return read_or_none(agent_of, item) if item else None


def _active(found: Agent | None) -> Agent:
    if found is None or not found.is_active:
        raise AgentInactive
    return found


def is_as_read(agent: Agent) -> Condition:
    """Return the condition that nobody has written an agent's record since it was read."""
    is_same: Condition = AgentItem.version == agent.version
    if not agent.version:
        is_same = AgentItem.version.does_not_exist() & (AgentItem.changed_at == agent.changed_at)
    as_read: Condition = is_same & (AgentItem.is_active == agent.is_active)
    return as_read
