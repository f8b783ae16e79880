"""POST /v1/support/callbacks/{callback_id}/close: an agent says how the call ended."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import time_machine

from guestkey.store.callbacks import callbacks, seats
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, CARLA, DORA, EMIL, SVEN, Caller

REACHED = {"outcome": "reached"}
NOTE = "The import runs again"


def post(callback_id: str, body: Any = REACHED, *, caller: Caller = SVEN, **how: Any) -> Answer:
    path = f"/v1/support/callbacks/{callback_id}/close"
    return call("POST", path, None if "raw" in how else body, caller=caller, **how)


# ------------------------------------------------------------------ it works


@pytest.mark.parametrize("outcome", ["reached", "unreached"])
@pytest.mark.parametrize("starts_at", [TUESDAY_AT_TEN, None])
def test_sven_closes_what_he_took(outcome: str, starts_at: datetime | None) -> None:
    taken = factories.taken(factories.callback(ANNA, starts_at))
    status, body = post(taken.callback_id, {"outcome": outcome})

    assert status == 200
    assert (body["state"], body["agent"]["id"], body["version"]) == (outcome, "sven", 0)
    assert call("GET", "/v1/callbacks/open", caller=ANNA).code == "no_callback"
    assert seats.queue() == []
    assert table.one(keys.open_callback("acme")) is None


def test_the_ledger_tells_of_it_and_holds_the_note_only_as_its_hash() -> None:
    taken = factories.taken(factories.callback())
    post(taken.callback_id, REACHED | {"note": NOTE})

    last = list(ledger.entries_after("acme", 0, 100))[-1]
    assert (last.what, last.by.id) == ("callback.closed", "sven")
    assert last.data == {"outcome": "reached", "note_sha256": sha256(NOTE.encode()).hexdigest()}
    assert NOTE not in str(table.items("TENANT#acme", keys.ENTRY))
    assert callbacks.find_one("acme", taken.callback_id).note == NOTE


@pytest.mark.parametrize("note", [None, "x" * 500, "Two\nlines"])
def test_a_note_may_be_left(note: str | None) -> None:
    taken = factories.taken(factories.callback())

    assert post(taken.callback_id, REACHED | {"note": note}).status == 200
    assert callbacks.find_one("acme", taken.callback_id).note == note


def test_the_customer_may_ask_anew(world: time_machine.Traveller) -> None:
    post(factories.taken(factories.callback()).callback_id, {"outcome": "unreached"})

    assert factories.callback().callback_id


# ------------------------------------------------------------------ twice, too late


def test_closing_it_twice_in_the_same_way_answers_the_same_and_writes_once() -> None:
    taken = factories.taken(factories.callback())
    first = post(taken.callback_id, REACHED | {"note": NOTE})
    with table.unchanged():
        again = post(taken.callback_id, REACHED | {"note": NOTE})

    assert tuple(again) == tuple(first)


@pytest.mark.parametrize("other", [{"outcome": "unreached"}, REACHED | {"note": NOTE}])
def test_it_is_closed_in_one_way(other: dict[str, str]) -> None:
    taken = factories.taken(factories.callback())
    post(taken.callback_id)
    with table.unchanged():
        answer = post(taken.callback_id, other)

    assert (answer.status, answer.code) == (409, "callback_closed")


def test_what_the_customer_cancelled_cannot_be_closed() -> None:
    taken = factories.taken(factories.callback())
    factories.cancelled(taken)

    assert post(taken.callback_id).code == "callback_closed"


def test_a_taken_one_can_be_closed_long_after_its_slot(world: time_machine.Traveller) -> None:
    taken = factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    world.shift(timedelta(days=60))

    assert post(taken.callback_id).status == 200


# ------------------------------------------------------------------ who may not


def test_only_who_took_it_closes_it() -> None:
    taken, waiting = factories.taken(factories.callback()), factories.callback(CARLA)
    with table.unchanged():
        answers = [post(taken.callback_id, caller=DORA), post(waiting.callback_id)]

    assert {(answer.status, answer.code) for answer in answers} == {(403, "not_yours")}


@pytest.mark.parametrize("caller", [EMIL, SVEN.but(sub="nobody"), ANNA], ids=["inactive", "unknown", "a user's id"])
def test_it_turns_away_who_is_no_active_agent(caller: Caller) -> None:
    taken = factories.taken(factories.callback())
    with table.unchanged():
        answer = post(taken.callback_id, caller=caller)

    assert (answer.status, answer.code) == (403, "agent_inactive")


def test_an_agent_who_was_let_go_closes_nothing_more() -> None:
    taken = factories.taken(factories.callback())
    factories.agent("sven", "support", is_active=False)

    assert post(taken.callback_id).code == "agent_inactive"


def test_it_turns_away_a_token_that_acts_for_sven() -> None:
    assert post(invalid_inputs.UNKNOWN_ID, caller=SVEN.acting()).code == "acting_for_another"


@pytest.mark.parametrize("caller", invalid_inputs.AGENTS)
def test_it_turns_away_a_token_without_the_claim_it_needs(caller: Caller) -> None:
    assert post(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(("sent", "status", "code"), invalid_inputs.bodies(REACHED))
def test_it_refuses_a_hostile_body_and_stores_nothing(sent: dict[str, Any], status: int, code: str) -> None:
    taken = factories.taken(factories.callback())
    with table.unchanged():
        answer = post(taken.callback_id, **sent)

    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("field", "value"),
    invalid_inputs.wrong(
        outcome=[*invalid_inputs.NO_TEXTS, "", "REACHED", "cancelled", "booked"],
        note=[5, True, [], {}, "", "  ", "x" * 501, "a\x00b", "a\u202eb", "a\u2028b"],
    ),
)
def test_it_refuses_a_field_of_the_wrong_kind(field: str, value: Any) -> None:
    answer = post(invalid_inputs.UNKNOWN_ID, REACHED | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


@pytest.mark.parametrize("sent", [{"raw": "{"}, {"raw": "{}"}, {"headers": invalid_inputs.PLAIN}])
def test_an_inactive_agent_hears_that_before_anything_about_the_input(sent: dict[str, Any]) -> None:
    assert post(invalid_inputs.UNKNOWN_ID, caller=EMIL, **sent).code == "agent_inactive"


def test_what_cannot_be_an_id_names_nothing() -> None:
    unknown = post(invalid_inputs.UNKNOWN_ID)
    assert (unknown.status, unknown.code) == (404, "not_found")
    for callback_id in invalid_inputs.NO_IDS:
        assert post(callback_id).text == unknown.text


# ------------------------------------------------------------------ at the same moment


def test_what_is_cancelled_at_the_same_moment_stays_cancelled() -> None:
    taken = factories.taken(factories.callback())
    with table.meanwhile(lambda: factories.cancelled(taken)):
        answer = post(taken.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")
    assert call("GET", "/v1/callbacks/open", caller=ANNA).code == "no_callback"


def test_of_two_ways_of_closing_at_the_same_moment_one_counts() -> None:
    taken = factories.taken(factories.callback())
    with table.meanwhile(lambda: post(taken.callback_id, {"outcome": "unreached"})):
        answer = post(taken.callback_id)

    assert answer.code == "callback_closed"
    assert callbacks.find_one("acme", taken.callback_id).closed_as == "unreached"
