"""Plants each defect of `defects.toml` in a copy of the project and runs the one test that must catch it.

`make defects` fails if a defect survives, if its text is not found exactly once, or if a test fails without a defect.
The checkout itself is never changed. `python -m tests.defects KEPT_FOR` plants only defects with that word in them.
"""

import argparse
import gc
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Sequence
from compileall import compile_dir
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from tests.defects import table
from tests.defects.table import Defect

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "screenshots")
OURS = {"bench", "conftest", "docs", "functions", "guestkey", "guestkey_client", "local", "product", "tests"}
OPTIONS = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # plugins are loaded before pytest starts
)
LOADED = "loaded-modules"
"""The file in the copy that names the modules which a run has loaded."""
MAX_SECONDS = 900
"""A run of pytest that takes longer hangs. All tests without a defect take a minute on an idle machine."""
CAUGHT = int(pytest.ExitCode.TESTS_FAILED)


def words_of(arguments: Sequence[str]) -> list[str]:
    """Return the words of the command line. Prints the usage for an option, and exits."""
    parser = argparse.ArgumentParser(prog="python -m tests.defects", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="plant only the defects that contain one of the words")
    words: list[str] = parser.parse_args(arguments).words
    return words


def main(words: Sequence[str]) -> int:
    """Plant the defects that contain any of the words, or all, and return the exit code."""
    chosen = [defect for defect in table.read() if not words or any(word in str(defect) for word in words)]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="guestkey-defects-") as folder:
        copy = copy_of_project(Path(folder) / "project")
        code, said = run_tests(copy, sorted({defect.test for defect in chosen}))
        if code != pytest.ExitCode.OK:
            print(f"without any defect the tests fail:\n{said}")
            return 1
        preload((copy / LOADED).read_text().split())
        survived = [defect for defect in chosen if not is_caught(copy, defect)]
    seconds = time.monotonic() - started
    print(f"{len(chosen) - len(survived)} of {len(chosen)} defects caught in {seconds:.0f} seconds")
    return 1 if survived else 0


def copy_of_project(folder: Path) -> Path:
    """Copy the project into a new folder, with compiled modules that are compared with their sources by hash."""
    shutil.copytree(table.PROJECT, folder, ignore=LEFT_OUT)
    compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return folder


def preload(names: Iterable[str]) -> None:
    """Import the libraries that the tests have used, so that the process of each defect has them from the start."""
    for name in names:
        if name.partition(".")[0] not in OURS:
            with suppress(Exception):  # some libraries make modules that cannot be imported by their names
                import_module(name)
    gc.freeze()


def is_caught(copy: Path, defect: Defect) -> bool:
    """Plant one defect in the copy, run its test, remove the defect, and say whether the test failed."""
    path = copy / defect.file
    sound = path.read_text("utf-8")
    if fault := defect.fault_in(sound):
        print(f"{defect.file}: {fault}: {defect.before!r}")
        return False
    path.write_text(defect.planted_in(sound), "utf-8")
    try:
        code, said = run_tests(copy, [defect.test])
    finally:
        path.write_text(sound, "utf-8")
    if code == CAUGHT:
        return True
    outcome = "survived" if code == pytest.ExitCode.OK else f"ended pytest with {code}"
    print(f"{defect.file}: {outcome}: {defect.why}\n    {defect.test}\n{said if code else ''}", flush=True)
    return False


def run_tests(copy: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests of the copy in a child process. Return pytest's exit code and its output."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _become_pytest(copy, list(tests), output.fileno())
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode("utf-8", "replace")


def _become_pytest(copy: Path, tests: list[str], output: int) -> None:
    """Run pytest in this process, which has no other purpose, and end it.

    No compiled module is written: within one second a defect of the same length would look like the sound file.
    """
    code = int(pytest.ExitCode.INTERNAL_ERROR)
    try:
        signal.alarm(MAX_SECONDS)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(copy)
        sys.dont_write_bytecode = True
        sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != table.PROJECT]
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        code = int(pytest.main([*OPTIONS, *tests]))
        Path(LOADED).write_text("\n".join(sys.modules), "utf-8")
    except BaseException:  # noqa: BLE001 # nothing may return to the code of the parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(words_of(sys.argv[1:])))
