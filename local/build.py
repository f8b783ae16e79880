"""Builds `.aws-sam/local` from the sources with `sam build`, if a source file has changed.

`make deploy` builds for Lambda's architecture in another folder, `.aws-sam/build`; neither uses the files of the other.
A reader of the build holds the lock `exclusive()`, because two stacks may start at the same time: the developer's and
one of the journeys.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local import artifact
from local.artifact import foreign_objects, problems
from local.faults import Fault
from local.processes import last_lines
from local.progress import step

PROJECT = artifact.PROJECT
RUNTIME = "python3.13"
# SOURCES are deployed to Lambda; MACHINERY runs them on this machine.
SOURCES = ("template.yaml", "functions", "layers")
MACHINERY = ("local", "requirements/local.txt")

BUILT = PROJECT / ".aws-sam" / "local" / "template.yaml"
ARCHIVES = PROJECT / ".aws-sam" / "archives"

_OUTPUT = PROJECT / ".aws-sam"
_BUILT_FROM = _OUTPUT / "built-from"
_LOG = _OUTPUT / "build.log"


def architecture() -> str:
    """Return this machine's architecture by Lambda's name, because wheels of another architecture cannot be loaded."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def fingerprint(*roots: str) -> str:
    """Return a hash over the names and contents of these files and folders, and the machine's architecture."""
    digest = hashlib.sha256(architecture().encode())
    for file in sorted(_files(roots)):
        digest.update(f"{file.relative_to(PROJECT)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def build() -> None:
    """Bring `.aws-sam/local` up to date with the sources, for this machine.

    Raises Fault if `sam build` fails, or if its result has a problem (`local.artifact`).
    """
    with exclusive():
        wanted = fingerprint(*SOURCES)
        is_known = BUILT.exists() and _BUILT_FROM.exists() and _BUILT_FROM.read_text() == wanted
        if is_known and not foreign_objects(BUILT.parent, architecture()):
            return
        _BUILT_FROM.unlink(missing_ok=True)
        with step("building the layer and the functions"):
            _run_sam(
                "build",
                *("--template-file", "template.yaml"),
                *("--build-dir", str(BUILT.parent)),
                *("--cache-dir", str(_OUTPUT / "local-cache")),
                *("--cached", "--parallel"),
                *("--parameter-overrides", f"PyRuntime={RUNTIME}", f"Arch={architecture()}"),
            )
        if found := problems(BUILT.parent, architecture()):
            raise Fault(" ".join(found))
        _BUILT_FROM.write_text(wanted)


def sam_environment() -> dict[str, str]:
    """Return the environment for sam: this one, without telemetry, and with this interpreter's folder first in PATH.

    sam looks there for a python3.13 with pip.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path, "SAM_CLI_TELEMETRY": "0"}


def sam_tool() -> str:
    """Return the path of sam. Raises Fault if it is missing."""
    found = shutil.which("sam", path=sam_environment()["PATH"])
    if found is None:
        message = "the tool sam is missing; `make setup` installs it"
        raise Fault(message)
    return found


def _run_sam(*arguments: str) -> None:
    with _LOG.open("w") as output:
        ended = subprocess.run(
            [sam_tool(), *arguments],
            cwd=PROJECT,
            env=sam_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode != 0:
        message = f"sam {arguments[0]} failed; see its log {_LOG}, which ends with:\n{last_lines(_LOG)}"
        raise Fault(message)


def _files(roots: Iterable[str]) -> Iterator[Path]:
    for root in (PROJECT / name for name in roots):
        if root.is_file():
            yield root
        for folder, folders, files in root.walk():
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (folder / name for name in files)


@contextmanager
def exclusive() -> Iterator[None]:
    """Hold a file lock, so that one process at a time reads or writes the build."""
    _OUTPUT.mkdir(exist_ok=True)
    with (_OUTPUT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
