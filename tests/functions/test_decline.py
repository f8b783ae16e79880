"""POST /v1/requests/{request_id}/decline: a user declines an agent's request."""

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
import time_machine

from guestkey.rules.requests import MailState, Request
from guestkey.store.access import live_keys
from guestkey.store.dynamodb import keys
from guestkey.store.requests import asking, requests
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, CARLA, DORA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row
from tests.store import wire

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
WHEN_NO_WISH_STANDS = MONDAY_NOON + 2 * SECOND
NOTE = "Not today, please.\nAsk again on Monday: then Giulia is back."


def decline(request_id: str, body: Any = None, *, caller: Caller = ANNA, **how: Any) -> Answer:
    return call("POST", f"/v1/requests/{request_id}/decline", body, caller=caller, **how)


def shown(request: Request) -> Any:
    return call("GET", f"/v1/requests/{request.request_id}", caller=ANNA).body


# ------------------------------------------------------------------ it works


def test_anna_declines_with_a_note(world: time_machine.Traveller) -> None:
    request = factories.requested()
    before = shown(request)
    world.shift(timedelta(minutes=5))
    answer = decline(request.request_id, {"note": NOTE})

    assert answer.status == 200
    assert answer.body == before | {
        "state": "declined",
        "answered_at": "2026-11-23T12:05:00Z",
        "answered_by": {"user_id": "anna", "name": "Anna Albrecht"},
        "note": NOTE,
        "note_salt": answer.body["note_salt"],
    }
    assert call("GET", "/v1/support/requests", caller=SVEN).body["items"] == [answer.body] == [shown(request)]
    assert list(live_keys.of_tenant("acme").keys) == []


@pytest.mark.parametrize("how", [{}, {"body": {}}, {"body": {"note": None}}, {"raw": ""}])
def test_anna_may_decline_without_a_note(how: dict[str, Any]) -> None:
    answer = decline(factories.requested().request_id, **how)

    assert (answer.status, answer.body["note"]) == (200, None)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  No.\r\n\r\nReally.  ", "No.\n\nReally."),
        ("x" * 500, "x" * 500),
        ("Zu\u0308rich", "Zürich"),
        ("<b>no</b> =?UTF-8?Q?x?=", "<b>no</b> =?UTF-8?Q?x?="),
    ],
)
def test_a_note_may_have_several_lines_and_is_trimmed_and_normalised(sent: str, kept: str) -> None:
    assert decline(factories.requested().request_id, {"note": sent}).body["note"] == kept


def test_it_is_in_the_ledger_with_the_note_only_as_its_hash() -> None:
    request = factories.requested()
    salt = decline(request.request_id, {"note": NOTE}).body["note_salt"]

    last = json.loads(call("GET", "/v1/ledger", caller=ANNA).text.splitlines()[-1])
    assert (last["what"], last["about"]) == ("request.declined", request.request_id)
    assert last["by"] == {"type": "user", "id": "anna"}
    assert last["data"] == {"note_sha256": sha256(f"{salt}:{NOTE}".encode()).hexdigest()}
    assert "Giulia is back" not in str(table.items("TENANT#acme", "ENTRY#"))


def test_without_a_note_the_ledger_holds_none() -> None:
    assert decline(factories.requested().request_id).body["note_salt"] is None

    last = json.loads(call("GET", "/v1/ledger", caller=ANNA).text.splitlines()[-1])
    assert last["data"] == {"note_sha256": None}


def test_it_is_not_due_any_more() -> None:
    request = factories.requested()
    decline(request.request_id)

    kept = table.one(keys.request("acme", request.request_id))
    assert kept and kept.keys().isdisjoint({"due", "due_at"})


# ------------------------------------------------------------------ refused callers


def test_ben_without_the_right_gets_the_approvers_and_the_request_stays_pending() -> None:
    request = factories.requested()
    with table.unchanged():
        answer = decline(request.request_id, caller=BEN)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert answer.body["ask"] == ["anna@acme.example", "giulia@acme.example"]
    assert decline(request.request_id, caller=GIULIA).status == 200


