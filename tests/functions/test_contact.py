"""GET /v1/contact: numbers, hours and promise of support for a caller's country, at this moment."""

from typing import Any

import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError

from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import keys
from local import sample
from tests import table
from tests.calls import Answer, call
from tests.personas import ANNA, BACKEND
from tests.rows_and_columns import each_row, probes
from tests.rules.desks import at


def get(country: str | None = "CH", **more: Any) -> Answer:
    return call("GET", "/v1/contact", caller=None, query=({"country": country} if country is not None else {}) | more)


def put_desk(**otherwise: Any) -> None:
    assert call("PUT", "/v1/vendor/desk", sample.DESK | otherwise, caller=BACKEND).status == 200


NINE_TO_SIX = [{"from": "09:00", "until": "18:00"}]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), NINE_TO_SIX) | {"sat": [], "sun": []}
FEE = {"amount": "5.95", "currency": "EUR", "per_started_minutes": 5}
MAIL = "assistenzaclienti@onOffice.com"


def test_a_swiss_caller_on_monday_at_noon_gets_numbers_hours_promise_and_fee() -> None:
    with table.unchanged():
        answer = get("CH")

    assert answer.status == 200
    assert answer.body == {
        "country": "CH",
        "support": {
            "phone": "+49 241 446 86 122",
            "email": MAIL,
            "hours": {"time_zone": "Europe/Berlin", "week": WEEK},
            "open_now": True,
            "opens_at": None,
        },
        "emergency": {"phone": "+41 31 511 27 92", "answered_within_hours": 2, "fee": FEE},
    }


def test_an_answer_may_be_cached_for_a_minute_and_a_refusal_may_not() -> None:
    assert get().headers["cache-control"] == "public, max-age=60"
    assert get("Schweiz").headers["cache-control"] == "no-store"


def test_a_token_is_ignored() -> None:
    for caller in (ANNA, ANNA.acting(), BACKEND.but(sub=None)):
        assert call("GET", "/v1/contact?country=CH", caller=caller).status == 200


@each_row(
    ("country", "support", "emergency", "fee"),
    [
        ("DE", "+49 241 446 86 122", "+49 241 44686-112", FEE),
        ("CH", "+49 241 446 86 122", "+41 31 511 27 92", FEE),
        ("AT", "+43 (1) 3619857-60", "+43 (1) 3619857-60", FEE),
        ("IT", None, None, None),
        ("US", None, None, None),
        ("ZZ", None, None, None),
    ],
)
def test_numbers_and_fee_are_those_of_the_country(
    country: str, support: str | None, emergency: str | None, fee: dict[str, Any] | None
) -> None:
    body = get(country).body

    assert (body["support"]["phone"], body["emergency"]["phone"], body["emergency"]["fee"]) == (support, emergency, fee)
    assert body["support"]["email"] == MAIL


@each_row(
    ("minutes", "amount"), [(0, "0.00"), (1, "5.95"), (5, "5.95"), (6, "11.90"), (12, "17.85"), (1440, "1713.60")]
)
def test_with_minutes_the_cost_of_the_call_is_returned(minutes: int, amount: str) -> None:
    assert get(minutes=minutes).body["emergency"]["cost"] == {"amount": amount, "currency": "EUR"}


@each_row(
    ("length", "amount"),
    [
        ({"seconds": 0}, "0.00"),
        ({"seconds": 1}, "5.95"),
        ({"seconds": 300}, "5.95"),
        ({"seconds": 301}, "11.90"),
        ({"minutes": 5, "seconds": 1}, "11.90"),
        ({"seconds": 86_400}, "1713.60"),
    ],
)
def test_a_started_interval_counts_from_its_first_second(length: dict[str, Any], amount: str) -> None:
    assert get("CH", **length).body["emergency"]["cost"]["amount"] == amount


def test_without_minutes_and_without_a_fee_there_is_no_cost() -> None:
    assert "cost" not in get("CH").body["emergency"]
    assert "cost" not in get("IT", minutes=12).body["emergency"]


@each_row(
    ("language", "email"),
    [
        (None, "help"),
        ("de", "hilfe"),
        ("de-CH", "hilfe"),
        ("de_CH", "hilfe"),
        ("DE-at", "servus"),
        ("it", "help"),
        ("zh-Hant-TW", "help"),
    ],
)
def test_the_mail_address_falls_back_from_the_language_to_english(language: str | None, email: str) -> None:
    put_desk(emails={"en": "help@vendor.example", "de": "hilfe@vendor.example", "de-AT": "servus@vendor.example"})

    answer = get("AT", language=language) if language else get("AT")
    assert answer.body["support"]["email"] == f"{email}@vendor.example"


