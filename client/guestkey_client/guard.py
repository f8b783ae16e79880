"""Guards: what a product puts before whatever support must not reach without the customer.

The product says by whom a request is made, from a session of its own: the Entry of an agent, or None for everybody who
is not support. Nothing is kept between two requests, so that a revoke counts with the next one.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from guestkey_client.calls import Action, Entry
from guestkey_client.client import AsyncGuestkey, Guestkey
from guestkey_client.errors import NoEntry

Request = TypeVar("Request")
Response = TypeVar("Response")
P = ParamSpec("P")

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY_VIOLATION = 1008
"""What a WebSocket is closed with (RFC 6455, 7.4.1)."""


class Guard(Generic[Request, Response]):
    """Guards views that take the request first and wait for their answer, as Django's do: `@guard.entry`.

    Django's middlewares are made in the same way, so `guard.entry` is one as well. `refuse` makes the 403.
    """

    def __init__(
        self,
        guestkey: Guestkey,
        *,
        entry_of: Callable[[Request], Entry | None],
        refuse: Callable[[NoEntry], Response],
    ) -> None:
        self._guestkey = guestkey
        self._entry_of = entry_of
        self._refuse = refuse

    def entry(self, view: Callable[Concatenate[Request, P], Response]) -> Callable[Concatenate[Request, P], Response]:
        """Let support into the view only while the customer does."""
        return self._guarded(view, "enter")

    def export(self, view: Callable[Concatenate[Request, P], Response]) -> Callable[Concatenate[Request, P], Response]:
        """Let support into the view, which gives data out, only while the customer allows export."""
        return self._guarded(view, "export")

    def _guarded(
        self, view: Callable[Concatenate[Request, P], Response], action: Action
    ) -> Callable[Concatenate[Request, P], Response]:
        @wraps(view)
        def guarded(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
            entry = self._entry_of(request)
            try:
                if entry is not None:
                    self._guestkey.let_in(entry, action)
            except NoEntry as no:
                return self._refuse(no)
            return view(request, *args, **kwargs)

        return guarded


class AsgiGuard:
    """ASGI middleware: lets support into an application only while the customer does, WebSockets included.

    A WebSocket is asked for when it opens, and not again. `action_of` says which requests export.
    """

    def __init__(
        self,
        app: App,
        guestkey: AsyncGuestkey,
        *,
        entry_of: Callable[[Scope], Entry | None],
        action_of: Callable[[Scope], Action] = lambda scope: "enter",
    ) -> None:
        self._app = app
        self._guestkey = guestkey
        self._entry_of = entry_of
        self._action_of = action_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask, and let the application answer or answer 403."""
        entry = None if scope["type"] == "lifespan" else self._entry_of(scope)
        try:
            if entry is not None:
                await self._guestkey.let_in(entry, self._action_of(scope))
        except NoEntry as no:
            for message in _refusal(scope, no):
                await send(message)
            return
        await self._app(scope, receive, send)


def _refusal(scope: Scope, no: NoEntry) -> list[Message]:
    if scope["type"] == "websocket":
        return [{"type": "websocket.close", "code": POLICY_VIOLATION, "reason": no.reason}]
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    return [
        {"type": "http.response.start", "status": HTTPStatus.FORBIDDEN, "headers": headers},
        {"type": "http.response.body", "body": json.dumps({"reason": no.reason}).encode()},
    ]
