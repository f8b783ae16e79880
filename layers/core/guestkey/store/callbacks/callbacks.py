"""Call-backs in the table. The tenant's open key, the seats, the record and its ledger entry are one transaction.

The open key exists while the tenant waits for a call. After the end of a booked slot it no longer counts, even if
DynamoDB has not deleted it yet: conditions require *absent or over*.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from guestkey import settings
from guestkey.errors import CallbackClosed, NoCallback, NotFound, SlotTaken, TenantUnknown
from guestkey.rules import callbacks as rules
from guestkey.rules.callbacks import MAX_BOOKINGS_AN_HOUR, Callback
from guestkey.rules.desk import Desk
from guestkey.rules.hours import begins_at
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.people import Tenant, User
from guestkey.rules.slots import A_DAY
from guestkey.store.callbacks import seats
from guestkey.store.callbacks.seats import CallbackName
from guestkey.store.dynamodb import counters, idempotency, keys
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.retry import transact
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import tenants

MAX_CHANGE_TRIES = 12
"""Tries of a change to a call-back that others change at the same time."""


class StillOpen(Exception):
    """Raised when the tenant waits for a call already."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        super().__init__(callback.callback_id)


class OpenCallbackItem(Item, discriminator="open_callback"):
    """The tenant waits for a call: until it is closed, or until the end of a booked slot that no agent took."""

    callback_id = UnicodeAttribute()
    ends_at = InstantAttribute(null=True)


class CallbackTenantItem(Item, discriminator="callback_of"):
    """The tenant of a call-back: the agents' routes get only its id."""

    tenant_id = UnicodeAttribute()


class CallbackItem(Item, discriminator="callback"):
    """The complete record of a call-back."""

    topic = UnicodeAttribute()
    description = UnicodeAttribute()
    description_salt = UnicodeAttribute(null=True)
    phone = UnicodeAttribute()
    phone_shown = UnicodeAttribute()
    starts_at = InstantAttribute(null=True)
    ends_at = InstantAttribute(null=True)
    requested_at = InstantAttribute()
    requested_by_id = UnicodeAttribute()
    requested_by_name = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    locale = UnicodeAttribute(null=True)
    taken_by_id = UnicodeAttribute(null=True)
    taken_by_name = UnicodeAttribute(null=True)
    closed_as = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    note_salt = UnicodeAttribute(null=True)
    version = NumberAttribute()


@dataclass(frozen=True, kw_only=True)
class BookingContext:
    """State loaded before a call-back is booked: tenant, ledger state and open call-back, in one round trip."""

    tenant: Tenant
    ledger: LedgerState
    open_id: str | None
    """The call-back for which the tenant waits already."""


@dataclass(frozen=True, kw_only=True)
class CallbackContext:
    """State loaded before a call-back is changed: the call-back and the ledger state."""

    callback: Callback
    ledger: LedgerState


def load_for_booking(user: User, record: IdempotencyRecord | None, now: datetime) -> BookingContext:
    """Return the state that a booking depends on. Raises TenantUnknown or ReplayResponse."""
    tenant, open_key = keys.tenant(user.tenant_id), keys.open_callback(user.tenant_id)
    found = find_all([tenant, open_key, keys.ledger(user.tenant_id), *idempotency.record_keys(record)])
    state = ledger.state_in(found, user.tenant_id)
    if state is None or tenant not in found:
        raise TenantUnknown
    idempotency.replay(record, found, now)
    open_id = _open_id(found.get(open_key), now)
    return BookingContext(tenant=tenants.tenant_of(found[tenant]), ledger=state, open_id=open_id)


