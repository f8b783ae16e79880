"""POST /v1/support/callbacks/{callback_id}/take: an agent takes a call-back."""

from datetime import datetime, timedelta

import pytest
import time_machine

from guestkey.rules.callbacks import TAKEN_AHEAD
from guestkey.rules.desk import QUARTER
from guestkey.store.callbacks import changes, seats
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.functions.test_leaving import leaves, returns
from tests.personas import ANNA, CARLA, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row
from tests.store import wire


def post(callback_id: str, *, caller: Caller = SVEN) -> Answer:
    return call("POST", f"/v1/support/callbacks/{callback_id}/take", caller=caller)


# ------------------------------------------------------------------ it works


@pytest.mark.parametrize("starts_at", [TUESDAY_AT_TEN, None])
def test_sven_takes_it(starts_at: datetime | None, world: time_machine.Traveller) -> None:
    asked = factories.callback(ANNA, starts_at)
    world.move_to(TUESDAY_AT_TEN - TAKEN_AHEAD)
    status, body = post(asked.callback_id)

    assert status == 200
    assert (body["state"], body["agent"]) == ("taken", {"id": "sven", "name": "Sven Brandt"})
    assert (body["tenant_id"], body["phone"], body["version"]) == ("acme", "+4924144686122", 0)
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["agent"]["name"] == "Sven Brandt"


def test_it_is_in_the_ledger() -> None:
    asked = factories.callback()
    post(asked.callback_id)

    last = list(ledger.entries_after("acme", 0, 100))[-1]
    assert (last.what, last.about, last.data) == ("callback.taken", asked.callback_id, {})
    assert (last.by.type, last.by.id) == ("agent", "sven")


def test_it_keeps_its_seat_and_its_place_in_the_list() -> None:
    booked, waiting = factories.callback(ANNA, TUESDAY_AT_TEN), factories.callback(CARLA)
    post(booked.callback_id)
    post(waiting.callback_id)

    assert factories.seats_held() == {TUESDAY_AT_TEN: {booked.callback_id}}
    assert seats.queue() == [("globex", waiting.callback_id)]


def test_the_answer_shows_whether_sven_may_enter_now() -> None:
    asked = factories.callback()
    assert post(asked.callback_id).body["may_enter"] is False

    factories.grant("support")
    assert post(asked.callback_id).body["may_enter"] is True


# ------------------------------------------------------------------ twice, too late


def test_taking_it_twice_answers_the_same_and_writes_once() -> None:
    asked = factories.callback()
    first = post(asked.callback_id)
    with table.unchanged():
        again = post(asked.callback_id)

    assert tuple(again) == tuple(first)


def test_dora_cannot_take_svens_call_back() -> None:
    taken = factories.taken(factories.callback())
    with table.unchanged():
        answer = post(taken.callback_id, caller=DORA)

    assert (answer.status, answer.code) == (409, "already_taken")


def test_a_booked_one_cannot_be_taken_more_than_an_hour_before_its_slot(world: time_machine.Traveller) -> None:
    asked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN - TAKEN_AHEAD - timedelta(seconds=1))
    with table.unchanged():
        answer = post(asked.callback_id)

    assert (answer.status, answer.code) == (409, "too_early")


def test_a_colleague_takes_what_a_leaver_had_taken_and_a_namesake_had_not_taken_it() -> None:
    asked = factories.callback()
    post(asked.callback_id)
    leaves()
    returns()

    close = call("POST", f"/v1/support/callbacks/{asked.callback_id}/close", {"outcome": "reached"}, caller=SVEN)
    assert (close.status, close.code) == (403, "not_yours")
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["state"] == "waiting"
    assert post(asked.callback_id, caller=DORA).body["agent"] == {"id": "dora", "name": "Dora Vogel"}
    assert post(asked.callback_id).code == "already_taken"


def test_the_person_after_a_leaver_takes_it_anew_and_the_clean_up_leaves_that_alone() -> None:
    asked = factories.callback()
    post(asked.callback_id)
    leaves()
    returns(name="Svenja Brandt")

    assert post(asked.callback_id).body["agent"]["name"] == "Svenja Brandt"
    changes.release_from(("sven", 1), "acme", asked.callback_id, factories.now())
    assert factories.what_happened() == ["callback.booked", "callback.taken", "callback.taken"]


@pytest.mark.parametrize("caller", [SVEN, DORA])
def test_a_closed_or_cancelled_call_back_cannot_be_taken(caller: Caller) -> None:
    closed = factories.closed(factories.taken(factories.callback()))
    cancelled = factories.cancelled(factories.callback(CARLA), by=CARLA)
    for asked in (closed, cancelled):
        with table.unchanged():
            answer = post(asked.callback_id, caller=caller)
        assert (answer.status, answer.code) == (409, "callback_closed")


def test_a_call_back_whose_slot_is_over_cannot_be_taken(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN + QUARTER)
    with table.unchanged():
        answer = post(booked.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")


def test_it_can_be_taken_in_the_last_second_and_is_open_then(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN + QUARTER - timedelta(seconds=1))
    assert post(booked.callback_id).status == 200

    world.shift(timedelta(hours=1))
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["state"] == "taken"


# ------------------------------------------------------------------ refused callers


@pytest.mark.parametrize("caller", [EMIL, SVEN.but(sub="nobody"), ANNA], ids=["inactive", "unknown", "a user's id"])
def test_only_an_active_agent_is_accepted(caller: Caller) -> None:
    asked = factories.callback()
    with table.unchanged():
        answers = [post(id, caller=caller) for id in (asked.callback_id, invalid_inputs.UNKNOWN_ID)]

    assert {(answer.status, answer.code) for answer in answers} == {(403, "agent_inactive")}


def test_a_token_that_acts_for_sven_is_refused() -> None:
    assert post(factories.callback().callback_id, caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert post(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


# ------------------------------------------------------------------ bad input


def test_a_malformed_id_is_not_found() -> None:
    unknown = post(invalid_inputs.UNKNOWN_ID)
    assert (unknown.status, unknown.code) == (404, "not_found")
    for callback_id in invalid_inputs.NO_IDS:
        assert post(callback_id).text == unknown.text


# ------------------------------------------------------------------ at the same moment


def test_of_two_agents_at_the_same_moment_one_gets_it() -> None:
    asked = factories.callback()
    with table.meanwhile(lambda: factories.taken(asked, DORA)):
        answer = post(asked.callback_id)

    assert (answer.status, answer.code) == (409, "already_taken")
    assert factories.what_happened() == ["callback.booked", "callback.taken"]


def test_a_call_back_cancelled_at_the_same_moment_cannot_be_taken() -> None:
    asked = factories.callback()
    with table.meanwhile(lambda: factories.cancelled(asked)):
        answer = post(asked.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")


def test_a_call_back_moved_at_the_same_moment_may_be_too_early_to_be_taken(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN - TAKEN_AHEAD)
    to = {"starts_at": "2026-11-24T11:00:00Z"}
    with table.meanwhile(lambda: call("PATCH", f"/v1/callbacks/{booked.callback_id}", to, caller=ANNA)):
        answer = post(booked.callback_id)

    assert (answer.status, answer.code) == (409, "too_early")


def test_an_agent_yields_to_a_right_holders_change(world: time_machine.Traveller) -> None:
    asked = factories.callback()
    ledger.claim_priority("acme")
    with table.unchanged(), wire.watched():
        answer = post(asked.callback_id)
    assert (answer.status, answer.code) == (503, "busy")

    world.shift(timedelta(seconds=2))
    assert post(asked.callback_id).status == 200
