"""Choice of a slot for a call-back: who may choose, which slots exist, and which are free."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge.http.inputs import Day, Slug
from guestkey.edge.http.problem import fault
from guestkey.edge.responses.callbacks import Callback as CallbackResponse
from guestkey.edge.responses.callbacks import FreeSlot, Slots
from guestkey.errors import CallbackOpen, InputInvalid, SlotNotOffered, SlotsNotOffered, SlotTaken
from guestkey.rules.callbacks import Callback
from guestkey.rules.desk import Topic
from guestkey.rules.hours import day_of
from guestkey.rules.people import User
from guestkey.rules.slots import MAX_DAYS, Slot, may_choose_slot, nearest, offered, slot_at
from guestkey.store.callbacks import seats
from guestkey.store.callbacks.booking import StillOpen
from guestkey.store.callbacks.desks import CurrentDesk

MAX_ALTERNATIVES = 3
"""Number of free slots that are offered in place of a taken one."""

TopicId = Annotated[Slug, Query()]
FirstDay = Annotated[Day | None, Query(alias="from")]
Days = Annotated[int, Query(ge=1, le=MAX_DAYS)]


def require_choice(user: User, current: CurrentDesk) -> None:
    """Raise SlotsNotOffered unless the user's language may choose slots."""
    if not may_choose_slot(user.locale, current.desk.slot_languages):
        raise SlotsNotOffered


def known_topic(current: CurrentDesk, topic_id: str, place: str = "#") -> Topic:
    """Return a topic of the desk. Raises InputInvalid, with a pointer into the part of the request named `place`."""
    found = current.desk.topic(topic_id)
    if found is None:
        raise InputInvalid(errors=[fault("unknown topic", "topic", place=place)])
    return found


def offered_slot(current: CurrentDesk, topic: Topic | None, starts_at: datetime | None, now: datetime) -> Slot | None:
    """Return the slot that begins then, or None for the queue, which is all that a deleted topic has.

    Raises SlotNotOffered, with `queue_only` for a deleted topic.
    """
    if starts_at is None:
        return None
    if topic is None:
        raise SlotNotOffered("The desk no longer offers this topic; the call-back can join the queue.", queue_only=True)
    if (slot := wanted_slot(current, topic, starts_at, now)) is None:
        raise SlotNotOffered
    return slot


def wanted_slot(current: CurrentDesk, topic: Topic | None, starts_at: datetime | None, now: datetime) -> Slot | None:
    """Return the slot of a topic that begins then; None for the queue and if none is offered."""
    return slot_at(current.desk, current.calendar, topic, now, starts_at) if topic and starts_at else None


def slot_for(callback: Callback, current: CurrentDesk, starts_at: datetime | None, now: datetime) -> Slot | None:
    """Return the slot to which a call-back moves. Its own slot may be too soon to be offered now, and is no move."""
    if callback.slot and callback.slot.starts_at == starts_at:
        return callback.slot
    return offered_slot(current, current.desk.topic(callback.topic), starts_at, now)


def offer(current: CurrentDesk, topic_id: str, first: date | None, days: int, now: datetime) -> Slots:
    """Return the free slots of a topic, by days of the support desk, from `first` or today on. Raises InputInvalid."""
    desk, topic = current.desk, known_topic(current, topic_id, "query")
    slots = offered(desk, current.calendar, topic, now, first or day_of(desk, now), days)
    return Slots(time_zone=desk.time_zone, items=list(free_slots(slots, current)))


def free_slots(slots: Iterator[Slot], current: CurrentDesk) -> Iterator[FreeSlot]:
    """Yield the slots that have room, with the number of call-backs that can still be booked."""
    for slot, free in seats.free(slots, current.desk.lines):
        yield FreeSlot(starts_at=slot.starts_at, ends_at=slot.ends_at, free=free)


@contextmanager
def describing_conflicts(
    current: CurrentDesk, topic_id: str, starts_at: datetime | None, now: datetime
) -> Iterator[None]:
    """Add the next free slots to SlotTaken, and the open call-back to CallbackOpen."""
    try:
        yield
    except SlotTaken:
        topic = current.desk.topic(topic_id)
        assert topic and starts_at
        free = free_slots(nearest(current.desk, current.calendar, topic, now, starts_at), current)
        raise SlotTaken(next=[other.as_members() for other in islice(free, MAX_ALTERNATIVES)]) from None
    except StillOpen as error:
        raise CallbackOpen(callback=CallbackResponse.of(error.callback, now).as_members()) from None
