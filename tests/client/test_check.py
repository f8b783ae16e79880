"""Checks through the client: only a complete, well-formed "allowed" counts as one."""

import json
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from guestkey_client import Answer, GuestkeyError, NoEntry, Refused, Unavailable
from tests.client.fake_server import NO, SVEN, YES, Call, FakeResponse, FakeServer, Outcome, response
from tests.rows_and_columns import IS_NIGHTLY, each_row

PROBLEM = {"type": "urn:guestkey:problem:input_invalid", "title": "…", "status": 422, "code": "input_invalid"}
NONSENSE = {
    "true as text": YES | {"allowed": "true"},
    "true as a number": YES | {"allowed": 1},
    "a list of true": YES | {"allowed": [True]},
    "null": YES | {"allowed": None},
    "no allowed field": {name: value for name, value in YES.items() if name != "allowed"},
    "yes without a grant": YES | {"grant_id": None},
    "yes with the reason of a denial": YES | {"reason": "no_live_grant"},
    "no with the reason of a permission": YES | {"allowed": False},
    "export as text": YES | {"may_export": "false"},
    "an unknown level": YES | {"access": "all"},
    "a malformed end": YES | {"ends_at": "soon"},
    "a number as end": YES | {"ends_at": 1795438800},
    "a list": [YES],
    "only true": True,
    "only null": None,
    "a page": b"<html>true</html>",
    "half of the body": json.dumps(YES).encode()[:-1],
    "bytes of no encoding": b"\xff\xfe{",
    "nothing": b"",
    "deeply nested lists": b"[" * 100_000,
}
OUTCOMES: dict[str, Outcome] = {
    **{f"200 with {name}": response(200, body) for name, body in NONSENSE.items()},
    **{f"{status} with a yes": response(status, YES) for status in (201, 204, 301, 302, 304, 429, 500, 502, 503, 504)},
    "connection refused": httpx.ConnectError("refused"),
    "read time-out": httpx.ReadTimeout("timed out"),
    "pool time-out": httpx.PoolTimeout("timed out"),
    "connection cut": httpx.RemoteProtocolError("cut"),
    "undecodable body": httpx.DecodingError("no gzip"),
}
REFUSALS: dict[str, Outcome] = {
    f"{status} with {name}": response(status, body)
    for name, body in (("a yes", YES), ("a problem", PROBLEM))
    for status in (400, 401, 403, 404, 409, 413, 422)
}
FIRST_OF_EACH_CLASS = {
    name: (OUTCOMES | REFUSALS)[name]
    for name in (
        "200 with true as text", "200 with yes without a grant", "200 with a page", "201 with a yes", "302 with a yes",
        "500 with a yes", "connection refused", "read time-out", "undecodable body", "401 with a yes",
        "422 with a problem",
    )
}  # fmt: skip
"""For letting in, which calls the check and raises on any of its errors; the check itself has all outcomes."""


# ------------------------------------------------------------------ it works


def test_an_allowed_check_returns_the_grant_and_its_end(call: Call) -> None:
    answer = call(FakeServer([response(200, YES)]), "check", SVEN)

    assert answer == Answer(
        allowed=True,
        reason="granted",
        grant_id="01M844DZG0ACMEGRANT0000001",
        access="change",
        may_export=False,
        ends_at=datetime(2026, 11, 23, 13, tzinfo=UTC),
    )
    assert call(FakeServer([response(200, YES | {"ends_at": None})]), "check", SVEN).ends_at is None


def test_an_answer_of_a_stack_from_before_there_were_levels_names_none(call: Call) -> None:
    before = {name: value for name, value in YES.items() if name != "access"}

    assert call(FakeServer([response(200, before)]), "check", SVEN).access is None


def test_a_denied_check_returns_a_falsy_answer(call: Call) -> None:
    answer = call(FakeServer([response(200, NO)]), "check", SVEN)

    assert (answer.allowed, answer.reason, bool(answer)) == (False, "no_live_grant", False)
    assert call(FakeServer([response(200, YES)]), "check", SVEN)


def test_an_answer_cannot_be_changed(call: Call) -> None:
    answer = call(FakeServer([response(200, NO)]), "check", SVEN)

    with pytest.raises(FrozenInstanceError):
        answer.allowed = True


