"""An HTTP server on a local port in front of the functions, for code with an HTTP client of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests import calls
from tests.personas import BACKEND


class _Functions(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        answer = calls.call("POST", self.path, caller=BACKEND, raw=self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def for_the_backend() -> Iterator[str]:
    """Serve calls as the backend, and give the server's address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Functions) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
