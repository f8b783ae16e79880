"""PUT and GET /v1/vendor/desk: the settings of the vendor's support desk, in one record."""

import copy
import json
from datetime import timedelta
from typing import Any

import time_machine

from guestkey.rules.desk import Desk, desk_of
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import keys
from local import sample
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BACKEND, GIULIA, Caller
from tests.rows_and_columns import each_row

DESK = sample.DESK


def put(body: Any = DESK, *, caller: Caller = BACKEND, **how: Any) -> Answer:
    return call("PUT", "/v1/vendor/desk", None if "raw" in how else body, caller=caller, **how)


def get(*, caller: Caller = BACKEND) -> Answer:
    return call("GET", "/v1/vendor/desk", caller=caller)


def known() -> Desk:
    return desks.current(factories.now()).desk


def but(**otherwise: Any) -> dict[str, Any]:
    return DESK | otherwise


def with_(path: str, value: Any) -> dict[str, Any]:
    """Return the sample desk with another value at a pointer."""
    changed = copy.deepcopy(DESK)
    *way, last = path.strip("/").split("/")
    place: Any = changed
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    return changed


def faults(answer: Answer) -> dict[str, str]:
    assert (answer.status, answer.code) == (422, "input_invalid")
    return {fault["pointer"]: fault["detail"] for fault in answer.body["errors"]}


# ------------------------------------------------------------------ it works


def test_the_desk_is_returned_as_it_was_put() -> None:
    changed = but(lines=5, subdivision=None, fee=None)

    assert tuple(put(changed)) == (200, changed | {"stranded": []})
    assert tuple(get()) == (200, changed)
    assert (known().lines, known().fee) == (5, None)


def test_the_same_record_again_changes_nothing_and_writes_no_ledger() -> None:
    with table.unchanged():
        assert put().status == 200
    put(but(lines=3))

    assert factories.what_happened() == []


def test_a_put_replaces_the_record_and_does_not_merge() -> None:
    put(but(hours={}, numbers={}, emergency=[], fee=None))

    assert (known().hours, known().promises) == ({}, ())


def test_without_a_put_there_is_no_desk(world: time_machine.Traveller) -> None:
    table.drop(keys.desk())

    assert (get().status, get().code) == (404, "desk_unknown")


def test_a_change_shows_at_once_here_and_within_seconds_elsewhere(world: time_machine.Traveller) -> None:
    before = known()
    item = table.one(keys.desk())
    assert item
    table.put([item | {"record": {"S": json.dumps(but(lines=7))}}])  # as in another function

    assert known() is before
    world.shift(desks.CACHED_FOR - timedelta(seconds=1))
    assert known() is before
    world.shift(timedelta(seconds=1))
    assert known().lines == 7
    put()
    assert known().lines == before.lines


def test_the_desks_languages_decide_on_choosing_a_slot() -> None:
    put(but(slot_languages=["it", "it-*"]))

    assert [call("GET", "/v1/me", caller=who).body["may_book_slot"] for who in (ANNA, GIULIA)] == [False, True]


@each_row(
    ("path", "value"),
    [
        ("/time_zone", "Australia/Lord_Howe"),
        ("/country", "AT"),
        ("/subdivision", None),
        ("/hours/sat", []),
        ("/hours/mon", [{"from": "00:00", "until": "24:00"}]),
        ("/hours/mon", [{"from": "13:00", "until": "18:15"}, {"from": "07:45", "until": "13:00"}]),
        ("/lead_minutes", 0),
        ("/lead_minutes", 10_080),
        ("/horizon_days", 1),
        ("/lines", 50),
        ("/topics/0/minutes", 240),
        ("/topics/0/names", {"en": "x" * 200}),
        ("/slot_languages", []),
        ("/slot_languages", ["fr-*", "PT-br", "es-419", "gsw"]),
        ("/numbers/IT", {"support": "+39 06 6982 1234", "emergency": None}),
        ("/numbers/DE/support", None),
        ("/emails", {"en": "help@vendor.example", "de-AT": "hilfe@vendor.example"}),
        ("/emergency", [{"from": "00:00", "until": "24:00", "answered_within_hours": 72}]),
        (
            "/emergency",
            [
                {"from": "22:00", "until": "00:00", "answered_within_hours": 1},
                {"from": "00:00", "until": "07:31", "answered_within_hours": 3},
                {"from": "07:31", "until": "22:00", "answered_within_hours": 2},
            ],
        ),
        ("/fee/amount", "0.00"),
        ("/fee/amount", "999999.99"),
        ("/fee/countries", ["CH"]),
    ],
)
def test_any_valid_desk_is_stored_and_usable(path: str, value: Any) -> None:
    changed = with_(path, value) | ({"subdivision": None} if path == "/country" else {})

    assert tuple(put(changed)) == (200, changed | {"stranded": []})
    assert get().body == changed
    assert known() == desk_of(changed)


def test_texts_are_trimmed_and_normalised() -> None:
    body = put(with_("/topics/0/names", {"en": " Cafe\u0301 "})).body

    assert body["topics"][0]["names"] == {"en": "Café"}


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies(DESK))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    with table.unchanged():
        answer = put(**sent)

    assert (answer.status, answer.code) == (status, code)


