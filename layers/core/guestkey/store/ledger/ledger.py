"""The ledger in the table: its head, its entries, and the one way of writing a change together with its entries.

The safety of the chain rests on one condition: the head still has the number that was read. A priority claim on the
head is a hint that keeps a right-holder's change from starving: once it has lost a race, it claims, and writers acting
for agents or for the system skip their attempt for at most a second.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey.errors import Busy
from guestkey.rules.door import Door
from guestkey.rules.ledger import START, Entry, Head, Note, Position, entry_after, to_line
from guestkey.rules.ledger_form import read_line
from guestkey.store import clock
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.retry import MAX_TRIES, TryAgain, growing_pauses, retry, shrinking_pauses
from guestkey.store.dynamodb.transaction import (
    ConditionFailed,
    OutcomeUnknown,
    Transaction,
    TransactionConflict,
    single_write,
)
from guestkey.store.dynamodb.unreadable import expect

PRIORITY_SECONDS = 1.0
MAX_CLAIM_PAUSE_SECONDS = 0.03
"""Longest pause between the first lost race and the try with a priority claim."""
MAX_WRITE_TRIES = 25
MAX_PAUSE_SECONDS, MIN_PAUSE_SECONDS, PAUSE_STEP_SECONDS = 0.6, 0.05, 0.075
"""Longest pause before the second try; it falls by the step with each further try, down to the shortest."""
PATIENCE_SECONDS = 6.0
"""No try begins after this time: the caller must get an answer before the function times out."""

AddWrites = Callable[[Transaction, "LedgerState"], None]


class HeadItem(Item, discriminator="ledger_head"):
    """The end of a tenant's ledger, and facts on which every change of the tenant's grants must agree."""

    seq = NumberAttribute()
    hash = UnicodeAttribute()
    live_at_most = NumberAttribute(default=0)
    revoked_at = InstantAttribute(null=True)
    revoked_seq = NumberAttribute(null=True)
    door = NumberAttribute(default=0)
    """Version of the tenant's door; 0 without one."""
    requests_waiting = NumberAttribute(null=True)
    waiting_seq = NumberAttribute(null=True)
    """The `seq` with which `requests_waiting` was written. A version before moves only `seq`: then it does not hold."""
    priority_until = NumberAttribute(null=True, attr_name="wanted_until")
    """Until when, in seconds since the epoch, only writers for a user or the vendor may write."""


class EntryItem(Item, discriminator="ledger_entry"):
    """One entry as it was written. It never changes."""

    seq = NumberAttribute()
    at = InstantAttribute()
    what = UnicodeAttribute()
    by_type = UnicodeAttribute()
    by_id = UnicodeAttribute(null=True)
    about = UnicodeAttribute()
    data = JSONAttribute()
    prev_hash = UnicodeAttribute()
    hash = UnicodeAttribute()


@dataclass(frozen=True, kw_only=True)
class LedgerState:
    """The head as it was read, and the facts stored on it."""

    tenant_id: str
    head: Head
    live_at_most: int
    """An upper bound of the tenant's live grants: raised by giving, lowered by revoking, never changed by time."""
    revoked: Position | None
    """The tenant's latest revoke of any grant."""
    door: int
    """Version of the tenant's door; 0 without one."""
    requests_waiting: int | None
    """Number of unanswered requests, expired ones until the clean-up; None where it must be counted."""
    priority_until: float

    @property
    def next_seq(self) -> int:
        """The number of the next entry, if no other writer is faster."""
        return self.head.seq + 1

    @property
    def has_priority_claim(self) -> bool:
        """Whether a right-holder's change waits for the next number."""
        return self.priority_until > clock.epoch_seconds()


def read_state(tenant_id: str) -> LedgerState | None:
    """Return the state of the tenant's ledger, strongly consistent; None if the tenant is not registered."""
    item = find(HeadItem, keys.ledger(tenant_id))
    return state_of(item) if item else None


def state_in(found: Mapping[Key, Item], tenant_id: str) -> LedgerState | None:
    """Return the state of a ledger whose head was read together with other items; None if there is none."""
    item = found.get(keys.ledger(tenant_id))
    return state_of(item) if item else None


