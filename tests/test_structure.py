"""Statements that the code and its conventions (CONTRIBUTING.md) make about the code, each held by a test."""

import ast
import gc
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stack
from tests.rows_and_columns import IS_NIGHTLY

LAYER = stack.PROJECT / "layers/core/guestkey"
MODULES = sorted(LAYER.rglob("*.py"))
WEB_MODULES = sorted((stack.PROJECT / "functions/web/web").glob("*.js"))
HANDLERS = sorted((stack.PROJECT / "functions").glob("*/app.py"))
MAX_HANDLER_LINES, MAX_MODULE_LINES = 120, 300
MAX_UNITS = 4_500
KEYS = {LAYER / "store/dynamodb/keys.py", LAYER / "store/dynamodb/index_keys.py"}
CLOCK = LAYER / "store/clock.py"
RETRY = LAYER / "store/dynamodb/retry.py"


def name_of(path: Path) -> str:
    """Return a path as the repository names it."""
    return str(path.relative_to(stack.PROJECT))


def tree_of(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(path.read_text())


def texts_of(path: Path) -> Iterator[str]:
    """Yield the string literals of a module's code, without its docstrings."""
    tree = tree_of(path)
    statements = (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    docstrings = {id(value) for value in statements if isinstance(value, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def calls_of(path: Path) -> set[str]:
    """Return the functions that a module calls, as `module.function` or `function`."""
    calls = (node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))
    return {ast.unparse(call) for call in calls if isinstance(call, ast.Attribute | ast.Name)}


# --- Size ------------------------------------------------------------------------------------------------------------


def test_a_handler_has_at_most_120_lines_and_a_module_at_most_300() -> None:
    lines = {name_of(path): len(path.read_text().splitlines()) for path in [*HANDLERS, *MODULES, *WEB_MODULES]}

    assert [name for name in map(name_of, HANDLERS) if lines[name] > MAX_HANDLER_LINES] == []
    assert [name for name in map(name_of, [*MODULES, *WEB_MODULES]) if lines[name] > MAX_MODULE_LINES] == []


@pytest.mark.skipif(IS_NIGHTLY, reason="each night all products run")
def test_the_gate_has_so_few_units_that_no_product_of_cases_is_among_them(
    request: pytest.FixtureRequest,
) -> None:
    units = [item for item in request.session.items if not {"journeys", "browser", "artifact"} & set(item.path.parts)]

    assert len(units) <= MAX_UNITS, "see tests/rows_and_columns.py"


def test_the_lock_of_the_node_packages_has_a_hash_for_each_and_names_no_registry() -> None:
    packages = json.loads((stack.PROJECT / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}

    assert len(installed) > 50
    assert [name for name, package in installed.items() if "resolved" in package or "integrity" not in package] == []


# --- One home per fact -----------------------------------------------------------------------------------------------


def test_only_keys_and_index_keys_spell_a_key() -> None:
    prefixes = [prefix for path in KEYS for prefix in re.findall(r'"([A-Z]+#)', path.read_text())]

    assert len(prefixes) > 15
    for path in {*MODULES, *HANDLERS} - KEYS:
        spelled = [text for text in texts_of(path) if text.startswith(tuple(prefixes))]
        assert spelled == [], name_of(path)


def test_only_clock_asks_the_time() -> None:
    asking = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.time_ns", "datetime.today"}

    assert calls_of(CLOCK) & asking == {"datetime.now", "time.time"}
    for path in {*MODULES, *HANDLERS} - {CLOCK}:
        assert not calls_of(path) & asking, name_of(path)


def test_only_the_refusals_name_their_http_status() -> None:
    statuses = re.compile(r"(?<![\d.])(4\d\d|50[0-4])(?![\d.])")
    for path in (LAYER / "edge").rglob("*.py"):
        numbers = [
            str(n.value) for n in ast.walk(tree_of(path)) if isinstance(n, ast.Constant) and type(n.value) is int
        ]
        assert not [number for number in numbers if statuses.fullmatch(number) and number != "500"], name_of(path)


# --- One shape for a change ------------------------------------------------------------------------------------------


def test_no_loop_outside_the_one_helper_tries_again() -> None:
    """A loop that tries again sleeps, raises Busy after its end, or continues after an error."""
    for path in {*MODULES, *HANDLERS} - {RETRY}:
        loops = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.For | ast.While)]
        inside = [inner for loop in loops for inner in ast.walk(loop)]
        handled = [inner for inner in inside if isinstance(inner, ast.ExceptHandler)]
        continued = [one for handler in handled for one in ast.walk(handler) if isinstance(one, ast.Continue)]
        assert continued == [], name_of(path)
        assert "time.sleep" not in calls_of(path), name_of(path)


def test_no_item_leaves_the_store() -> None:
    for path in [*HANDLERS, *(LAYER / "edge").rglob("*.py"), *(LAYER / "rules").rglob("*.py")]:
        imported = [
            alias.name for node in ast.walk(tree_of(path)) if isinstance(node, ast.ImportFrom) for alias in node.names
        ]
        assert [name for name in imported if name.endswith("Item") and name != "DueItem"] == [], name_of(path)


# --- No effect on import ---------------------------------------------------------------------------------------------


def test_importing_a_package_neither_opens_a_client_nor_touches_the_garbage_collector() -> None:
    packages = [
        ".".join(path.relative_to(LAYER.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if path.name != "__main__.py"
    ]
    program = (
        "import gc, sys, threading; from importlib import import_module\n"
        "import botocore.client, botocore.session\n"
        "def fail(*_, **__): raise AssertionError('a client is opened on import')\n"
        "botocore.session.Session.create_client = fail\n"
        f"for name in {packages!r}: import_module(name)\n"
        "print(gc.isenabled(), gc.get_freeze_count(), threading.active_count())"
    )
    environment = {"PYTHONPATH": str(LAYER.parent), "TABLE_NAME": "guestkey", "AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)

    assert gc.isenabled()
    assert (done.returncode, done.stdout.split()) == (0, ["True", "0", "1"]), done.stderr


def test_a_handler_begins_and_ends_its_cold_start_in_explicit_lines() -> None:
    for path in HANDLERS:
        statements = [ast.unparse(statement) for statement in tree_of(path).body[1:]]
        assert statements[:2] == ["from guestkey import cold_start", "cold_start.begin_cold_start()"], name_of(path)
        assert statements[-1].startswith("cold_start.end_cold_start("), name_of(path)
