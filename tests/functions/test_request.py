"""POST /v1/support/requests: an agent asks a tenant by mail for access. Limits: `test_request_limits.py`."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from guestkey import settings
from guestkey.rules.requests import MAX_LIFE
from guestkey.store.dynamodb import index_keys, keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.edge import post as mailing
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BACKEND, CARLA, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row, probes, rows_and_columns
from tests.store import wire

REASON = "The import of the listings stands still"
ACME = {"tenant_id": "acme", "reason": REASON}
GLOBEX = ACME | {"tenant_id": "globex"}
KEY = {"Idempotency-Key": "a-key-of-svens"}
AT_SES = "https://email.eu-central-1.amazonaws.com"


def post(body: Any = ACME, *, caller: Caller = SVEN, **how: Any) -> Answer:
    return call("POST", "/v1/support/requests", None if "raw" in how else body, caller=caller, **how)


def send_again(request_id: str) -> Answer:
    return call("POST", f"/v1/support/requests/{request_id}/send", caller=SVEN)


def own(caller: Caller = SVEN) -> list[Any]:
    return list(call("GET", "/v1/support/requests", caller=caller).body["items"])


def last_entry() -> Any:
    return json.loads(call("GET", "/v1/ledger", caller=ANNA, query={"limit": 100}).text.splitlines()[-1])


# ------------------------------------------------------------------ it works


def test_sven_asks_to_be_let_in_for_an_hour(mails: list[mailing.Sent]) -> None:
    answer = post()

    assert answer.status == 201
    assert answer.body == {
        "request_id": own()[0]["request_id"],
        "tenant_id": "acme",
        "agent": {"id": "sven", "name": "Sven Brandt", "present_name": None, "kind": "person", "accountable": None},
        "reason": REASON,
        "reason_salt": answer.body["reason_salt"],
        "ticket": None,
        "period": "1h",
        "access": "change",
        "may_export": False,
        "state": "pending",
        "requested_at": "2026-11-23T12:00:00Z",
        "expires_at": "2026-11-24T12:00:00Z",
        "mail": "sent",
        "answered_at": None,
        "answered_by": None,
        "note": None,
        "note_salt": None,
        "grant_id": None,
    }
    assert re.fullmatch("[0-9a-f]{32}", answer.body["reason_salt"])
    assert own() == [answer.body]


def test_each_approver_gets_a_mail_of_their_own_in_the_tenants_language(mails: list[mailing.Sent]) -> None:
    request_id = post().body["request_id"]

    assert mailing.recipients(mails) == ["anna@acme.example", "giulia@acme.example"]
    for sent in mails:
        mail = mailing.read(mailing.as_mailed(sent))
        number = request_id[-6:]
        assert mail.headers["subject"] == [f"Der Support bittet um Zugang zu Ihrem Konto (sven, 1 Stunde, {number})"]
        assert mail.links == {f"https://support.vendor.example/activate#{request_id}"}
        for told in ("Sven Brandt (Support · sven)", REASON, "1 Stunde", "24.\u00a0November 2026"):
            assert told in mail.text
            assert told in mail.seen


def test_carlas_mail_is_in_english(mails: list[mailing.Sent]) -> None:
    post(GLOBEX)

    assert mailing.recipients(mails) == ["carla@globex.example"]
    assert "Sven Brandt (Support · sven)" in mailing.read(mailing.as_mailed(mails[0])).text


def test_the_mail_contains_nothing_that_gives_access(mails: list[mailing.Sent]) -> None:
    request_id = post().body["request_id"]
    (link,) = mailing.read(mailing.as_mailed(mails[0])).links

    before, _, fragment = link.partition("#")
    assert (before, fragment) == (f"{settings.BASE_URL}/activate", request_id)


@pytest.mark.parametrize(
    ("period", "may_export"),
    rows_and_columns(["1h", "2h", "4h", "today", "1w", "2w", "1mo", "permanent"], [True, False]),
)
def test_period_and_export_are_as_sven_asked(period: str, may_export: bool) -> None:
    body = post(ACME | {"period": period, "may_export": may_export}).body

    assert (body["period"], body["may_export"]) == (period, may_export)


def test_it_is_in_the_ledger_with_the_reason_only_as_its_hash() -> None:
    made = post(ACME | {"period": "1w", "may_export": True}).body

    entry = last_entry()
    assert (entry["what"], entry["about"]) == ("request.made", made["request_id"])
    assert entry["by"] == {"type": "agent", "id": "sven"}
    assert entry["data"] == {
        "period": "1w",
        "access": "change",
        "may_export": True,
        "expires_at": "2026-11-24T12:00:00Z",
        "reason_sha256": sha256(f"{made['reason_salt']}:{REASON}".encode()).hexdigest(),
        "recipients": 2,
    }
    ledger = str(table.items("TENANT#acme", "ENTRY#"))
    assert REASON not in ledger
    assert "giulia@acme.example" not in ledger


def test_a_ticket_is_answered_mailed_and_stays_out_of_the_ledger(mails: list[mailing.Sent]) -> None:
    body = post(ACME | {"ticket": "  T-4711 "}).body

    assert body["ticket"] == own()[0]["ticket"] == "T-4711"
    assert call("GET", f"/v1/requests/{body['request_id']}", caller=ANNA).body["ticket"] == "T-4711"
    for sent in mails:
        mail = mailing.read(mailing.as_mailed(sent))
        assert "T-4711" in mail.text
        assert "T-4711" in mail.seen
    assert "T-4711" not in str(table.items("TENANT#acme", "ENTRY#"))


@pytest.mark.parametrize("ticket", ["x", "x" * 100, "🔑" * 100, None])
def test_any_valid_ticket_is_stored(ticket: str | None) -> None:
    assert post(ACME | {"ticket": ticket}).body["ticket"] == ticket


def test_a_request_of_the_version_before_has_neither_ticket_nor_salt() -> None:
    request = factories.requested(ticket="T-4711")
    stored = table.one(keys.request("acme", request.request_id))
    assert stored
    table.put([{name: value for name, value in stored.items() if name not in ("ticket", "reason_salt")}])

    assert (own()[0]["ticket"], own()[0]["reason_salt"], own()[0]["reason"]) == (None, None, request.reason)
    assert call("POST", f"/v1/requests/{request.request_id}/approve", caller=ANNA).status == 201
    assert factories.login().ticket is None


def test_a_request_gives_no_access() -> None:
    post(ACME | {"period": "permanent"})

    asked = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
    assert call("POST", "/v1/vendor/checks", asked, caller=BACKEND).body["allowed"] is False
    assert call("GET", "/v1/support/access", caller=SVEN).body["items"] == []


def test_it_is_due_at_its_end_and_has_its_ttl_much_later() -> None:
    request_id = post().body["request_id"]

    kept = table.one(keys.request("acme", request_id))
    lies = table.one(keys.own_request("sven", request_id))
    assert kept and lies
    assert (kept["due"]["S"], kept["due_at"]["S"]) == (index_keys.due_on("acme"), "2026-11-24T12:00:00Z")
    swept_at = str(int((MONDAY_NOON + timedelta(days=401)).timestamp()))
    assert kept["ttl"]["N"] == lies["ttl"]["N"] == swept_at


@pytest.mark.parametrize("life", [timedelta(minutes=1), MAX_LIFE])
def test_it_expires_after_the_time_that_the_vendor_set(life: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REQUEST_LIFE", life)
    request_id = post().body["request_id"]

    with time_machine.travel(MONDAY_NOON + life - timedelta(seconds=1), tick=False):
        assert own()[0]["state"] == "pending"
    with time_machine.travel(MONDAY_NOON + life, tick=False):
        assert send_again(request_id).code == "request_expired"


def test_a_reason_is_trimmed_and_normalised() -> None:
    assert post(ACME | {"reason": "  Zu\u0308rich:\tImport\nsteht \n"}).body["reason"] == "Zürich: Import steht"


@pytest.mark.parametrize(
    "reason", ["abc", "x" * 500, "🔑 =?utf-8?q?x?=", "Grüße, 你好", "<b>&amp;</b>", "{0} {reason}"]
)
def test_any_valid_reason_of_one_line_is_stored_and_mailed(reason: str, mails: list[mailing.Sent]) -> None:
    assert post(ACME | {"reason": reason}).body["reason"] == reason
    assert len(mails) == 2


def test_an_agent_with_access_may_ask_for_more() -> None:
    factories.grant()

    assert post(ACME | {"may_export": True}).status == 201


def test_the_mail_names_two_departments_or_none(mails: list[mailing.Sent]) -> None:
    factories.agent("sven", "development", "support", name="Sven Brandt")
    factories.agent("dora", name="Dora Vogel")
    post(GLOBEX)
    post(GLOBEX, caller=DORA)

    first, second = (mailing.read(mailing.as_mailed(sent)).text for sent in mails)
    assert "Sven Brandt (Development, Support · sven)" in first
    assert "Dora Vogel (dora)" in second


# ------------------------------------------------------------------ recipients


@pytest.mark.parametrize(
    ("named", "mailed"),
    [
        (["giulia@acme.example"], ["giulia@acme.example"]),
        (["GIULIA@ACME.EXAMPLE"], ["giulia@acme.example"]),
        (["giulia@acme.example", "Giulia@acme.example"], ["giulia@acme.example"]),
        (["  giulia@acme.example "], ["giulia@acme.example"]),
        (["giulia@acme.example", "anna@acme.example"], ["giulia@acme.example", "anna@acme.example"]),
        (None, ["anna@acme.example", "giulia@acme.example"]),
    ],
)
def test_sven_may_choose_among_the_tenants_approvers(
    named: list[str] | None, mailed: list[str], mails: list[mailing.Sent]
) -> None:
    assert post(ACME | {"recipients": named}).status == 201
    assert mailing.recipients(mails) == mailed


@pytest.mark.parametrize(
    "named",
    [
        ["carla@globex.example"],
        ["anna@acme.example", "mallory@evil.example"],
        ["anna@acme.example.evil.example"],
        ["anna+x@acme.example"],
    ],
)
def test_only_registered_approvers_can_be_mailed(named: list[str], mails: list[mailing.Sent]) -> None:
    answer = post(ACME | {"recipients": named})

    assert (answer.status, answer.code) == (422, "recipient_unknown")
    assert (own(), mails, factories.what_happened()) == ([], [], [])
    assert "@" not in answer.text


def test_a_tenant_without_approvers_cannot_be_asked(mails: list[mailing.Sent]) -> None:
    factories.tenant("initech", approver_emails=())
    for named in ({}, {"recipients": ["anna@acme.example"]}):
        answer = post(ACME | {"tenant_id": "initech"} | named)
        assert (answer.status, answer.code) == (422, "no_approvers")

    assert mails == []


def test_an_unregistered_tenant_cannot_be_asked(mails: list[mailing.Sent]) -> None:
    answer = post(ACME | {"tenant_id": "nobody"})

    assert (answer.status, answer.code) == (404, "tenant_unknown")
    assert table.items("TENANT#nobody") == []
    assert (own(), mails) == ([], [])


# ------------------------------------------------------------------ refused callers


@pytest.mark.parametrize("caller", [EMIL, SVEN.but(sub="nobody"), ANNA], ids=["inactive", "unknown", "a user's id"])
def test_only_an_active_agent_is_accepted_and_nothing_is_mailed(caller: Caller, mails: list[mailing.Sent]) -> None:
    with table.unchanged():
        answers = [post(caller=caller), post(ACME | {"tenant_id": "nobody"}, caller=caller)]

    assert [(answer.status, answer.code) for answer in answers] == [(403, "agent_inactive")] * 2
    assert mails == []


def test_a_token_that_acts_for_sven_is_refused(mails: list[mailing.Sent]) -> None:
    with table.unchanged():
        answer = post(caller=SVEN.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")
    assert mails == []


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert post(caller=caller).code == "claims_missing"


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies(ACME))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    with table.unchanged():
        answer = post(**sent)

    assert (answer.status, answer.code) == (status, code)


ADDRESS = "anna@acme.example"
NO_ADDRESSES = probes(
    "<anna@acme.example>",
    rest=["", "anna", "a@b", "anna@acme.example\nBcc: x@y.example", "=?UTF-8?Q?a?=@b.example"],
)


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        tenant_id=invalid_inputs.NO_EXTERNAL_IDS,
        reason=[
            *invalid_inputs.NO_TEXTS, "ab", "x" * 501, *invalid_inputs.TRICKS,
            *probes(rest=["", "  ab  ", *invalid_inputs.UNSEEN]),
        ],
        period=[*invalid_inputs.NO_TEXTS, *probes("1H", rest=["", "3h", "forever"])],
        may_export=invalid_inputs.NO_BOOLEANS,
        ticket=[5, "", "x" * 101, *invalid_inputs.TRICKS, *probes(rest=[True, ["T-1"], "   "])],
        recipients=[
            ADDRESS, [], [None], [ADDRESS] * 21, *([one] for one in NO_ADDRESSES), *probes(rest=[5, True, {}, [[]]]),
        ],
        agent_id=["dora"],
    ),
)  # fmt: skip
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any, mails: list[mailing.Sent]) -> None:
    with table.unchanged():
        answer = post(ACME | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert {fault["pointer"].split("/")[1] for fault in answer.body["errors"]} == {field}
    assert mails == []


# ------------------------------------------------------------------ which refusal comes first


@each_row(
    "sent", [{"raw": "{"}, {"raw": "{}"}, {"headers": invalid_inputs.PLAIN}, {"headers": {"idempotency-key": ""}}]
)
def test_an_inactive_agent_is_refused_before_the_input_is_validated(sent: dict[str, Any]) -> None:
    assert post(caller=EMIL, **sent).code == "agent_inactive"
    assert post(caller=SVEN.acting(), **sent).code == "acting_for_another"


def test_existence_comes_before_a_stored_response_and_that_before_the_state() -> None:
    unregistered = ACME | {"tenant_id": "nobody"}
    kept = post(headers=KEY)

    assert post(unregistered, headers=KEY).code == "tenant_unknown"
    assert post(ACME | {"recipients": ["x@y.example"]}, headers=KEY).code == "idempotency_key_reused"
    factories.tenant("acme", approver_emails=())
    assert post(headers=KEY).text == kept.text
    assert post().code == "no_approvers"


# ------------------------------------------------------------------ twice


def test_without_a_key_two_requests_are_two(mails: list[mailing.Sent]) -> None:
    assert post().body["request_id"] != post().body["request_id"]
    assert len(mails) == 4


def test_the_same_key_and_body_give_the_first_answer_again_without_a_mail(
    world: time_machine.Traveller, mails: list[mailing.Sent]
) -> None:
    first = post(headers=KEY)
    world.shift(timedelta(hours=1))
    with table.unchanged():
        again = post(headers={"IDEMPOTENCY-KEY": "a-key-of-svens"})

    assert (again.status, again.text) == (201, first.text)
    assert again.body["mail"] == "sent"
    assert (len(own()), len(mails)) == (1, 2)


def test_the_same_key_with_another_body_is_refused() -> None:
    post(headers=KEY)
    with table.unchanged():
        answer = post(ACME | {"period": "2h"}, headers=KEY)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")


def test_the_same_key_of_another_agent_is_another_key() -> None:
    assert post(headers=KEY).body["request_id"] != post(headers=KEY, caller=DORA).body["request_id"]


def test_a_refused_request_stores_no_key() -> None:
    assert post(ACME | {"recipients": ["carla@globex.example"]}, headers=KEY).code == "recipient_unknown"

    assert post(headers=KEY).status == 201


def test_the_first_answer_is_given_again_in_every_state_of_the_request(world: time_machine.Traveller) -> None:
    first = post(headers=KEY)
    call("DELETE", f"/v1/support/requests/{first.body['request_id']}", caller=SVEN)
    assert post(headers=KEY).text == first.text

    world.shift(timedelta(hours=24))
    assert post(headers=KEY).body["request_id"] != first.body["request_id"], "a key expires after 24 hours"


def test_the_loser_of_a_race_for_a_key_gets_the_winners_response(mails: list[mailing.Sent]) -> None:
    won: list[Answer] = []
    with table.meanwhile(lambda: won.append(post(headers=KEY))):
        lost = post(headers=KEY)

    assert (lost.status, lost.text) == (201, won[0].text)
    assert (len(own()), len(mails)) == (1, 2)


def test_the_loser_of_a_race_for_a_key_with_another_body_is_refused() -> None:
    with table.meanwhile(lambda: post(headers=KEY)):
        lost = post(ACME | {"period": "2h"}, headers=KEY)

    assert lost.code == "idempotency_key_reused"


# ------------------------------------------------------------------ SES refuses, or does not answer


def rejected(_: str) -> mailing.Refusal:
    return HTTPStatus.BAD_REQUEST, "MessageRejected", "Email address is not verified."


def rejected_for_giulia(address: str) -> mailing.Refusal | None:
    return rejected(address) if address.startswith("giulia") else None


def throttled(_: str) -> mailing.Refusal:
    return HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequestsException", "Maximum sending rate exceeded."


def out_of_reach(_: str) -> mailing.Refusal:
    return ConnectTimeoutError(endpoint_url=AT_SES)


def silent(_: str) -> mailing.Refusal:
    return ReadTimeoutError(endpoint_url=AT_SES)


SAYS = {
    "rejected": (rejected, "2 of 2 mails not sent: MessageRejected"),
    "one of two rejected": (rejected_for_giulia, "1 of 2 mails not sent: MessageRejected"),
    "throttled": (throttled, "2 of 2 mails not sent: TooManyRequestsException"),
    "out of reach": (out_of_reach, "2 of 2 mails not sent: ConnectTimeoutError"),
    "silent": (silent, "2 of 2 mails not sent: ReadTimeoutError"),
}


def test_before_the_stack_has_an_address_a_request_is_stored_and_no_mail_is_sent(
    mails: list[mailing.Sent], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "BASE_URL", "")

    answer = post()

    assert (answer.status, answer.body["state"], answer.body["mail"], mails) == (201, "pending", "failed", [])
    assert '"mail": "2 of 2 mails not sent: NotSetUp"' in capsys.readouterr().out


@pytest.mark.parametrize(("refusals", "logged"), SAYS.values(), ids=SAYS)
def test_a_request_stays_pending_when_ses_refuses_a_mail(
    refusals: Callable[[str], mailing.Refusal | None], logged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with mailing.fake_ses(refusals):
        answer = post(headers=KEY)

    assert (answer.status, answer.body["state"], answer.body["mail"]) == (201, "pending", "failed")
    assert own() == [answer.body]
    assert post(headers=KEY).text == answer.text
    assert factories.what_happened() == ["request.made"]
    said = capsys.readouterr().out
    assert json.dumps({"mail": logged}) in said
    assert "@" not in said


def test_a_failed_mail_can_be_sent_again_and_the_stored_response_stays(mails: list[mailing.Sent]) -> None:
    with mailing.fake_ses(throttled):
        first = post(headers=KEY)
    again = send_again(first.body["request_id"])

    assert (again.status, again.body) == (200, first.body | {"mail": "sent"})
    assert mailing.recipients(mails) == ["anna@acme.example", "giulia@acme.example"]
    assert own() == [again.body]
    assert post(headers=KEY).text == first.text


def test_a_crash_between_storing_and_mailing_loses_nothing() -> None:
    with mailing.fake_ses(lambda _: RuntimeError("The function died")), pytest.raises(RuntimeError):
        post(headers=KEY)

    (request,) = own()
    assert (request["state"], request["mail"]) == ("pending", "failed")
    assert post(headers=KEY).body == request
    assert send_again(request["request_id"]).body["mail"] == "sent"
    assert call("POST", f"/v1/requests/{request['request_id']}/approve", caller=ANNA).status == 201


def store_mail_status(answer: wire.Script) -> wire.Script:
    """Answer so to the second write, which stores the status of the mails."""
    return lambda request, send: answer(request, send) if request.is_write and request.nth > 1 else send()


@pytest.mark.parametrize(
    "answer",
    [
        lambda request, send: wire.failing(500, "InternalServerError"),
        lambda request, send: wire.cancelled(request, "TransactionConflict", "TENANT#"),
    ],
    ids=["lost", "in somebody's way"],
)
def test_if_the_mail_status_cannot_be_stored_it_stays_failed(answer: wire.Script, mails: list[mailing.Sent]) -> None:
    with wire.through(store_mail_status(answer)):
        told = post(headers=KEY)

    assert (told.status, told.body["mail"], len(mails)) == (201, "sent", 2)
    assert own() == [told.body | {"mail": "failed"}]
    assert post(headers=KEY).body["mail"] == "failed"


def test_if_the_departments_cannot_be_read_nothing_is_stored(mails: list[mailing.Sent]) -> None:
    def script(request: wire.Request, send: wire.Send) -> Any:
        is_of_departments = "DEPARTMENT#" in json.dumps(request.body)
        return wire.failing(500, "InternalServerError") if is_of_departments else send()

    with table.unchanged(), wire.through(script):
        assert post().code == "busy"
    assert mails == []


# ------------------------------------------------------------------ at the same moment


def test_a_request_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    with table.meanwhile(lambda: factories.grant(DORA)):
        assert post().status == 201

    assert factories.what_happened() == ["grant.given", "request.made"]


def test_two_requests_of_sven_at_the_same_moment_are_two(mails: list[mailing.Sent]) -> None:
    with table.meanwhile(post):
        assert post().status == 201

    assert len(own()) == 2
    assert len(mails) == 4


def test_of_several_requests_at_the_same_moment_the_one_that_lost_most_races_gets_the_last_place() -> None:
    with table.meanwhile(post, post, post, post):
        assert post().status == 201

    assert len(own()) == 5


def test_a_request_that_loses_races_until_the_limit_is_refused_by_the_limit_and_not_as_busy() -> None:
    with table.meanwhile(post, post, post, post, post):
        assert post().code == "too_many_requests"

    assert len(own()) == 5


def test_a_request_that_loses_every_race_below_the_limit_ends_as_busy() -> None:
    def post_and_withdraw() -> None:
        call("DELETE", f"/v1/support/requests/{post().body['request_id']}", caller=SVEN)

    with table.meanwhile(*[post_and_withdraw] * 6):
        answer = post(headers=KEY)

    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "busy", "1")
    assert {request["state"] for request in own()} == {"withdrawn"}
    assert post(headers=KEY).status == 201


def test_requests_to_two_tenants_are_independent() -> None:
    with table.meanwhile(lambda: post(GLOBEX)):
        assert post().status == 201

    assert (factories.what_happened("acme"), factories.what_happened("globex")) == (["request.made"], ["request.made"])
    assert call("GET", "/v1/requests", caller=CARLA).body["items"][0]["tenant_id"] == "globex"
