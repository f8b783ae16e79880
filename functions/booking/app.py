"""/v1/topics, /v1/slots, /v1/callbacks: a customer books, reads, moves and cancels a call-back."""

from guestkey import cold_start

cold_start.begin_cold_start()

from functools import partial

from guestkey import errors
from guestkey.edge import customer_changes, phones, slot_choice
from guestkey.edge.bodies.callbacks import CallbackInput, MoveInput
from guestkey.edge.http import ids, routes
from guestkey.edge.responses.callbacks import Callback, Slots, Topic, Topics
from guestkey.rules import callbacks as rules
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.slots import MAX_DAYS
from guestkey.store import clock
from guestkey.store.callbacks import booking, callbacks, changes, desks
from guestkey.store.dynamodb.client import open_client

app = routes.resolver()
CHOOSING = (errors.SlotsNotOffered, errors.DeskUnknown, errors.SlotNotOffered, errors.SlotTaken, errors.TooManyRequests)
BOOKING = (*CHOOSING, errors.TenantUnknown, errors.CallbackOpen, errors.IdempotencyKeyReused)
CLOSED = (errors.NotFound, errors.CallbackClosed)


@routes.route(app, "GET /v1/topics", "List topics of call-backs", "callbacks", errors.DeskUnknown)
def list_topics() -> Topics:
    """List the topics of call-backs in your language."""
    user, current = routes.user(app), desks.current(clock.now())
    return Topics(items=[Topic.of(topic, user.locale) for topic in current.desk.topics])


@routes.route(app, "GET /v1/slots", "List free slots", "callbacks", errors.SlotsNotOffered, errors.DeskUnknown)
def list_slots(
    topic: slot_choice.TopicId, first: slot_choice.FirstDay = None, days: slot_choice.Days = MAX_DAYS
) -> Slots:
    """List the free slots of a topic, by days of the support desk, from `from` or today on."""
    user, now = routes.user(app), clock.now()
    current = desks.current(now)
    slot_choice.require_choice(user, current)
    return slot_choice.offer(current, topic, first, days, now)


@routes.route(app, "POST /v1/callbacks", "Book a call-back", "callbacks", *BOOKING, status=201)
def book_callback(body: CallbackInput) -> Callback:
    """Book a slot, or join the queue. A customer has one open call-back at a time."""
    user, now, callback_id, salt = routes.user(app), clock.now(), ids.new_id(), ids.new_salt()
    current = desks.current(now)
    if body.starts_at:
        slot_choice.require_choice(user, current)
    about, lines = current.desk.topic(body.topic), current.desk.lines
    wanted = slot_choice.wanted_slot(current, about, body.starts_at, now)

    def book(context: booking.BookingContext) -> rules.Callback:
        topic, country = slot_choice.known_topic(current, body.topic), context.tenant.country
        phone = phones.e164(body.phone, country)
        if body.starts_at and wanted is None:
            raise errors.SlotNotOffered
        return rules.book(
            callback_id=callback_id,
            by=user,
            topic=topic.topic_id,
            description=body.description,
            description_salt=salt,
            phone=phone,
            phone_shown=phones.national(phone, country),
            slot=wanted,
            now=now,
        )

    with slot_choice.describing_conflicts(current, body.topic, body.starts_at, now):
        return routes.transact(
            app,
            load=lambda record: booking.load_for_booking(user, wanted, lines, record, now),
            decide=book,
            save=lambda callback, context, record: booking.save_booked(callback, context, lines, record),
            respond=lambda callback: Callback.of(callback, now),
        )


@routes.route(app, "GET /v1/callbacks/open", "Show the open call-back", "callbacks", errors.NoCallback)
def show_open_callback() -> Callback:
    """Return the open call-back of your account, booked by you or a colleague."""
    now = clock.now()
    return Callback.of(callbacks.open_of(routes.user(app).tenant_id, now), now)


@routes.route(app, "PATCH /v1/callbacks/{callback_id}", "Move or correct a call-back", "callbacks", *CHOOSING, *CLOSED)
def move_callback(callback_id: str, body: MoveInput) -> Callback:
    """Move an open call-back of your account to another slot or the queue, or put number and description right."""
    now = clock.now()
    return Callback.of(customer_changes.move(routes.user(app), ids.valid_id(callback_id), body, now), now)


@routes.route(app, "DELETE /v1/callbacks/{callback_id}", "Cancel a call-back", "callbacks", *CLOSED)
def cancel_callback(callback_id: str) -> Callback:
    """Cancel an open call-back of your account. Cancelling twice returns the same call-back."""
    user, now = routes.user(app), clock.now()
    rule, by = partial(rules.cancel, now=now), By(type=ByType.USER, id=user.user_id)
    cancelled = changes.change(user.tenant_id, ids.valid_id(callback_id), What.CALLBACK_CANCELLED, by, rule, now)
    return Callback.of(cancelled, now)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
