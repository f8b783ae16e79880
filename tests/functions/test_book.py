"""POST /v1/callbacks: a user books a slot, or joins the queue."""

import json
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
import time_machine

from guestkey.rules.desk import QUARTER
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import What
from guestkey.store.callbacks import callbacks, desks, seats
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON, TUESDAY_AT_TEN
from tests.functions.test_leaving import leaves
from tests.personas import ANNA, BEN, CARLA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row, probes
from tests.store import wire

QUEUE = {"topic": "technical", "description": "The import stands still", "phone": "+49 241 446 86 122"}
TEN = {**QUEUE, "topic": "question", "starts_at": "2026-11-24T10:00:00+01:00"}
KEY = {"Idempotency-Key": "a-key-of-hers"}


def post(body: Any = TEN, *, caller: Caller = ANNA, **how: Any) -> Answer:
    return call("POST", "/v1/callbacks", None if "raw" in how else body, caller=caller, **how)


def last_entry(tenant_id: str = "acme") -> Any:
    return list(ledger.entries_after(tenant_id, 0, 1000))[-1]


def next_of(answer: Answer) -> list[str]:
    return [slot["starts_at"] for slot in answer.body["next"]]


# ------------------------------------------------------------------ it works


def test_anna_books_tuesday_at_ten() -> None:
    answer = post()

    assert answer.status == 201
    callback_id = answer.body["callback_id"]
    assert answer.body == {
        "callback_id": callback_id,
        "kind": "slot",
        "state": "booked",
        "topic": "question",
        "description": "The import stands still",
        "description_salt": answer.body["description_salt"],
        "phone": "+4924144686122",
        "phone_shown": "0241 44686122",
        "starts_at": "2026-11-24T09:00:00Z",
        "ends_at": "2026-11-24T09:15:00Z",
        "requested_at": "2026-11-23T12:00:00Z",
        "requested_by": {"user_id": "anna", "name": "Anna Albrecht"},
        "agent": None,
        "mail": "follows",
        "reason": None,
        "reason_salt": None,
        "stranded_by": None,
        "version": 0,
    }
    assert factories.seats_held() == {TUESDAY_AT_TEN: {callback_id}}


def test_a_call_of_a_leaver_whose_slot_is_over_does_not_keep_the_customer_from_booking(
    world: time_machine.Traveller,
) -> None:
    factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    world.move_to(TUESDAY_AT_TEN + QUARTER - timedelta(seconds=1))
    leaves()
    assert post(QUEUE, caller=GIULIA).code == "callback_open"

    world.shift(timedelta(seconds=1))
    answer = post(QUEUE, caller=GIULIA)

    assert answer.status == 201
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["callback_id"] == answer.body["callback_id"]


def test_giulia_joins_the_queue() -> None:
    answer = post(QUEUE, caller=GIULIA)

    assert answer.status == 201
    assert (answer.body["kind"], answer.body["state"]) == ("queue", "waiting")
    assert answer.body["starts_at"] is answer.body["ends_at"] is None
    assert seats.queue() == [("acme", answer.body["callback_id"])]
    assert factories.seats_held() == {}


def test_anna_may_prefer_the_queue() -> None:
    assert post(QUEUE | {"starts_at": None}).body["kind"] == "queue"


def test_the_right_is_not_needed() -> None:
    assert post(caller=BEN).status == 201


def test_a_longer_topic_takes_both_its_quarter_hours() -> None:
    callback_id = post(TEN | {"topic": "technical"}).body["callback_id"]

    assert factories.seats_held() == {TUESDAY_AT_TEN: {callback_id}, TUESDAY_AT_TEN + QUARTER: {callback_id}}


@pytest.mark.parametrize(
    "starts_at",
    ["2026-11-24T09:00:00Z", "2026-11-24t09:00:00z", "2026-11-24T04:00:00-05:00", "2026-11-24T09:00:00.000+00:00"],
)
def test_a_moment_may_have_any_offset(starts_at: str) -> None:
    assert post(TEN | {"starts_at": starts_at}).body["starts_at"] == "2026-11-24T09:00:00Z"


