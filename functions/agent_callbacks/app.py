"""/v1/support/callbacks: agents list the day and the queue, take a call-back, and close it."""

from guestkey import cold_start

cold_start.begin_cold_start()

from datetime import datetime
from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge.bodies.callbacks import CloseInput
from guestkey.edge.http import ids, routes
from guestkey.edge.http.inputs import Day
from guestkey.edge.responses.callbacks import DeskDay, SupportCallback
from guestkey.errors import AlreadyTaken, CallbackClosed, DeskUnknown, NotFound, NotYours
from guestkey.rules import callbacks as rules
from guestkey.rules.callbacks import Callback
from guestkey.rules.hours import day_of
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.people import Agent
from guestkey.store import clock
from guestkey.store.access import accessible_tenants
from guestkey.store.callbacks import callbacks, desks, seats
from guestkey.store.dynamodb.client import open_client
from guestkey.store.registry import people

MAX_WAITING = 300
"""Call-backs of the queue in one response, which must stay below the API's size limit."""

app = routes.resolver()


@routes.route(app, "GET /v1/support/callbacks", "List call-backs", "support", DeskUnknown)
def list_callbacks(day: Annotated[Day | None, Query()] = None) -> DeskDay:
    """List the call-backs booked for a day of the support desk, or for today, and the first 300 of the queue."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    desk = desks.current(now).desk
    booked = callbacks.booked_on(desk, day or day_of(desk, now))
    waiting = callbacks.find_many(seats.queue()[:MAX_WAITING])
    accessible = accessible_tenants.which_of({one.tenant_id for one in [*booked, *waiting]}, agent, now)

    def respond(found: list[Callback]) -> list[SupportCallback]:
        return [SupportCallback.for_agent(one, now, may_enter=one.tenant_id in accessible) for one in found]

    return DeskDay(booked=respond(booked), waiting=respond(waiting))


@routes.route(
    app,
    "POST /v1/support/callbacks/{callback_id}/take",
    "Take a call-back",
    "support",
    NotFound,
    AlreadyTaken,
    CallbackClosed,
)
def take_callback(callback_id: str) -> SupportCallback:
    """Take a call-back from the day or the queue in order to call. Taking it twice returns the same call-back."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    return _change(callback_id, agent, What.CALLBACK_TAKEN, partial(rules.take, agent=agent, now=now), now)


@routes.route(
    app,
    "POST /v1/support/callbacks/{callback_id}/close",
    "Close a call-back",
    "support",
    NotFound,
    NotYours,
    CallbackClosed,
)
def close_callback(callback_id: str, body: CloseInput) -> SupportCallback:
    """Close a call-back that you took. Closing it twice in the same way returns the same call-back."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    rule = partial(rules.close, agent=agent, outcome=body.outcome, note=body.note, note_salt=ids.new_salt())
    return _change(callback_id, agent, What.CALLBACK_CLOSED, rule, now)


def _change(callback_id: str, agent: Agent, what: What, rule: rules.Rule, now: datetime) -> SupportCallback:
    valid_id = ids.valid_id(callback_id)
    by = By(type=ByType.AGENT, id=agent.agent_id)
    changed = callbacks.change(callbacks.tenant_of(valid_id), valid_id, what, by, rule, now)
    may_enter = accessible_tenants.may_enter(changed.tenant_id, agent, now)
    return SupportCallback.for_agent(changed, now, may_enter=may_enter)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
