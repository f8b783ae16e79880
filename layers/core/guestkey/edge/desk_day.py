"""Call-backs as agents see them: with the customer who waits, and whether the customer lets the agent in now."""

from datetime import date, datetime

from guestkey.edge.responses.callbacks import DeskDay, SupportCallback, Topic
from guestkey.rules.callbacks import Callback
from guestkey.rules.hours import day_of
from guestkey.rules.people import Agent
from guestkey.store.access import accessible_tenants
from guestkey.store.callbacks import callbacks, desks, seats
from guestkey.store.dynamodb.reads import side_by_side
from guestkey.store.registry import tenants

MAX_WAITING = 300
"""Call-backs of the queue in one response, which must stay below the API's size limit."""


def desk_day(agent: Agent, day: date | None, language: str | None, now: datetime) -> DeskDay:
    """Return a day of the support desk, by default today, with the agent's own calls and the first of the queue.

    The topics are in the language. Raises DeskUnknown.
    """
    desk = desks.current(now).desk
    booked = callbacks.booked_on(desk, day or day_of(desk, now))
    waiting = callbacks.find_many(seats.queue()[:MAX_WAITING])
    taken = callbacks.taken_by(agent, now)
    tenant_ids = {one.tenant_id for one in [*booked, *waiting, *taken]}
    accessible, registered = side_by_side(
        lambda: accessible_tenants.which_of(tenant_ids, agent, now), lambda: tenants.registered(tenant_ids)
    )

    def respond(found: list[Callback]) -> list[SupportCallback]:
        return [
            SupportCallback.for_agent(
                one, now, tenant=registered.get(one.tenant_id), may_enter=one.tenant_id in accessible
            )
            for one in found
        ]

    return DeskDay(
        booked=respond(booked),
        waiting=respond(waiting),
        taken=respond(taken),
        topics=[Topic.of(topic, language) for topic in desk.topics],
    )


def one_call(callback: Callback, agent: Agent, now: datetime) -> SupportCallback:
    """Return one call-back, as the agent has just changed it."""
    tenant_id = callback.tenant_id
    may_enter, registered = side_by_side(
        lambda: accessible_tenants.may_enter(tenant_id, agent, now), lambda: tenants.registered([tenant_id])
    )
    return SupportCallback.for_agent(callback, now, tenant=registered.get(tenant_id), may_enter=may_enter)