@pytest.mark.parametrize(
    ("caller", "typed", "kept", "shown"),
    [
        (ANNA, "0241 446 86-122", "+4924144686122", "0241 44686122"),
        (ANNA, "+41 31 511 27 92", "+41315112792", "+41 31 511 27 92"),
        (CARLA, "(212) 555-2368", "+12125552368", "(212) 555-2368"),
        (CARLA, "+49 (241) 44686122", "+4924144686122", "+49 241 44686122"),
    ],
)
def test_a_number_is_read_and_shown_as_people_of_the_tenants_country_write_it(
    caller: Caller, typed: str, kept: str, shown: str
) -> None:
    body = post(TEN | {"phone": typed}, caller=caller).body

    assert (body["phone"], body["phone_shown"]) == (kept, shown)


@pytest.mark.parametrize("description", ["x", "x" * 2000, "🔑" * 2000, "Two\nlines", "<b>&amp;</b>", "你好"])
def test_any_valid_description_is_stored(description: str) -> None:
    assert post(TEN | {"description": description}).body["description"] == description


def test_a_description_is_trimmed_and_normalised() -> None:
    assert post(TEN | {"description": " Zu\u0308rich\r\nsteht \n"}).body["description"] == "Zürich\nsteht"


def test_the_record_stores_mail_address_and_language() -> None:
    kept = callbacks.find_one("acme", post().body["callback_id"])

    assert (kept.email, kept.locale, kept.version) == ("anna@acme.example", "de-DE", 0)


def test_a_user_without_an_address_can_book_too() -> None:
    kept = callbacks.find_one("acme", post(caller=ANNA.but(email=None, name=None)).body["callback_id"])

    assert (kept.email, kept.requested_by.name) == (None, "anna")


@pytest.mark.parametrize(
    ("claim", "kept", "mail"),
    [
        ("anna@müller.example", "anna@xn--mller-kva.example", "follows"),
        ("ännchen@acme.example", None, "none"),
        ("anna", None, "none"),
        (None, None, "none"),
    ],
)
def test_the_answer_says_whether_mails_will_follow(claim: str | None, kept: str | None, mail: str) -> None:
    booked = post(caller=ANNA.but(email=claim)).body

    assert booked["mail"] == mail
    assert callbacks.find_one("acme", booked["callback_id"]).email == kept


def test_it_is_in_the_ledger_without_the_description_and_the_number() -> None:
    booked = post().body
    entry = last_entry()

    assert (entry.what, entry.about, entry.by.id) == (What.CALLBACK_BOOKED, booked["callback_id"], "anna")
    assert entry.data == {
        "topic": "question",
        "starts_at": "2026-11-24T09:00:00Z",
        "ends_at": "2026-11-24T09:15:00Z",
        "version": 0,
        "description_sha256": sha256(f"{booked['description_salt']}:The import stands still".encode()).hexdigest(),
    }
    told = str(table.items("TENANT#acme", keys.ENTRY))
    assert "import" not in told
    assert "44686122" not in told


def test_a_booked_call_back_has_a_late_ttl_and_a_waiting_one_has_none() -> None:
    booked, waiting = post().body["callback_id"], post(QUEUE, caller=CARLA).body["callback_id"]
    swept_at = str(int((TUESDAY_AT_TEN + QUARTER + timedelta(days=400)).timestamp()))
    for key, ttl in (
        (keys.callback("acme", booked), {"N": swept_at}),
        (keys.callback_tenant(booked), {"N": swept_at}),
        (keys.open_callback("acme"), None),
        (keys.callback("globex", waiting), None),
        (keys.callback_tenant(waiting), None),
        (keys.open_callback("globex"), None),
        (keys.waiting(waiting), None),
    ):
        kept = table.one(key)
        assert kept and kept.get("ttl") == ttl


# ------------------------------------------------------------------ one at a time


def test_a_second_open_call_back_is_refused_and_the_first_is_returned() -> None:
    first = post()
    with table.unchanged():
        answer = post(QUEUE, caller=BEN)

    assert (answer.status, answer.code) == (409, "callback_open")
    assert answer.body["callback"] == first.body


def test_other_tenants_have_their_own_open_call_back() -> None:
    post()

    assert post(caller=CARLA).status == 201


