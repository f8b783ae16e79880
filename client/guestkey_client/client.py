"""The synchronous and the asynchronous client. The module `calls` contains their requests and parsers."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Self, TypeVar

import httpx

from guestkey_client import calls
from guestkey_client.calls import Action, Answer, Call, Entry
from guestkey_client.errors import NoEntry, Refused, Unavailable
from guestkey_client.records import Desk, Record
from guestkey_client.tokens import Bearer

TIMEOUT_SECONDS = 3.0
"""Time-out for each attempt to connect, to send and to receive. A function's cold start takes one to two seconds."""
PAUSES_SECONDS = (0.1, 0.5)
"""Pauses before the second attempt and before the third. There is no fourth attempt."""
MAX_PAUSE_SECONDS = 2.0
"""A call fails at once if Guestkey's `Retry-After` is longer."""
T = TypeVar("T")


class Guestkey:
    """The synchronous client. Threads may share it; use one for the whole process, because it reuses its connections.

    `token` is a function that returns the backend's token, or `ClientCredentials`. Set proxies, certificates and limits
    in the `transport`. `let_in` raises NoEntry only; every other call raises Refused and Unavailable.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], str] | httpx.Auth,
        *,
        timeout: float = TIMEOUT_SECONDS,
        pauses: Iterable[float] = PAUSES_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=url, auth=_auth(token), timeout=timeout, transport=transport)
        self._pauses = tuple(pauses)

    def check(self, entry: Entry, action: Action = "enter") -> Answer:
        """Return whether the agent may continue with the action now. Check each time and do not reuse the answer."""
        return self._sent(calls.check(entry, action))

    def let_in(self, entry: Entry, action: Action = "enter") -> Answer:
        """Return the answer of a check that allows the agent. Every other outcome raises NoEntry, errors included."""
        with _failing_closed(entry):
            return _let_in(self.check(entry, action))

    def may_begin(self, *, tenant_id: str, agent_id: str, action: Action = "enter") -> Answer:
        """Return whether the agent may begin after recording a login. Use it for the button, not for the entry."""
        return self._sent(calls.may_begin(tenant_id, agent_id, action))

    def put(self, record: Record) -> None:
        """Store a tenant, department, agent, right or desk and replace the earlier record. The call may be repeated."""
        return self._sent(calls.put(record))

    def desk(self) -> Desk:
        """Return the settings of the support desk as they were stored."""
        return self._sent(calls.desk())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        self.close()

    def _sent(self, call: Call[T]) -> T:
        retries = _Retries(self._pauses)
        while True:
            try:
                return call.answer(self._http.request(call.method, call.path, json=call.body))
            except (httpx.RequestError, Unavailable) as failure:
                time.sleep(retries.pause_after(failure))


class AsyncGuestkey:
    """The asynchronous client, with the same calls as Guestkey. Use one for each event loop."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str] | httpx.Auth,
        *,
        timeout: float = TIMEOUT_SECONDS,
        pauses: Iterable[float] = PAUSES_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, auth=_auth(token), timeout=timeout, transport=transport)
        self._pauses = tuple(pauses)

    async def check(self, entry: Entry, action: Action = "enter") -> Answer:
        """Return whether the agent may continue with the action now. Check each time and do not reuse the answer."""
        return await self._sent(calls.check(entry, action))

    async def let_in(self, entry: Entry, action: Action = "enter") -> Answer:
        """Return the answer of a check that allows the agent. Every other outcome raises NoEntry, errors included."""
        with _failing_closed(entry):
            return _let_in(await self.check(entry, action))

    async def may_begin(self, *, tenant_id: str, agent_id: str, action: Action = "enter") -> Answer:
        """Return whether the agent may begin after recording a login. Use it for the button, not for the entry."""
        return await self._sent(calls.may_begin(tenant_id, agent_id, action))

    async def put(self, record: Record) -> None:
        """Store a tenant, department, agent, right or desk and replace the earlier record. The call may be repeated."""
        return await self._sent(calls.put(record))

    async def desk(self) -> Desk:
        """Return the settings of the support desk as they were stored."""
        return await self._sent(calls.desk())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self.close()

    async def _sent(self, call: Call[T]) -> T:
        retries = _Retries(self._pauses)
        while True:
            try:
                return call.answer(await self._http.request(call.method, call.path, json=call.body))
            except (httpx.RequestError, Unavailable) as failure:
                await asyncio.sleep(retries.pause_after(failure))


class _Retries:
    """The remaining pauses between the attempts of one call."""

    def __init__(self, pauses: Iterable[float]) -> None:
        self._pauses = iter(pauses)

    def pause_after(self, failure: httpx.RequestError | Unavailable) -> float:
        """Return the seconds to wait before the next attempt. Raises Unavailable if there is no further attempt."""
        pause = next(self._pauses, None)
        asked = failure.retry_after if isinstance(failure, Unavailable) else 0
        if pause is not None and asked <= MAX_PAUSE_SECONDS:
            return max(asked, pause * random.uniform(0.5, 1))
        if isinstance(failure, Unavailable):
            raise failure
        raise Unavailable(f"Guestkey could not be reached: {type(failure).__name__}") from failure


@contextmanager
def _failing_closed(entry: Entry) -> Iterator[None]:
    """Raise NoEntry if the entry has no login id, and turn a failed check into NoEntry."""
    if not entry.login_id:
        raise NoEntry("no_login")
    try:
        yield
    except (Refused, Unavailable) as failure:
        raise NoEntry("unavailable") from failure


def _let_in(answer: Answer) -> Answer:
    if not answer.allowed:
        raise NoEntry(answer.reason)
    return answer


def _auth(token: Callable[[], str] | httpx.Auth) -> httpx.Auth:
    return token if isinstance(token, httpx.Auth) else Bearer(token)
