"""PATCH and DELETE /v1/support/callbacks/{callback_id}: an agent moves or cancels a call-back, with a reason."""

from typing import Any

import pytest

from guestkey.rules.ledger import salted_digest
from guestkey.store.callbacks import seats
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, BACKEND, CARLA, DORA, GIULIA, SVEN, Caller

ELEVEN = "2026-11-24T10:00:00Z"
ILL = {"reason": "Two colleagues are ill"}


def move(callback_id: str, starts_at: str | None = ELEVEN, caller: Caller = SVEN) -> Answer:
    return call("PATCH", f"/v1/support/callbacks/{callback_id}", ILL | {"starts_at": starts_at}, caller=caller)


def cancel(callback_id: str, body: Any = ILL, caller: Caller = SVEN) -> Answer:
    return call("DELETE", f"/v1/support/callbacks/{callback_id}", body, caller=caller)


def last_entry() -> Any:
    return list(ledger.entries_after("acme", 0, 100))[-1]


def test_sven_moves_a_call_back_that_dora_has_taken() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.taken(booked, DORA)
    status, body = move(booked.callback_id)

    assert (status, body["starts_at"], body["state"], body["agent"]) == (200, ELEVEN, "booked", None)
    assert (body["reason"], body["tenant_id"], body["version"]) == ("Two colleagues are ill", "acme", 1)
    entry = last_entry()
    assert (entry.what, entry.by.type, entry.by.id) == ("callback.moved", "agent", "sven")
    assert entry.data["reason_sha256"] == salted_digest("Two colleagues are ill", body["reason_salt"])
    assert entry.data["released_from"] == "dora"
    with table.unchanged():
        assert move(booked.callback_id).body == body


def test_support_chooses_a_slot_for_a_customer_of_any_language_and_the_queue_for_a_booked_one() -> None:
    waiting = factories.callback(GIULIA)
    assert move(waiting.callback_id).body["kind"] == "slot"
    assert move(waiting.callback_id, None).body["kind"] == "queue"
    assert seats.queue() == [("acme", waiting.callback_id)]


def test_a_full_or_unknown_slot_is_refused_with_the_next_ones() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.seats(TUESDAY_AT_TEN.replace(hour=10), 2)
    with table.unchanged():
        full = move(booked.callback_id)
        assert move(booked.callback_id, "2026-11-24T03:00:00Z").code == "slot_not_offered"

    assert (full.code, full.body["next"][0]["starts_at"]) == ("slot_taken", "2026-11-24T10:15:00Z")


def test_sven_cancels_with_a_reason_which_the_customer_reads() -> None:
    booked = factories.callback(CARLA, TUESDAY_AT_TEN)
    status, body = cancel(booked.callback_id)

    assert (status, body["state"], body["reason"]) == (200, "cancelled", "Two colleagues are ill")
    assert factories.seats_held() == {}
    assert call("GET", "/v1/callbacks/open", caller=CARLA).code == "no_callback"
    with table.unchanged():
        assert cancel(booked.callback_id).body == body
        assert move(booked.callback_id).code == "callback_closed"


@pytest.mark.parametrize("body", [{}, None, {"reason": "ok"}, {"reason": None}, ILL | {"outcome": "reached"}])
def test_without_a_reason_nothing_is_cancelled(body: Any) -> None:
    booked = factories.callback()
    with table.unchanged():
        assert cancel(booked.callback_id, body).code == "input_invalid"


def test_the_vendor_cancels_a_call_back_that_dora_has_taken_and_it_is_off_her_list() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.taken(booked, DORA)
    answer = call("DELETE", f"/v1/vendor/callbacks/{booked.callback_id}", ILL, caller=BACKEND)

    assert (answer.status, answer.body["state"]) == (200, "cancelled")
    assert table.one(keys.own_callback("dora", booked.callback_id)) is None


def test_what_does_not_exist_is_not_found() -> None:
    assert (move(invalid_inputs.UNKNOWN_ID).code, cancel(invalid_inputs.UNKNOWN_ID).code) == ("not_found", "not_found")
    assert move(invalid_inputs.UNKNOWN_ID, caller=ANNA).code == "agent_inactive"
