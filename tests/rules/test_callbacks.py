"""How a call-back comes about, moves, is taken and ends, and which seats each change takes and frees."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestkey.errors import AlreadyTaken, CallbackClosed, NotYours
from guestkey.rules.callbacks import (
    Callback,
    Kind,
    Outcome,
    State,
    book,
    cancel,
    close,
    is_ahead,
    move,
    of_day,
    reminded_of,
    seats,
    take,
)
from guestkey.rules.desk import QUARTER
from guestkey.rules.people import Agent, User
from guestkey.rules.slots import Slot

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEN = NOON + timedelta(hours=21)
SECOND = timedelta(seconds=1)
ANNA = User(tenant_id="acme", user_id="anna", name="Anna Albrecht", email="anna@acme.example", locale="de-DE")


def agent(agent_id: str) -> Agent:
    return Agent(
        agent_id=agent_id, name=agent_id.title(), email="", departments=("support",), is_active=True, changed_at=NOON
    )


SVEN, DORA = agent("sven"), agent("dora")


def slot(starts_at: datetime = TEN, quarters: int = 1) -> Slot:
    return Slot(starts_at=starts_at, ends_at=starts_at + quarters * QUARTER)


def asked(at: Slot | None = None) -> Callback:
    return book(
        callback_id="01J",
        by=ANNA,
        topic="question",
        description="Why?",
        phone="+4924144686122",
        phone_shown="0241 44686122",
        slot=at,
        now=NOON,
    )


BOOKED, WAITING = asked(slot()), asked()
TAKEN, TAKEN_FROM_QUEUE = take(BOOKED, SVEN, NOON), take(WAITING, SVEN, NOON)
REACHED = close(TAKEN, SVEN, Outcome.REACHED, "All well")
CANCELLED = cancel(BOOKED, NOON)
OVER = BOOKED.slot.ends_at if BOOKED.slot else NOON


# --- Reminders -------------------------------------------------------------------------------------------------------


def test_whoever_has_a_slot_is_reminded_of_it_until_an_hour_before():
    assert reminded_of(BOOKED, NOON) == TEN
    assert reminded_of(TAKEN, TEN - timedelta(hours=1, seconds=1)) == TEN
    assert reminded_of(BOOKED, TEN - timedelta(hours=1)) is None


@pytest.mark.parametrize("callback", [WAITING, TAKEN_FROM_QUEUE, REACHED, CANCELLED])
def test_nobody_is_reminded_in_the_queue_or_of_what_is_over(callback):
    assert reminded_of(callback, NOON) is None
    assert not is_ahead(callback, TEN, NOON)


def test_a_call_is_ahead_at_its_very_time_and_until_that():
    assert is_ahead(BOOKED, TEN, TEN - SECOND) and is_ahead(TAKEN, TEN, NOON)
    assert not is_ahead(BOOKED, TEN, TEN)
    assert not is_ahead(move(BOOKED, slot(TEN + QUARTER), NOON), TEN, NOON)


# --- How it stands ---------------------------------------------------------------------------------------------------


def test_whoever_chooses_a_slot_is_booked_and_whoever_does_not_waits():
    assert (BOOKED.kind, BOOKED.state(NOON)) == (Kind.SLOT, State.BOOKED)
    assert (WAITING.kind, WAITING.state(NOON)) == (Kind.QUEUE, State.WAITING)


def test_it_remembers_who_asked_where_to_write_and_in_which_language():
    assert (BOOKED.tenant_id, BOOKED.requested_by.user_id, BOOKED.requested_by.name) == (
        "acme",
        "anna",
        "Anna Albrecht",
    )
    assert (BOOKED.email, BOOKED.locale, BOOKED.requested_at, BOOKED.version) == ("anna@acme.example", "de-DE", NOON, 0)


def test_what_nobody_took_by_the_end_of_its_slot_reads_as_unreached():
    assert BOOKED.state(OVER - SECOND) is State.BOOKED
    assert BOOKED.state(OVER) is State.UNREACHED
    assert BOOKED.is_open(OVER - SECOND) and not BOOKED.is_open(OVER)


@pytest.mark.parametrize("callback", [WAITING, TAKEN, TAKEN_FROM_QUEUE])
def test_time_ends_neither_what_waits_nor_what_is_taken(callback):
    assert callback.is_open(NOON + timedelta(days=1000))
    assert callback.is_open_ended


@pytest.mark.parametrize("callback", [BOOKED, REACHED, CANCELLED])
def test_what_is_booked_or_closed_does_not_stay_open_for_good(callback):
    assert not callback.is_open_ended


@pytest.mark.parametrize("callback", [REACHED, CANCELLED])
def test_what_is_closed_stays_closed_whatever_the_clock_says(callback):
    assert callback.state(NOON) is callback.state(OVER) is callback.closed_as
    assert not callback.is_open(NOON)


# --- Moving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "to", "state"),
    [
        (BOOKED, slot(TEN + QUARTER), State.BOOKED),
        (BOOKED, None, State.WAITING),
        (WAITING, slot(), State.BOOKED),
    ],
)
def test_moving_keeps_the_id_and_raises_the_version(before, to, state):
    moved = move(before, to, NOON)

    assert (moved.callback_id, moved.version, moved.slot, moved.state(NOON)) == ("01J", 1, to, state)
    assert move(moved, before.slot, NOON).version == 2


@pytest.mark.parametrize("callback", [BOOKED, WAITING])
def test_moving_to_where_it_is_changes_nothing(callback):
    assert move(callback, callback.slot, NOON) is callback


@pytest.mark.parametrize("callback", [TAKEN, TAKEN_FROM_QUEUE, REACHED, CANCELLED])
@pytest.mark.parametrize("to", [None, slot(), slot(TEN + QUARTER)])
def test_what_is_taken_or_closed_cannot_be_moved_not_even_to_where_it_is(callback, to):
    with pytest.raises(CallbackClosed):
        move(callback, to, NOON)


def test_what_is_over_cannot_be_moved():
    with pytest.raises(CallbackClosed):
        move(BOOKED, slot(OVER + timedelta(days=1)), OVER)


# --- Cancelling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("callback", [BOOKED, WAITING, TAKEN, TAKEN_FROM_QUEUE])
def test_whatever_is_open_can_be_cancelled_once(callback):
    cancelled = cancel(callback, NOON)

    assert (cancelled.state(NOON), cancelled.version) == (State.CANCELLED, callback.version + 1)
    assert cancel(cancelled, OVER) is cancelled


def test_what_was_called_or_is_over_cannot_be_cancelled():
    for callback, at in ((REACHED, NOON), (BOOKED, OVER)):
        with pytest.raises(CallbackClosed):
            cancel(callback, at)


# --- Taking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("callback", [BOOKED, WAITING])
def test_one_agent_takes_it_and_taking_it_again_changes_nothing(callback):
    taken = take(callback, SVEN, NOON)

    assert taken.taken_by and (taken.taken_by.agent_id, taken.taken_by.name) == ("sven", "Sven")
    assert (taken.state(NOON), taken.version) == (State.TAKEN, callback.version)
    assert take(taken, SVEN, OVER) is taken


def test_nobody_takes_what_another_agent_has():
    with pytest.raises(AlreadyTaken):
        take(TAKEN, DORA, NOON)


@pytest.mark.parametrize(("callback", "at"), [(REACHED, NOON), (CANCELLED, NOON), (BOOKED, OVER)])
@pytest.mark.parametrize("who", [SVEN, DORA])
def test_nobody_takes_what_is_over(callback, at, who):
    with pytest.raises(CallbackClosed):
        take(callback, who, at)


# --- Closing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", Outcome)
def test_its_taker_says_how_the_call_ended(outcome):
    closed = close(TAKEN, SVEN, outcome, "Nobody at the desk")

    assert (closed.state(NOON), closed.note, closed.version) == (State(outcome), "Nobody at the desk", 0)
    assert close(closed, SVEN, outcome, "Nobody at the desk") == closed


@pytest.mark.parametrize("callback", [BOOKED, WAITING, CANCELLED])
def test_nobody_closes_what_nobody_took(callback):
    with pytest.raises(NotYours):
        close(callback, SVEN, Outcome.REACHED, None)


@pytest.mark.parametrize("callback", [TAKEN, REACHED, cancel(TAKEN, NOON)])
def test_nobody_closes_what_another_agent_took(callback):
    with pytest.raises(NotYours):
        close(callback, DORA, Outcome.REACHED, None)


@pytest.mark.parametrize(("outcome", "note"), [(Outcome.UNREACHED, "All well"), (Outcome.REACHED, None)])
def test_it_is_closed_in_one_way(outcome, note):
    with pytest.raises(CallbackClosed):
        close(REACHED, SVEN, outcome, note)


def test_what_the_customer_cancelled_meanwhile_is_closed():
    with pytest.raises(CallbackClosed):
        close(cancel(TAKEN, NOON), SVEN, Outcome.UNREACHED, None)


# --- Seats -----------------------------------------------------------------------------------------------------------


def test_booking_takes_every_quarter_hour_of_the_slot():
    moving = seats(None, asked(slot(TEN, 2)))

    assert (moving.taken, moving.freed) == ((TEN, TEN + QUARTER), ())


def test_moving_by_a_quarter_hour_keeps_the_one_in_both():
    before = asked(slot(TEN, 2))
    moving = seats(before, move(before, slot(TEN + QUARTER, 2), NOON))

    assert (moving.taken, moving.freed) == ((TEN + 2 * QUARTER,), (TEN,))


@pytest.mark.parametrize("after", [CANCELLED, move(BOOKED, None, NOON)])
def test_cancelling_and_joining_the_queue_free_the_seat(after):
    assert (seats(BOOKED, after).taken, seats(BOOKED, after).freed) == ((), (TEN,))


@pytest.mark.parametrize(("before", "after"), [(BOOKED, TAKEN), (TAKEN, REACHED)])
def test_an_agent_changes_no_seats(before, after):
    assert seats(before, after).taken == seats(before, after).freed == ()


@pytest.mark.parametrize("callback", [WAITING, TAKEN_FROM_QUEUE, cancel(WAITING, NOON)])
def test_the_queue_has_no_seats(callback):
    assert seats(None, callback).taken == seats(WAITING, callback).freed == ()


SLOTS = st.none() | st.builds(
    lambda start, quarters: slot(TEN + start * QUARTER, quarters), st.integers(0, 8), st.integers(1, 4)
)


@given(SLOTS, SLOTS)
def test_what_is_freed_and_taken_leads_from_the_seats_before_to_those_after(before, after):
    held = set(before.quarters) if before else set()
    moving = seats(replace(WAITING, slot=before), replace(WAITING, slot=after))

    assert set(moving.freed) <= held and not held & set(moving.taken)
    assert (held - set(moving.freed)) | set(moving.taken) == (set(after.quarters) if after else set())


# --- The day ---------------------------------------------------------------------------------------------------------


def test_a_day_is_what_begins_in_it_by_time():
    found = [
        replace(asked(at), callback_id=id)
        for id, at in {
            "d": slot(TEN + timedelta(hours=1)),
            "c": slot(TEN),
            "b": slot(TEN),
            "before": slot(TEN - QUARTER),
            "after": slot(TEN + timedelta(days=1)),
            "moved away": None,
        }.items()
    ]

    assert [one.callback_id for one in of_day(found, TEN, TEN + timedelta(days=1))] == ["b", "c", "d"]
