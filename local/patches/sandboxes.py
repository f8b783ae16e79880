"""Patches of Lambda: each function runs in its own process, with a bare Python and the environment of Lambda only."""

import hashlib
import json
import os
import shutil
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from local.patches.internals import lambda_runtime, lambda_svc

# Lambda starts one sandbox for each concurrent call. A sandbox needs 80 MB, so the number is limited on this machine.
MAX_SANDBOXES = 8
MAX_ARCHIVES = 40

# Variables that Lambda sets and 1.5.33 does not: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
LAMBDA_VARIABLES = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TZ": ":UTC",
}


def run_functions_in(python: Path) -> None:
    """Run Python functions in that interpreter, without the environment variables of the emulator.

    On AWS a function has the standard library, its layers and its own code, and a boto3 of changing version. 1.5.33
    runs it in the emulator's interpreter with the emulator's environment, so that a requirement missing from the layer
    fails on AWS only. Drop the patch when ministack has settings for both.
    """
    detect = lambda_runtime._detect_runtime_binary
    preamble = _PREAMBLE.format(leaked=json.dumps(sorted(os.environ)), given=json.dumps(LAMBDA_VARIABLES))

    def detect_bare(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (str(python), preamble + script) if runtime.startswith("python") else (binary, script)

    lambda_runtime._detect_runtime_binary = detect_bare


# Runs first in every sandbox and removes the emulator's own variables. The variables that ministack sets for a function
# (region, credentials, endpoint) remain, because the emulator's environment, made by the stack, does not contain them.
_PREAMBLE = """
import os, time
for name in {leaked}:
    os.environ.pop(name, None)
os.environ.update({given})
time.tzset()
del name
"""


def share_archives(folder: Path) -> None:
    """Share one unpacked copy of each archive between all sandboxes.

    AWS mounts a function's code and layers unpacked. 1.5.33 unpacks the layer for every sandbox and resolves each name
    in it twice, which takes seconds and dozens of megabytes, and Python compiles it each time. Drop the patch when
    ministack shares unpacked archives.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _delete_old(folder)
    unpacking = threading.Lock()

    class SharedArchive:
        """The part of `zipfile.ZipFile` that ministack uses; it opens the archive the first time only."""

        def __init__(self, file: str) -> None:
            self._archive = Path(file)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def namelist(self) -> list[str]:
            """Return no name: ministack looks for those that leave the folder, where zipfile never extracts."""
            return []

        def extractall(self, path: str) -> None:
            shared = folder / hashlib.sha256(self._archive.read_bytes()).hexdigest()[:32]
            with unpacking:
                if not shared.exists():
                    half_done = shared.with_suffix(".half")
                    shutil.rmtree(half_done, ignore_errors=True)
                    with zipfile.ZipFile(self._archive) as opened:
                        opened.extractall(half_done)
                    half_done.rename(shared)
            os.utime(shared)
            # ministack stores the archive beside the sandbox and does not read it again.
            self._archive.unlink()
            for entry in shared.iterdir():
                (Path(path) / entry.name).symlink_to(entry)

    names = {name: getattr(zipfile, name) for name in zipfile.__all__}
    lambda_runtime.zipfile = SimpleNamespace(**names | {"ZipFile": SharedArchive})


def _delete_old(folder: Path) -> None:
    newest_first = sorted(folder.iterdir(), key=lambda archive: archive.stat().st_mtime, reverse=True)
    for archive in newest_first[MAX_ARCHIVES:]:
        shutil.rmtree(archive)


def limit_sandboxes() -> None:
    """Limit the sandboxes of a function; further calls wait until one is free.

    AWS starts a sandbox for each concurrent call, up to a thousand; 1.5.33 starts as many processes. Waiting cannot
    cause a deadlock, because no function of Guestkey calls another one and waits for it. Drop the patch when ministack
    can queue calls.
    """
    acquire, release = lambda_svc.acquire_worker, lambda_svc.release_worker
    freed = threading.Condition()

    def acquire_or_wait(
        name: str, config: Any, code: bytes, qualifier: str = "$LATEST", max_concurrency: int | None = None
    ) -> tuple[Any, str]:
        while True:
            worker, reason = acquire(name, config, code, qualifier, max_concurrency or MAX_SANDBOXES)
            if worker is not None:
                return worker, reason
            with freed:
                # The time-out covers a release between the refusal and this wait.
                freed.wait(timeout=0.05)

    def release_and_notify(worker: Any) -> None:
        release(worker)
        with freed:
            freed.notify()

    lambda_svc.acquire_worker, lambda_svc.release_worker = acquire_or_wait, release_and_notify


def wait_less_for_logs() -> None:
    """Wait 3 ms instead of 50 ms for the first log line of a call.

    On AWS logging does not delay a response; on 1.5.33 a call that logs nothing waits 50 ms. Drop the patch when
    ministack no longer waits.
    """
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.003, 0.002, 0.250)


def end_sandboxes() -> None:
    """End all sandboxes, because 1.5.33 leaves their processes and folders behind when the emulator ends."""
    lambda_runtime.kill_workers([worker for workers in lambda_runtime._workers.values() for worker in workers])
