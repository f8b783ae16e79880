"""A Python environment with the layer and its required packages only, as on Lambda.

Other packages of the development environment change the results: botocore needs more time and memory if it finds
awscrt, which `sam` installs.
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
"""The command of a Python that does not use the packages of this environment."""


@contextmanager
def layer_environment(endpoint: str) -> Iterator[dict[str, str]]:
    """Yield environment variables with which Python finds the layer and its required packages, and no others."""
    with tempfile.TemporaryDirectory(prefix="guestkey-bench-") as folder:
        for name in NAME.findall((LAYER / "requirements.txt").read_text()):
            _link(name, Path(folder))
        yield environment(endpoint) | {"PYTHONPATH": f"{LAYER}:{folder}"}


def _link(name: str, folder: Path) -> None:
    """Create symbolic links in the folder to the files of an installed package."""
    shipped = distribution(name)
    for top in {file.parts[0] for file in shipped.files or () if file.parts[0] not in {"..", "__pycache__"}}:
        (folder / top).symlink_to(Path(str(shipped.locate_file(top))))
