"""Local stacks for the journeys: `python -m tests.journeys.stacks up FOLDER COUNT` starts, `down FOLDER` ends them.

The gate starts one for each worker of pytest in the background, and passes FOLDER in GUESTKEY_TEST_STACKS. Without the
variable a session of pytest starts and ends a stack of its own.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local.processes import LOOPBACK
from local.stack import Stack

SETTING = "GUESTKEY_TEST_STACKS"
PORTS = "ports"


def started() -> list[Stack]:
    """Return the stacks that the gate has started, none if there is no gate."""
    return stacks_in(Path(os.environ[SETTING])) if SETTING in os.environ else []


def stacks_in(folder: Path) -> list[Stack]:
    """Return the stacks of a folder in the order of their names."""
    return [
        Stack(file.parent, *(int(port) for port in file.read_text().split()))
        for file in sorted(folder.glob(f"*/{PORTS}"))
    ]


def free_ports(count: int) -> list[int]:
    """Return free ports; all are held until the last is found, so that they differ."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """Start a stack, and end it with the block."""
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def up(folder: Path, count: int) -> None:
    """Start stacks one after the other: the first builds the functions, and the others use its build."""
    ports = free_ports(2 * count)
    for number in range(count):
        stack_folder = folder / str(number)
        stack_folder.mkdir(parents=True)
        (stack_folder / PORTS).write_text(f"{ports[2 * number]} {ports[2 * number + 1]}")
    for stack in stacks_in(folder):
        stack.up()


def down(folder: Path) -> None:
    """End all stacks of a folder."""
    for stack in stacks_in(folder):
        stack.down()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["up", name, count]:
            up(Path(name), int(count))
        case ["down", name]:
            down(Path(name))
        case _:
            sys.exit(__doc__)
