"""A table that the version before wrote: every kind of item is read as it was read, and each change continues it.

`tests/recorded/version_before.json` has the items as they stood before there were incarnations, ledger numbers of
records, doors and open-login items, and what that version answered a moment later. It is never recorded again.
"""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.ledger import Head
from guestkey.rules.verify import verify
from tests import bus, schedules, stack, table
from tests.calls import Answer, LambdaContext, call, handler
from tests.edge import post
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, SVEN, Caller
from tests.rows_and_columns import each_row

BEFORE: dict[str, Any] = json.loads((stack.PROJECT / "tests/recorded/version_before.json").read_text())
WHO = {"anna": ANNA, "ben": BEN, "carla": CARLA, "sven": SVEN, "dora": DORA, "backend": BACKEND}
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _as_before(world: time_machine.Traveller) -> None:
    """The table of the version before, at the second in which that version answered."""
    table.clear()
    table.put(BEFORE["items"])
    world.move_to(datetime.fromisoformat(BEFORE["at"]), tick=False)


def holds(answer: Any, before: Any) -> bool:
    """Say whether an answer has everything that was answered before; it may have more members."""
    if isinstance(before, dict):
        return isinstance(answer, dict) and all(name in answer and holds(answer[name], before[name]) for name in before)
    if isinstance(before, list):
        return len(answer) == len(before) and all(map(holds, answer, before))
    return bool(answer == before)


def without_cursor(body: Any) -> Any:
    return {name: value for name, value in body.items() if name != "next_cursor"}


def checked(**asked: str) -> str:
    answer = call("POST", "/v1/vendor/checks", {"tenant_id": "acme", "action": "enter"} | asked, caller=BACKEND)
    return str(answer.body["reason"])


def done(method: str, path: str, body: Any = None, *, caller: Caller = ANNA) -> Any:
    answer = call(method, path, body, caller=caller)
    assert answer.status in {200, 201}, answer.text
    return answer.body


# ------------------------------------------------------------------ reading


@each_row("before", BEFORE["answers"], ids=lambda one: f"{one['who']} {one['path']}")
def test_every_list_and_record_is_answered_as_before(before: Any) -> None:
    answer = call("GET", before["path"], caller=WHO[before["who"]])

    assert answer.status == before["status"]
    if answer.status == 200:
        assert holds(without_cursor(answer.body), without_cursor(before["body"])), answer.text


@each_row("before", BEFORE["checks"], ids=lambda one: " ".join(sorted(one["asked"].values())))
def test_every_check_is_answered_as_before(before: Any) -> None:
    answer = call("POST", "/v1/vendor/checks", before["asked"], caller=BACKEND)

    assert holds(answer.body, before["answer"]), (answer.text, before["answer"])


def test_the_open_logins_are_shown_at_once_and_after_the_migration(world: time_machine.Traveller) -> None:
    expected = sorted(BEFORE["logins"].values(), reverse=True)

    def shown() -> list[str]:
        return [one["login_id"] for one in done("GET", "/v1/presence")["items"]]

    def own(agent: Caller) -> list[str]:
        answer = call("GET", "/v1/support/logins", caller=agent, query={"open": "true"})
        return [one["login_id"] for one in answer.body["items"]]

    assert (shown(), own(SVEN), own(DORA)) == (expected, [BEFORE["logins"]["sven"]], [BEFORE["logins"]["dora"]])
    for _ in range(2):
        handler("cleanup")({}, LambdaContext())
        world.shift(15 * MINUTE)
    handler("cleanup")({}, LambdaContext())
    assert [item["SK"]["S"] for item in table.items("TENANT#acme", "IN#")] == [f"IN#{id}" for id in sorted(expected)]
    assert (shown(), own(SVEN), own(DORA)) == (expected, [BEFORE["logins"]["sven"]], [BEFORE["logins"]["dora"]])


