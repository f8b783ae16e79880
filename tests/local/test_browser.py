"""The search for Chromium, on machines that have one, may install one, or neither."""

import subprocess
from pathlib import Path

import pytest

from local.build import PROJECT

APT = """echo "$@" >> {folder}/asked
[ "$1" = update ] || eval cp {folder}/id {folder}/\\${{$#}}"""


class Machine:
    """A machine that has only the programs that a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str, script: str = "") -> None:
        (self.folder / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (self.folder / name).chmod(0o755)

    def run_script(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run the script and return its exit code and its error output."""
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
    def apt_calls(self) -> list[str]:
        calls = self.folder / "asked"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine of a user without root rights."""
    machine = Machine(tmp_path)
    machine.has("id", "echo 1000")
    machine.has("apt-get", APT.format(folder=tmp_path))
    return machine


@pytest.mark.parametrize("name", ["chromium-headless-shell", "chromium", "google-chrome"])
def test_an_installed_chromium_is_used_for_root_and_other_users(machine: Machine, name: str) -> None:
    machine.has("id", "echo 0")
    machine.has(name)

    assert machine.run_script() == (0, "")
    assert machine.apt_calls == []


def test_the_gate_installs_the_shell_beside_a_chromium_with_windows(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has("chromium")

    assert machine.run_script("--must") == (0, "installing Chromium (once)\n")
    assert machine.run_script("--must") == (0, "")
    assert len(machine.apt_calls) == 2


def test_a_chromium_with_windows_is_enough_where_the_shell_cannot_be_installed(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has("apt-get", "exit 100")
    machine.has("chromium")

    assert machine.run_script("--must") == (0, "installing Chromium (once)\n")


def test_without_the_package_of_the_shell_root_installs_chromium(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has(
        "apt-get", f'case "$*" in *shell) exit 100;; *chromium) cp {machine.folder}/id {machine.folder}/chromium; esac'
    )

    assert machine.run_script("--must") == (0, "installing Chromium (once)\n")
    assert (machine.folder / "chromium").exists()


def test_chromium_may_be_named_by_a_setting(machine: Machine) -> None:
    machine.has("my-chromium")

    assert machine.run_script("--must", GUESTKEY_CHROMIUM=str(machine.folder / "my-chromium")) == (0, "")


def test_root_installs_chromium_once(machine: Machine) -> None:
    machine.has("id", "echo 0")

    assert machine.run_script() == (0, "installing Chromium (once)\n")
    assert machine.run_script() == (0, "")
    assert [calls.split()[0] for calls in machine.apt_calls] == ["update", "install"]
    assert machine.apt_calls[1].endswith(" chromium-headless-shell")


@pytest.mark.parametrize("who", ["somebody", "root without a network", "root without apt"])
def test_without_chromium_the_script_reports_skipped_tests_or_fails_if_required(machine: Machine, who: str) -> None:
    if who != "somebody":
        machine.has("id", "echo 0")
    if who == "root without a network":
        machine.has("apt-get", "exit 100")
    if who == "root without apt":
        (machine.folder / "apt-get").unlink()

    code, said = machine.run_script()
    assert (code, said.splitlines()[-1]) == (
        0, "guestkey: Chromium was not found; the browser tests are skipped",
    )  # fmt: skip
    code, said = machine.run_script("--must")
    assert (code, said.splitlines()[-1]) == (1, "guestkey: Chromium was not found and cannot be installed")
