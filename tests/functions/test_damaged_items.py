"""One item that cannot be read takes no list away: the list answers the others, and the item's key is reported."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.findings import Fault
from guestkey.rules.instants import instant, text_of
from guestkey.rules.ledger_form import canonical
from guestkey.rules.verify import verify
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.unreadable import Unreadable
from tests import factories, table
from tests.calls import LambdaContext, call, handler
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, SVEN, Caller

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
GONE: dict[str, Any] = {}


def damage(key: Key, **attributes: dict[str, Any]) -> Key:
    """Replace attributes of an item, or take those away that are GONE."""
    item = table.one(key)
    assert item
    table.put([{name: value for name, value in (item | attributes).items() if value}])
    return key


Made = tuple[Key, str, str]
"""The key of a damaged item, a text that the list lacks because of it, and one of an item that it has."""
Reported = Callable[[], set[str]]


@pytest.fixture
def reported(capsys: pytest.CaptureFixture[str]) -> Reported:
    """Return a function for the keys that were reported since it was last called."""

    def ask() -> set[str]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        found = [line for line in lines if line.get("code") == "item_unreadable"]
        assert all(line["UnreadableItems"] == [1.0] and line["stack"] == "guestkey" for line in found)
        assert all(line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Guestkey" for line in found)
        return {line["item"] for line in found}

    return ask


# ------------------------------------------------------------------ lists


def of_logins() -> Made:
    bad, good = factories.login().login_id, factories.login().login_id
    return damage(keys.login("acme", bad), logged_in_at={"S": "x"}), bad, good


def of_own_logins() -> Made:
    bad, good = factories.login().login_id, factories.login().login_id
    table.drop(keys.open_login("acme", bad))  # the index names it, too
    return damage(keys.own_login("sven", bad), tenant_id=GONE), bad, good


def of_grants() -> Made:
    bad, good = factories.grant().grant_id, factories.grant().grant_id
    return damage(keys.grant("acme", bad), period={"S": "a while"}), bad, good


def of_permanent_grants() -> Made:
    bad, good = (factories.grant(period="permanent").grant_id for _ in range(2))
    return damage(keys.permanent_grant("acme", bad), may_export={"S": "yes"}), bad, good


def of_requests() -> Made:
    bad, good = factories.requested().request_id, factories.requested().request_id
    return damage(keys.request("acme", bad), recipients={"L": [{"N": "1"}]}), bad, good


def of_callbacks() -> Made:
    bad, good = factories.callback().callback_id, factories.callback(CARLA).callback_id
    return damage(keys.callback("acme", bad), version={"S": "two"}), bad, good


def of_places() -> Made:
    bad, good = factories.callback().callback_id, factories.callback(CARLA).callback_id
    return damage(keys.waiting(bad), joined_at=GONE), bad, good


def of_agents() -> Made:
    return damage(keys.agent("dora"), email=GONE), '"dora"', '"sven"'


def of_departments() -> Made:
    return damage(keys.department("development"), name={"NULL": True}), '{"id":"development"', '"support"'


def of_tenants() -> Made:
    return damage(keys.live("globex", factories.grant(by=CARLA).grant_id), granted_at=GONE), '"globex"', '"acme"'


@pytest.mark.parametrize(
    ("make", "reader", "path"),
    [
        (of_logins, SVEN, "/v1/support/logins"),
        (of_own_logins, SVEN, "/v1/support/logins"),
        (of_logins, BEN, "/v1/presence"),
        (of_logins, ANNA, "/v1/logins"),
        (of_logins, ANNA, "/v1/logins.csv"),
        (of_grants, ANNA, "/v1/grants"),
        (of_grants, ANNA, "/v1/grants?state=live"),
        (of_grants, ANNA, "/v1/grants.csv"),
        (of_permanent_grants, ANNA, "/v1/grants"),
        (of_requests, ANNA, "/v1/requests"),
        (of_requests, ANNA, "/v1/requests?state=pending"),
        (of_requests, SVEN, "/v1/support/requests"),
        (of_callbacks, SVEN, "/v1/support/callbacks"),
        (of_places, SVEN, "/v1/support/callbacks"),
        (of_agents, ANNA, "/v1/directory"),
        (of_departments, ANNA, "/v1/directory"),
        (of_tenants, SVEN, "/v1/support/access"),
    ],
)
def test_a_list_leaves_out_what_cannot_be_read_and_answers_the_rest(
    reported: Reported, make: Callable[[], Made], reader: Caller, path: str
) -> None:
    factories.grant(SVEN)
    key, bad, good = make()
    reported()
    path, _, query = path.partition("?")
    answer = call("GET", path, caller=reader, query=query)

    assert answer.status == 200, answer.text
    assert (good in answer.text, bad in answer.text) == (True, False)
    assert reported() == {f"{key.pk} {key.sk}"}


def test_an_open_login_is_shown_although_its_own_item_cannot_be_read(reported: Reported) -> None:
    for agent in (SVEN, DORA):
        factories.grant(agent)
    bad, good = factories.login(DORA).login_id, factories.login(SVEN).login_id
    key = damage(keys.open_login("acme", bad), agent_id=GONE)
    reported()

    assert [one["login_id"] for one in call("GET", "/v1/presence", caller=ANNA).body["items"]] == [good, bad]
    assert reported() == {f"{key.pk} {key.sk}"}


def test_a_login_of_an_agent_who_cannot_be_read_stays_in_the_overview(world: time_machine.Traveller) -> None:
    """The login itself is whole, so it is shown as it was stored. No check allows the agent, so nobody is in."""
    factories.grant(SVEN)
    login = factories.login()
    damage(keys.agent("sven"), name=GONE)
    world.shift(2 * HOUR)

    [shown] = call("GET", "/v1/logins", caller=ANNA).body["items"]
    assert (shown["login_id"], shown["ended_at"]) == (login.login_id, None)
    assert call("GET", "/v1/presence", caller=ANNA).body["items"] == []


# ------------------------------------------------------------------ checks


def check(**members: str) -> dict[str, Any]:
    asked = {"tenant_id": "acme", "agent_id": "sven", "action": "enter", **members}
    answer = call("POST", "/v1/vendor/checks", asked, caller=BACKEND)
    assert answer.status == 200, answer.text
    body: dict[str, Any] = answer.body
    return body


def test_a_login_that_cannot_be_read_lets_nobody_in(reported: Reported) -> None:
    factories.grant(SVEN)
    login_id = factories.login().login_id
    assert check(login_id=login_id)["allowed"] is True
    key = damage(keys.login("acme", login_id), departments=GONE)
    reported()

    assert (check(login_id=login_id)["allowed"], check()["allowed"]) == (False, True)
    assert reported() == {f"{key.pk} {key.sk}"}
    assert call("GET", f"/v1/support/logins/{login_id}", caller=SVEN).status == 404


AGENTS_ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/v1/support/logins", None),
    ("POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "It stands still"}),
    ("GET", "/v1/support/access", None),
    ("GET", "/v1/support/requests", None),
    ("POST", "/v1/support/requests", {"tenant_id": "acme", "reason": "It stands still"}),
    ("GET", "/v1/support/tenants/acme", None),
    ("GET", "/v1/support/callbacks", None),
    ("POST", "/v1/support/callbacks/01J0000000000000000000000A/take", {}),
    ("GET", "/v1/support/directory", None),
    ("GET", "/v1/support/slots?topic=question", None),
]


@pytest.mark.parametrize("attributes", [{"email": GONE}, {"departments": {"S": "support"}}, {"kind": {"S": "robot"}}])
def test_an_agent_who_cannot_be_read_is_refused_everywhere_and_nothing_is_given(
    reported: Reported, attributes: dict[str, Any]
) -> None:
    factories.grant("support")
    factories.grant(SVEN)
    login_id, request_id = factories.login().login_id, factories.requested().request_id
    entries = len(factories.what_happened())
    key = damage(keys.agent("sven"), **attributes)
    reported()

    for answer in (check(), check(login_id=login_id)):
        assert (answer["allowed"], answer["reason"]) == (False, "no_live_grant")
    for method, path, body in AGENTS_ROUTES:
        route, _, query = path.partition("?")
        assert call(method, route, body, caller=SVEN, query=query).code == "agent_inactive", path
    grantee = {"grantee": {"type": "agent", "id": "sven"}}
    assert call("POST", "/v1/grants", grantee, caller=ANNA).code == "grantee_unknown"
    assert call("POST", f"/v1/requests/{request_id}/approve", {}, caller=ANNA).code == "grantee_unknown"
    assert call("POST", f"/v1/support/callbacks/{factories.callback().callback_id}/take", {}, caller=DORA).status == 200
    assert reported() == {f"{key.pk} {key.sk}"}
    assert [what for what in factories.what_happened()[entries:] if not what.startswith("callback.")] == []
    assert call("POST", f"/v1/requests/{request_id}/decline", {}, caller=ANNA).status == 200


def test_a_department_that_cannot_be_read_is_no_grantee() -> None:
    damage(keys.department("support"), name=GONE)

    grantee = {"grantee": {"type": "department", "id": "support"}}
    assert call("POST", "/v1/grants", grantee, caller=ANNA).code == "grantee_unknown"


@pytest.mark.parametrize("attributes", [{"granted_at": GONE}, {"grantee_type": {"S": "?"}}, {"ends_at": {"N": "1"}}])
def test_a_live_key_that_cannot_be_read_bars_everything(reported: Reported, attributes: dict[str, Any]) -> None:
    factories.grant(SVEN)
    key = damage(keys.live("acme", factories.grant(DORA).grant_id), **attributes)
    reported()

    assert check()["reason"] == "locked"
    assert reported() == {f"{key.pk} {key.sk}"}


def test_what_a_single_thing_needs_is_an_error_and_reported(reported: Reported) -> None:
    key = damage(keys.request("acme", factories.requested().request_id), mail={"S": "lost"})
    reported()

    with pytest.raises(Unreadable):
        call("GET", f"/v1/requests/{keys.id_in(key.sk)}", caller=ANNA)
    assert reported() == {f"{key.pk} {key.sk}"}


# ------------------------------------------------------------------ ledger


@pytest.mark.parametrize(
    "attributes", [{"hash": GONE}, {"at": {"S": "x"}}, {"what": {"S": "x"}}, {"data": {"S": "{"}}, {"seq": {"S": "1"}}]
)
def test_a_damaged_entry_is_seen_in_its_place_and_the_others_are_answered(
    reported: Reported, attributes: dict[str, Any]
) -> None:
    for _ in range(3):
        factories.grant(SVEN)
    last = ledger_lines()[-1]["seq"]
    key = damage(keys.entry("acme", last - 1), **attributes)
    reported()
    lines = ledger_lines()

    assert lines[-2] == {"seq": last - 1, "tenant_id": "acme", "unreadable": True}
    assert [line["seq"] for line in lines] == list(range(1, last + 1))
    assert reported() == {f"{key.pk} {key.sk}"}
    found = verify(canonical(line) for line in lines)
    assert [(one.fault, one.line, one.seq) for one in found.findings] == [(Fault.MALFORMED, last - 1, last - 1)]


def ledger_lines() -> list[dict[str, Any]]:
    """Return the lines of the ledger, read in pages of two."""
    lines: list[dict[str, Any]] = []
    query: str | None = "limit=2"
    while query:
        answer = call("GET", "/v1/ledger", caller=ANNA, query=query)
        assert answer.status == 200, answer.text
        lines += map(json.loads, answer.text.splitlines())
        query = answer.next_link and answer.next_link.removeprefix("?")
    return lines


# ------------------------------------------------------------------ the clean-up


def test_no_end_is_written_down_while_a_grant_of_the_history_cannot_be_read(
    world: time_machine.Traveller, reported: Reported
) -> None:
    key = keys.grant("acme", factories.grant(SVEN, period="1h").grant_id)
    whole = table.one(key)
    assert whole
    login_id = factories.login().login_id
    damage(key, granted_at=GONE)
    world.shift(2 * HOUR)
    handler("cleanup")({}, LambdaContext())

    assert f"{key.pk} {key.sk}" in reported()
    assert (table.one(keys.login("acme", login_id)) or {}).keys().isdisjoint({"ended_at", "end"})
    table.put([whole])
    world.shift(2 * HOUR)
    handler("cleanup")({}, LambdaContext())
    assert (table.one(keys.login("acme", login_id)) or {})["ended_at"] == {"S": text_of(MONDAY_NOON + HOUR)}


@pytest.mark.parametrize("kind", ["login", "grant"])
def test_what_ended_with_a_leaver_is_written_down_beside_a_damaged_item(
    world: time_machine.Traveller, kind: str
) -> None:
    given = [factories.grant(SVEN).grant_id for _ in range(2)]
    bad, good = factories.login().login_id, factories.login().login_id
    if kind == "login":
        damage(keys.login("acme", bad), reason=GONE)
    else:
        damage(keys.grant("acme", given[0]), grantee_type={"S": "robot"})
    world.shift(MINUTE)
    factories.agent("sven", "support", is_active=False)
    world.shift(2 * MINUTE)
    handler("cleanup")({}, LambdaContext())

    assert ("ended_at" in (table.one(keys.login("acme", good)) or {})) is (kind == "login")
    assert "left_at" in (table.one(keys.grant("acme", given[1])) or {})


@pytest.mark.parametrize("attributes", [{"reason": GONE}, {"logged_in_at": {"S": "x"}}, {"kind": {"S": "visit"}}])
def test_a_damaged_item_that_is_due_fails_and_is_reported(
    world: time_machine.Traveller, clean_up: Callable[..., dict[str, Any]], attributes: dict[str, Any]
) -> None:
    factories.grant(SVEN, period="permanent")
    damage(keys.login("acme", factories.login().login_id), **attributes)
    factories.login()
    world.shift(7 * MINUTE)

    assert clean_up() == {"failed": 1, "logins_open": 1}


# ------------------------------------------------------------------ the support desk


def slots() -> list[str]:
    query = {"topic": "question", "from": "2026-11-24", "days": "1"}
    return [one["starts_at"] for one in call("GET", "/v1/slots", caller=ANNA, query=query).body["items"]]


def test_a_quarter_hour_that_cannot_be_read_is_full(reported: Reported) -> None:
    first, second, *_ = slots()
    asked = factories.callback(starts_at=instant(first))
    assert asked.slot
    key = damage(keys.slot(asked.slot.starts_at), holders={"S": "acme"})
    reported()

    assert (first in slots(), second in slots()) == (False, True)
    assert reported() == {f"{key.pk} {key.sk}"}
    body = {"topic": "question", "description": "Help", "phone": "+49 241 44686122", "starts_at": first}
    assert call("POST", "/v1/callbacks", body, caller=CARLA).code == "slot_taken"
    assert call("GET", "/v1/support/callbacks", caller=SVEN, query={"day": "2026-11-24"}).status == 200


def test_a_day_that_cannot_be_read_is_closed() -> None:
    assert slots()
    call("PUT", "/v1/vendor/closures/2026-11-24", {"name": "Inventory", "from": "17:00"}, caller=BACKEND)
    assert slots()
    damage(keys.closed(date(2026, 11, 24)), closes_at={"S": "five"})
    desks.clear_cache()

    assert slots() == []
