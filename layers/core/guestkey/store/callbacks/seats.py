"""Seats of the quarter-hours, and the queue.

A quarter-hour stores the set of call-backs that hold a seat in it. Taking or freeing a seat twice has the same effect
as once, and the condition of a booking looks at the size of the set.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import size
from pynamodb.expressions.update import Action

from guestkey.errors import SlotTaken
from guestkey.rules.callbacks import Callback
from guestkey.rules.seats import seats
from guestkey.rules.slots import Slot
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import expect, items_of, read_or_none

KEPT_FOR = timedelta(days=30)

CallbackName = tuple[str, str]
"""A call-back by tenant_id and callback_id."""


class SlotItem(Item, discriminator="slot"):
    """A quarter-hour. Each holder is `<tenant_id>#<callback_id>`; DynamoDB stores no empty set."""

    holders = UnicodeSetAttribute(null=True)


class WaitingItem(Item, discriminator="waiting"):
    """A place in the queue."""

    tenant_id = UnicodeAttribute()
    joined_at = InstantAttribute()
    """A call-back that gave up its slot joins at the end, however old its id is."""


def shift(transaction: Transaction, before: Callback | None, after: Callback, lines: int, now: datetime) -> None:
    """Add the effect of a change on seats and queue. A place in the queue remains until the call-back is closed."""
    moving, holder = seats(before, after), {_holder(after)}
    has_room = SlotItem.holders.does_not_exist() | (size(SlotItem.holders) < lines)  # type: ignore[no-untyped-call] # pynamodb's own
    for quarter in moving.taken:
        actions = [*_dated(quarter), SlotItem.holders.add(holder)]
        transaction.update(f"seat {quarter:%d %H:%M}", SlotItem(*keys.slot(quarter)), actions, has_room)
    for quarter in moving.freed:
        actions = [*_dated(quarter), SlotItem.holders.delete(holder)]
        transaction.update(f"freed {quarter:%d %H:%M}", SlotItem(*keys.slot(quarter)), actions)
    was_queued, is_queued = _is_queued(before), _is_queued(after)
    place = keys.waiting(after.callback_id)
    if is_queued and not was_queued:
        transaction.put("place", WaitingItem(*place, tenant_id=after.tenant_id, joined_at=now))
    if was_queued and not is_queued:
        transaction.delete("place", WaitingItem(*place))


def refuse_full(before: Callback | None, after: Callback, lines: int) -> None:
    """Raise SlotTaken if others fill a quarter-hour that a change would take, read strongly consistent."""
    taken = [keys.slot(quarter) for quarter in seats(before, after).taken]
    if is_full(find_all(taken), taken, lines, _holder(after)):
        raise SlotTaken


def is_full(found: Mapping[Key, Item], quarters: Iterable[Key], lines: int, holder: str = "") -> bool:
    """Say whether others than the holder fill one of the quarter-hours, which were read together with other items."""
    held = [_holders(found[quarter]) for quarter in quarters if quarter in found]
    return any(holders is None or len(holders - {holder}) >= lines for holders in held)


def free(slots: Iterable[Slot], lines: int) -> Iterator[tuple[Slot, int]]:
    """Yield the slots that have room, each with its free lines. A day is read when its first slot is reached."""
    held: dict[date, dict[datetime, int]] = {}
    for slot in slots:
        for day in {quarter.date() for quarter in slot.quarters} - held.keys():
            held[day] = {quarter: lines if holders is None else len(holders) for quarter, holders in _of_day(day)}
        room = lines - max(held[quarter.date()].get(quarter, 0) for quarter in slot.quarters)
        if room > 0:
            yield slot, room


def booked(begins: datetime, ends: datetime) -> list[CallbackName]:
    """Return the holders of any quarter-hour between two moments, each once, by time; strongly consistent."""
    first, last = begins.astimezone(UTC).date(), ends.astimezone(UTC).date()
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    holders = (
        holder
        for day in days
        for quarter, holders in _of_day(day)
        if begins <= quarter < ends
        for holder in sorted(holders or ())
    )
    return [_held_by(holder) for holder in dict.fromkeys(holders)]


def queue() -> list[CallbackName]:
    """Return the call-backs in the queue, first in first, strongly consistent."""
    items = WaitingItem.query(keys.QUEUE, WaitingItem.sk.startswith(keys.WAITING), consistent_read=True)
    in_order = sorted(items_of(WaitingItem, items), key=lambda item: (item.joined_at, item.sk))
    return [(item.tenant_id, keys.id_in(item.sk)) for item in in_order]


def _dated(quarter: datetime) -> list[Action]:
    return [SlotItem.kind.set(SlotItem), SlotItem.ttl.set(epoch(quarter + KEPT_FOR))]


def _is_queued(callback: Callback | None) -> bool:
    return callback is not None and callback.slot is None and callback.closed_as is None


def _of_day(day: date) -> Iterator[tuple[datetime, set[str] | None]]:
    for item in SlotItem.query(keys.slots_of(day), consistent_read=True):
        yield keys.slot_start(keys.Key(item.pk, item.sk)), _holders(item)


def _holders(item: Item) -> set[str] | None:
    """Return the holders of a quarter-hour, or None if they cannot be read: then it counts as full."""
    slot = read_or_none(partial(expect, SlotItem), item)
    return None if slot is None else set(slot.holders or ())


def _holder(callback: Callback) -> str:
    return f"{callback.tenant_id}#{callback.callback_id}"


def _held_by(holder: str) -> CallbackName:
    tenant_id, _, callback_id = holder.partition("#")
    return tenant_id, callback_id
