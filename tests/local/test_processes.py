"""A pid file that cannot lie, and ports that are asked for first."""

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


def test_a_pid_that_belongs_to_somebody_else_by_now_is_not_ours(sleeper: Background) -> None:
    (sleeper.folder / "sleeper.pid").write_text(f"{os.getpid()} 1")

    assert sleeper.pid is None
    sleeper.stop()


def test_a_process_that_ended_by_itself_is_not_running_and_left_its_log(sleeper: Background) -> None:
    sleeper.start([sys.executable, "-c", "print('goodbye')"], port=free_port(), env={}, cwd=PROJECT)
    while sleeper.pid is not None:
        pass

    assert sleeper.last_lines() == "goodbye"


def test_a_taken_port_is_named_together_with_the_setting_that_helps() -> None:
    with socket.socket() as somebody:
        somebody.bind((LOOPBACK, 0))
        somebody.listen()
        port = somebody.getsockname()[1]

        with pytest.raises(Fault, match=f"port {port}, wanted for the emulator, is taken .* GUESTKEY_PORT="):
            require_free(port, "the emulator", "GUESTKEY_PORT")


def test_a_free_port_is_fine() -> None:
    require_free(free_port(), "the emulator", "GUESTKEY_PORT")
