"""One call of both clients, synchronous and asynchronous, against responses that a test sets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from guestkey_client import AsyncGuestkey, Entry, Guestkey

URL = "https://guestkey.example"
SVEN = Entry(tenant_id="acme", agent_id="sven", login_id="01M82571EDCFM4K6RX6ZY8DPWP")
YES = {
    "allowed": True,
    "reason": "granted",
    "grant_id": "01M844DZG0ACMEGRANT0000001",
    "access": "change",
    "may_export": False,
    "ends_at": "2026-11-23T13:00:00Z",
}
NO = {
    "allowed": False,
    "reason": "no_live_grant",
    "grant_id": None,
    "access": None,
    "may_export": False,
    "ends_at": None,
}


@dataclass(frozen=True)
class FakeResponse:
    """A response to send; a body of bytes is sent unchanged."""

    status: int
    body: Any
    headers: dict[str, str]

    def __str__(self) -> str:
        return f"{self.status} {self.body}"

    def to_httpx(self) -> httpx.Response:
        """Return the response with an unread body, as from the network."""
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return httpx.Response(self.status, headers=self.headers, stream=_Unread(content))


class _Unread(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


Outcome = FakeResponse | Exception


def response(status: int, body: Any = None, **headers: str) -> FakeResponse:
    return FakeResponse(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class FakeServer:
    """Return its outcomes one after the other, the last one for ever, and record the requests."""

    outcomes: list[Outcome]
    sent: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        outcome = self.outcomes[min(len(self.sent), len(self.outcomes) - 1)]
        self.sent.append(request)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome.to_httpx()


Call = Callable[..., Any]
"""Calls a method of a client: call(server, "check", SVEN)."""


def call_sync(
    server: Callable[[httpx.Request], httpx.Response],
    method: str,
    *what: Any,
    token: Any = lambda: "a-token",
    pauses: Iterable[float] = (0, 0),
    **more: Any,
) -> Any:
    with Guestkey(URL, token, pauses=pauses, transport=httpx.MockTransport(server)) as guestkey:
        return getattr(guestkey, method)(*what, **more)


def call_async(
    server: Callable[[httpx.Request], httpx.Response],
    method: str,
    *what: Any,
    token: Any = lambda: "a-token",
    pauses: Iterable[float] = (0, 0),
    **more: Any,
) -> Any:
    async def ask() -> Any:
        async with AsyncGuestkey(URL, token, pauses=pauses, transport=httpx.MockTransport(server)) as guestkey:
            return await getattr(guestkey, method)(*what, **more)

    return asyncio.run(ask())
