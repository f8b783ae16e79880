"""GET /v1/support/requests: the agent's own requests."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def get(*, caller: Caller = SVEN, **query: Any) -> Answer:
    return call("GET", "/v1/support/requests", caller=caller, query=query)


def ids(**how: Any) -> list[str]:
    return [request["request_id"] for request in get(**how).body["items"]]


# ------------------------------------------------------------------ it works


def test_without_requests_svens_list_is_empty() -> None:
    assert tuple(get()) == (200, {"items": [], "next_cursor": None})


def test_he_sees_the_state_of_each_newest_first(world: time_machine.Traveller) -> None:
    asked = [factories.requested(at=MONDAY_NOON - (5 - number) * MINUTE) for number in range(4)]
    grant = factories.approved(asked[0], period="2h")
    factories.declined(asked[1], note="Tomorrow, please.\nWe are busy.")
    factories.withdrawn(asked[2])
    expired = factories.requested(tenant_id="globex", at=MONDAY_NOON - DAY)

    pending, withdrawn, declined, approved, last = get().body["items"]
    assert [one["state"] for one in (pending, withdrawn, declined, approved, last)] == [
        "pending", "withdrawn", "declined", "approved", "expired",
    ]  # fmt: skip
    assert (approved["grant_id"], approved["period"]) == (grant.grant_id, "1h")
    assert approved["answered_by"] == {"user_id": "anna", "name": "Anna Albrecht"}
    assert declined["note"] == "Tomorrow, please.\nWe are busy."
    assert (withdrawn["answered_at"], withdrawn["answered_by"]) == (None, None)
    assert (last["request_id"], last["tenant_id"]) == (expired.request_id, "globex")


def test_a_pending_request_reads_as_expired_with_or_without_a_recorded_expiry(world: time_machine.Traveller) -> None:
    factories.requested()
    world.shift(DAY - timedelta(seconds=1))
    assert get().body["items"][0]["state"] == "pending"

    world.shift(timedelta(seconds=1))
    assert get().body["items"][0]["state"] == "expired"


def test_an_answered_request_never_expires(world: time_machine.Traveller) -> None:
    factories.approved(factories.requested())
    world.shift(300 * DAY)

    assert get().body["items"][0]["state"] == "approved"


def test_he_sees_only_his_own() -> None:
    own, doras = factories.requested(), factories.requested(DORA)

    assert ids() == [own.request_id]
    assert ids(caller=DORA) == [doras.request_id]


def test_a_request_deleted_by_ttl_is_skipped() -> None:
    asked = [factories.requested(at=MONDAY_NOON - number * MINUTE) for number in range(3)]
    table.drop(keys.request("acme", asked[1].request_id))

    assert ids() == [asked[0].request_id, asked[2].request_id]
    assert ids(limit=2) == [asked[0].request_id, asked[2].request_id]


# ------------------------------------------------------------------ pages


@pytest.fixture
def five() -> list[str]:
    """Five requests of Sven's, newest first."""
    made = [
        factories.requested(tenant_id=tenant, at=MONDAY_NOON - number * MINUTE) for number, tenant in enumerate(PLACES)
    ]
    return [request.request_id for request in made]


PLACES = ("acme", "globex", "acme", "acme", "globex")


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 100])
def test_the_pages_list_each_once_and_in_order(five: list[str], limit: int) -> None:
    seen: list[str] = []
    page = get(limit=limit).body
    while page["next_cursor"]:
        assert len(page["items"]) == limit
        seen += [request["request_id"] for request in page["items"]]
        page = get(limit=limit, cursor=page["next_cursor"]).body

    assert seen + [request["request_id"] for request in page["items"]] == five


def test_more_than_a_hundred_are_read_too() -> None:
    made = factories.bulk_requests(103, at=MONDAY_NOON - DAY)

    assert ids(limit=100) == made[:2:-1]
    assert ids() == made[:-51:-1]


def test_a_request_made_between_two_pages_is_not_on_the_next_page(five: list[str]) -> None:
    first = get(limit=2).body
    factories.requested()

    assert ids(limit=100, cursor=first["next_cursor"]) == five[2:]


def test_a_cursor_is_valid_only_for_its_own_list(five: list[str]) -> None:
    cursor = get(limit=2).body["next_cursor"]

    assert get(cursor=cursor, caller=DORA).code == "cursor_invalid"
    assert call("GET", "/v1/requests", caller=ANNA, query={"cursor": cursor}).code == "cursor_invalid"
    assert call("GET", "/v1/support/access", caller=SVEN, query={"cursor": cursor}).code == "cursor_invalid"


def test_a_damaged_cursor_is_refused() -> None:
    for cursor in invalid_inputs.NO_CURSORS:
        assert (get(cursor=cursor).status, get(cursor=cursor).code) == (422, "cursor_invalid")
    assert get(cursor=invalid_inputs.TOO_LONG_CURSOR).code == "input_invalid"


def test_a_limit_is_a_number_from_1_to_100() -> None:
    for limit in invalid_inputs.NO_LIMITS:
        answer = get(limit=limit)
        assert (answer.status, answer.code) == (422, "input_invalid")
        assert answer.body["errors"][0]["pointer"] == "query/limit"


# ------------------------------------------------------------------ refused callers


@each_row("caller", [EMIL, SVEN.but(sub="nobody"), ANNA], ids=["inactive", "unknown", "a user's id"])
@each_row("query", [{}, {"limit": 0}, {"cursor": "x"}], ids=str)
def test_only_an_active_agent_is_accepted_and_this_is_checked_first(caller: Caller, query: dict[str, Any]) -> None:
    assert (get(caller=caller, **query).status, get(caller=caller, **query).code) == (403, "agent_inactive")


def test_a_token_that_acts_for_sven_is_refused() -> None:
    assert get(caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"