def save_booked(callback: Callback, context: BookingContext, lines: int, record: IdempotencyRecord | None) -> None:
    """Store a call-back with its seats or its place in the queue, and its ledger entry.

    Raises StillOpen, SlotTaken, TooManyRequests above the user's limit of the hour, ReplayResponse, ConditionFailed
    when the same request was first, or Busy.
    """
    now, by = callback.requested_at, By(type=ByType.USER, id=callback.requested_by.user_id)

    def refuse_open(callback_id: str | None) -> None:
        if callback_id not in (None, callback.callback_id):
            raise StillOpen(find_one(callback.tenant_id, callback_id))

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        is_free = OpenCallbackItem.pk.does_not_exist() | (OpenCallbackItem.ends_at <= now)
        transaction.put("open", _open_item(callback), is_free)
        _put(transaction, callback, CallbackItem.pk.does_not_exist(), now)
        seats.shift(transaction, None, callback, lines, now)
        idempotency.store_response(transaction, record, now)
        _count_for_user(transaction, callback.tenant_id, by, now)

    def again() -> None:
        key = keys.open_callback(callback.tenant_id)
        found = find_all([key, *idempotency.record_keys(record)])
        idempotency.replay(record, found, now)
        refuse_open(_open_id(found.get(key), now))
        seats.refuse_full(None, callback, lines)

    refuse_open(context.open_id)
    note = rules.note(callback, What.CALLBACK_BOOKED, by, now)
    try:
        ledger.write(
            context.ledger, [note], add_writes, idempotent_write="callback", may_claim=False, before_retry=again
        )
    except ConditionFailed as error:
        if "idempotency" in error.failed:
            raise
        if "open" in error.failed:
            refuse_open(OpenCallbackItem.from_raw_data(error.failed["open"]).callback_id)
        counters.refuse_at_limit(error, now)
        raise SlotTaken from error


def change(
    tenant_id: str, callback_id: str, what: What, by: By, rule: rules.Rule, now: datetime, lines: int = 0
) -> Callback:
    """Apply a rule to a call-back, store the result with its seats and its ledger entry, and return it.

    A result that equals the stored call-back is not written. A user's moves are counted. Raises NotFound, SlotTaken,
    CallbackClosed, TooManyRequests, the refusals of the rule, or Busy.
    """
    return transact(
        load=lambda: _load(tenant_id, callback_id),
        decide=lambda context: rule(context.callback),
        save=lambda after, context: _save(after, context, what, by, now, lines),
        tries=MAX_CHANGE_TRIES,
    )


def open_of(tenant_id: str, now: datetime) -> Callback:
    """Return the call-back for which the tenant waits. Raises NoCallback."""
    key = keys.open_callback(tenant_id)
    callback_id = _open_id(find_all([key]).get(key), now)
    callback = find_one(tenant_id, callback_id) if callback_id else None
    if callback is None or not callback.is_open(now):
        raise NoCallback
    return callback


def find_one(tenant_id: str, callback_id: str) -> Callback:
    """Return one call-back, strongly consistent. Raises NotFound."""
    item = find(CallbackItem, keys.callback(tenant_id, callback_id))
    if item is None:
        raise NotFound
    return callback_of(item)


def find_many(names: Iterable[CallbackName]) -> list[Callback]:
    """Return the existing ones of these call-backs, in the same order."""
    in_order = [keys.callback(tenant_id, callback_id) for tenant_id, callback_id in names]
    found = find_all(in_order)
    return [callback_of(found[key]) for key in in_order if key in found]


def booked_on(desk: Desk, day: date) -> list[Callback]:
    """Return the call-backs whose slot begins on one of the desk's days, by time, strongly consistent."""
    begins, ends = begins_at(desk, day), begins_at(desk, day + A_DAY)
    return rules.of_day(find_many(seats.booked(begins, ends)), begins, ends)


def tenant_of(callback_id: str) -> str:
    """Return the tenant of a call-back. Raises NotFound."""
    item = find(CallbackTenantItem, keys.callback_tenant(callback_id))
    if item is None:
        raise NotFound
    return item.tenant_id


def callback_of(item: Item) -> Callback:
    """Return the call-back of an item that was read together with others."""
    assert isinstance(item, CallbackItem)
    return value_of(Callback, item, tenant_id=keys.tenant_id_in(item.pk), callback_id=keys.id_in(item.sk))


