"""POST /v1/requests/{request_id}/approve: a user lets in the agent of a request."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.grants import MAX_LIVE_GRANTS
from guestkey.rules.requests import Request
from guestkey.store.access import live_keys
from guestkey.store.dynamodb import keys
from guestkey.store.requests import requests
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row, probes
from tests.store import wire

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
WHEN_NO_WISH_STANDS = MONDAY_NOON + 2 * SECOND
KEY = {"Idempotency-Key": "a-key-of-annas"}


def approve(request_id: str, body: Any = None, *, caller: Caller = ANNA, **how: Any) -> Answer:
    return call("POST", f"/v1/requests/{request_id}/approve", body, caller=caller, **how)


def shown(request: Request) -> Any:
    return call("GET", f"/v1/requests/{request.request_id}", caller=ANNA).body


def may_enter(action: str = "enter") -> bool:
    asked = {"tenant_id": "acme", "agent_id": "sven", "action": action}
    return call("POST", "/v1/vendor/checks", asked, caller=BACKEND).body["allowed"] is True


def live() -> list[str]:
    return [key.grant_id for key in live_keys.of_tenant("acme").keys]


# ------------------------------------------------------------------ it works


def test_anna_lets_in_the_agent_who_asked_from_now_on(world: time_machine.Traveller) -> None:
    request = factories.requested(period="4h", may_export=True)
    world.shift(timedelta(hours=23))
    answer = approve(request.request_id, {"may_export": True})

    assert answer.status == 201
    assert answer.body == {
        "grant_id": live()[0],
        "grantee": {
            "type": "agent",
            "id": "sven",
            "name": "Sven Brandt",
            "present_name": None,
            "kind": "person",
            "accountable": None,
        },
        "period": "4h",
        "access": "change",
        "may_export": True,
        "may_automate": False,
        "state": "live",
        "granted_at": "2026-11-24T11:00:00Z",
        "granted_by": {"user_id": "anna", "name": "Anna Albrecht"},
        "ends_at": "2026-11-24T15:00:00Z",
        "review_at": None,
        "review_due": False,
        "revoked_at": None,
        "revoked_by": None,
        "end": None,
        "request_id": request.request_id,
    }
    assert may_enter() and may_enter("export")
    assert call("GET", f"/v1/grants/{answer.body['grant_id']}", caller=GIULIA).body == answer.body


def test_the_request_names_the_approving_user_the_time_and_the_grant() -> None:
    request = factories.requested()
    before = shown(request)
    grant = approve(request.request_id, caller=GIULIA).body

    assert shown(request) == before | {
        "state": "approved",
        "answered_at": "2026-11-23T12:00:00Z",
        "answered_by": {"user_id": "giulia", "name": "Giulia Galli"},
        "grant_id": grant["grant_id"],
    }
    assert call("GET", "/v1/support/requests", caller=SVEN).body["items"] == [shown(request)]


def test_the_ledger_has_the_approval_and_then_the_grant() -> None:
    request = factories.requested()
    grant_id = approve(request.request_id).body["grant_id"]

    lines = call("GET", "/v1/ledger", caller=ANNA).text.splitlines()
    approved, given = (json.loads(line) for line in lines[-2:])
    assert (approved["what"], approved["about"]) == ("request.approved", request.request_id)
    assert approved["data"] == {"grant_id": grant_id}
    assert (given["what"], given["about"]) == ("grant.given", grant_id)
    assert given["data"]["request_id"] == request.request_id
    assert approved["by"] == given["by"] == {"type": "user", "id": "anna"}
    assert (given["seq"], given["prev_hash"]) == (approved["seq"] + 1, approved["hash"])


def test_the_request_is_not_due_any_more_and_the_grant_is() -> None:
    request = factories.requested()
    grant_id = approve(request.request_id).body["grant_id"]

    closed, given = table.one(keys.request("acme", request.request_id)), table.one(keys.grant("acme", grant_id))
    assert closed and given
    assert closed.keys().isdisjoint({"due", "due_at"})
    assert given["due_at"]["S"] == "2026-11-23T13:00:00Z"


def test_sven_can_record_an_entry_under_it() -> None:
    request = factories.requested()
    grant_id = approve(request.request_id).body["grant_id"]

    assert factories.login().grant_id == grant_id


# ------------------------------------------------------------------ other choices than requested


@pytest.mark.parametrize(
    ("period", "ends_at", "review_at"),
    [
        ("1h", "2026-11-23T13:00:00Z", None),
        ("today", "2026-11-23T23:00:00Z", None),
        ("1mo", "2026-12-23T12:00:00Z", None),
        ("permanent", None, "2027-05-22T11:00:00Z"),
    ],
)
def test_anna_may_choose_another_period(period: str, ends_at: str | None, review_at: str | None) -> None:
    request = factories.requested(period="4h")
    body = approve(request.request_id, {"period": period}).body

    assert (body["period"], body["ends_at"], body["review_at"]) == (period, ends_at, review_at)
    assert shown(request)["period"] == "4h", "the requested period is kept"


def test_a_permanent_one_can_be_found_however_old_it_is() -> None:
    grant_id = approve(factories.requested(period="permanent").request_id).body["grant_id"]

    kept = table.one(keys.permanent_grant("acme", grant_id))
    assert kept and "ttl" not in kept
    assert call("GET", "/v1/grants?state=live", caller=ANNA).body["items"][0]["grant_id"] == grant_id


def test_anna_may_drop_the_export() -> None:
    request = factories.requested(may_export=True)

    assert approve(request.request_id, {"may_export": False}).body["may_export"] is False
    assert may_enter() and not may_enter("export")
    assert shown(request)["may_export"] is True, "the requested export is kept"


def test_export_that_was_not_asked_for_is_never_added() -> None:
    request = factories.requested()
    with table.unchanged():
        answer = approve(request.request_id, {"may_export": True})

    assert (answer.status, answer.code) == (422, "export_not_asked")
    assert approve(request.request_id, {"may_export": False}).body["may_export"] is False


@pytest.mark.parametrize("how", [{}, {"body": {}}, {"body": {"period": None, "may_export": None}}, {"raw": ""}])
def test_an_approval_that_says_nothing_keeps_the_period_and_gives_no_export(how: dict[str, Any]) -> None:
    body = approve(factories.requested(period="2h", may_export=True).request_id, **how).body

    assert (body["period"], body["may_export"]) == ("2h", False)
    assert may_enter() and not may_enter("export")


@pytest.mark.parametrize("said", [{"period": "4h"}, {"period": "permanent"}, {"period": "4h", "may_export": None}])
def test_a_choice_of_the_period_says_nothing_of_export(said: dict[str, Any]) -> None:
    request = factories.requested(period="2h", may_export=True)

    assert approve(request.request_id, said).body["may_export"] is False
    assert shown(request)["may_export"] is True


# ------------------------------------------------------------------ refused callers


def test_ben_without_the_right_gets_the_approvers_and_the_request_stays_pending() -> None:
    request = factories.requested()
    with table.unchanged():
        answer = approve(request.request_id, caller=BEN)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert answer.body["ask"] == ["anna@acme.example", "giulia@acme.example"]
    assert approve(request.request_id, caller=GIULIA).status == 201


def test_carla_gets_the_same_404_for_acmes_request_as_for_an_unknown_one() -> None:
    request = factories.requested()
    with table.unchanged():
        foreign, unknown = (approve(id, caller=CARLA) for id in (request.request_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert (foreign.text, foreign.headers) == (unknown.text, unknown.headers)


def test_a_malformed_id_is_not_found() -> None:
    for request_id in invalid_inputs.NO_IDS:
        answer = approve(request_id)
        assert (answer.status, answer.text) == (404, approve(invalid_inputs.UNKNOWN_ID).text)


def test_a_user_of_an_unregistered_tenant_finds_nothing() -> None:
    assert approve(invalid_inputs.UNKNOWN_ID, caller=ANNA.but(tenant_id="nobody")).code == "not_found"
    assert table.items("TENANT#nobody") == []


def test_a_token_that_acts_for_anna_is_refused() -> None:
    request = factories.requested()
    with table.unchanged():
        answer = approve(request.request_id, caller=ANNA.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", invalid_inputs.USERS)
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    request = factories.requested()
    with table.unchanged():
        answer = approve(request.request_id, caller=caller)

    assert (answer.status, answer.code) == (403, "claims_missing")


def test_an_agents_token_lacks_the_tenant_claim() -> None:
    assert approve(factories.requested().request_id, caller=SVEN).code == "claims_missing"


def test_the_grant_has_the_agents_name_of_now_and_the_request_that_of_then(world: time_machine.Traveller) -> None:
    request = factories.requested()
    factories.agent("sven", "support", name="Sven B.")
    body = approve(request.request_id).body
    assert body["grantee"]["name"] == "Sven B.", "a grant has the agent's current name"
    assert shown(request)["agent"]["name"] == "Sven Brandt", "a request keeps the name at the time of asking"


# ------------------------------------------------------------------ bad input


@each_row(
    ("sent", "status", "code"),
    [case for case in invalid_inputs.bodies({"period": "1h"}) if case.id not in {"an empty object", "no body"}],
)
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    request = factories.requested()
    with table.unchanged():
        answer = approve(request.request_id, **sent)

    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("field", "value"),
    invalid_inputs.wrong(
        period=probes(5, "1H", rest=[1.5, True, ["1h"], {}, "", "3h", "1h ", "forever"]),
        may_export=probes("true", 1, rest=[0, "false", "", [], {}]),
        note=["No"],
        grantee=[{"type": "agent", "id": "dora"}],
    ),
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    request = factories.requested(may_export=True)
    with table.unchanged():
        answer = approve(request.request_id, {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert {fault["pointer"].split("/")[1] for fault in answer.body["errors"]} == {field}


# ------------------------------------------------------------------ which refusal comes first


def test_the_claims_come_before_the_input_and_the_input_before_the_right() -> None:
    request_id = factories.requested().request_id

    assert approve(request_id, raw="{", caller=ANNA.acting()).code == "acting_for_another"
    assert approve(request_id, raw="{", caller=BEN).code == "json_invalid"
    assert approve(request_id, {"period": "3h"}, caller=BEN).code == "input_invalid"


def test_the_right_comes_before_existence_and_existence_before_a_stored_response() -> None:
    request = factories.requested()
    assert approve(invalid_inputs.UNKNOWN_ID, caller=BEN).code == "right_missing"

    approve(request.request_id, headers=KEY)
    table.drop(keys.request("acme", request.request_id))
    assert approve(request.request_id, headers=KEY).code == "not_found"


def test_a_stored_response_comes_before_the_state_and_the_state_before_all_else() -> None:
    request = factories.requested()
    kept = approve(request.request_id, headers=KEY)
    factories.agent("sven", is_active=False)
    factories.bulk_live(MAX_LIVE_GRANTS)

    assert approve(request.request_id, headers=KEY).text == kept.text
    assert approve(request.request_id, {"may_export": True}).code == "request_closed"


# ------------------------------------------------------------------ twice, too late


@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=2), 2 * DAY, 300 * DAY], ids=str)
def test_a_second_approval_is_refused_and_the_request_names_the_grant(
    later: timedelta, world: time_machine.Traveller
) -> None:
    request = factories.requested()
    grant_id = approve(request.request_id).body["grant_id"]
    world.shift(later)
    with table.unchanged():
        answer = approve(request.request_id, caller=GIULIA)

    assert (answer.status, answer.code) == (409, "request_closed")
    assert (answer.body["state"], answer.body["grant_id"]) == ("approved", grant_id)


def test_a_grant_that_was_revoked_is_not_given_again_by_the_same_request() -> None:
    request = factories.requested()
    factories.revoked(factories.approved(request))

    assert approve(request.request_id).code == "request_closed"
    assert not may_enter()


@pytest.mark.parametrize(("close", "state"), [(factories.declined, "declined"), (factories.withdrawn, "withdrawn")])
@pytest.mark.parametrize("later", [timedelta(), 2 * DAY], ids=str)
def test_a_declined_or_withdrawn_request_cannot_be_approved(
    close: Callable[[Request], object], state: str, later: timedelta, world: time_machine.Traveller
) -> None:
    request = factories.requested()
    close(request)
    world.shift(later)
    with table.unchanged():
        answer = approve(request.request_id)

    assert (answer.status, answer.body["state"], answer.body["grant_id"]) == (409, state, None)
    assert live() == []


@pytest.mark.parametrize("is_written_down", [True, False])
def test_an_expired_request_cannot_be_approved(is_written_down: bool, world: time_machine.Traveller) -> None:
    request = factories.requested()
    world.shift(DAY)
    if is_written_down:
        requests.expire(request, factories.now())
    with table.unchanged():
        answer = approve(request.request_id)

    assert (answer.status, answer.code) == (410, "request_expired")


def test_a_request_can_be_approved_in_its_last_second(world: time_machine.Traveller) -> None:
    request = factories.requested()
    world.shift(DAY - SECOND)

    assert approve(request.request_id).status == 201


def test_the_501st_live_grant_is_too_many_and_the_request_stays_pending() -> None:
    request = factories.requested()
    factories.bulk_live(MAX_LIVE_GRANTS)
    with table.unchanged():
        answer = approve(request.request_id)

    assert (answer.status, answer.code) == (409, "too_many_grants")
    assert shown(request)["state"] == "pending"


# ------------------------------------------------------------------ an Idempotency-Key


def test_the_same_key_and_body_give_the_first_answer_again(world: time_machine.Traveller) -> None:
    request = factories.requested()
    first = approve(request.request_id, {"period": "2h"}, headers=KEY)
    world.shift(timedelta(hours=3))
    with table.unchanged():
        again = approve(request.request_id, {"period": "2h"}, headers=KEY)

    assert (again.status, again.text) == (201, first.text)
    assert len(live()) == 1


def test_the_same_key_with_another_body_is_refused() -> None:
    request = factories.requested()
    approve(request.request_id, headers=KEY)
    with table.unchanged():
        answer = approve(request.request_id, {"period": "2h"}, headers=KEY)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")


def test_the_same_key_for_another_request_is_another_key() -> None:
    first, second = (approve(factories.requested().request_id, headers=KEY) for _ in range(2))

    assert first.body["grant_id"] != second.body["grant_id"]


def test_the_same_key_of_a_colleague_is_another_key() -> None:
    request = factories.requested()
    approve(request.request_id, headers=KEY)

    assert approve(request.request_id, headers=KEY, caller=GIULIA).code == "request_closed"


def test_a_refused_approval_stores_no_key() -> None:
    request = factories.requested()
    assert approve(request.request_id, {"may_export": True}, headers=KEY).code == "export_not_asked"

    assert approve(request.request_id, headers=KEY).status == 201


def test_the_loser_of_a_race_for_a_key_gets_the_winners_response() -> None:
    request = factories.requested()
    won: list[Answer] = []
    with table.meanwhile(lambda: won.append(approve(request.request_id, headers=KEY))):
        lost = approve(request.request_id, headers=KEY)

    assert (lost.status, lost.text) == (201, won[0].text)
    assert len(live()) == 1


# ------------------------------------------------------------------ at the same moment


def test_of_two_approvals_at_the_same_moment_one_gives_a_grant_and_the_other_names_it() -> None:
    request = factories.requested()
    won: list[Answer] = []
    with table.meanwhile(lambda: won.append(approve(request.request_id, caller=GIULIA))):
        lost = approve(request.request_id)

    assert (lost.status, lost.code) == (409, "request_closed")
    assert [lost.body["grant_id"]] == [won[0].body["grant_id"]] == live()
    assert factories.what_happened() == ["request.made", "request.approved", "grant.given"]


@pytest.mark.parametrize(("close", "state"), [(factories.declined, "declined"), (factories.withdrawn, "withdrawn")])
def test_the_first_to_close_it_wins(close: Callable[..., object], state: str) -> None:
    request = factories.requested()
    with table.meanwhile(lambda: close(request, at=WHEN_NO_WISH_STANDS)):
        answer = approve(request.request_id)

    assert (answer.status, answer.body["state"]) == (409, state)
    assert live() == []
    assert factories.what_happened() == ["request.made", f"request.{state}"]


def test_an_approval_in_the_last_second_loses_against_a_recorded_expiry(world: time_machine.Traveller) -> None:
    request = factories.requested()
    world.shift(DAY - SECOND)

    def expire() -> None:
        with time_machine.travel(SECOND + factories.now(), tick=False):
            requests.expire(request, factories.now())

    with table.meanwhile(expire):
        answer = approve(request.request_id)

    assert (answer.status, answer.code) == (410, "request_expired")
    assert factories.what_happened() == ["request.made", "request.expired"]


def test_recording_an_expiry_loses_against_an_approval_in_the_last_second(world: time_machine.Traveller) -> None:
    request = factories.requested()

    def approve_in_time() -> None:
        with time_machine.travel(factories.now() - SECOND, tick=False):
            assert approve(request.request_id).status == 201

    world.shift(DAY)
    with table.meanwhile(approve_in_time):
        requests.expire(request, factories.now())

    assert shown(request)["state"] == "approved"
    assert factories.what_happened() == ["request.made", "request.approved", "grant.given"]


def test_a_right_taken_away_while_anna_approves_counts() -> None:
    request = factories.requested()
    with table.meanwhile(lambda: factories.right(ANNA, may_grant=False)):
        answer = approve(request.request_id)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert answer.body["ask"] == ["giulia@acme.example"]
    assert live() == []
    assert approve(request.request_id, caller=GIULIA).status == 201


def test_an_approval_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    request = factories.requested()
    with table.meanwhile(lambda: factories.grant(DORA)):
        assert approve(request.request_id).status == 201

    assert factories.what_happened() == ["request.made", "grant.given", "request.approved", "grant.given"]


@pytest.mark.parametrize(("losses", "status"), [(2, 201), (3, 503)])
def test_an_approval_is_tried_three_times_while_the_right_changes(losses: int, status: int) -> None:
    request = factories.requested()

    def script(sent: wire.Request, pass_on: wire.Send) -> Any:
        is_gone = sent.is_write and sent.nth <= losses
        return wire.cancelled(sent, "ConditionalCheckFailed", "TENANT#acme", "RIGHT#") if is_gone else pass_on()

    with wire.through(script):
        assert approve(request.request_id).status == status
    assert len(live()) == (1 if status == 201 else 0)


def test_a_transaction_conflict_is_retried() -> None:
    request = factories.requested()

    def script(sent: wire.Request, pass_on: wire.Send) -> Any:
        is_in_the_way = sent.is_write and sent.nth == 1
        return wire.cancelled(sent, "TransactionConflict", "TENANT#acme") if is_in_the_way else pass_on()

    with wire.through(script):
        assert approve(request.request_id).status == 201


def test_the_addresses_to_ask_are_never_the_callers_own() -> None:
    request = factories.requested()
    factories.right(ANNA, may_grant=False)

    assert approve(request.request_id).body["ask"] == ["giulia@acme.example"]
    assert call("GET", f"/v1/requests/{request.request_id}", caller=ANNA).body["ask"] == ["giulia@acme.example"]


def test_an_id_longer_than_any_is_unknown_with_a_key_too() -> None:
    assert approve("A" * 1_100, headers={"Idempotency-Key": "x"}).code == "not_found"
