"""Runs mutmut on the rules and prints the mutation score: the share of small changes that make some test fail.

`make mutation` is not part of the gate. It fails below MIN_PERCENT. `make mutation MODULES="access door"` changes these
modules only. mutmut needs a source tree in which the package is named as in its imports, so it works in a temporary
one. `survivors.toml` holds the known survivors with their reasons.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

from tests.defects.table import PROJECT

MIN_PERCENT = 90
MUTMUT = PROJECT / ".mutation/bin/mutmut"
SURVIVORS = Path(__file__).with_name("survivors.toml")
UNDETECTED = {"survived", "no tests", "suspicious", "skipped", "not checked"}
SLOW = (
    "test_ledger.py::test_canonical_json_is_json_with_one_way_to_write_it",
    "test_logins.py::test_the_history_gives_the_first_second_without_a_covering_grant",
    "test_logins.py::test_a_login_open_by_the_live_keys_was_never_interrupted",
    "test_periods.py::test_at_the_edges_of_every_clock_the_oracle_agrees",
    "test_periods.py::test_for_random_grants_in_every_zone_the_oracle_agrees",
    "test_verify.py::test_every_flipped_bit_is_reported_and_names_its_entry",
    "test_ledger_vectors.py::test_a_long_ledger_is_verified_in_the_memory_of_a_short_one",
    "test_verify.py::test_the_command_runs_with_only_the_standard_library",
)
"""Tests of seconds each. Faster ones must notice every change too; the last two start processes without mutmut."""
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = {mutated}
also_copy = ["src", "tests", "local"]
pytest_add_cli_args = {options}
pytest_add_cli_args_test_selection = ["tests/rules"]
use_git_change_detection = false
track_dependencies = false

[tool.pytest.ini_options]
addopts = "--import-mode=importlib"
pythonpath = ["src", "."]
markers = ["slow: takes seconds"]
"""
OPTIONS = [
    *("-p", "tests.defects.hypothesis_profile", "--hypothesis-profile=mutation"),
    *("-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"),
    *("-p", "no:schemathesis"),
    *(f"--deselect=tests/rules/{test}" for test in SLOW),
]
Change = tuple[str, str, str]
"""A mutated function, the lines before, and the lines after."""


def main(*modules: str) -> int:
    """Run mutmut on the named modules or all, print the score and new survivors, and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="guestkey-mutation-") as folder:
        tree = Path(folder)
        lay_out(tree, modules or ("*",))
        subprocess.run([MUTMUT, "run", "--max-children", str(os.cpu_count() or 1)], cwd=tree, check=True)
        results = statuses(mutmut(tree, "results", "--all", "True"))
        undetected = [name for name, status in results.items() if status in UNDETECTED]
        changes = {name: change_of(name, mutmut(tree, "show", name)) for name in undetected}
    explained = known(SURVIVORS)
    for name, change in changes.items():
        if change not in explained:
            print(f"{name}: {results[name]}, without a reason in {SURVIVORS.name}\n  - {change[1]}\n  + {change[2]}")
    percent = 100 * (len(results) - len(undetected)) / len(results)
    print(f"{len(results) - len(undetected)} of {len(results)} changes of the rules noticed: {percent:.1f} %")
    return 0 if percent >= MIN_PERCENT else 1


def lay_out(tree: Path, modules: Iterable[str]) -> None:
    """Copy the layer, the tests and their settings into the tree that mutmut works in."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "layers/core/guestkey", tree / "src/guestkey", ignore=ignored)
    for name in ("tests", "local"):
        shutil.copytree(PROJECT / name, tree / name, ignore=ignored)
    mutated = [f"src/guestkey/rules/{module}.py" for module in modules]
    (tree / "pyproject.toml").write_text(SETTINGS.format(options=OPTIONS, mutated=mutated), "utf-8")


def mutmut(tree: Path, *arguments: str) -> str:
    """Return the output of a command of mutmut."""
    return subprocess.run([MUTMUT, *arguments], cwd=tree, check=True, capture_output=True, text=True).stdout


def statuses(output: str) -> dict[str, str]:
    """Return the status of each mutant by its name."""
    return dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+?)\s*$", output, re.MULTILINE))


def change_of(name: str, diff: str) -> Change:
    """Return the change that a mutant is."""
    return name.rpartition("__mutmut_")[0], lines_with("-", diff), lines_with("+", diff)


def lines_with(sign: str, diff: str) -> str:
    """Return the lines of a diff with this sign, without their indentation."""
    lines = (line for line in diff.splitlines() if line.startswith(sign) and not line.startswith(sign * 3))
    return "\n".join(line[1:].strip() for line in lines)


def known(path: Path) -> set[Change]:
    """Return the survivors that a file explains."""
    survivors: Iterable[dict[str, str]] = tomllib.loads(path.read_text("utf-8"))["survivors"]
    return {(one["function"], one["before"], one["after"]) for one in survivors}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
