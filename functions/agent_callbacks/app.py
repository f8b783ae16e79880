"""/v1/support/callbacks, /v1/support/slots: agents list, take, release, hand on, close, move and cancel call-backs."""

from guestkey import cold_start

cold_start.begin_cold_start()

from datetime import datetime
from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge import desk_day, slot_choice, support_changes
from guestkey.edge.bodies.callbacks import CancelInput, CloseInput, HandInput, SupportMoveInput
from guestkey.edge.http import ids, routes
from guestkey.edge.http.inputs import Day, Locale
from guestkey.edge.responses.callbacks import DeskDay, Slots, SupportCallback
from guestkey.errors import AlreadyTaken, CallbackClosed, DeskUnknown, NotFound, NotYours, TooEarly, TooManyRequests
from guestkey.rules import callbacks as rules
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.people import Agent
from guestkey.rules.slots import MAX_DAYS
from guestkey.store import clock
from guestkey.store.callbacks import callbacks, changes, desks
from guestkey.store.dynamodb.client import open_client
from guestkey.store.registry import people

OPEN = (NotFound, CallbackClosed)
TAKING, TAKEN = (*OPEN, AlreadyTaken, TooEarly, TooManyRequests), (*OPEN, NotYours)
HANDING, MOVING = (*TAKEN, TooManyRequests), (*OPEN, *support_changes.MOVING, TooManyRequests)

app = routes.resolver()


@routes.route(app, "GET /v1/support/callbacks", "List call-backs", "support", DeskUnknown)
def list_callbacks(
    day: Annotated[Day | None, Query()] = None, language: Annotated[Locale | None, Query()] = None
) -> DeskDay:
    """List the call-backs of a day of the support desk, or today, those you have taken, and the first 300 waiting.

    The names of the topics are in `language`, or else in English.
    """
    agent, now = _agent_now()
    return desk_day.desk_day(agent, day, language, now)


@routes.route(app, "GET /v1/support/slots", "List free slots for a customer", "support", DeskUnknown)
def list_slots_for_customer(
    topic: slot_choice.TopicId, first: slot_choice.FirstDay = None, days: slot_choice.Days = MAX_DAYS
) -> Slots:
    """List the free slots of a topic, to which you can move a call-back of a customer of any language."""
    _, now = _agent_now()
    return slot_choice.offer(desks.current(now), topic, first, days, now)


@routes.route(app, "POST /v1/support/callbacks/{callback_id}/take", "Take a call-back", "support", *TAKING)
def take_callback(callback_id: str) -> SupportCallback:
    """Take a waiting call-back, or one booked for the next hour, in order to call. Repeating changes nothing."""
    agent, now = _agent_now()
    return _change(callback_id, agent, What.CALLBACK_TAKEN, partial(rules.take, agent=agent, now=now), now)


@routes.route(app, "POST /v1/support/callbacks/{callback_id}/release", "Release a call-back", "support", *TAKEN)
def release_callback(callback_id: str) -> SupportCallback:
    """Give back a call-back that you took, so that colleagues can take it. Repeating changes nothing."""
    agent, now = _agent_now()
    return _change(callback_id, agent, What.CALLBACK_RELEASED, partial(rules.release, agent=agent, now=now), now)


@routes.route(app, "POST /v1/support/callbacks/{callback_id}/hand", "Hand a call-back on", "support", *HANDING)
def hand_callback(callback_id: str, body: HandInput) -> SupportCallback:
    """Hand a call-back that you took on to an active colleague. Repeating changes nothing."""
    agent, now = _agent_now()
    colleague = support_changes.colleague(body.agent_id)
    rule = partial(rules.hand, agent=agent, colleague=colleague, now=now)
    return _change(callback_id, agent, What.CALLBACK_HANDED, rule, now)


@routes.route(app, "POST /v1/support/callbacks/{callback_id}/close", "Close a call-back", "support", *TAKEN)
def close_callback(callback_id: str, body: CloseInput) -> SupportCallback:
    """Close a call-back that you took. Closing it twice in the same way returns the same call-back."""
    agent, now = _agent_now()
    rule = partial(rules.close, agent=agent, outcome=body.outcome, note=body.note, note_salt=ids.new_salt())
    return _change(callback_id, agent, What.CALLBACK_CLOSED, rule, now)


@routes.route(app, "PATCH /v1/support/callbacks/{callback_id}", "Move a customer's call-back", "support", *MOVING)
def move_for_customer(callback_id: str, body: SupportMoveInput) -> SupportCallback:
    """Move an open call-back to another slot, or to the queue. The customer is mailed the reason."""
    agent, now = _agent_now()
    moved = support_changes.move_by_support(ids.valid_id(callback_id), body, _by(agent), now)
    return desk_day.one_call(moved, agent, now)


@routes.route(app, "DELETE /v1/support/callbacks/{callback_id}", "Cancel a customer's call-back", "support", *OPEN)
def cancel_for_customer(callback_id: str, body: CancelInput) -> SupportCallback:
    """Cancel an open call-back. The customer is mailed the reason. Cancelling twice returns the same call-back."""
    agent, now = _agent_now()
    cancelled = support_changes.cancel_by_support(ids.valid_id(callback_id), body, _by(agent), now)
    return desk_day.one_call(cancelled, agent, now)


def _agent_now() -> tuple[Agent, datetime]:
    return people.active_agent(routes.agent_id(app)), clock.now()


def _change(callback_id: str, agent: Agent, what: What, rule: rules.Rule, now: datetime) -> SupportCallback:
    valid_id = ids.valid_id(callback_id)
    changed = changes.change(callbacks.tenant_of(valid_id), valid_id, what, _by(agent), rule, now)
    return desk_day.one_call(changed, agent, now)


def _by(agent: Agent) -> By:
    return By(type=ByType.AGENT, id=agent.agent_id)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
