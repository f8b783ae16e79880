"""The backend's token: from a function, or fetched with client credentials and cached until a minute before its end."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from guestkey_client import ClientCredentials, NoEntry, Unavailable
from tests.client.fake_server import SVEN, YES, Call, FakeServer, Outcome, response
from tests.rows_and_columns import each_row

TOKEN_URL = "https://id.vendor.example/token"


def credentials() -> ClientCredentials:
    return ClientCredentials(TOKEN_URL, "backend", "s3cret", "guestkey/check guestkey/registry")


@dataclass
class Issuer:
    """A fake issuer of tokens, and a fake Guestkey that accepts only the newest of them."""

    lifetime: Any = 3600
    made: list[httpx.Request] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    forgets: Iterator[bool] = field(default_factory=lambda: iter(()))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url == TOKEN_URL:
            self.made.append(request)
            return response(
                200, {"access_token": self.newest, "expires_in": self.lifetime, "token_type": "Bearer"}
            ).to_httpx()
        self.accepted.append(request.headers["authorization"])
        if next(self.forgets, False) or request.headers["authorization"] != f"Bearer {self.newest}":
            return response(401, {"message": "Unauthorized"}).to_httpx()
        return response(200, YES).to_httpx()

    @property
    def newest(self) -> str:
        return f"token-{len(self.made)}"


def test_a_function_is_asked_for_the_token_each_time(call: Call) -> None:
    tokens = iter(["first", "second"])
    server = FakeServer([response(503), response(200, YES)])
    call(server, "check", SVEN, token=lambda: next(tokens))

    assert [request.headers["authorization"] for request in server.sent] == ["Bearer first", "Bearer second"]


def test_client_credentials_are_exchanged_for_a_token_once(call: Call) -> None:
    issuer, token = Issuer(), credentials()
    for _ in range(3):
        assert call(issuer, "check", SVEN, token=token).allowed
    (order,) = issuer.made

    assert order.method == "POST"
    assert base64.b64decode(order.headers["authorization"].removeprefix("Basic ")) == b"backend:s3cret"
    assert parse_qs(order.content.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["guestkey/check guestkey/registry"],
    }
    assert issuer.accepted == ["Bearer token-1"] * 3


@each_row(("lifetime", "fetched"), [(3600, 1), (61, 1), (60, 3), (1, 3), (None, 3), ("3600", 3)])
def test_a_token_is_renewed_a_minute_before_its_end(call: Call, lifetime: Any, fetched: int) -> None:
    issuer, token = Issuer(lifetime), credentials()
    for _ in range(3):
        assert call(issuer, "check", SVEN, token=token).allowed

    assert len(issuer.made) == fetched


def test_after_a_401_a_new_token_is_fetched(call: Call) -> None:
    issuer, token = Issuer(forgets=iter((False, True))), credentials()
    assert call(issuer, "check", SVEN, token=token).allowed
    assert call(issuer, "check", SVEN, token=token).allowed

    assert issuer.accepted == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_second_401_in_a_row_fetches_no_further_token(call: Call) -> None:
    issuer = Issuer(forgets=iter([True] * 9))

    with pytest.raises(NoEntry):
        call(issuer, "let_in", SVEN, token=credentials())
    assert len(issuer.made) == 2


@each_row(
    "outcome",
    [
        response(400, {"error": "invalid_client"}),
        response(500),
        response(302, {"access_token": "x", "expires_in": 3600}),
        response(200, {"access_token": None, "expires_in": 3600}),
        response(200, ["access_token"]),
        response(200, b"<html>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
    ],
    ids=str,
)
def test_without_a_token_no_call_is_sent_and_entry_is_denied(call: Call, outcome: Outcome) -> None:
    server = FakeServer([outcome])

    with pytest.raises(NoEntry) as no:
        call(server, "let_in", SVEN, token=credentials())
    assert no.value.reason == "unavailable"
    assert isinstance(no.value.__cause__, Unavailable)
    assert {request.url for request in server.sent} == {TOKEN_URL}
    assert len(server.sent) == 3


def test_the_issuer_has_the_same_timeout_as_guestkey(call: Call) -> None:
    issuer = Issuer()
    call(issuer, "check", SVEN, token=credentials())

    assert set(issuer.made[0].extensions["timeout"].values()) == {3.0}
