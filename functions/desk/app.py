"""/v1/support/callbacks: agents see the day and the queue, take a call-back, and close it."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from guestkey.edge import clock, ids, routes
from guestkey.edge.callbacks import DeskDay, SupportCallback
from guestkey.edge.inputs import Day, Input, Note
from guestkey.errors import AlreadyTaken, CallbackClosed, DeskUnknown, NotFound, NotYours
from guestkey.rules.callbacks import Callback, Outcome
from guestkey.rules.hours import day_of
from guestkey.rules.people import Agent
from guestkey.store import callbacks, desks, people, seats, whereabouts

MOST_WAITING = 300
"""How much of the queue is shown; an answer must fit through the API."""

app = routes.resolver()


class CloseOrder(Input):
    """How the call ended, and a word about it for the vendor."""

    outcome: Outcome = Field(strict=False)
    note: Note | None = None


@app.get(
    "/v1/support/callbacks",
    summary="Whom do we call?",
    tags=["support"],
    openapi_extensions=routes.refuses(DeskUnknown),
)
def list_callbacks(day: Annotated[Day | None, Query()] = None) -> DeskDay:
    """List what is booked for a day of the support desk's, or for today, and the first 300 of the queue."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    desk = desks.known(now).desk
    booked = callbacks.booked_on(desk, day or day_of(desk, now))
    waiting = callbacks.find_many(seats.queue()[:MOST_WAITING])
    open_to = whereabouts.among({callback.tenant_id for callback in [*booked, *waiting]}, agent, now)
    return DeskDay(booked=_all_shown(booked, open_to, now), waiting=_all_shown(waiting, open_to, now))


@app.post(
    "/v1/support/callbacks/<callback_id>/take",
    summary="Take a call-back",
    tags=["support"],
    openapi_extensions=routes.refuses(NotFound, AlreadyTaken, CallbackClosed),
)
def take_callback(callback_id: str) -> SupportCallback:
    """Take a call-back from the day or from the queue: you call. Taking it twice answers the same."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    return _shown(callbacks.take(agent, ids.known_form(callback_id), now), agent, now)


@app.post(
    "/v1/support/callbacks/<callback_id>/close",
    summary="Close a call-back",
    tags=["support"],
    openapi_extensions=routes.refuses(NotFound, NotYours, CallbackClosed),
)
def close_callback(callback_id: str, order: CloseOrder) -> SupportCallback:
    """Say how the call ended that you took. Closing it twice in the same way answers the same."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    return _shown(callbacks.close(agent, ids.known_form(callback_id), order.outcome, order.note, now), agent, now)


def _shown(callback: Callback, agent: Agent, now: datetime) -> SupportCallback:
    return SupportCallback.seen(callback, now, may_enter=whereabouts.lets_in(callback.tenant_id, agent, now))


def _all_shown(found: list[Callback], open_to: set[str], now: datetime) -> list[SupportCallback]:
    return [SupportCallback.seen(callback, now, may_enter=callback.tenant_id in open_to) for callback in found]


lambda_handler = routes.serve(app)
