"""DELETE /v1/callbacks/{callback_id}: a user cancels a call-back."""

from datetime import datetime, timedelta

import pytest
import time_machine

from guestkey.rules.callbacks import Outcome
from guestkey.rules.desk import QUARTER
from guestkey.store.callbacks import seats
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, BEN, CARLA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row


def delete(callback_id: str, *, caller: Caller = ANNA) -> Answer:
    return call("DELETE", f"/v1/callbacks/{callback_id}", caller=caller)


# ------------------------------------------------------------------ it works


@pytest.mark.parametrize("caller", [ANNA, BEN, GIULIA], ids=["herself", "without the right", "a colleague"])
def test_a_colleague_may_cancel_annas_call_back_and_its_seats_are_freed(caller: Caller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN, topic="technical")
    status, body = delete(booked.callback_id, caller=caller)

    assert status == 200
    assert (body["state"], body["kind"], body["version"]) == ("cancelled", "slot", 1)
    assert body["starts_at"] == "2026-11-24T09:00:00Z"
    assert factories.seats_held() == {}
    assert table.one(keys.open_callback("acme")) is None


def test_cancelling_a_waiting_call_back_removes_it_from_the_queue() -> None:
    waiting = factories.callback(GIULIA)
    body = delete(waiting.callback_id).body

    assert (body["state"], body["kind"]) == ("cancelled", "queue")
    assert seats.queue() == []


@pytest.mark.parametrize("starts_at", [TUESDAY_AT_TEN, None])
def test_a_taken_call_back_can_be_cancelled_too(starts_at: datetime | None) -> None:
    taken = factories.taken(factories.callback(ANNA, starts_at))
    body = delete(taken.callback_id).body

    assert (body["state"], body["agent"]["id"]) == ("cancelled", "sven")
    assert (factories.seats_held(), seats.queue()) == ({}, [])


def test_it_is_in_the_ledger() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    delete(booked.callback_id, caller=BEN)

    last = list(ledger.entries_after("acme", 0, 100))[-1]
    assert (last.what, last.about, last.by.id) == ("callback.cancelled", booked.callback_id, "ben")
    assert last.data == {
        "earlier_starts_at": "2026-11-24T09:00:00Z",
        "earlier_ends_at": "2026-11-24T09:15:00Z",
        "version": 1,
        "reason_sha256": None,
    }


def test_the_record_stays_for_a_while() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    delete(booked.callback_id)

    for key in (keys.callback("acme", booked.callback_id), keys.callback_tenant(booked.callback_id)):
        kept = table.one(key)
        assert kept and kept["ttl"]["N"] == str(int((factories.now() + timedelta(days=400)).timestamp()))


def test_the_freed_seat_can_be_booked_by_others() -> None:
    factories.seats(TUESDAY_AT_TEN, 1)
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    delete(booked.callback_id)

    assert factories.callback(CARLA, TUESDAY_AT_TEN).slot


# ------------------------------------------------------------------ twice, too late


def test_cancelling_twice_answers_the_same_and_writes_once(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    first = delete(booked.callback_id)
    world.move_to(TUESDAY_AT_TEN + timedelta(days=1))
    with table.unchanged():
        again = delete(booked.callback_id, caller=BEN)

    assert tuple(again) == tuple(first)
    assert factories.what_happened() == ["callback.booked", "callback.cancelled"]


def test_cancelling_an_old_call_back_again_does_not_change_the_next_one() -> None:
    first = factories.callback()
    delete(first.callback_id)
    factories.callback()
    with table.unchanged():
        assert delete(first.callback_id).status == 200


@pytest.mark.parametrize("outcome", Outcome)
def test_a_closed_call_back_cannot_be_cancelled(outcome: Outcome) -> None:
    closed = factories.closed(factories.taken(factories.callback()), outcome=outcome)
    with table.unchanged():
        answer = delete(closed.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")


def test_a_call_back_whose_slot_is_over_cannot_be_cancelled(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN + QUARTER)
    with table.unchanged():
        answer = delete(booked.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")


# ------------------------------------------------------------------ refused callers


def test_carla_gets_the_same_404_for_acmes_call_back_as_for_an_unknown_one() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.unchanged():
        foreign, unknown = (delete(id, caller=CARLA) for id in (booked.callback_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert foreign.text == unknown.text
    assert foreign.headers == unknown.headers


def test_a_token_that_acts_for_anna_is_refused() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.unchanged():
        assert delete(booked.callback_id, caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.USERS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert delete(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_nothing() -> None:
    assert delete(invalid_inputs.UNKNOWN_ID, caller=ANNA.but(tenant_id="nobody")).code == "not_found"


# ------------------------------------------------------------------ bad input


def test_a_malformed_id_is_not_found() -> None:
    for callback_id in invalid_inputs.NO_IDS:
        answer = delete(callback_id)
        assert (answer.status, answer.text) == (404, delete(invalid_inputs.UNKNOWN_ID).text)


# ------------------------------------------------------------------ at the same moment


def test_two_who_cancel_at_the_same_moment_get_the_same_answer() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.meanwhile(lambda: delete(booked.callback_id, caller=BEN)):
        answer = delete(booked.callback_id)

    assert (answer.status, answer.body["version"]) == (200, 1)
    assert factories.what_happened() == ["callback.booked", "callback.cancelled"]


def test_a_call_back_moved_meanwhile_is_cancelled_at_its_new_slot() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    to = {"starts_at": "2026-11-24T11:00:00Z"}
    with table.meanwhile(lambda: call("PATCH", f"/v1/callbacks/{booked.callback_id}", to, caller=BEN)):
        answer = delete(booked.callback_id)

    assert (answer.status, answer.body["starts_at"], answer.body["version"]) == (200, "2026-11-24T11:00:00Z", 2)
    assert factories.seats_held() == {}


def test_cancelling_an_old_call_back_deletes_only_its_own_open_key(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN + QUARTER - timedelta(seconds=1))
    with table.meanwhile(lambda: factories.callback(BEN, at=TUESDAY_AT_TEN + QUARTER)):
        answer = delete(booked.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")
    assert call("GET", "/v1/callbacks/open", caller=BEN).status == 200


def test_a_cancelling_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.meanwhile(factories.grant):
        answer = delete(booked.callback_id)

    assert answer.status == 200
    assert factories.what_happened() == ["callback.booked", "grant.given", "callback.cancelled"]
