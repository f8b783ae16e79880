"""DELETE /v1/callbacks/{callback_id}: a customer cancels a call-back."""

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


def delete(callback_id: str, *, caller: Caller = ANNA) -> Answer:
    return call("DELETE", f"/v1/callbacks/{callback_id}", caller=caller)


# ------------------------------------------------------------------ it works


@pytest.mark.parametrize("caller", [ANNA, BEN, GIULIA], ids=["herself", "without the right", "a colleague"])
def test_anybody_at_acme_cancels_what_anna_booked_and_the_seats_are_free(caller: Caller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN, topic="technical")
    status, body = delete(booked.callback_id, caller=caller)

    assert status == 200
    assert (body["state"], body["kind"], body["version"]) == ("cancelled", "slot", 1)
    assert body["starts_at"] == "2026-11-24T09:00:00Z"
    assert factories.seats_held() == {}
    assert table.one(keys.open_callback("acme")) is None


def test_whoever_waits_leaves_the_queue() -> None:
    waiting = factories.callback(GIULIA)
    body = delete(waiting.callback_id).body

    assert (body["state"], body["kind"]) == ("cancelled", "queue")
    assert seats.queue() == []


@pytest.mark.parametrize("starts_at", [TUESDAY_AT_TEN, None])
def test_what_an_agent_has_taken_can_be_cancelled_too(starts_at: datetime | None) -> None:
    taken = factories.taken(factories.callback(ANNA, starts_at))
    body = delete(taken.callback_id).body

    assert (body["state"], body["agent"]["id"]) == ("cancelled", "sven")
    assert (factories.seats_held(), seats.queue()) == ({}, [])


def test_the_ledger_tells_of_it() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    delete(booked.callback_id, caller=BEN)

    last = list(ledger.entries_after("acme", 0, 100))[-1]
    assert (last.what, last.about, last.by.id) == ("callback.cancelled", booked.callback_id, "ben")
    assert last.data == {
        "earlier_starts_at": "2026-11-24T09:00:00Z",
        "earlier_ends_at": "2026-11-24T09:15:00Z",
        "version": 1,
    }


def test_the_record_stays_for_a_while() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    delete(booked.callback_id)

    for key in (keys.callback("acme", booked.callback_id), keys.callback_tenant(booked.callback_id)):
        kept = table.one(key)
        assert kept and kept["ttl"]["N"] == str(int((factories.now() + timedelta(days=400)).timestamp()))


def test_the_freed_place_can_be_had_by_others() -> None:
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


def test_cancelling_an_old_one_again_leaves_the_next_one_alone() -> None:
    first = factories.callback()
    delete(first.callback_id)
    factories.callback()
    with table.unchanged():
        assert delete(first.callback_id).status == 200


@pytest.mark.parametrize("outcome", Outcome)
def test_what_was_called_cannot_be_cancelled(outcome: Outcome) -> None:
    closed = factories.closed(factories.taken(factories.callback()), outcome=outcome)
    with table.unchanged():
        answer = delete(closed.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")


def test_what_is_over_cannot_be_cancelled(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN + QUARTER)
    with table.unchanged():
        answer = delete(booked.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")


# ------------------------------------------------------------------ who may not


def test_carla_finds_acmes_no_more_than_one_that_does_not_exist() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.unchanged():
        foreign, unknown = (delete(id, caller=CARLA) for id in (booked.callback_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert foreign.text == unknown.text
    assert foreign.headers == unknown.headers


def test_it_turns_away_a_token_that_acts_for_anna() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.unchanged():
        assert delete(booked.callback_id, caller=ANNA.acting()).code == "acting_for_another"


@pytest.mark.parametrize("caller", [*invalid_inputs.USERS, SVEN])
def test_it_turns_away_a_token_without_the_claims_it_needs(caller: Caller) -> None:
    assert delete(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


def test_a_user_of_a_tenant_that_nobody_registered_finds_nothing() -> None:
    assert delete(invalid_inputs.UNKNOWN_ID, caller=ANNA.but(tenant_id="nobody")).code == "not_found"


# ------------------------------------------------------------------ bad input


def test_what_cannot_be_an_id_names_nothing() -> None:
    for callback_id in invalid_inputs.NO_IDS:
        answer = delete(callback_id)
        assert (answer.status, answer.text) == (404, delete(invalid_inputs.UNKNOWN_ID).text)


# ------------------------------------------------------------------ at the same moment


def test_of_two_who_cancel_at_the_same_moment_both_hear_the_same() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.meanwhile(lambda: delete(booked.callback_id, caller=BEN)):
        answer = delete(booked.callback_id)

    assert (answer.status, answer.body["version"]) == (200, 1)
    assert factories.what_happened() == ["callback.booked", "callback.cancelled"]


def test_what_was_moved_meanwhile_is_cancelled_where_it_is_now() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    to = {"starts_at": "2026-11-24T11:00:00Z"}
    with table.meanwhile(lambda: call("PATCH", f"/v1/callbacks/{booked.callback_id}", to, caller=BEN)):
        answer = delete(booked.callback_id)

    assert (answer.status, answer.body["starts_at"], answer.body["version"]) == (200, "2026-11-24T11:00:00Z", 2)
    assert factories.seats_held() == {}


def test_an_old_one_that_another_clock_still_has_open_takes_no_key_but_its_own(world: time_machine.Traveller) -> None:
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
