"""The cost tables of docs/operating.md are those that the bench computes, from units that the bench measures."""

import re
import subprocess
import sys

import pytest

from bench import cost
from tests import stack
from tests.docs import page, section


def cells(row: str) -> list[str]:
    return [cell.strip().strip("`") for cell in row.split("|")[1:-1]]


def test_the_page_has_the_computed_costs() -> None:
    text = section(page("operating.md"), "Cost")
    table = [cells(row) for row in text.splitlines() if row.startswith("|") and re.search(r"\d", row)]

    assert table == cost.documented()
    assert f"({cost.LOG_BYTES / 1000} kB a call)" in text
    assert f"({cost.SECONDS * 1000:.0f} ms)" in " ".join(text.split())


def test_a_million_checks_cost_about_what_the_parts_of_the_list_prices_say() -> None:
    assert 2 < cost.of_a_million(cost.CHECK)[-1] < 3


@pytest.mark.nightly("the bench takes half a minute")
def test_the_units_are_those_that_the_bench_measures() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "requests"], cwd=stack.PROJECT, capture_output=True, text=True, check=True
    )
    for call in cost.CALLS:
        (row,) = [line for line in done.stdout.splitlines() if re.match(rf"  {re.escape(call.name)}  ", line)][:1]
        numbers = re.findall(r"(?<=\s)\d+(?:\.\d+)?(?=\s|$)", row.partition("at most")[0].partition("parallel")[0])
        assert numbers[2:4] == [f"{call.reads:g}", f"{call.writes:g}"], row
