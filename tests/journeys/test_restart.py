"""`make down` and `make up` on the real stack: notices, events and dead letters go on where they were, each once."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.journeys.mailbox import mails_after, mails_to
from tests.journeys.test_mail_fails import sender_unknown
from tests.journeys.test_notices import GRANTED, notify, subjects_to, wait_for_stream
from tests.journeys.world import Tenant, World


def restart(world: World) -> None:
    world.stack.down()
    assert world.stack.up() == world.stack.url
    assert world.stack.up() == world.stack.url  # a second one changes nothing


def events_of(tenant: Tenant) -> list[str]:
    """Return the types of the tenant's events so far, in the order of the ledger's numbers."""
    events = [event for event in tenant.world.stack.events() if event["detail"]["tenant_id"] == tenant.tenant_id]
    assert [event["detail"]["seq"] for event in events] == list(range(1, len(events) + 1))
    return [event["detail-type"] for event in events]


@contextmanager
def stream_held(world: World) -> Iterator[None]:
    """Let the stream's consumer be called only after this."""
    name = world.outputs["NotifyFunctionName"]
    world.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        world.lambda_.delete_function_concurrency(FunctionName=name)


def test_a_restart_loses_and_repeats_no_notice_and_no_event(acme: Tenant, world: World) -> None:
    acme.lets_in("sven")
    mails_after(acme, 1)
    wait_for_stream(acme)
    with stream_held(world):
        acme.lets_in("dora")
        restart(world)
        assert subjects_to(acme) == [GRANTED]

    acme.lets_in_all_of("support")
    mails_after(acme, 3)
    wait_for_stream(acme)
    assert subjects_to(acme) == [GRANTED] * 3
    assert events_of(acme) == ["tenant.changed", *["grant.given"] * 3]


@pytest.mark.nightly("a second restart takes long")
def test_a_notice_that_fails_during_a_stop_waits_as_a_dead_letter(acme: Tenant, world: World) -> None:
    wait_for_stream(acme)
    with sender_unknown(world):
        acme.lets_in("sven")
        restart(world)
    wait_for_stream(acme)
    assert mails_to(acme) == []

    assert notify(world, {"redrive": True}) == {"done": 1, "dead_lettered": 0}

    assert subjects_to(acme) == [GRANTED]


def test_a_reset_forgets_the_notices_that_wait(acme: Tenant, world: World) -> None:
    with stream_held(world):
        acme.lets_in("sven")
        world.stack.reset()

    wait_for_stream(world.new_tenant())
    assert mails_to(acme) == []
    assert "acme" in {event["detail"]["tenant_id"] for event in world.stack.events()}
    assert events_of(acme) == []
