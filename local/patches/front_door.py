"""Who is meant by a request to the emulator's one port: AWS, the emulator itself, or the deployed API.

On AWS the API has a host name of its own and stands at its root. Here it stands at the root of the emulator's port, so
`http://127.0.0.1:4566/v1/me` works in any client and shell, and pages may use absolute paths.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from local.patches import mails, state
from local.patches.internals import apigateway, app

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Calls to AWS are signed, with a header or in the query; calls to the API never are.
SIGNED_HEADER = b"AWS4-HMAC-SHA256"
SIGNED_QUERY = "X-Amz-Algorithm"
OWN = "/_guestkey/"


def open_front_door() -> None:
    """Send unsigned requests to the deployed API and answer the few that are for the stack's own commands.

    1.5.33 serves an API under `/_aws/execute-api/<id>/<stage>`, or under a made-up host name that Python's resolver and
    some browsers do not know. Drop it when an API can be mapped to the root of the port.
    """
    emulator = app.app

    async def front_door(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_signed(scope):
            await emulator(scope, receive, send)
        elif scope["path"].startswith(OWN):
            await _answer_own(scope, send)
        else:
            await emulator(_addressed_to_api(scope), receive, send)

    app.app = front_door


def _is_signed(scope: Scope) -> bool:
    if SIGNED_QUERY in parse_qs(scope.get("query_string", b"").decode("latin-1")):
        return True
    return any(name.lower() == b"authorization" and value.startswith(SIGNED_HEADER) for name, value in scope["headers"])


def _addressed_to_api(scope: Scope) -> Scope:
    """Return the request as ministack wants it addressed; untouched if it is for ministack or nothing is deployed."""
    api_id = next((str(api["apiId"]) for _, api in apigateway._apis.all_items()), None)
    if api_id is None or scope["path"].startswith("/_"):
        return scope
    prefix = f"/_aws/execute-api/{api_id}/$default"
    raw = scope.get("raw_path") or scope["path"].encode()
    return {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + raw}


async def _answer_own(scope: Scope, send: Send) -> None:
    answers: dict[tuple[str, str], Callable[[], object]] = {
        ("GET", "mails"): mails.sent,
        ("DELETE", "mails"): mails.forget,
        ("POST", "save"): state.save_all,
    }
    answer = answers.get((scope["method"], scope["path"].removeprefix(OWN)))
    body = json.dumps(answer() if answer else {"message": "no such command"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200 if answer else 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})
