"""Agents and departments in the table.

All tenants share an agent's or a department's item. Giving a grant reads it and never puts a condition on it, because
writers of unrelated tenants would collide.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from guestkey.errors import AgentInactive, DepartmentUnknown
from guestkey.rules.people import Agent, Department, Grantee, GranteeType
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, Texts
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.retry import growing_pauses, retry, transact
from guestkey.store.dynamodb.transaction import OutcomeUnknown, Transaction, single_write

MAX_AGENT_TRIES, MAX_DEPARTMENT_TRIES = 5, 3


class AgentItem(Item, discriminator="agent"):
    """An agent. The directory index holds only active ones."""

    agent_id = UnicodeAttribute()
    name = UnicodeAttribute()
    email = UnicodeAttribute()
    departments = Texts()
    is_active = BooleanAttribute()
    changed_at = InstantAttribute()


class DepartmentItem(Item, discriminator="department"):
    """A department."""

    department_id = UnicodeAttribute()
    name = UnicodeAttribute()


def agent(agent_id: str) -> Agent | None:
    """Return an agent's record, active or not, strongly consistent."""
    item = find(AgentItem, keys.agent(agent_id))
    return agent_of(item) if item else None


def agents(agent_ids: Iterable[str]) -> dict[str, Agent]:
    """Return the records of up to a hundred agents by id, active or not, strongly consistent."""
    return {item.agent_id: item for item in map(agent_of, find_all(map(keys.agent, agent_ids)).values())}


def active_agent(agent_id: str) -> Agent:
    """Return an active agent. Raises AgentInactive for an inactive and for an unknown one."""
    return _active(agent(agent_id))


def active_agent_of(item: Item | None) -> Agent:
    """Return the active agent of an item that was read together with others. Raises AgentInactive too."""
    return _active(agent_of(item) if item else None)


def department_names(department_ids: Iterable[str]) -> list[str]:
    """Return the names of the registered ones of up to a hundred departments, in the order of their ids."""
    found = find_all(wanted := [keys.department(department_id) for department_id in department_ids])
    return [_department_of(found[key]).name for key in wanted if key in found]


def directory() -> Iterator[Agent | Department]:
    """Yield every active agent and every department, as the index holds them."""
    for item in Item.in_directory.query(keys.DIRECTORY):
        yield agent_of(item) if isinstance(item, AgentItem) else _department_of(item)


def put_department(department: Department) -> None:
    """Store a department as given."""
    item = DepartmentItem(
        *keys.department(department.department_id),
        **attributes_of(department, DepartmentItem),
        directory=keys.DIRECTORY,
        directory_sort=keys.directory_sort(GranteeType.DEPARTMENT, department.department_id),
    )

    def put(_: int) -> None:
        with single_write():
            item.save()

    retry(put, growing_pauses(MAX_DEPARTMENT_TRIES), on=(OutcomeUnknown,))


def put_agent(given: Agent) -> None:
    """Store an agent as given; `changed_at` stays the same unless departments or activity change.

    An unchanged agent is not written again, because a write may conflict with the agent's logins.
    Raises DepartmentUnknown if a department was never registered.
    """
    transact(
        load=lambda: _load_agent(given),
        decide=lambda before: _dated(given, before),
        save=_save_agent,
        tries=MAX_AGENT_TRIES,
    )


def agent_of(item: Item) -> Agent:
    """Return the agent of an item that was read together with others."""
    assert isinstance(item, AgentItem)
    return value_of(Agent, item)


def check_covered(transaction: Transaction, agent_id: str, by: Grantee) -> None:
    """Add the condition that an agent is active and, under a department's grant, still belongs to the department.

    Its write is named `agent`.
    """
    condition = AgentItem.is_active == True  # noqa: E712
    if by.type is GranteeType.DEPARTMENT:
        condition &= AgentItem.departments.contains(by.id)
    transaction.check("agent", AgentItem, keys.agent(agent_id), condition)


def grantee_of(item: Item | None) -> Grantee | None:
    """Return the grantee of an item that was read: an active agent or a department, or None."""
    match item:
        case AgentItem(is_active=True):
            return Grantee(type=GranteeType.AGENT, id=item.agent_id, name=item.name)
        case DepartmentItem():
            return Grantee(type=GranteeType.DEPARTMENT, id=item.department_id, name=item.name)
        case _:
            return None


def _department_of(item: Item) -> Department:
    assert isinstance(item, DepartmentItem)
    return value_of(Department, item)


def _active(found: Agent | None) -> Agent:
    if found is None or not found.is_active:
        raise AgentInactive
    return found


def _load_agent(given: Agent) -> Agent | None:
    """Return the agent as stored before, if at all. Raises DepartmentUnknown."""
    departments = [keys.department(department_id) for department_id in given.departments]
    found = find_all([keys.agent(given.agent_id), *departments])
    if not found.keys() >= set(departments):
        raise DepartmentUnknown
    item = found.get(keys.agent(given.agent_id))
    return agent_of(item) if item else None


def _dated(given: Agent, before: Agent | None) -> Agent:
    if before and before.is_active == given.is_active and set(before.departments) == set(given.departments):
        return replace(given, changed_at=before.changed_at)
    return given


def _save_agent(agent: Agent, before: Agent | None) -> None:
    if agent == before:
        return
    item = AgentItem(
        *keys.agent(agent.agent_id),
        **attributes_of(agent, AgentItem),
        directory=keys.DIRECTORY if agent.is_active else None,
        directory_sort=keys.directory_sort(GranteeType.AGENT, agent.agent_id) if agent.is_active else None,
    )
    is_as_read = AgentItem.pk.does_not_exist() if before is None else AgentItem.changed_at == before.changed_at
    with single_write():
        item.save(condition=is_as_read)
