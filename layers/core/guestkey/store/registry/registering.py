"""Registers agents and departments, as the vendor's backend puts them."""

from dataclasses import dataclass, replace
from datetime import datetime

from guestkey.errors import DepartmentUnknown
from guestkey.rules.accountability import Change, Registered, register
from guestkey.rules.people import Agent, Department, GranteeType
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.mapping import attributes_of
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.retry import growing_pauses, retry, transact
from guestkey.store.dynamodb.transaction import OutcomeUnknown, Transaction, single_write
from guestkey.store.dynamodb.unreadable import read_or_none
from guestkey.store.registry import people
from guestkey.store.registry.people import AgentItem, DepartmentItem, LeftItem, SoftwareItem, agent_of, is_as_read

MAX_AGENT_TRIES, MAX_DEPARTMENT_TRIES = 5, 3


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

    Software turns inactive with the person who is accountable for it, in the same transaction. An unchanged agent is
    not written again, because a write may conflict with the agent's logins. Another request that makes the agent
    inactive meanwhile wins: a caller that found the agent active did not mean to bring a leaver back. Raises
    DepartmentUnknown if a department was never registered, and AccountableUnknown.
    """
    was_active = False

    def decide(stored: Registered) -> Registration:
        nonlocal was_active
        before = stored.before
        is_active = given.is_active and not (was_active and before is not None and not before.is_active)
        was_active = was_active or (before is not None and before.is_active)
        agent, beside = register(replace(given, is_active=is_active), stored)
        return Registration(agent, beside)

    return transact(load=lambda: _load(given), decide=decide, save=_save, tries=MAX_AGENT_TRIES).agent


@dataclass(frozen=True)
class Registration:
    """The record of an agent, and the changes of others that belong to it."""

    agent: Agent
    beside: list[Change]


def _load(given: Agent) -> Registered:
    """Return the records that the registration depends on. Raises DepartmentUnknown.

    Code from before numbers, after a rollback, stores a record without them: then the last person who left counts.
    """
    departments = [keys.department(department_id) for department_id in given.departments]
    named = keys.agent(given.accountable.agent_id) if given.accountable else None
    found = find_all({keys.agent(given.agent_id), *departments, *([named] if named else [])})
    if not found.keys() >= set(departments):
        raise DepartmentUnknown
    item = found.get(keys.agent(given.agent_id))
    before = agent_of(item) if item else None
    if before and not before.version:
        before = replace(before, incarnation=max(before.incarnation, _last_left(given) + 1))
    beside = people.agents([*before.accountable_for, *filter(None, [before.depends_on])]) if before else {}
    return Registered(
        before=before,
        named=read_or_none(agent_of, found[named]) if named in found else None,
        former=beside.get(before.depends_on or "") if before else None,
        dependent=tuple(beside[id] for id in before.accountable_for if id in beside) if before else (),
    )


def _last_left(agent: Agent) -> int:
    pk, _ = keys.agent(agent.agent_id)
    newest = LeftItem.query(
        pk, LeftItem.sk.startswith(keys.LEFT), consistent_read=True, scan_index_forward=False, limit=1
    )
    return max((int(item.incarnation) for item in newest), default=0)


def _save(registration: Registration, stored: Registered) -> None:
    agent, before = registration.agent, stored.before
    changed = [one for one in registration.beside if one.after != one.before]
    if not changed and not agent.differs(before):
        return
    transaction = Transaction()
    transaction.put("agent", _item(agent), is_as_read(before) if before else AgentItem.pk.does_not_exist())
    if before:
        _put_left(transaction, before, agent)
    if before and _left_before_numbers(before):
        earlier = replace(before, incarnation=before.incarnation - 1)
        transaction.put("left", _left_item(earlier, before.changed_at))
    for one in registration.beside:
        if one in changed:
            transaction.put(f"agent {one.after.agent_id}", _item(one.after), is_as_read(one.before))
            _put_left(transaction, one.before, one.after)
        else:
            people.check_unchanged(transaction, one.before)
    transaction.commit()


def _put_left(transaction: Transaction, before: Agent, after: Agent) -> None:
    if after.incarnation > before.incarnation:
        transaction.put(f"left {before.agent_id}", _left_item(before, after.changed_at))


def _item(agent: Agent) -> AgentItem:
    kind = SoftwareItem if agent.is_software else AgentItem
    return kind(
        *keys.agent(agent.agent_id),
        **attributes_of(agent, kind),
        directory=index_keys.DIRECTORY if agent.is_active else None,
        directory_sort=index_keys.directory_sort(GranteeType.AGENT, agent.agent_id) if agent.is_active else None,
    )


def _left_before_numbers(before: Agent) -> bool:
    """Say whether nothing tells yet when this inactive agent left."""
    if before.version or before.is_active:
        return False
    return find(LeftItem, keys.left(before.agent_id, before.incarnation - 1)) is None


def _left_item(agent: Agent, at: datetime) -> LeftItem:
    return LeftItem(
        *keys.left(agent.agent_id, agent.incarnation),
        agent_id=agent.agent_id,
        incarnation=agent.incarnation,
        left_at=at,
        due=index_keys.due_on(agent.agent_id),
        due_at=at,
    )