@each_row("field", DESK)
def test_a_missing_field_is_named(field: str) -> None:
    with table.unchanged():
        answer = put({name: value for name, value in DESK.items() if name != field})

    assert list(faults(answer)) == [f"#/{field}"]


NINE_TO_SIX = {"from": "09:00", "until": "18:00"}
BY_DAY, BY_NIGHT = DESK["emergency"]


@each_row(
    ("path", "value", "pointer"),
    [
        ("/time_zone", "Berlin", "/time_zone"),
        ("/time_zone", None, "/time_zone"),
        ("/country", "XX", "/country"),
        ("/country", "de", "/country"),
        ("/subdivision", "NRW", "/subdivision"),
        ("/subdivision", "", "/subdivision"),
        ("/subdivision", 5, "/subdivision"),
        ("/hours", [], "/hours"),
        ("/hours/monday", [NINE_TO_SIX], "/hours/monday/[key]"),
        ("/hours/mon", NINE_TO_SIX, "/hours/mon"),
        ("/hours/mon", [["09:00", "18:00"]], "/hours/mon/0"),
        ("/hours/mon", [NINE_TO_SIX] * 2, "/hours/mon"),
        ("/hours/mon", [NINE_TO_SIX, {"from": "17:45", "until": "20:00"}], "/hours/mon"),
        ("/hours/mon", [{"from": "12:00", "until": "13:00"}, NINE_TO_SIX], "/hours/mon"),
        ("/hours/mon", [{"from": f"{hour:02}:00", "until": f"{hour:02}:15"} for hour in range(9)], "/hours/mon"),
        ("/hours/mon/0", {"from": "18:00", "until": "09:00"}, "/hours/mon/0"),
        ("/hours/mon/0", {"from": "09:00", "until": "09:00"}, "/hours/mon/0"),
        ("/hours/mon/0", NINE_TO_SIX | {"why": "because"}, "/hours/mon/0/why"),
        ("/hours/mon/0", {"begin": "09:00", "until": "18:00"}, "/hours/mon/0/begin"),
        ("/hours/mon/0/from", "09:10", "/hours/mon/0/from"),
        ("/hours/mon/0/from", "9:00", "/hours/mon/0/from"),
        ("/hours/mon/0/from", "24:00", "/hours/mon/0/from"),
        ("/hours/mon/0/from", "09:00\n", "/hours/mon/0/from"),
        ("/hours/mon/0/from", "\u0660\u0669:\u0660\u0660", "/hours/mon/0/from"),
        ("/hours/mon/0/from", 900, "/hours/mon/0/from"),
        ("/hours/mon/0/until", "24:15", "/hours/mon/0/until"),
        ("/hours/mon/0/until", "18:00:00", "/hours/mon/0/until"),
        ("/lead_minutes", -1, "/lead_minutes"),
        ("/lead_minutes", 10_081, "/lead_minutes"),
        ("/lead_minutes", 120.0, "/lead_minutes"),
        ("/lead_minutes", "120", "/lead_minutes"),
        ("/lead_minutes", True, "/lead_minutes"),
        ("/horizon_days", 0, "/horizon_days"),
        ("/horizon_days", 15, "/horizon_days"),
        ("/lines", 0, "/lines"),
        ("/lines", 51, "/lines"),
        ("/topics", [], "/topics"),
        ("/topics", DESK["topics"][:1] * 2, "/topics"),
        ("/topics/0/id", "Question", "/topics/0/id"),
        ("/topics/0/minutes", 0, "/topics/0/minutes"),
        ("/topics/0/minutes", 20, "/topics/0/minutes"),
        ("/topics/0/minutes", 255, "/topics/0/minutes"),
        ("/topics/0/names", {"de": "Frage"}, "/topics/0/names"),
        ("/topics/0/names", {}, "/topics/0/names"),
        ("/topics/0/names/en", "", "/topics/0/names/en"),
        ("/topics/0/names/en", "x" * 201, "/topics/0/names/en"),
        ("/topics/0/names/english", "Question", "/topics/0/names/english/[key]"),
        ("/slot_languages", "de", "/slot_languages"),
        ("/slot_languages", ["*"], "/slot_languages/0"),
        ("/slot_languages", ["de", "de_AT"], "/slot_languages/1"),
        ("/slot_languages", ["en-*-*"], "/slot_languages/0"),
        ("/slot_languages", ["deutsch"], "/slot_languages/0"),
        ("/numbers/de", {"support": None, "emergency": None}, "/numbers/de/[key]"),
        ("/numbers/CH", {"support": None}, "/numbers/CH/emergency"),
        ("/numbers/DE/support", "0241 446 86 122", "/numbers/DE/support"),
        ("/numbers/DE/support", "+49 112", "/numbers/DE/support"),
        ("/numbers/DE/support", "+49 241 446 86 122 ext. 4", "/numbers/DE/support"),
        ("/numbers/DE/emergency", "", "/numbers/DE/emergency"),
        ("/emails", {"de": "hilfe@vendor.example"}, "/emails"),
        ("/emails/en", "help", "/emails/en"),
        ("/emails/english", "help@vendor.example", "/emails/english/[key]"),
        ("/emergency", [], "/emergency"),
        ("/emergency", [BY_DAY], "/emergency"),
        ("/emergency", [BY_DAY, BY_NIGHT, BY_NIGHT], "/emergency"),
        ("/emergency", [BY_DAY, BY_NIGHT | {"from": "21:59"}], "/emergency"),
        ("/emergency", [BY_DAY, BY_NIGHT | {"until": "07:29"}], "/emergency"),
        ("/emergency/0", BY_DAY | {"until": "07:30"}, "/emergency/0"),
        ("/emergency/0/from", "24:00", "/emergency/0/from"),
        ("/emergency/0/answered_within_hours", 0, "/emergency/0/answered_within_hours"),
        ("/emergency/0/answered_within_hours", 73, "/emergency/0/answered_within_hours"),
        ("/fee/amount", 5.95, "/fee/amount"),
        ("/fee/amount", "5.9", "/fee/amount"),
        ("/fee/amount", "5,95", "/fee/amount"),
        ("/fee/amount", "05.95", "/fee/amount"),
        ("/fee/amount", "-5.95", "/fee/amount"),
        ("/fee/amount", "5.950", "/fee/amount"),
        ("/fee/amount", "1000000.00", "/fee/amount"),
        ("/fee/currency", "eur", "/fee/currency"),
        ("/fee/currency", "€", "/fee/currency"),
        ("/fee/per_started_minutes", 0, "/fee/per_started_minutes"),
        ("/fee/per_started_minutes", 61, "/fee/per_started_minutes"),
        ("/fee/countries", [], "/fee/countries"),
        ("/fee/countries", ["Germany"], "/fee/countries/0"),
        ("/fee/countries", ["DE", "IT"], "/fee"),
    ],
)
def test_a_fault_has_a_pointer_to_its_place(path: str, value: Any, pointer: str) -> None:
    with table.unchanged():
        answer = put(with_(path, value))

    assert f"#{pointer}" in faults(answer)