def test_the_requests_that_wait_are_counted() -> None:
    assert done("GET", "/v1/pulse")["requests_waiting"] == len(BEFORE["pending"])


# ------------------------------------------------------------------ going on


def test_every_change_continues_the_table_and_the_ledger_verifies(world: time_machine.Traveller) -> None:
    schedules.make_group()
    asked, declined = BEFORE["pending"]
    with post.fake_ses(), bus.taking():
        done("POST", f"/v1/requests/{asked}/approve", {"period": "1h"})
        done("POST", f"/v1/requests/{declined}/decline", {"note": "Not now"})
        assert done("GET", "/v1/pulse")["requests_waiting"] == 0
        done("POST", f"/v1/support/logins/{BEFORE['logins']['sven']}/end", caller=SVEN)
        done("DELETE", f"/v1/grants/{BEFORE['grant_of_hours']}")
        again = done("POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "Once more"}, caller=SVEN)
        assert checked(agent_id="sven", login_id=again["login_id"]) == "granted"
        done("DELETE", f"/v1/grants/{BEFORE['grant_of_a_week']}")
        assert checked(agent_id="dora", login_id=BEFORE["logins"]["dora"]) == "no_live_grant"
        open_call = done("GET", "/v1/callbacks/open")
        done("DELETE", f"/v1/callbacks/{open_call['callback_id']}")
        done("POST", "/v1/support/requests", {"tenant_id": "acme", "reason": "A new request"}, caller=DORA)
        world.shift(2 * MINUTE)
        handler("cleanup")({}, LambdaContext())

    [ended] = [one for one in done("GET", "/v1/logins")["items"] if one["login_id"] == BEFORE["logins"]["dora"]]
    assert (ended["end"], ended["end_cause"]) == ("access_over", "revoked")
    lines, head = exported()
    numbers = [json.loads(line)["seq"] for line in lines]
    assert numbers == list(range(1, len(numbers) + 1))
    was = max(int(item["seq"]["N"]) for item in BEFORE["items"] if item["PK"]["S"] == "TENANT#acme" and "hash" in item)
    assert 1 < was < len(numbers) - 8
    assert not verify([line.encode() for line in lines], Head.parse(head)).findings


def test_a_leaver_ends_what_was_given_before() -> None:
    agent = {"name": "Dora Vogel", "email": "dora@vendor.example", "departments": ["development"]}
    for active in (False, True):
        done("PUT", "/v1/vendor/agents/dora", agent | {"active": active}, caller=BACKEND)

    assert checked(agent_id="dora") == checked(agent_id="dora", login_id=BEFORE["logins"]["dora"]) == "no_live_grant"
    [login] = [one for one in done("GET", "/v1/logins")["items"] if one["login_id"] == BEFORE["logins"]["dora"]]
    assert login["end_cause"] == "agent_left"
    assert call("POST", f"/v1/requests/{BEFORE['pending'][1]}/approve", {}, caller=ANNA).code == "request_closed"


def exported() -> tuple[list[str], str]:
    lines: list[str] = []
    query: str | None = "?limit=100"
    answer: Answer | None = None
    while query:
        answer = call("GET", "/v1/ledger", caller=ANNA, query=query.removeprefix("?"))
        lines += answer.text.splitlines()
        query = answer.next_link
    assert answer
    return lines, str(answer.headers["guestkey-head"])


def test_what_has_no_level_and_no_kind_reads_as_to_change_a_person_and_false() -> None:
    shown = done("GET", "/v1/grants")["items"] + done("GET", "/v1/requests")["items"]

    assert {one["access"] for one in [*shown, *done("GET", "/v1/logins")["items"]]} == {"change"}
    assert {one["may_automate"] for one in shown if "may_automate" in one} == {False}
    agents = [one["agent"] for one in done("GET", "/v1/logins")["items"]]
    assert {(one["kind"], one["accountable"]) for one in agents} == {("person", None)}
    assert checked(agent_id="sven", action="change") == checked(agent_id="sven") == "granted"
