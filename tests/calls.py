"""A call as it reaches a function: the API Gateway event (HTTP API, payload 2.0), the route's own handler, its answer.

The handler is found by the route in template.yaml. The authorizers are API Gateway's and not asked here: whoever calls
has the claims that are given. `tests/journeys` asks the real ones.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx

from tests import stack
from tests.personas import Caller

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What came back. Unpacks into status and body; the body is parsed where it is JSON and text where it is not."""

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
        """The query string behind `Link: rel="next"`."""
        found = re.fullmatch(r'<(\?[^>]*)>; rel="next"', self.headers.get("link", ""))
        return found[1] if found else None


@dataclass(frozen=True)
class LambdaContext:
    """What Lambda hands a function beside the event, as far as one of ours asks for it."""

    function_name: str = "guestkey-NotifyFunction"
    milliseconds: int = 240_000

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
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
    """Send a request and return its answer. `body` becomes JSON; `raw` goes as it is, bytes in base64.

    Without a caller it is a route that anyone may ask.
    """
    return send(event(method, path, body, caller=caller, query=query, headers=headers, raw=raw))


def send(event: dict[str, Any]) -> Answer:
    """Hand an event to the function its route belongs to."""
    folder = next(route.folder for route in stack.routes() if route.key == event["routeKey"])
    worker = _busy.count(folder)
    _busy.append(folder)
    try:
        return answer(handler(folder, worker)(event, None))
    finally:
        _busy.remove(folder)


def transport(caller: Caller) -> httpx.MockTransport:
    """Return what carries a caller's requests to the functions, for a client of httpx's."""

    def carry(request: httpx.Request) -> httpx.Response:
        headers = {
            name: request.headers[name] for name in ("idempotency-key", "content-type") if name in request.headers
        }
        query = request.url.query.decode()
        body = request.content or None
        answer = call(request.method, request.url.path, caller=caller, query=query, headers=headers, raw=body)
        return httpx.Response(answer.status, headers=answer.headers, text=answer.text)

    return httpx.MockTransport(carry)


def answer(said: dict[str, Any]) -> Answer:
    """Return what API Gateway would make of a handler's answer; it must be fit to be sent."""
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
    """Return the event that API Gateway makes of a request that its authorizer let pass."""
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
        made["requestContext"]["authorizer"] = {"jwt": {"claims": caller.claims, "scopes": list(route.scopes) or None}}
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


_busy: list[str] = []


@cache
def handler(folder: str, worker: int = 0) -> Any:
    """Return the Lambda handler of a function.

    A worker of Lambda does one thing at a time: a call in the middle of a call is answered by another one.
    """
    if worker == 0:
        return import_module(f"functions.{folder}.app").lambda_handler
    spec = spec_from_file_location(f"{folder}_{worker}", stack.PROJECT / "functions" / folder / "app.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.lambda_handler


def _routed(method: str, path: str) -> tuple[stack.Route, dict[str, str]]:
    """Return the route that takes a path, one without variables first, and what the variables are."""
    for route in sorted(stack.routes(), key=lambda route: "{" in route.path):
        pattern = "".join(
            f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]+\})", route.path)
        )
        found = re.fullmatch(pattern, path)
        if found and route.method == method:
            return route, {name: unquote(value) for name, value in found.groupdict().items()}
    raise LookupError(f"the template has no route for {method} {path}")