def test_after_the_slot_another_may_be_booked_before_closing_and_ttl(
    world: time_machine.Traveller,
) -> None:
    first = post()
    world.move_to(TUESDAY_AT_TEN + QUARTER - timedelta(seconds=1))
    assert post(QUEUE).code == "callback_open"

    world.shift(timedelta(seconds=1))
    again = post(QUEUE)
    assert again.status == 201
    assert table.one(keys.open_callback("acme"))["callback_id"]["S"] == again.body["callback_id"]  # type: ignore[index]
    assert callbacks.find_one("acme", first.body["callback_id"]).state(factories.now()) == "unreached"


@pytest.mark.parametrize("starts_at", [TUESDAY_AT_TEN, None])
def test_a_taken_call_back_stays_open_until_it_is_closed(world: time_machine.Traveller, starts_at: Any) -> None:
    taken = factories.taken(factories.callback(ANNA, starts_at))
    world.move_to(TUESDAY_AT_TEN + timedelta(days=2))
    assert post(QUEUE).code == "callback_open"

    world.shift(timedelta(seconds=2))  # her claim of priority has expired
    factories.closed(taken)
    assert post(QUEUE).status == 201


def test_after_cancelling_the_next_may_be_booked() -> None:
    factories.cancelled(factories.callback())

    assert post().status == 201


# ------------------------------------------------------------------ taken by others


def test_a_full_slot_is_refused_with_the_next_three_free_ones() -> None:
    factories.seats(TUESDAY_AT_TEN, 2)
    factories.seats(TUESDAY_AT_TEN + 2 * QUARTER, 2)
    with table.unchanged():
        answer = post()

    assert (answer.status, answer.code) == (409, "slot_taken")
    assert answer.body["next"] == [
        {"starts_at": "2026-11-24T09:15:00Z", "ends_at": "2026-11-24T09:30:00Z", "free": 2},
        {"starts_at": "2026-11-24T09:45:00Z", "ends_at": "2026-11-24T10:00:00Z", "free": 2},
        {"starts_at": "2026-11-24T10:00:00Z", "ends_at": "2026-11-24T10:15:00Z", "free": 2},
    ]


def test_an_offered_alternative_can_be_booked() -> None:
    factories.seats(TUESDAY_AT_TEN, 2)

    assert post(TEN | {"starts_at": next_of(post())[0]}).status == 201


def test_one_full_quarter_hour_of_two_refuses_the_slot() -> None:
    factories.seats(TUESDAY_AT_TEN + QUARTER, 2)
    answer = post(TEN | {"topic": "technical"})

    assert answer.code == "slot_taken"
    assert next_of(answer)[0] == "2026-11-24T09:30:00Z"
    assert list(factories.seats_held()) == [TUESDAY_AT_TEN + QUARTER]


def test_the_evening_is_followed_by_the_next_day() -> None:
    last = TUESDAY_AT_TEN + timedelta(hours=7, minutes=45)
    factories.seats(last, 2)
    answer = post(TEN | {"starts_at": text_of(last)})

    assert next_of(answer) == ["2026-11-25T08:00:00Z", "2026-11-25T08:15:00Z", "2026-11-25T08:30:00Z"]


def test_at_the_horizon_earlier_slots_are_offered_the_nearest_first() -> None:
    horizon = MONDAY_NOON + timedelta(days=14)
    factories.seats(horizon, 2)
    factories.seats(horizon - 2 * QUARTER, 2)
    answer = post(TEN | {"starts_at": text_of(horizon)})

    assert next_of(answer) == ["2026-12-07T11:45:00Z", "2026-12-07T11:15:00Z", "2026-12-07T11:00:00Z"]


def test_without_another_free_slot_none_is_offered() -> None:
    factories.desk(lead_minutes=0, hours={"tue": [{"from": "10:00", "until": "10:15"}]}, lines=1)
    factories.seats(TUESDAY_AT_TEN, 1)
    factories.seats(TUESDAY_AT_TEN + timedelta(days=7), 1)

    assert next_of(post()) == []


def test_an_open_call_back_is_refused_before_a_full_slot() -> None:
    factories.callback()
    factories.seats(TUESDAY_AT_TEN, 2)

    assert post().code == "callback_open"


