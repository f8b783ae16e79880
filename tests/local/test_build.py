"""The build of the local stack: apart from that of the deployment, and for this machine."""

from pathlib import Path

import pytest

from deploy import sam
from local import artifact, build
from local.faults import Fault
from tests import stack
from tests.local.elf import ARM64, X86_64


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Runs of a fake `sam build` on an x86_64 machine; each item is the shared object that the next run builds."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(build, "_OUTPUT", tmp_path)
    monkeypatch.setattr(build, "BUILT", tmp_path / "local" / "template.yaml")
    monkeypatch.setattr(build, "_BUILT_FROM", tmp_path / "built-from")
    monkeypatch.setattr(build, "fingerprint", lambda *roots: "of the sources")
    # The objects are all that this build has; tests/local/test_artifact.py tests the other problems.
    monkeypatch.setattr(build, "problems", artifact.foreign_objects)
    coming: list[bytes] = []

    def run(*arguments: str) -> None:
        assert arguments[arguments.index("--build-dir") + 1] == str(build.BUILT.parent)
        put(coming.pop(0))

    monkeypatch.setattr(build, "_run_sam", run)
    return coming


def put(content: bytes) -> Path:
    file = build.BUILT.parent / "Layer" / "python" / "module.cpython-313.so"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    build.BUILT.touch()
    return file


def test_a_build_is_reused_until_one_of_its_objects_is_of_another_machine(runs: list[bytes]) -> None:
    runs.append(X86_64)
    build.build()
    build.build()
    assert runs == []

    put(ARM64)
    runs.append(X86_64)
    build.build()
    assert runs == []


def test_what_is_built_for_another_machine_is_not_used(runs: list[bytes]) -> None:
    for _ in range(2):
        runs.append(ARM64)
        with pytest.raises(Fault, match=r"module\.cpython-313\.so"):
            build.build()


def test_the_local_build_is_not_where_sam_builds_for_the_deployment() -> None:
    assert build.BUILT == stack.PROJECT / ".aws-sam" / "local" / "template.yaml"
    assert sam.BUILT == stack.PROJECT / ".aws-sam" / "build"
    assert "build_dir" not in (stack.PROJECT / "samconfig.toml").read_text(), (
        "so `make deploy` builds in .aws-sam/build"
    )
