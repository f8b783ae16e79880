"""GET /v1/requests and GET /v1/requests/{request_id}: the requests at a tenant."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey import settings
from guestkey.rules.requests import MAX_LIFE
from guestkey.store.requests import requests
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, CARLA, DORA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


def get(*, caller: Caller = ANNA, **query: Any) -> Answer:
    return call("GET", "/v1/requests", caller=caller, query=query)


def show(request_id: str, *, caller: Caller = ANNA) -> Answer:
    return call("GET", f"/v1/requests/{request_id}", caller=caller)


def ids(**how: Any) -> list[str]:
    return [request["request_id"] for request in get(**how).body["items"]]


def by_pages(limit: int, **query: Any) -> list[str]:
    seen: list[str] = []
    page = get(limit=limit, **query).body
    while True:
        assert len(page["items"]) <= limit
        seen += [request["request_id"] for request in page["items"]]
        if page["next_cursor"] is None:
            return seen
        page = get(limit=limit, cursor=page["next_cursor"], **query).body


# ------------------------------------------------------------------ it works


def test_a_new_tenant_has_no_requests() -> None:
    assert tuple(get()) == (200, {"items": [], "next_cursor": None})


def test_anna_sees_agent_period_export_and_reason() -> None:
    request = factories.requested(period="1w", may_export=True, reason="The import stands still")

    assert get().body["items"] == [
        {
            "request_id": request.request_id,
            "tenant_id": "acme",
            "agent": {"id": "sven", "name": "Sven Brandt", "present_name": None, "kind": "person", "accountable": None},
            "reason": "The import stands still",
            "reason_salt": factories.SALT,
            "ticket": None,
            "period": "1w",
            "access": "change",
            "may_export": True,
            "state": "pending",
            "requested_at": "2026-11-23T12:00:00Z",
            "expires_at": "2026-11-24T12:00:00Z",
            "mail": "sent",
            "answered_at": None,
            "answered_by": None,
            "note": None,
            "note_salt": None,
            "grant_id": None,
        }
    ]
    assert show(request.request_id).body == get().body["items"][0]


def test_the_recipients_addresses_are_not_shown() -> None:
    request = factories.requested()

    assert "@" not in get().text + show(request.request_id).text


def test_she_sees_all_of_them_newest_first_with_their_state() -> None:
    asked = [factories.requested(who, at=MONDAY_NOON - (9 - nth) * MINUTE) for nth, who in enumerate([SVEN, DORA] * 2)]
    factories.requested(tenant_id="globex")
    factories.approved(asked[0], by=GIULIA)
    factories.declined(asked[1])
    factories.withdrawn(asked[2])
    expired = factories.requested(at=MONDAY_NOON - DAY)

    shown = get().body["items"]
    assert [one["request_id"] for one in shown] == [*(one.request_id for one in reversed(asked)), expired.request_id]
    assert [one["state"] for one in shown] == ["pending", "withdrawn", "declined", "approved", "expired"]
    assert shown[3]["answered_by"] == {"user_id": "giulia", "name": "Giulia Galli"}


def test_reading_it_any_number_of_times_changes_nothing() -> None:
    request = factories.requested()
    with table.unchanged():
        for _ in range(3):
            assert show(request.request_id).body["state"] == "pending"
            get(state="pending")


def test_a_recorded_and_an_unrecorded_expiry_read_the_same(world: time_machine.Traveller) -> None:
    first, second = factories.requested(), factories.requested()
    world.shift(DAY - SECOND)
    assert show(first.request_id).body["state"] == "pending"
    world.shift(SECOND)
    requests.expire(first, factories.now())

    shown = [show(request.request_id).body for request in (first, second)]
    assert [one["state"] for one in shown] == ["expired", "expired"]
    assert {name for name in shown[0] if shown[0][name] != shown[1][name]} == {"request_id"}


def test_an_answered_request_keeps_its_state_after_its_expiry_time(world: time_machine.Traveller) -> None:
    request = factories.requested()
    factories.declined(request, note="No")
    world.shift(300 * DAY)

    assert show(request.request_id).body["state"] == "declined"


# ------------------------------------------------------------------ only pending ones


def test_the_list_of_pending_requests_has_no_other() -> None:
    asked = [factories.requested(at=MONDAY_NOON - (5 - nth) * MINUTE) for nth in range(5)]
    factories.approved(asked[1])
    factories.declined(asked[2])
    factories.withdrawn(asked[3])

    assert ids(state="pending") == [asked[4].request_id, asked[0].request_id]
    assert by_pages(1, state="pending") == [asked[4].request_id, asked[0].request_id]


def test_a_request_with_the_longest_life_is_listed_until_its_last_second(
    monkeypatch: pytest.MonkeyPatch, world: time_machine.Traveller
) -> None:
    monkeypatch.setattr(settings, "REQUEST_LIFE", MAX_LIFE)
    request = factories.requested()
    world.shift(MAX_LIFE - SECOND)
    assert ids(state="pending") == [request.request_id]

    world.shift(SECOND)
    assert ids(state="pending") == []


def test_older_requests_are_not_read() -> None:
    factories.bulk_requests(20, at=MONDAY_NOON - MAX_LIFE - DAY)
    request = factories.requested()

    assert ids(state="pending") == [request.request_id]
    assert len(ids(limit=100)) == 21


def test_a_cursor_older_than_any_pending_request_gives_an_empty_last_page(world: time_machine.Traveller) -> None:
    for number in range(2):
        factories.requested(at=MONDAY_NOON - number * MINUTE)
    cursor = get(limit=1, state="pending").body["next_cursor"]
    world.shift(2 * MAX_LIFE)

    assert tuple(get(limit=1, state="pending", cursor=cursor)) == (200, {"items": [], "next_cursor": None})


@each_row("state", ["", "PENDING", "approved", "expired", "pending,pending", "x" * 5_000])
def test_another_state_is_refused(state: str) -> None:
    answer = get(state=state)

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert answer.body["errors"][0]["pointer"] == "query/state"


# ------------------------------------------------------------------ pages


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 100])
def test_the_pages_list_each_once_and_in_order(limit: int) -> None:
    made = factories.bulk_requests(5, at=MONDAY_NOON - DAY)

    assert by_pages(limit) == made[::-1]


def test_fifty_are_a_page_unless_another_limit_is_asked_for() -> None:
    made = factories.bulk_requests(101, at=MONDAY_NOON - DAY)

    assert ids() == made[:-51:-1]
    assert len(ids(limit=100)) == 100
    assert by_pages(50) == made[::-1]


def test_a_cursor_is_valid_only_for_its_own_list() -> None:
    factories.bulk_requests(3, at=MONDAY_NOON - DAY)
    for number in range(2):
        factories.requested(at=MONDAY_NOON - number * MINUTE)
    cursor = get(limit=1).body["next_cursor"]
    pending = get(limit=1, state="pending").body["next_cursor"]

    assert get(cursor=cursor, state="pending").code == "cursor_invalid"
    assert get(cursor=pending).code == "cursor_invalid"
    assert get(cursor=cursor, caller=CARLA).code == "cursor_invalid"
    assert call("GET", "/v1/grants", caller=ANNA, query={"cursor": cursor}).code == "cursor_invalid"
    assert get(cursor=cursor, caller=GIULIA).status == 200, "a colleague may use the cursor"


def test_a_damaged_cursor_is_refused() -> None:
    for cursor in invalid_inputs.NO_CURSORS:
        answer = get(cursor=cursor)
        assert (answer.status, answer.code) == (422, "cursor_invalid")
    assert get(cursor=invalid_inputs.TOO_LONG_CURSOR).code == "input_invalid"


def test_a_limit_is_a_number_from_1_to_100() -> None:
    for limit in invalid_inputs.NO_LIMITS:
        answer = get(limit=limit)
        assert (answer.status, answer.code) == (422, "input_invalid")
        assert answer.body["errors"][0]["pointer"] == "query/limit"


# ------------------------------------------------------------------ refused callers


def test_carla_gets_the_same_404_for_acmes_request_as_for_an_unknown_one() -> None:
    request = factories.requested()
    foreign, unknown = (show(id, caller=CARLA) for id in (request.request_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert (foreign.text, foreign.headers) == (unknown.text, unknown.headers)
    assert get(caller=CARLA).body["items"] == []


def test_a_malformed_id_is_not_found() -> None:
    for request_id in invalid_inputs.NO_IDS:
        answer = show(request_id)
        assert (answer.status, answer.text) == (404, show(invalid_inputs.UNKNOWN_ID).text)


def test_ben_without_the_right_gets_the_approvers() -> None:
    request = factories.requested()

    for answer in (get(caller=BEN), get(caller=BEN, state="pending"), show(request.request_id, caller=BEN)):
        assert (answer.status, answer.code) == (403, "right_missing")
        assert answer.body["ask"] == ["anna@acme.example", "giulia@acme.example"]


def test_there_may_be_no_approvers() -> None:
    factories.tenant("acme", approver_emails=())

    assert get(caller=BEN).body["ask"] == []


@pytest.mark.parametrize("request_id", [invalid_inputs.UNKNOWN_ID, "x"])
def test_the_right_comes_before_existence_and_the_input_before_the_right(request_id: str) -> None:
    assert show(request_id, caller=BEN).code == "right_missing"
    assert get(caller=BEN, limit=0).code == "input_invalid"
    assert get(caller=BEN, cursor="x").code == "cursor_invalid"


def test_a_token_that_acts_for_anna_is_refused() -> None:
    request = factories.requested()

    for answer in (get(caller=ANNA.acting()), show(request.request_id, caller=ANNA.acting())):
        assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"
    assert show(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_no_tenant() -> None:
    unregistered = ANNA.but(tenant_id="nobody")

    assert get(caller=unregistered).code == "tenant_unknown"
    assert show(invalid_inputs.UNKNOWN_ID, caller=unregistered).code == "tenant_unknown"
