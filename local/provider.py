"""The identity provider of this machine. A real vendor brings his own, as Cognito, Auth0 or Keycloak.

It serves what there is to read of the issuers, and `local.identity`, where the tenants' users sign in. Beside it stands
the vendor's product, which is `local.host`.
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
from local.processes import LOOPBACK

LONGEST_FORM = 8192


class _Server(ThreadingHTTPServer):
    # After a restart every request of a burst makes the emulator ask for the keys, all at once; the usual five places
    # in the queue would turn away the rest, and it would take their tokens for bad ones.
    request_queue_size = 256


class _Pages(BaseHTTPRequestHandler):
    def __init__(self, documents: dict[str, dict[str, Any]], sign_in: SignIn, host: Host, *args: Any) -> None:
        self._documents, self._sign_in, self._host = documents, sign_in, host
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
            self._send(HTTPStatus.NOT_FOUND, JSON, json.dumps({"message": "no such document"}))

    def do_POST(self) -> None:
        form = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LONGEST_FORM)).decode(errors="replace")
        if self.path == f"/{Caller.TENANT}{TOKEN}":
            self._send(*self._sign_in.token(dict(parse_qsl(form))))
        else:
            self._send(HTTPStatus.NOT_FOUND, JSON, json.dumps({"message": "nothing is posted here"}))

    def _send(self, status: HTTPStatus, headers: dict[str, str], body: str) -> None:
        self.send_response(status)
        for name, value in (headers | self._sign_in.cors(self.headers.get("Origin"))).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the query out of the log: a code stands in it."""
        self.log_message("%s %s %s", self.command, urlsplit(self.path).path, str(code))


def server(issuer: Issuer, api: str) -> ThreadingHTTPServer:
    """Return the server of an issuer whose users sign in for the API at that address."""
    pages: Callable[..., _Pages] = partial(_Pages, issuer.documents(), SignIn(issuer, api), Host(issuer, api))
    return _Server((LOOPBACK, issuer.port), pages)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--api", default="", help="the API whose pages users sign in for")
    arguments = parser.parse_args()
    server(Issuer(arguments.folder, arguments.port), arguments.api).serve_forever()


if __name__ == "__main__":
    main()
