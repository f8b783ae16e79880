"""The AWS emulator: runs ministack in this process, with the patches, on 127.0.0.1 only.

`python -m local.emulator --port 4566 --folder .local` runs it in the foreground; `local.stack` runs it in the
background.
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
# The template and the code of the functions are deployed from this bucket.
BUCKET = "guestkey-artifacts"
# The patches replace private functions of ministack, which another version may have changed.
MINISTACK = "1.5.33"


def settings(port: int, folder: Path, region: str = REGION) -> dict[str, str]:
    """Return the settings of ministack as environment variables."""
    return {
        "MINISTACK_REGION": region,
        "GATEWAY_PORT": str(port),
        # By default ministack listens on every address. Its MQTT and SFTP listeners ignore this setting and are off.
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Functions have exactly the permissions of the template's policies.
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder / "tmp"),
        "LOG_LEVEL": "WARNING",
    }


def bare_python(folder: Path) -> Path:
    """Return the path of an interpreter with the standard library only. It is created on first use."""
    home = folder / "python"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, symlinks=True, clear=True, with_pip=False)
    return python


def main() -> None:
    """Run the emulator until the process receives a signal to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--region", default=REGION)
    arguments = parser.parse_args()
    if version("ministack") != MINISTACK:
        sys.exit(f"the patches require ministack {MINISTACK}, not {version('ministack')}; see tests/local")
    folder: Path = arguments.folder.resolve()
    # A killed run leaves temporary files behind.
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    os.environ |= settings(arguments.port, folder, arguments.region)

    # Imported here, because ministack reads its settings on import.
    from local import patches  # noqa: PLC0415
    from local.patches import internals, sandboxes  # noqa: PLC0415

    # The main function of ministack parses the command line as well.
    del sys.argv[1:]
    patches.apply(python=bare_python(folder), folder=folder)
    try:
        internals.app.main()
    finally:
        sandboxes.end_sandboxes()


if __name__ == "__main__":
    main()
