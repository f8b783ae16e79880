"""A DynamoDB that says what it was told to say: the same bytes each time, at next to no cost to whoever asks.

`PUT /` sets the answers: a list of [operation, part of the request's body, answer], of which the first that fits
counts. Every process of the bench that needs one has its own.
"""

import json
import os
import zlib
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from bench.processes import LOOPBACK

Answers = list[tuple[str, str, dict[str, Any]]]


def set_answers(address: str, answers: Answers) -> None:
    """Tell the stub at that address what to say from now on."""
    connection = HTTPConnection(str(urlsplit(address).netloc))
    connection.request("PUT", "/", json.dumps(answers))
    connection.getresponse().read()
    connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet an answer: otherwise its second half waits for the receipt of the first.
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    answers: tuple[tuple[str, bytes, bytes], ...] = ()

    def do_PUT(self) -> None:
        said = json.loads(self._body())
        type(self).answers = tuple((name, part.encode(), json.dumps(answer).encode()) for name, part, answer in said)
        self._say(200, b"")

    def do_POST(self) -> None:
        operation, body = self.headers["X-Amz-Target"].partition(".")[2], self._body()
        for name, part, answer in self.answers:
            if name == operation and part in body:
                return self._say(200, answer)
        return self._say(400, b'{"__type":"ValidationException"}')

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        # botocore compares it, as it does with what DynamoDB sends.
        self.send_header("x-amz-crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer((LOOPBACK, int(os.environ["PORT"])), _Handler).serve_forever()
