"""The layer for the architecture that this machine has not, as a vendor builds it for the deployment."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import rmtree

import pytest

from local import artifact, build
from tests import stack

OTHER = ({"arm64", "x86_64"} - {build.architecture()}).pop()


def built_layer(folder: Path) -> Path:
    """Build the layer with `sam build`, without its cache, and return the build's folder."""
    tools = str(Path(sys.executable).parent)
    places = ["--template-file", str(stack.PROJECT / "template.yaml"), "--build-dir", str(folder)]
    subprocess.run(
        [f"{tools}/sam", "build", "Core", "--no-cached", "--parameter-overrides", f"Arch={OTHER}", *places],
        cwd=stack.PROJECT,
        env=os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        check=True,
    )
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.nightly("it installs the layer's packages twice")
def test_it_has_no_object_of_this_machine_and_is_the_same_when_it_is_built_again(tmp_path: Path) -> None:
    layer = built_layer(tmp_path / "first")

    assert artifact.foreign_objects(layer, OTHER) == []
    assert artifact.foreign_objects(layer, build.architecture()) != []
    assert artifact.uncompiled(layer) == []

    for packages in (stack.PROJECT / ".aws-sam" / "packages").glob(f"{OTHER}-*"):
        rmtree(packages)
    assert contents(built_layer(tmp_path / "second")) == contents(layer)
