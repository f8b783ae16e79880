"""The checks of a build before its deployment, on a small project, and the recipe of the layer."""

import ast
import py_compile
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from local import artifact
from tests import stack
from tests.local.elf import ARM64, X86_64

TEMPLATE = """
Parameters: {Arch: {Type: String, Default: arm64}}
Resources:
  CheckFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: %s, Timeout: 20}}
  Core: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/core/}}
"""
OBJECT = "Core/python/fast.so"
MODULES = ("CheckFunction/app.py", "Core/python/guestkey/errors.py", "Core/python/six.py")


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The build of a project with one function, for arm64."""
    project, built = tmp_path, tmp_path / ".aws-sam" / "build"
    for name, content in {
        "template.yaml": TEMPLATE % "functions/check/",
        "functions/check/app.py": "import six",
        "layers/core/guestkey/errors.py": "class Refused(Exception): ...",
        "layers/core/requirements.txt": "six==1.17.0",
        "layers/core/build.mk": "build-Core:",
    }.items():
        put(project / name, content)
    put(built / "template.yaml", TEMPLATE % "CheckFunction")
    put(built / "Core/python/six.py", "import sys")
    (built / OBJECT).write_bytes(ARM64)
    shutil.copytree(project / "functions/check", built / "CheckFunction")
    shutil.copytree(project / "layers/core", built / "Core/python", dirs_exist_ok=True)
    for name in MODULES:
        compiled(built / name)
    monkeypatch.setattr(artifact, "PROJECT", project)
    return built


def put(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def compiled(
    module: Path, mode: py_compile.PycInvalidationMode = py_compile.PycInvalidationMode.UNCHECKED_HASH
) -> None:
    py_compile.compile(str(module), invalidation_mode=mode, doraise=True)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a handler changed after the build": (
        lambda built: put(artifact.PROJECT / "functions/check/app.py", "import sys"),
        "The build is stale: files differ from the sources here: CheckFunction/app.py.",
    ),
    "a module of the layer came after the build": (
        lambda built: put(artifact.PROJECT / "layers/core/guestkey/store/keys.py", ""),
        "The build is stale: files differ from the sources here: Core/python/guestkey/store/keys.py.",
    ),
    "a module of the layer is gone": (
        lambda built: (artifact.PROJECT / "layers/core/guestkey/errors.py").unlink(),
        "The build is stale: files differ from the sources here: Core/python/guestkey/errors.py.",
    ),
    "the pins changed": (
        lambda built: put(artifact.PROJECT / "layers/core/requirements.txt", "six==1.18.0"),
        "The build is stale: files differ from the sources here: Core/python/requirements.txt.",
    ),
    "the recipe changed": (
        lambda built: put(artifact.PROJECT / "layers/core/build.mk", "build-Core: more"),
        "The build is stale: files differ from the sources here: Core/python/build.mk.",
    ),
    "the template changed": (
        lambda built: put(artifact.PROJECT / "template.yaml", TEMPLATE.replace("20", "30") % "functions/check/"),
        "The build is stale: files differ from the sources here: template.yaml.",
    ),
    "an object of another architecture": (
        lambda built: (built / OBJECT).write_bytes(X86_64),
        f"Wrong architecture: shared objects are not built for arm64: {OBJECT}.",
    ),
    "a library of another architecture": (
        lambda built: (built / "Core/python/libfoo.so.1.2").write_bytes(X86_64),
        "Wrong architecture: shared objects are not built for arm64: Core/python/libfoo.so.1.2.",
    ),
    "no bytecode": (
        lambda built: shutil.rmtree(built / "CheckFunction/__pycache__"),
        "Missing bytecode: modules would be compiled in each cold start: CheckFunction/app.py.",
    ),
    "bytecode with a time stamp": (
        lambda built: compiled(built / MODULES[1], py_compile.PycInvalidationMode.TIMESTAMP),
        f"Missing bytecode: modules would be compiled in each cold start: {MODULES[1]}.",
    ),
    "bytecode that is compared with its source": (
        lambda built: compiled(built / MODULES[1], py_compile.PycInvalidationMode.CHECKED_HASH),
        f"Missing bytecode: modules would be compiled in each cold start: {MODULES[1]}.",
    ),
    "bytecode of another source": (
        lambda built: put(built / MODULES[2], "import os"),
        f"Missing bytecode: modules would be compiled in each cold start: {MODULES[2]}.",
    ),
}


def test_a_build_of_these_sources_for_this_architecture_has_no_problem(built: Path) -> None:
    assert artifact.problems(built, "arm64") == []


@pytest.mark.parametrize(("plant", "line"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_the_command_that_mends_it(
    built: Path, plant: Callable[[Path], object], line: str
) -> None:
    plant(built)

    assert artifact.problems(built, "arm64") == [line, "Run: sam build --parameter-overrides Arch=arm64"]


def test_many_files_make_one_line(built: Path) -> None:
    for folder in built.rglob("__pycache__"):
        shutil.rmtree(folder)

    assert artifact.problems(built, "arm64")[0].endswith(f": {MODULES[0]} and 2 more.")


def test_only_shared_objects_have_an_architecture(built: Path) -> None:
    for name, content in (("text.so.py", b"import os"), ("short.so", b"\x7fEL"), ("data.bin", X86_64)):
        (built / "Core/python" / name).write_bytes(content)
    (built / "Core/python/folder.so").mkdir()

    assert artifact.foreign_objects(built, "arm64") == []


def test_without_a_build_the_command_is_named(tmp_path: Path) -> None:
    assert artifact.problems(tmp_path, "arm64") == [f"There is no build in {tmp_path}. Run: sam build"]


# --- The recipe ------------------------------------------------------------------------------------------------------


def test_the_layer_has_the_data_of_each_service_with_a_client_and_of_no_other() -> None:
    recipe = (stack.PROJECT / "layers/core/build.mk").read_text()
    kept = re.search(r"^SERVICES := (.*)$", recipe, re.MULTILINE)
    assert kept

    assert kept[1].split() == sorted({"dynamodb", *opened()}), "pynamodb opens the client of dynamodb"


def opened() -> set[str]:
    """Return the services of which the code opens a client."""
    code = [*(stack.PROJECT / "layers").rglob("*.py"), *(stack.PROJECT / "functions").rglob("*.py")]
    calls = [node for file in code for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    clients = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] in {"client", "create_client"}]
    return {str(one.value) for call in clients for one in call.args if isinstance(one, ast.Constant)}


def test_each_function_and_the_layer_are_built_by_their_makefile() -> None:
    resources = stack.template()["Resources"]
    functions = {name: one for name, one in resources.items() if one["Type"] == "AWS::Serverless::Function"}
    for name, function in functions.items():
        assert function["Metadata"]["BuildMethod"] == "makefile", name
        assert function["Metadata"]["ContextPath"] == "functions", name
    assert resources["Core"]["Metadata"]["ContextPath"] == {"Fn::Sub": "layers/core/${Arch}"}
    for arch in stack.template()["Parameters"]["Arch"]["AllowedValues"]:
        makefile = stack.PROJECT / "layers" / "core" / arch / "Makefile"
        assert makefile.read_text() == f"ARCH := {arch}\ninclude build.mk\n"
