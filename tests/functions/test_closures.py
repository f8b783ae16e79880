"""PUT and DELETE /v1/vendor/closures/{day}: the vendor closes its support desk on a day."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from guestkey.rules.callbacks import Outcome, Stranding
from guestkey.store.callbacks import callbacks
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, BACKEND, CARLA
from tests.rows_and_columns import each_row

TUESDAY = date(2026, 11, 24)
CHRISTMAS = date(2026, 12, 25)
OUTING = {"name": "Works outing"}


def put(day: date | str = TUESDAY, body: Any = OUTING) -> Answer:
    return call("PUT", f"/v1/vendor/closures/{day}", body, caller=BACKEND)


def delete(day: date | str = TUESDAY) -> Answer:
    return call("DELETE", f"/v1/vendor/closures/{day}", caller=BACKEND)


def slots_of(day: date) -> list[Any]:
    """Return the slots offered to Anna on a day."""
    query = {"topic": "question", "from": day, "days": 1}
    items: list[Any] = call("GET", "/v1/slots", caller=ANNA, query=query).body["items"]
    return items


# ------------------------------------------------------------------ it works


def test_a_day_that_the_vendor_closed_has_no_slots() -> None:
    assert slots_of(TUESDAY)

    closed = {"day": "2026-11-24", "name": "Works outing", "from": "00:00", "until": "24:00"}
    assert tuple(put()) == (200, closed | {"callback_ids": [], "stranded": []})
    assert slots_of(TUESDAY) == []
    assert slots_of(TUESDAY + timedelta(days=1))


def test_a_closure_taken_back_opens_the_day() -> None:
    put()

    opened = {"day": "2026-11-24", "name": None, "from": None, "until": None}
    assert tuple(delete()) == (200, opened | {"callback_ids": [], "stranded": []})
    assert slots_of(TUESDAY)


def test_call_backs_booked_for_that_day_stay_and_are_listed_by_time() -> None:
    of_carla = factories.callback(CARLA, TUESDAY_AT_TEN + timedelta(hours=1))
    of_anna = factories.callback(ANNA, TUESDAY_AT_TEN)

    assert put().body["callback_ids"] == [of_anna.callback_id, of_carla.callback_id]
    assert callbacks.open_of("acme", factories.now()) == replace(of_anna, stranded_by=Stranding.CLOSED)
    assert delete().body["callback_ids"] == [of_anna.callback_id, of_carla.callback_id]


def test_only_open_call_backs_of_that_day_are_listed() -> None:
    factories.cancelled(factories.callback(ANNA, TUESDAY_AT_TEN))
    factories.closed(factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN)), outcome=Outcome.UNREACHED)
    factories.callback(ANNA, TUESDAY_AT_TEN + timedelta(days=1))
    of_carla = factories.taken(factories.callback(CARLA, TUESDAY_AT_TEN))

    assert put().body["callback_ids"] == [of_carla.callback_id]


def test_the_day_is_in_the_desks_time_zone() -> None:
    factories.desk(time_zone="America/Los_Angeles")
    at_five = factories.callback(
        ANNA, TUESDAY_AT_TEN + timedelta(hours=15, minutes=45)
    )  # 16:45 in the desk's zone, Wednesday in UTC

    assert put().body["callback_ids"] == [at_five.callback_id]
    assert put(TUESDAY + timedelta(days=1)).body["callback_ids"] == []


def test_a_public_holiday_stays_closed_after_closing_and_opening_the_day() -> None:
    with table.unchanged():
        assert delete(CHRISTMAS).status == 200
    put(CHRISTMAS, {"name": "Christmas party"})
    delete(CHRISTMAS)

    item = table.one(keys.closed(CHRISTMAS))
    assert item
    assert ("holiday" in item, "closure" in item) == (True, False)


# ------------------------------------------------------------------ twice


def test_closing_twice_keeps_one_closure_with_the_last_name() -> None:
    put()
    with table.unchanged():
        assert put().status == 200

    assert put(body={"name": "Stocktaking"}).body["name"] == "Stocktaking"
    item = table.one(keys.closed(TUESDAY))
    assert item
    assert item["closure"] == {"S": "Stocktaking"}


def test_opening_twice_answers_the_same() -> None:
    put()
    first = delete()

    with table.unchanged():
        assert delete() == first


# ------------------------------------------------------------------ bad input


@each_row("day", ["2026-02-30", "20261124", "2026-W48-2", "24.11.2026", "today", "1999-12-31", "2026-11-24T"])
def test_a_malformed_day_is_refused(day: str) -> None:
    with table.unchanged():
        for answer in (put(day), delete(day)):
            assert (answer.status, answer.code) == (422, "input_invalid")


@each_row("body", [{}, {"name": ""}, {"name": None}, {"name": "x" * 201}, OUTING | {"day": "2026-11-24"}])
def test_a_malformed_name_is_refused(body: Any) -> None:
    with table.unchanged():
        assert put(body=body).code == "input_invalid"


@each_row("name", invalid_inputs.TRICKS)
def test_a_name_with_deceptive_characters_is_refused(name: str) -> None:
    assert put(body={"name": name}).code == "input_invalid"


def test_without_a_desk_no_day_can_be_closed() -> None:
    table.drop(keys.desk())

    with table.unchanged():
        assert (put().code, delete().code) == ("desk_unknown", "desk_unknown")
