"""Guestkey as the backend calls it, waiting or awaiting. What is sent, and what an answer means, stands in `calls`."""

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
"""For each try to connect, to send and to hear. A function's cold start takes one to two seconds."""
PAUSES_SECONDS = (0.1, 0.5)
"""Before the second try and before the third. There is no fourth."""
LONGEST_PAUSE_SECONDS = 2.0
"""Who is asked to stay away for longer gives up at once."""
T = TypeVar("T")


class Guestkey:
    """Asks and waits for the answer. May be shared by threads; keep one, so that connections are used again.

    `token` returns the backend's token, or is `ClientCredentials`. Proxies, certificates and limits are the
    `transport`'s. Every method raises Refused and Unavailable, but `let_in` NoEntry alone.
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
        """Return whether the agent may go on, or export, now. Ask each time: a yes is about one moment."""
        return self._sent(calls.check(entry, action))

    def let_in(self, entry: Entry, action: Action = "enter") -> Answer:
        """Return the yes to a check. Whatever is not a clear yes raises NoEntry."""
        with _only_by_a_record(entry):
            return _let_in(self.check(entry, action))

    def may_begin(self, *, tenant_id: str, agent_id: str, action: Action = "enter") -> Answer:
        """Return whether the agent could enter after recording a login. Offer the button by it; let nobody in by it."""
        return self._sent(calls.may_begin(tenant_id, agent_id, action))

    def put(self, record: Record) -> None:
        """Say how a tenant, department, agent, right or desk is from now on. A repeated call does no harm."""
        return self._sent(calls.put(record))

    def desk(self) -> Desk:
        """Return the support desk's record as it was put."""
        return self._sent(calls.desk())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        self.close()

    def _sent(self, call: Call[T]) -> T:
        patience = _Patience(self._pauses)
        while True:
            try:
                return call.answer(self._http.request(call.method, call.path, json=call.body))
            except (httpx.RequestError, Unavailable) as failure:
                time.sleep(patience.after(failure))


class AsyncGuestkey:
    """The same, awaited. One for each event loop."""

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
        """Return whether the agent may go on, or export, now. Ask each time: a yes is about one moment."""
        return await self._sent(calls.check(entry, action))

    async def let_in(self, entry: Entry, action: Action = "enter") -> Answer:
        """Return the yes to a check. Whatever is not a clear yes raises NoEntry."""
        with _only_by_a_record(entry):
            return _let_in(await self.check(entry, action))

    async def may_begin(self, *, tenant_id: str, agent_id: str, action: Action = "enter") -> Answer:
        """Return whether the agent could enter after recording a login. Offer the button by it; let nobody in by it."""
        return await self._sent(calls.may_begin(tenant_id, agent_id, action))

    async def put(self, record: Record) -> None:
        """Say how a tenant, department, agent, right or desk is from now on. A repeated call does no harm."""
        return await self._sent(calls.put(record))

    async def desk(self) -> Desk:
        """Return the support desk's record as it was put."""
        return await self._sent(calls.desk())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self.close()

    async def _sent(self, call: Call[T]) -> T:
        patience = _Patience(self._pauses)
        while True:
            try:
                return call.answer(await self._http.request(call.method, call.path, json=call.body))
            except (httpx.RequestError, Unavailable) as failure:
                await asyncio.sleep(patience.after(failure))


class _Patience:
    """How long one call goes on trying."""

    def __init__(self, pauses: Iterable[float]) -> None:
        self._pauses = iter(pauses)

    def after(self, failure: httpx.RequestError | Unavailable) -> float:
        """Return how many seconds to wait before the next try. Raises Unavailable if there is none."""
        pause = next(self._pauses, None)
        asked = failure.retry_after if isinstance(failure, Unavailable) else 0
        if pause is not None and asked <= LONGEST_PAUSE_SECONDS:
            return max(asked, pause * random.uniform(0.5, 1))
        if isinstance(failure, Unavailable):
            raise failure
        raise Unavailable(f"Guestkey was not reached: {type(failure).__name__}") from failure


@contextmanager
def _only_by_a_record(entry: Entry) -> Iterator[None]:
    """Keep an agent out who has no record of the entry, and whom no check can be had for."""
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
