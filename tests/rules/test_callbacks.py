"""Life of a call-back: booked, moved, taken, closed; and the seats that each change takes and frees."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestkey.errors import AlreadyTaken, CallbackClosed, NotYours, TooEarly
from guestkey.rules.callback_entries import SlotChange, note, slot_change
from guestkey.rules.callbacks import (
    TAKEN_AHEAD,
    Callback,
    Correction,
    Kind,
    Outcome,
    Reason,
    State,
    Stranding,
    book,
    cancel,
    close,
    hand,
    move,
    of_day,
    release,
    take,
)
from guestkey.rules.desk import QUARTER
from guestkey.rules.ledger import START, By, ByType, Data, Note, What, entry_after, salted_digest
from guestkey.rules.people import Agent, Person, User
from guestkey.rules.reminders import is_ahead, reminded_of
from guestkey.rules.seats import seats
from guestkey.rules.slots import Slot
from tests.rows_and_columns import each_row

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEN = NOON + timedelta(hours=21)
SECOND = timedelta(seconds=1)
ANNA = User(tenant_id="acme", user_id="anna", name="Anna Albrecht", email="anna@acme.example", locale="de-DE")


def agent(agent_id: str) -> Agent:
    return Agent(
        agent_id=agent_id, name=agent_id.title(), email="", departments=("support",), is_active=True, changed_at=NOON
    )


SALT = "5a17" * 8
SVEN, DORA = agent("sven"), agent("dora")


def slot(starts_at: datetime = TEN, quarters: int = 1) -> Slot:
    return Slot(starts_at=starts_at, ends_at=starts_at + quarters * QUARTER)


def asked(at: Slot | None = None) -> Callback:
    return book(
        callback_id="01J",
        by=ANNA,
        topic="question",
        description="Why?",
        description_salt=SALT,
        phone="+4924144686122",
        phone_shown="0241 44686122",
        slot=at,
        now=NOON,
    )


BOOKED, WAITING = asked(slot()), asked()
TAKEN, TAKEN_FROM_QUEUE = take(BOOKED, SVEN, TEN - TAKEN_AHEAD), take(WAITING, SVEN, NOON)
REACHED = close(TAKEN, SVEN, Outcome.REACHED, "All well", SALT)
CANCELLED = cancel(BOOKED, NOON)
OVER = BOOKED.slot.ends_at if BOOKED.slot else NOON


# --- Reminders -------------------------------------------------------------------------------------------------------


def test_a_reminder_of_a_booked_call_back_is_due_an_hour_before():
    assert reminded_of(BOOKED, NOON) == TEN
    assert reminded_of(TAKEN, TEN - timedelta(hours=1, seconds=1)) == TEN
    assert reminded_of(BOOKED, TEN - timedelta(hours=1)) is None


@each_row("callback", [WAITING, TAKEN_FROM_QUEUE, REACHED, CANCELLED])
def test_no_reminder_is_due_in_the_queue_or_after_the_end(callback):
    assert reminded_of(callback, NOON) is None
    assert not is_ahead(callback, TEN, NOON)


def test_a_call_is_ahead_up_to_and_at_the_begin_of_its_slot():
    assert is_ahead(BOOKED, TEN, TEN - SECOND) and is_ahead(TAKEN, TEN, NOON)
    assert not is_ahead(BOOKED, TEN, TEN)
    assert not is_ahead(move(BOOKED, slot(TEN + QUARTER), NOON), TEN, NOON)


# --- State -----------------------------------------------------------------------------------------------------------


def test_with_a_slot_a_call_back_is_booked_and_without_one_it_waits():
    assert (BOOKED.kind, BOOKED.state(NOON)) == (Kind.SLOT, State.BOOKED)
    assert (WAITING.kind, WAITING.state(NOON)) == (Kind.QUEUE, State.WAITING)


def test_it_stores_user_mail_address_and_language():
    assert (BOOKED.tenant_id, BOOKED.requested_by.user_id, BOOKED.requested_by.name) == (
        "acme",
        "anna",
        "Anna Albrecht",
    )
    assert (BOOKED.email, BOOKED.locale, BOOKED.requested_at, BOOKED.version) == ("anna@acme.example", "de-DE", NOON, 0)


def test_a_booked_call_back_not_taken_by_the_end_of_its_slot_reads_as_unreached():
    assert BOOKED.state(OVER - SECOND) is State.BOOKED
    assert BOOKED.state(OVER) is State.UNREACHED
    assert BOOKED.is_open(OVER - SECOND) and not BOOKED.is_open(OVER)


@each_row("callback", [WAITING, TAKEN, TAKEN_FROM_QUEUE])
def test_a_waiting_or_taken_call_back_never_ends_by_time(callback):
    assert callback.is_open(NOON + timedelta(days=1000))
    assert callback.is_open_ended


@each_row("callback", [BOOKED, REACHED, CANCELLED])
def test_a_booked_or_closed_call_back_does_not_stay_open_for_ever(callback):
    assert not callback.is_open_ended


@each_row("callback", [REACHED, CANCELLED])
def test_a_closed_call_back_stays_closed_at_any_time(callback):
    assert callback.state(NOON) is callback.state(OVER) is callback.closed_as
    assert not callback.is_open(NOON)


# --- Moving ----------------------------------------------------------------------------------------------------------


@each_row(
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


@each_row("callback", [BOOKED, WAITING])
def test_moving_to_its_own_slot_changes_nothing(callback):
    assert move(callback, callback.slot, NOON) is callback


@each_row("callback", [REACHED, CANCELLED])
@each_row("to", [None, slot(), slot(TEN + QUARTER)])
def test_a_closed_call_back_cannot_be_moved_even_to_its_own_slot(callback, to):
    with pytest.raises(CallbackClosed):
        move(callback, to, NOON)


@each_row(("callback", "to"), [(TAKEN, None), (TAKEN, slot(TEN + QUARTER)), (TAKEN_FROM_QUEUE, slot())])
def test_moving_a_taken_call_back_releases_it_and_ends_that_it_is_stranded(callback, to):
    stranded = replace(callback, stranded_by=Stranding.CLOSED)
    moved = move(stranded, to, OVER)

    assert (moved.taken_by, moved.stranded_by, moved.slot, moved.version) == (None, None, to, 1)
    assert move(stranded, callback.slot, NOON) is stranded


def test_number_and_text_can_be_put_right_without_releasing_it():
    right = Correction(phone="+49241112", phone_shown="0241 112", description="How?", description_salt="new")
    after = move(TAKEN, TAKEN.slot, NOON, correction=right)

    assert after == replace(
        TAKEN, phone="+49241112", phone_shown="0241 112", description="How?", description_salt="new", version=1
    )
    assert move(after, after.slot, NOON, correction=replace(right, description_salt="newer")) is after


def test_a_number_is_put_right_only_with_the_form_in_which_it_is_shown():
    for half in (Correction(phone="+49241112"), Correction(phone_shown="0241 112")):
        assert move(BOOKED, BOOKED.slot, NOON, correction=half) is BOOKED


def test_a_reason_of_support_stays_until_the_next_change():
    by_support = move(BOOKED, None, NOON, reason=Reason(text="Illness", salt="5a"))

    assert (by_support.reason, by_support.reason_salt) == ("Illness", "5a")
    assert move(by_support, slot(), NOON).reason is None
    assert cancel(by_support, NOON, reason=Reason(text="Flood", salt="5b")).reason == "Flood"
    assert cancel(by_support, NOON).reason_salt is None


def test_a_call_back_whose_slot_is_over_cannot_be_moved():
    with pytest.raises(CallbackClosed):
        move(BOOKED, slot(OVER + timedelta(days=1)), OVER)


# --- Cancelling ------------------------------------------------------------------------------------------------------


@each_row("callback", [BOOKED, WAITING, TAKEN, TAKEN_FROM_QUEUE])
def test_an_open_call_back_can_be_cancelled_and_again_changes_nothing(callback):
    cancelled = cancel(callback, NOON)

    assert (cancelled.state(NOON), cancelled.version) == (State.CANCELLED, callback.version + 1)
    assert cancel(cancelled, OVER) is cancelled


def test_a_closed_call_back_or_one_whose_slot_is_over_cannot_be_cancelled():
    for callback, at in ((REACHED, NOON), (BOOKED, OVER)):
        with pytest.raises(CallbackClosed):
            cancel(callback, at)


# --- Taking ----------------------------------------------------------------------------------------------------------


@each_row("callback", [BOOKED, WAITING])
def test_one_agent_takes_it_and_taking_it_again_changes_nothing(callback):
    taken = take(callback, SVEN, TEN - TAKEN_AHEAD)

    assert taken.taken_by and (taken.taken_by.agent_id, taken.taken_by.name) == ("sven", "Sven")
    assert (taken.state(NOON), taken.version) == (State.TAKEN, callback.version)
    assert take(taken, SVEN, OVER) is taken


def test_a_call_back_taken_by_another_agent_cannot_be_taken():
    with pytest.raises(AlreadyTaken):
        take(TAKEN, DORA, NOON)


@each_row(("callback", "at"), [(REACHED, NOON), (CANCELLED, NOON), (BOOKED, OVER)])
@each_row("who", [SVEN, DORA])
def test_a_call_back_whose_slot_is_over_cannot_be_taken(callback, at, who):
    with pytest.raises(CallbackClosed):
        take(callback, who, at)


def test_a_booked_call_back_can_be_taken_from_an_hour_before_its_slot_and_a_waiting_one_at_any_time():
    with pytest.raises(TooEarly):
        take(BOOKED, SVEN, TEN - TAKEN_AHEAD - SECOND)
    assert take(BOOKED, SVEN, TEN - TAKEN_AHEAD).taken_by
    assert take(TAKEN, SVEN, NOON) is TAKEN and take(WAITING, SVEN, NOON).taken_by


def test_a_take_copies_the_person_behind_the_id():
    taken = take(WAITING, replace(SVEN, incarnation=3), NOON)

    assert taken.taken_by and taken.taken_by.person == ("sven", 3)
    assert replace(taken.taken_by, incarnation=None).person == ("sven", 1)


# --- Releasing and handing on ----------------------------------------------------------------------------------------


def test_the_taker_releases_it_and_releasing_it_again_changes_nothing():
    released = release(TAKEN, SVEN, NOON)

    assert (released.taken_by, released.state(NOON), released.version) == (None, State.BOOKED, 0)
    assert release(released, SVEN, NOON) == released
    assert release(TAKEN, SVEN, OVER).state(OVER) is State.UNREACHED


def test_the_taker_hands_it_on_and_repeating_changes_nothing():
    handed = hand(TAKEN, SVEN, DORA, NOON)

    assert handed.taken_by and handed.taken_by.agent_id == "dora"
    assert hand(handed, SVEN, DORA, NOON) is handed


def test_only_the_taker_releases_or_hands_on_and_only_while_it_is_open():
    for callback, error in ((TAKEN, NotYours), (REACHED, CallbackClosed), (CANCELLED, CallbackClosed)):
        with pytest.raises(error):
            release(callback, DORA, NOON)
        with pytest.raises(error):
            hand(callback, DORA, agent("emma"), NOON)
    with pytest.raises(NotYours):
        hand(WAITING, SVEN, DORA, NOON)


def test_a_call_back_that_no_agent_took_is_released_or_handed_on_no_more_once_its_slot_is_over():
    assert release(BOOKED, SVEN, OVER - SECOND) == BOOKED
    with pytest.raises(CallbackClosed):
        release(BOOKED, SVEN, OVER)
    with pytest.raises(NotYours):
        hand(BOOKED, SVEN, DORA, OVER - SECOND)
    with pytest.raises(CallbackClosed):
        hand(BOOKED, SVEN, DORA, OVER)


# --- Closing ---------------------------------------------------------------------------------------------------------


@each_row("outcome", Outcome)
def test_the_agent_who_took_it_closes_it_with_an_outcome(outcome):
    closed = close(TAKEN, SVEN, outcome, "Nobody at the desk", SALT)

    assert (closed.state(NOON), closed.note, closed.version) == (State(outcome), "Nobody at the desk", 0)
    assert closed.note_salt == SALT
    assert close(closed, SVEN, outcome, "Nobody at the desk", "another salt") == closed


def test_a_call_back_that_was_closed_before_there_were_salts_can_be_closed_again():
    closed = replace(REACHED, note_salt=None)

    assert close(closed, SVEN, Outcome.REACHED, "All well", SALT) == closed
    assert close(TAKEN, SVEN, Outcome.REACHED, None, SALT).note_salt is None


@each_row("callback", [BOOKED, WAITING, CANCELLED])
def test_a_call_back_that_was_not_taken_cannot_be_closed(callback):
    with pytest.raises(NotYours):
        close(callback, SVEN, Outcome.REACHED, None, SALT)


@each_row("callback", [TAKEN, REACHED, cancel(TAKEN, NOON)])
def test_a_call_back_taken_by_another_agent_cannot_be_closed(callback):
    with pytest.raises(NotYours):
        close(callback, DORA, Outcome.REACHED, None, SALT)


@each_row(("outcome", "note"), [(Outcome.UNREACHED, "All well"), (Outcome.REACHED, None)])
def test_it_cannot_be_closed_with_a_second_outcome(outcome, note):
    with pytest.raises(CallbackClosed):
        close(REACHED, SVEN, outcome, note, SALT)


def test_closing_a_call_back_that_the_customer_cancelled_is_refused():
    with pytest.raises(CallbackClosed):
        close(cancel(TAKEN, NOON), SVEN, Outcome.UNREACHED, None, SALT)


# --- Seats -----------------------------------------------------------------------------------------------------------


def test_booking_takes_every_quarter_hour_of_the_slot():
    moving = seats(None, asked(slot(TEN, 2)))

    assert (moving.taken, moving.freed) == ((TEN, TEN + QUARTER), ())


def test_moving_by_a_quarter_hour_keeps_the_seat_in_both_slots():
    before = asked(slot(TEN, 2))
    moving = seats(before, move(before, slot(TEN + QUARTER, 2), NOON))

    assert (moving.taken, moving.freed) == ((TEN + 2 * QUARTER,), (TEN,))


@each_row("after", [CANCELLED, move(BOOKED, None, NOON)])
def test_cancelling_and_joining_the_queue_free_the_seat(after):
    assert (seats(BOOKED, after).taken, seats(BOOKED, after).freed) == ((), (TEN,))


@each_row(("before", "after"), [(BOOKED, TAKEN), (TAKEN, REACHED)])
def test_an_agent_changes_no_seats(before, after):
    assert seats(before, after).taken == seats(before, after).freed == ()


@each_row("callback", [WAITING, TAKEN_FROM_QUEUE, cancel(WAITING, NOON)])
def test_the_queue_has_no_seats(callback):
    assert seats(None, callback).taken == seats(WAITING, callback).freed == ()


SLOTS = st.none() | st.builds(
    lambda start, quarters: slot(TEN + start * QUARTER, quarters), st.integers(0, 8), st.integers(1, 4)
)


@given(SLOTS, SLOTS)
def test_freed_and_taken_seats_lead_from_the_seats_before_to_those_after(before, after):
    held = set(before.quarters) if before else set()
    moving = seats(replace(WAITING, slot=before), replace(WAITING, slot=after))

    assert set(moving.freed) <= held and not held & set(moving.taken)
    assert (held - set(moving.freed)) | set(moving.taken) == (set(after.quarters) if after else set())


# --- The day ---------------------------------------------------------------------------------------------------------


def test_a_day_lists_the_slots_that_begin_in_it_by_time():
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


# --- Its ledger entries ----------------------------------------------------------------------------------------------

BY_ANNA, BY_SVEN = By(type=ByType.USER, id="anna"), By(type=ByType.AGENT, id="sven")
AT_TEN: Data = {"starts_at": "2026-11-24T09:00:00Z", "ends_at": "2026-11-24T09:15:00Z"}
IN_THE_QUEUE: Data = {"starts_at": None, "ends_at": None}
TEN_BEFORE: Data = {"earlier_starts_at": "2026-11-24T09:00:00Z", "earlier_ends_at": "2026-11-24T09:15:00Z"}
NONE_BEFORE: Data = {"earlier_starts_at": None, "earlier_ends_at": None}
LATER = slot(TEN + 2 * QUARTER)
UNSAID: Data = {"reason_sha256": None}
AS_BEFORE: Data = {
    "description_sha256": salted_digest("Why?", SALT),
    "is_phone_changed": False,
    "released_from": None,
    "reason_sha256": None,
}
HALF_PAST: Data = {"starts_at": "2026-11-24T09:30:00Z", "ends_at": "2026-11-24T09:45:00Z"}


def test_a_new_one_has_all_requested_fields_and_no_taker():
    assert asked(slot()) == Callback(
        tenant_id="acme",
        callback_id="01J",
        topic="question",
        description="Why?",
        description_salt=SALT,
        phone="+4924144686122",
        phone_shown="0241 44686122",
        slot=slot(),
        requested_at=NOON,
        requested_by=Person(user_id="anna", name="Anna Albrecht"),
        email="anna@acme.example",
        locale="de-DE",
        taken_by=None,
        closed_as=None,
        note=None,
        version=0,
    )


@each_row(
    ("after", "what", "before", "data"),
    [
        (
            BOOKED,
            What.CALLBACK_BOOKED,
            None,
            {"topic": "question", "version": 0, "description_sha256": salted_digest("Why?", SALT), **AT_TEN},
        ),
        (
            WAITING,
            What.CALLBACK_BOOKED,
            None,
            {"topic": "question", "version": 0, "description_sha256": salted_digest("Why?", SALT), **IN_THE_QUEUE},
        ),
        (
            replace(BOOKED, description_salt=None),
            What.CALLBACK_BOOKED,
            None,
            {"topic": "question", "version": 0, "description_sha256": None, **AT_TEN},
        ),
        (
            move(BOOKED, LATER, NOON),
            What.CALLBACK_MOVED,
            BOOKED,
            {"version": 1, **HALF_PAST, **TEN_BEFORE, **AS_BEFORE},
        ),
        (
            move(TAKEN, TAKEN.slot, NOON, correction=Correction(phone="+49", phone_shown="0")),
            What.CALLBACK_MOVED,
            TAKEN,
            {"version": 1, **AT_TEN, **TEN_BEFORE, **AS_BEFORE, "is_phone_changed": True},
        ),
        (
            move(WAITING, LATER, NOON),
            What.CALLBACK_MOVED,
            WAITING,
            {"version": 1, **HALF_PAST, **NONE_BEFORE, **AS_BEFORE},
        ),
        (
            move(BOOKED, None, NOON),
            What.CALLBACK_MOVED,
            BOOKED,
            {"version": 1, **IN_THE_QUEUE, **TEN_BEFORE, **AS_BEFORE},
        ),
        (CANCELLED, What.CALLBACK_CANCELLED, BOOKED, {"version": 1, **TEN_BEFORE, **UNSAID}),
        (cancel(WAITING, NOON), What.CALLBACK_CANCELLED, WAITING, {"version": 1, **NONE_BEFORE, **UNSAID}),
        (TAKEN, What.CALLBACK_TAKEN, BOOKED, {}),
        (BOOKED, What.CALLBACK_RELEASED, TAKEN, {"agent_id": "sven"}),
        (hand(TAKEN, SVEN, DORA, NOON), What.CALLBACK_HANDED, TAKEN, {"agent_id": "dora", "earlier_agent_id": "sven"}),
        (
            move(TAKEN, None, NOON, reason=Reason(text="Illness", salt=SALT)),
            What.CALLBACK_MOVED,
            TAKEN,
            {
                "version": 1,
                **IN_THE_QUEUE,
                **TEN_BEFORE,
                **AS_BEFORE,
                "reason_sha256": salted_digest("Illness", SALT),
                "released_from": "sven",
            },
        ),
        (
            move(
                WAITING,
                None,
                NOON,
                correction=Correction(phone="+49", phone_shown="0", description="H", description_salt=SALT),
            ),
            What.CALLBACK_MOVED,
            WAITING,
            {
                "version": 1,
                **IN_THE_QUEUE,
                **NONE_BEFORE,
                **AS_BEFORE,
                "description_sha256": salted_digest("H", SALT),
                "is_phone_changed": True,
            },
        ),
        (
            replace(BOOKED, stranded_by=Stranding.TOPIC),
            What.CALLBACK_STRANDED,
            BOOKED,
            {"cause": "topic", "version": 0, **AT_TEN},
        ),
        (REACHED, What.CALLBACK_CLOSED, TAKEN, {"outcome": "reached", "note_sha256": salted_digest("All well", SALT)}),
        (
            close(TAKEN, SVEN, Outcome.UNREACHED, None, SALT),
            What.CALLBACK_CLOSED,
            TAKEN,
            {"outcome": "unreached", "note_sha256": None},
        ),
    ],
)
def test_the_ledger_tells_of_each_change_without_what_people_typed(
    after: Callback, what: What, before: Callback | None, data: Data
):
    by = BY_ANNA if "version" in data else BY_SVEN

    assert note(after, what, by, NOON + SECOND, before) == Note(
        what=what, by=by, about="01J", data=data, at=NOON + SECOND
    )


@each_row(
    ("after", "what", "before", "change"),
    [
        (BOOKED, What.CALLBACK_BOOKED, None, SlotChange(slot=slot(), earlier=None, version=0)),
        (WAITING, What.CALLBACK_BOOKED, None, SlotChange(slot=None, earlier=None, version=0)),
        (move(BOOKED, LATER, NOON), What.CALLBACK_MOVED, BOOKED, SlotChange(slot=LATER, earlier=slot(), version=1)),
        (move(BOOKED, None, NOON), What.CALLBACK_MOVED, BOOKED, SlotChange(slot=None, earlier=slot(), version=1)),
        (move(WAITING, LATER, NOON), What.CALLBACK_MOVED, WAITING, SlotChange(slot=LATER, earlier=None, version=1)),
        (CANCELLED, What.CALLBACK_CANCELLED, BOOKED, SlotChange(slot=None, earlier=slot(), version=1)),
    ],
)
def test_an_entry_tells_the_slot_before_and_after(
    after: Callback, what: What, before: Callback | None, change: SlotChange
):
    entry = entry_after(START, "acme", note(after, what, BY_ANNA, NOON, before))

    assert slot_change(entry) == change


@each_row("by", [BY_ANNA, BY_SVEN, By(type=ByType.VENDOR, id="backend")])
def test_an_entry_tells_whether_the_customer_support_or_the_vendor_moved_it(by: By):
    entry = entry_after(START, "acme", note(move(BOOKED, LATER, NOON), What.CALLBACK_MOVED, by, NOON, BOOKED))

    assert slot_change(entry) == SlotChange(slot=LATER, earlier=slot(), version=1, by=by.type)


def test_an_entry_without_a_version_is_of_the_first():
    entry = entry_after(
        START, "acme", Note(what=What.CALLBACK_BOOKED, by=BY_ANNA, about="01J", data={"version": None}, at=NOON)
    )

    assert slot_change(entry) == SlotChange(slot=None, earlier=None, version=0)
