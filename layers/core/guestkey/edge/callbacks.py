"""Call-backs as they are answered, with what can be booked: topics, slots, the desk's day."""

from datetime import date, datetime
from typing import Any, Self

from guestkey.edge.shapes import Instant, Person, Shape
from guestkey.rules import callbacks, desk


class Topic(Shape):
    """What a call-back can be about, and how long it takes."""

    id: str
    name: str
    minutes: int

    @classmethod
    def of(cls, topic: desk.Topic, locale: str | None) -> Self:
        """Return the topic with its name in that language."""
        return cls(id=topic.topic_id, name=topic.name(locale), minutes=topic.minutes)


class Topics(Shape):
    """Everything that a call-back can be about."""

    items: list[Topic]


class FreeSlot(Shape):
    """A time at which one can be called, and by how many it can still be booked."""

    starts_at: Instant
    ends_at: Instant
    free: int


class Slots(Shape):
    """When one can be called; `time_zone` is the support desk's."""

    time_zone: str
    items: list[FreeSlot]


class CallbackAgent(Shape):
    """The agent who calls."""

    id: str
    name: str


class Callback(Shape):
    """A call-back that the customer asked for, at a slot or from the queue."""

    callback_id: str
    kind: callbacks.Kind
    state: callbacks.State
    topic: str
    description: str
    phone: str
    phone_shown: str
    starts_at: Instant | None
    ends_at: Instant | None
    requested_at: Instant
    requested_by: Person
    agent: CallbackAgent | None
    version: int

    @classmethod
    def of(cls, callback: callbacks.Callback, at: datetime) -> Self:
        """Return the call-back as it stands at that moment."""
        return cls(**_callback(callback, at))


class SupportCallback(Callback):
    """A call-back as agents see it: whose it is, and whether they may enter there now."""

    tenant_id: str
    may_enter: bool

    @classmethod
    def seen(cls, callback: callbacks.Callback, at: datetime, *, may_enter: bool) -> Self:
        """Return the call-back as it stands at that moment."""
        return cls(**_callback(callback, at), tenant_id=callback.tenant_id, may_enter=may_enter)


class DeskDay(Shape):
    """The call-backs booked for a day, by time, and the queue, first in first."""

    booked: list[SupportCallback]
    waiting: list[SupportCallback]


class Closure(Shape):
    """A day on which the vendor closed the support desk, or no longer does, and who waits for a call then."""

    day: date
    name: str | None
    callback_ids: list[str]


def _callback(callback: callbacks.Callback, at: datetime) -> dict[str, Any]:
    taken_by = callback.taken_by
    return {
        "callback_id": callback.callback_id,
        "kind": callback.kind,
        "state": callback.state(at),
        "topic": callback.topic,
        "description": callback.description,
        "phone": callback.phone,
        "phone_shown": callback.phone_shown,
        "starts_at": callback.slot.starts_at if callback.slot else None,
        "ends_at": callback.slot.ends_at if callback.slot else None,
        "requested_at": callback.requested_at,
        "requested_by": Person.of(callback.requested_by),
        "agent": CallbackAgent(id=taken_by.agent_id, name=taken_by.name) if taken_by else None,
        "version": callback.version,
    }
