"""The artifact as Lambda mounts it: the layer and the functions that `sam build` builds, and nothing else.

The development environment changes the results: it has other packages (botocore needs more time and memory if it finds
awscrt, which `sam` installs), and it writes bytecode. On Lambda the folders are read-only.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

import botocore

from bench.processes import environment
from local import build

PYTHON = [sys.executable, "-S"]
"""The command of a Python that does not use the packages of this environment."""

Environment = dict[str, str]


@dataclass(frozen=True)
class Artifact:
    """A folder with a layer and the functions."""

    folder: Path

    @property
    def layer(self) -> Path:
        """The folder that Lambda mounts as /opt."""
        return self.folder / "Core"

    def environment(self, endpoint: str) -> Environment:
        """Return the variables of a process with this layer, which writes no bytecode."""
        paths = {"PYTHONPATH": str(self.layer / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
        return environment(endpoint) | paths

    def importing(self, function: str) -> str:
        """Return a program that imports the handler of a function, by the name of its folder."""
        task = self.folder / f"{function.title().replace('_', '')}Function"
        return f"import sys\nsys.path.insert(0, {str(task)!r})\nimport app"


def built() -> Artifact:
    """Build the artifact for this machine, unless it is up to date."""
    build.build()
    return Artifact(build.BUILT.parent)


@contextmanager
def plain_copy(artifact: Artifact) -> Iterator[Artifact]:
    """Yield a copy as SAM's own builder makes it: without bytecode, and with botocore's data of all services."""
    with tempfile.TemporaryDirectory(prefix="guestkey-bench-") as name:
        copy = Artifact(Path(name) / "built")
        copytree(artifact.folder, copy.folder, ignore=ignore_patterns("__pycache__"))
        data = Path(botocore.__file__).parent / "data"
        copytree(data, copy.layer / "python" / "botocore" / "data", dirs_exist_ok=True)
        yield copy


def output(environment: Environment, code: str, *arguments: str) -> str:
    """Run a program and return its output."""
    command = [*PYTHON, "-c", code, *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def cpu_seconds(environment: Environment, code: str, *arguments: str) -> float:
    """Return the user and system CPU seconds of a new process that runs this program."""
    process = os.posix_spawn(PYTHON[0], [*PYTHON, "-c", code, *arguments], environment)
    _, status, used = os.wait4(process, 0)
    if status:
        message = f"this code failed:\n{code}"
        raise RuntimeError(message)
    return used.ru_utime + used.ru_stime
