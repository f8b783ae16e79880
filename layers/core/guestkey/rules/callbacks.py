"""A call-back: at a slot that the customer chose, or from the queue.

The states `taken`, `reached`, `unreached` and `cancelled` are stored. A booked call-back that no agent took before its
slot ended is `unreached` as well; that follows from the clock.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.errors import AlreadyTaken, CallbackClosed, NotYours, TooEarly
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


class Stranding(StrEnum):
    """Why the desk, after a change by the vendor, cannot keep the time of a booked call-back."""

    CLOSED = "closed"
    TOPIC = "topic"
    LINES = "lines"


OPEN = frozenset({State.BOOKED, State.WAITING, State.TAKEN})
MAX_BOOKINGS_AN_HOUR = 20
"""Limit of call-backs that one user books or moves in a UTC hour. Cancelling has no limit."""
MAX_CHANGES_BY_AGENT_AN_HOUR = 60
"""Limit of call-backs of one tenant that one agent takes, hands on or moves in a UTC hour: each is a ledger entry."""
TAKEN_AHEAD = timedelta(hours=1)
"""Longest time between the taking of a booked call and its slot."""


@dataclass(frozen=True, kw_only=True)
class TakenBy:
    """The agent who calls."""

    agent_id: str
    name: str
    incarnation: int | None = None
    """The person behind the id, by the agent's number; None for the first, in call-backs from before numbers."""

    @property
    def person(self) -> tuple[str, int]:
        """The id of the agent, and the incarnation."""
        return self.agent_id, self.incarnation or 1


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why support or the vendor changed a call-back, with the salt of its hash in the ledger."""

    text: str
    salt: str


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Number and text that the customer puts right. None leaves one as it is."""

    phone: str | None = None
    phone_shown: str | None = None
    description: str | None = None
    description_salt: str | None = None

    def applied_to(self, callback: "Callback") -> "Callback":
        """Return the call-back with these. An equal text keeps its salt."""
        if self.phone and self.phone_shown:
            callback = replace(callback, phone=self.phone, phone_shown=self.phone_shown)
        if self.description not in {None, callback.description}:
            assert self.description
            callback = replace(callback, description=self.description, description_salt=self.description_salt)
        return callback


NOTHING = Correction()


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
    reason: str | None = None
    """Why support or the vendor moved or cancelled it last; None after a change by the customer."""
    reason_salt: str | None = None
    stranded_by: Stranding | None = None
    """Why its customer was asked to choose again. A move ends that."""
    version: int = 0
    """Number of moves, corrections and cancellations so far, for the SEQUENCE of its calendar invitation."""

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
        requested_by=by.person,
        email=by.email,
        locale=by.locale,
    )


def move(
    callback: Callback,
    slot: Slot | None,
    now: datetime,
    *,
    correction: Correction = NOTHING,
    reason: Reason | None = None,
) -> Callback:
    """Return the call-back at another slot or in the queue, with number and text put right.

    A move releases a call that was taken; a correction does not. What equals the present changes nothing. Raises
    CallbackClosed.
    """
    if not callback.is_open(now):
        raise CallbackClosed
    moved = callback if callback.slot == slot else replace(callback, slot=slot, taken_by=None, stranded_by=None)
    moved = correction.applied_to(moved)
    return callback if moved == callback else _changed(moved, reason)


def cancel(callback: Callback, now: datetime, *, reason: Reason | None = None) -> Callback:
    """Return the cancelled call-back. Cancelling twice returns the same call-back. Raises CallbackClosed."""
    if callback.closed_as is State.CANCELLED:
        return callback
    if not callback.is_open(now):
        raise CallbackClosed
    return _changed(replace(callback, closed_as=State.CANCELLED), reason)


def take(callback: Callback, agent: Agent, now: datetime) -> Callback:
    """Return the call-back as taken by the agent: a waiting one at any time, a booked one within TAKEN_AHEAD.

    Repeating changes nothing. Raises AlreadyTaken, TooEarly, CallbackClosed.
    """
    if not callback.is_open(now):
        raise CallbackClosed
    if callback.taken_by:
        if callback.taken_by.agent_id != agent.agent_id:
            raise AlreadyTaken
        return callback
    if callback.slot and now < callback.slot.starts_at - TAKEN_AHEAD:
        raise TooEarly
    return replace(callback, taken_by=_taken_by(agent))


def release(callback: Callback, agent: Agent, now: datetime) -> Callback:
    """Return the call-back as taken by no agent. Releasing twice changes nothing. Raises NotYours, CallbackClosed."""
    if not callback.is_open(now):
        raise CallbackClosed
    if callback.taken_by and callback.taken_by.agent_id != agent.agent_id:
        raise NotYours
    return replace(callback, taken_by=None)


def hand(callback: Callback, agent: Agent, colleague: Agent, now: datetime) -> Callback:
    """Return the call-back as taken by a colleague of the agent who took it. Repeating changes nothing.

    Raises NotYours, CallbackClosed.
    """
    if not callback.is_open(now):
        raise CallbackClosed
    if callback.taken_by and callback.taken_by.agent_id == colleague.agent_id:
        return callback
    if callback.taken_by is None or callback.taken_by.agent_id != agent.agent_id:
        raise NotYours
    return replace(callback, taken_by=_taken_by(colleague))


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


def _taken_by(agent: Agent) -> TakenBy:
    return TakenBy(agent_id=agent.agent_id, name=agent.name, incarnation=agent.incarnation)


def _changed(callback: Callback, reason: Reason | None) -> Callback:
    return replace(
        callback,
        version=callback.version + 1,
        reason=reason.text if reason else None,
        reason_salt=reason.salt if reason else None,
    )


def of_day(callbacks: Iterable[Callback], begins: datetime, ends: datetime) -> list[Callback]:
    """Return the call-backs whose slot begins between two moments, by time. The given ones may have moved meanwhile."""
    booked = [callback for callback in callbacks if callback.slot and begins <= callback.slot.starts_at < ends]
    return sorted(booked, key=lambda callback: (callback.slot, callback.callback_id))
