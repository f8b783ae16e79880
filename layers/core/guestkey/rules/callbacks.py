"""A call-back: at a slot that the customer chose, or from the queue.

The states `taken`, `reached`, `unreached` and `cancelled` are stored. A booked call-back that no agent took before its
slot ended is `unreached` as well; that follows from the clock. A seat is a place in one quarter-hour. A change takes
and frees only the seats by which the call-back before and after it differ.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.errors import AlreadyTaken, CallbackClosed, NotYours
from guestkey.rules.instants import instant, text_of
from guestkey.rules.ledger import By, Data, Entry, Note, What, salted_digest
from guestkey.rules.people import Agent, Person, User
from guestkey.rules.slots import Slot


class Kind(StrEnum):
    """Kind of a call-back: at a slot, or from the queue."""

    SLOT = "slot"
    QUEUE = "queue"


class State(StrEnum):
    """State of a call-back at some moment."""

    BOOKED = "booked"
    WAITING = "waiting"
    TAKEN = "taken"
    REACHED = "reached"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """Outcome of a call."""

    REACHED = State.REACHED.value
    UNREACHED = State.UNREACHED.value


MOVABLE = frozenset({State.BOOKED, State.WAITING})
OPEN = MOVABLE | {State.TAKEN}
MAX_BOOKINGS_AN_HOUR = 20
"""Limit of call-backs that one user books or moves in a UTC hour. Cancelling has no limit."""
REMINDED_AHEAD = timedelta(hours=1)
"""Time between the reminder of a call and its slot."""


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
    description_salt: str | None = None
    """The salt of the description's hash in the ledger; None in a call-back from before there were salts."""
    phone: str
    """In E.164."""
    phone_shown: str
    """The number in the notation of the tenant's country."""
    slot: Slot | None
    requested_at: datetime
    requested_by: Person
    email: str | None
    """Recipient of its e-mails: the address of the user who asked for it, if there is one."""
    locale: str | None
    """Language tag of its e-mails."""
    taken_by: TakenBy | None = None
    closed_as: State | None = None
    note: str | None = None
    note_salt: str | None = None
    version: int = 0
    """Number of moves and cancellations so far, for the SEQUENCE of its calendar invitation."""

    @property
    def kind(self) -> Kind:
        """The present kind: at a slot if there is one, otherwise from the queue."""
        return Kind.SLOT if self.slot else Kind.QUEUE

    @property
    def is_open_ended(self) -> bool:
        """Whether only an agent or the customer can close it. Time ends a booked call-back that no agent took."""
        return self.closed_as is None and (self.slot is None or self.taken_by is not None)

    def state(self, at: datetime) -> State:
        """Return the state at that moment."""
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
"""A change of a call-back. It may raise a refusal."""


@dataclass(frozen=True, kw_only=True)
class SlotChange:
    """The slot of a call-back before and after one change."""

    slot: Slot | None
    """None for a call-back in the queue, and for a cancelled one."""
    earlier: Slot | None
    version: int


def book(
    *,
    callback_id: str,
    by: User,
    topic: str,
    description: str,
    description_salt: str,
    phone: str,
    phone_shown: str,
    slot: Slot | None,
    now: datetime,
) -> Callback:
    """Return the call-back that a user books: at a slot, or from the queue if `slot` is None."""
    return Callback(
        tenant_id=by.tenant_id,
        callback_id=callback_id,
        topic=topic,
        description=description,
        description_salt=description_salt,
        phone=phone,
        phone_shown=phone_shown,
        slot=slot,
        requested_at=now,
        requested_by=Person(user_id=by.user_id, name=by.name),
        email=by.email,
        locale=by.locale,
    )


def move(callback: Callback, slot: Slot | None, now: datetime) -> Callback:
    """Return the call-back at another slot, or in the queue. A move to the present slot changes nothing.

    Raises CallbackClosed if an agent has taken it or it is closed.
    """
    if callback.state(now) not in MOVABLE:
        raise CallbackClosed
    return callback if callback.slot == slot else replace(callback, slot=slot, version=callback.version + 1)


def cancel(callback: Callback, now: datetime) -> Callback:
    """Return the cancelled call-back. Cancelling twice returns the same call-back. Raises CallbackClosed."""
    if callback.closed_as is State.CANCELLED:
        return callback
    if not callback.is_open(now):
        raise CallbackClosed
    return replace(callback, closed_as=State.CANCELLED, version=callback.version + 1)