def claim_priority(tenant_id: str) -> LedgerState | None:
    """Return the state of the tenant's ledger and, in the same request, claim priority over agents' writers."""
    item = HeadItem(*keys.ledger(tenant_id))

    def claim(_: int) -> LedgerState | None:
        until = HeadItem.priority_until.set(clock.epoch_seconds() + PRIORITY_SECONDS)
        try:
            with single_write():
                item.update([until], condition=HeadItem.pk.exists())
        except ConditionFailed:
            return None
        return state_of(item)

    try:
        return retry(claim, growing_pauses(MAX_TRIES), on=(TransactionConflict,))
    except Busy:
        return read_state(tenant_id)


def write(
    state: LedgerState,
    notes: Sequence[Note],
    add_writes: AddWrites,
    *,
    idempotent_write: str = "",
    yields_to_users: bool = False,
    may_claim: bool = True,
    door: Door | None = None,
    next_state: Callable[[LedgerState], LedgerState] = lambda state: state,
    before_retry: Callable[[], None] = lambda: None,
) -> None:
    """Write a change and its ledger entries in one transaction, and again with the next number after a lost race.

    `add_writes` adds the writes of the change. `next_state` returns the facts that the head holds afterwards.
    `before_retry` runs ahead of each further try and may refuse. `idempotent_write` names the write of a new id: if
    that id exists already, an earlier try was stored and its answer was lost, so the write has succeeded. Writers
    acting for agents or for the system set `yields_to_users`. From the second try on a writer claims priority, unless
    `may_claim` is false: a user who was not found to hold the right must not keep support out by trying. `door` is the
    door on which the change was decided: a change decided on another one fails like a condition.

    Raises ConditionFailed for any other condition, and Busy when every try was lost.
    """
    claims = may_claim and not yields_to_users

    def attempt(number: int) -> None:
        nonlocal state
        if number:
            reread = claim_priority if claims else read_state
            state = reread(state.tenant_id) or state
            before_retry()
        if door and state.door != door.version:
            raise ConditionFailed({"door": {}})
        if yields_to_users and state.has_priority_claim:
            raise TryAgain
        try:
            _transaction(state, next_state(state), notes, add_writes, yields_to_users).commit()
        except ConditionFailed as error:
            if idempotent_write in error.failed:
                return
            if set(error.failed) - {"head"}:
                raise
            raise TryAgain from error

    pauses: Iterator[float] = shrinking_pauses(
        MAX_WRITE_TRIES - claims, first=MAX_PAUSE_SECONDS, step=PAUSE_STEP_SECONDS, least=MIN_PAUSE_SECONDS
    )
    if claims:
        pauses = chain([next(pauses), random.uniform(0, MAX_CLAIM_PAUSE_SECONDS)], pauses)
    retry(attempt, pauses, on=(TransactionConflict, OutcomeUnknown), patience_seconds=PATIENCE_SECONDS)


def try_write(state: LedgerState, notes: Sequence[Note], add_writes: AddWrites) -> bool:
    """Try once to write on behalf of an agent, and say whether that has surely succeeded."""
    if state.has_priority_claim:
        return False
    try:
        _transaction(state, state, notes, add_writes, yields_to_users=True).commit()
    except (ConditionFailed, TransactionConflict, OutcomeUnknown):
        return False
    return True


def begin(transaction: Transaction, tenant_id: str, notes: Sequence[Note]) -> None:
    """Add the head and the first entries of a new tenant's ledger."""
    nothing = LedgerState(
        tenant_id=tenant_id, head=START, live_at_most=0, revoked=None, door=0, requests_waiting=None, priority_until=0
    )
    _add_entries(transaction, nothing, replace(nothing, requests_waiting=0), notes, yields_to_users=False)


def entries_after(tenant_id: str, seq: int, limit: int) -> Iterator[Entry]:
    """Yield at most `limit` entries with numbers above `seq`, in order, strongly consistent. Raises Unreadable."""
    return map(entry_in, items_after(tenant_id, seq, limit))


