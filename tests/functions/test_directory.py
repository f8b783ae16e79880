"""GET /v1/directory: the agents and departments that a user can let in."""

from typing import Any

import pytest

from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, CARLA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row


def get(q: str | None = None, *, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/directory", caller=caller, query=None if q is None else {"q": q})


def names(q: str) -> tuple[list[str], list[str]]:
    body = get(q).body
    return [who["name"] for who in body["departments"]], [who["name"] for who in body["agents"]]


def test_anna_sees_active_agents_and_departments_by_name_and_no_addresses() -> None:
    with table.unchanged():
        answer = get()

    assert answer.status == 200
    assert answer.body == {
        "departments": [{"id": "development", "name": "Development"}, {"id": "support", "name": "Support"}],
        "agents": [
            {"id": "dora", "name": "Dora Vogel", "kind": "person", "accountable": None, "departments": ["development"]},
            {"id": "sven", "name": "Sven Brandt", "kind": "person", "accountable": None, "departments": ["support"]},
        ],
    }
    assert "@" not in answer.text


def test_it_is_the_same_for_every_tenant() -> None:
    assert get(caller=CARLA).body == get().body


@each_row(
    ("q", "found"),
    [
        ("", (["Development", "Support"], ["Dora Vogel", "Sven Brandt"])),
        ("   ", (["Development", "Support"], ["Dora Vogel", "Sven Brandt"])),
        ("sv", ([], ["Sven Brandt"])),
        ("BRANDT", ([], ["Sven Brandt"])),
        ("bra sv", ([], ["Sven Brandt"])),
        ("sv vogel", ([], [])),
        ("sven support", ([], ["Sven Brandt"])),
        ("SUPP sv", ([], ["Sven Brandt"])),
        ("sven development", ([], [])),
        ("support", (["Support"], ["Sven Brandt"])),
        ("en", ([], [])),
        ("d", (["Development"], ["Dora Vogel"])),
        ("emil", ([], [])),
        (".*", (["Development", "Support"], ["Dora Vogel", "Sven Brandt"])),
        ("%", (["Development", "Support"], ["Dora Vogel", "Sven Brandt"])),
    ],
)
def test_each_word_begins_a_word_of_the_name(q: str, found: tuple[list[str], list[str]]) -> None:
    assert names(q) == found


@each_row("q", ["loïc", "LOIC", "müller", "muller", "Mu\u0308ller", "loic mull", "mueller loic"])
def test_case_and_accents_do_not_matter(q: str) -> None:
    factories.agent("loic", name="Loïc Müller-Strauß")

    assert names(q) == ([], ["Loïc Müller-Strauß"])


def test_an_agent_who_becomes_inactive_disappears_until_active_again() -> None:
    factories.agent("sven", "support", name="Sven Brandt", is_active=False)
    assert names("sven") == ([], [])

    factories.agent("sven", name="Sven Brandt")
    assert names("sven") == ([], ["Sven Brandt"])


def test_a_new_department_is_there_and_a_renamed_one_has_its_new_name() -> None:
    factories.department("billing", "Abrechnung")
    factories.department("support", "Hilfe")

    assert names("")[0] == ["Abrechnung", "Development", "Hilfe"]


@each_row("q", ["a" * 100, "🔑", "a,b", "%_", "؀"])
def test_any_valid_search_is_answered(q: str) -> None:
    assert get(q).status == 200


@pytest.mark.parametrize("q", invalid_inputs.TRICKS)
def test_a_search_is_one_line_without_deceptive_characters(q: str) -> None:
    assert get(q).code == "input_invalid"


def test_a_search_is_at_most_100_characters_long() -> None:
    answer = get("a" * 101)

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert answer.body["errors"][0]["pointer"] == "query/q"


@each_row("query", ["q=a&q=b", "q", "q=%ff", "Q=a", "surprise=1"])
def test_odd_query_strings_cause_no_error(query: str) -> None:
    assert call("GET", "/v1/directory", caller=ANNA, query=query).status in (200, 422)


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused() -> None:
    answer = get(caller=BEN)

    assert (answer.status, answer.code) == (403, "right_missing")


def test_the_input_comes_before_the_right() -> None:
    assert get("a" * 101, caller=BEN).code == "input_invalid"


def test_a_token_that_acts_for_anna_is_refused() -> None:
    assert get(caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Any) -> None:
    assert get(caller=caller).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_no_tenant() -> None:
    assert get(caller=ANNA.but(tenant_id="nobody")).code == "tenant_unknown"


# ------------------------------------------------------------------ agents


def test_an_agent_finds_active_colleagues() -> None:
    found = call("GET", "/v1/support/directory", caller=SVEN, query={"q": "dora"})

    assert found.body == {
        "departments": [],
        "agents": [
            {"id": "dora", "name": "Dora Vogel", "kind": "person", "accountable": None, "departments": ["development"]}
        ],
    }
    assert call("GET", "/v1/support/directory", caller=SVEN).body == get().body


def test_an_inactive_agent_finds_no_colleague() -> None:
    assert call("GET", "/v1/support/directory", caller=EMIL).code == "agent_inactive"
