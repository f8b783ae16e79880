"""A proxy between the functions and DynamoDB that answers as DynamoDB does on a bad day.

A fault is set for an operation and a number of requests; all other requests reach DynamoDB unchanged. The proxy keeps
`Host` as it is, because the signature of a request covers it.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, repeat
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from local.processes import LOOPBACK

ALWAYS = 10**6
TYPES = "com.amazonaws.dynamodb.v20120810#"
A_WHILE = 2.5
"""Seconds: longer than a function waits for an answer of DynamoDB."""
TABLE_THROTTLED = "The level of configured provisioned throughput for the table was exceeded."
INDEX_THROTTLED = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded."
)
ERRORS = {
    "throttled": (400, "ProvisionedThroughputExceededException", TABLE_THROTTLED),
    "index throttled": (400, "ThrottlingException", INDEX_THROTTLED),
    "internal error": (500, "InternalServerError", "Internal server error"),
    "unavailable": (503, "ServiceUnavailable", "Service unavailable"),
    "conflict": (400, "TransactionConflictException", "Transaction is ongoing for the item"),
}
REASONS = {
    "conflict": ("TransactionConflict", "Transaction is ongoing for the item"),
    "throttled": ("ProvisionedThroughputExceeded", TABLE_THROTTLED),
    "index throttled": ("ThrottlingError", INDEX_THROTTLED),
}
"""Reasons with which DynamoDB cancels a transaction for one of its items."""


@dataclass
class Faults:
    """The faults that are set, and the number of requests that each has met."""

    address: tuple[str, int]
    left: dict[str, Iterator[str]] = field(default_factory=dict)
    met: int = 0
    lock: Lock = field(default_factory=Lock)

    @contextmanager
    def at(self, operations: str, kind: str, times: int = ALWAYS) -> Iterator[None]:
        """Let the next requests of operations, separated by blanks, fail in a way."""
        failing = islice(repeat(kind), times)
        with self.lock:
            self.left, self.met = dict.fromkeys(operations.split(), failing), 0
        try:
            yield
            assert self.met, f"no request of {operations} was sent"
        finally:
            self.left = {}

    def next_for(self, operation: str) -> str | None:
        """Return the fault of the next request of an operation, if one is set."""
        with self.lock:
            kind = next(self.left.get(operation, iter(())), None)
            self.met += kind is not None
            return kind


class Handler(BaseHTTPRequestHandler):
    """Forwards a request, or answers with the fault that is set for its operation."""

    protocol_version = "HTTP/1.1"
    faults: Faults

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        match self.faults.next_for(operation):
            case None:
                self._reply(*self._forwarded(body))
            case "cut before":
                self.close_connection = True
            case "cut after":
                self._forwarded(body)
                self.close_connection = True
            case "cut in the middle":
                self._reply(*self._forwarded(body), cut=True)
            case "slow before":
                time.sleep(A_WHILE)
                self._reply(*self._forwarded(body))
            case "slow after":
                answer = self._forwarded(body)
                time.sleep(A_WHILE)
                self._reply(*answer)
            case kind:
                self._reply(*_refused(kind, operation, json.loads(body)))

    def _forwarded(self, body: bytes) -> tuple[int, bytes]:
        connection = HTTPConnection(*self.faults.address, timeout=30)
        try:
            connection.request("POST", self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _reply(self, status: int, body: bytes, *, cut: bool = False) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
        except ConnectionError:
            cut = True  # the function no longer waits for this answer
        self.close_connection = self.close_connection or cut

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""


def _refused(kind: str, operation: str, request: dict[str, Any]) -> tuple[int, bytes]:
    if operation == "TransactWriteItems" and kind in REASONS:
        return 400, _cancelled(*REASONS[kind], len(request["TransactItems"]))
    status, code, message = ERRORS[kind]
    return status, json.dumps({"__type": TYPES + code, "message": message}).encode()


def _cancelled(code: str, message: str, number: int) -> bytes:
    """Return the answer to a transaction that was cancelled because of its last item."""
    reasons: list[dict[str, str]] = [{"Code": "None"}] * (number - 1) + [{"Code": code, "Message": message}]
    named = ", ".join(reason["Code"] for reason in reasons)
    said = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{named}]"
    body = {"__type": f"{TYPES}TransactionCanceledException", "Message": said, "CancellationReasons": reasons}
    return json.dumps(body).encode()


@contextmanager
def running(url: str) -> Iterator[tuple[str, Faults]]:
    """Run a proxy to DynamoDB at a URL; yield its own URL and its faults."""
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    faults = Faults((parts.hostname, parts.port))
    handler = type("ProxyHandler", (Handler,), {"faults": faults})
    with ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}", faults
        finally:
            server.shutdown()
