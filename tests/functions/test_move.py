"""PATCH /v1/callbacks/{callback_id}: a user moves a call-back to another slot, or to the queue."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.desk import QUARTER
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import salted_digest
from guestkey.store.callbacks import changes, desks, seats
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.functions.test_leaving import leaves
from tests.personas import ANNA, BEN, CARLA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row
from tests.store import wire

NOON = TUESDAY_AT_TEN + timedelta(hours=2)


def patch(callback_id: str, starts_at: datetime | str | None = NOON, *, caller: Caller = ANNA, **how: Any) -> Answer:
    body = {"starts_at": text_of(starts_at) if isinstance(starts_at, datetime) else starts_at}
    return call("PATCH", f"/v1/callbacks/{callback_id}", None if "raw" in how else body, caller=caller, **how)


def last_entry() -> Any:
    return list(ledger.entries_after("acme", 0, 1000))[-1]


# ------------------------------------------------------------------ it works


def test_ben_moves_annas_call_back_to_noon() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    status, body = patch(booked.callback_id, caller=BEN)

    assert status == 200
    assert (body["callback_id"], body["version"], body["state"]) == (booked.callback_id, 1, "booked")
    assert (body["starts_at"], body["ends_at"]) == ("2026-11-24T11:00:00Z", "2026-11-24T11:15:00Z")
    assert body["requested_by"]["user_id"] == "anna"
    assert factories.seats_held() == {NOON: {booked.callback_id}}
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body == body


def test_it_is_in_the_ledger() -> None:
    patch(factories.callback(ANNA, TUESDAY_AT_TEN).callback_id, caller=BEN)
    entry = last_entry()

    assert (entry.what, entry.by.id, entry.data) == (
        "callback.moved",
        "ben",
        {
            "starts_at": "2026-11-24T11:00:00Z",
            "ends_at": "2026-11-24T11:15:00Z",
            "earlier_starts_at": "2026-11-24T09:00:00Z",
            "earlier_ends_at": "2026-11-24T09:15:00Z",
            "version": 1,
            "description_sha256": salted_digest("The import stands still", factories.SALT),
            "is_phone_changed": False,
            "released_from": None,
            "reason_sha256": None,
        },
    )


def test_null_moves_it_to_the_end_of_the_queue(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.shift(timedelta(minutes=1))
    earlier = factories.callback(CARLA)
    world.shift(timedelta(minutes=1))
    body = patch(booked.callback_id, None).body

    assert (body["kind"], body["state"], body["starts_at"], body["version"]) == ("queue", "waiting", None, 1)
    assert factories.seats_held() == {}
    assert seats.queue() == [("globex", earlier.callback_id), ("acme", booked.callback_id)]


def test_a_waiting_call_back_can_be_moved_to_a_slot() -> None:
    waiting = factories.callback()
    body = patch(waiting.callback_id).body

    assert (body["kind"], body["state"], body["starts_at"]) == ("slot", "booked", "2026-11-24T11:00:00Z")
    assert seats.queue() == []
    assert factories.seats_held() == {NOON: {waiting.callback_id}}


def test_a_full_quarter_hour_in_both_slots_is_kept() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN, topic="technical")
    factories.callback(CARLA, TUESDAY_AT_TEN + QUARTER)

    assert patch(booked.callback_id, TUESDAY_AT_TEN + QUARTER).status == 200
    assert len(factories.seats_held()[TUESDAY_AT_TEN + QUARTER]) == 2
    assert factories.seats_held().keys() == {TUESDAY_AT_TEN + QUARTER, TUESDAY_AT_TEN + 2 * QUARTER}


def test_a_call_back_moved_to_a_slot_ends_with_it_and_one_moved_to_the_queue_does_not(
    world: time_machine.Traveller,
) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    patch(booked.callback_id)
    world.move_to(TUESDAY_AT_TEN + QUARTER)
    assert call("GET", "/v1/callbacks/open", caller=ANNA).status == 200

    patch(booked.callback_id, None)
    world.move_to(NOON + QUARTER)
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["state"] == "waiting"
    for key in (keys.callback("acme", booked.callback_id), keys.callback_tenant(booked.callback_id)):
        kept = table.one(key)
        assert kept and "ttl" not in kept


# ------------------------------------------------------------------ to its own slot


@pytest.mark.parametrize("starts_at", [TUESDAY_AT_TEN, None])
def test_moving_to_its_own_slot_changes_nothing(starts_at: datetime | None) -> None:
    booked = factories.callback(ANNA, starts_at)
    with table.unchanged():
        answer = patch(booked.callback_id, starts_at)

    assert (answer.status, answer.body["version"]) == (200, 0)


def test_moving_to_its_own_slot_is_allowed_when_the_slot_is_too_soon_to_be_booked(
    world: time_machine.Traveller,
) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN - QUARTER)
    with table.unchanged():
        answer = patch(booked.callback_id, TUESDAY_AT_TEN)

    assert (answer.status, answer.body["version"]) == (200, 0)


def test_moving_twice_answers_the_same_and_writes_once() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    first = patch(booked.callback_id)
    with table.unchanged():
        again = patch(booked.callback_id, caller=BEN)

    assert tuple(again) == tuple(first)


# ------------------------------------------------------------------ taken by others, no slot


def test_a_full_slot_is_refused_with_the_next_free_ones_and_the_old_one_stays() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.seats(NOON, 2)
    with table.unchanged():
        answer = patch(booked.callback_id)

    assert (answer.status, answer.code) == (409, "slot_taken")
    assert [slot["starts_at"] for slot in answer.body["next"]] == [
        "2026-11-24T11:15:00Z",
        "2026-11-24T11:30:00Z",
        "2026-11-24T11:45:00Z",
    ]


def test_a_time_at_which_no_slot_begins_is_refused() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    no_starts = "2026-11-24T10:05:00+01:00", "2026-11-24T08:45:00+01:00", "2026-11-23T13:00:00Z", "9999-12-31T23:59:59Z"

    for starts_at in no_starts:
        with table.unchanged():
            answer = patch(booked.callback_id, starts_at)

        assert (answer.status, answer.code) == (422, "slot_not_offered"), starts_at


def test_a_removed_topic_has_no_slots_but_still_a_queue() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.desk(topics=[{"id": "other", "minutes": 15, "names": {"en": "Other"}}])

    assert patch(booked.callback_id).code == "slot_not_offered"
    assert patch(booked.callback_id, TUESDAY_AT_TEN).status == 200
    assert patch(booked.callback_id, None).body["state"] == "waiting"


# ------------------------------------------------------------------ too late


@pytest.mark.parametrize("is_of_a_leaver", [False, True])
def test_moving_a_taken_call_back_releases_it(is_of_a_leaver: bool) -> None:
    taken = factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    if is_of_a_leaver:
        leaves()
    with table.unchanged():
        assert patch(taken.callback_id, TUESDAY_AT_TEN).body["state"] == ("booked" if is_of_a_leaver else "taken")
    body = patch(taken.callback_id).body

    assert (body["state"], body["agent"], body["starts_at"]) == ("booked", None, "2026-11-24T11:00:00Z")
    assert last_entry().data["released_from"] == (None if is_of_a_leaver else "sven")
    assert table.one(keys.own_callback("sven", taken.callback_id)) is None


# ------------------------------------------------------------------ putting number and text right


def test_number_and_text_are_put_right_and_all_else_stays() -> None:
    taken = factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    path = f"/v1/callbacks/{taken.callback_id}"
    body = call("PATCH", path, {"phone": "0241 446860", "description": "The export"}, caller=BEN).body

    assert (body["phone"], body["phone_shown"], body["description"]) == ("+49241446860", "0241 446860", "The export")
    assert (body["starts_at"], body["state"], body["version"]) == ("2026-11-24T09:00:00Z", "taken", 1)
    entry = last_entry()
    assert (entry.what, entry.data["is_phone_changed"]) == ("callback.moved", True)
    assert entry.data["description_sha256"] == salted_digest("The export", body["description_salt"])
    with table.unchanged():
        assert call("PATCH", path, {"phone": "+49 241 446860", "description": "The export"}, caller=ANNA).body == body


def test_a_time_and_a_number_are_one_change() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    to = {"starts_at": None, "phone": "0241 446860"}
    body = call("PATCH", f"/v1/callbacks/{booked.callback_id}", to, caller=ANNA).body

    assert (body["kind"], body["phone"], body["version"]) == ("queue", "+49241446860", 1)
    assert factories.what_happened() == ["callback.booked", "callback.moved"]


def test_an_empty_body_changes_nothing() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    for body in ({}, {"phone": None, "description": None}):
        with table.unchanged():
            assert call("PATCH", f"/v1/callbacks/{booked.callback_id}", body, caller=ANNA).body["version"] == 0


@pytest.mark.parametrize(("member", "value"), [("phone", "112"), ("phone", ""), ("description", ""), ("topic", "x")])
def test_a_correction_that_is_none_is_refused(member: str, value: str) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.unchanged():
        answer = call("PATCH", f"/v1/callbacks/{booked.callback_id}", {member: value}, caller=ANNA)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, f"#/{member}")


def test_a_call_back_whose_slot_is_over_cannot_be_moved(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN + QUARTER)
    with table.unchanged():
        answer = patch(booked.callback_id, NOON + timedelta(days=1))

    assert answer.code == "callback_closed"


def test_a_cancelled_call_back_cannot_be_moved() -> None:
    cancelled = factories.cancelled(factories.callback(ANNA, TUESDAY_AT_TEN))

    assert patch(cancelled.callback_id).code == "callback_closed"


# ------------------------------------------------------------------ refused callers


def test_giulia_may_not_choose_a_slot_and_may_move_to_the_queue() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.unchanged():
        answer = patch(booked.callback_id, caller=GIULIA)

    assert (answer.status, answer.code) == (403, "slots_not_offered")
    assert patch(booked.callback_id, None, caller=GIULIA).status == 200


def test_carla_gets_the_same_404_for_acmes_call_back_as_for_an_unknown_one() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.unchanged():
        foreign, unknown = (patch(id, caller=CARLA) for id in (booked.callback_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert foreign.text == unknown.text
    assert foreign.headers == unknown.headers


def test_a_token_that_acts_for_anna_is_refused() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.unchanged():
        assert patch(booked.callback_id, caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.USERS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert patch(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


def test_without_a_desk_no_call_back_can_be_moved() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    table.drop(keys.desk())
    desks.clear_cache()

    assert patch(booked.callback_id).code == "desk_unknown"


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies({"starts_at": text_of(NOON)}))
def test_a_hostile_body_is_refused(sent: dict[str, Any], status: int, code: str) -> None:
    answer = patch(invalid_inputs.UNKNOWN_ID, **sent)

    assert (answer.status, answer.code) == (status, code)


@each_row("starts_at", ["", "noon", "2026-11-24", "2026-11-24T11:00:00"])
def test_a_malformed_moment_is_refused(starts_at: str) -> None:
    answer = patch(invalid_inputs.UNKNOWN_ID, starts_at)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "#/starts_at")


def test_a_malformed_id_is_not_found() -> None:
    for callback_id in invalid_inputs.NO_IDS:
        answer = patch(callback_id)
        assert (answer.status, answer.text) == (404, patch(invalid_inputs.UNKNOWN_ID).text)


# ------------------------------------------------------------------ at the same moment


def test_of_two_tenants_who_want_the_last_seat_one_gets_it() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.seats(NOON, 1)
    with table.meanwhile(lambda: factories.callback(CARLA, NOON)):
        answer = patch(booked.callback_id)

    assert answer.code == "slot_taken"
    assert factories.seats_held()[TUESDAY_AT_TEN] == {booked.callback_id}


def test_a_cancelling_at_the_same_moment_wins_over_a_move() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.meanwhile(lambda: factories.cancelled(booked, by=BEN)):
        answer = patch(booked.callback_id)

    assert (answer.status, answer.code) == (409, "callback_closed")
    assert factories.seats_held() == {}


def test_of_two_moves_at_the_same_moment_the_later_counts_and_no_seat_stays_occupied() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with table.meanwhile(lambda: patch(booked.callback_id, TUESDAY_AT_TEN + QUARTER, caller=BEN)):
        answer = patch(booked.callback_id)

    assert (answer.status, answer.body["version"]) == (200, 2)
    assert factories.seats_held() == {NOON: {booked.callback_id}}


def test_an_agent_who_takes_it_at_the_same_moment_loses_it_to_the_move(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN - timedelta(minutes=30))
    with table.meanwhile(lambda: factories.taken(booked)):
        answer = patch(booked.callback_id, TUESDAY_AT_TEN + timedelta(hours=4))

    assert (answer.status, answer.body["agent"]) == (200, None)
    assert last_entry().data["released_from"] == "sven"


def test_a_move_is_refused_if_the_slot_ended_and_another_was_booked_meanwhile(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN + QUARTER - timedelta(seconds=1))

    def book_the_next() -> None:
        factories.callback(BEN, at=TUESDAY_AT_TEN + QUARTER)

    with table.meanwhile(book_the_next):
        answer = patch(booked.callback_id, None)

    assert (answer.status, answer.code) == (409, "callback_closed")
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["requested_by"]["user_id"] == "ben"


def test_a_move_that_loses_every_race_ends_in_503_with_retry_after() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    elsewhere = [TUESDAY_AT_TEN + QUARTER * number for number in range(1, changes.MAX_CHANGE_TRIES + 1)]
    acts = [lambda at=at: patch(booked.callback_id, at, caller=BEN) for at in elsewhere]
    with table.meanwhile(*acts):
        answer = patch(booked.callback_id, NOON + timedelta(days=1))

    assert (answer.status, answer.code) == (503, "busy")
    assert factories.seats_held() == {elsewhere[-1]: {booked.callback_id}}


@pytest.mark.parametrize(("number", "status"), [(2, 409), (1, 200)])
def test_after_a_conflict_the_free_seats_are_read_again(number: int, status: int) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)

    def script(request: wire.Request, send: wire.Send) -> Any:
        if request.operation == "TransactWriteItems" and request.nth == 1:
            factories.seats(NOON, number)
            return wire.cancelled(request, "TransactionConflict", "SLOTS#")
        return send()

    with wire.through(script) as came:
        answer = patch(booked.callback_id)

    assert answer.status == status
    assert len([request for request in came if request.is_write]) == (1 if status == 409 else 2)
