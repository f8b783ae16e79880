"""A shell in which the commands of a page run as they are written, and which notes each of them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import stack
from tests.deploy.page_commands import name_of

NOTING = """\
#!/bin/sh
{{ printf '%s' '{program} '; [ {program} = aws ] && printf '%s %s ' "$1" "$2"
   for word; do case $word in --*) printf '%s ' "$word";; esac; done; printf '\\n'; }} >>{notes}
exec {command} "$@"
"""


@dataclass(frozen=True)
class Shell:
    """A shell with variables of its own. `folder` is the working directory, and has the two noted programs."""

    folder: Path
    environment: dict[str, str]
    helpers: str

    @property
    def _notes(self) -> Path:
        return self.folder / "ran"

    def run(self, script: str, **settings: str) -> str:
        """Run a script and return its output. A command that fails fails the test."""
        self._install()
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.helpers + script],
            cwd=self.folder,
            env=self.environment | settings | {"PATH": path, "PYTHONPATH": str(stack.PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ran(self) -> set[str]:
        """Return the names of the commands that have run so far."""
        return {_name(line.split()) for line in self._notes.read_text().splitlines()}

    def _install(self) -> None:
        folder = self.folder / "bin"
        if folder.exists():
            return
        folder.mkdir(parents=True)
        for program, command in (
            ("aws", f"{sys.executable} -W ignore -m tests.deploy.aws_cli"),
            ("curl", str(shutil.which("curl"))),
        ):
            file = folder / program
            file.write_text(NOTING.format(program=program, notes=self._notes, command=command))
            file.chmod(0o755)


def _name(words: list[str]) -> str:
    options = [word.removeprefix("--") for word in words if word.startswith("--")]
    return name_of(words[0], [word for word in words[1:] if not word.startswith("--")], options)