def items_after(tenant_id: str, seq: int, limit: int) -> Iterator[Item]:
    """Yield the items of these entries, also those that cannot be read."""
    first, last = keys.entry(tenant_id, seq + 1).sk, keys.entry(tenant_id, keys.MAX_SEQ).sk
    within = EntryItem.sk.between(first, last)
    yield from EntryItem.query(keys.of_tenant(tenant_id), within, consistent_read=True, limit=limit)


def entry_of(image: dict[str, Any]) -> Entry:
    """Return the entry of an image in the table's stream. An incomplete image raises an error of any kind."""
    entry = entry_in(EntryItem.from_raw_data(image))
    read_line(to_line(entry).encode())
    return entry


def entry_in(item: Item) -> Entry:
    """Return the entry of an item that was read together with others. Raises Unreadable."""
    return value_of(Entry, expect(EntryItem, item), tenant_id=keys.tenant_id_in(item.pk))


def state_of(item: Item) -> LedgerState:
    """Return the state of a ledger whose head was read together with other items."""
    item = expect(HeadItem, item)
    return LedgerState(
        tenant_id=keys.tenant_id_in(item.pk),
        head=Head(seq=int(item.seq), hash=item.hash),
        live_at_most=int(item.live_at_most),
        revoked=_revoked(item),
        door=int(item.door),
        requests_waiting=int(item.requests_waiting) if item.waiting_seq == item.seq else None,
        priority_until=float(item.priority_until or 0),
    )


def _revoked(item: HeadItem) -> Position | None:
    if item.revoked_at is None:
        return None
    return Position(None if item.revoked_seq is None else int(item.revoked_seq), item.revoked_at)


def _transaction(
    state: LedgerState, becomes: LedgerState, notes: Sequence[Note], add_writes: AddWrites, yields_to_users: bool
) -> Transaction:
    transaction = Transaction()
    add_writes(transaction, state)
    _add_entries(transaction, state, becomes, notes, yields_to_users)
    return transaction


def _add_entries(
    transaction: Transaction, state: LedgerState, becomes: LedgerState, notes: Sequence[Note], yields_to_users: bool
) -> None:
    """Add the entries that follow the head, and the move of the head on condition that it has not moved."""
    last = state.head
    for note in notes:
        entry = entry_after(last, state.tenant_id, note)
        transaction.put(f"entry {entry.seq}", _entry_item(entry))
        last = entry.head
    actions: list[Action] = [
        HeadItem.kind.set(HeadItem),
        HeadItem.seq.set(last.seq),
        HeadItem.hash.set(last.hash),
        HeadItem.live_at_most.set(becomes.live_at_most),
        HeadItem.priority_until.remove(),
    ]
    if becomes.revoked and becomes.revoked != state.revoked:
        assert becomes.revoked.seq
        actions += [HeadItem.revoked_at.set(becomes.revoked.at), HeadItem.revoked_seq.set(becomes.revoked.seq)]
    if becomes.door != state.door:
        actions.append(HeadItem.door.set(becomes.door))
    if becomes.requests_waiting is not None:
        actions += [HeadItem.requests_waiting.set(becomes.requests_waiting), HeadItem.waiting_seq.set(last.seq)]
    head = HeadItem(*keys.ledger(state.tenant_id))
    transaction.update("head", head, actions, _is_unmoved(state, yields_to_users))


def _is_unmoved(state: LedgerState, yields_to_users: bool) -> Condition:
    unmoved: Condition = HeadItem.seq == state.head.seq if state.head.seq else HeadItem.pk.does_not_exist()
    unmoved &= HeadItem.door == state.door if state.door else HeadItem.door.does_not_exist()
    if yields_to_users:
        unmoved &= HeadItem.priority_until.does_not_exist() | (HeadItem.priority_until <= clock.epoch_seconds())
    return unmoved


def _entry_item(entry: Entry) -> EntryItem:
    data = dict(entry.data)
    return EntryItem(*keys.entry(entry.tenant_id, entry.seq), **attributes_of(replace(entry, data=data), EntryItem))
