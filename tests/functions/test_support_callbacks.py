"""GET /v1/support/callbacks: the call-backs of a day, and the queue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.desk import QUARTER
from guestkey.store.access import live_keys
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import index_keys, keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, BEN, CARLA, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row, probes

TUESDAY = {"day": "2026-11-24"}


def get(query: dict[str, Any] | str = TUESDAY, *, caller: Caller = SVEN) -> Answer:
    return call("GET", "/v1/support/callbacks", caller=caller, query=query)


def ids_of(found: list[dict[str, Any]]) -> list[str]:
    return [callback["callback_id"] for callback in found]


# ------------------------------------------------------------------ the day


def test_sven_sees_the_call_backs_of_tuesday() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    status, body = get()

    assert status == 200
    assert body == {
        "booked": [
            {
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
                "tenant_id": "acme",
                "customer": {
                    "name": "Acme Immobilien GmbH",
                    "customer_name": "acme",
                    "country": "DE",
                    "time_zone": "Europe/Berlin",
                },
                "language": "de-DE",
                "may_enter": False,
            }
        ],
        "waiting": [],
        "taken": [],
        "topics": [
            {"id": "question", "name": "Short question", "minutes": 15},
            {"id": "consultation", "name": "Consultation", "minutes": 30},
            {"id": "technical", "name": "Technical problem", "minutes": 30},
        ],
    }


def test_the_language_is_the_users_or_else_the_customers() -> None:
    factories.callback(CARLA.but(locale="es-MX"))
    factories.callback(ANNA.but(locale=None))
    table.drop(keys.tenant("globex"))

    found = {
        one["tenant_id"]: (one["language"], one["customer"] and one["customer"]["name"])
        for one in get().body["waiting"]
    }
    assert found == {"globex": ("es-MX", None), "acme": ("de", "Acme Immobilien GmbH")}


def test_the_topics_are_in_the_language_asked_for() -> None:
    names = [topic["name"] for topic in get({"language": "de-AT"}).body["topics"]]

    assert names == ["Kurze Frage", "Beratung", "Technik"]
    assert get({"language": "<b>"}).code == "input_invalid"


def test_a_changed_call_back_names_its_customer_too() -> None:
    waiting = factories.callback(CARLA)
    taken = call("POST", f"/v1/support/callbacks/{waiting.callback_id}/take", caller=SVEN).body

    assert (taken["customer"]["name"], taken["customer"]["time_zone"]) == ("Globex Inc.", "America/New_York")


def test_what_the_agent_has_taken_is_listed_on_every_day_until_it_is_closed(world: time_machine.Traveller) -> None:
    booked, waiting = factories.callback(ANNA, TUESDAY_AT_TEN), factories.callback(CARLA)
    factories.taken(booked)
    factories.taken(waiting, DORA)
    friday = {"day": "2026-11-27"}

    assert [one["callback_id"] for one in get(friday).body["taken"]] == [booked.callback_id]
    assert [one["callback_id"] for one in get(friday, caller=DORA).body["taken"]] == [waiting.callback_id]
    factories.closed(booked)
    assert get(friday).body["taken"] == []


def test_the_call_backs_of_a_day_are_sorted_by_time() -> None:
    later = factories.callback(ANNA, TUESDAY_AT_TEN + QUARTER, topic="technical")
    sooner = factories.callback(CARLA, TUESDAY_AT_TEN)

    assert ids_of(get().body["booked"]) == [sooner.callback_id, later.callback_id]


def test_without_a_day_it_is_today_in_the_desks_time_zone(world: time_machine.Traveller) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    assert get({}).body["booked"] == []

    world.move_to(datetime(2026, 11, 23, 23, 30, tzinfo=UTC))  # already Tuesday in Berlin
    assert ids_of(get({}).body["booked"]) == [booked.callback_id]


def test_a_day_is_in_the_desks_time_zone_and_not_in_utc() -> None:
    hours = {day: [{"from": "00:00", "until": "24:00"}] for day in ("mon", "tue", "wed", "thu", "fri")}
    factories.desk(time_zone="Pacific/Auckland", hours=hours)
    first = factories.callback(ANNA, datetime(2026, 11, 24, 11, 0, tzinfo=UTC))  # midnight
    last = factories.callback(CARLA, datetime(2026, 11, 25, 10, 45, tzinfo=UTC))

    assert ids_of(get({"day": "2026-11-25"}).body["booked"]) == [first.callback_id, last.callback_id]
    for day in ("2026-11-24", "2026-11-26"):
        assert get({"day": day}).body["booked"] == []


def test_each_call_back_has_its_state(world: time_machine.Traveller) -> None:
    factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    factories.closed(factories.taken(factories.callback(CARLA, TUESDAY_AT_TEN)))
    assert {one["state"] for one in get().body["booked"]} == {"taken", "reached"}

    world.move_to(TUESDAY_AT_TEN + timedelta(days=1))
    factories.callback(CARLA, TUESDAY_AT_TEN + timedelta(days=2))
    world.move_to(TUESDAY_AT_TEN + timedelta(days=3))
    assert [one["state"] for one in get({"day": "2026-11-26"}).body["booked"]] == ["unreached"]


def test_cancelled_and_moved_call_backs_are_not_listed() -> None:
    factories.cancelled(factories.callback(ANNA, TUESDAY_AT_TEN))
    moved = factories.callback(CARLA, TUESDAY_AT_TEN)
    call("PATCH", f"/v1/callbacks/{moved.callback_id}", {"starts_at": "2026-11-25T10:00:00Z"}, caller=CARLA)

    assert get().body["booked"] == []


def test_a_call_back_moved_between_two_reads_is_not_listed_at_its_old_time() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    to = {"starts_at": "2026-11-25T10:00:00Z"}
    with table.meanwhile(
        lambda: call("PATCH", f"/v1/callbacks/{booked.callback_id}", to, caller=ANNA), at="BatchGetItem"
    ):
        assert get().body["booked"] == []


# ------------------------------------------------------------------ the queue


def test_the_queue_is_first_in_first_out(world: time_machine.Traveller) -> None:
    first = factories.callback(CARLA)
    world.shift(timedelta(seconds=1))
    second = factories.callback(ANNA)

    assert ids_of(get().body["waiting"]) == [first.callback_id, second.callback_id]
    assert get().body["waiting"][0]["tenant_id"] == "globex"


def test_a_call_back_taken_from_the_queue_is_listed_until_it_is_closed() -> None:
    taken = factories.taken(factories.callback())
    assert get().body["waiting"][0]["agent"] == {"id": "sven", "name": "Sven Brandt"}

    factories.closed(taken)
    assert get().body["waiting"] == []


def test_a_cancelled_call_back_is_not_in_the_queue() -> None:
    factories.cancelled(factories.callback())

    assert get().body["waiting"] == []


def test_of_a_long_queue_the_first_300_are_shown() -> None:
    first = factories.callback()
    raw = table.one(keys.callback("acme", first.callback_id)), table.one(keys.waiting(first.callback_id))
    for number in range(310):
        moved = [
            {**(item or {}), "SK": {"S": f"{prefix}01M844DZG1{number:016d}"}}
            for item, prefix in zip(raw, ("CALLBACK#", keys.WAITING), strict=True)
        ]
        table.put(moved)
    waiting = ids_of(get().body["waiting"])

    assert len(waiting) == 300
    assert waiting[0] == first.callback_id


# ------------------------------------------------------------------ whether access is granted now


def test_each_call_back_shows_whether_the_agent_may_enter_now(world: time_machine.Traveller) -> None:
    factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.callback(CARLA)
    factories.grant("support")
    factories.grant(DORA, by=CARLA)

    for caller, acme, globex in ((SVEN, True, False), (DORA, False, True)):
        body = get(caller=caller).body
        assert [one["may_enter"] for one in body["booked"]] == [acme]
        assert [one["may_enter"] for one in body["waiting"]] == [globex]

    world.shift(timedelta(hours=1))
    assert get().body["booked"][0]["may_enter"] is False, "the grant is over"


def test_access_read_from_the_index_is_confirmed_in_the_table() -> None:
    factories.callback()
    grant = factories.grant()
    (key,) = live_keys.tenants_of(factories.agent("sven", "support"), index_keys.grantee_shard("acme"), "")
    factories.revoked(grant)

    assert key == ("acme", grant.grant_id)
    assert get().body["waiting"][0]["may_enter"] is False


# ------------------------------------------------------------------ refused callers


@pytest.mark.parametrize("caller", [EMIL, SVEN.but(sub="nobody"), ANNA], ids=["inactive", "unknown", "a user's id"])
def test_only_an_active_agent_is_accepted(caller: Caller) -> None:
    factories.callback()

    assert (get(caller=caller).status, get(caller=caller).code) == (403, "agent_inactive")


@each_row("query", [{"day": "x"}, "day=%00"])
def test_an_inactive_agent_is_refused_before_the_input_is_validated(query: Any) -> None:
    assert get(query, caller=EMIL).code == "agent_inactive"


def test_a_token_that_acts_for_sven_is_refused() -> None:
    assert get(caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"


def test_a_user_cannot_read_the_queue() -> None:
    assert get(caller=BEN.but(sub="ben albrecht")).code == "claim_invalid"


# ------------------------------------------------------------------ bad input, no desk


@each_row(
    "day",
    probes(
        "",
        "2026-02-29",
        "9999-12-31",
        rest=["today", "24.11.2026", "2026-11-24T00:00:00Z", "0001-01-01", "1795435200"],
    ),
)
def test_a_malformed_day_is_named(day: str) -> None:
    answer = get({"day": day})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == ["query/day"]


@pytest.mark.parametrize("day", ["2000-01-01", "2999-12-31"])
def test_a_far_day_is_empty(day: str) -> None:
    body = get({"day": day}).body
    assert [body[name] for name in ("booked", "waiting", "taken")] == [[], [], []]


def test_without_a_desk_there_is_no_day() -> None:
    table.drop(keys.desk())
    desks.clear_cache()

    assert (get().status, get().code) == (404, "desk_unknown")
