"""Prints progress on standard error, because scripts read the results of a command on standard output."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Print the name of a step when it begins, and its duration in seconds when it ends."""
    started = time.monotonic()
    print(f"{doing} …", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        print(file=sys.stderr, flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
