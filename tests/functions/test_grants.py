"""GET /v1/grants and /v1/grants/{grant_id}: the grants of a tenant."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from guestkey.store.access import grant_lists
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, CARLA, DORA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row

DAY = timedelta(days=1)


def get(*, caller: Caller = ANNA, **query: Any) -> Answer:
    return call("GET", "/v1/grants", caller=caller, query=query)


def listed(**query: Any) -> list[str]:
    return [grant["grant_id"] for grant in get(**query).body["items"]]


def by_pages(limit: int, **query: Any) -> list[str]:
    seen: list[str] = []
    page = get(limit=limit, **query).body
    while True:
        assert 0 < len(page["items"]) <= limit
        seen += [grant["grant_id"] for grant in page["items"]]
        if page["next_cursor"] is None:
            return seen
        page = get(limit=limit, cursor=page["next_cursor"], **query).body


def show(grant_id: str, *, caller: Caller = ANNA) -> Answer:
    return call("GET", f"/v1/grants/{grant_id}", caller=caller)


# ------------------------------------------------------------------ the overview


def test_a_new_tenant_has_no_grants() -> None:
    assert tuple(get()) == (200, {"items": [], "next_cursor": None})


def test_anna_sees_giulias_grant_as_it_was_returned() -> None:
    given = call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=GIULIA).body
    with table.unchanged():
        assert get().body == {"items": [given], "next_cursor": None}


def test_carla_sees_nothing_of_acme() -> None:
    factories.grant()

    assert get(caller=CARLA).body["items"] == []


def test_live_permanent_grants_come_first_and_then_the_rest_each_newest_first() -> None:
    old_permanent = factories.grant(period="permanent", at=MONDAY_NOON - 300 * DAY)
    hour = factories.grant(at=MONDAY_NOON - 20 * DAY)
    new_permanent = factories.grant("support", period="permanent", at=MONDAY_NOON - 10 * DAY)
    given_back = factories.revoked(
        factories.grant(period="permanent", at=MONDAY_NOON - 9 * DAY), at=MONDAY_NOON - 8 * DAY
    )
    month = factories.grant(DORA, period="1mo", at=MONDAY_NOON - 2 * DAY)
    live = factories.grant()

    in_order = [new_permanent, old_permanent, live, month, given_back, hour]
    assert listed() == [grant.grant_id for grant in in_order]
    assert [grant["state"] for grant in get().body["items"]] == ["live", "live", "live", "live", "revoked", "ended"]


def test_a_year_old_permanent_grant_that_was_revoked_yesterday_is_listed() -> None:
    grant = factories.revoked(factories.grant(period="permanent", at=MONDAY_NOON - 365 * DAY), at=MONDAY_NOON - DAY)

    assert listed() == [grant.grant_id]
    assert get().body["items"][0]["revoked_by"] == {"user_id": "anna", "name": "Anna Albrecht"}


def test_a_grant_that_ended_seven_months_ago_is_not_listed() -> None:
    factories.grant(at=datetime(2026, 4, 20, 12, tzinfo=UTC))
    factories.revoked(
        factories.grant(period="permanent", at=MONDAY_NOON - 400 * DAY), at=datetime(2026, 4, 20, tzinfo=UTC)
    )

    assert listed() == []


def test_six_calendar_months_end_to_the_second() -> None:
    # 13:00 in Berlin on 23 May is 11:00 UTC, an hour more than in November.
    start = datetime(2026, 5, 23, 11, 0, tzinfo=UTC)
    factories.grant(at=start - timedelta(hours=1))
    inside = factories.grant(at=start - timedelta(minutes=59, seconds=59))
    month = factories.grant(period="1mo", at=start - 29 * DAY)

    assert listed() == [inside.grant_id, month.grant_id]


def test_a_permanent_grant_is_marked_when_its_review_is_due(world: time_machine.Traveller) -> None:
    factories.grant(period="permanent")
    (grant,) = get().body["items"]
    assert grant["review_at"] == "2027-05-22T11:00:00Z"

    world.shift(200 * DAY)
    (later,) = get().body["items"]
    assert (grant["review_due"], later) == (False, grant | {"review_due": True}), "nothing else changes"


def test_an_ended_grant_reads_as_ended_by_the_clock_alone(world: time_machine.Traveller) -> None:
    factories.grant()
    world.shift(timedelta(minutes=59, seconds=59))
    assert get().body["items"][0]["state"] == "live"

    world.shift(timedelta(seconds=1))
    with table.unchanged():
        assert get().body["items"][0]["state"] == "ended"


# ------------------------------------------------------------------ only the live ones


def test_live_grants_are_listed_permanent_ones_first() -> None:
    factories.grant(at=MONDAY_NOON - DAY)
    factories.revoked(factories.grant())
    long = factories.grant(period="1mo", at=MONDAY_NOON - DAY)
    permanent = factories.grant(period="permanent", at=MONDAY_NOON - 300 * DAY)
    short = factories.grant("support")

    assert listed(state="live") == [permanent.grant_id, short.grant_id, long.grant_id]
    assert by_pages(1, state="live") == listed(state="live")
    assert by_pages(2, state="live") == listed(state="live")


def test_an_expired_live_key_that_still_exists_is_not_live(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    world.shift(timedelta(hours=1))

    assert table.one(keys.live("acme", grant.grant_id))
    assert listed(state="live") == []


def test_a_grant_that_ends_between_two_pages_is_left_out_and_shifts_no_other(world: time_machine.Traveller) -> None:
    given = [factories.grant(period="1h" if number == 1 else "1w") for number in range(4)]
    first = get(state="live", limit=2).body
    world.shift(timedelta(hours=1))
    rest = get(state="live", limit=2, cursor=first["next_cursor"]).body

    assert [grant["grant_id"] for grant in first["items"]] == [given[3].grant_id, given[2].grant_id]
    assert [grant["grant_id"] for grant in rest["items"]] == [given[0].grant_id]


@each_row("state", ["", "LIVE", "open", "live,live", "x" * 5_000])
def test_another_state_is_refused(state: str) -> None:
    answer = get(state=state)

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert answer.body["errors"][0]["pointer"] == "query/state"


# ------------------------------------------------------------------ pages


@pytest.fixture
def seven() -> list[str]:
    """Two live permanent grants, and five ended ones."""
    permanent = [factories.grant(period="permanent", at=MONDAY_NOON - number * DAY).grant_id for number in (1, 200)]
    return [*permanent, *reversed(factories.bulk_grants(5, at=MONDAY_NOON - 30 * DAY))]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 100])
def test_the_pages_list_every_grant_once_and_in_order(seven: list[str], limit: int) -> None:
    assert by_pages(limit) == seven


def test_fifty_are_a_page_unless_another_limit_is_asked_for() -> None:
    made = factories.bulk_grants(101, at=MONDAY_NOON - DAY)

    first = get().body
    assert len(first["items"]) == 50
    assert first["next_cursor"]
    assert len(get(limit=100).body["items"]) == 100
    assert by_pages(50) == made[::-1]


def test_the_pages_show_the_moment_of_the_first_page(seven: list[str], world: time_machine.Traveller) -> None:
    first = get(limit=1).body
    world.shift(timedelta(minutes=1))
    new = [factories.grant(period="permanent").grant_id, factories.grant().grant_id]
    factories.revoked(_grant(seven[1]))
    rest = get(limit=100, cursor=first["next_cursor"]).body

    shown = [grant["grant_id"] for grant in first["items"] + rest["items"]]
    assert [grant_id for grant_id in shown if grant_id not in new] == seven
    assert len(shown) == len(set(shown))


def _grant(grant_id: str) -> Any:
    return grant_lists.find_one("acme", grant_id)


def test_a_cursor_is_valid_only_for_its_own_list(seven: list[str]) -> None:
    cursor = get(limit=2).body["next_cursor"]
    live = get(limit=1, state="live").body["next_cursor"]

    assert get(cursor=cursor, state="live").code == "cursor_invalid"
    assert get(cursor=live).code == "cursor_invalid"
    assert get(cursor=cursor, caller=CARLA).code == "cursor_invalid"
    for path in ("/v1/grants.csv", "/v1/logins", "/v1/logins.csv", "/v1/ledger"):
        assert call("GET", path, caller=ANNA, query={"cursor": cursor}).code == "cursor_invalid"


def test_a_colleague_may_use_a_cursor(seven: list[str]) -> None:
    cursor = get(limit=2).body["next_cursor"]

    assert get(cursor=cursor, caller=GIULIA).status == 200


def test_a_cursor_with_any_changed_character_is_refused(seven: list[str]) -> None:
    cursor = get(limit=2).body["next_cursor"]
    for place in range(0, len(cursor) - 1, 5):
        other = "A" if cursor[place] != "A" else "B"
        answer = get(cursor=cursor[:place] + other + cursor[place + 1 :])
        assert (answer.status, answer.code) == (422, "cursor_invalid"), place


def test_a_damaged_cursor_is_refused() -> None:
    for cursor in invalid_inputs.NO_CURSORS:
        answer = get(cursor=cursor)
        assert (answer.status, answer.code) == (422, "cursor_invalid")
        assert get(cursor=cursor, state="live").code == "cursor_invalid"


def test_a_cursor_is_no_longer_than_1000_characters() -> None:
    assert get(cursor=invalid_inputs.TOO_LONG_CURSOR).code == "input_invalid"


def test_a_limit_is_a_number_from_1_to_100() -> None:
    for limit in invalid_inputs.NO_LIMITS:
        answer = get(limit=limit)
        assert (answer.status, answer.code) == (422, "input_invalid")
        assert answer.body["errors"][0]["pointer"] == "query/limit"


# ------------------------------------------------------------------ one grant


def test_anna_sees_one_grant(world: time_machine.Traveller) -> None:
    given = call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=GIULIA).body

    assert tuple(show(given["grant_id"])) == (200, given)
    world.shift(timedelta(hours=1))
    assert show(given["grant_id"]).body == given | {"state": "ended", "end": "time"}


def test_a_grant_too_old_for_the_overview_can_still_be_seen() -> None:
    grant = factories.grant(at=MONDAY_NOON - 300 * DAY)

    assert show(grant.grant_id).body["state"] == "ended"


def test_carla_gets_the_same_404_for_acmes_grant_as_for_an_unknown_one() -> None:
    grant = factories.grant()
    foreign, unknown = (show(id, caller=CARLA) for id in (grant.grant_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert (foreign.text, foreign.headers) == (unknown.text, unknown.headers)


def test_a_malformed_id_is_not_found() -> None:
    for grant_id in invalid_inputs.NO_IDS:
        answer = show(grant_id)
        assert (answer.status, answer.text) == (404, show(invalid_inputs.UNKNOWN_ID).text)


@pytest.mark.parametrize("grant_id", [invalid_inputs.UNKNOWN_ID, "x"])
def test_the_right_comes_before_existence(grant_id: str) -> None:
    assert show(grant_id, caller=BEN).code == "right_missing"


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused() -> None:
    grant = factories.grant()

    for answer in (get(caller=BEN), get(caller=BEN, state="live"), show(grant.grant_id, caller=BEN)):
        assert (answer.status, answer.code) == (403, "right_missing")


def test_the_input_comes_before_the_right() -> None:
    assert get(caller=BEN, limit=0).code == "input_invalid"
    assert get(caller=BEN, cursor="x").code == "cursor_invalid"


def test_a_token_that_acts_for_anna_is_refused() -> None:
    grant = factories.grant()

    for answer in (get(caller=ANNA.acting()), show(grant.grant_id, caller=ANNA.acting())):
        assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"
    assert show(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_no_tenant() -> None:
    unregistered = ANNA.but(tenant_id="nobody")

    assert get(caller=unregistered).code == "tenant_unknown"
    assert show(invalid_inputs.UNKNOWN_ID, caller=unregistered).code == "tenant_unknown"
