"""An HTTP server with a table of answers: an identity provider, the API, or the JSON services of AWS."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Reply:
    """One answer: status, body, further headers, and the seconds before it."""

    status: int
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass
class Served:
    """The running server: its address, its table by `METHOD /path [Action]`, the calls it got with their bodies.

    A call of AWS's JSON protocol may also stand in the table by its target, `ServiceQuotasV20190624.ListServices`.
    """

    url: str
    table: dict[str, Reply]
    calls: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    default: Reply = field(default_factory=lambda: Reply(404, {"message": "Not Found"}))


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    """Calls that wait for a thread. With the default of 5, many at once wait a second for another try of the kernel."""


@contextmanager
def serving(table: dict[str, Reply] | None = None) -> Iterator[Served]:
    """Serve a table on a local port; a path that is not in it gets the default, 404."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            # `self.path` would be without the second slash at the beginning.
            key = f"{self.command} {self.requestline.split()[1].partition('?')[0]}"
            if action := re.search(rb"\bAction=(\w+)", body):  # AWS's query protocol
                key += f" {action[1].decode()}"
            if (target := self.headers.get("X-Amz-Target", "")) in served.table:
                key = target
            served.calls.append(key)
            served.bodies.append(body)
            reply = served.table.get(key, served.default)
            time.sleep(reply.after)
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815  # http.server's names

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        served = Served(f"http://127.0.0.1:{server.server_port}", table if table is not None else {})
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
