"""Checks the result of `sam build` before it is deployed.

The code of Lambda functions is read-only and mounted on Lambda's own processors. So each module needs bytecode that
Python accepts without a look at the source, and each shared object must be of the deployed architecture. And the build
must be one of the sources here.
"""

from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

PROJECT = Path(__file__).resolve().parent.parent
LAYER = "Core"
COPIED_INTO_LAYER = ("requirements.txt", "build.mk")

_MACHINES = {"x86_64": 62, "arm64": 183}
"""The architectures by their numbers in the header of an ELF file."""
_UNCHECKED_HASH = (1).to_bytes(4, "little")
"""The flags of bytecode (PEP 552) with the hash of its source, which is not compared when it is loaded."""
_WRITTEN_BY_SAM = ("CodeUri", "ContentUri")


def problems(built: Path, arch: str) -> list[str]:
    """Return a sentence for each reason against a deployment of this build to functions of that architecture."""
    if not (built / "template.yaml").exists():
        return [f"There is no build in {built}. Run: sam build"]
    found = [
        _line("The build is stale", "files differ from the sources here", stale(built)),
        _line("Wrong architecture", f"shared objects are not built for {arch}", foreign_objects(built, arch)),
        _line("Missing bytecode", "modules would be compiled in each cold start", uncompiled(built)),
    ]
    lines = [line for line in found if line]
    return [*lines, f"Run: sam build --parameter-overrides Arch={arch}"] if lines else []


def stale(built: Path) -> list[str]:
    """Return the files of a build that differ from their sources, that are missing, or that are left over."""
    layer = PROJECT / "layers" / "core"
    template = yaml_parse((PROJECT / "template.yaml").read_text())
    folders = list(_sources(template))
    is_same = _without_places(template) == _without_places(yaml_parse((built / "template.yaml").read_text()))
    return [
        *([] if is_same else ["template.yaml"]),
        *(f"{name}/{path}" for name, folder in folders for path in _differing(folder, built / name)),
        *(
            f"{LAYER}/python/{name}"
            for name in COPIED_INTO_LAYER
            if not _is_same(layer / name, built / LAYER / "python" / name)
        ),
    ]


def foreign_objects(built: Path, arch: str) -> list[str]:
    """Return the shared objects that are built for another architecture than this one of Lambda's names."""
    own = _MACHINES[arch]
    objects = (file for file in sorted(built.rglob("*.so*")) if file.is_file())
    return [str(file.relative_to(built)) for file in objects if _machine_of(file) not in {None, own}]


def uncompiled(built: Path) -> list[str]:
    """Return the modules without bytecode, and those whose bytecode is time-stamped or made from another source."""
    return [str(module.relative_to(built)) for module in sorted(built.rglob("*.py")) if not _is_compiled(module)]


def _is_compiled(module: Path) -> bool:
    bytecode = Path(cache_from_source(str(module)))
    wanted = MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(module.read_bytes())
    return bytecode.exists() and bytecode.read_bytes()[: len(wanted)] == wanted


def _machine_of(file: Path) -> int | None:
    """Return the number of the machine in an ELF file, or None for another file."""
    with file.open("rb") as content:
        header = content.read(20)
    return int.from_bytes(header[18:], "little") if header.startswith(b"\x7fELF") else None


def _without_places(template: dict[str, Any]) -> dict[str, Any]:
    """Remove the places of the code from a template, which `sam build` replaces, and return it."""
    for resource in template["Resources"].values():
        resource.pop("Metadata", None)
        for name in _WRITTEN_BY_SAM:
            resource.get("Properties", {}).pop(name, None)
    return template


def _sources(template: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """Yield the name of each folder of the build with its source."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            yield name, PROJECT / resource["Properties"]["CodeUri"]
    yield f"{LAYER}/python/guestkey", PROJECT / "layers" / "core" / "guestkey"


def _line(problem: str, meaning: str, names: list[str]) -> str:
    """Return a sentence with the first of the names, or an empty text without any."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{problem}: {meaning}: {names[0]}{more}." if names else ""


def _differing(folder: Path, copy: Path) -> list[Path]:
    paths = sorted(_files(folder) | _files(copy))
    return [path for path in paths if not _is_same(folder / path, copy / path)]


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()


def _files(folder: Path) -> set[Path]:
    """Return the relative paths of all files in a folder but bytecode."""
    return {
        file.relative_to(folder)
        for file in folder.rglob("*")
        if file.is_file() and file.parent.name != "__pycache__" and file.suffix != ".pyc"
    }
