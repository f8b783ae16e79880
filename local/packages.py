"""Uploads `.aws-sam/local` to the emulator's S3 and points the template at the archives, as `sam package` does.

It is faster than `sam package`: an archive is named by the hash of its contents and made once, so that a second stack
or a change of one function compresses only the changed code.
"""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

CODE_PROPERTIES = ("CodeUri", "ContentUri")


def package(built: Path, archives: Path, bucket: str, s3: Any) -> dict[str, Any]:
    """Upload all code of the built template to the bucket and return the template with the S3 locations."""
    template: dict[str, Any] = yaml_parse(built.read_text())
    archives.mkdir(parents=True, exist_ok=True)
    for properties, name in _code(template):
        archive = _archive(built.parent / properties[name], archives)
        s3.upload_file(str(archive), bucket, archive.name)
        properties[name] = f"s3://{bucket}/{archive.name}"
    return template


def _code(template: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each property that names a code folder, as the properties of its resource and the property's name."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in CODE_PROPERTIES:
            if isinstance(properties.get(name), str):
                yield properties, name


def _archive(folder: Path, archives: Path) -> Path:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(folder)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    archive = archives / f"{digest.hexdigest()}.zip"
    if not archive.exists():
        half_done = archive.with_suffix(".half")
        # The lowest compression level is the fastest, and the archive is only read on this machine.
        with zipfile.ZipFile(half_done, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as zipped:
            for file in files:
                zipped.write(file, file.relative_to(folder))
        half_done.rename(archive)
    return archive
