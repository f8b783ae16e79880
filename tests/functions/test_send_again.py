"""POST /v1/support/requests/{request_id}/send: a request is mailed again. Limits: `test_request_limits.py`."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
import time_machine

from guestkey.rules.requests import MailState, Request
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.edge import post as mailing
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row
from tests.store import wire

DAY = timedelta(days=1)


def send(request_id: str, *, caller: Caller = SVEN, **how: Any) -> Answer:
    return call("POST", f"/v1/support/requests/{request_id}/send", caller=caller, **how)


def shown(request: Request) -> Any:
    return call("GET", f"/v1/requests/{request.request_id}", caller=ANNA).body


def refused(_: str) -> mailing.Refusal:
    return HTTPStatus.BAD_REQUEST, "MessageRejected", "Email address is not verified."


# ------------------------------------------------------------------ it works


def test_svens_request_is_mailed_again_to_the_same_recipients(
    world: time_machine.Traveller, mails: list[mailing.Sent]
) -> None:
    request = factories.requested(recipients=["giulia@acme.example"], mail=MailState.FAILED)
    world.shift(timedelta(minutes=5))
    before = shown(request)
    answer = send(request.request_id)

    assert answer.status == 200
    assert answer.body == before | {"mail": "sent"}
    assert shown(request) == answer.body
    assert mailing.recipients(mails) == ["giulia@acme.example"]
    mail = mailing.read(mailing.as_mailed(mails[0]))
    assert mail.links == {f"https://support.vendor.example/activate#{request.request_id}"}
    assert request.reason in mail.text


def test_it_makes_no_new_request_and_no_ledger_entry() -> None:
    request = factories.requested()
    send(request.request_id)

    assert factories.what_happened() == ["request.made"]
    assert len(table.items("TENANT#acme", keys.REQUEST)) == 1
    assert shown(request)["expires_at"] == "2026-11-24T12:00:00Z", "its expiry is unchanged"


def test_each_call_mails_it_once_more(mails: list[mailing.Sent]) -> None:
    request = factories.requested(recipients=["anna@acme.example"])
    first, second = (send(request.request_id, headers={"Idempotency-Key": "the-same"}) for _ in range(2))

    assert first.text == second.text
    assert len(mails) == 2


def test_if_ses_refuses_the_mail_status_is_failed_and_it_can_be_sent_again() -> None:
    request = factories.requested()
    with mailing.fake_ses(refused):
        answer = send(request.request_id)

    assert (answer.status, answer.body["state"], answer.body["mail"]) == (200, "pending", "failed")
    assert shown(request)["mail"] == "failed"
    assert send(request.request_id).body["mail"] == "sent"


# ------------------------------------------------------------------ recipients


def test_a_recipient_removed_from_the_tenant_gets_no_mail(mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    factories.tenant("acme", approver_emails=("berta@acme.example", "GIULIA@acme.example"))

    assert send(request.request_id).status == 200
    assert mailing.recipients(mails) == ["giulia@acme.example"]


def test_if_no_recipient_is_registered_any_more_nothing_is_mailed(mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    factories.tenant("acme", approver_emails=("berta@acme.example",))
    with table.unchanged():
        answer = send(request.request_id)

    assert (answer.status, answer.code) == (422, "recipient_unknown")
    assert mails == []
    assert shown(request)["state"] == "pending"


def test_a_tenant_that_has_no_approver_any_more_is_named_as_that(mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    factories.tenant("acme", approver_emails=())
    with table.unchanged():
        answer = send(request.request_id)

    assert (answer.status, answer.code) == (422, "no_approvers")
    assert mails == []


# ------------------------------------------------------------------ too late


@pytest.mark.parametrize(
    ("close", "state"),
    [(factories.approved, "approved"), (factories.declined, "declined"), (factories.withdrawn, "withdrawn")],
)
@pytest.mark.parametrize("later", [timedelta(), 2 * DAY])
def test_a_closed_request_is_not_mailed_again(
    close: Callable[[Request], Any],
    state: str,
    later: timedelta,
    world: time_machine.Traveller,
    mails: list[mailing.Sent],
) -> None:
    request = factories.requested()
    led_to = getattr(close(request), "grant_id", None)
    world.shift(later)
    with table.unchanged():
        answer = send(request.request_id)

    assert (answer.status, answer.code) == (409, "request_closed")
    assert (answer.body["state"], answer.body["grant_id"]) == (state, led_to)
    assert mails == []


def test_an_expired_request_is_not_mailed_again(world: time_machine.Traveller, mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    world.shift(DAY - timedelta(seconds=1))
    assert send(request.request_id).status == 200
    mails.clear()

    world.shift(timedelta(seconds=1))
    with table.unchanged():
        answer = send(request.request_id)
    assert (answer.status, answer.code) == (410, "request_expired")
    assert mails == []


# ------------------------------------------------------------------ at the same moment


@pytest.mark.parametrize("close", [factories.approved, factories.declined, factories.withdrawn])
def test_a_request_closed_at_the_same_moment_is_not_mailed(
    close: Callable[[Request], object], mails: list[mailing.Sent]
) -> None:
    request = factories.requested()
    with table.meanwhile(lambda: close(request)):
        answer = send(request.request_id)

    assert (answer.status, answer.code) == (409, "request_closed")
    assert mails == []


def test_two_who_send_it_at_the_same_moment_both_succeed(mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    with table.meanwhile(lambda: send(request.request_id)):
        assert send(request.request_id).status == 200

    counted = table.one(keys.counter_of_agent("sendings", "sven", MONDAY_NOON))
    assert counted and counted["number"]["N"] == "3", "one by the request, and one for each call"
    assert len(mails) == 4


@pytest.mark.parametrize(("conflicts", "status"), [(3, 200), (4, 503)])
def test_a_transaction_conflict_is_tried_four_times(conflicts: int, status: int, mails: list[mailing.Sent]) -> None:
    request = factories.requested()

    def script(sent: wire.Request, pass_on: wire.Send) -> Any:
        is_in_the_way = sent.is_write and sent.nth <= conflicts
        return wire.cancelled(sent, "TransactionConflict", "AGENT#sven") if is_in_the_way else pass_on()

    with wire.through(script):
        assert send(request.request_id).status == status
    assert len(mails) == (2 if status == 200 else 0)


# ------------------------------------------------------------------ refused callers


def test_another_agents_request_gets_the_same_404_as_an_unknown_one(mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    with table.unchanged():
        foreign, unknown = (send(id, caller=DORA) for id in (request.request_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert (foreign.text, foreign.headers) == (unknown.text, unknown.headers)
    assert mails == []


def test_a_malformed_id_is_not_found() -> None:
    for request_id in invalid_inputs.NO_IDS:
        answer = send(request_id)
        assert (answer.status, answer.text) == (404, send(invalid_inputs.UNKNOWN_ID).text)


def test_an_agent_who_became_inactive_cannot_send_it_again(mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    factories.agent("sven", is_active=False)

    assert send(request.request_id).code == "agent_inactive"
    assert mails == []


@each_row("caller", [EMIL, SVEN.but(sub="nobody"), BEN])
def test_only_an_active_agent_is_accepted(caller: Caller) -> None:
    for request_id in (invalid_inputs.UNKNOWN_ID, "x"):
        assert send(request_id, caller=caller).code == "agent_inactive"


def test_a_token_that_acts_for_sven_is_refused() -> None:
    request = factories.requested()
    with table.unchanged():
        assert send(request.request_id, caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert send(invalid_inputs.UNKNOWN_ID, caller=caller).code == "claims_missing"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"raw": "{"}, "json_invalid"),
        ({"raw": "[1]"}, "input_invalid"),
        ({"raw": "{}", "headers": invalid_inputs.PLAIN}, "not_json"),
    ],
)
def test_an_unexpected_body_must_be_a_json_object(how: dict[str, Any], code: str, mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    with table.unchanged():
        assert send(request.request_id, **how).code == code
        assert send(request.request_id, caller=EMIL, **how).code == "agent_inactive"
    assert mails == []
