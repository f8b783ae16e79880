"""GET /v1/callbacks/open: the open call-back of a tenant."""

from datetime import timedelta

import pytest
import time_machine

from guestkey.rules.desk import QUARTER
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, BEN, CARLA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row


def get(*, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/callbacks/open", caller=caller)


# ------------------------------------------------------------------ it works


@pytest.mark.parametrize("caller", [ANNA, BEN, GIULIA], ids=["herself", "without the right", "a colleague"])
def test_every_user_of_acme_sees_annas_call_back(caller: Caller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    status, body = get(caller=caller)

    assert status == 200
    assert body == {
        "callback_id": booked.callback_id,
        "kind": "slot",
        "state": "booked",
        "topic": "question",
        "description": "The import stands still",
        "description_salt": factories.SALT,
        "phone": "+4924144686122",
        "phone_shown": "0241 44686122",
        "starts_at": "2026-11-24T09:00:00Z",
        "ends_at": "2026-11-24T09:15:00Z",
        "requested_at": "2026-11-23T12:00:00Z",
        "requested_by": {"user_id": "anna", "name": "Anna Albrecht"},
        "agent": None,
        "version": 0,
        "mail": "follows",
        "reason": None,
        "reason_salt": None,
        "stranded_by": None,
    }


def test_a_waiting_call_back_is_open() -> None:
    factories.callback(GIULIA)

    assert get().body["state"] == "waiting"


def test_a_taken_call_back_is_open_and_names_the_agent(world: time_machine.Traveller) -> None:
    factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    world.move_to(TUESDAY_AT_TEN + timedelta(days=1))

    assert (get().body["state"], get().body["agent"]) == ("taken", {"id": "sven", "name": "Sven Brandt"})


# ------------------------------------------------------------------ nothing is open


def refused(answer: Answer) -> bool:
    return (answer.status, answer.code) == (404, "no_callback")


def test_without_a_booking_there_is_none() -> None:
    assert refused(get())


def test_carla_sees_nothing_of_acmes() -> None:
    factories.callback()

    assert refused(get(caller=CARLA))
    assert get(caller=CARLA).text == get(caller=ANNA.but(tenant_id="nobody")).text


def test_a_call_back_whose_slot_is_over_is_not_open_even_if_its_key_still_exists(world: time_machine.Traveller) -> None:
    factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN + QUARTER - timedelta(seconds=1))
    assert get().status == 200

    world.shift(timedelta(seconds=1))
    assert refused(get())
    assert table.one(keys.open_callback("acme"))


def test_a_cancelled_or_closed_call_back_is_not_open(world: time_machine.Traveller) -> None:
    factories.cancelled(factories.callback())
    assert refused(get())

    world.shift(timedelta(seconds=2))
    factories.closed(factories.taken(factories.callback()))
    assert refused(get())


def test_a_call_back_closed_between_two_reads_is_not_open() -> None:
    asked = factories.callback()
    with table.meanwhile(lambda: factories.cancelled(asked), at="GetItem"):
        assert refused(get())


# ------------------------------------------------------------------ refused callers


def test_a_token_that_acts_for_anna_is_refused() -> None:
    assert get(caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"
