"""Call-backs in the table. One open per tenant, a seat for each, the record and its ledger entry: one transaction.

The open key says that a call-back is waited for. Where a booked slot is over it says so no more, swept or not: what
conditions ask is *absent or over*.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from guestkey import settings
from guestkey.errors import Busy, CallbackClosed, NoCallback, NotFound, SlotTaken, TenantUnknown
from guestkey.rules import callbacks as rules
from guestkey.rules.callbacks import Callback, Outcome, State, TakenBy, Told
from guestkey.rules.desk import Desk
from guestkey.rules.hours import begins_at
from guestkey.rules.instants import instant, text_of
from guestkey.rules.ledger import By, ByType, Data, Entry, Note, What, digest
from guestkey.rules.people import Agent, Person, Tenant, User
from guestkey.rules.slots import A_DAY, Slot
from guestkey.store import keys, ledger, once, seats, tenants
from guestkey.store.once import Once
from guestkey.store.seats import Named
from guestkey.store.table import Change, InstantAttribute, Item, Unmet, find_all, pauses, side_by_side

TRIES = 12
"""How often a call-back is read again that somebody changed between reading and writing."""


class StillOpen(Exception):
    """The tenant waits for a call already."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        super().__init__(callback.callback_id)


class OpenItem(Item, discriminator="open_callback"):
    """The tenant waits for a call: until somebody closes it, or until a booked slot that nobody took is over."""

    callback_id = UnicodeAttribute()
    ends_at = InstantAttribute(null=True)


class WhoseItem(Item, discriminator="callback_of"):
    """Whose a call-back is: the agents' routes know only its id."""

    tenant_id = UnicodeAttribute()


class CallbackItem(Item, discriminator="callback"):
    """The whole record of a call-back."""

    topic = UnicodeAttribute()
    description = UnicodeAttribute()
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
    version = NumberAttribute()


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a booking stands on."""

    tenant: Tenant
    tip: ledger.Tip
    open_id: str | None
    """The call-back that the tenant waits for, as far as was read."""


def ground(user: User, wanted: Once | None, now: datetime) -> Ground:
    """Read what a booking stands on. Raises TenantUnknown, or an answer kept before."""
    tenant, open_key = keys.tenant(user.tenant_id), keys.open_callback(user.tenant_id)
    tip, found = side_by_side(
        lambda: ledger.wish(user.tenant_id), lambda: find_all([tenant, open_key, *once.kept_at(wanted)])
    )
    if tip is None or tenant not in found:
        raise TenantUnknown
    once.replay(wanted, found, now)
    return Ground(tenant=tenants.tenant_of(found[tenant]), tip=tip, open_id=_open_id(found.get(open_key), now))


def add(callback: Callback, at: Ground, lines: int, wanted: Once | None) -> None:
    """Keep a call-back with its seats or its place in the queue. Raises StillOpen, SlotTaken, or a kept answer."""
    now, own = callback.requested_at, callback.callback_id

    def refuse_open(callback_id: str | None) -> None:
        if callback_id not in (None, own):
            raise StillOpen(find(callback.tenant_id, callback_id))

    def compose(change: Change, _: ledger.Tip) -> None:
        change.put("open", _open_item(callback), OpenItem.pk.does_not_exist() | (OpenItem.ends_at <= now))
        _put(change, callback, CallbackItem.pk.does_not_exist(), now)
        seats.shift(change, None, callback, lines, now)
        once.keep(change, wanted, now)

    def look() -> None:
        key = keys.open_callback(callback.tenant_id)
        found = find_all([key, *once.kept_at(wanted)])
        once.replay(wanted, found, now)
        refuse_open(_open_id(found.get(key), now))
        seats.refuse_full(None, callback, lines)

    refuse_open(at.open_id)
    by = By(type=ByType.USER, id=callback.requested_by.user_id)
    note = _note(callback, What.CALLBACK_BOOKED, by, now)
    try:
        ledger.write(at.tip, [note], compose, own="callback", look=look)
    except Unmet as unmet:
        once.replay_winner(wanted, unmet)
        if "open" in unmet.found:
            refuse_open(unmet.found["open"]["callback_id"]["S"])
        raise SlotTaken from unmet


def open_of(tenant_id: str, now: datetime) -> Callback:
    """Return the call-back that the tenant waits for. Raises NoCallback."""
    key = keys.open_callback(tenant_id)
    callback_id = _open_id(find_all([key]).get(key), now)
    callback = find(tenant_id, callback_id) if callback_id else None
    if callback is None or not callback.is_open(now):
        raise NoCallback
    return callback


def find(tenant_id: str, callback_id: str) -> Callback:
    """Return one call-back, strongly consistent. Raises NotFound."""
    try:
        return callback_of(CallbackItem.get(*keys.callback(tenant_id, callback_id), consistent_read=True))
    except CallbackItem.DoesNotExist:
        raise NotFound from None


def find_many(wanted: Iterable[Named]) -> list[Callback]:
    """Return those of (tenant_id, callback_id) that there are, in that order."""
    in_order = [keys.callback(tenant_id, callback_id) for tenant_id, callback_id in wanted]
    found = find_all(in_order)
    return [callback_of(found[key]) for key in in_order if key in found]


def booked_on(desk: Desk, day: date) -> list[Callback]:
    """Return the call-backs whose slot begins on one of the desk's days, by time, strongly consistent."""
    begins, ends = begins_at(desk, day), begins_at(desk, day + A_DAY)
    return rules.of_day(find_many(seats.booked(begins, ends)), begins, ends)