def _is_as_read(before: Callback) -> Condition:
    taken_by = CallbackItem.taken_by_id
    is_as_read: Condition = (CallbackItem.version == before.version) & CallbackItem.closed_as.does_not_exist()
    is_as_read &= taken_by == before.taken_by.agent_id if before.taken_by else taken_by.does_not_exist()
    return is_as_read


def _open_id(item: Item | None, now: datetime) -> str | None:
    """Return the call-back of an open key that was read, unless its slot is over."""
    if not isinstance(item, OpenCallbackItem) or (item.ends_at and item.ends_at <= now):
        return None
    return item.callback_id


def _put(transaction: Transaction, callback: Callback, condition: Condition, now: datetime) -> None:
    """Add the record of a call-back and its tenant, without a time to live while only an agent can close it."""
    over_at = callback.slot.ends_at if callback.slot and not callback.closed_as else now
    ttl = None if callback.is_open_ended else epoch(over_at + settings.RETENTION)
    key = keys.callback(callback.tenant_id, callback.callback_id)
    transaction.put("callback", CallbackItem(*key, **attributes_of(callback, CallbackItem), ttl=ttl), condition)
    owner = CallbackTenantItem(*keys.callback_tenant(callback.callback_id), tenant_id=callback.tenant_id, ttl=ttl)
    transaction.put("tenant of it", owner)


def _count_for_user(transaction: Transaction, tenant_id: str, by: By, now: datetime) -> None:
    """Add the counting of a call-back that a user books or moves. Moves by agents or the vendor are not counted."""
    if by.type is ByType.USER and by.id:
        counter = keys.counter_of_user(counters.BOOKED, tenant_id, by.id, now)
        counters.count(transaction, counter, MAX_BOOKINGS_AN_HOUR, now)


def _open_item(callback: Callback) -> OpenCallbackItem:
    return OpenCallbackItem(
        *keys.open_callback(callback.tenant_id),
        callback_id=callback.callback_id,
        ends_at=callback.slot.ends_at if callback.slot and not callback.is_open_ended else None,
    )


def _load(tenant_id: str, callback_id: str) -> CallbackContext:
    """Return the state that a change depends on. Raises NotFound."""
    key = keys.callback(tenant_id, callback_id)
    found = find_all([key, keys.ledger(tenant_id)])
    state = ledger.state_in(found, tenant_id)
    if state is None or key not in found:
        raise NotFound
    return CallbackContext(callback=callback_of(found[key]), ledger=state)


def _save(after: Callback, context: CallbackContext, what: What, by: By, now: datetime, lines: int) -> None:
    """Store a changed call-back. Raises SlotTaken, CallbackClosed, TooManyRequests, or ConditionFailed."""
    before = context.callback
    if after == before:
        return
    is_its_own = OpenCallbackItem.callback_id == after.callback_id

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        if after.closed_as:
            transaction.delete("open", OpenCallbackItem(*keys.open_callback(after.tenant_id)), is_its_own)
        else:
            transaction.put("open", _open_item(after), is_its_own)
        _put(transaction, after, _is_as_read(before), now)
        seats.shift(transaction, before, after, lines, now)
        if what is What.CALLBACK_MOVED:
            _count_for_user(transaction, after.tenant_id, by, now)

    try:
        ledger.write(
            context.ledger,
            [rules.note(after, what, by, now, before)],
            add_writes,
            yields_to_users=by.type is ByType.AGENT,
            may_claim=False,
            before_retry=lambda: seats.refuse_full(before, after, lines),
        )
    except ConditionFailed as error:
        if "callback" in error.failed:
            raise
        if "open" in error.failed:  # by another clock the slot was over, and another call-back is open now
            raise CallbackClosed from None
        counters.refuse_at_limit(error, now)
        raise SlotTaken from error
