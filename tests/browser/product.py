"""Acme's product with the panel, and the back office with the desk, for the browser tests.

They are the sample pages of the local stack, the real web function and the real functions, on a moto table with a
stopped clock. This module does the work of API Gateway: CORS, token verification, events. Tests provoke faults in the
browser. moto is not atomic, so races are tested in `tests/journeys`.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import jwt

from local import issuer as local
from local.processes import LOOPBACK
from local.provider import server
from tests import calls, stack
from tests.browser.browser_page import AT_ONCE, SETTLE, STEADY
from tests.personas import Caller
from tests.web import started

CORS = stack.value_of(
    stack.resource("Api")["CorsConfiguration"], stack.parameters(AllowedOrigins="https://app.vendor.example")
)
UNAUTHORIZED = 401, {"Content-Type": "application/json"}, b'{"message":"Unauthorized"}'
NO_ROUTE = 404, {"Content-Type": "application/json"}, b'{"message":"Not Found"}'

Reply = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Product:
    """Addresses of the page and of its API."""

    url: str
    issuer: local.Issuer

    @property
    def link(self) -> str:
        """Address of the page with the help menu."""
        return self.issuer.address + local.HOST


class _Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, pages: Any, issuer: local.Issuer, *args: Any) -> None:
        self._pages, self._issuer = pages, issuer
        super().__init__(*args)

    def do_OPTIONS(self) -> None:
        allowed = {"Methods": CORS["AllowMethods"], "Headers": CORS["AllowHeaders"]}
        self._send(204, {f"Access-Control-Allow-{what}": ", ".join(values) for what, values in allowed.items()}, b"")

    def do_GET(self) -> None:
        if self.path.startswith("/assets/"):
            event = {"routeKey": "GET /assets/{name}", "pathParameters": {"name": self.path.removeprefix("/assets/")}}
            is_guard = STEADY.fullmatch(self.path)
            encoding = {} if is_guard else {"accept-encoding": "gzip"}
            reply = self._pages.lambda_handler(event | {"headers": encoding}, None)
            if is_guard:
                # Most tests press at once. Those of the guard itself put its delay back.
                reply["body"] = SETTLE.sub(f"SETTLE_MILLISECONDS={AT_ONCE}", reply["body"])
            body = base64.b64decode(reply["body"]) if reply["isBase64Encoded"] else reply["body"].encode()
            self._send(reply["statusCode"], reply["headers"], body)
        else:
            self._send(*self._forward())

    def do_POST(self) -> None:
        self._send(*self._forward())

    def do_PUT(self) -> None:
        self._send(*self._forward())

    def do_PATCH(self) -> None:
        self._send(*self._forward())

    def do_DELETE(self) -> None:
        self._send(*self._forward())

    def _forward(self) -> Reply:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        caller = self._caller(headers.get("authorization", ""))
        if caller is None and urlsplit(self.path).path != "/v1/contact":
            return UNAUTHORIZED
        try:
            event = calls.event(self.command, self.path, caller=caller, headers=headers, raw=sent or None)
        except LookupError:
            return NO_ROUTE
        answer = calls.send(event)
        return answer.status, answer.headers, answer.text.encode()

    def _caller(self, authorization: str) -> Caller | None:
        kind = local.Caller.SUPPORT if self.path.startswith("/v1/support/") else local.Caller.TENANT
        try:
            claims = jwt.decode(
                authorization.removeprefix("Bearer "),
                self._issuer.key().public_key(),
                algorithms=["RS256"],
                issuer=self._issuer.url(kind),
                audience=self._issuer.audience(kind),
            )
        except jwt.InvalidTokenError:
            return None
        return Caller(kind, {name: str(value) for name, value in claims.items()})

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        cors = {"Access-Control-Expose-Headers": ", ".join(CORS["ExposeHeaders"])}
        if self.headers.get("Origin") == self._issuer.address:
            cors["Access-Control-Allow-Origin"] = self._issuer.address
        try:
            self.send_response(status)
            for header, value in (headers | cors | {"Content-Length": str(len(body))}).items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            # The browser has closed the connection.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""


@contextmanager
def opened(folder: Path) -> Iterator[Product]:
    """Serve the product and the API behind it, on two free ports."""
    with ThreadingHTTPServer((LOOPBACK, 0), BaseHTTPRequestHandler) as probe:
        issuer = local.Issuer(folder, probe.server_address[1])
    pages = started(TENANT_ISSUER=issuer.url(local.Caller.TENANT))
    made: Callable[..., _Gateway] = partial(_Gateway, pages, issuer)
    with ThreadingHTTPServer((LOOPBACK, 0), made) as gateway:
        url = f"http://{LOOPBACK}:{gateway.server_address[1]}"
        with server(issuer, url) as product:
            for one in (gateway, product):
                Thread(target=partial(one.serve_forever, poll_interval=0.05), daemon=True).start()
            yield Product(url, issuer)
            for one in (gateway, product):
                one.shutdown()
