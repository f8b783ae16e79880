"""Software that works for the vendor's support, and the persons who are accountable for it.

Software turns inactive in the transaction in which its accountable person does, so no decision reads a second record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from guestkey.errors import AccountableUnknown, InputInvalid
from guestkey.rules.people import Accountable, Agent

MAX_SOFTWARE = 20
"""Limit of active software for which one person is accountable: one transaction ends all of it."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """The records, as they were read, that the registration of an agent depends on."""

    before: Agent | None
    named: Agent | None = None
    """The agent whom the software names as accountable."""
    former: Agent | None = None
    """The person with whom the software turned inactive until now."""
    dependent: tuple[Agent, ...] = ()
    """The software for which the agent was accountable."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """The record of another agent before and after a registration. Both are the same where it must not change."""

    before: Agent
    after: Agent


def register(given: Agent, stored: Registered) -> tuple[Agent, list[Change]]:
    """Return the record of an agent as the vendor gave it, and the changes of other records that belong to it.

    Raises AccountableUnknown if software names no registered agent, or is active and names no active person.
    """
    if given.is_software:
        given = replace(given, accountable=_accountable(given, stored.named))
    agent = given.succeeds(stored.before)
    return agent, [*_of_persons(agent, stored), *_of_dependent(agent, stored.dependent, given.changed_at)]


def _accountable(given: Agent, named: Agent | None) -> Accountable:
    if named is None or named.agent_id == given.agent_id or (given.is_active and not named.may_be_accountable):
        raise AccountableUnknown
    return Accountable(agent_id=named.agent_id, name=named.name)


def _of_persons(agent: Agent, stored: Registered) -> Iterator[Change]:
    """Yield the persons on whom the software depends, or depended until now. The first must stay as it was read."""
    named, former = stored.named, stored.former
    if named and agent.depends_on:
        others = tuple(id for id in named.accountable_for if id != agent.agent_id)
        if len(others) >= MAX_SOFTWARE:
            fault = {"pointer": "/accountable", "detail": f"A person is accountable for at most {MAX_SOFTWARE} agents"}
            raise InputInvalid(errors=[fault])
        is_linked = agent.agent_id in named.accountable_for
        yield Change(before=named, after=named if is_linked else _with(named, (*others, agent.agent_id)))
    if former and former.agent_id != agent.depends_on:
        others = tuple(id for id in former.accountable_for if id != agent.agent_id)
        yield Change(before=former, after=_with(former, others))


def _of_dependent(person: Agent, dependent: tuple[Agent, ...], at: datetime) -> Iterator[Change]:
    """Yield the software that turns inactive with the person, or shows another name of theirs."""
    for software in dependent:
        after = software.followed_by(person, at)
        if software.depends_on == person.agent_id and after.differs(software):
            yield Change(before=software, after=after)


def _with(person: Agent, accountable_for: tuple[str, ...]) -> Agent:
    return replace(person, accountable_for=accountable_for, version=person.version + 1)
