"""AWS on this machine: ministack in this process, with the patches, on 127.0.0.1 only.

`python -m local.emulator --port 4566 --folder .local` runs it in the foreground; `local.stack` in the background.
"""

import argparse
import os
import shutil
import sys
import venv
from importlib.metadata import version
from pathlib import Path

from local.processes import LOOPBACK

REGION = "us-east-1"
# The patches reach into its insides, which any other version may have rearranged.
MINISTACK = "1.5.33"


def settings(port: int, folder: Path) -> dict[str, str]:
    """Return ministack's settings, which it takes from the environment."""
    return {
        "GATEWAY_PORT": str(port),
        # It would listen on every address otherwise, and its two other listeners do so whatever this says.
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Functions may do what the template's policies say and no more.
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder / "tmp"),
        "LOG_LEVEL": "WARNING",
    }


def bare_python(folder: Path) -> Path:
    """Return an interpreter that has nothing but the standard library, made on first use."""
    home = folder / "python"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, symlinks=True, clear=True, with_pip=False)
    return python


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    if version("ministack") != MINISTACK:
        sys.exit(f"the patches are made for ministack {MINISTACK}, not {version('ministack')}; see tests/local")
    folder: Path = arguments.folder.resolve()
    # What a killed run left behind.
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    os.environ |= settings(arguments.port, folder)

    # Not before: ministack reads its settings when it is imported.
    from local import patches  # noqa: PLC0415
    from local.patches import internals, sandboxes  # noqa: PLC0415

    # Its main function reads the command line as well.
    del sys.argv[1:]
    patches.apply(python=bare_python(folder), archives=folder / "archives")
    try:
        internals.app.main()
    finally:
        sandboxes.end_sandboxes()


if __name__ == "__main__":
    main()
