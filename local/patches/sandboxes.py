"""How functions run: each in its own process of a bare Python, with what Lambda would give it and nothing else."""

import hashlib
import json
import os
import shutil
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.patches.internals import lambda_runtime, lambda_svc

# Lambda would start two hundred sandboxes for two hundred callers; at 80 MB each this machine would rather not.
MOST_SANDBOXES = 8
KEPT_ARCHIVES = 40

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, where 1.5.33 does not set it
LAMBDA_VARIABLES = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TZ": ":UTC",
}


def run_functions_in(python: Path) -> None:
    """Run Python functions in that interpreter and without the emulator's environment.

    On AWS a function has the standard library, its layers and its own code (and a boto3 that nobody should rely on).
    1.5.33 uses the emulator's interpreter and hands every function the whole environment of the emulator: a
    requirement missing from the layer would go unnoticed until it runs on AWS. Drop it when both can be set.
    """
    detect = lambda_runtime._detect_runtime_binary
    preamble = _PREAMBLE.format(leaked=json.dumps(sorted(os.environ)), given=json.dumps(LAMBDA_VARIABLES))

    def detect_bare(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (str(python), preamble + script) if runtime.startswith("python") else (binary, script)

    lambda_runtime._detect_runtime_binary = detect_bare


# Runs first in every sandbox. What ministack itself sets for the function (region, credentials, endpoint) stays: those
# names are never part of the emulator's own environment, which the stack makes from scratch.
_PREAMBLE = """
import os, time
for name in {leaked}:
    os.environ.pop(name, None)
os.environ.update({given})
time.tzset()
del name
"""


def share_archives(folder: Path) -> None:
    """Let all sandboxes share one unpacked copy of each archive.

    AWS mounts a function's code and layers ready to read. 1.5.33 unpacks the layer anew for every sandbox, a second and
    dozens of megabytes each time, and Python then compiles it anew as well. Drop it when unpacked archives are shared.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _forget_old(folder)
    unpacking = threading.Lock()

    class SharedArchive(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            archive = Path(str(self.filename))
            shared = folder / hashlib.sha256(archive.read_bytes()).hexdigest()[:32]
            with unpacking:
                if not shared.exists():
                    half_done = shared.with_suffix(".half")
                    shutil.rmtree(half_done, ignore_errors=True)
                    super().extractall(half_done, members, pwd)
                    half_done.rename(shared)
            os.utime(shared)
            # ministack keeps the archive beside the sandbox; nothing reads it again.
            archive.unlink()
            for entry in shared.iterdir():
                (Path(path) / entry.name).symlink_to(entry)

    names = {name: getattr(zipfile, name) for name in zipfile.__all__}
    lambda_runtime.zipfile = SimpleNamespace(**names | {"ZipFile": SharedArchive})


def _forget_old(folder: Path) -> None:
    newest_first = sorted(folder.iterdir(), key=lambda archive: archive.stat().st_mtime, reverse=True)
    for archive in newest_first[KEPT_ARCHIVES:]:
        shutil.rmtree(archive)


def limit_sandboxes() -> None:
    """Let callers wait for a sandbox when a function has as many as this machine should carry.

    AWS starts one for each simultaneous call, up to a thousand; so does 1.5.33, as processes of this machine. Waiting
    is safe because no function of ours calls another one and waits. Drop it when ministack can queue.
    """
    acquire, release = lambda_svc.acquire_worker, lambda_svc.release_worker
    freed = threading.Condition()

    def acquire_or_wait(
        name: str, config: Any, code: bytes, qualifier: str = "$LATEST", max_concurrency: int | None = None
    ) -> tuple[Any, str]:
        while True:
            worker, reason = acquire(name, config, code, qualifier, max_concurrency or MOST_SANDBOXES)
            if worker is not None:
                return worker, reason
            with freed:
                # The timeout covers a release between the refusal and this wait.
                freed.wait(timeout=0.05)

    def release_and_tell(worker: Any) -> None:
        release(worker)
        with freed:
            freed.notify()

    lambda_svc.acquire_worker, lambda_svc.release_worker = acquire_or_wait, release_and_tell


def wait_less_for_logs() -> None:
    """Wait 3 ms instead of 50 for the first log line of a call.

    On AWS logging delays no answer; on 1.5.33 a handler that logs nothing waits 50 ms. Drop it when it does not.
    """
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.003, 0.002, 0.250)


def end_sandboxes() -> None:
    """End all sandboxes; 1.5.33 leaves the processes and their folders behind when the emulator ends."""
    lambda_runtime.kill_workers([worker for workers in lambda_runtime._workers.values() for worker in workers])
