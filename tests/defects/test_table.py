"""The planted defects fit the code and the tests as they are. `make defects` plants them."""

import ast
import re
from functools import cache

import pytest

from tests.defects import table
from tests.defects.__main__ import words_of
from tests.defects.mutation import SURVIVORS, change_of, known, statuses
from tests.defects.table import Defect
from tests.rows_and_columns import each_row

DEFECTS = table.read()
MIN_DEFECTS = 60


@cache
def cases_of(path: str) -> dict[str, bool]:
    """Return the names of the gate's test functions in a file, and whether each has cases with ids of their own."""
    tree = ast.parse((table.PROJECT / path).read_text("utf-8"))
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    marks = {test.name: " ".join(map(ast.unparse, test.decorator_list)) for test in tests}
    return {name: "each_row" not in said for name, said in marks.items() if "mark.nightly" not in said}


def test_the_command_takes_words_and_tells_its_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert (words_of([]), words_of(["KEPT_FOR", "retry"])) == ([], ["KEPT_FOR", "retry"])
    for option, code in (("--help", 0), ("--words", 2)):
        with pytest.raises(SystemExit) as ended:
            words_of([option])
        assert (ended.value.code, "usage: python -m tests.defects" in "".join(capsys.readouterr())) == (code, True)


def test_there_are_enough_of_them_and_no_two_are_alike():
    assert len(DEFECTS) >= MIN_DEFECTS
    assert len({(defect.file, defect.before, defect.after) for defect in DEFECTS}) == len(DEFECTS)
    assert len({defect.why for defect in DEFECTS}) == len(DEFECTS)


def test_they_lie_in_all_rings_in_the_functions_and_in_the_template():
    folders = {re.sub(r"^(layers/core/guestkey/\w+|functions|local)/.*", r"\1", defect.file) for defect in DEFECTS}

    rings = {f"layers/core/guestkey/{ring}" for ring in ("rules", "store", "edge")}
    assert folders == {"functions", "local", "template.yaml"} | rings


@each_row("defect", DEFECTS, ids=lambda defect: defect.why)
def test_each_can_be_planted_and_names_a_test(defect: Defect):
    sound = (table.PROJECT / defect.file).read_text("utf-8")
    path, _, test = defect.test.partition("::")

    assert defect.fault_in(sound) is None
    if defect.file.endswith(".py"):
        ast.parse(defect.planted_in(sound))
    name, case, _ = test.partition("[")
    has_cases = cases_of(path)[name]
    assert has_cases or not case


def test_a_text_that_is_there_twice_or_not_at_all_is_no_place_for_a_defect():
    defect = Defect(why="", file="", before="a", after="b", test="")

    assert [defect.fault_in(sound) for sound in ("xa", "x", "aa")] == [None, "found 0 times", "found 2 times"]
    assert defect.planted_in("xa") == "xb"


def test_each_survivor_is_a_change_of_a_line_of_the_rules():
    survivors = known(SURVIVORS)

    assert survivors
    for function, before, after in survivors:
        module = "layers/core/" + function.rpartition(".")[0].replace(".", "/") + ".py"
        lines = [line.strip() for line in (table.PROJECT / module).read_text("utf-8").splitlines()]
        assert set(before.splitlines()) <= set(lines), function
        assert before != after


def test_results_of_mutmut_are_read():
    results = "    guestkey.rules.access.x_decide__mutmut_1: killed\n    guestkey.rules.a.x_b__mutmut_12: no tests\n"
    diff = "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n def b():\n-    return 1\n+    return 2\n"

    assert statuses(results) == {
        "guestkey.rules.access.x_decide__mutmut_1": "killed",
        "guestkey.rules.a.x_b__mutmut_12": "no tests",
    }
    assert change_of("guestkey.rules.a.x_b__mutmut_12", diff) == ("guestkey.rules.a.x_b", "return 1", "return 2")
