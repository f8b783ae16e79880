"""A DynamoDB stub with fixed responses. It returns the same bytes for each request, at almost no cost.

`PUT /` sets the responses: a list of [operation, part of the request body, response]. The first match is returned.
Each part of the benchmarks that needs a stub starts its own.
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
    """Set the responses of the stub at that URL."""
    connection = HTTPConnection(str(urlsplit(address).netloc))
    connection.request("PUT", "/", json.dumps(answers))
    connection.getresponse().read()
    connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A response is sent as one packet, because the second of two would wait for the acknowledgement of the first.
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    answers: tuple[tuple[str, bytes, bytes], ...] = ()

    def do_PUT(self) -> None:
        answers = json.loads(self._body())
        type(self).answers = tuple((name, part.encode(), json.dumps(answer).encode()) for name, part, answer in answers)
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
        # botocore verifies this checksum, as it does for DynamoDB.
        self.send_header("x-amz-crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer((LOOPBACK, int(os.environ["PORT"])), _Handler).serve_forever()
