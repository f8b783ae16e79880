"""The limit of call-backs that one user books or moves."""

from datetime import datetime

from guestkey.rules.callbacks import MAX_BOOKINGS_AN_HOUR
from guestkey.rules.ledger import By, ByType
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.transaction import Transaction


def count_for_user(transaction: Transaction, tenant_id: str, by: By, now: datetime) -> None:
    """Add the counting of a call-back that a user books or moves. Moves by agents or the vendor are not counted."""
    if by.type is ByType.USER and by.id:
        counter = keys.counter_of_user(counters.BOOKED, tenant_id, by.id, now)
        counters.count(transaction, counter, MAX_BOOKINGS_AN_HOUR, now)
