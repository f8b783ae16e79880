"""The identity provider of the local stack. A real vendor uses Cognito, Auth0, Keycloak or another provider.

It serves the documents of the issuers, the sign-in of the tenants' users (`local.identity`), the tokens of the backend
(`local.machines`) and the sample pages of the vendor's product (`local.host`).
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.host import Host
from local.identity import SignIn
from local.issuer import AUTHORIZE, JSON, TOKEN, Caller, Issuer
from local.machines import MachineTokens
from local.processes import LOOPBACK

MAX_FORM_BYTES = 8192


class _Server(ThreadingHTTPServer):
    # After a restart, every request of a burst makes the emulator fetch the keys at once. The default queue of five
    # connections would reject the others, and the emulator would treat their tokens as invalid.
    request_queue_size = 256


class _Pages(BaseHTTPRequestHandler):
    def __init__(
        self, documents: dict[str, dict[str, Any]], sign_in: SignIn, machines: MachineTokens, host: Host, *args: Any
    ) -> None:
        self._documents, self._sign_in, self._machines, self._host = documents, sign_in, machines, host
        super().__init__(*args)

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == f"/{Caller.TENANT}{AUTHORIZE}":
            self._send(*self._sign_in.authorize(dict(parse_qsl(asked.query))))
        elif (document := self._documents.get(self.path)) is not None:
            self._send(HTTPStatus.OK, JSON, json.dumps(document))
        elif (reply := self._host.reply(self.path)) is not None:
            self._send(*reply)
        else:
            self._send(HTTPStatus.NOT_FOUND, JSON, json.dumps({"message": "unknown path"}))

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), MAX_FORM_BYTES)
        form = self.rfile.read(length).decode(errors="replace")
        if self.path == f"/{Caller.TENANT}{TOKEN}":
            self._send(*self._sign_in.token(dict(parse_qsl(form))))
        elif self.path == f"/{Caller.VENDOR}{TOKEN}":
            content_type, authorization = self.headers.get("Content-Type", ""), self.headers.get("Authorization")
            self._send(*self._machines.token(content_type, authorization, form))
        else:
            self._send(HTTPStatus.NOT_FOUND, JSON, json.dumps({"message": "unknown path"}))

    def _send(self, status: HTTPStatus, headers: dict[str, str], body: str) -> None:
        self.send_response(status)
        for name, value in (headers | self._sign_in.cors(self.headers.get("Origin"))).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log the request without its query, because the query contains authorization codes."""
        self.log_message("%s %s %s", self.command, urlsplit(self.path).path, str(code))


def server(issuer: Issuer, api: str) -> ThreadingHTTPServer:
    """Return the HTTP server of an issuer. Its users sign in for the pages of the API at `api`."""
    pages: Callable[..., _Pages] = partial(
        _Pages, issuer.documents(), SignIn(issuer, api), MachineTokens(issuer), Host(issuer, api)
    )
    return _Server((LOOPBACK, issuer.port), pages)


def main() -> None:
    """Run the identity provider until the process is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--api", default="", help="base URL of the API whose pages use the sign-in")
    arguments = parser.parse_args()
    server(Issuer(arguments.folder, arguments.port), arguments.api).serve_forever()


if __name__ == "__main__":
    main()
