"""Background processes that continue to run after the command that started them.

After a crash or a reboot, the number in a pid file can belong to another program. The process therefore holds a lock on
its pid file while it runs, so that a command can tell whether the process is its own and alive.
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

    The pid file contains the process id and the port, so that a later command knows the port of the running process.
    """

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """The path of the file that receives the process's output."""
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
        """Start the command, detached from this terminal, with its output appended to the log."""
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
                # The child inherits the open file with its lock; the lock ends with the child.
                pass_fds=(held.fileno(),),
            )
            # A return code prevents the ResourceWarning for a running child, which continues after this command.
            process.returncode = 0
            held.write(f"{process.pid} {port}")

    def stop(self) -> None:
        """End the process, if it runs, and wait until it has ended and its port is free.

        Raises Fault if the port is not free after 15 seconds.
        """
        port = self.port
        # SIGKILL ends a process that ignores SIGTERM.
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if (pid := self.pid) is None:
                break
            os.kill(pid, sign)
            _wait_until(lambda: self.pid is None)
        if port is not None and not _wait_until(lambda: not _is_listening(port)):
            message = f"port {port} is still in use after the {self.name} was stopped"
            raise Fault(message)

    def last_lines(self, count: int = 15) -> str:
        """Return the last lines of the log, for an error message."""
        return last_lines(self.log, count)

    def _running(self) -> tuple[int, int] | None:
        try:
            with self._pid_file.open() as held:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except BlockingIOError:
            # The file is empty between the lock and the write in `start`.
            written = self._pid_file.read_text().split()
            return (int(written[0]), int(written[1])) if written else None
        return None


def last_lines(log: Path, count: int = 15) -> str:
    """Return the last lines of a log file, or an empty text if the file does not exist."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def require_free(port: int, what: str, setting: str) -> None:
    """Raise Fault if another program uses the port. The message names the variable that sets another port."""
    with socket.socket() as probe:
        # Without SO_REUSEADDR, a port stays in use for a minute after its process has ended.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            message = (
                f"port {port}, wanted for {what}, is taken by another program; free it or set another: {setting}=…"
            )
            raise Fault(message) from None


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _wait_until(true: Callable[[], bool]) -> bool:
    """Wait up to 15 seconds for a condition and return whether it became true."""
    deadline = time.monotonic() + GRACE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
