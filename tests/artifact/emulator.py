"""AWS over HTTP for a function in its own process: moto of this process answers, with the tables of the test.

SES and EventBridge accept everything. Connections stay open, as those of AWS do, until `drop_connections`.
"""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

SCOPE = re.compile(r"Credential=[^/]+/\d+/([\w-]+)/(\w+)/")
"""Region and service in the signature of a request."""
ACCEPTED = {
    "ses": {"MessageId": "0100"},
    "events": {"FailedEntryCount": 0, "Entries": [{"EventId": "0100"}]},
}


class Emulator(ThreadingHTTPServer):
    """The server. `services` has the service of each request, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.services: list[str] = []
        self.opened: list[socket.socket] = []
        self.lost: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """The address for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and keep it for `drop_connections`."""
        connection, address = super().get_request()
        self.opened.append(connection)
        return connection, address

    def drop_connections(self) -> int:
        """Close all open connections from this side and return their number."""
        dropped = 0
        for connection in self.opened:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                dropped += 1
        self.opened.clear()
        return dropped

    def lose_connections(self) -> int:
        """Answer no more on the connections that are open now, and leave them open. Return their number."""
        self.lost |= set(self.opened)
        return len(self.opened)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    server: Emulator

    def do_POST(self) -> None:
        self._answer("POST")

    def do_GET(self) -> None:
        self._answer("GET")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.connection in self.server.lost:
            self.close_connection = not self.rfile.read(1)  # waits until the client gives up
            return None
        found = SCOPE.search(self.headers["Authorization"])
        assert found, "every request is signed"
        region, service = found.groups()
        self.server.services.append(service)
        if service in ACCEPTED:
            return self._say(200, {}, json.dumps(ACCEPTED[service]).encode())
        url = f"https://{service}.{region}.amazonaws.com{self.path}"
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = value
        answer = botocore_stubber("before-send", AWSPreparedRequest(method, url, headers, body, stream_output=False))
        assert answer, url
        self._say(answer.status_code, dict(answer.headers), answer.raw.read())
        return None

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def _say(self, status: int, headers: dict[str, Any], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "connection", "server", "date"}:
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def emulator() -> Iterator[Emulator]:
    """Serve until the block ends."""
    with Emulator() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.drop_connections()
            server.shutdown()
            thread.join()