@pytest.mark.parametrize(
    ("now", "is_open", "opens", "within"),
    [
        ("2026-11-23 07:29:59", False, "2026-11-23T08:00:00Z", 10),
        ("2026-11-23 07:30:00", False, "2026-11-23T08:00:00Z", 2),
        ("2026-11-23 08:59:59", False, "2026-11-23T08:00:00Z", 2),
        ("2026-11-23 09:00:00", True, None, 2),
        ("2026-11-23 17:59:59", True, None, 2),
        ("2026-11-23 18:00:00", False, "2026-11-24T08:00:00Z", 2),
        ("2026-11-23 21:59:59", False, "2026-11-24T08:00:00Z", 2),
        ("2026-11-23 22:00:00", False, "2026-11-24T08:00:00Z", 10),
        ("2026-11-28 12:00:00", False, "2026-11-30T08:00:00Z", 2),  # a Saturday
        ("2026-12-25 12:00:00", False, "2026-12-28T08:00:00Z", 2),  # Christmas, and then a Saturday
        ("2026-06-04 12:00:00", False, "2026-06-05T07:00:00Z", 2),  # Corpus Christi, in North Rhine-Westphalia
        ("2026-03-29 01:59:59", False, "2026-03-30T07:00:00Z", 10),  # the clocks change
        ("2026-10-25 02:30:00", False, "2026-10-26T08:00:00Z", 10),
        ("2026-12-31 18:00:00", False, "2027-01-04T08:00:00Z", 2),
    ],
)
def test_opening_and_promise_follow_the_desks_clock_and_calendar(
    world: time_machine.Traveller, now: str, is_open: bool, opens: str | None, within: int
) -> None:
    world.move_to(at(now))

    body = get("DE").body
    assert (body["support"]["open_now"], body["support"]["opens_at"]) == (is_open, opens)
    assert body["emergency"]["answered_within_hours"] == within


def test_without_an_opening_or_a_promise_both_are_null() -> None:
    no_numbers = {country: {"support": None, "emergency": None} for country in sample.DESK["numbers"]}
    put_desk(hours={}, numbers=no_numbers, emergency=[], fee=None)

    body = get("DE").body
    assert (body["support"]["open_now"], body["support"]["opens_at"]) == (False, None)
    assert body["emergency"] == {"phone": None, "answered_within_hours": None, "fee": None}


def test_the_desk_is_cached_for_some_seconds(world: time_machine.Traveller) -> None:
    get()
    with table.failing(AssertionError("asked again")):
        assert get("AT").status == 200

    world.shift(desks.CACHED_FOR)
    with table.failing(AssertionError("asked again")), pytest.raises(AssertionError):
        get("AT")


NO_COUNTRIES = ["country=", "country=CHE", "country=C", "country=C%0A", "country=%C3%84%C3%84"]
NO_LANGUAGES = [f"country=CH&language={language}" for language in ("", "d", "de%0A", "*")]
NO_MINUTES = [f"country=CH&minutes={minutes}" for minutes in ("", "1.5", "NaN", "9" * 400)]


@each_row(
    ("query", "pointer"),
    [
        ("", "query/country"),
        *((query, "query/country") for query in probes("country=ch", "country=CH,DE", rest=NO_COUNTRIES)),
        *((query, "query/language") for query in probes("country=CH&language=german", rest=NO_LANGUAGES)),
        ("country=CH&minutes=-1", "query/minutes"),
        ("country=CH&minutes=1441", "query/minutes"),
        ("country=CH&seconds=-1", "query/seconds"),
        ("country=CH&seconds=86401", "query/seconds"),
        *((query, "query/minutes") for query in probes("country=CH&minutes=five", rest=NO_MINUTES)),
    ],
)
def test_a_malformed_country_language_or_number_of_minutes_is_refused(query: str, pointer: str) -> None:
    answer = call("GET", f"/v1/contact?{query}", caller=None)

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [pointer]


def test_while_aws_is_unreachable_the_answer_is_503_with_retry_after() -> None:
    with table.failing(EndpointConnectionError(endpoint_url="https://dynamodb.eu-central-1.amazonaws.com")):
        answer = get()

    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "busy", "1")


def test_without_a_desk_it_is_refused() -> None:
    table.drop(keys.desk())
    desks.clear_cache()

    assert (get().status, get().code) == (404, "desk_unknown")
