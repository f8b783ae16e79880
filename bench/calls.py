"""Calls a function's handler in this process, with an event of payload version 2.0, as API Gateway sends it."""

import io
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from bench.processes import ROOT

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

ANNA = {"sub": "anna", "tenant_id": "acme", "name": "Anna Albrecht", "email": "anna@acme.example", "locale": "de-DE"}
SVEN = {"sub": "sven"}
BACKEND = {"sub": "backend", "scope": "guestkey/check guestkey/registry guestkey/rights"}
NO_CALLER: dict[str, str] = {}
CONTEXT = SimpleNamespace(aws_request_id="bench", function_name="bench")


def folders() -> list[str]:
    """Return the folder names of all functions."""
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


@cache
def handler(function: str) -> Handler:
    """Return the function's handler. Each module is imported under its own name, because all of them are named app."""
    spec = spec_from_file_location(f"bench_{function}", ROOT / "functions" / function / "app.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Handler = module.lambda_handler
    return found


def event(
    route: str,
    caller: dict[str, str],
    *,
    sent: object = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    parts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the event of a request to this route; `parts` are the values of its path parameters."""
    method, _, template = route.partition(" ")
    path = template.format(**(parts or {}))
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "queryStringParameters": dict(query or {}),
        "headers": {"content-type": "application/json", **(headers or {})},
        "pathParameters": dict(parts or {}),
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
            "authorizer": {"jwt": {"claims": caller, "scopes": None}},
            "requestId": "bench",
            "routeKey": route,
            "stage": "$default",
        },
        "body": None if sent is None else json.dumps(sent),
        "isBase64Encoded": False,
    }


def call(function: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Call the function and return its response. Its log lines are discarded."""
    with redirect_stdout(io.StringIO()):
        return handler(function)(asked, CONTEXT)
