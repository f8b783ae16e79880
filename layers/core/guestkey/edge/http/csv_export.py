"""Lists as CSV (RFC 4180), safe to open in a spreadsheet: no cell is read as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

MAX_ROWS = 5_000
"""Rows that are read for one response, those included that a filter leaves out."""
MAX_BYTES = 4_000_000
"""A Lambda response has at most 6 MB, in which the quotes of the body are escaped."""
BATCH = 1_000
"""Rows that are read in one request."""
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212\t\r"
_FORMULA = re.compile(rf"(^|[,;|\t\r\n])(?=[\s\u200b\ufeff\"'`]*[{_SIGNS}])")
"""A place at which a cell begins like a formula: its start, or behind a separator at which somebody may split it."""
_START = re.compile(rf"^(?=[{_SIGNS}])")


Row = tuple[str, Mapping[str, Any] | None]
"""The position of a row in its list, and its members; None if the filter leaves it out."""
GRANT_COLUMNS = (
    "grant_id", "state", "grantee.type", "grantee.id", "grantee.name", "period", "may_export", "granted_at",
    "granted_by.user_id", "granted_by.name", "ends_at", "review_at", "revoked_at", "revoked_by.user_id",
    "revoked_by.name", "request_id", "end", "access", "may_automate", "grantee.kind", "grantee.accountable.name",
)  # fmt: skip
LOGIN_COLUMNS = (
    "login_id", "logged_in_at", "agent.id", "agent.name", "agent.departments", "reason", "ticket", "may_export",
    "ended_at", "end", "grant_id", "access_ends_at", "end_cause", "access", "agent.kind", "agent.accountable.name",
)  # fmt: skip


class Form:
    """The form for machines: names of members, times in UTC, commas. A subclass has another form."""

    beginning = ""
    separator = ","

    def header(self, column: str) -> str:
        """Return the header of a column, a nested member with underscores: `granted_by_name`."""
        return column.replace(".", "_")

    def member(self, column: str) -> str:
        """Return the member that a column shows."""
        return column

    def cell(self, column: str, value: object) -> str:
        """Return the text of a cell. Machines look ids up, so each can get a `'` at its start only."""
        if column.endswith(("id", "departments")):
            return "; ".join(_START.sub("'", _text(id)) for id in (value if isinstance(value, list) else [value]))
        return inert(_text(value))


def sheet(columns: Iterable[str], rows: Iterable[Row], form: Form | None = None) -> tuple[str, str | None]:
    """Return the rows that fit in one response as CSV, and the position of the last one if there are more.

    A column has the name of its member, `granted_by.name` for a nested one; a list fills one cell.
    """
    form, columns = form or Form(), [*columns]
    lines, size, last = [form.beginning + _line(map(form.header, columns), form)], 0, None
    for number, (position, row) in enumerate(rows):
        cells = (form.cell(column, _member(row, form.member(column))) for column in columns)
        line = _line(cells, form) if row is not None else ""
        size += len(line.encode())
        if number == MAX_ROWS or size > MAX_BYTES:
            return "".join(lines), last
        lines.append(line)
        last = position
    return "".join(lines), None


def inert(text: str) -> str:
    """Return a text in which no part is a formula: a `'` stands before each that begins like one."""
    return _FORMULA.sub(r"\1'", text)


def _member(row: Any, column: str) -> Any:
    for name in column.split("."):
        row = row and row[name]
    return row


def _line(cells: Iterable[str], form: Form) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=form.separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return "; ".join(map(str, value))
        case _:
            return str(value)
