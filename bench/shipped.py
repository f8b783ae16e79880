"""What Lambda has of this environment, and nothing else: our layer's packages, without whatever the tools brought.

It matters: botocore alone takes longer and more memory where it finds awscrt, which `sam` asks for.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path

from bench.processes import LAYER, environment

NAME = re.compile(r"^([A-Za-z0-9_.-]+)==", re.MULTILINE)

PYTHON = [sys.executable, "-S"]
"""A Python without the packages of this environment."""


@contextmanager
def alone(endpoint: str) -> Iterator[dict[str, str]]:
    """Yield the surroundings in which Python finds the layer and what the layer requires."""
    with tempfile.TemporaryDirectory(prefix="guestkey-bench-") as folder:
        for name in NAME.findall((LAYER / "requirements.txt").read_text()):
            _link(name, Path(folder))
        yield environment(endpoint) | {"PYTHONPATH": f"{LAYER}:{folder}"}


def _link(name: str, folder: Path) -> None:
    """Make what a distribution installed appear in the folder."""
    shipped = distribution(name)
    for top in {file.parts[0] for file in shipped.files or () if file.parts[0] not in {"..", "__pycache__"}}:
        (folder / top).symlink_to(Path(str(shipped.locate_file(top))))
