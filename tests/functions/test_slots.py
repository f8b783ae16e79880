"""GET /v1/slots: the free slots for a call-back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from guestkey.rules.desk import QUARTER
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, BEN, CARLA, EMIL, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row, probes

TUESDAY = {"topic": "question", "from": "2026-11-24", "days": 1}


def get(query: dict[str, Any] | str = TUESDAY, *, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/slots", caller=caller, query=query)


def starts(answer: Answer) -> list[str]:
    return [slot["starts_at"] for slot in answer.body["items"]]


def free_at(starts_at: datetime, query: dict[str, Any] = TUESDAY) -> int | None:
    at = starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return next((slot["free"] for slot in get(query).body["items"] if slot["starts_at"] == at), None)


# ------------------------------------------------------------------ it works


def test_anna_sees_tuesdays_quarter_hours() -> None:
    answer = get()

    assert answer.status == 200
    assert answer.body["time_zone"] == "Europe/Berlin"
    assert answer.body["items"][0] == {
        "starts_at": "2026-11-24T08:00:00Z",
        "ends_at": "2026-11-24T08:15:00Z",
        "free": 2,
    }
    assert len(answer.body["items"]) == 4 * 9
    assert starts(answer)[-1] == "2026-11-24T16:45:00Z"
    assert starts(answer) == sorted(starts(answer))


def test_a_longer_topic_ends_with_the_support_hours_too() -> None:
    answer = get(TUESDAY | {"topic": "technical"})

    assert answer.body["items"][0]["ends_at"] == "2026-11-24T08:30:00Z"
    assert starts(answer)[-1] == "2026-11-24T16:30:00Z"


def test_without_a_day_the_list_begins_today_after_the_lead_time() -> None:
    assert starts(get({"topic": "question", "days": 1}))[0] == "2026-11-23T14:00:00Z"


def test_today_is_in_the_desks_time_zone(world: time_machine.Traveller) -> None:
    world.move_to(datetime(2026, 11, 23, 23, 30, tzinfo=UTC))  # already Tuesday in Berlin, still Monday in New York

    assert starts(get({"topic": "question", "days": 1}, caller=CARLA))[0] == "2026-11-24T08:00:00Z"


def test_without_a_number_of_days_the_list_has_two_weeks() -> None:
    found = starts(get({"topic": "question"}))

    assert {at[8:10] for at in found} == {"23", "24", "25", "26", "27", "30", "01", "02", "03", "04"}


def test_the_last_slot_begins_at_the_horizon() -> None:
    assert starts(get({"topic": "question", "from": "2026-12-07"}))[-1] == "2026-12-07T12:00:00Z"


def test_days_are_counted_from_the_given_one() -> None:
    assert {at[:10] for at in starts(get(TUESDAY | {"days": 3}))} == {"2026-11-24", "2026-11-25", "2026-11-26"}
    assert starts(get(TUESDAY | {"from": "2026-11-28", "days": 2})) == [], "a weekend"


@each_row("first", ["2000-01-01", "2026-11-22", "2026-12-08", "2999-12-31"])
def test_a_day_out_of_reach_has_no_slots(first: str) -> None:
    assert starts(get(TUESDAY | {"from": first})) == []


def test_a_closed_day_has_no_slots() -> None:
    desks.put_closure(datetime(2026, 11, 24, tzinfo=UTC).date(), "Works outing")

    assert starts(get()) == []


# ------------------------------------------------------------------ free slots


def test_a_slot_taken_by_others_is_not_free() -> None:
    factories.callback(CARLA, TUESDAY_AT_TEN)
    assert free_at(TUESDAY_AT_TEN) == 1

    factories.seats(TUESDAY_AT_TEN, 2)
    assert free_at(TUESDAY_AT_TEN) is None
    assert free_at(TUESDAY_AT_TEN + QUARTER) == 2


def test_a_longer_topic_needs_room_in_each_of_its_quarter_hours() -> None:
    technical = TUESDAY | {"topic": "technical"}
    factories.seats(TUESDAY_AT_TEN, 2)
    factories.seats(TUESDAY_AT_TEN + 2 * QUARTER, 1)

    assert free_at(TUESDAY_AT_TEN - 2 * QUARTER, technical) == 2
    assert free_at(TUESDAY_AT_TEN - QUARTER, technical) is None
    assert free_at(TUESDAY_AT_TEN, technical) is None
    assert free_at(TUESDAY_AT_TEN + QUARTER, technical) == 1


def test_a_cancelled_call_back_frees_its_seat() -> None:
    factories.cancelled(factories.callback(ANNA, TUESDAY_AT_TEN))

    assert free_at(TUESDAY_AT_TEN) == 2


def test_fewer_lines_than_call_backs_leave_nothing_free() -> None:
    factories.seats(TUESDAY_AT_TEN, 5)
    factories.desk(lines=3)

    assert free_at(TUESDAY_AT_TEN) is None
    assert free_at(TUESDAY_AT_TEN + QUARTER) == 3


# ------------------------------------------------------------------ refused callers


@each_row("locale", ["de", "de-AT", "de_CH", "DE", "en-US", "es-MX"])
def test_slots_are_offered_in_german_english_and_spanish(locale: str) -> None:
    assert get(caller=GIULIA.but(locale=locale)).status == 200


@each_row("locale", ["it", "it-IT", "fr", "de-LI", "english", "", None])
def test_users_of_other_languages_join_the_queue(locale: str | None) -> None:
    answer = get(caller=ANNA.but(locale=locale))

    assert (answer.status, answer.code) == (403, "slots_not_offered")


def test_the_desk_sets_the_languages_that_may_choose() -> None:
    factories.desk(slot_languages=["it-IT"])

    assert get(caller=GIULIA).status == 200
    assert get().code == "slots_not_offered"


def test_the_language_is_that_of_the_token_and_not_of_the_query() -> None:
    query = TUESDAY | {"locale": "de-DE", "language": "de"}

    assert get(query, caller=GIULIA).code == "slots_not_offered"


def test_the_right_is_not_needed() -> None:
    assert get(caller=BEN).status == 200


def test_a_token_that_acts_for_anna_is_refused() -> None:
    assert get(caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"


# ------------------------------------------------------------------ bad input


@each_row(
    ("query", "pointer"),
    [
        ({}, "query/topic"),
        ({"topic": "nothing"}, "query/topic"),
        ({"topic": ""}, "query/topic"),
        ({"topic": "Question"}, "query/topic"),
        ({"topic": "question", "days": "0"}, "query/days"),
        ({"topic": "question", "days": "15"}, "query/days"),
        ({"topic": "question", "days": "many"}, "query/days"),
        *probes(rest=[({"topic": "question", "days": days}, "query/days") for days in ("1.5", "9" * 400)]),
        *(
            ({"topic": "question", "from": day}, "query/from")
            for day in probes(
                "", "2026-11-31", "9999-12-31",
                rest=[
                    "today", "24.11.2026", "2026-02-29", "2026-11-24T00:00:00Z", "20261124", "1795435200",
                    "0001-01-01", "2026-W48-2", "2026-11-24 ", "\u0662026-11-24", "2026-1-1",
                ],
            )
        ),
    ],
)  # fmt: skip
def test_an_invalid_parameter_is_named(query: dict[str, Any], pointer: str) -> None:
    answer = get(query)

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [pointer]


def test_the_language_comes_before_the_topic() -> None:
    assert get({"topic": "nothing"}, caller=GIULIA).code == "slots_not_offered"


# ------------------------------------------------------------------ no desk, no holidays, lead time


def test_without_a_desk_there_are_no_slots() -> None:
    table.drop(keys.desk())
    desks.clear_cache()

    assert (get().status, get().code) == (404, "desk_unknown")


def test_a_year_without_stored_public_holidays_has_no_slots(world: time_machine.Traveller) -> None:
    world.move_to(datetime(2029, 12, 24, 12, 0, tzinfo=UTC))

    assert starts(get({"topic": "question"}))[-1] == "2029-12-31T16:45:00Z"


def test_a_slot_inside_the_lead_time_is_not_offered_any_more(world: time_machine.Traveller) -> None:
    first = starts(get({"topic": "question"}))[0]
    world.shift(timedelta(seconds=1))

    assert starts(get({"topic": "question"}))[0] > first


# ------------------------------------------------------------------ agents


def test_an_agent_sees_the_same_slots_even_if_no_language_may_choose() -> None:
    factories.desk(slot_languages=[])
    assert get().code == "slots_not_offered"
    answer = call("GET", "/v1/support/slots", caller=SVEN, query=TUESDAY | {"topic": "technical"})

    assert (answer.body["time_zone"], len(answer.body["items"])) == ("Europe/Berlin", 4 * 9 - 1)
    assert starts(answer)[-1] == "2026-11-24T16:30:00Z"


def test_an_agent_who_is_inactive_or_names_no_topic_of_the_desk_sees_no_slots() -> None:
    assert call("GET", "/v1/support/slots", caller=EMIL, query=TUESDAY).code == "agent_inactive"
    unknown = call("GET", "/v1/support/slots", caller=SVEN, query=TUESDAY | {"topic": "money"})
    assert unknown.body["errors"][0]["pointer"] == "query/topic"
