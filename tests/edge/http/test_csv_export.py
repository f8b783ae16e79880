"""Lists as CSV, at their exact bounds: how a cell may begin, and how long a sheet may be."""

import csv
import io
from typing import Any

import pytest

from guestkey.edge.http import csv_export

COLUMNS = ("name", "by.name")


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def cell(value: Any) -> str:
    """Return how a value stands in its cell."""
    text, _ = csv_export.sheet(("name",), [("1", {"name": value})])
    return cells(text)[1][0]


@pytest.mark.parametrize("first", "=+-@\t\r")
def test_no_cell_begins_like_a_formula(first: str):
    assert cell(f"{first}1+1") == f"'{first}1+1"
    assert cell([f"{first}1+1", "b"]) == f"'{first}1+1; b"


@pytest.mark.parametrize("text", ["1+1", "a=b", " =1", "'=1", "", "2026-11-23", "ä"])
def test_any_other_text_stays_as_it_is(text: str):
    assert cell(text) == text


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), (True, "true"), (False, "false"), (7, "7"), ([], ""), (["a", "b"], "a; b")]
)
def test_each_kind_of_value_has_one_form(value: Any, shown: str):
    assert cell(value) == shown


def test_every_cell_is_quoted_and_nested_members_are_columns():
    text, rest = csv_export.sheet(
        COLUMNS, [("1", {"name": 'A "B", C', "by": {"name": "Anna"}}), ("2", {"name": "D", "by": None})]
    )

    assert text == '"name","by_name"\r\n"A ""B"", C","Anna"\r\n"D",""\r\n'
    assert rest is None


def test_a_sheet_has_at_most_5000_rows():
    rows = [(str(number), {"name": "a"}) for number in range(1, 5002)]

    full, none = csv_export.sheet(("name",), rows[:5000])
    cut, rest = csv_export.sheet(("name",), rows)

    assert (len(cells(full)), none) == (5001, None)
    assert (cut, rest) == (full, "5000")


def test_a_sheet_has_at_most_4000000_bytes():
    """The header does not count. A row of 1,000 letters takes 2 quotes and the line's end besides."""
    fitting = [(str(number), {"name": "ä" * 498}) for number in range(1, 4001)]  # 1,000 bytes each

    full, none = csv_export.sheet(("name",), fitting)
    cut, rest = csv_export.sheet(("name",), [*fitting, ("4001", {"name": ""})])

    assert (len(cells(full)), none) == (4001, None)
    assert (cut, rest) == (full, "4000")
