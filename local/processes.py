"""Background processes that outlive the command that started them.

A pid file alone lies after a crash or a reboot, when the number belongs to somebody else. Here the process itself holds
a lock on its pid file for as long as it lives, so "is it ours, and alive?" has one true answer.
"""

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.faults import Fault

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 15.0


@dataclass(frozen=True)
class Background:
    """One named background process of a stack, with its pid file and its log in the stack's folder.

    The pid file holds the id and the port, so that a later command finds the process wherever it was told to listen.
    """

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """The process's id, or None if it is not running."""
        running = self._running()
        return running[0] if running else None

    @property
    def port(self) -> int | None:
        """The port it listens on, or None if it is not running."""
        running = self._running()
        return running[1] if running else None

    def start(self, command: Sequence[str], *, port: int, env: Mapping[str, str], cwd: Path) -> None:
        """Start the command, detached from this terminal."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._pid_file.open("w") as held, self.log.open("a") as log:
            fcntl.flock(held, fcntl.LOCK_EX)
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # The child inherits the lock together with the open file and gives it back by ending.
                pass_fds=(held.fileno(),),
            )
            # A watcher that never waits would warn about the child; it is meant to outlive us.
            process.returncode = 0
            held.write(f"{process.pid} {port}")

    def stop(self) -> None:
        """End the process, if it runs, and wait until it is gone and its port free."""
        port = self.port
        # The second, harder signal is for one that does not listen.
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if (pid := self.pid) is None:
                break
            os.kill(pid, sign)
            _wait_until(lambda: self.pid is None)
        if port is not None and not _wait_until(lambda: not _is_listening(port)):
            message = f"port {port} is still taken after the {self.name} was stopped"
            raise Fault(message)

    def last_lines(self, count: int = 15) -> str:
        """Return the end of the log, for a fault's message."""
        return last_lines(self.log, count)

    def _running(self) -> tuple[int, int] | None:
        try:
            with self._pid_file.open() as held:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except BlockingIOError:
            # Empty in the moment between the lock and the first breath.
            written = self._pid_file.read_text().split()
            return (int(written[0]), int(written[1])) if written else None
        return None


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log file, or nothing if there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def require_free(port: int, what: str, setting: str) -> None:
    """Refuse with the setting that helps if somebody else listens on the port."""
    with socket.socket() as probe:
        # Without it a port that was ours a moment ago counts as taken for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            message = f"port {port}, wanted for {what}, is taken by another program; free it or choose one: {setting}=…"
            raise Fault(message) from None


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _wait_until(true: Callable[[], bool]) -> bool:
    """Wait for it, but not for ever; return whether it came true."""
    deadline = time.monotonic() + GRACE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
