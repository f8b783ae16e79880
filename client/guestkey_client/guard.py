"""Guards for views and applications that support may reach only with the customer's grant.

The product supplies a function that returns, from its own session, the Entry of an agent, or None for a user of the
customer. Each request is checked and no answer is cached, so that a revoke takes effect with the next request.

Requests that read, by their method, are checked for `view`, all others for `change`.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from guestkey_client.calls import Action, Entry, action_of
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
"""The code with which a refused WebSocket is closed (RFC 6455, 7.4.1)."""


class Guard(Generic[Request, Response]):
    """Decorates synchronous views whose first argument is the request, such as Django's: `@guard.entry`.

    `guard.entry` is also a Django middleware, because a middleware has the same form. `refuse` returns the 403. The
    method is the request's attribute `method`; a request without one is checked for `change`.
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
        """Guard a view: an agent reaches it with a live grant to view, and with other methods than GET to change."""
        return self._guarded(view, lambda request: action_of(getattr(request, "method", None)))

    def change(self, view: Callable[Concatenate[Request, P], Response]) -> Callable[Concatenate[Request, P], Response]:
        """Guard a view that changes something, or gives out a key to do so, by any method."""
        return self._guarded(view, lambda request: "change")

    def export(self, view: Callable[Concatenate[Request, P], Response]) -> Callable[Concatenate[Request, P], Response]:
        """Guard a view that exports data: an agent reaches it only with a live grant that allows export."""
        return self._guarded(view, lambda request: "export")

    def _guarded(
        self, view: Callable[Concatenate[Request, P], Response], action: Callable[[Request], Action]
    ) -> Callable[Concatenate[Request, P], Response]:
        @wraps(view)
        def guarded(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
            entry = self._entry_of(request)
            try:
                if entry is not None:
                    self._guestkey.let_in(entry, action(request))
            except NoEntry as no:
                return self._refuse(no)
            return view(request, *args, **kwargs)

        return guarded


class AsgiGuard:
    """ASGI middleware: an agent reaches the application only with a live grant. It covers HTTP and WebSockets.

    A WebSocket is checked once, when it opens, for `change`. `action_of` returns the action of a request: give one of
    your own that returns "export" for requests that export data.
    """

    def __init__(
        self,
        app: App,
        guestkey: AsyncGuestkey,
        *,
        entry_of: Callable[[Scope], Entry | None],
        action_of: Callable[[Scope], Action] = lambda scope: action_of(scope.get("method")),
    ) -> None:
        self._app = app
        self._guestkey = guestkey
        self._entry_of = entry_of
        self._action_of = action_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request; call the application if it is allowed, or respond with 403."""
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
