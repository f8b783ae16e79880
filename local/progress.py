"""What a person sees while waiting, on standard error: standard output belongs to answers that scripts read."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Say what is being done, and afterwards how long it took."""
    started = time.monotonic()
    print(f"{doing} …", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        print(file=sys.stderr, flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