def test_carla_gets_the_same_404_for_acmes_request_as_for_an_unknown_one() -> None:
    request = factories.requested()
    with table.unchanged():
        foreign, unknown = (decline(id, caller=CARLA) for id in (request.request_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert (foreign.text, foreign.headers) == (unknown.text, unknown.headers)


def test_a_malformed_id_is_not_found() -> None:
    for request_id in invalid_inputs.NO_IDS:
        answer = decline(request_id)
        assert (answer.status, answer.text) == (404, decline(invalid_inputs.UNKNOWN_ID).text)


def test_a_user_of_an_unregistered_tenant_finds_nothing() -> None:
    assert decline(invalid_inputs.UNKNOWN_ID, caller=ANNA.but(tenant_id="nobody")).code == "not_found"


def test_a_token_that_acts_for_anna_is_refused() -> None:
    request = factories.requested()
    with table.unchanged():
        answer = decline(request.request_id, caller=ANNA.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", [*invalid_inputs.USERS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    request = factories.requested()
    with table.unchanged():
        answer = decline(request.request_id, caller=caller)

    assert (answer.status, answer.code) == (403, "claims_missing")


# ------------------------------------------------------------------ bad input


@each_row(
    ("sent", "status", "code"),
    [case for case in invalid_inputs.bodies({"note": "No"}) if case.id not in {"an empty object", "no body"}],
)
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    request = factories.requested()
    with table.unchanged():
        answer = decline(request.request_id, **sent)

    assert (answer.status, answer.code) == (status, code)


NO_NOTES = [
    5,
    True,
    ["No"],
    {},
    "",
    "  \n ",
    "x" * 501,
    *invalid_inputs.TRICKS,
    *invalid_inputs.UNSEEN,
]


@pytest.mark.parametrize(("field", "value"), invalid_inputs.wrong(note=NO_NOTES, period=["1h"], may_export=[False]))
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    request = factories.requested()
    with table.unchanged():
        answer = decline(request.request_id, {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


def test_the_claims_come_before_the_input_the_input_before_the_right_and_the_right_before_existence() -> None:
    assert decline(invalid_inputs.UNKNOWN_ID, raw="{", caller=ANNA.acting()).code == "acting_for_another"
    assert decline(invalid_inputs.UNKNOWN_ID, raw="{", caller=BEN).code == "json_invalid"
    assert decline(invalid_inputs.UNKNOWN_ID, {"note": ""}, caller=BEN).code == "input_invalid"
    assert decline(invalid_inputs.UNKNOWN_ID, caller=BEN).code == "right_missing"


# ------------------------------------------------------------------ twice, too late


@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=2), 2 * DAY], ids=str)
def test_a_second_decline_is_refused_as_closed(later: timedelta, world: time_machine.Traveller) -> None:
    request = factories.requested()
    decline(request.request_id, {"note": NOTE})
    world.shift(later)
    with table.unchanged():
        answer = decline(request.request_id, {"note": NOTE})

    assert (answer.status, answer.code) == (409, "request_closed")
    assert (answer.body["state"], answer.body["grant_id"]) == ("declined", None)


def test_an_approved_request_stays_approved_and_names_the_grant(world: time_machine.Traveller) -> None:
    request = factories.requested()
    grant = factories.approved(request)
    world.shift(2 * DAY)
    with table.unchanged():
        answer = decline(request.request_id)

    assert (answer.status, answer.body["state"], answer.body["grant_id"]) == (409, "approved", grant.grant_id)


def test_a_withdrawn_request_stays_withdrawn() -> None:
    request = factories.requested()
    factories.withdrawn(request)

    assert decline(request.request_id).body["state"] == "withdrawn"


@pytest.mark.parametrize("is_written_down", [True, False])
def test_an_expired_request_cannot_be_declined(is_written_down: bool, world: time_machine.Traveller) -> None:
    first, second = factories.requested(), factories.requested()
    world.shift(DAY - SECOND)
    assert decline(first.request_id).status == 200
    world.shift(SECOND)
    if is_written_down:
        requests.expire(second, factories.now())
    with table.unchanged():
        answer = decline(second.request_id)

    assert (answer.status, answer.code) == (410, "request_expired")


# ------------------------------------------------------------------ at the same moment


@pytest.mark.parametrize(("close", "state"), [(factories.approved, "approved"), (factories.withdrawn, "withdrawn")])
def test_the_first_to_close_it_wins(close: Callable[..., object], state: str) -> None:
    request = factories.requested()
    with table.meanwhile(lambda: close(request, at=WHEN_NO_WISH_STANDS)):
        answer = decline(request.request_id)

    assert (answer.status, answer.body["state"]) == (409, state)
    assert "request.declined" not in factories.what_happened()


def test_of_two_colleagues_who_decline_at_the_same_moment_one_is_refused_as_closed() -> None:
    request = factories.requested()
    with table.meanwhile(lambda: decline(request.request_id, {"note": "Giulia's"}, caller=GIULIA)):
        answer = decline(request.request_id)

    assert (answer.status, answer.body["state"]) == (409, "declined")
    assert shown(request)["note"] == "Giulia's"
    assert factories.what_happened() == ["request.made", "request.declined"]


def test_a_mail_status_stored_meanwhile_does_not_stop_the_decline() -> None:
    request = factories.requested(mail=MailState.FAILED)
    with table.meanwhile(lambda: asking.save_mail_state(request, MailState.SENT, None)):
        answer = decline(request.request_id)

    assert (answer.status, answer.body["state"]) == (200, "declined")
    assert shown(request)["mail"] == "sent"


def test_a_right_taken_away_while_anna_declines_counts() -> None:
    request = factories.requested()
    with table.meanwhile(lambda: factories.right(ANNA, may_grant=False)):
        answer = decline(request.request_id)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert answer.body["ask"] == ["giulia@acme.example"]
    assert factories.what_happened() == ["request.made", "right.changed"]


def test_a_decline_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    request = factories.requested()
    with table.meanwhile(lambda: factories.grant(DORA)):
        assert decline(request.request_id).status == 200

    assert factories.what_happened() == ["request.made", "grant.given", "request.declined"]


@pytest.mark.parametrize(("losses", "status"), [(2, 200), (3, 503)])
@pytest.mark.parametrize("what", ["RIGHT#", keys.REQUEST])
def test_a_condition_that_fails_without_a_visible_cause_is_tried_three_times(
    what: str, losses: int, status: int
) -> None:
    request = factories.requested()

    def script(sent: wire.Request, pass_on: wire.Send) -> Any:
        is_lost = sent.is_write and sent.nth <= losses
        return wire.cancelled(sent, "ConditionalCheckFailed", "TENANT#acme", what) if is_lost else pass_on()

    with wire.through(script):
        assert decline(request.request_id).status == status
