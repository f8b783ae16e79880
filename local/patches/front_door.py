"""Routes each request to the emulator's port: to an AWS service, to the emulator itself, or to the deployed API.

On AWS the API has its own host name, without a path prefix. The emulator serves the API at the root of its port, so
that `http://127.0.0.1:4566/v1/me` works in every client and shell, and pages can use absolute paths.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from local.emulator import BUCKET
from local.journal import Journal
from local.patches import state, streams
from local.patches.internals import apigateway, app

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Command = Callable[[], object]
Commands = dict[tuple[str, str], Command]

# Calls to AWS are signed in a header or in the query; calls to the API are not signed.
SIGNED_HEADER = b"AWS4-HMAC-SHA256"
# Users sign in at Cognito without credentials of AWS.
UNSIGNED_TARGET = b"AWSCognitoIdentityProviderService."
SIGNED_QUERY = "X-Amz-Algorithm"
COMMANDS = "/_guestkey/"
# CloudFormation reads the template without a signature, and clients of Cognito have none.
EMULATORS_OWN = ("/_", f"/{BUCKET}/", "/oauth2/token")
KEYS_OF_A_POOL = re.compile(r"/[a-z0-9-]+_[A-Za-z0-9]+/\.well-known/jwks\.json")


def route_requests(mails: Journal, events: Journal) -> None:
    """Send unsigned requests to the deployed API, and handle the stack's own commands under `/_guestkey/`.

    1.5.33 serves an API under `/_aws/execute-api/<id>/<stage>`, or under a host name that Python's resolver and some
    browsers cannot resolve, and takes other requests for calls of S3. Before the first deployment the answer is 503, as
    a client knows what to do with it. Drop the patch when ministack can serve an API at the root of the port.
    """
    emulator = app.app
    commands: Commands = {
        ("GET", "mails"): mails.records,
        ("DELETE", "mails"): mails.clear,
        ("GET", "events"): events.records,
        ("DELETE", "events"): events.clear,
        ("DELETE", "stream"): streams.forget,
        ("POST", "save"): state.save_all,
    }

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            streams.begin()
        if scope["type"] != "http" or _is_for_aws(scope):
            await emulator(scope, receive, send)
        elif scope["path"].startswith(COMMANDS):
            await _answer(commands.get((scope["method"], scope["path"].removeprefix(COMMANDS))), send)
        elif scope["path"].startswith(EMULATORS_OWN) or KEYS_OF_A_POOL.fullmatch(scope["path"]):
            await emulator(scope, receive, send)
        elif api_id := next((str(api["apiId"]) for _, api in apigateway._apis.all_items()), None):
            await emulator(_addressed_to_api(scope, api_id), receive, send)
        else:
            await _send(send, 503, {"message": "Service Unavailable"}, (b"retry-after", b"1"))

    app.app = route


def _is_for_aws(scope: Scope) -> bool:
    if SIGNED_QUERY in parse_qs(scope.get("query_string", b"").decode("latin-1")):
        return True
    headers: dict[bytes, bytes] = {name.lower(): value for name, value in scope["headers"]}
    if headers.get(b"x-amz-target", b"").startswith(UNSIGNED_TARGET):
        return True
    return headers.get(b"authorization", b"").startswith(SIGNED_HEADER)


def _addressed_to_api(scope: Scope, api_id: str) -> Scope:
    """Return the request with ministack's path to the API."""
    prefix = f"/_aws/execute-api/{api_id}/$default"
    raw = scope.get("raw_path") or scope["path"].encode()
    return {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + raw}


async def _answer(command: Command | None, send: Send) -> None:
    answer = command() if command else {"message": "no such command"}
    await _send(send, 200 if command else 404, await answer if isinstance(answer, Awaitable) else answer)


async def _send(send: Send, status: int, answer: object, *more: tuple[bytes, bytes]) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
