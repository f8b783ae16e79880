"""Booking of a call-back: the tenant's open key, the seats, the record and its ledger entry are one transaction."""

from dataclasses import dataclass
from datetime import datetime

from guestkey.errors import SlotTaken, TenantUnknown
from guestkey.rules.callback_entries import note
from guestkey.rules.callbacks import Callback
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.people import Tenant, User
from guestkey.rules.slots import Slot
from guestkey.store.callbacks import callbacks, limits, seats
from guestkey.store.callbacks.callbacks import CallbackItem, OpenCallbackItem
from guestkey.store.dynamodb import counters, idempotency, keys
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.dynamodb.unreadable import expect
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import tenants


class StillOpen(Exception):
    """Raised when the tenant waits for a call already."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        super().__init__(callback.callback_id)


@dataclass(frozen=True, kw_only=True)
class BookingContext:
    """State loaded before a call-back is booked: tenant, ledger state, open call-back and slot, in one round trip."""

    tenant: Tenant
    ledger: LedgerState
    open_id: str | None
    """The call-back for which the tenant waits already."""
    is_full: bool
    """Whether others held all seats of the slot when it was read."""

    def refuse_full(self) -> None:
        """Raise SlotTaken if the slot was full: reading refuses early, a condition of the transaction decides."""
        if self.is_full:
            raise SlotTaken


def load_for_booking(
    user: User, slot: Slot | None, lines: int, record: IdempotencyRecord | None, now: datetime
) -> BookingContext:
    """Return the state that a booking of this slot depends on. Raises TenantUnknown or ReplayResponse."""
    tenant, open_key = keys.tenant(user.tenant_id), keys.open_callback(user.tenant_id)
    quarters = [keys.slot(quarter) for quarter in slot.quarters] if slot else []
    found = find_all([tenant, open_key, keys.ledger(user.tenant_id), *quarters, *idempotency.record_keys(record)])
    state = ledger.state_in(found, user.tenant_id)
    if state is None or tenant not in found:
        raise TenantUnknown
    idempotency.replay(record, found, now)
    open_id, is_full = callbacks.open_id(found.get(open_key), now), seats.is_full(found, quarters, lines)
    return BookingContext(tenant=tenants.tenant_of(found[tenant]), ledger=state, open_id=open_id, is_full=is_full)


def save_booked(callback: Callback, context: BookingContext, lines: int, record: IdempotencyRecord | None) -> None:
    """Store a call-back with its seats or its place in the queue, and its ledger entry.

    Raises StillOpen, SlotTaken, TooManyRequests above the user's limit of the hour, ReplayResponse, ConditionFailed
    when the same request was first, or Busy.
    """
    now, by = callback.requested_at, By(type=ByType.USER, id=callback.requested_by.user_id)

    over: set[str] = set()

    def refuse_open(callback_id: str | None) -> None:
        if callback_id in {None, callback.callback_id, *over}:
            return
        assert callback_id
        found = callbacks.find_one(callback.tenant_id, callback_id)
        if found.is_open(now):
            raise StillOpen(found)
        over.add(callback_id)  # an agent who left had taken it, so its open key does not say when it ended

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        is_free = OpenCallbackItem.pk.does_not_exist() | (OpenCallbackItem.ends_at <= now)
        for callback_id in over:
            is_free |= OpenCallbackItem.callback_id == callback_id
        transaction.put("open", callbacks.open_item(callback), is_free)
        callbacks.put(transaction, callback, CallbackItem.pk.does_not_exist(), now)
        seats.shift(transaction, None, callback, lines, now)
        idempotency.store_response(transaction, record, now)
        limits.count(transaction, callback.tenant_id, What.CALLBACK_BOOKED, by, now)

    def again() -> None:
        key = keys.open_callback(callback.tenant_id)
        found = find_all([key, *idempotency.record_keys(record)])
        idempotency.replay(record, found, now)
        refuse_open(callbacks.open_id(found.get(key), now))
        seats.refuse_full(None, callback, lines)

    refuse_open(context.open_id)
    context.refuse_full()
    booked = note(callback, What.CALLBACK_BOOKED, by, now)
    try:
        ledger.write(
            context.ledger, [booked], add_writes, idempotent_write="callback", may_claim=False, before_retry=again
        )
    except ConditionFailed as error:
        if "idempotency" in error.failed:
            raise
        if "open" in error.failed:
            refuse_open(expect(OpenCallbackItem, OpenCallbackItem.from_raw_data(error.failed["open"])).callback_id)
        counters.refuse_at_limit(error, now)
        raise SlotTaken from error
