"""The built layer and functions, as Lambda mounts them: copied, and without the right to write."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from shutil import copytree

import pytest

from guestkey import settings
from local import build
from tests import stack
from tests.artifact import sandbox as sandboxes
from tests.artifact.emulator import Emulator, emulator

GIVEN = (
    "TABLE_NAME", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BASE_URL", "MAIL_SENDER",
    "MAIL_REPLY_TO", "MAIL_CONFIGURATION_SET", "EVENT_BUS", "REMINDER_GROUP", "REMINDER_FUNCTION", "REMINDER_ROLE",
    "REMINDER_DEAD_LETTERS", "DEAD_LETTER_QUEUE_URL",
)  # fmt: skip
"""Variables of a function that `tests/conftest.py` sets."""

# Lambda's runtime client is for Linux only.
collect_ignore = [] if sys.platform == "linux" else ["test_artifact.py"]

Start = Callable[..., AbstractContextManager[sandboxes.Sandbox]]


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A read-only copy of what `sam build` builds for this machine. No function may change it."""
    build.build()
    folder = tmp_path_factory.mktemp("artifact") / "built"
    with build.exclusive():
        copytree(build.BUILT.parent, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    before = listing(folder)
    yield folder
    assert listing(folder) == before, "a function wrote into its code or its layer"
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def listing(folder: Path) -> set[tuple[str, int, int]]:
    """Return path, size and time of each file: root may write in spite of the missing right."""
    files = ((path, path.stat()) for path in folder.rglob("*"))
    return {(str(path), found.st_size, found.st_mtime_ns) for path, found in files}


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Lambda's runtime client."""
    folder = tmp_path_factory.mktemp("client")
    sandboxes.link_client(folder)
    return folder


@pytest.fixture
def aws() -> Iterator[Emulator]:
    """AWS over HTTP, with the table of this test."""
    with emulator() as server:
        yield server


@pytest.fixture
def start(artifact: Path, client: Path, aws: Emulator, tmp_path: Path) -> Start:
    """Start the function of a folder: `start("check", clock=...)`. More variables may be given."""
    environment = {name: os.environ[name] for name in GIVEN} | {
        "AWS_REGION": stack.REGION,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONTZPATH": "",
    }
    assert environment["TABLE_NAME"] == settings.TABLE_NAME
    return partial(_start, artifact, client, tmp_path, environment)


def _start(
    artifact: Path,
    client: Path,
    logs: Path,
    environment: dict[str, str],
    folder: str,
    clock: float | None = None,
    **more: str,
) -> AbstractContextManager[sandboxes.Sandbox]:
    names = {stack.folder_of(one): name for name, one in stack.of_type("AWS::Serverless::Function").items()}
    # A folder of the test itself has an absolute path.
    task, log = artifact / names.get(folder, folder), logs / f"{Path(folder).name}.log"
    return sandboxes.sandbox(task, artifact / "Core", client, log, environment | more, clock)
