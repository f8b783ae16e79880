"""GET /v1/support/access: the tenants that the agent may enter now."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.store.access import live_keys
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import CARLA, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row

TENANTS = [f"customer-{number:02}" for number in range(12)]


def get(*, caller: Caller = SVEN, **query: Any) -> Answer:
    return call("GET", "/v1/support/access", caller=caller, query=query)


def places(caller: Caller = SVEN) -> list[str]:
    return [place["tenant_id"] for place in get(caller=caller).body["items"]]


def test_sven_sees_the_tenants_that_he_may_enter() -> None:
    grant = factories.grant()
    answer = get()

    assert answer.status == 200
    assert answer.body == {
        "items": [
            {
                "tenant_id": "acme",
                "name": "Acme Immobilien GmbH",
                "ends_at": "2026-11-23T13:00:00Z",
                "access": "change",
                "may_export": False,
                "grant_ids": [grant.grant_id],
            }
        ],
        "next_cursor": None,
    }


def test_without_a_grant_the_list_is_empty() -> None:
    assert get().body == {"items": [], "next_cursor": None}


def test_a_tenant_is_listed_once_with_the_union_of_its_grants() -> None:
    given = [factories.grant(may_export=True), factories.grant("support", period="1w"), factories.grant(period="2h")]
    factories.grant(DORA)
    (place,) = get().body["items"]

    assert place["grant_ids"] == sorted(grant.grant_id for grant in given)
    assert place["may_export"] is True
    assert place["ends_at"] == "2026-11-30T12:00:00Z"


def test_a_permanent_grant_has_no_end() -> None:
    factories.grant(period="permanent")
    factories.grant(period="1w")

    assert get().body["items"][0]["ends_at"] is None


def test_each_agent_sees_their_own() -> None:
    factories.grant()
    factories.grant("development", by=CARLA)

    assert (places(SVEN), places(DORA)) == (["acme"], ["globex"])


def test_a_newcomer_to_the_department_sees_it_and_a_leaver_does_not() -> None:
    factories.grant("support")
    factories.agent("dora", "development", "support")
    factories.agent("sven")

    assert (places(SVEN), places(DORA)) == ([], ["acme"])


def test_revoked_and_ended_grants_are_not_listed_even_if_their_key_still_exists(
    world: time_machine.Traveller,
) -> None:
    factories.revoked(factories.grant(by=CARLA), by=CARLA)
    factories.grant()
    assert places() == ["acme"]

    world.shift(timedelta(hours=1))
    assert len(live_keys.of_tenant("acme").keys) == 1
    assert places() == []


def test_a_key_that_only_the_index_still_has_is_not_listed() -> None:
    factories.grant()
    (key,) = table.items("TENANT#acme", "LIVE#")
    table.put([key | {"PK": {"S": "LAGGING#acme"}, "by_grantee_sort": {"S": "globex#01ARZ3NDEKTSV4RRFFQ69G5FAV"}}])

    assert places() == ["acme"]


# ------------------------------------------------------------------ pages


@pytest.fixture
def many() -> list[str]:
    factories.bulk_places(TENANTS)
    return TENANTS


@pytest.mark.parametrize("limit", [1, 5, 12, 100])
def test_the_pages_list_every_tenant_once(many: list[str], limit: int) -> None:
    seen, cursor = [], None
    while True:
        page = get(limit=limit, **({"cursor": cursor} if cursor else {})).body
        assert len(page["items"]) <= limit
        seen += [(place["tenant_id"], len(place["grant_ids"])) for place in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == [(tenant_id, 2) for tenant_id in many]


def test_a_change_between_two_pages_does_not_shift_other_tenants(many: list[str]) -> None:
    first = get(limit=5).body
    shown = [place["tenant_id"] for place in first["items"]]
    for key in live_keys.of_tenant(shown[0]).keys:
        table.drop(keys.live(shown[0], key.grant_id))
    factories.bulk_places(["a-new-customer", "z-new-customer"])
    rest = get(limit=100, cursor=first["next_cursor"]).body

    assert sorted(shown + [place["tenant_id"] for place in rest["items"] if "new" not in place["tenant_id"]]) == many


def test_another_agents_cursor_is_refused(many: list[str]) -> None:
    cursor = get(limit=5).body["next_cursor"]
    factories.grant(DORA)

    assert get(cursor=cursor, caller=DORA).code == "cursor_invalid"


def test_a_damaged_cursor_is_refused() -> None:
    for cursor in invalid_inputs.NO_CURSORS:
        answer = get(cursor=cursor)
        assert (answer.status, answer.code) == (422, "cursor_invalid")


def test_a_limit_is_a_number_from_1_to_100() -> None:
    for limit in invalid_inputs.NO_LIMITS:
        answer = get(limit=limit)
        assert (answer.status, answer.code) == (422, "input_invalid")
        assert answer.body["errors"][0]["pointer"] == "query/limit"


# ------------------------------------------------------------------ refused callers


@each_row("caller", [EMIL, SVEN.but(sub="nobody")], ids=["inactive", "unknown"])
@each_row("query", [{}, {"limit": "0"}, {"cursor": "x"}], ids=str)
def test_only_an_active_agent_is_accepted_for_any_input(caller: Caller, query: dict[str, str]) -> None:
    answer = get(caller=caller, **query)

    assert (answer.status, answer.code) == (403, "agent_inactive")


def test_a_token_that_acts_for_sven_is_refused() -> None:
    assert get(caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"
