"""Hourly limits of an agent that go beyond recorded changes: sendings of requests, and unknown names."""

from datetime import datetime

from guestkey.errors import TooManyRequests
from guestkey.rules.requests import MAX_SENDINGS_OF_AGENT, MAX_SENDINGS_TO_TENANT, MAX_UNKNOWN
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.counters import CounterItem
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.retry import MAX_TRIES, growing_pauses, retry
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction, TransactionConflict

SENDINGS, UNKNOWN = "sendings", "unknown"
OF_AGENT, TO_TENANT = "sendings of agent", "sendings to tenant"


def count_sending(transaction: Transaction, agent_id: str, tenant_id: str, now: datetime) -> None:
    """Add the counting of one sending, to however many recipients. `refuse_sending` explains it at a limit."""
    for name, key, limit in (
        (OF_AGENT, keys.counter_of_agent(SENDINGS, agent_id, now), MAX_SENDINGS_OF_AGENT),
        (TO_TENANT, keys.counter_of_tenant(SENDINGS, tenant_id, now), MAX_SENDINGS_TO_TENANT),
    ):
        counters.count(transaction, key, limit, now, name=name)


def refuse_sending(error: ConditionFailed, now: datetime) -> None:
    """Raise TooManyRequests if a limit of sendings is the reason why a change failed."""
    if error.failed.keys() & {OF_AGENT, TO_TENANT}:
        raise TooManyRequests("Hourly limit of requests reached.", retry_after=counters.seconds_left(now))


def unknown(agent_id: str, now: datetime) -> keys.Key:
    """Return the counter of unknown tenants and recipients that an agent named."""
    return keys.counter_of_agent(UNKNOWN, agent_id, now)


def refuse_guessing(counter: Item | None, now: datetime) -> None:
    """Raise TooManyRequests if the counter, read with other items, has reached its limit.

    Known names are refused as well: otherwise the response would reveal the names that exist.
    """
    if isinstance(counter, CounterItem) and counter.number >= MAX_UNKNOWN:
        raise _too_many_unknown(now)


def count_unknown(agent_id: str, now: datetime) -> None:
    """Count that an agent named an unknown tenant or recipient. Raises TooManyRequests above the limit, or Busy."""

    def count(_: int) -> None:
        transaction = Transaction()
        counters.count(transaction, unknown(agent_id, now), MAX_UNKNOWN, now)
        transaction.commit()

    try:
        retry(count, growing_pauses(MAX_TRIES), on=(TransactionConflict,))
    except ConditionFailed:
        raise _too_many_unknown(now) from None


def _too_many_unknown(now: datetime) -> TooManyRequests:
    return TooManyRequests("Too many unknown tenants or recipients this hour.", retry_after=counters.seconds_left(now))
