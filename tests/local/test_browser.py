"""Where the tests in a browser find their Chromium, on machines that have one, may install one, or neither."""

import subprocess
from pathlib import Path

import pytest

from local.build import PROJECT

APT = """echo "$@" >> {folder}/asked
[ "$1" = update ] || cp {folder}/id {folder}/chromium"""


class Machine:
    """A machine with nothing on it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str, script: str = "") -> None:
        (self.folder / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (self.folder / name).chmod(0o755)

    def is_asked(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run the script; return how it ended and what it said."""
        script = subprocess.run(
            [PROJECT / "local" / "browser.sh", *arguments],
            env={"PATH": str(self.folder), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert script.stdout == ""
        return script.returncode, script.stderr

    @property
    def apt_was_asked(self) -> list[str]:
        asked = self.folder / "asked"
        return asked.read_text().splitlines() if asked.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Somebody's machine, who is not root there."""
    machine = Machine(tmp_path)
    machine.has("id", "echo 1000")
    machine.has("apt-get", APT.format(folder=tmp_path))
    return machine


@pytest.mark.parametrize("name", ["chromium", "google-chrome"])
def test_one_that_is_here_is_enough_for_everybody(machine: Machine, name: str) -> None:
    machine.has("id", "echo 0")
    machine.has(name)

    assert machine.is_asked("--must") == (0, "")
    assert machine.apt_was_asked == []


def test_one_may_be_named(machine: Machine) -> None:
    machine.has("my-chromium")

    assert machine.is_asked("--must", GUESTKEY_CHROMIUM=str(machine.folder / "my-chromium")) == (0, "")


def test_root_has_it_installed_once(machine: Machine) -> None:
    machine.has("id", "echo 0")

    assert machine.is_asked() == (0, "installing Chromium (once)\n")
    assert machine.is_asked() == (0, "")
    assert [asked.split()[0] for asked in machine.apt_was_asked] == ["update", "install"]
    assert machine.apt_was_asked[1].endswith(" chromium")


@pytest.mark.parametrize("who", ["somebody", "root without a network", "root without apt"])
def test_without_one_it_says_that_tests_are_left_out_unless_it_must(machine: Machine, who: str) -> None:
    if who != "somebody":
        machine.has("id", "echo 0")
    if who == "root without a network":
        machine.has("apt-get", "exit 100")
    if who == "root without apt":
        (machine.folder / "apt-get").unlink()

    code, said = machine.is_asked()
    assert (code, said.splitlines()[-1]) == (
        0, "guestkey: Chromium was not found; the browser tests are skipped",
    )  # fmt: skip
    code, said = machine.is_asked("--must")
    assert (code, said.splitlines()[-1]) == (1, "guestkey: Chromium was not found and cannot be installed")
