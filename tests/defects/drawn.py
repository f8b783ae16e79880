"""Plants small changes drawn at random in `edge` and `store`, and names those that no unit test notices.

`make mutants` draws COUNT changes of each ring by a seed that it prints; `make mutants SEED=1` draws those of that seed
again. A survivor deserves a test, or changes nothing that a caller could notice: it is for a person to say which.
"""

import ast
import copy
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from tests.defects.__main__ import OPTIONS, copy_of_project
from tests.defects.table import PROJECT

PACKAGE = Path("layers/core/guestkey")
RINGS = "edge", "store"
COUNT = 20
OTHER: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip
"""The operator that takes the place of another."""


class Change(NamedTuple):
    """A text that takes the place of bytes `start` to `end` of a file."""

    file: Path
    line: int
    start: int
    end: int
    text: str

    def planted_in(self, sound: bytes) -> bytes:
        return sound[: self.start] + self.text.encode() + sound[self.end :]

    def __str__(self) -> str:
        before = (PROJECT / self.file).read_bytes()[self.start : self.end].decode()
        return f"{self.file}:{self.line}: {before} -> {self.text}"


def drawn(ring: str, seed: int) -> list[Change]:
    """Return the changes of a ring that a seed draws from all."""
    files = sorted(path.relative_to(PROJECT) for path in (PROJECT / PACKAGE / ring).rglob("*.py"))
    every = [change for file in files for change in changes_of(file)]
    return random.Random(f"{seed} {ring}").sample(every, COUNT)


def changes_of(file: Path) -> Iterator[Change]:
    """Yield all changes of a file."""
    sound = (PROJECT / file).read_bytes()
    tree, starts = ast.parse(sound), [0]
    for line in sound.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    hints = {id(part) for node in ast.walk(tree) for hint in _hints(node) for part in ast.walk(hint)}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt) and id(node) not in hints:
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
            for text in _others(node):
                yield Change(file, node.lineno, start, end, text)


def _hints(node: ast.AST) -> list[ast.expr]:
    return [hint for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)) if hint]


def _others(node: ast.expr | ast.stmt) -> Iterator[str]:
    """Yield what may stand in the place of a node."""
    other = copy.deepcopy(node)
    match other:
        case ast.Compare(ops=[operator]):
            other.ops = [OTHER[type(operator)]()]
        case ast.BoolOp(op=ast.And() | ast.Or()) | ast.BinOp(op=ast.Add() | ast.Sub()):
            other.op = OTHER[type(other.op)]()
        case ast.UnaryOp(op=ast.Not()):
            other = other.operand
        case ast.IfExp():
            other.body, other.orelse = other.orelse, other.body
        case ast.Constant(value=bool()):
            other.value = not other.value
        case ast.Constant(value=int(number)):
            other.value = number + 1
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return None"
            return
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield "pass"
            return
        case _:
            return
    yield f"({ast.unparse(other)})"


def main(seed: int) -> int:
    """Plant the changes of a seed, and return how many of them no test notices."""
    every, began = [change for ring in RINGS for change in drawn(ring, seed)], time.monotonic()
    workers, copies = os.cpu_count() or 1, SimpleQueue[Path]()
    with tempfile.TemporaryDirectory(prefix="guestkey-drawn-") as folder, ThreadPoolExecutor(workers) as pool:
        for number in range(workers):
            copies.put(copy_of_project(Path(folder) / str(number)))
        noticed = list(pool.map(lambda change: _notices(copies, change), every))
    print(f"{sum(noticed)} of {len(every)} changes noticed in {time.monotonic() - began:.0f} seconds, SEED={seed}")
    return noticed.count(False)


def _notices(copies: SimpleQueue[Path], change: Change) -> bool:
    """Plant a change in one of the copies, and say whether a test fails there."""
    project = copies.get()
    file = project / change.file
    sound = file.read_bytes()
    file.write_bytes(change.planted_in(sound))
    try:
        failed = next((said for tests in _suites(change) if (said := _failure(project, tests))), None)
    finally:
        file.write_bytes(sound)
        copies.put(project)
    print(f"{change}\n    {failed or 'NOTICED BY NO TEST'}", flush=True)
    return failed is not None


def _suites(change: Change) -> Iterator[list[str]]:
    """Yield the tests of the changed module, then those of its ring, then all others."""
    own = Path("tests") / change.file.relative_to(PACKAGE).with_name(f"test_{change.file.name}")
    if (PROJECT / own).exists():
        yield [str(own)]
    ring = f"tests/{change.file.relative_to(PACKAGE).parts[0]}"
    yield [ring]
    yield ["tests/functions"]
    yield ["tests", *(f"--ignore={done}" for done in (ring, "tests/functions", "tests/journeys", "tests/browser"))]


def _failure(project: Path, tests: list[str]) -> str | None:
    """Run tests until one fails, and return its name."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}  # a change of the same length has the sound file's size
    command = [sys.executable, "-m", "pytest", *OPTIONS, *tests]
    run = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    said = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return None if run.returncode == 0 else [*said, f"pytest ended with {run.returncode}"][0][:160]


if __name__ == "__main__":
    named = sys.argv[1:] or os.environ.get("SEED", "").split()
    sys.exit(1 if main(int(named[0]) if named else random.SystemRandom().randrange(2**32)) else 0)
