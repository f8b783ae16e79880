"""Agents and departments in the table.

All tenants share an agent's or a department's item. Giving a grant reads it and never puts a condition on it, because
writers of unrelated tenants would collide.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from guestkey.errors import AgentInactive, DepartmentUnknown
from guestkey.rules.people import Agent, Department, Grantee, GranteeType, grantee, other_name
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, Numbers, Texts
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.retry import growing_pauses, retry, transact
from guestkey.store.dynamodb.transaction import OutcomeUnknown, Transaction, single_write
from guestkey.store.dynamodb.unreadable import expect, read_or_none, readable

MAX_AGENT_TRIES, MAX_DEPARTMENT_TRIES = 5, 3

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
    incarnation = NumberAttribute(default=0)
    memberships = Numbers()
    joined = NumberAttribute(default=0)
    version = NumberAttribute(default=0)


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
        now = self.agents.get(grantee.id) if grantee.agent_id else self.departments.get(grantee.id)
        return replace(grantee, present_name=other_name(grantee.name, now))


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


def put_department(department: Department) -> None:
    """Store a department as given."""
    item = DepartmentItem(
        *keys.department(department.department_id),
        **attributes_of(department, DepartmentItem),
        directory=index_keys.DIRECTORY,
        directory_sort=index_keys.directory_sort(GranteeType.DEPARTMENT, department.department_id),
    )

    def put(_: int) -> None:
        with single_write():
            item.save()

    retry(put, growing_pauses(MAX_DEPARTMENT_TRIES), on=(OutcomeUnknown,))


def put_agent(given: Agent) -> Agent:
    """Store an agent as given, with the numbers that follow from the record before, and return the record.

    An unchanged agent is not written again, because a write may conflict with the agent's logins. Another request that
    makes the agent inactive meanwhile wins: whoever found the agent active did not mean to bring a leaver back.
    Raises DepartmentUnknown if a department was never registered.
    """
    was_active = False

    def decide(before: Agent | None) -> Agent:
        nonlocal was_active
        is_active = given.is_active and not (was_active and before is not None and not before.is_active)
        was_active = was_active or (before is not None and before.is_active)
        return replace(given, is_active=is_active).succeeds(before)

    return transact(load=lambda: _load_agent(given), decide=decide, save=_save_agent, tries=MAX_AGENT_TRIES)


def agent_of(item: Item) -> Agent:
    """Return the agent of an item that was read together with others."""
    found = value_of(Agent, expect(AgentItem, item))
    # An agent who was inactive before there were numbers has left already.
    incarnation = found.incarnation or (1 if found.is_active else 2)
    memberships = found.memberships or (0,) * len(found.departments)
    return replace(found, incarnation=incarnation, memberships=memberships)


def check_unchanged(transaction: Transaction, agent: Agent) -> None:
    """Add the condition that an agent's record is as it was read. Its write is named `agent`."""
    transaction.check("agent", AgentItem, keys.agent(agent.agent_id), _is_as_read(agent))


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


def _load_agent(given: Agent) -> Agent | None:
    """Return the agent as stored before, if at all. Raises DepartmentUnknown.

    Code from before numbers, after a rollback, stores a record without them: then the last person who left counts.
    """
    departments = [keys.department(department_id) for department_id in given.departments]
    found = find_all([keys.agent(given.agent_id), *departments])
    if not found.keys() >= set(departments):
        raise DepartmentUnknown
    item = found.get(keys.agent(given.agent_id))
    if item is None:
        return None
    before = agent_of(item)
    return before if before.version else replace(before, incarnation=max(before.incarnation, _last_left(given) + 1))


def _last_left(agent: Agent) -> int:
    pk, _ = keys.agent(agent.agent_id)
    newest = LeftItem.query(
        pk, LeftItem.sk.startswith(keys.LEFT), consistent_read=True, scan_index_forward=False, limit=1
    )
    return max((int(item.incarnation) for item in newest), default=0)


def _save_agent(agent: Agent, before: Agent | None) -> None:
    if not agent.differs(before):
        return
    item = AgentItem(
        *keys.agent(agent.agent_id),
        **attributes_of(agent, AgentItem),
        directory=index_keys.DIRECTORY if agent.is_active else None,
        directory_sort=index_keys.directory_sort(GranteeType.AGENT, agent.agent_id) if agent.is_active else None,
    )
    transaction = Transaction()
    transaction.put("agent", item, _is_as_read(before) if before else AgentItem.pk.does_not_exist())
    if before and agent.incarnation > before.incarnation:
        transaction.put("left", _left_item(before, agent.changed_at))
    if before and _left_before_numbers(before):
        earlier = replace(before, incarnation=before.incarnation - 1)
        transaction.put("left", _left_item(earlier, before.changed_at))
    transaction.commit()


def _left_before_numbers(before: Agent) -> bool:
    """Say whether nothing tells yet when this inactive agent left."""
    if before.version or before.is_active:
        return False
    return find(LeftItem, keys.left(before.agent_id, before.incarnation - 1)) is None


def _is_as_read(agent: Agent) -> Condition:
    """Return the condition that nobody has written an agent's record since it was read."""
    is_same: Condition = AgentItem.version == agent.version
    if not agent.version:
        is_same = AgentItem.version.does_not_exist() & (AgentItem.changed_at == agent.changed_at)
    as_read: Condition = is_same & (AgentItem.is_active == agent.is_active)
    return as_read


def _left_item(agent: Agent, at: datetime) -> LeftItem:
    return LeftItem(
        *keys.left(agent.agent_id, agent.incarnation),
        agent_id=agent.agent_id,
        incarnation=agent.incarnation,
        left_at=at,
        due=index_keys.due_on(agent.agent_id),
        due_at=at,
    )
