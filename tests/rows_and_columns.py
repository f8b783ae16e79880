"""Selection of test cases from a table of routes and flaws: one probe for each in the gate, the product each night.

`each_row` runs a whole table in one test, where no row changes what the others find.
"""

import os
import random
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from inspect import signature
from typing import Any

import pytest
from _pytest.mark import ParameterSet

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


def each_row(
    names: str | Sequence[str], rows: Iterable[Any], ids: Iterable[Any] | Callable[[Any], Any] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with each row of a table, as `pytest.mark.parametrize` does, but as one test.

    This is for pure functions and for calls that are refused or only read, whose rows need no set-up of their own.
    All rows run even if one fails; each failure has its row in a note.
    """
    columns = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    table = [_arguments(columns, row) for row in rows]
    labels = _labels(table, ids)
    assert table, f"the table of {names} has no rows"

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def run_all(**fixtures: Any) -> None:
            failures: list[BaseException] = []
            for row, label in zip(table, labels, strict=True):
                try:
                    test(**row, **fixtures)
                except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001 # it is raised after the last row
                    failure.add_note(f"row: {label}")
                    failures.append(failure)
            if failures:
                raise BaseExceptionGroup(f"{len(failures)} of {len(table)} rows failed", failures)

        found = signature(test)
        others = [one for name, one in found.parameters.items() if name not in columns]
        vars(run_all)["__signature__"] = found.replace(parameters=others)
        return run_all

    return decorate


def _labels(table: list[dict[str, Any]], ids: Iterable[Any] | Callable[[Any], Any] | None) -> list[str]:
    if callable(ids):
        return [", ".join(str(ids(value)) for value in row.values()) for row in table]
    return [ascii(row) for row in table] if ids is None else [str(id) for id in ids]


def _arguments(columns: Sequence[str], row: Any) -> dict[str, Any]:
    """Return a row by its columns; a row of `pytest.param` has its values inside."""
    values = row.values if isinstance(row, ParameterSet) else (row,) if len(columns) == 1 else row
    return dict(zip(columns, values, strict=True))