@each_row(
    ("emergency", "said"),
    [
        ([BY_DAY], "from 00:00 to 07:30 nothing is promised; from 22:00 to 24:00 nothing is promised"),
        ([BY_DAY, BY_NIGHT | {"until": "08:00"}], "from 07:30 to 08:00 more than one thing is promised"),
        (
            [BY_DAY | {"until": "21:00"}, BY_NIGHT | {"until": "07:31"}],
            "from 07:30 to 07:31 more than one thing is promised; from 21:00 to 22:00 nothing is promised",
        ),
    ],
)
def test_gaps_and_overlaps_of_the_promises_are_refused(emergency: Any, said: str) -> None:
    assert faults(put(but(emergency=emergency)))["#/emergency"].endswith(said)


def test_every_fault_is_named_at_once() -> None:
    wrong = {
        "time_zone": "Mars/Olympus_Mons",
        "country": "XX",
        "subdivision": "which one, nobody can say",
        "hours": {"mon": [NINE_TO_SIX, NINE_TO_SIX], "tue": [{"from": "18:00", "until": "09:00"}]},
        "topics": DESK["topics"] * 2,
        "numbers": {"DE": {"support": "112", "emergency": "0241 44686112"}},
        "emails": {"de": "hilfe@vendor.example"},
        "emergency": [BY_NIGHT],
        "fee": DESK["fee"] | {"amount": "5.9"},
        "surprise": True,
    }
    with table.unchanged():
        answer = put(but(**wrong))

    assert set(faults(answer)) == {
        "#/time_zone",
        "#/country",
        "#/hours/mon",
        "#/hours/tue/0",
        "#/topics",
        "#/numbers/DE/support",
        "#/numbers/DE/emergency",
        "#/emails",
        "#/emergency",
        "#/fee/amount",
        "#/surprise",
    }


def test_a_country_with_the_same_holidays_everywhere_has_no_subdivision() -> None:
    said = faults(put(but(country="LU", subdivision="LU")))

    assert said["#/subdivision"].endswith("must be null here")


def test_emergency_numbers_need_a_promise_and_a_fee_needs_a_number() -> None:
    silent = {country: of_country | {"emergency": None} for country, of_country in DESK["numbers"].items()}

    assert put(but(numbers=silent, emergency=[], fee=None)).status == 200
    assert list(faults(put(but(numbers=silent, emergency=[])))) == ["#/fee"]
    assert list(faults(put(but(emergency=[])))) == ["#/emergency"]


# ------------------------------------------------------------------ refused callers


@each_row("ask", [put, get])
def test_a_token_that_acts_for_the_backend_or_names_none_is_refused(ask: Any) -> None:
    with table.unchanged():
        assert ask(caller=BACKEND.acting()).code == "acting_for_another"
        assert ask(caller=BACKEND.but(sub=None)).code == "claims_missing"
