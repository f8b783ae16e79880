"""The limits of changes of call-backs in a UTC hour: those of a user, and those of an agent at one tenant."""

from datetime import datetime

from guestkey.rules.callbacks import MAX_BOOKINGS_AN_HOUR, MAX_CHANGES_BY_AGENT_AN_HOUR
from guestkey.rules.ledger import By, ByType, What
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.transaction import Transaction

BY_USER = frozenset({What.CALLBACK_BOOKED, What.CALLBACK_MOVED})
BY_AGENT = frozenset({What.CALLBACK_TAKEN, What.CALLBACK_HANDED, What.CALLBACK_MOVED})


def count(transaction: Transaction, tenant_id: str, what: What, by: By, now: datetime) -> None:
    """Add the counting of a change by a user or an agent. Changes by the vendor are not counted.

    Cancelling, closing and releasing have no limit: each follows a change that has one.
    """
    match by:
        case By(type=ByType.USER, id=str(user_id)) if what in BY_USER:
            counter = keys.counter_of_user(counters.BOOKED, tenant_id, user_id, now)
            counters.count(transaction, counter, MAX_BOOKINGS_AN_HOUR, now)
        case By(type=ByType.AGENT, id=str(agent_id)) if what in BY_AGENT:
            counter = keys.counter(counters.CHANGED, agent_id, tenant_id, now)
            counters.count(transaction, counter, MAX_CHANGES_BY_AGENT_AN_HOUR, now)
