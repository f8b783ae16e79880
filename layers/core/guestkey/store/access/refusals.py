"""Refused logins. The first of an agent at a tenant in an hour is a ledger entry; later ones only raise a counter.

So an agent cannot flood a tenant's ledger. The next entry about the agent reports the counted refusals.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey.rules.ledger import By, ByType, Note, What
from guestkey.rules.people import Agent
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.counters import CounterItem
from guestkey.store.dynamodb.mapping import value_of
from guestkey.store.dynamodb.transaction import ConditionFailed, OutcomeUnknown, Transaction, TransactionConflict
from guestkey.store.dynamodb.unreadable import expect, readable
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState

REFUSED = "refused"
MAX_HOURS_REPORTED = 10
"""Number of hours whose refusals one ledger entry reports; further hours are left for the next entry."""


@dataclass(frozen=True, kw_only=True)
class RefusalCount:
    """Refusals of a person at a tenant in one UTC hour."""

    pk: str
    sk: str
    number: int = 0
    reported: int = 0
    """How many of them the ledger reports."""
    incarnation: int = 1
    """The person of the agent's id who was refused."""
    noted_as: str | None = None
    """The mark of the try that wrote the hour's first refusal into the ledger."""


def remember(agent: Agent, state: LedgerState, before: list[RefusalCount], now: datetime) -> None:
    """Record that an agent was refused: once an hour in the ledger if no other writer interferes, else in a counter.

    `before` holds the counts of `of_person`.
    """
    agent_id = agent.agent_id
    key = keys.counter(REFUSED, agent_id, state.tenant_id, now, agent.incarnation)
    none = RefusalCount(pk=key.pk, sk=key.sk, incarnation=agent.incarnation)
    hour = next((count for count in before if count.sk == key.sk), none)
    mark = token_hex(8)
    if hour.noted_as or not _is_noted(agent_id, state, hour, before, now, mark):
        _count(hour, now, mark)


def of_agent(agent_id: str, tenant_id: str) -> list[RefusalCount]:
    """Return the refusals of all persons of an agent's id at a tenant, one count for each hour, strongly consistent."""
    under = CounterItem.sk.startswith(keys.counters_of(REFUSED, tenant_id))
    items = CounterItem.query(keys.agent(agent_id).pk, under, consistent_read=True)
    return list(readable(lambda item: value_of(RefusalCount, expect(CounterItem, item)), items))


def of_person(agent: Agent, counts: list[RefusalCount]) -> list[RefusalCount]:
    """Return the counts of the agent's present person: one who follows under the id answers for no other."""
    return [count for count in counts if count.incarnation == agent.incarnation]


def unreported(counts: list[RefusalCount]) -> list[RefusalCount]:
    """Return the hours with refusals that the ledger does not report, at most as many as one entry may report."""
    return [count for count in counts if count.number > count.reported][:MAX_HOURS_REPORTED]


def number_of(counts: list[RefusalCount]) -> int:
    """Return the number of refusals in these hours that the ledger does not report."""
    return sum(count.number - count.reported for count in counts)


def report(transaction: Transaction, counts: list[RefusalCount]) -> None:
    """Add to a transaction that its ledger entry reports these refusals, unless another entry reported them meanwhile.

    The condition fails then, or when DynamoDB has deleted the counter. A concurrent refusal stays unreported.
    """
    for count in counts:
        item = counters.item(keys.Key(count.pk, count.sk))
        actions = [CounterItem.reported.set(count.number)]
        transaction.update(f"reported {count.sk}", item, actions, CounterItem.pk.exists() & _is_unreported(count))


def _is_noted(
    agent_id: str, state: LedgerState, hour: RefusalCount, before: list[RefusalCount], now: datetime, mark: str
) -> bool:
    """Write the hour's first refusal into the ledger, with those counted before; say whether it surely succeeded."""
    others = [count for count in unreported(before) if count.sk != hour.sk]

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        actions = [CounterItem.noted_as.set(mark), CounterItem.reported.set(hour.number + 1)]
        transaction.update(
            "hour",
            counters.item(keys.Key(hour.pk, hour.sk)),
            [*_up(hour, now), *actions],
            CounterItem.noted_as.does_not_exist() & _is_unreported(hour),
        )
        report(transaction, others)

    data = {"refusals_before": number_of([hour, *others])}
    note = Note(what=What.LOGIN_REFUSED, by=By(type=ByType.AGENT, id=agent_id), about=agent_id, data=data, at=now)
    return ledger.try_write(state, [note], add_writes)


def _is_unreported(count: RefusalCount) -> Condition:
    """Return the condition that the ledger reports as many refusals of an hour as when they were counted."""
    if count.reported:
        return CounterItem.reported == count.reported
    nothing: Condition = CounterItem.reported.does_not_exist() | (CounterItem.reported == 0)
    return nothing


def _up(hour: RefusalCount, now: datetime) -> list[Action]:
    return [*counters.up(now), CounterItem.incarnation.set(hour.incarnation)]


def _count(hour: RefusalCount, now: datetime, mark: str) -> None:
    """Raise a counter by one, unless the try with that mark was stored and only its answer was lost.

    It is a transaction, because a repeated single update counts twice. The agent's response does not depend on it.
    """
    transaction = Transaction()
    is_unknown = CounterItem.noted_as.does_not_exist() | (CounterItem.noted_as != mark)
    transaction.update("hour", counters.item(keys.Key(hour.pk, hour.sk)), _up(hour, now), is_unknown)
    with suppress(ConditionFailed, TransactionConflict, OutcomeUnknown):
        transaction.commit()
