"""Lists as CSV (RFC 4180), safe to open in a spreadsheet: no cell is read as a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MAX_ROWS = 5_000
"""Rows that are read for one response, those included that a filter leaves out."""
MAX_BYTES = 4_000_000
"""A Lambda response has at most 6 MB, in which the quotes of the body are escaped."""
BATCH = 1_000
"""Rows that are read in one request."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


Row = tuple[str, Mapping[str, Any] | None]
"""The position of a row in its list, and its members; None if the filter leaves it out."""
GRANT_COLUMNS = (
    "grant_id", "state", "grantee.type", "grantee.id", "grantee.name", "period", "may_export", "granted_at",
    "granted_by.user_id", "granted_by.name", "ends_at", "review_at", "revoked_at", "revoked_by.user_id",
    "revoked_by.name", "request_id", "end",
)  # fmt: skip
LOGIN_COLUMNS = (
    "login_id", "logged_in_at", "agent.id", "agent.name", "agent.departments", "reason", "ticket", "may_export",
    "ended_at", "end", "grant_id", "access_ends_at", "end_cause",
)  # fmt: skip


def sheet(columns: Sequence[str], rows: Iterable[Row]) -> tuple[str, str | None]:
    """Return the rows that fit in one response as CSV, and the position of the last one if there are more.

    A column has the name of its member, `granted_by.name` for a nested one; a list fills one cell.
    """
    lines, size, last = [_line(column.replace(".", "_") for column in columns)], 0, None
    for number, (position, row) in enumerate(rows):
        line = _line(_member(row, column) for column in columns) if row is not None else ""
        size += len(line.encode())
        if number == MAX_ROWS or size > MAX_BYTES:
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