# ------------------------------------------------------------------ no slot


@each_row(
    "starts_at",
    [
        "2026-11-24T10:05:00+01:00",
        "2026-11-24T10:00:01+01:00",
        "2026-11-24T10:00:00.5+01:00",
        "2026-11-24T08:45:00+01:00",
        "2026-11-24T18:00:00+01:00",
        "2026-11-28T10:00:00+01:00",
        "2026-12-25T10:00:00+01:00",
        "2026-11-23T14:45:00+01:00",
        "2026-11-20T10:00:00+01:00",
        "2026-12-07T13:15:00+01:00",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_a_time_at_which_no_slot_begins_cannot_be_booked(starts_at: str) -> None:
    with table.unchanged():
        answer = post(TEN | {"starts_at": starts_at})

    assert (answer.status, answer.code) == (422, "slot_not_offered")


def test_a_longer_topic_must_end_with_the_support_hours() -> None:
    late = TEN | {"starts_at": "2026-11-24T17:45:00+01:00"}

    assert post(late | {"topic": "technical"}).code == "slot_not_offered"
    assert post(late).status == 201


def test_the_earliest_and_the_latest_slot_can_be_booked() -> None:
    assert post(TEN | {"starts_at": "2026-11-23T14:00:00Z"}).status == 201
    assert post(TEN | {"starts_at": "2026-12-07T12:00:00Z"}, caller=CARLA).status == 201


# ------------------------------------------------------------------ refused callers


@pytest.mark.parametrize("locale", ["it-IT", "it", "fr", "de-LI", "deutsch", "", None])
def test_a_user_of_another_language_cannot_book_a_slot_but_can_join_the_queue(locale: str | None) -> None:
    caller = ANNA.but(locale=locale)
    with table.unchanged():
        answer = post(caller=caller)

    assert (answer.status, answer.code) == (403, "slots_not_offered")
    assert post(QUEUE, caller=caller).status == 201


@pytest.mark.parametrize("locale", ["de", "de-DE", "de-AT", "de-CH", "DE", "en-US", "es-MX", "es_MX"])
def test_a_user_of_a_listed_language_can_book_a_slot(locale: str) -> None:
    assert post(caller=GIULIA.but(locale=locale)).status == 201


def test_the_language_is_that_of_the_token_and_not_of_the_headers() -> None:
    assert post(caller=GIULIA, headers={"accept-language": "de-DE"}).code == "slots_not_offered"


def test_a_token_that_acts_for_anna_is_refused() -> None:
    with table.unchanged():
        answer = post(caller=ANNA.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", [*invalid_inputs.USERS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    answer = post(caller=caller)

    assert (answer.status, answer.code) == (403, "claims_missing")


def test_an_unregistered_tenant_is_unknown() -> None:
    with table.unchanged():
        answer = post(caller=ANNA.but(tenant_id="nobody"))

    assert (answer.status, answer.code) == (404, "tenant_unknown")


def test_without_a_desk_no_call_back_can_be_booked() -> None:
    table.drop(keys.desk())
    desks.clear_cache()

    assert (post(QUEUE).status, post(QUEUE).code) == (404, "desk_unknown")


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies(TEN))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    with table.unchanged():
        answer = post(**sent)

    assert (answer.status, answer.code) == (status, code)


NO_MOMENTS: list[Any] = probes(
    "2026-11-24T10:00:00", 1795435200,
    rest=[
        5, True, [], {}, "", "now", "2026-11-24", "2026-11-24T10:00Z",
        "2026-11-24T10:00:00+01", "2026-11-24T10:00:00+0100", "2026-11-24T10:00:00 +01:00", "2026-11-24 10:00:00Z",
        "2026-11-31T10:00:00Z", "2026-11-24T25:00:00Z", "2026-11-24T10:60:00Z", "2026-11-24T10:00:60Z",
        "2026-11-24T10:00:00+24:00", "20261124T100000Z", "2026-W48-2T10:00:00Z", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00", "2026-11-24T10:00:00Z\n", "\u0662026-11-24T10:00:00Z",
    ],
)  # fmt: skip


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        topic=[*invalid_inputs.NO_SLUGS, "nothing"],
        description=[
            *invalid_inputs.NO_TEXTS, "", "x" * 2001, "a\x1bb",
            *probes(rest=[" \n ", "x" * 20_000, "a\x00b", "a\u202eb", "a\u2028b"]),
        ],
        phone=[
            *invalid_inputs.NO_TEXTS, "", "112", "call me", "0" * 41, "\x00", "+49 900 5123456",
            *probes(rest=["1", "0241", "+49", "0800 FLOWERS", "0241 44686122 ext. 5", "+", "+1"]),
        ],
        starts_at=NO_MOMENTS,
    ),
)  # fmt: skip
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    with table.unchanged():
        answer = post(TEN | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


@pytest.mark.parametrize("field", ["topic", "description", "phone"])
def test_it_needs_a_topic_a_description_and_a_number(field: str) -> None:
    answer = post({name: value for name, value in TEN.items() if name != field})

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, f"#/{field}")


