"""Lists as CSV (RFC 4180), safe to open in a spreadsheet: no cell can be taken for a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MOST_ROWS = 5_000
MOST_BYTES = 4_000_000
"""Lambda answers at most 6 MB, and the body's quotes are escaped on the way."""
ROWS_AT_ONCE = 1_000
"""How many rows are read in one request."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def sheet(columns: Sequence[str], rows: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[str, str | None]:
    """Return as much as one answer holds, and the position of its last row if there is more.

    A column is named by the member it shows, `granted_by.name` for one inside another; a list fills one cell.
    """
    lines, size, last = [_line(column.replace(".", "_") for column in columns)], 0, None
    for number, (position, row) in enumerate(rows):
        line = _line(_member(row, column) for column in columns)
        size += len(line.encode())
        if number == MOST_ROWS or size > MOST_BYTES:
            return "".join(lines), last
        lines.append(line)
        last = position
    return "".join(lines), None


def _member(row: Any, column: str) -> Any:
    for name in column.split("."):
        row = row and row[name]
    return row


def _line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return line.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            text = "; ".join(map(str, value))
        case _:
            text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
