"""Call-backs in the table: the requests that each read and write costs, and the items it leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guestkey.errors import NotFound, SlotTaken
from guestkey.rules.callbacks import Outcome
from guestkey.rules.desk import QUARTER
from guestkey.rules.slots import Slot
from guestkey.store.callbacks import callbacks, seats
from guestkey.store.dynamodb import keys
from tests import factories, table
from tests.calls import call
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, CARLA, SVEN
from tests.store import wire

ORDER = {"topic": "technical", "description": "The import", "phone": "+49 241 44686122"}
TEN = ORDER | {"starts_at": "2026-11-24T09:00:00Z"}


@pytest.fixture(autouse=True)
def _a_warm_function() -> None:
    """Load the desk first, as a warm function has done."""
    call("GET", "/v1/topics", caller=ANNA)


def kinds(request: wire.Request) -> list[str]:
    """Return the kinds of the items that a transaction writes or deletes, by name, in wire order."""
    by_key = {"PROFILE": "whose", "CALLBACK": "open", "LEDGER": "head"}
    found_kinds = []
    for _, operation in request.items:
        sk = (operation.get("Key") or operation["Item"])["SK"]["S"]
        found_kinds.append(by_key.get(sk, sk.partition("#")[0].lower()))
    return found_kinds


# --- Requests --------------------------------------------------------------------------------------------------------


def test_a_booking_reads_in_one_round_and_writes_in_one():
    with wire.in_rounds(1, 1) as sent:
        assert call("POST", "/v1/callbacks", TEN, caller=ANNA).status == 201

    assert sorted(kinds(sent[-1])) == ["callback", "count", "entry", "head", "open", "slot", "slot", "whose"]


def test_joining_the_queue_reads_in_one_round_and_writes_in_one():
    with wire.in_rounds(1, 1) as sent:
        assert call("POST", "/v1/callbacks", ORDER, caller=ANNA, headers={"idempotency-key": "k"}).status == 201

    assert sorted(kinds(sent[-1])) == ["callback", "count", "entry", "head", "once", "open", "waiting", "whose"]


def test_a_second_open_call_back_is_refused_without_a_write():
    factories.callback()
    with wire.in_rounds(1, 1) as sent:
        assert call("POST", "/v1/callbacks", TEN, caller=ANNA).status == 409

    assert sent[-1].operation == "GetItem"


def test_a_slot_read_as_full_is_refused_without_a_write_and_the_next_are_named_by_one_query_of_one_day():
    factories.seats(TUESDAY_AT_TEN, 2)
    with wire.watched() as sent:
        assert call("POST", "/v1/callbacks", TEN, caller=ANNA).code == "slot_taken"

    assert [request.operation for request in sent] == ["BatchGetItem", "Query"]


def test_a_move_touches_only_the_seats_that_change():
    booked = factories.callback(ANNA, TUESDAY_AT_TEN, topic="technical")
    to = {"starts_at": "2026-11-24T09:15:00Z"}
    with wire.in_rounds(1, 1, 1) as sent:
        assert call("PATCH", f"/v1/callbacks/{booked.callback_id}", to, caller=ANNA).status == 200

    touched = [operation["Key"]["SK"]["S"] for kind, operation in sent[-1].items if kind == "Update"]
    assert sorted(touched) == ["COUNT#booked#anna#2026112312", "LEDGER", "SLOT#09:00", "SLOT#09:30"]


def test_a_cancellation_reads_in_one_round_and_writes_in_one():
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with wire.in_rounds(1, 1) as sent:
        assert call("DELETE", f"/v1/callbacks/{booked.callback_id}", caller=ANNA).status == 200

    assert sorted(kinds(sent[-1])) == ["callback", "entry", "head", "open", "slot", "whose"]


def test_taking_a_call_back_writes_neither_seat_nor_queue():
    callback = factories.callback()
    with wire.in_rounds(1, 1, 1, 1, 2) as sent:
        assert call("POST", f"/v1/support/callbacks/{callback.callback_id}/take", caller=SVEN).status == 200

    assert sorted(kinds(sent[-3])) == ["callback", "count", "entry", "head", "open", "own", "whose"]


def test_slots_are_read_a_day_at_a_time_and_only_for_days_with_slots():
    with wire.watched() as sent:
        query: dict[str, Any] = {"topic": "question", "from": "2026-11-27", "days": 4}
        assert call("GET", "/v1/slots", caller=ANNA, query=query).status == 200

    days = [request.body["ExpressionAttributeValues"][":0"]["S"] for request in sent]
    assert days == ["SLOTS#2026-11-27", "SLOTS#2026-11-30"]


# --- Seats -----------------------------------------------------------------------------------------------------------


def test_seats_and_queue_are_read_strongly_consistent():
    slot = Slot(starts_at=TUESDAY_AT_TEN, ends_at=TUESDAY_AT_TEN + QUARTER)
    with wire.watched() as came:
        list(seats.free([slot], 2))
        seats.queue()

    assert [(request.operation, request.body.get("ConsistentRead")) for request in came] == [("Query", True)] * 2


def test_a_seat_without_holders_keeps_its_item_with_a_ttl():
    factories.cancelled(factories.callback(ANNA, TUESDAY_AT_TEN))

    stored = table.one(keys.slot(TUESDAY_AT_TEN))
    assert stored and "holders" not in stored
    assert stored["ttl"]["N"] == str(int((TUESDAY_AT_TEN + timedelta(days=30)).timestamp()))


def test_a_seat_freed_after_its_item_was_deleted_leaves_an_item_with_a_ttl():
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    table.drop(keys.slot(TUESDAY_AT_TEN))
    factories.cancelled(booked)

    stored = table.one(keys.slot(TUESDAY_AT_TEN))
    assert stored and "ttl" in stored


def test_a_slot_with_more_bookings_than_lines_is_full():
    factories.seats(TUESDAY_AT_TEN, 5)

    with pytest.raises(SlotTaken):
        factories.callback(ANNA, TUESDAY_AT_TEN)


def test_a_slot_over_midnight_of_utc_takes_a_seat_on_both_days():
    factories.desk(hours={"tue": [{"from": "00:00", "until": "02:00"}]})
    midnight = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
    booked = factories.callback(ANNA, midnight - QUARTER, topic="technical")

    assert factories.seats_held() == {midnight - QUARTER: {booked.callback_id}, midnight: {booked.callback_id}}
    slots = [Slot(starts_at=midnight - QUARTER, ends_at=midnight + QUARTER)]
    assert [room for _, room in seats.free(slots, 2)] == [1]


def test_call_backs_booked_in_a_range_are_listed_once_and_in_order():
    later = factories.callback(ANNA, TUESDAY_AT_TEN + QUARTER, topic="technical")
    sooner = factories.callback(CARLA, TUESDAY_AT_TEN, topic="technical")

    named = seats.booked(TUESDAY_AT_TEN, TUESDAY_AT_TEN + timedelta(hours=1))
    assert named == [("globex", sooner.callback_id), ("acme", later.callback_id)]
    assert seats.booked(TUESDAY_AT_TEN, TUESDAY_AT_TEN + QUARTER) == named[:1]
    assert seats.booked(TUESDAY_AT_TEN - timedelta(hours=1), TUESDAY_AT_TEN) == []


# --- Records ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("starts_at", [TUESDAY_AT_TEN, None])
def test_a_call_back_reads_as_it_was_written(starts_at):
    callback = factories.callback(ANNA, starts_at, description="Two\nlines")
    assert callbacks.find_one("acme", callback.callback_id) == callback

    taken = factories.taken(callback)
    assert callbacks.find_one("acme", callback.callback_id) == taken
    closed = factories.closed(taken, outcome=Outcome.UNREACHED)
    assert callbacks.find_one("acme", callback.callback_id) == closed


def test_existing_call_backs_are_found_in_the_order_of_the_ids():
    annas, carlas = factories.callback(), factories.callback(CARLA)
    tenant_and_ids = [("globex", carlas.callback_id), ("acme", carlas.callback_id), ("acme", annas.callback_id)]

    assert callbacks.find_many(tenant_and_ids) == [carlas, annas]


def test_a_call_back_of_another_tenant_is_not_found():
    callback = factories.callback()

    with pytest.raises(NotFound):
        callbacks.find_one("globex", callback.callback_id)
