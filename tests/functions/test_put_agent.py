"""PUT /v1/vendor/agents/{agent_id}: the vendor registers an agent, or moves one to other departments."""

from datetime import timedelta
from typing import Any

import time_machine

from guestkey.store.registry import people
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import LONG_AGO, MONDAY_NOON
from tests.personas import ANNA, BACKEND, SVEN, Caller
from tests.rows_and_columns import each_row

LISA = {"name": "Lisa Lang", "email": "lisa@vendor.example", "departments": ["support"], "active": True}
SVENS = {"name": "Sven Brandt", "email": "sven@vendor.example", "departments": ["support"], "active": True}


def put(body: Any = LISA, agent_id: str = "lisa", *, caller: Caller = BACKEND, **how: Any) -> Answer:
    return call("PUT", f"/v1/vendor/agents/{agent_id}", None if "raw" in how else body, caller=caller, **how)


def may_enter(agent_id: str) -> bool:
    asked = {"tenant_id": "acme", "agent_id": agent_id, "action": "enter"}
    return call("POST", "/v1/vendor/checks", asked, caller=BACKEND).body["allowed"] is True


def changed_at(agent_id: str = "sven") -> Any:
    found = people.agent(agent_id)
    assert found
    return found.changed_at


# ------------------------------------------------------------------ it works


def test_a_new_agent_can_be_let_in() -> None:
    assert tuple(put()) == (200, {"id": "lisa", **LISA, "kind": "person", "accountable": None})

    given = call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "lisa"}}, caller=ANNA)
    assert given.body["grantee"]["name"] == "Lisa Lang"
    assert may_enter("lisa")


def test_a_change_of_department_counts_from_the_next_check_on() -> None:
    factories.grant("support")
    assert may_enter("sven")

    put(SVENS | {"departments": ["development"]}, "sven")
    put()
    assert not may_enter("sven")
    assert may_enter("lisa")


def test_an_inactive_agent_is_denied_from_the_next_check_on_and_comes_back_only_by_a_departments_grant() -> None:
    factories.grant()
    put(SVENS | {"active": False}, "sven")
    assert not may_enter("sven")
    assert call("GET", "/v1/support/access", caller=SVEN).code == "agent_inactive"

    put(SVENS, "sven")
    assert not may_enter("sven")
    factories.grant("support")
    assert may_enter("sven")


def test_an_agent_may_belong_to_no_department_and_to_several_each_once() -> None:
    assert put(LISA | {"departments": []}).body["departments"] == []
    twice = ["support", "development", "support"]
    assert put(LISA | {"departments": twice}).body["departments"] == ["support", "development"]


def test_the_time_of_the_last_change_of_departments_or_activity_is_stored(world: time_machine.Traveller) -> None:
    put(SVENS | {"name": "Sven Neumann", "email": "neumann@vendor.example"}, "sven")
    assert changed_at() == LONG_AGO, "a new name changes no access"

    put(SVENS | {"departments": ["support", "development"]}, "sven")
    assert changed_at() == MONDAY_NOON
    world.shift(timedelta(hours=1))
    put(SVENS | {"departments": ["development", "support"]}, "sven")
    assert changed_at() == MONDAY_NOON, "another order is no change"
    put(SVENS | {"departments": ["development", "support"], "active": False}, "sven")
    assert changed_at() == MONDAY_NOON + timedelta(hours=1)


def test_the_same_again_changes_nothing() -> None:
    with table.unchanged():
        assert put(SVENS, "sven").status == 200


# ------------------------------------------------------------------ bad input


def test_an_unregistered_department_is_refused() -> None:
    with table.unchanged():
        answer = put(LISA | {"departments": ["support", "nobody"]})

    assert (answer.status, answer.code) == (422, "department_unknown")


@each_row(("sent", "status", "code"), invalid_inputs.bodies(LISA))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    with table.unchanged():
        answer = put(**sent)

    assert (answer.status, answer.code) == (status, code)


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        name=[*invalid_inputs.NO_TEXTS, "", "x" * 201, *invalid_inputs.TRICKS],
        email=[*invalid_inputs.NO_TEXTS, "", "lisa", "lisa@vendor.example\n, x@y.example", "Lisa <l@vendor.example>"],
        departments=["support", None, {}, [1], [None], ["~support"], [["support"]], ["support"] * 51],
        active=invalid_inputs.NO_BOOLEANS,
    ),
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    with table.unchanged():
        answer = put(LISA | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert {fault["pointer"].split("/")[1] for fault in answer.body["errors"]} == {field}


@each_row("field", LISA)
def test_a_missing_field_is_named(field: str) -> None:
    answer = put({name: value for name, value in LISA.items() if name != field})

    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


@each_row("agent_id", ["~lisa", "|a", "a" * 129, "a%20b"])
def test_a_malformed_id_is_refused(agent_id: str) -> None:
    answer = put(agent_id=agent_id)

    assert answer.code == "input_invalid"
    assert answer.body["errors"][0]["pointer"] == "path/agent_id"


# ------------------------------------------------------------------ refused callers


def test_a_token_that_acts_for_the_backend_is_refused() -> None:
    with table.unchanged():
        assert put(caller=BACKEND.acting()).code == "acting_for_another"


def test_a_token_that_names_no_backend_is_refused() -> None:
    assert put(caller=BACKEND.but(sub=None)).code == "claims_missing"


# ------------------------------------------------------------------ at the same moment


def test_of_two_who_move_an_agent_at_the_same_moment_the_later_is_not_lost(world: time_machine.Traveller) -> None:
    move_away = SVENS | {"departments": ["development"]}
    with table.meanwhile(lambda: put(SVENS | {"name": "S. Brandt"}, "sven")):
        assert put(move_away, "sven").status == 200

    found = people.agent("sven")
    assert found and (found.departments, found.name) == (("development",), "Sven Brandt")