def test_a_number_of_another_country_needs_its_code() -> None:
    answer = post(TEN | {"phone": "0241 446 86 122"}, caller=CARLA)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "#/phone")


def test_the_input_is_validated_before_open_call_backs() -> None:
    factories.callback()

    assert post(TEN | {"phone": "1"}).code == "input_invalid"
    assert post(TEN | {"starts_at": "2026-11-24T10:05:00+01:00"}).code == "slot_not_offered"


# ------------------------------------------------------------------ twice


def test_the_same_key_and_body_give_the_first_answer_again(world: time_machine.Traveller) -> None:
    first = post(headers=KEY)
    world.shift(timedelta(minutes=5))
    with table.unchanged():
        again = post(headers={"IDEMPOTENCY-KEY": "a-key-of-hers"})

    assert (again.status, again.text) == (201, first.text)


def test_a_stored_response_comes_before_the_state(world: time_machine.Traveller) -> None:
    first = post(headers=KEY)
    factories.cancelled(callbacks.find_one("acme", first.body["callback_id"]))
    factories.desk(topics=[{"id": "other", "minutes": 15, "names": {"en": "Other"}}])
    world.move_to(TUESDAY_AT_TEN)  # too soon to be booked, and the topic is removed

    assert post(headers=KEY).text == first.text


def test_the_same_key_with_another_body_is_refused() -> None:
    post(headers=KEY)
    with table.unchanged():
        answer = post(QUEUE, headers=KEY)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")


def test_the_same_key_of_a_colleague_is_another_key() -> None:
    post(headers=KEY)

    assert post(headers=KEY, caller=BEN).code == "callback_open"


def test_a_refused_request_stores_no_key() -> None:
    factories.seats(TUESDAY_AT_TEN, 2)
    assert post(headers=KEY).code == "slot_taken"
    factories.seats(TUESDAY_AT_TEN, 1)

    assert post(headers=KEY).status == 201


# ------------------------------------------------------------------ at the same moment


def test_of_two_users_who_book_at_the_same_moment_one_gets_a_call_back() -> None:
    won: list[Answer] = []
    with table.meanwhile(lambda: won.append(post(QUEUE, caller=BEN))):
        lost = post()

    assert (lost.status, lost.code) == (409, "callback_open")
    assert lost.body["callback"] == won[0].body
    assert factories.seats_held() == {}


def test_of_two_tenants_who_want_the_last_seat_one_gets_it() -> None:
    factories.seats(TUESDAY_AT_TEN, 1)
    with table.meanwhile(lambda: post(caller=CARLA)):
        lost = post()

    assert (lost.status, lost.code) == (409, "slot_taken")
    assert next_of(lost)[0] == "2026-11-24T09:15:00Z"
    assert len(factories.seats_held()[TUESDAY_AT_TEN]) == 2
    assert factories.what_happened() == []


def test_an_open_call_back_is_reported_before_a_full_slot_when_both_are_new() -> None:
    factories.seats(TUESDAY_AT_TEN, 1)
    with table.meanwhile(lambda: post(caller=BEN)):
        lost = post()

    assert lost.code == "callback_open"


