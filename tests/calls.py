"""Calls of a function without a server: the API Gateway event (HTTP API, payload 2.0), the real handler, its answer.

The handler is found by the route in template.yaml. No authorizer runs here: the caller has the claims that the test
gives. `tests/journeys` sends real tokens through the authorizers.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx

from tests import stack
from tests.personas import Caller

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """A response. It unpacks into status and body; the body is parsed if it is JSON, and otherwise text."""

    status: int
    body: Any
    headers: dict[str, str]
    text: str

    def __iter__(self) -> Iterator[Any]:
        yield self.status
        yield self.body

    @property
    def code(self) -> str | None:
        """The code of a refusal."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def next_link(self) -> str | None:
        """The query string of the `Link` header with `rel="next"`."""
        found = re.fullmatch(r'<(\?[^>]*)>; rel="next"', self.headers.get("link", ""))
        return found[1] if found else None


@dataclass(frozen=True)
class LambdaContext:
    """Those members of Lambda's context object that the functions read."""

    function_name: str = "guestkey-NotifyFunction"
    milliseconds: int = 240_000

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left until the function's time-out."""
        return self.milliseconds


def call(
    method: str,
    path: str,
    body: Any = None,
    *,
    caller: Caller | None,
    query: dict[str, Any] | str | None = None,
    headers: dict[str, str] | None = None,
    raw: str | bytes | None = None,
) -> Answer:
    """Send a request and return its answer. `body` is sent as JSON; `raw` is sent unchanged, bytes in base64.

    Without a caller the request carries no claims, for routes that need no token.
    """
    return send(event(method, path, body, caller=caller, query=query, headers=headers, raw=raw))


_alone = RLock()


def send(event: dict[str, Any]) -> Answer:
    """Send an event to the function of its route and return the answer.

    The threads of a test wait for each other: moto is not atomic, and a worker of Lambda processes one call at a time.
    """
    folder = next(route.folder for route in stack.routes() if route.key == event["routeKey"])
    with _alone:
        return answer(handler(folder, running.count(folder))(event, None))


def transport(caller: Caller) -> httpx.MockTransport:
    """Return an httpx transport that sends a caller's requests to the functions."""

    def carry(request: httpx.Request) -> httpx.Response:
        headers = {
            name: request.headers[name] for name in ("idempotency-key", "content-type") if name in request.headers
        }
        query = request.url.query.decode()
        body = request.content or None
        path = request.url.raw_path.decode().partition("?")[0]
        answer = call(request.method, path, caller=caller, query=query, headers=headers, raw=body)
        return httpx.Response(answer.status, headers=answer.headers, text=answer.text)

    return httpx.MockTransport(carry)


def answer(said: dict[str, Any]) -> Answer:
    """Return API Gateway's response for a handler's answer. The answer must be serialisable as JSON."""
    json.dumps(said)
    said_headers = said.get("headers") or {}
    headers = {name.lower(): str(value) for name, value in said_headers.items()}
    for name, values in (said.get("multiValueHeaders") or {}).items():
        headers[name.lower()] = ", ".join(values)
    text = base64.b64decode(said["body"]).decode() if said.get("isBase64Encoded") else said["body"]
    kind = headers.get("content-type", "").partition(";")[0]
    return Answer(said["statusCode"], json.loads(text) if text and kind.endswith("json") else text, headers, text)


def event(
    method: str,
    path: str,
    body: Any = None,
    *,
    caller: Caller | None,
    query: dict[str, Any] | str | None = None,
    headers: dict[str, str] | None = None,
    raw: str | bytes | None = None,
) -> dict[str, Any]:
    """Return API Gateway's event for a request that passed the authorizer."""
    parts = urlsplit(path)
    query_string = parts.query or (query.removeprefix("?") if isinstance(query, str) else urlencode(query or {}))
    route, parameters = _routed(method, parts.path)
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": unquote(parts.path),
        "rawQueryString": query_string,
        "headers": {"host": "api.example", "content-type": JSON, **(headers or {})},
        "requestContext": {
            "accountId": stack.ACCOUNT,
            "apiId": "api",
            "domainName": "api.example",
            "http": {
                "method": method,
                "path": unquote(parts.path),
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "tests",
            },
            "requestId": "a-request",
            "routeKey": route.key,
            "stage": "$default",
            "time": "23/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795435200000,
        },
        "isBase64Encoded": False,
    }
    if caller:
        made["requestContext"]["authorizer"] = {"jwt": {"claims": caller.claims, "scopes": None}}
    if parameters:
        made["pathParameters"] = parameters
    if query_string:
        asked: dict[str, str] = {}
        for name, value in parse_qsl(query_string, keep_blank_values=True):
            asked[name] = f"{asked[name]},{value}" if name in asked else value
        made["queryStringParameters"] = asked
    if isinstance(raw, bytes):
        made |= {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}
    elif raw is not None or body is not None:
        made["body"] = raw if raw is not None else json.dumps(body)
    return made


running: list[str | None] = []
"""The functions that are running, the innermost last; None while the test itself acts in between."""


@contextmanager
def as_running(folder: str | None) -> Iterator[None]:
    """Note that a function is running, or with None that the test acts."""
    running.append(folder)
    try:
        yield
    finally:
        running.pop()


@cache
def handler(folder: str, worker: int = 0) -> Any:
    """Return the Lambda handler of a function.

    A worker of Lambda processes one call at a time, so a call during another call is sent to a second worker.
    """
    lambda_handler = _module(folder, worker).lambda_handler

    def invoke(event: Any, context: Any) -> Any:
        with as_running(folder):
            return lambda_handler(event, context)

    return invoke


def _module(folder: str, worker: int) -> Any:
    if worker == 0:
        return import_module(f"functions.{folder}.app")
    spec = spec_from_file_location(f"{folder}_{worker}", stack.PROJECT / "functions" / folder / "app.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _routed(method: str, path: str) -> tuple[stack.Route, dict[str, str]]:
    """Return the route that matches a path, one without variables first, and the values of its variables."""
    for route in sorted(stack.routes(), key=lambda route: ("+}" in route.path, "{" in route.path)):
        pattern = "".join(
            f"(?P<{part.strip('{+}')}>{'.+' if '+' in part else '[^/]+'})" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]+\})", route.path)
        )
        found = re.fullmatch(pattern, path)
        if found and route.method == method:
            return route, {name: unquote(value) for name, value in found.groupdict().items()}
    raise LookupError(f"the template has no route for {method} {path}")