def take(callback: Callback, agent: Agent, now: datetime) -> Callback:
    """Return the call-back as taken by the agent. Repeating changes nothing. Raises AlreadyTaken, CallbackClosed."""
    if not callback.is_open(now):
        raise CallbackClosed
    if callback.taken_by is None:
        return replace(callback, taken_by=TakenBy(agent_id=agent.agent_id, name=agent.name))
    if callback.taken_by.agent_id != agent.agent_id:
        raise AlreadyTaken
    return callback


def close(callback: Callback, agent: Agent, outcome: Outcome, note: str | None, note_salt: str) -> Callback:
    """Return the call-back as closed by the agent who took it. Closing it twice in the same way changes nothing.

    Raises NotYours, or CallbackClosed if the customer cancelled it or it was closed in another way.
    """
    if callback.taken_by is None or callback.taken_by.agent_id != agent.agent_id:
        raise NotYours
    if callback.closed_as is None:
        return replace(callback, closed_as=State(outcome), note=note, note_salt=note_salt if note else None)
    if (callback.closed_as, callback.note) != (State(outcome), note):
        raise CallbackClosed
    return callback


def is_ahead(callback: Callback, starts_at: datetime, now: datetime) -> bool:
    """Say whether the call-back is open and its slot begins at exactly that time, in the future."""
    return callback.slot is not None and callback.slot.starts_at == starts_at > now and callback.is_open(now)


def reminded_of(callback: Callback, now: datetime) -> datetime | None:
    """Return the time of the call to send a reminder for; None in the queue, or with less than an hour left."""
    if callback.slot is None or not is_ahead(callback, callback.slot.starts_at, now):
        return None
    return callback.slot.starts_at if callback.slot.starts_at - REMINDED_AHEAD > now else None


def of_day(callbacks: Iterable[Callback], begins: datetime, ends: datetime) -> list[Callback]:
    """Return the call-backs whose slot begins between two moments, by time. The given ones may have moved meanwhile."""
    booked = [callback for callback in callbacks if callback.slot and begins <= callback.slot.starts_at < ends]
    return sorted(booked, key=lambda callback: (callback.slot, callback.callback_id))


@dataclass(frozen=True, kw_only=True)
class Seats:
    """Effect of a change on the seats: quarter-hours taken and freed. Seats that it keeps are in neither."""

    taken: tuple[datetime, ...]
    freed: tuple[datetime, ...]


def seats(before: Callback | None, after: Callback) -> Seats:
    """Return the seats that change. A cancelled call-back holds no seats; a taken or closed one keeps its seats."""
    held, wanted = _seats_of(before), _seats_of(after)
    return Seats(taken=tuple(sorted(wanted - held)), freed=tuple(sorted(held - wanted)))


def _seats_of(callback: Callback | None) -> set[datetime]:
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
                "description_sha256": salted_digest(callback.description, callback.description_salt),
                **slot,
            }
        case What.CALLBACK_MOVED:
            data = {"version": callback.version, **slot, **earlier}
        case What.CALLBACK_CANCELLED:
            data = {"version": callback.version, **earlier}
        case What.CALLBACK_CLOSED:
            note_sha256 = salted_digest(callback.note, callback.note_salt)
            data = {"outcome": callback.closed_as, "note_sha256": note_sha256}
    return Note(what=what, by=by, about=callback.callback_id, data=data, at=now)


def slot_change(entry: Entry) -> SlotChange:
    """Return the slots of a ledger entry about a call-back that was booked, moved or cancelled."""
    slot, earlier = _slot_from(entry.data), _slot_from(entry.data, "earlier_")
    return SlotChange(slot=slot, earlier=earlier, version=int(entry.data["version"] or 0))


def _slot_data(slot: Slot | None, prefix: str = "") -> Data:
    return {
        f"{prefix}starts_at": text_of(slot.starts_at) if slot else None,
        f"{prefix}ends_at": text_of(slot.ends_at) if slot else None,
    }


def _slot_from(data: Data, prefix: str = "") -> Slot | None:
    starts_at, ends_at = data.get(f"{prefix}starts_at"), data.get(f"{prefix}ends_at")
    if starts_at is None:
        return None
    return Slot(starts_at=instant(str(starts_at)), ends_at=instant(str(ends_at)))