def test_the_loser_of_a_race_for_a_key_gets_the_winners_response() -> None:
    factories.seats(TUESDAY_AT_TEN, 1)
    won: list[Answer] = []
    with table.meanwhile(lambda: won.append(post(headers=KEY))):
        lost = post(headers=KEY)

    assert (lost.status, lost.text) == (201, won[0].text)
    assert len(factories.seats_held()[TUESDAY_AT_TEN]) == 2


def test_a_booking_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    with table.meanwhile(factories.grant):
        answer = post()

    assert answer.status == 201
    assert factories.what_happened() == ["grant.given", "callback.booked"]


def test_a_seat_freed_after_the_reading_is_left_to_the_next_booking() -> None:
    """Reading may refuse early; only a condition books."""
    factories.seats(TUESDAY_AT_TEN, 1)
    theirs = factories.callback(CARLA, TUESDAY_AT_TEN)
    with table.unchanged():
        assert post().code == "slot_taken"
    factories.cancelled(theirs, by=CARLA)

    assert post().status == 201


# ------------------------------------------------------------------ transaction conflicts

BY_SLOT = "SLOTS#"
RETRYABLE = "TransactionConflict"


def test_a_booking_with_a_transaction_conflict_is_retried() -> None:
    def script(request: wire.Request, send: wire.Send) -> Any:
        is_first = request.operation == "TransactWriteItems" and request.nth == 1
        return wire.cancelled(request, RETRYABLE, BY_SLOT) if is_first else send()

    with wire.through(script) as came:
        answer = post()

    assert answer.status == 201
    assert len([request for request in came if request.is_write]) == 2


@pytest.mark.parametrize(
    ("meanwhile", "code"),
    [
        (partial(factories.seats, TUESDAY_AT_TEN, 2), "slot_taken"),
        (lambda: table.put([raw_open_key("of-bens")]), "callback_open"),
    ],
)
def test_after_a_conflict_the_state_is_read_again_before_the_retry(meanwhile: Any, code: str) -> None:
    factories.callback(CARLA, TUESDAY_AT_TEN, callback_id="01ARZ3NDEKTSV4RRFFQ69G5FAV")

    def script(request: wire.Request, send: wire.Send) -> Any:
        if request.operation == "TransactWriteItems":
            meanwhile()
            return wire.cancelled(request, RETRYABLE, BY_SLOT)
        return send()

    with wire.through(script) as came:
        answer = post()

    assert (answer.status, answer.code) == (409, code)
    assert len([request for request in came if request.is_write]) == 1, "there is no retry without a free seat"


def raw_open_key(callback_id: str) -> table.Raw:
    """Return an open key of acme's, and store the call-back that it names."""
    theirs = table.one(keys.callback("globex", invalid_inputs.UNKNOWN_ID))
    assert theirs
    table.put(
        [theirs | dict(zip(("PK", "SK"), ({"S": part} for part in keys.callback("acme", callback_id)), strict=True))]
    )
    pk, sk = keys.open_callback("acme")
    return {"PK": {"S": pk}, "SK": {"S": sk}, "kind": {"S": "open_callback"}, "callback_id": {"S": callback_id}}


def test_after_a_conflict_with_the_same_key_the_stored_response_is_returned() -> None:
    won: list[Answer] = []

    def script(request: wire.Request, send: wire.Send) -> Any:
        if request.operation == "TransactWriteItems" and not won:
            won.append(Answer(0, None, {}, ""))
            won.append(post(headers=KEY))
            return wire.cancelled(request, RETRYABLE, "TENANT#")
        return send()

    with wire.through(script):
        lost = post(headers=KEY)

    assert (lost.status, lost.text) == (201, won[1].text)


def test_repeated_conflicts_end_in_503_with_retry_after() -> None:
    def script(request: wire.Request, send: wire.Send) -> Any:
        return wire.cancelled(request, RETRYABLE, BY_SLOT) if request.is_write else send()

    with table.unchanged(), wire.through(script):
        answer = post()

    assert (answer.status, answer.code) == (503, "busy")


# ------------------------------------------------------------------ the log


def test_the_log_has_ids_but_neither_the_number_nor_the_description(
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    post()

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["route"] == "POST /v1/callbacks"
    for secret in ("import", "44686122", "446 86", "@", "anna"):
        assert secret not in line
