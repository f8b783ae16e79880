"""A call-back: at a slot that the customer chose, or from the queue.

`taken`, `reached`, `unreached` and `cancelled` are written down; that a booked one which nobody took or closed counts
as `unreached` follows from the clock. A seat is a place in one quarter-hour; seats are netted before anything is taken
or freed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.errors import AlreadyTaken, CallbackClosed, NotYours
from guestkey.rules.instants import instant, text_of
from guestkey.rules.ledger import By, Data, Entry, Note, What, digest
from guestkey.rules.people import Agent, Person, User
from guestkey.rules.slots import Slot


class Kind(StrEnum):
    """How a call-back comes about."""

    SLOT = "slot"
    QUEUE = "queue"


class State(StrEnum):
    """How a call-back stands at some moment."""

    BOOKED = "booked"
    WAITING = "waiting"
    TAKEN = "taken"
    REACHED = "reached"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How a call ended."""

    REACHED = State.REACHED.value
    UNREACHED = State.UNREACHED.value


MOVABLE = frozenset({State.BOOKED, State.WAITING})
OPEN = MOVABLE | {State.TAKEN}
REMINDED_AHEAD = timedelta(hours=1)
"""How long before its slot one is reminded of a call."""


@dataclass(frozen=True, kw_only=True)
class TakenBy:
    """The agent who calls."""

    agent_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One call-back. Times are aware, UTC, whole seconds."""

    tenant_id: str
    callback_id: str
    topic: str
    description: str
    phone: str
    """In E.164."""
    phone_shown: str
    """As people of the tenant's country write it."""
    slot: Slot | None
    requested_at: datetime
    requested_by: Person
    email: str | None
    """Where its mails go, if the user who asked for it has an address."""
    locale: str | None
    """In which language."""
    taken_by: TakenBy | None = None
    closed_as: State | None = None
    note: str | None = None
    version: int = 0
    """How often it was moved or cancelled: what its invitation must tell."""

    @property
    def kind(self) -> Kind:
        """How it comes about, as it stands."""
        return Kind.SLOT if self.slot else Kind.QUEUE

    @property
    def is_open_ended(self) -> bool:
        """Whether it stays open until somebody closes it. Time ends only what is booked and not taken."""
        return self.closed_as is None and (self.slot is None or self.taken_by is not None)

    def state(self, at: datetime) -> State:
        """Return how the call-back stands at that moment."""
        if self.closed_as:
            return self.closed_as
        if self.taken_by:
            return State.TAKEN
        if self.slot is None:
            return State.WAITING
        return State.BOOKED if at < self.slot.ends_at else State.UNREACHED

    def is_open(self, at: datetime) -> bool:
        """Say whether the customer still waits for this call."""
        return self.state(at) in OPEN


Rule = Callable[[Callback], Callback]
"""A change of a call-back; it may refuse."""


@dataclass(frozen=True, kw_only=True)
class SlotChange:
    """The slot of a call-back before and after one change."""

    slot: Slot | None
    """None while it is in the queue, and once it is cancelled."""
    earlier: Slot | None
    version: int


def book(
    *,
    callback_id: str,
    by: User,
    topic: str,
    description: str,
    phone: str,
    phone_shown: str,
    slot: Slot | None,
    now: datetime,
) -> Callback:
    """Return the call-back that a user asks for: at a slot, or without one from the queue."""
    return Callback(
        tenant_id=by.tenant_id,
        callback_id=callback_id,
        topic=topic,
        description=description,
        phone=phone,
        phone_shown=phone_shown,
        slot=slot,
        requested_at=now,
        requested_by=Person(user_id=by.user_id, name=by.name),
        email=by.email,
        locale=by.locale,
    )


def move(callback: Callback, slot: Slot | None, now: datetime) -> Callback:
    """Return the call-back at another slot, or in the queue; at the same one it stays as it is.

    One that an agent has taken stays where it is, and one that is closed stays closed: CallbackClosed.
    """
    if callback.state(now) not in MOVABLE:
        raise CallbackClosed
    return callback if callback.slot == slot else replace(callback, slot=slot, version=callback.version + 1)


