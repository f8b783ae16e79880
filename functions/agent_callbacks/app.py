"""/v1/support/callbacks: agents list, take, release, hand on, close, move and cancel call-backs."""

from guestkey import cold_start

cold_start.begin_cold_start()

from datetime import datetime
from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge import support_changes
from guestkey.edge.bodies.callbacks import CancelInput, CloseInput, HandInput, SupportMoveInput
from guestkey.edge.http import ids, routes
from guestkey.edge.http.inputs import Day
from guestkey.edge.responses.callbacks import DeskDay, SupportCallback
from guestkey.errors import AlreadyTaken, CallbackClosed, DeskUnknown, NotFound, NotYours, TooEarly
from guestkey.rules import callbacks as rules
from guestkey.rules.callbacks import Callback
from guestkey.rules.hours import day_of
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.people import Agent
from guestkey.store import clock
from guestkey.store.access import accessible_tenants
from guestkey.store.callbacks import callbacks, changes, desks, seats
from guestkey.store.dynamodb.client import open_client
from guestkey.store.registry import people

MAX_WAITING = 300
"""Call-backs of the queue in one response, which must stay below the API's size limit."""

OPEN = (NotFound, CallbackClosed)
TAKING, TAKEN, MOVING = (*OPEN, AlreadyTaken, TooEarly), (*OPEN, NotYours), (*OPEN, *support_changes.MOVING)

app = routes.resolver()


@routes.route(app, "GET /v1/support/callbacks", "List call-backs", "support", DeskUnknown)
def list_callbacks(day: Annotated[Day | None, Query()] = None) -> DeskDay:
    """List the call-backs of a day of the support desk, or today, those you have taken, and the first 300 waiting."""
    agent, now = _agent_now()
    desk = desks.current(now).desk
    booked = callbacks.booked_on(desk, day or day_of(desk, now))
    waiting = callbacks.find_many(seats.queue()[:MAX_WAITING])
    taken = callbacks.taken_by(agent, now)
    accessible = accessible_tenants.which_of({one.tenant_id for one in [*booked, *waiting, *taken]}, agent, now)

    def respond(found: list[Callback]) -> list[SupportCallback]:
        return [SupportCallback.for_agent(one, now, may_enter=one.tenant_id in accessible) for one in found]

    return DeskDay(booked=respond(booked), waiting=respond(waiting), taken=respond(taken))


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


@routes.route(app, "POST /v1/support/callbacks/{callback_id}/hand", "Hand a call-back on", "support", *TAKEN)
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
    return _respond(support_changes.move_by_support(ids.valid_id(callback_id), body, _by(agent), now), agent, now)


@routes.route(app, "DELETE /v1/support/callbacks/{callback_id}", "Cancel a customer's call-back", "support", *OPEN)
def cancel_for_customer(callback_id: str, body: CancelInput) -> SupportCallback:
    """Cancel an open call-back. The customer is mailed the reason. Cancelling twice returns the same call-back."""
    agent, now = _agent_now()
    return _respond(support_changes.cancel_by_support(ids.valid_id(callback_id), body, _by(agent), now), agent, now)


def _agent_now() -> tuple[Agent, datetime]:
    return people.active_agent(routes.agent_id(app)), clock.now()


def _change(callback_id: str, agent: Agent, what: What, rule: rules.Rule, now: datetime) -> SupportCallback:
    valid_id = ids.valid_id(callback_id)
    return _respond(changes.change(callbacks.tenant_of(valid_id), valid_id, what, _by(agent), rule, now), agent, now)


def _by(agent: Agent) -> By:
    return By(type=ByType.AGENT, id=agent.agent_id)


def _respond(callback: Callback, agent: Agent, now: datetime) -> SupportCallback:
    may_enter = accessible_tenants.may_enter(callback.tenant_id, agent, now)
    return SupportCallback.for_agent(callback, now, may_enter=may_enter)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
