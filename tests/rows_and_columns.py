"""Selection of test cases from a table of routes and flaws: one probe for each in the gate, the product each night."""

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

IS_NIGHTLY = os.environ.get("GUESTKEY_NIGHTLY") == "1"


def seed_of_run(in_the_gate: int) -> int:
    """Return the seed that GUESTKEY_SEED names, or the gate's own, or another one each night."""
    return int(os.environ.get("GUESTKEY_SEED", random.SystemRandom().randrange(2**32) if IS_NIGHTLY else in_the_gate))


def rows_and_columns[R, C](
    rows: Sequence[R], columns: Sequence[C], *, fits: Callable[[R, C], bool] = lambda row, column: True
) -> list[tuple[R, C]]:
    """Return pairs of a row and a column, so that every row and every column is in one of them.

    The first row stands for the mechanism and meets every column. The first column is the probe that each other row is
    wired to the mechanism. Where such a pair does not fit, the row or the column takes its first fitting partner. With
    `GUESTKEY_NIGHTLY=1` all fitting pairs are returned.
    """
    pairs = [(r, c) for r, row in enumerate(rows) for c, column in enumerate(columns) if fits(row, column)]
    if not IS_NIGHTLY:
        first_of_row = {r: (r, c) for r, c in reversed(pairs)}
        first_of_column = {c: (r, c) for r, c in reversed(pairs)}
        pairs = sorted({*first_of_row.values(), *first_of_column.values()})
    return [(rows[r], columns[c]) for r, c in pairs]


def rounds(every_night: int, *, gate: int) -> int:
    """Return how often to repeat what chance decides, or how many callers a test has: fewer in the gate."""
    return every_night if IS_NIGHTLY else gate


def probes(*first: Any, rest: Sequence[Any] = ()) -> list[Any]:
    """Return the values that probe whether a field is wired to its form, and each night all values of that form."""
    return [*first, *rest] if IS_NIGHTLY else [*first]
