"""POST /v1/support/logins/{login_id}/end: the agent ends the login; the end of access ends it too."""

import json
from datetime import timedelta
from typing import Any

import time_machine

from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row


def end(login_id: str, *, caller: Caller = SVEN, **how: Any) -> Answer:
    return call("POST", f"/v1/support/logins/{login_id}/end", caller=caller, **how)


def test_sven_ends_his_login(world: time_machine.Traveller) -> None:
    factories.grant()
    login = factories.login()
    world.shift(timedelta(minutes=5))
    answer = end(login.login_id)

    assert answer.status == 200
    assert answer.body["login_id"] == login.login_id
    assert (answer.body["ended_at"], answer.body["end"]) == ("2026-11-23T12:05:00Z", "logged_out")


def test_anna_sees_how_it_ended(world: time_machine.Traveller) -> None:
    factories.grant()
    shown = end(factories.login().login_id).body

    [listed] = call("GET", "/v1/logins", caller=ANNA).body["items"]
    of_the_overview = {
        "agent": shown["agent"] | {"present_name": None},
        "granted_by": {"user_id": "anna", "name": "Anna Albrecht"},
    }
    assert listed == shown | of_the_overview


def test_it_is_in_the_ledger() -> None:
    factories.grant()
    login = factories.login()
    end(login.login_id)

    last = json.loads(call("GET", "/v1/ledger", caller=ANNA).text.splitlines()[-1])
    assert (last["what"], last["about"]) == ("login.ended", login.login_id)
    assert last["data"] == {"end": "logged_out", "ended_at": "2026-11-23T12:00:00Z"}
    assert last["by"] == {"type": "agent", "id": "sven"}


# ------------------------------------------------------------------ twice, too late


def test_ending_it_twice_answers_the_same_and_writes_once(world: time_machine.Traveller) -> None:
    factories.grant()
    login = factories.login()
    first = end(login.login_id)
    world.shift(timedelta(minutes=5))
    with table.unchanged():
        again = end(login.login_id)

    assert tuple(again) == tuple(first)


def test_a_login_that_time_has_ended_reads_as_ended_then(world: time_machine.Traveller) -> None:
    factories.grant()
    login = factories.login()
    world.shift(timedelta(hours=3))
    with table.unchanged():
        answer = end(login.login_id)

    assert (answer.status, answer.body["end"]) == (200, "access_over")
    assert answer.body["ended_at"] == "2026-11-23T13:00:00Z"


def test_a_login_that_a_revoke_has_ended_reads_as_ended_then(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    login = factories.login()
    world.shift(timedelta(minutes=10))
    factories.revoked(grant)
    world.shift(timedelta(minutes=10))

    body = end(login.login_id).body
    assert (body["end"], body["ended_at"]) == ("access_over", "2026-11-23T12:10:00Z")


def test_two_who_end_it_at_the_same_moment_get_the_same_answer() -> None:
    factories.grant()
    login = factories.login()
    with table.meanwhile(lambda: end(login.login_id)):
        answer = end(login.login_id)

    assert (answer.status, answer.body["end"]) == (200, "logged_out")
    assert factories.what_happened() == ["grant.given", "login.recorded", "login.ended"]


# ------------------------------------------------------------------ refused callers


def test_another_agents_login_gets_the_same_404_as_an_unknown_one() -> None:
    factories.grant("support")
    login = factories.login()
    with table.unchanged():
        foreign, unknown = (end(id, caller=DORA) for id in (login.login_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert (foreign.text, foreign.headers) == (unknown.text, unknown.headers)


def test_a_malformed_id_is_not_found() -> None:
    for login_id in invalid_inputs.NO_IDS:
        answer = end(login_id)
        assert (answer.status, answer.text) == (404, end(invalid_inputs.UNKNOWN_ID).text)


@each_row("caller", [EMIL, SVEN.but(sub="nobody")])
def test_only_an_active_agent_is_accepted(caller: Caller) -> None:
    for login_id in (invalid_inputs.UNKNOWN_ID, "x"):
        assert end(login_id, caller=caller).code == "agent_inactive"


def test_an_agent_who_became_inactive_cannot_end_it_any_more() -> None:
    factories.grant()
    login = factories.login()
    factories.agent("sven", is_active=False)

    assert end(login.login_id).code == "agent_inactive"


def test_a_token_that_acts_for_sven_is_refused() -> None:
    factories.grant()
    login = factories.login()
    with table.unchanged():
        assert end(login.login_id, caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert end(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


@each_row(
    ("how", "code"),
    [
        ({"raw": "{"}, "json_invalid"),
        ({"raw": "[1]"}, "input_invalid"),
        ({"raw": "{}", "headers": invalid_inputs.PLAIN}, "not_json"),
    ],
)
def test_an_unexpected_body_must_be_a_json_object(how: dict[str, Any], code: str) -> None:
    factories.grant()
    login = factories.login()
    with table.unchanged():
        assert end(login.login_id, **how).code == code
        assert end(login.login_id, caller=EMIL, **how).code == "agent_inactive"
