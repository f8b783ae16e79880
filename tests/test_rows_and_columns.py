"""The helpers that select and run test cases: a case lost here would be lost in every test."""

import inspect
from typing import Any

import pytest

from tests.rows_and_columns import IS_NIGHTLY, each_row, rows_and_columns


def failures_of(test: Any, **fixtures: Any) -> list[BaseException]:
    with pytest.raises(BaseExceptionGroup) as raised:
        test(**fixtures)
    return list(raised.value.exceptions)


def test_every_row_runs_and_each_failure_names_its_row() -> None:
    ran = []

    @each_row("number", [1, 2, 3, 4])
    def run(number: int) -> None:
        ran.append(number)
        assert number % 2 == 0

    found = failures_of(run)

    assert ran == [1, 2, 3, 4]
    assert [failure.__notes__ for failure in found] == [["row: {'number': 1}"], ["row: {'number': 3}"]]
    assert all(isinstance(failure, AssertionError) for failure in found)


def test_an_exception_that_is_not_raised_is_a_failure() -> None:
    @each_row("text", ["1", "x"])
    def refuses(text: str) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            int(text)

    (failure,) = failures_of(refuses)

    assert "DID NOT RAISE" in str(failure)


def test_rows_have_the_forms_of_parametrize_and_nested_tables_are_a_product() -> None:
    seen = []

    @each_row("outer", ["a", "b"], ids=["the first", "the second"])
    @each_row(("one", "two"), [(1, 2), pytest.param(3, 4, id="a name")])
    def run(outer: str, one: int, two: int, fixture: str) -> None:
        seen.append((outer, one, two, fixture))

    assert list(inspect.signature(run).parameters) == ["fixture"]
    run(fixture="x")
    assert seen == [("a", 1, 2, "x"), ("a", 3, 4, "x"), ("b", 1, 2, "x"), ("b", 3, 4, "x")]


def test_a_row_is_named_by_its_id() -> None:
    def fails(path: str) -> None:
        raise AssertionError

    assert failures_of(each_row("path", ["a"], ids=["A"])(fails))[0].__notes__ == ["row: A"]
    assert failures_of(each_row("path", ["a"], ids=str.upper)(fails))[0].__notes__ == ["row: A"]


def test_a_table_without_rows_and_a_row_of_another_length_are_errors() -> None:
    with pytest.raises(AssertionError, match="has no rows"):
        each_row("one", [])
    for rows in ([(1,)], [(1, 2, 3)]):
        with pytest.raises(ValueError, match="argument"):
            each_row("one, two", rows)


@pytest.mark.skipif(IS_NIGHTLY, reason="each night all pairs are returned")
def test_the_first_row_meets_every_column_and_each_other_row_the_first() -> None:
    assert rows_and_columns("ab", "xyz") == [("a", "x"), ("a", "y"), ("a", "z"), ("b", "x")]
    assert rows_and_columns("ab", "xy", fits=lambda row, column: (row, column) != ("b", "x")) == [
        ("a", "x"),
        ("a", "y"),
        ("b", "y"),
    ]
