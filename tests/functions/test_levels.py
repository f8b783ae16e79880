"""Levels of access, and agents that are software: given, asked for, approved, checked and shown."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey import settings
from guestkey.rules.levels import AccessLevel
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, table
from tests.calls import Answer, LambdaContext, call, handler
from tests.edge import post as mailing
from tests.personas import ANNA, BACKEND, ROBO, SVEN, Caller
from tests.rows_and_columns import each_row

KINDS_BEFORE = {"live_key", "request", "agent"}
"""Kinds of items that code from before there were levels reads, without their restriction."""
ROBOT = {
    "name": "Robo",
    "email": "robo@vendor.example",
    "departments": ["support"],
    "active": True,
    "kind": "software",
    "accountable": "dora",
}


def check(action: str, agent: Caller = SVEN, tenant_id: str = "acme") -> Any:
    asked = {"tenant_id": tenant_id, "agent_id": agent.id, "action": action}
    return call("POST", "/v1/vendor/checks", asked, caller=BACKEND).body


def reasons(agent: Caller = SVEN) -> list[str]:
    return [check(action, agent)["reason"] for action in ("view", "change", "enter", "export")]


def give(grantee: dict[str, str], caller: Caller = ANNA, **how: Any) -> Answer:
    return call("POST", "/v1/grants", {"grantee": grantee, **how}, caller=caller)


def put_robo(**changes: Any) -> Answer:
    return call("PUT", "/v1/vendor/agents/robo", ROBOT | changes, caller=BACKEND)


def put_dora(**changes: Any) -> Answer:
    dora = {"name": "Dora Vogel", "email": "dora@vendor.example", "departments": ["development"], "active": True}
    return call("PUT", "/v1/vendor/agents/dora", dora | changes, caller=BACKEND)


def kind_of(key: keys.Key) -> str:
    item = table.one(key)
    assert item
    return str(item["kind"]["S"])


AGENT, SUPPORT = {"type": "agent", "id": "sven"}, {"type": "department", "id": "support"}
ROBO_ITSELF = {"type": "agent", "id": "robo"}

# ------------------------------------------------------------------ levels


def test_a_grant_to_view_allows_viewing_alone_and_is_unreadable_for_code_of_before() -> None:
    given = give(AGENT, access="view").body

    assert (given["access"], given["may_automate"]) == ("view", False)
    assert reasons() == ["granted", "change_not_granted", "change_not_granted", "export_not_granted"]
    assert (check("view")["access"], check("change")["access"]) == ("view", None)
    assert kind_of(keys.live("acme", given["grant_id"])) not in KINDS_BEFORE


def test_a_grant_to_change_is_read_by_code_of_before_as_ever() -> None:
    given = give(SUPPORT, access="change").body

    assert kind_of(keys.live("acme", given["grant_id"])) == "live_key"
    assert reasons() == ["granted", "granted", "granted", "export_not_granted"]


def test_a_revoked_grant_to_view_allows_nothing() -> None:
    given = give(AGENT, access="view").body

    assert call("DELETE", f"/v1/grants/{given['grant_id']}", caller=ANNA).status == 200
    assert set(reasons()) == {"no_live_grant"}


def test_a_live_key_to_view_that_lost_its_level_bars_everything() -> None:
    key = keys.live("acme", give(AGENT, access="view").body["grant_id"])
    item = table.one(key)
    assert item
    table.put([{name: value for name, value in item.items() if name != "access"}])

    assert set(reasons()) == {"locked"}


def test_the_stacks_default_is_the_level_of_a_grant_and_a_request_that_name_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "DEFAULT_ACCESS", AccessLevel.VIEW)
    asked = {"tenant_id": "acme", "reason": "The import stands still"}

    assert call("GET", "/v1/me", caller=ANNA).body["default_access"] == "view"
    assert give(AGENT).body["access"] == "view"
    assert give(AGENT, access="change").body["access"] == "change"
    assert call("POST", "/v1/support/requests", asked, caller=SVEN).body["access"] == "view"


@each_row(
    ("asked", "said", "given"),
    [
        ("change", {}, "change"),
        ("change", {"access": "view"}, "view"),
        ("change", {"access": "change"}, "change"),
        ("view", {}, "view"),
        ("view", {"access": None}, "view"),
        ("view", {"access": "view"}, "view"),
        ("view", {"access": "change"}, "change_not_asked"),
    ],
)
def test_an_approval_may_lower_the_level_and_never_raise_it(asked: str, said: dict[str, Any], given: str) -> None:
    request = factories.requested(access=asked)

    answer = call("POST", f"/v1/requests/{request.request_id}/approve", said, caller=ANNA)

    assert given == (answer.code or answer.body["access"])


def test_a_request_to_view_is_unreadable_for_code_of_before_and_expires_as_any(world: time_machine.Traveller) -> None:
    request = factories.requested(access="view")

    assert kind_of(keys.request("acme", request.request_id)) not in KINDS_BEFORE
    [shown] = call("GET", "/v1/requests", caller=ANNA, query={"state": "pending"}).body["items"]
    assert (shown["access"], shown["may_export"]) == ("view", False)
    world.shift(timedelta(hours=25))
    assert handler("cleanup")({"source": "aws.events"}, LambdaContext()) is None
    assert factories.what_happened()[-1] == "request.expired"


def test_a_login_has_the_union_of_its_moment() -> None:
    give(AGENT, access="view", period="1w")
    viewing, body = factories.login(), {"tenant_id": "acme", "reason": "The import stands still"}
    give(SUPPORT, access="change")

    assert viewing.access is AccessLevel.VIEW
    assert call("POST", "/v1/support/logins", body, caller=SVEN).body["access"] == "change"
    [place] = call("GET", "/v1/support/access", caller=SVEN).body["items"]
    assert place["access"] == "change"


# ------------------------------------------------------------------ software


def test_a_departments_grant_covers_software_only_where_it_says_so() -> None:
    put_robo()
    give(SUPPORT)
    assert set(reasons(ROBO)) == {"not_for_software"}
    login = call("POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "Nightly import"}, caller=ROBO)
    assert login.code == "no_live_grant"

    give(SUPPORT, access="view", may_automate=True)

    assert check("view", ROBO)["allowed"]
    assert check("change", ROBO)["reason"] == "change_not_granted"
    assert kind_of(keys.agent("robo")) not in KINDS_BEFORE


def test_may_automate_is_for_departments() -> None:
    put_robo()

    assert give(ROBO_ITSELF, may_automate=True).code == "input_invalid"
    assert give(ROBO_ITSELF).status == 201
    assert check("change", ROBO)["allowed"]


@each_row(
    ("changes", "code"),
    [
        ({"accountable": None}, "input_invalid"),
        ({"kind": "person"}, "input_invalid"),
        ({"kind": "robot"}, "input_invalid"),
        ({"accountable": "emil"}, "accountable_unknown"),
        ({"accountable": "nobody"}, "accountable_unknown"),
        ({"accountable": "robo"}, "accountable_unknown"),
        ({"accountable": "nobody", "active": False}, "accountable_unknown"),
        ({"accountable": "emil", "active": False}, None),
    ],
)
def test_active_software_names_an_active_person(changes: dict[str, Any], code: str | None) -> None:
    assert put_robo(**changes).code == code


def test_software_cannot_be_accountable_for_software() -> None:
    put_robo()

    answer = call("PUT", "/v1/vendor/agents/r2", ROBOT | {"name": "R2", "accountable": "robo"}, caller=BACKEND)

    assert answer.code == "accountable_unknown"


@pytest.mark.parametrize("ending", [{"active": False}, {"kind": "software", "accountable": "sven"}])
def test_software_is_inactive_with_its_person_and_stays_so(ending: dict[str, Any]) -> None:
    put_robo()
    given = give(ROBO_ITSELF).body["grant_id"]
    login = factories.login(ROBO)
    assert check("view", ROBO)["allowed"]

    put_dora(**ending)

    assert check("view", ROBO)["reason"] == "agent_inactive"
    assert call("GET", f"/v1/grants/{given}", caller=ANNA).body["end"] == "agent_left"
    put_dora()
    assert check("view", ROBO)["reason"] == "agent_inactive"
    put_robo(accountable="sven")
    assert check("view", ROBO)["reason"] == "no_live_grant"
    [shown] = call("GET", "/v1/logins", caller=ANNA).body["items"]
    assert (shown["login_id"], shown["end_cause"]) == (login.login_id, "agent_left")


def test_software_goes_on_when_another_person_becomes_accountable() -> None:
    put_robo()
    give(ROBO_ITSELF)
    put_robo(accountable="sven")

    put_dora(active=False)

    assert check("change", ROBO)["allowed"]
    [shown] = call("GET", "/v1/grants", caller=ANNA).body["items"]
    assert shown["grantee"]["accountable"] == {"id": "sven", "name": "Sven Brandt"}


def test_software_is_renamed_under_the_same_person_and_is_inactive_if_the_person_leaves_at_that_moment() -> None:
    put_robo()
    assert put_robo(name="Robo 2").body["name"] == "Robo 2"
    with table.meanwhile(lambda: put_dora(active=False)):
        renamed = put_robo(name="Robo 3").body
    assert (renamed["name"], renamed["active"]) == ("Robo 3", False)

    assert check("view", ROBO)["reason"] == "agent_inactive"


def test_of_a_registration_and_a_leaving_at_one_moment_both_count() -> None:
    with table.meanwhile(lambda: put_dora(active=False)):
        assert put_robo().code == "accountable_unknown"
    put_dora()
    put_robo()
    with table.meanwhile(lambda: put_robo(accountable="sven")):
        put_dora(active=False)

    assert check("view", ROBO)["reason"] == "no_live_grant"


def test_a_person_is_accountable_for_twenty_agents_at_most() -> None:
    for number in range(20):
        factories.agent(f"r{number}", accountable="dora")

    answer = put_robo()

    assert (answer.code, answer.body["errors"][0]["pointer"]) == ("input_invalid", "/accountable")
    put_dora(active=False)
    assert {check("view", ROBO.but(sub=f"r{number}"))["reason"] for number in range(20)} == {"agent_inactive"}


def test_a_grant_to_a_person_is_none_to_a_program_that_follows_under_the_id() -> None:
    factories.grant(SVEN)
    sven = {"name": "Sven Brandt", "email": "sven@vendor.example", "departments": ["support"], "active": True}

    call("PUT", "/v1/vendor/agents/sven", sven | {"kind": "software", "accountable": "dora"}, caller=BACKEND)

    assert set(reasons()) == {"no_live_grant"}


def test_lists_and_presence_say_that_it_is_software_and_who_is_accountable() -> None:
    put_robo()
    request = factories.requested(ROBO)
    factories.approved(request)
    factories.login(ROBO)
    put_dora(name="Dora Falk")

    def agents(path: str, member: str = "agent", caller: Caller = ANNA) -> list[Any]:
        return [one[member] for one in call("GET", path, caller=caller).body["items"]]

    then, now = {"id": "dora", "name": "Dora Vogel"}, {"id": "dora", "name": "Dora Falk"}
    for path, member, person in (
        ("/v1/grants", "grantee", now),
        ("/v1/logins", "agent", then),
        ("/v1/requests", "agent", then),
        ("/v1/presence", "agent", now),
    ):
        [one] = agents(path, member)
        assert (one["kind"], one["accountable"]) == ("software", person), path
    found = call("GET", "/v1/directory", caller=ANNA, query={"q": "robo"}).body["agents"]
    assert [(one["kind"], one["accountable"]) for one in found] == [("software", now)]
    assert {one["kind"] for one in agents("/v1/support/logins", caller=ROBO)} == {"software"}
    [entry] = [one for one in ledger.entries_after("acme", 0, 100) if one.what == "login.recorded"]
    assert (entry.data["accountable_id"], entry.data["access"]) == ("dora", "change")


def test_mails_say_that_it_is_software(mails: list[mailing.Sent]) -> None:
    put_robo()
    asked = {"tenant_id": "acme", "reason": "The nightly import", "access": "view"}

    assert call("POST", "/v1/support/requests", asked, caller=ROBO).body["mail"] == "sent"

    text = mailing.read(mailing.as_mailed(mails[0])).text.replace("\u00a0", " ")
    assert "Robo (Support · robo · Software; verantwortlich: Dora Vogel)" in text
    assert "Zugriff: nur ansehen" in text