def move(user: User, callback_id: str, slot: Slot | None, lines: int, now: datetime) -> Callback:
    """Move a call-back and return it; one that is there already comes back as it is.

    Raises NotFound, CallbackClosed or SlotTaken.
    """
    by = By(type=ByType.USER, id=user.user_id)
    rule = partial(rules.move, slot=slot, now=now)
    return _change(user.tenant_id, callback_id, What.CALLBACK_MOVED, by, rule, now, lines)


def cancel(user: User, callback_id: str, now: datetime) -> Callback:
    """Cancel a call-back and return it; one cancelled before comes back as it is. Raises NotFound, CallbackClosed."""
    by = By(type=ByType.USER, id=user.user_id)
    rule = partial(rules.cancel, now=now)
    return _change(user.tenant_id, callback_id, What.CALLBACK_CANCELLED, by, rule, now)


def take(agent: Agent, callback_id: str, now: datetime) -> Callback:
    """Take a call-back and return it. Raises NotFound, AlreadyTaken or CallbackClosed."""
    by = By(type=ByType.AGENT, id=agent.agent_id)
    rule = partial(rules.take, agent=agent, now=now)
    return _change(_tenant_of(callback_id), callback_id, What.CALLBACK_TAKEN, by, rule, now)


def close(agent: Agent, callback_id: str, outcome: Outcome, note: str | None, now: datetime) -> Callback:
    """Close a call-back that the agent has taken and return it. Raises NotFound, NotYours or CallbackClosed."""
    by = By(type=ByType.AGENT, id=agent.agent_id)
    rule = partial(rules.close, agent=agent, outcome=outcome, note=note)
    return _change(_tenant_of(callback_id), callback_id, What.CALLBACK_CLOSED, by, rule, now)


def _change(
    tenant_id: str,
    callback_id: str,
    what: What,
    by: By,
    rule: Callable[[Callback], Callback],
    now: datetime,
    lines: int = 0,
) -> Callback:
    """Read a call-back, make of it what the rule says, and write that; again if somebody changed it meanwhile.

    An earlier try of our own, whose answer was lost, may be that somebody: then nothing is left to change.
    """
    for pause in pauses(TRIES):
        time.sleep(pause)
        tip, before = _read(tenant_id, callback_id, by)
        after = rule(before)
        if after == before:
            return before
        try:
            _write(before, after, _note(after, what, by, now, before), tip, lines, now)
        except Unmet as unmet:
            if "callback" in unmet.found:
                continue
            if "open" in unmet.found:  # by somebody's clock it was over already, and another one has its place
                raise CallbackClosed from None
            raise SlotTaken from unmet
        return after
    raise Busy(retry_after=1)


def _read(tenant_id: str, callback_id: str, by: By) -> tuple[ledger.Tip, Callback]:
    key, head = keys.callback(tenant_id, callback_id), keys.ledger(tenant_id)
    if by.type is ByType.AGENT:
        found = find_all([key, head])
        tip = ledger.tip_of(found[head]) if head in found else None
    else:
        tip, found = side_by_side(lambda: ledger.wish(tenant_id), lambda: find_all([key]))
    if tip is None or key not in found:
        raise NotFound
    return tip, callback_of(found[key])


def _write(before: Callback, after: Callback, note: Note, tip: ledger.Tip, lines: int, now: datetime) -> None:
    def compose(change: Change, _: ledger.Tip) -> None:
        theirs = OpenItem.callback_id == after.callback_id
        if after.closed_as:
            change.delete("open", OpenItem(*keys.open_callback(after.tenant_id)), theirs)
        else:
            change.put("open", _open_item(after), theirs)
        _put(change, after, _as(before), now)
        seats.shift(change, before, after, lines, now)

    ledger.write(
        tip,
        [note],
        compose,
        stands_back=note.by.type is ByType.AGENT,
        look=lambda: seats.refuse_full(before, after, lines),
    )


def _as(before: Callback) -> Condition:
    """Return the condition that a call-back is still what was read."""
    taken_by = CallbackItem.taken_by_id
    is_as_read: Condition = (CallbackItem.version == before.version) & CallbackItem.closed_as.does_not_exist()
    is_as_read &= taken_by == before.taken_by.agent_id if before.taken_by else taken_by.does_not_exist()
    return is_as_read