def cancel(callback: Callback, now: datetime) -> Callback:
    """Return the cancelled call-back; one cancelled before stays as it is. Raises CallbackClosed."""
    if callback.closed_as is State.CANCELLED:
        return callback
    if not callback.is_open(now):
        raise CallbackClosed
    return replace(callback, closed_as=State.CANCELLED, version=callback.version + 1)


def take(callback: Callback, agent: Agent, now: datetime) -> Callback:
    """Return the call-back as that agent took it; repeating it changes nothing. Raises AlreadyTaken, CallbackClosed."""
    if not callback.is_open(now):
        raise CallbackClosed
    if callback.taken_by is None:
        return replace(callback, taken_by=TakenBy(agent_id=agent.agent_id, name=agent.name))
    if callback.taken_by.agent_id != agent.agent_id:
        raise AlreadyTaken
    return callback


def close(callback: Callback, agent: Agent, outcome: Outcome, note: str | None) -> Callback:
    """Return the call-back as its taker closed it; repeating it changes nothing.

    Raises NotYours, and CallbackClosed for one that the customer cancelled or that was closed in another way.
    """
    if callback.taken_by is None or callback.taken_by.agent_id != agent.agent_id:
        raise NotYours
    closed = replace(callback, closed_as=State(outcome), note=note)
    if callback.closed_as and callback != closed:
        raise CallbackClosed
    return closed


def is_ahead(callback: Callback, starts_at: datetime, now: datetime) -> bool:
    """Say whether that call is still to be made, at that very time."""
    return callback.slot is not None and callback.slot.starts_at == starts_at > now and callback.is_open(now)


def reminded_of(callback: Callback, now: datetime) -> datetime | None:
    """Return of which time whoever waits is still to be reminded; None in the queue, or with less than an hour left."""
    if callback.slot is None or not is_ahead(callback, callback.slot.starts_at, now):
        return None
    return callback.slot.starts_at if callback.slot.starts_at - REMINDED_AHEAD > now else None


def of_day(callbacks: Iterable[Callback], begins: datetime, ends: datetime) -> list[Callback]:
    """Return those whose slot begins between two moments, by time: one may have been moved away meanwhile."""
    booked = [callback for callback in callbacks if callback.slot and begins <= callback.slot.starts_at < ends]
    return sorted(booked, key=lambda callback: (callback.slot, callback.callback_id))


@dataclass(frozen=True, kw_only=True)
class Seats:
    """What a change does to the quarter-hours: those it takes, those it frees. One that it keeps is in neither."""

    taken: tuple[datetime, ...]
    freed: tuple[datetime, ...]


def seats(before: Callback | None, after: Callback) -> Seats:
    """Return which seats change. A cancelled call-back holds none; one that was called keeps those it had."""
    held, wanted = _held(before), _held(after)
    return Seats(taken=tuple(sorted(wanted - held)), freed=tuple(sorted(held - wanted)))


def _held(callback: Callback | None) -> set[datetime]:
    if callback is None or callback.slot is None or callback.closed_as is State.CANCELLED:
        return set()
    return set(callback.slot.quarters)


def note(callback: Callback, what: What, by: By, now: datetime, before: Callback | None = None) -> Note:
    """Return the ledger entry's content for a changed call-back: its slot, and the earlier slot."""
    data: Data = {}
    slot, earlier = _slot_data(callback.slot), _slot_data(before.slot if before else None, "earlier_")
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


def slot_change(entry: Entry) -> SlotChange:
    """Return the slots of a ledger entry about a call-back that was booked, moved or cancelled."""
    slot, earlier = _slot_in(entry.data), _slot_in(entry.data, "earlier_")
    return SlotChange(slot=slot, earlier=earlier, version=int(entry.data["version"] or 0))


def _slot_data(slot: Slot | None, prefix: str = "") -> Data:
    return {
        f"{prefix}starts_at": text_of(slot.starts_at) if slot else None,
        f"{prefix}ends_at": text_of(slot.ends_at) if slot else None,
    }


def _slot_in(data: Data, prefix: str = "") -> Slot | None:
    starts_at, ends_at = data.get(f"{prefix}starts_at"), data.get(f"{prefix}ends_at")
    if starts_at is None:
        return None
    return Slot(starts_at=instant(str(starts_at)), ends_at=instant(str(ends_at)))
