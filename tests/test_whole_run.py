"""A run reports unused permissions only if it includes every test of the functions."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import stack, whole_run
from tests.rows_and_columns import each_row

OPTIONS: dict[str, Any] = {
    "keyword": "",
    "markexpr": "",
    "collectonly": False,
    "deselect": None,
    "ignore": None,
    "lf": False,
}


def run_of(*arguments: str, **options: Any) -> Any:
    return SimpleNamespace(
        args=arguments,
        option=SimpleNamespace(**OPTIONS | options),
        invocation_params=SimpleNamespace(dir=stack.PROJECT),
    )


@each_row("arguments", [["tests"], ["tests/functions"], ["tests/rules", "tests/functions"], [str(stack.PROJECT)]])
def test_a_run_of_the_whole_folder_reports(arguments: list[str]) -> None:
    assert whole_run.ran_all_of_the_functions(run_of(*arguments))


@pytest.mark.parametrize("options", [{"markexpr": "not slow"}, {"ignore": ["tests/journeys", "tests/browser"]}])
def test_what_the_gate_leaves_out_is_no_test_of_the_functions(options: dict[str, Any]) -> None:
    assert whole_run.ran_all_of_the_functions(run_of("tests", **options))


@each_row(
    "arguments, options",
    [
        (["tests/rules"], {}),
        (["tests/functions/test_grant.py"], {}),
        (["tests/functions/test_grant.py::test_anna"], {}),
        (["tests"], {"keyword": "grant"}),
        (["tests"], {"markexpr": "slow"}),
        (["tests"], {"ignore": ["tests/functions"]}),
        (["tests"], {"ignore": ["tests/functions/test_grant.py"]}),
        (["tests"], {"deselect": ["tests/functions/test_grant.py"]}),
        (["tests"], {"collectonly": True}),
        (["tests"], {"lf": True}),
    ],
)
def test_a_run_of_a_part_reports_nothing(arguments: list[str], options: dict[str, Any]) -> None:
    assert not whole_run.ran_all_of_the_functions(run_of(*arguments, **options))


def test_the_folder_of_the_functions_exists() -> None:
    assert Path(whole_run.FUNCTIONS, "conftest.py").exists()
