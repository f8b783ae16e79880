"""Locks of a tenant's account in the table: what moves the door, and a record of who did it, when and why.

The door alone decides. The record is named by the number of its ledger entry, which the door's voidings have, too.
"""

from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from guestkey import settings
from guestkey.errors import RightMissing, TenantUnknown
from guestkey.rules import lockdown as rules
from guestkey.rules.door import NOT_UNDERSTOOD, Door
from guestkey.rules.ledger import Note
from guestkey.rules.lockdown import MAX_LIFTS_AN_HOUR, Lock
from guestkey.rules.people import User
from guestkey.store.access import doors
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.dynamodb.unreadable import Unreadable, expect, read_or_none
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import AddWrites, LedgerState
from guestkey.store.registry import tenants


class LockItem(Item, discriminator="lock"):
    """One lock, and its lift. It is kept as long as other history, from the lift on."""

    locked_at = InstantAttribute(null=True)
    locked_by_id = UnicodeAttribute(null=True)
    locked_by_name = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    reason_salt = UnicodeAttribute(null=True)
    lifted_at = InstantAttribute(null=True)
    lifted_by_id = UnicodeAttribute(null=True)
    lifted_by_name = UnicodeAttribute(null=True)
    kept_grants = BooleanAttribute(null=True)


@dataclass(frozen=True, kw_only=True)
class LockContext:
    """State loaded before the account is locked or unlocked: user, door, the last lock, and ledger state."""

    user: User
    door: Door
    last: Lock | None
    """The last lock, lifted or not."""
    ledger: LedgerState


def load_context(user: User) -> LockContext:
    """Return the state that locking and lifting depend on. Raises RightMissing, TenantUnknown.

    A door that this version does not understand raises Unreadable: a lock must not be confirmed that others may not
    know of, nor one be lifted that a newer version wrote.
    """
    tenant_id = user.tenant_id
    right, door_key = keys.right(tenant_id, user.user_id), keys.door(tenant_id)
    found = find_all([right, door_key, keys.ledger(tenant_id)])
    state = ledger.state_in(found, tenant_id)
    if not tenants.holds_right_by(user, found.get(right)):
        raise RightMissing
    if state is None:
        raise TenantUnknown
    door = doors.door_of(found.get(door_key))
    if door is NOT_UNDERSTOOD:
        raise Unreadable(door_key)
    return LockContext(user=user, door=door, last=last_lock(tenant_id, door), ledger=state)


def last_lock(tenant_id: str, door: Door) -> Lock | None:
    """Return the last lock of a tenant by its door, lifted or not, strongly consistent; None if there was none."""
    voiding = door.last_lock
    if voiding is None:
        return Lock(tenant_id=tenant_id, locked_at=None, locked_by=None) if door.is_locked else None
    item = find(Item, keys.lock(tenant_id, voiding.seq))
    stored = read_or_none(lock_of, item) if item else None
    return stored or Lock(tenant_id=tenant_id, locked_at=voiding.at, locked_by=None)


def lock_of(item: Item) -> Lock:
    """Return the lock of an item that was read together with others. Raises Unreadable."""
    return value_of(Lock, expect(LockItem, item), tenant_id=keys.tenant_id_in(item.pk))


def save_lock(lock: Lock, context: LockContext, now: datetime) -> None:
    """Store a lock: the door, the record and the ledger entry in one transaction. A present lock stays as it is.

    No check that starts after the answer is allowed, because each reads the door. Raises ConditionFailed when the right
    or the door has changed, or Busy.
    """
    if lock is context.last:
        return
    user, tenant_id = context.user, lock.tenant_id

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        tenants.check_right(transaction, user)
        seq = state.next_seq
        doors.update_lock(transaction, tenant_id, context.door, context.door.locked(seq, now), now)
        transaction.add("lock", LockItem(*keys.lock(tenant_id, seq), **attributes_of(lock, LockItem)))

    _write(context, rules.locked(lock, user, now), add_writes)


def save_lift(lock: Lock | None, context: LockContext, now: datetime) -> None:
    """Store the lift of a lock in the same way. An account without a lock stays as it is.

    Raises TooManyRequests above the user's limit of the hour, and the errors of `save_lock`.
    """
    if lock is None or lock is context.last:
        return
    assert lock.lifted_by and lock.kept_grants is not None
    user, tenant_id, keep_grants = context.user, lock.tenant_id, lock.kept_grants
    voiding = context.door.last_lock
    counter = keys.counter_of_user(counters.LIFTED, tenant_id, user.user_id, now)
    actions = [
        LockItem.kind.set(LockItem),
        LockItem.lifted_at.set(now),
        LockItem.lifted_by_id.set(lock.lifted_by.user_id),
        LockItem.lifted_by_name.set(lock.lifted_by.name),
        LockItem.kept_grants.set(keep_grants),
        LockItem.ttl.set(epoch(now + settings.RETENTION)),
    ]

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        tenants.check_right(transaction, user)
        lifted = context.door.lifted(state.next_seq, now, keep_grants)
        doors.update_lock(transaction, tenant_id, context.door, lifted, now)
        if voiding:
            transaction.update("lock", LockItem(*keys.lock(tenant_id, voiding.seq)), actions)
        counters.count(transaction, counter, MAX_LIFTS_AN_HOUR, now)

    try:
        _write(context, rules.unlocked(lock, voiding.seq if voiding else None, user, now), add_writes)
    except ConditionFailed as error:
        counters.refuse_at_limit(error, now)
        raise


def _write(context: LockContext, note: Note, add_writes: AddWrites) -> None:
    ledger.write(context.ledger, [note], add_writes, door=context.door, next_state=doors.moved)
