"""A sandbox of Lambda: a built function and its layer in a process of their own, under Lambda's own runtime client.

The process has the environment, the working folder and the module path of Lambda. The runtime client (`awslambdaric`)
asks the Runtime API of this module for events and answers to it:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from threading import Thread
from typing import Any

CLIENT_PACKAGES = ("awslambdaric", "simplejson", "snapshot_restore_py")
CLOCK_PACKAGE = "time_machine"
PATIENCE_SECONDS = 30
INVOCATION = "/2018-06-01/runtime/invocation/"

FROZEN_SECONDS = 300
"""How long each freeze lasts by the clock of a function with a given time."""

START = f"""
import os, sys
roots = os.environ["LAMBDA_TASK_ROOT"], os.environ["LAYER_ROOT"]
def note(event, arguments):
    if event == "compile" and str(arguments[1]).startswith(roots) and arguments[1].endswith(".py"):
        print("compiled:", arguments[1], file=sys.stderr, flush=True)
sys.addaudithook(note)
if "CLOCK" in os.environ:
    import {CLOCK_PACKAGE}
    import signal
    clock = {CLOCK_PACKAGE}.travel(float(os.environ["CLOCK"]), tick=False).start()
    signal.signal(signal.SIGCONT, lambda *_: clock.shift({FROZEN_SECONDS}))
from awslambdaric.__main__ import main
main(["awslambdaric", "app.lambda_handler"])
"""
"""The program of the process: Lambda's bootstrap, with a report of each module that is compiled, and a given clock."""


class RuntimeApi(ThreadingHTTPServer):
    """The Runtime API of one sandbox. `said` has each message of the sandbox: `ready`, `response`, `error`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: queue.SimpleQueue[tuple[dict[str, str], bytes]] = queue.SimpleQueue()
        self.said: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    server: RuntimeApi

    def do_GET(self) -> None:
        assert self.path == f"{INVOCATION}next"
        self.server.said.put(("ready", None))
        headers, body = self.server.events.get()
        self._say(200, headers, body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._say(202, {}, b"")
        self.server.said.put((self.path.rpartition("/")[2], json.loads(body or b"null")))

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Sandbox:
    """A running function."""

    def __init__(self, api: RuntimeApi, process: "subprocess.Popen[bytes]", log: Path, deadline: float) -> None:
        self._api, self._process, self._log, self._deadline = api, process, log, deadline
        self.cpu_seconds = 0.0
        """User and system time of the whole process, known after its end."""

    def wait_until_ready(self) -> None:
        """Wait until the function asks for an event: its init phase is over."""
        assert self._next() == ("ready", None), self.log

    def invoke(self, event: Any) -> Any:
        """Send an event and return the function's answer. It fails if the function raises or its process ends."""
        headers = {
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": str(int(self._deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:guestkey",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
            "Content-Type": "application/json",
        }
        self._api.events.put((headers, json.dumps(event).encode()))
        kind, answer = self._next()
        assert kind == "response", f"{kind}: {answer}\n{self.log}"
        self.wait_until_ready()
        return answer

    def freeze(self) -> None:
        """Stop the process, as Lambda does between two invocations."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the process."""
        self._process.send_signal(signal.SIGCONT)

    @property
    def log(self) -> str:
        """Everything that the function wrote to its standard output and error."""
        return self._log.read_text(errors="replace")

    @property
    def compiled(self) -> list[str]:
        """The modules of function and layer that Python compiled, because it accepted no bytecode for them."""
        return [line.removeprefix("compiled: ") for line in self.log.splitlines() if line.startswith("compiled: ")]

    def end(self) -> None:
        """End the process and note its CPU time."""
        self._process.kill()
        _, _, used = os.wait4(self._process.pid, 0)
        self._process.returncode = 0
        self.cpu_seconds = used.ru_utime + used.ru_stime

    def _next(self) -> tuple[str, Any]:
        for _ in range(PATIENCE_SECONDS * 10):
            try:
                return self._api.said.get(timeout=0.1)
            except queue.Empty:
                assert not _has_ended(self._process.pid), self.log
        message = f"the function does not answer:\n{self.log}"
        raise TimeoutError(message)


@contextmanager
def sandbox(
    task: Path, layer: Path, client: Path, log: Path, environment: dict[str, str], clock: float | None = None
) -> Iterator[Sandbox]:
    """Start a function and wait until it is ready; end it after the block. Without `clock` it has the real time."""
    with RuntimeApi() as api, log.open("wb") as output:
        thread = Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        env = environment | {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": "guestkey",
            "LAMBDA_TASK_ROOT": str(task),
            "LAYER_ROOT": str(layer),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": f"{task}:{layer / 'python'}:{client}",
            **({} if clock is None else {"CLOCK": str(clock)}),
        }
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", START],
            cwd=task, env=env, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        running = Sandbox(api, process, log, (clock or 4e9) + 240)
        try:
            running.wait_until_ready()
            yield running
        finally:
            running.end()
            api.events.put(({}, b""))
            api.shutdown()
            thread.join()


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended, and leave its CPU time to be asked for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def link_client(folder: Path) -> None:
    """Create links to the runtime client, which is part of Lambda's image, and to the package that sets a clock."""
    for name in (*CLIENT_PACKAGES, CLOCK_PACKAGE):
        shipped = distribution(name)
        for top in {file.parts[0] for file in shipped.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            (folder / top).symlink_to(Path(str(shipped.locate_file(top))))
