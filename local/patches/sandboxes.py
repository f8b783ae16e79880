"""Patches of Lambda: each function runs in its own process, with a bare Python and the environment of Lambda only."""

import hashlib
import json
import os
import queue
import shutil
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from local.patches.internals import lambda_runtime, lambda_svc

# Lambda starts one sandbox for each concurrent call. A sandbox needs 80 MB, so the number is limited on this machine.
MAX_SANDBOXES = 8
MAX_ARCHIVES = 40

# Follows the log of every call on a sandbox's stderr. A sandbox that dies in a call does not write it.
END_OF_LOG = "guestkey: end of the log of this call"
MAX_WAIT_FOR_LOG_SECONDS = 5.0

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
    preamble = _PREAMBLE.format(
        leaked=json.dumps(sorted(os.environ)), given=json.dumps(LAMBDA_VARIABLES), end_of_log=json.dumps(END_OF_LOG)
    )

    def detect_bare(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (str(python), preamble + script) if runtime.startswith("python") else (binary, script)

    lambda_runtime._detect_runtime_binary = detect_bare


# Runs first in every sandbox and removes the emulator's own variables. The variables that ministack sets for a function
# (region, credentials, endpoint) remain, because the emulator's environment, made by the stack, does not contain them.
# ministack flushes the real stdout after "ready" and after each answer: there the end of the call's log is marked.
_PREAMBLE = """
import os, sys, time
for name in {leaked}:
    os.environ.pop(name, None)
os.environ.update({given})
time.tzset()
del name

class _Answers:
    def __init__(self, stdout):
        self.write, self._flush, self._ready = stdout.write, stdout.flush, False

    def flush(self):
        if self._ready:
            print({end_of_log}, file=sys.stderr, flush=True)
        self._ready = True
        self._flush()

sys.stdout = _Answers(sys.stdout)
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


def share_reserved_concurrency() -> None:
    """Count the calls of each version of a function against the function's reserved concurrency.

    AWS does; 1.5.33 limits the calls of `$LATEST` alone, so that nothing stops a function that is called through an
    alias. Drop the patch when ministack limits the calls through an alias.
    """
    reserved = lambda_svc._reserved_concurrency

    def reserved_for_function(record: Any, config: Any) -> Any:
        return reserved(lambda_svc._functions.get(config["FunctionName"]) or record, config)

    lambda_svc._reserved_concurrency = reserved_for_function


def read_logs_to_their_end() -> None:
    """Read the log of a call up to its mark, instead of waiting for silence.

    On AWS each line is in the log of its own call, and logging does not delay a response. 1.5.33 waits 50 ms for a
    first line; lines that come later on a busy machine are in the log of the sandbox's next call, or in none. Drop the
    patch when ministack knows where the log of a call ends.
    """

    def read_to_end(worker: Any) -> str:
        lines: list[str] = []
        deadline = time.monotonic() + MAX_WAIT_FOR_LOG_SECONDS
        while time.monotonic() < deadline:
            reading = worker._stderr_thread.is_alive()
            try:
                line = worker._stderr_queue.get(timeout=0.01)
            except queue.Empty:
                if reading:
                    continue
                break
            if line.endswith(END_OF_LOG):
                # What was printed without a line break stands before the mark.
                lines.extend(filter(None, [line.removesuffix(END_OF_LOG)]))
                break
            lines.append(line)
        return "\n".join(lines)

    lambda_runtime.Worker._drain_stderr_bounded = read_to_end


def end_sandboxes() -> None:
    """End all sandboxes, because 1.5.33 leaves their processes and folders behind when the emulator ends."""
    lambda_runtime.kill_workers([worker for workers in lambda_runtime._workers.values() for worker in workers])
