"""DELETE /v1/support/requests/{request_id}: the agent withdraws a request."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.requests import Request
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row
from tests.store import wire

DAY = timedelta(days=1)


def withdraw(request_id: str, *, caller: Caller = SVEN, **how: Any) -> Answer:
    return call("DELETE", f"/v1/support/requests/{request_id}", caller=caller, **how)


def approve(request: Request) -> Answer:
    return call("POST", f"/v1/requests/{request.request_id}/approve", caller=ANNA)


# ------------------------------------------------------------------ it works


def test_sven_withdraws_his_request(world: time_machine.Traveller) -> None:
    request = factories.requested()
    before = call("GET", f"/v1/requests/{request.request_id}", caller=ANNA).body
    world.shift(timedelta(minutes=5))
    answer = withdraw(request.request_id)

    assert answer.status == 200
    assert answer.body == before | {"state": "withdrawn"}
    assert call("GET", f"/v1/requests/{request.request_id}", caller=ANNA).body == answer.body


def test_it_cannot_be_approved_any_more() -> None:
    request = factories.requested()
    withdraw(request.request_id)

    answer = approve(request)
    assert (answer.status, answer.body["state"], answer.body["grant_id"]) == (409, "withdrawn", None)


def test_it_is_in_the_ledger() -> None:
    request = factories.requested()
    withdraw(request.request_id)

    last = json.loads(call("GET", "/v1/ledger", caller=ANNA).text.splitlines()[-1])
    assert (last["what"], last["about"], last["data"]) == ("request.withdrawn", request.request_id, {})
    assert last["by"] == {"type": "agent", "id": "sven"}


def test_it_is_not_due_any_more() -> None:
    request = factories.requested()
    withdraw(request.request_id)

    kept = table.one(keys.request("acme", request.request_id))
    assert kept and kept.keys().isdisjoint({"due", "due_at"})


# ------------------------------------------------------------------ twice, too late


@pytest.mark.parametrize("later", [timedelta(minutes=5), 2 * DAY])
def test_withdrawing_twice_answers_the_same_and_writes_once(later: timedelta, world: time_machine.Traveller) -> None:
    request = factories.requested()
    first = withdraw(request.request_id)
    world.shift(later)
    with table.unchanged():
        again = withdraw(request.request_id)

    assert tuple(again) == tuple(first)


def test_an_approved_request_stays_approved(world: time_machine.Traveller) -> None:
    request = factories.requested()
    grant = factories.approved(request)
    world.shift(2 * DAY)
    with table.unchanged():
        answer = withdraw(request.request_id)

    assert (answer.status, answer.code) == (409, "request_closed")
    assert (answer.body["state"], answer.body["grant_id"]) == ("approved", grant.grant_id)


def test_a_declined_request_stays_declined() -> None:
    request = factories.requested()
    factories.declined(request)
    with table.unchanged():
        answer = withdraw(request.request_id)

    assert (answer.code, answer.body["state"], answer.body["grant_id"]) == ("request_closed", "declined", None)


def test_an_expired_request_cannot_be_withdrawn(world: time_machine.Traveller) -> None:
    first, second = factories.requested(), factories.requested()
    world.shift(DAY - timedelta(seconds=1))
    assert withdraw(first.request_id).status == 200

    world.shift(timedelta(seconds=1))
    with table.unchanged():
        answer = withdraw(second.request_id)
    assert (answer.status, answer.code) == (410, "request_expired")


# ------------------------------------------------------------------ at the same moment


def test_two_who_withdraw_it_at_the_same_moment_get_the_same_answer() -> None:
    request = factories.requested()
    with table.meanwhile(lambda: withdraw(request.request_id)):
        answer = withdraw(request.request_id)

    assert (answer.status, answer.body["state"]) == (200, "withdrawn")
    assert factories.what_happened() == ["request.made", "request.withdrawn"]


def test_an_approval_that_came_first_wins() -> None:
    request = factories.requested()
    with table.meanwhile(lambda: approve(request)):
        answer = withdraw(request.request_id)

    assert (answer.status, answer.body["state"]) == (409, "approved")
    assert factories.what_happened() == ["request.made", "request.approved", "grant.given"]


def test_a_withdrawal_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    request = factories.requested()
    with table.meanwhile(lambda: factories.grant(DORA)):
        assert withdraw(request.request_id).status == 200

    assert factories.what_happened() == ["request.made", "grant.given", "request.withdrawn"]


@pytest.mark.parametrize(("losses", "status"), [(3, 200), (4, 503)])
def test_a_condition_that_fails_without_a_visible_cause_is_tried_four_times(losses: int, status: int) -> None:
    request = factories.requested()

    def script(sent: wire.Request, pass_on: wire.Send) -> Any:
        is_lost = sent.is_write and sent.nth <= losses
        return wire.cancelled(sent, "ConditionalCheckFailed", "TENANT#acme", keys.REQUEST) if is_lost else pass_on()

    with wire.through(script):
        assert withdraw(request.request_id).status == status


# ------------------------------------------------------------------ refused callers


def test_another_agents_request_gets_the_same_404_as_an_unknown_one() -> None:
    request = factories.requested()
    with table.unchanged():
        foreign, unknown = (withdraw(id, caller=DORA) for id in (request.request_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert (foreign.text, foreign.headers) == (unknown.text, unknown.headers)


def test_a_malformed_id_is_not_found() -> None:
    for request_id in invalid_inputs.NO_IDS:
        answer = withdraw(request_id)
        assert (answer.status, answer.text) == (404, withdraw(invalid_inputs.UNKNOWN_ID).text)


def test_an_agent_who_became_inactive_cannot_withdraw_it_any_more() -> None:
    request = factories.requested()
    factories.agent("sven", is_active=False)

    assert withdraw(request.request_id).code == "agent_inactive"


@each_row("caller", [EMIL, SVEN.but(sub="nobody"), BEN])
def test_only_an_active_agent_is_accepted(caller: Caller) -> None:
    for request_id in (invalid_inputs.UNKNOWN_ID, "x"):
        assert withdraw(request_id, caller=caller).code == "agent_inactive"


def test_a_token_that_acts_for_sven_is_refused() -> None:
    request = factories.requested()
    with table.unchanged():
        assert withdraw(request.request_id, caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert withdraw(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


@each_row(
    ("how", "code"),
    [
        ({"raw": "{"}, "json_invalid"),
        ({"raw": "[1]"}, "input_invalid"),
        ({"raw": "{}", "headers": invalid_inputs.PLAIN}, "not_json"),
    ],
)
def test_an_unexpected_body_must_be_a_json_object(how: dict[str, Any], code: str) -> None:
    request = factories.requested()
    with table.unchanged():
        assert withdraw(request.request_id, **how).code == code
        assert withdraw(request.request_id, caller=EMIL, **how).code == "agent_inactive"
