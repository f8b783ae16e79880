"""Child processes of the benchmarks. They get no AWS profile, configuration or credentials of the developer."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local import emulator

ROOT = Path(__file__).parent.parent
LAYER = ROOT / "layers" / "core"
LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 20.0


def environment(endpoint: str | None = None) -> dict[str, str]:
    """Return the environment variables of a function, with an endpoint for DynamoDB if one is given."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(LAYER),
        "TABLE_NAME": "guestkey-bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "POWERTOOLS_SERVICE_NAME": "bench",
        **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
    }


@contextmanager
def stub() -> Iterator[str]:
    """Start the DynamoDB stub with fixed responses (`bench.stub`) and yield its URL."""
    with _serving("bench.stub", lambda port, _: {"PORT": str(port)}) as address:
        yield address


@contextmanager
def dynamodb() -> Iterator[str]:
    """Start the emulator's DynamoDB and yield its URL. It runs without functions, IAM checks and saved state."""
    with _serving(
        "ministack",
        lambda port, folder: emulator.settings(port, folder) | {"AUTH": "false", "PERSIST_STATE": "0"},
    ) as address:
        yield address


@contextmanager
def _serving(module: str, settings: Callable[[int, Path], dict[str, str]]) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="guestkey-bench-") as name:
        folder, port = Path(name), free_port()
        (folder / "tmp").mkdir()
        env = environment() | settings(port, folder)
        process = subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=env)
        try:
            _wait_for(process, port)
            yield f"http://{LOOPBACK}:{port}"
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    """Return a port that no process listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is_listening(port):
        if process.poll() is not None or time.monotonic() > deadline:
            message = f"{process.args!r} does not answer on port {port}"
            raise RuntimeError(message)
        time.sleep(0.05)


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
