"""GET /v1/support/logins, GET /v1/support/logins/{login_id}: an agent's own logins at all customers."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.edge.http import cursors
from guestkey.store.access import own_logins
from guestkey.store.dynamodb import keys
from tests import factories, table
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import CARLA, DORA, EMIL, SVEN

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def listed(**query: str) -> list[str]:
    """Return the ids of all pages."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = call("GET", "/v1/support/logins", caller=SVEN, query=query | ({"cursor": cursor} if cursor else {}))
        assert page.status == 200, page.text
        found += [one["login_id"] for one in page.body["items"]]
        if (cursor := page.body["next_cursor"]) is None:
            return found


def entered(number: int, tenant_id: str = "acme", agent: Any = SVEN) -> str:
    return factories.login(agent, tenant_id, at=MONDAY_NOON + number * SECOND).login_id


@pytest.fixture
def five(world: time_machine.Traveller) -> list[str]:
    """Five logins at two customers; the second and the fourth have ended. The clock is a minute later."""
    factories.grant(SVEN, period="permanent")
    factories.grant(SVEN, by=CARLA, period="permanent")
    made = [entered(number, "globex" if number % 3 == 0 else "acme") for number in range(5)]
    for login_id in (made[1], made[3]):
        factories.log_out("sven", login_id, MONDAY_NOON + 10 * SECOND)
    world.shift(timedelta(minutes=1))
    return made


def test_open_ones_come_first_each_newest_first(five: list[str]) -> None:
    assert listed() == [five[4], five[2], five[0], five[3], five[1]]
    assert listed(open="true") == [five[4], five[2], five[0]]
    assert listed(open="false") == listed()


@pytest.mark.parametrize("limit", ["1", "2", "3", "4", "5"])
def test_pages_of_every_size_give_the_same_list(five: list[str], limit: str) -> None:
    assert listed(limit=limit) == listed()
    assert listed(limit=limit, open="true") == listed(open="true")


def test_an_item_is_the_login_as_it_is(five: list[str]) -> None:
    [newest, *_] = call("GET", "/v1/support/logins", caller=SVEN).body["items"]

    assert (newest["tenant_id"], newest["reason"], newest["ended_at"]) == (
        "globex" if 4 % 3 == 0 else "acme",
        "The import stands still",
        None,
    )
    assert call("GET", f"/v1/support/logins/{five[4]}", caller=SVEN).body == newest
    assert call("GET", f"/v1/support/logins/{five[1]}", caller=SVEN).body["end"] == "logged_out"


def test_another_agents_login_is_not_found(five: list[str]) -> None:
    other, unknown = (call("GET", f"/v1/support/logins/{id}", caller=DORA) for id in (five[0], "0" * 26))

    assert (other.code, other.text) == ("not_found", unknown.text)
    assert call("GET", "/v1/support/logins", caller=DORA).body == {"items": [], "next_cursor": None}
    assert call("GET", "/v1/support/logins", caller=EMIL).code == "agent_inactive"


def test_a_cursor_of_the_other_list_is_refused(five: list[str]) -> None:
    cursor = call("GET", "/v1/support/logins", caller=SVEN, query={"limit": "1"}).body["next_cursor"]

    refused = call("GET", "/v1/support/logins", caller=SVEN, query={"cursor": cursor, "open": "true"})
    assert refused.code == "cursor_invalid"
    assert call("GET", "/v1/support/logins", caller=SVEN, query={"open": "maybe"}).code == "input_invalid"


@pytest.mark.parametrize(
    "position", ["", ":", "x", "foo:bar", "open:", "open:x", f"shut:{'0' * 26}", "0" * 26, "open:\0"]
)
def test_a_forged_position_is_refused(five: list[str], position: str) -> None:
    forged = cursors.cursor(position, cursors.scope("sven", "logins", "False"))

    assert call("GET", "/v1/support/logins", caller=SVEN, query={"cursor": forged}).code == "cursor_invalid"


def test_an_access_that_is_over_is_open_no_more(world: time_machine.Traveller) -> None:
    factories.grant(SVEN)
    login_id = entered(0)
    assert listed(open="true") == [login_id]

    world.shift(HOUR)
    assert (listed(open="true"), listed()) == ([], [login_id])
    assert call("GET", f"/v1/support/logins/{login_id}", caller=SVEN).body["end_cause"] == "time"


def test_an_earlier_persons_logins_are_not_listed(five: list[str]) -> None:
    for is_active in (False, True):
        factories.agent("sven", "support", is_active=is_active)

    assert listed() == []
    assert call("GET", f"/v1/support/logins/{five[0]}", caller=SVEN).code == "not_found"


def test_a_login_that_the_index_does_not_have_yet_is_listed(five: list[str]) -> None:
    for login_id, tenant_id in zip(five, ("globex", "acme", "acme", "globex", "acme"), strict=True):
        table.drop(keys.open_login(tenant_id, login_id))

    assert listed(open="true") == [five[4], five[2], five[0]]


def test_an_old_open_login_is_found_behind_many_newer_ones(five: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_logins, "NEWEST", 2)

    assert listed(open="true") == [five[4], five[2], five[0]]
    table.drop(keys.open_login("globex", five[0]))
    assert listed(open="true") == [five[4], five[2]]
    table.drop(keys.migration())  # now logins from before may have no item
    assert listed(open="true") == [five[4], five[2], five[0]]
