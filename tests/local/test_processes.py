"""Background processes: a pid file checked against the process, and ports checked before use."""

import os
import socket
import sys
from pathlib import Path

import pytest

from local.build import PROJECT
from local.faults import Fault
from local.processes import LOOPBACK, Background, require_free
from tests.local.rig import free_port

SLEEP = [sys.executable, "-c", "import time; print('asleep', flush=True); time.sleep(60)"]


@pytest.fixture
def sleeper(tmp_path: Path) -> Background:
    return Background("sleeper", tmp_path)


def test_a_process_is_found_until_it_is_stopped(sleeper: Background) -> None:
    port = free_port()
    sleeper.start(SLEEP, port=port, env={}, cwd=PROJECT)

    found = Background("sleeper", sleeper.folder)
    assert found.pid is not None
    assert found.port == port

    sleeper.stop()
    assert found.pid is None


def test_a_pid_reused_by_another_process_is_not_the_background_process(sleeper: Background) -> None:
    (sleeper.folder / "sleeper.pid").write_text(f"{os.getpid()} 1")

    assert sleeper.pid is None
    sleeper.stop()


def test_a_process_that_ended_by_itself_is_not_running_and_leaves_its_log(sleeper: Background) -> None:
    sleeper.start([sys.executable, "-c", "print('goodbye')"], port=free_port(), env={}, cwd=PROJECT)
    while sleeper.pid is not None:
        pass

    assert sleeper.last_lines() == "goodbye"


def test_the_error_for_a_port_in_use_names_the_port_and_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(Fault, match=f"port {port}, wanted for the emulator, is taken .* GUESTKEY_PORT="):
            require_free(port, "the emulator", "GUESTKEY_PORT")


def test_a_free_port_is_accepted() -> None:
    require_free(free_port(), "the emulator", "GUESTKEY_PORT")