def _tenant_of(callback_id: str) -> str:
    try:
        return WhoseItem.get(*keys.callback_of(callback_id), consistent_read=True).tenant_id
    except WhoseItem.DoesNotExist:
        raise NotFound from None


def _open_id(item: Item | None, now: datetime) -> str | None:
    """Return which call-back is waited for, if the open key that was read says so."""
    if not isinstance(item, OpenItem) or (item.ends_at and item.ends_at <= now):
        return None
    return item.callback_id


def _note(callback: Callback, what: What, by: By, now: datetime, before: Callback | None = None) -> Note:
    data: Data = {}
    slot, earlier = _told_of(callback.slot), _told_of(before.slot if before else None, "earlier_")
    match what:
        case What.CALLBACK_BOOKED:
            data = {
                "topic": callback.topic,
                "version": callback.version,
                "description_sha256": digest(callback.description),
                **slot,
            }
        case What.CALLBACK_MOVED:
            data = {"version": callback.version, **slot, **earlier}
        case What.CALLBACK_CANCELLED:
            data = {"version": callback.version, **earlier}
        case What.CALLBACK_CLOSED:
            data = {"outcome": callback.closed_as, "note_sha256": digest(callback.note) if callback.note else None}
    return Note(what=what, by=by, about=callback.callback_id, data=data, at=now)


def _told_of(slot: Slot | None, which: str = "") -> Data:
    return {
        f"{which}starts_at": text_of(slot.starts_at) if slot else None,
        f"{which}ends_at": text_of(slot.ends_at) if slot else None,
    }


def told(entry: Entry) -> Told:
    """Return what an entry tells of when a call-back is: that it was booked, moved or cancelled."""
    slot, earlier = _slot_told(entry.data), _slot_told(entry.data, "earlier_")
    return Told(slot=slot, earlier=earlier, version=int(entry.data["version"] or 0))


def _slot_told(data: Data, which: str = "") -> Slot | None:
    starts_at, ends_at = data.get(f"{which}starts_at"), data.get(f"{which}ends_at")
    if starts_at is None:
        return None
    return Slot(starts_at=instant(str(starts_at)), ends_at=instant(str(ends_at)))


def _put(change: Change, callback: Callback, condition: Condition, now: datetime) -> None:
    """Add to a change the record of a call-back, and whose it is: for good while it is open for good."""
    over_at = callback.slot.ends_at if callback.slot and not callback.closed_as else now
    ttl = None if callback.is_for_good else int((over_at + settings.RETENTION).timestamp())
    change.put("callback", _item(callback, ttl), condition)
    whose = WhoseItem(*keys.callback_of(callback.callback_id), tenant_id=callback.tenant_id, ttl=ttl)
    change.put("whose", whose)


def _open_item(callback: Callback) -> OpenItem:
    return OpenItem(
        *keys.open_callback(callback.tenant_id),
        callback_id=callback.callback_id,
        ends_at=callback.slot.ends_at if callback.slot and not callback.is_for_good else None,
    )


def _item(callback: Callback, ttl: int | None) -> CallbackItem:
    return CallbackItem(
        *keys.callback(callback.tenant_id, callback.callback_id),
        topic=callback.topic,
        description=callback.description,
        phone=callback.phone,
        phone_shown=callback.phone_shown,
        starts_at=callback.slot.starts_at if callback.slot else None,
        ends_at=callback.slot.ends_at if callback.slot else None,
        requested_at=callback.requested_at,
        requested_by_id=callback.requested_by.user_id,
        requested_by_name=callback.requested_by.name,
        email=callback.email,
        locale=callback.locale,
        taken_by_id=callback.taken_by.agent_id if callback.taken_by else None,
        taken_by_name=callback.taken_by.name if callback.taken_by else None,
        closed_as=callback.closed_as.value if callback.closed_as else None,
        note=callback.note,
        version=callback.version,
        ttl=ttl,
    )


def callback_of(item: Item) -> Callback:
    """Return a call-back that was read together with other items."""
    assert isinstance(item, CallbackItem)
    return Callback(
        tenant_id=item.pk.removeprefix(keys.of_tenant("")),
        callback_id=item.sk.removeprefix(keys.CALLBACK),
        topic=item.topic,
        description=item.description,
        phone=item.phone,
        phone_shown=item.phone_shown,
        slot=Slot(starts_at=item.starts_at, ends_at=item.ends_at) if item.starts_at and item.ends_at else None,
        requested_at=item.requested_at,
        requested_by=Person(user_id=item.requested_by_id, name=item.requested_by_name),
        email=item.email,
        locale=item.locale,
        taken_by=TakenBy(agent_id=item.taken_by_id, name=item.taken_by_name) if item.taken_by_id else None,
        closed_as=State(item.closed_as) if item.closed_as else None,
        note=item.note,
        version=int(item.version),
    )
