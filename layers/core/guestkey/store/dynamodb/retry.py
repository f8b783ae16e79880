"""The one loop that tries again: every change reads its context, decides, and writes, until no other write interferes.

`retry` owns the number of tries, the pauses and the final Busy. `transact` gives a change its shape on top of it.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator

from guestkey.errors import Busy
from guestkey.store.dynamodb.transaction import ConditionFailed, OutcomeUnknown, TransactionConflict

MAX_TRIES = 4
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.01, 0.3
RETRY_AFTER_SECONDS = 1
"""Value of `Retry-After` in the response when every try has failed."""

Errors = tuple[type[Exception], ...]


class TryAgain(Exception):
    """Raised by an attempt that detects a lost race by itself."""


def transact[C, R](
    *,
    load: Callable[[], C],
    decide: Callable[[C], R],
    save: Callable[[R, C], None],
    tries: int = MAX_TRIES,
) -> R:
    """Load a context, decide on it, save the result, and return it.

    `load` and `decide` may refuse. `save` raises ConditionFailed when the context no longer holds; then all three run
    again. Raises Busy when every try was lost.
    """

    def attempt(_: int) -> R:
        context = load()
        result = decide(context)
        save(result, context)
        return result

    return retry(attempt, growing_pauses(tries), on=(ConditionFailed, TransactionConflict, OutcomeUnknown))


def retry[R](
    attempt: Callable[[int], R],
    pauses: Iterable[float],
    *,
    on: Errors,
    patience_seconds: float | None = None,
    final: Callable[[Exception], Exception] = lambda error: Busy(retry_after=RETRY_AFTER_SECONDS),
) -> R:
    """Call `attempt` with 0, 1, 2 … until it returns, pausing before each call, and return its result.

    Only the errors named in `on`, and TryAgain, lead to another try. No further try begins after
    `patience_seconds`. After the last try the error that `final` makes of the last failure is raised.
    """
    on = (TryAgain, *on)
    deadline = None if patience_seconds is None else time.monotonic() + patience_seconds
    last: Exception = TryAgain()
    for number, pause in enumerate(pauses):
        if number and deadline is not None and time.monotonic() >= deadline:
            break
        if pause:
            time.sleep(pause)
        try:
            return attempt(number)
        except on as error:
            last = error
    raise final(last)


def growing_pauses(
    tries: int, *, first: float = FIRST_PAUSE_SECONDS, most: float = MAX_PAUSE_SECONDS
) -> Iterator[float]:
    """Yield the seconds to wait before each try: none before the first, then exponential backoff with full jitter."""
    yield 0.0
    for exponent in range(tries - 1):
        yield random.uniform(0, min(most, first * 2**exponent))


def shrinking_pauses(tries: int, *, first: float, step: float, least: float) -> Iterator[float]:
    """Yield the seconds to wait before each try: none before the first, then full jitter below a falling bound.

    The writer that has lost most often comes back soonest. Growing pauses do the opposite: in a crowd, writers that
    have just arrived and do not pause win again and again, and an old one waits in vain.
    """
    yield 0.0
    for lost in range(tries - 1):
        yield random.uniform(0, max(least, first - step * lost))
