"""GET /v1/logins: the logins of a tenant, with agent and reason."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, CARLA, DORA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def get(*, caller: Caller = ANNA, **query: Any) -> Answer:
    return call("GET", "/v1/logins", caller=caller, query=query)


def items(**query: Any) -> list[Any]:
    return list(get(**query).body["items"])


def by_pages(limit: int) -> list[str]:
    seen: list[str] = []
    page = get(limit=limit).body
    while True:
        assert 0 < len(page["items"]) <= limit
        seen += [login["login_id"] for login in page["items"]]
        if page["next_cursor"] is None:
            return seen
        page = get(limit=limit, cursor=page["next_cursor"]).body


# ------------------------------------------------------------------ the overview


def test_a_new_tenant_has_no_logins() -> None:
    assert tuple(get()) == (200, {"items": [], "next_cursor": None})


def test_anna_sees_agent_exact_time_and_reason() -> None:
    factories.grant()
    sent = {"tenant_id": "acme", "reason": "The import stands still", "ticket": "T-4711"}
    recorded = call("POST", "/v1/support/logins", sent, caller=SVEN).body
    with table.unchanged():
        agent = recorded["agent"] | {"present_name": None}
        assert items() == [recorded | {"agent": agent, "granted_by": {"user_id": "anna", "name": "Anna Albrecht"}}]


def test_the_newest_login_comes_first(world: time_machine.Traveller) -> None:
    factories.grant("support", period="1w")
    factories.grant(DORA, period="1w")
    made = []
    for agent in (SVEN, DORA, SVEN):
        world.shift(timedelta(minutes=1))
        made.append(factories.login(agent).login_id)

    assert [login["login_id"] for login in items()] == made[::-1]
    assert [login["agent"]["id"] for login in items()] == ["sven", "dora", "sven"]


def test_carla_sees_nothing_of_acme() -> None:
    factories.grant()
    factories.login()

    assert get(caller=CARLA).body["items"] == []


def test_the_departments_are_those_of_the_moment_of_entry() -> None:
    factories.grant()
    factories.login()
    factories.agent("sven", "development", name="Sven Umbenannt")

    agent = {
        "id": "sven",
        "name": "Sven Brandt",
        "kind": "person",
        "accountable": None,
        "departments": ["support"],
        "present_name": "Sven Umbenannt",
    }
    assert items()[0]["agent"] == agent


# ------------------------------------------------------------------ end of a login


def test_a_login_is_over_with_its_access_recorded_or_not(world: time_machine.Traveller) -> None:
    factories.grant()
    factories.login()
    assert (items()[0]["ended_at"], items()[0]["access_ends_at"]) == (None, "2026-11-23T13:00:00Z")

    world.shift(HOUR)
    with table.unchanged():
        (login,) = items()
    assert (login["end"], login["ended_at"]) == ("access_over", "2026-11-23T13:00:00Z")


def test_a_login_is_over_when_the_last_grant_that_covers_it_is_revoked(world: time_machine.Traveller) -> None:
    named, other = factories.grant(period="4h"), factories.grant("support")
    factories.login()
    world.shift(timedelta(minutes=10))
    factories.revoked(named)
    assert (items()[0]["end"], items()[0]["access_ends_at"]) == (None, "2026-11-23T13:00:00Z")

    world.shift(timedelta(minutes=10))
    factories.revoked(other)
    world.shift(timedelta(minutes=10))
    assert (items()[0]["end"], items()[0]["ended_at"]) == ("access_over", "2026-11-23T12:20:00Z")


def test_a_grant_given_in_time_prolongs_the_login(world: time_machine.Traveller) -> None:
    factories.grant()
    factories.login()
    world.shift(timedelta(minutes=30))
    factories.grant()
    world.shift(timedelta(minutes=45))

    assert (items()[0]["end"], items()[0]["access_ends_at"]) == (None, "2026-11-23T13:30:00Z")
    world.shift(HOUR)
    assert (items()[0]["end"], items()[0]["ended_at"]) == ("access_over", "2026-11-23T13:30:00Z")


def test_a_later_grant_does_not_reopen_an_ended_login(world: time_machine.Traveller) -> None:
    factories.grant()
    factories.login()
    world.shift(2 * HOUR)
    factories.grant()

    assert (items()[0]["end"], items()[0]["ended_at"]) == ("access_over", "2026-11-23T13:00:00Z")


def test_a_login_ends_when_the_agent_leaves_the_department(world: time_machine.Traveller) -> None:
    factories.grant("support", period="1w")
    factories.login()
    world.shift(timedelta(minutes=15))
    factories.agent("sven", name="Sven Brandt")
    world.shift(timedelta(minutes=15))

    assert (items()[0]["end"], items()[0]["ended_at"]) == ("access_over", "2026-11-23T12:15:00Z")


def test_a_login_ends_when_the_agent_becomes_inactive(world: time_machine.Traveller) -> None:
    factories.grant(period="permanent")
    factories.login()
    world.shift(timedelta(minutes=15))
    factories.agent("sven", "support", is_active=False)
    world.shift(timedelta(minutes=15))

    assert items()[0]["ended_at"] == "2026-11-23T12:15:00Z"


def test_a_login_that_sven_ended_keeps_its_end(world: time_machine.Traveller) -> None:
    factories.grant()
    login = factories.login()
    world.shift(timedelta(minutes=5))
    factories.logged_out(login)
    world.shift(2 * HOUR)

    assert (items()[0]["end"], items()[0]["ended_at"]) == ("logged_out", "2026-11-23T12:05:00Z")


def test_under_a_permanent_grant_a_login_stays_open(world: time_machine.Traveller) -> None:
    factories.grant(period="permanent", at=MONDAY_NOON - 100 * DAY)
    factories.login()
    world.shift(100 * DAY)

    assert (items()[0]["end"], items()[0]["access_ends_at"]) == (None, None)


# ------------------------------------------------------------------ pages


@pytest.fixture
def seven() -> list[str]:
    grant = factories.grant(at=MONDAY_NOON - DAY)
    return factories.bulk_logins(grant, 7, at=MONDAY_NOON - DAY)[::-1]


@pytest.mark.parametrize("limit", [1, 3, 6, 7, 8, 100])
def test_the_pages_list_every_login_once_and_in_order(seven: list[str], limit: int) -> None:
    assert by_pages(limit) == seven


def test_a_login_recorded_between_two_pages_shifts_no_other(seven: list[str]) -> None:
    first = get(limit=3).body
    factories.grant()
    factories.login()
    rest = get(cursor=first["next_cursor"]).body

    assert [login["login_id"] for login in first["items"] + rest["items"]] == seven


def test_fifty_are_a_page_unless_another_limit_is_asked_for() -> None:
    factories.bulk_logins(factories.grant(at=MONDAY_NOON - DAY), 51, at=MONDAY_NOON - DAY)

    assert len(items()) == 50


def test_a_cursor_is_valid_only_for_its_own_list(seven: list[str]) -> None:
    cursor = get(limit=2).body["next_cursor"]

    assert get(cursor=cursor, caller=GIULIA).status == 200
    assert get(cursor=cursor, caller=CARLA).code == "cursor_invalid"
    for path in ("/v1/logins.csv", "/v1/grants", "/v1/grants.csv", "/v1/ledger"):
        assert call("GET", path, caller=ANNA, query={"cursor": cursor}).code == "cursor_invalid"


def test_a_damaged_cursor_is_refused() -> None:
    for cursor in invalid_inputs.NO_CURSORS:
        answer = get(cursor=cursor)
        assert (answer.status, answer.code) == (422, "cursor_invalid")


def test_a_limit_is_a_number_from_1_to_100() -> None:
    for limit in invalid_inputs.NO_LIMITS:
        assert get(limit=limit).code == "input_invalid"


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused() -> None:
    answer = get(caller=BEN)

    assert (answer.status, answer.code) == (403, "right_missing")


def test_the_input_comes_before_the_right() -> None:
    assert get(caller=BEN, limit=0).code == "input_invalid"
    assert get(caller=BEN, cursor="x").code == "cursor_invalid"


def test_a_token_that_acts_for_anna_is_refused() -> None:
    assert get(caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_no_tenant() -> None:
    assert get(caller=ANNA.but(tenant_id="nobody")).code == "tenant_unknown"
