"""/v1/topics, /v1/slots, /v1/callbacks: a customer asks to be called back, sees when, moves and cancels it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge import clock, ids, phones, routes
from guestkey.edge.callbacks import Callback, FreeSlot, Slots, Topic, Topics
from guestkey.edge.http import fault
from guestkey.edge.inputs import Day, Description, Input, Moment, Phone, Slug
from guestkey.errors import (
    CallbackClosed,
    CallbackOpen,
    DeskUnknown,
    IdempotencyKeyReused,
    InputInvalid,
    NoCallback,
    NotFound,
    SlotNotOffered,
    SlotsNotOffered,
    SlotTaken,
    TenantUnknown,
)
from guestkey.rules import desk as rules
from guestkey.rules.callbacks import Callback as Booked
from guestkey.rules.callbacks import book
from guestkey.rules.hours import day_of
from guestkey.rules.people import User
from guestkey.rules.slots import Slot, may_choose_slot, nearest, offered, slot_at
from guestkey.store import callbacks, desks, seats
from guestkey.store.desks import Known

MOST_DAYS = 14
OFFERED_INSTEAD = 3
"""How many free slots are offered to whoever came too late."""

app = routes.resolver()


class CallbackOrder(Input):
    """What about, and where to call; at a slot, or without one from the queue as soon as an agent is free."""

    topic: Slug
    description: Description
    phone: Phone
    starts_at: Moment | None = None


class MoveOrder(Input):
    """Where to: another slot, or with `null` the queue."""

    starts_at: Moment | None


@app.get(
    "/v1/topics",
    summary="What can I be called about?",
    tags=["callbacks"],
    openapi_extensions=routes.refuses(DeskUnknown),
)
def list_topics() -> Topics:
    """List what a call-back can be about, in your language."""
    user, known = routes.user(app), desks.known(clock.now())
    return Topics(items=[Topic.of(topic, user.locale) for topic in known.desk.topics])


@app.get(
    "/v1/slots",
    summary="When can I be called?",
    tags=["callbacks"],
    openapi_extensions=routes.refuses(SlotsNotOffered, DeskUnknown),
)
def list_slots(
    topic: Annotated[Slug, Query()],
    first: Annotated[Day | None, Query(alias="from")] = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = MOST_DAYS,
) -> Slots:
    """List the slots of a topic that are free, by the support desk's own days: some days from one on, or from today."""
    user, now = routes.user(app), clock.now()
    known = desks.known(now)
    _require_choice(user, known)
    about = _topic(known, topic, "query")
    slots = offered(known.desk, known.calendar, about, now, first or day_of(known.desk, now), days)
    return Slots(time_zone=known.desk.time_zone, items=list(_free(slots, known)))


@app.post(
    "/v1/callbacks",
    status_code=201,
    summary="Ask to be called",
    tags=["callbacks"],
    openapi_extensions=routes.refuses(
        SlotsNotOffered, TenantUnknown, DeskUnknown, SlotNotOffered, CallbackOpen, SlotTaken, IdempotencyKeyReused
    ),
)
def book_callback(order: CallbackOrder) -> Callback:
    """Book a slot, or join the queue. A customer waits for one call at a time."""
    user, once, now = routes.user(app), routes.once(app), clock.now()
    known = desks.known(now)
    if order.starts_at:
        _require_choice(user, known)
    ground = callbacks.ground(user, once, now)
    topic = _topic(known, order.topic)
    phone = phones.e164(order.phone, ground.tenant.country)
    callback = book(
        callback_id=ids.new_id(),
        by=user,
        topic=topic.topic_id,
        description=order.description,
        phone=phone,
        phone_shown=phones.shown(phone, ground.tenant.country),
        slot=_slot(known, topic, order.starts_at, now),
        now=now,
    )
    shown = Callback.of(callback, now)
    with _offering_others(known, topic, callback.slot, now):
        try:
            callbacks.add(callback, ground, known.desk.lines, once and once.answering(shown.as_text()))
        except callbacks.StillOpen as other:
            raise CallbackOpen(callback=Callback.of(other.callback, now).as_members()) from None
    return shown


@app.get(
    "/v1/callbacks/open",
    summary="When will I be called?",
    tags=["callbacks"],
    openapi_extensions=routes.refuses(NoCallback),
)
def show_open_callback() -> Callback:
    """Show the call-back that you or a colleague wait for."""
    user, now = routes.user(app), clock.now()
    return Callback.of(callbacks.open_of(user.tenant_id, now), now)


@app.patch(
    "/v1/callbacks/<callback_id>",
    summary="Move a call-back",
    tags=["callbacks"],
    openapi_extensions=routes.refuses(
        SlotsNotOffered, DeskUnknown, NotFound, SlotNotOffered, CallbackClosed, SlotTaken
    ),
)
def move_callback(callback_id: str, order: MoveOrder) -> Callback:
    """Move an open call-back of your account to another slot, or to the queue. To where it is: nothing changes."""
    user, now = routes.user(app), clock.now()
    known = desks.known(now)
    if order.starts_at:
        _require_choice(user, known)
    before = callbacks.find(user.tenant_id, ids.known_form(callback_id))
    topic = known.desk.topic(before.topic)
    slot = before.slot if _is_there(before, order.starts_at) else _slot(known, topic, order.starts_at, now)
    with _offering_others(known, topic, slot, now):
        return Callback.of(callbacks.move(user, before.callback_id, slot, known.desk.lines, now), now)


@app.delete(
    "/v1/callbacks/<callback_id>",
    summary="Cancel a call-back",
    tags=["callbacks"],
    openapi_extensions=routes.refuses(NotFound, CallbackClosed),
)
def cancel_callback(callback_id: str) -> Callback:
    """Cancel an open call-back of your account. Cancelling twice answers the same."""
    user, now = routes.user(app), clock.now()
    return Callback.of(callbacks.cancel(user, ids.known_form(callback_id), now), now)


def _require_choice(user: User, known: Known) -> None:
    if not may_choose_slot(user.locale, known.desk.slot_languages):
        raise SlotsNotOffered


def _topic(known: Known, topic_id: str, place: str = "#") -> rules.Topic:
    found = known.desk.topic(topic_id)
    if found is None:
        raise InputInvalid(errors=[fault("there is no such topic", "topic", place=place)])
    return found


def _slot(known: Known, topic: rules.Topic | None, starts_at: datetime | None, now: datetime) -> Slot | None:
    """Return the slot that begins then, or None for the queue. A topic that is no more has no slots."""
    if starts_at is None:
        return None
    slot = slot_at(known.desk, known.calendar, topic, now, starts_at) if topic else None
    if slot is None:
        raise SlotNotOffered
    return slot


def _is_there(callback: Booked, starts_at: datetime | None) -> bool:
    """Say whether a call-back is at that time already, which may by now be too soon to be offered."""
    return callback.slot is not None and callback.slot.starts_at == starts_at


def _free(slots: Iterator[Slot], known: Known) -> Iterator[FreeSlot]:
    for slot, free in seats.free(slots, known.desk.lines):
        yield FreeSlot(starts_at=slot.starts_at, ends_at=slot.ends_at, free=free)


@contextmanager
def _offering_others(known: Known, topic: rules.Topic | None, slot: Slot | None, now: datetime) -> Iterator[None]:
    """Offer whoever came too late for a slot the next free ones."""
    try:
        yield
    except SlotTaken:
        assert topic and slot
        free = _free(nearest(known.desk, known.calendar, topic, now, slot.starts_at), known)
        raise SlotTaken(next=[other.as_members() for other in islice(free, OFFERED_INSTEAD)]) from None


lambda_handler = routes.serve(app)
