"""CSV: every cell is quoted, none is a formula, and a sheet ends at its exact number of rows or bytes."""

import csv
import io
from typing import Any

from guestkey.edge.http import csv_export
from tests.rows_and_columns import each_row


def cell(value: Any) -> str:
    """Return a cell as a spreadsheet reads it, and require its quotes."""
    text, rest = csv_export.sheet(["value"], [("1", {"value": value})])
    assert rest is None
    header, line = text.removesuffix("\r\n").split("\r\n", 1)
    assert header == '"value"'
    assert line.startswith('"') and line.endswith('"')
    ((read,),) = csv.reader(io.StringIO(line, newline=""))
    return read


@each_row("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe(sign: str) -> None:
    assert cell(sign) == f"'{sign}"
    assert cell(f"{sign}1+1") == f"'{sign}1+1"
    assert cell([f"{sign}1", "x"]) == f"'{sign}1; x"


@each_row(
    ("typed", "safe"),
    [
        ("\uff1d1+1", "'\uff1d1+1"), ("\u22121", "'\u22121"), (" =1", "' =1"), ("'=1", "''=1"),
        ("\u200b=1", "'\u200b=1"),
        ("a;=1", "a;'=1"), ("a,=1", "a,'=1"), ("a|=1", "a|'=1"), ("a\n=1", "a\n'=1"),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_part_that_begins_like_a_formula_in_another_spelling_gets_one_too(typed: str, safe: str) -> None:
    assert cell(typed) == safe


def test_an_id_gets_one_at_its_start_only() -> None:
    form = csv_export.Form()

    assert [form.cell("agent.id", id) for id in ("-x", "samlp|-x", None)] == ["'-x", "samlp|-x", ""]
    assert form.cell("agent.departments", ["samlp|=x", "=y"]) == "samlp|=x; '=y"


@each_row("text", ["", "a=1", "1-1", "a@b.example", "a\tb", "Żółw", "\U0001f511", "#", "!"])
def test_any_other_cell_is_kept(text: str) -> None:
    assert cell(text) == text


@each_row("text", ['say "no"', 'a","b', "a;b,c", "two\nlines", "two\r\nlines", '"', '""', "\\"])
def test_quotes_separators_and_line_breaks_stay_inside_their_cell(text: str) -> None:
    assert cell(text) == text


@each_row(
    ("value", "shown"),
    [(None, ""), (True, "true"), (False, "false"), ([], ""), (["a", "b"], "a; b"), (5, "5"), (-5, "'-5"), (0, "0")],
)
def test_values_that_are_no_texts_have_one_form(value: Any, shown: str) -> None:
    assert cell(value) == shown


def test_a_column_may_be_a_nested_member_and_is_empty_without_its_parent() -> None:
    rows: list[csv_export.Row] = [("1", {"by": {"name": "Anna"}}), ("2", {"by": None})]

    assert csv_export.sheet(["by.name"], rows) == ('"by_name"\r\n"Anna"\r\n""\r\n', None)


def test_without_rows_there_is_the_line_of_names() -> None:
    assert csv_export.sheet(["a", "b.c"], []) == ('"a","b_c"\r\n', None)


@each_row(("count", "shown", "rest"), [(4_999, 4_999, None), (5_000, 5_000, None), (5_001, 5_000, "4999")])
def test_a_sheet_has_at_most_5000_rows(count: int, shown: int, rest: str | None) -> None:
    text, last = csv_export.sheet(["a"], ((str(at), {"a": ""}) for at in range(count)))

    assert (text.count("\r\n") - 1, last) == (shown, rest)


@each_row(("excess", "shown", "rest"), [(0, 2, None), (1, 1, "0")])
def test_the_rows_of_a_sheet_have_at_most_4000000_bytes(excess: int, shown: int, rest: str | None) -> None:
    half = 2_000_000 - len('""\r\n')
    rows = [("0", {"a": "ä" * (half // 2)}), ("1", {"a": "x" * (half + excess)})]

    text, last = csv_export.sheet(["a"], rows)

    assert (text.count("\r\n") - 1, last) == (shown, rest)
    assert len(text.encode()) - len('"a"\r\n') <= 4_000_000