def test_an_unknown_reason_is_returned_unchanged(call: Call) -> None:
    assert call(FakeServer([response(200, NO | {"reason": "full_moon"})]), "check", SVEN).reason == "full_moon"


@each_row("action", ["enter", "export"])
def test_the_check_sends_the_login_id_and_the_backends_token(call: Call, action: str) -> None:
    server = FakeServer([response(200, YES)])
    call(server, "check", SVEN, action)
    (request,) = server.sent

    assert (request.method, str(request.url)) == ("POST", "https://guestkey.example/v1/vendor/checks")
    assert request.headers["authorization"] == "Bearer a-token"
    assert json.loads(request.content) == {
        "tenant_id": "acme",
        "agent_id": "sven",
        "action": action,
        "login_id": "01M82571EDCFM4K6RX6ZY8DPWP",
    }


def test_a_check_before_a_login_sends_no_login_id(call: Call) -> None:
    server = FakeServer([response(200, YES)])

    assert call(server, "may_begin", tenant_id="acme", agent_id="sven").allowed
    assert json.loads(server.sent[0].content) == {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}


def test_a_missing_login_id_is_sent_as_null_and_not_left_out(call: Call) -> None:
    server = FakeServer([response(422, PROBLEM)])

    with pytest.raises(Refused):
        call(server, "check", replace(SVEN, login_id=None))
    assert json.loads(server.sent[0].content)["login_id"] is None


# ------------------------------------------------------------------ letting in


def test_sven_is_let_in_by_an_allowed_check(call: Call) -> None:
    assert call(FakeServer([response(200, YES)]), "let_in", SVEN).grant_id == "01M844DZG0ACMEGRANT0000001"


@each_row("reason", ["no_live_grant", "export_not_granted", "no_login", "agent_inactive"])
def test_a_denied_check_raises_with_its_reason(call: Call, reason: str) -> None:
    with pytest.raises(NoEntry) as no:
        call(FakeServer([response(200, NO | {"reason": reason})]), "let_in", SVEN)

    assert no.value.reason == reason


@each_row("login_id", [None, ""])
def test_without_a_login_record_entry_is_denied_without_a_check(call: Call, login_id: str | None) -> None:
    server = FakeServer([response(200, YES)])

    with pytest.raises(NoEntry, match="no_login"):
        call(server, "let_in", replace(SVEN, login_id=login_id))
    assert server.sent == []


@each_row(
    "outcome",
    [
        pytest.param(value, id=name)
        for name, value in (OUTCOMES | REFUSALS if IS_NIGHTLY else FIRST_OF_EACH_CLASS).items()
    ],
)
def test_every_other_answer_denies_entry(call: Call, outcome: Outcome) -> None:
    with pytest.raises(NoEntry) as no:
        call(FakeServer([outcome]), "let_in", SVEN)

    assert no.value.reason == "unavailable"
    assert isinstance(no.value.__cause__, GuestkeyError)


# ------------------------------------------------------------------ when there is no answer


@each_row("outcome", [pytest.param(value, id=name) for name, value in OUTCOMES.items()])
def test_a_missing_or_malformed_answer_raises_unavailable(call: Call, outcome: Outcome) -> None:
    with pytest.raises(Unavailable):
        call(FakeServer([outcome]), "check", SVEN)


@each_row("outcome", [pytest.param(value, id=name) for name, value in REFUSALS.items()])
def test_a_refusal_raises_with_status_code_and_problem(call: Call, outcome: FakeResponse) -> None:
    with pytest.raises(Refused) as refused:
        call(FakeServer([outcome]), "check", SVEN)

    assert refused.value.status == outcome.status
    assert refused.value.code == outcome.body.get("code")
    assert refused.value.problem == outcome.body


@each_row("body", [b"", b"<html>", [], "no", {"message": "Forbidden"}])
def test_a_refusal_without_a_problem_body_has_no_code(call: Call, body: Any) -> None:
    with pytest.raises(Refused) as refused:
        call(FakeServer([response(403, body)]), "check", SVEN)

    assert refused.value.code is None
