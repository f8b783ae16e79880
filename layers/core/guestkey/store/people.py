"""Tenants, rights, agents and departments in the table.

A right is kept only where it was taken away. An agent's or a department's item is shared by all tenants: giving a grant
reads it and never puts a condition on it, or unrelated tenants would collide.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition

from guestkey.errors import AgentInactive, Busy, DepartmentUnknown
from guestkey.rules.people import Agent, Department, Grantee, GranteeType
from guestkey.store import keys
from guestkey.store.table import (
    LOST_RACE,
    InstantAttribute,
    Item,
    Texts,
    code_of,
    find_all,
    is_unavailable,
    pauses,
)


class AgentItem(Item, discriminator="agent"):
    """An agent. In the directory only while active."""

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
    try:
        return agent_of(AgentItem.get(*keys.agent(agent_id), consistent_read=True))
    except AgentItem.DoesNotExist:
        return None


def agents(agent_ids: Iterable[str]) -> dict[str, Agent]:
    """Return the records of up to a hundred agents by id, active or not, strongly consistent."""
    return {item.agent_id: item for item in map(agent_of, find_all(map(keys.agent, agent_ids)).values())}


def active_agent(agent_id: str) -> Agent:
    """Return an agent who may work. Raises AgentInactive for unknown ones too."""
    return _active(agent(agent_id))


def active_agent_of(item: Item | None) -> Agent:
    """Return an agent who may work and was read together with other items. Raises AgentInactive likewise."""
    return _active(agent_of(item) if item else None)


def department_names(department_ids: Iterable[str]) -> list[str]:
    """Return the names of those of up to a hundred departments that are registered, in the order of their ids."""
    found = find_all(wanted := [keys.department(department_id) for department_id in department_ids])
    return [department_of(found[key]).name for key in wanted if key in found]


def directory() -> Iterator[Agent | Department]:
    """Yield every active agent and every department, as the index has them."""
    for item in Item.in_directory.query(keys.DIRECTORY):
        yield agent_of(item) if isinstance(item, AgentItem) else department_of(item)


def put_department(department: Department) -> None:
    """Keep the department as given."""
    item = DepartmentItem(
        *keys.department(department.department_id),
        department_id=department.department_id,
        name=department.name,
        directory=keys.DIRECTORY,
        directory_sort=f"{GranteeType.DEPARTMENT}#{department.department_id}",
    )
    for pause in pauses(3):
        time.sleep(pause)
        try:
            item.save()
        except PutError as error:
            if not is_unavailable(error):
                raise
        else:
            return
    raise Busy(retry_after=1)


def put_agent(given: Agent) -> None:
    """Keep the agent as given; `changed_at` stays what it was unless departments or activity change.

    One that changes nothing writes nothing, since a write may get in the way of the agent's logins. Raises
    DepartmentUnknown where a department was never registered.
    """
    wanted = [keys.department(department_id) for department_id in given.departments]
    for pause in pauses(5):
        time.sleep(pause)
        found = find_all([keys.agent(given.agent_id), *wanted])
        if not found.keys() >= set(wanted):
            raise DepartmentUnknown
        item = found.get(keys.agent(given.agent_id))
        before = agent_of(item) if item else None
        dated = _dated(given, before)
        if dated == before:
            return
        as_seen = AgentItem.pk.does_not_exist() if before is None else AgentItem.changed_at == before.changed_at
        try:
            _agent_item(dated).save(condition=as_seen)
        except PutError as error:
            if code_of(error) not in LOST_RACE and not is_unavailable(error):
                raise
        else:
            return
    raise Busy(retry_after=1)


def agent_of(item: Item) -> Agent:
    """Return an agent that was read together with other items."""
    assert isinstance(item, AgentItem)
    return Agent(
        agent_id=item.agent_id,
        name=item.name,
        email=item.email,
        departments=tuple(item.departments),
        is_active=item.is_active,
        changed_at=item.changed_at,
    )


def department_of(item: Item) -> Department:
    """Return a department that was read together with other items."""
    assert isinstance(item, DepartmentItem)
    return Department(department_id=item.department_id, name=item.name)


def condition_covered(by: Grantee) -> Condition:
    """Return the condition that an agent is active and, under a department's grant, still belongs to it."""
    active = AgentItem.is_active == True  # noqa: E712
    return active & AgentItem.departments.contains(by.id) if by.type is GranteeType.DEPARTMENT else active


def grantee_of(item: Item | None) -> Grantee | None:
    """Return whom a grant would name, if the item read is an active agent or a department."""
    match item:
        case AgentItem(is_active=True):
            return Grantee(type=GranteeType.AGENT, id=item.agent_id, name=item.name)
        case DepartmentItem():
            return Grantee(type=GranteeType.DEPARTMENT, id=item.department_id, name=item.name)
        case _:
            return None


def _active(found: Agent | None) -> Agent:
    if found is None or not found.is_active:
        raise AgentInactive
    return found


def _dated(given: Agent, before: Agent | None) -> Agent:
    if before and before.is_active == given.is_active and set(before.departments) == set(given.departments):
        return replace(given, changed_at=before.changed_at)
    return given


def _agent_item(agent: Agent) -> AgentItem:
    return AgentItem(
        *keys.agent(agent.agent_id),
        agent_id=agent.agent_id,
        name=agent.name,
        email=agent.email,
        departments=list(agent.departments),
        is_active=agent.is_active,
        changed_at=agent.changed_at,
        directory=keys.DIRECTORY if agent.is_active else None,
        directory_sort=f"{GranteeType.AGENT}#{agent.agent_id}" if agent.is_active else None,
    )
