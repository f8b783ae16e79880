"""POST /v1/support/callbacks/{callback_id}/close: an agent records the outcome of the call."""

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
from tests.rows_and_columns import each_row, probes

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


def test_it_is_in_the_ledger_with_the_note_only_as_its_hash() -> None:
    taken = factories.taken(factories.callback())
    post(taken.callback_id, REACHED | {"note": NOTE})

    last = list(ledger.entries_after("acme", 0, 100))[-1]
    assert (last.what, last.by.id) == ("callback.closed", "sven")
    salt = callbacks.find_one("acme", taken.callback_id).note_salt
    assert last.data == {"outcome": "reached", "note_sha256": sha256(f"{salt}:{NOTE}".encode()).hexdigest()}
    assert NOTE not in str(table.items("TENANT#acme", keys.ENTRY))
    assert callbacks.find_one("acme", taken.callback_id).note == NOTE


@pytest.mark.parametrize("note", [None, "x" * 500, "Two\nlines"])
def test_the_note_is_optional(note: str | None) -> None:
    taken = factories.taken(factories.callback())

    assert post(taken.callback_id, REACHED | {"note": note}).status == 200
    assert callbacks.find_one("acme", taken.callback_id).note == note


def test_the_customer_may_book_another_call_back(world: time_machine.Traveller) -> None:
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
def test_it_cannot_be_closed_with_a_second_outcome(other: dict[str, str]) -> None:
    taken = factories.taken(factories.callback())
    post(taken.callback_id)
    with table.unchanged():
        answer = post(taken.callback_id, other)

    assert (answer.status, answer.code) == (409, "callback_closed")


def test_a_cancelled_call_back_cannot_be_closed() -> None:
    taken = factories.taken(factories.callback())
    factories.cancelled(taken)

    assert post(taken.callback_id).code == "callback_closed"


def test_a_taken_one_can_be_closed_long_after_its_slot(world: time_machine.Traveller) -> None:
    taken = factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    world.shift(timedelta(days=60))

    assert post(taken.callback_id).status == 200


# ------------------------------------------------------------------ refused callers


def test_only_the_agent_who_took_it_can_close_it() -> None:
    taken, waiting = factories.taken(factories.callback()), factories.callback(CARLA)
    with table.unchanged():
        answers = [post(taken.callback_id, caller=DORA), post(waiting.callback_id)]

    assert {(answer.status, answer.code) for answer in answers} == {(403, "not_yours")}


@pytest.mark.parametrize("caller", [EMIL, SVEN.but(sub="nobody"), ANNA], ids=["inactive", "unknown", "a user's id"])
def test_only_an_active_agent_is_accepted(caller: Caller) -> None:
    taken = factories.taken(factories.callback())
    with table.unchanged():
        answer = post(taken.callback_id, caller=caller)

    assert (answer.status, answer.code) == (403, "agent_inactive")


def test_an_agent_who_became_inactive_cannot_close_it() -> None:
    taken = factories.taken(factories.callback())
    factories.agent("sven", "support", is_active=False)

    assert post(taken.callback_id).code == "agent_inactive"


def test_a_token_that_acts_for_sven_is_refused() -> None:
    assert post(invalid_inputs.UNKNOWN_ID, caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert post(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(("sent", "status", "code"), invalid_inputs.bodies(REACHED))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    taken = factories.taken(factories.callback())
    with table.unchanged():
        answer = post(taken.callback_id, **sent)

    assert (answer.status, answer.code) == (status, code)


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        outcome=[*invalid_inputs.NO_TEXTS, "cancelled", *probes("REACHED", rest=["", "booked"])],
        note=[5, "", "x" * 501, "a\u202eb", *probes(rest=[True, [], {}, "  ", "a\x00b", "a\u2028b"])],
    ),
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    answer = post(invalid_inputs.UNKNOWN_ID, REACHED | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


@each_row("sent", [{"raw": "{"}, {"raw": "{}"}, {"headers": invalid_inputs.PLAIN}])
def test_an_inactive_agent_is_refused_before_the_input_is_validated(sent: dict[str, Any]) -> None:
    assert post(invalid_inputs.UNKNOWN_ID, caller=EMIL, **sent).code == "agent_inactive"


def test_a_malformed_id_is_not_found() -> None:
    unknown = post(invalid_inputs.UNKNOWN_ID)
    assert (unknown.status, unknown.code) == (404, "not_found")
    for callback_id in invalid_inputs.NO_IDS:
        assert post(callback_id).text == unknown.text


# ------------------------------------------------------------------ at the same moment


def test_a_call_back_cancelled_at_the_same_moment_stays_cancelled() -> None:
    taken = factories.taken(factories.callback())
    with table.meanwhile(lambda: factories.cancelled(taken)):
        answer = post(taken.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")
    assert call("GET", "/v1/callbacks/open", caller=ANNA).code == "no_callback"


def test_of_two_outcomes_at_the_same_moment_one_is_stored() -> None:
    taken = factories.taken(factories.callback())
    with table.meanwhile(lambda: post(taken.callback_id, {"outcome": "unreached"})):
        answer = post(taken.callback_id)

    assert answer.code == "callback_closed"
    assert callbacks.find_one("acme", taken.callback_id).closed_as == "unreached"
