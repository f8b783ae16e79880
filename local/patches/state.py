"""What the emulator knows, kept in files, so that a restart goes on where the last run stopped."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from local.patches.internals import app

log = logging.getLogger("guestkey.state")

AUTOSAVE_SECONDS = 3.0
# Copying a large table takes long, and all else waits; it shall never take more than a fiftieth of the time.
REST = 50

# What changes while people use the product. All else changes with a deployment, which asks for a save of everything:
# functions and layers are megabytes, and writing them again and again would slow down every answer.
IN_USE = frozenset({"dynamodb", "ses", "ses_v2", "sqs", "scheduler", "eventbridge"})

States = Mapping[str, Callable[[], Any]]


def save_now_and_then() -> None:
    """Save what is in use every few seconds.

    AWS forgets nothing; 1.5.33 saves on a clean stop only, so that a crash or a closed laptop loses the tenant's data.
    Drop it when ministack saves by itself.
    """
    write, writing = app.save_all, threading.Lock()

    def write_alone(states: States) -> None:
        # Two writers of one file, such as this and the save at the end, would leave it broken.
        with writing:
            write(states)

    def repeat() -> None:
        pause = AUTOSAVE_SECONDS
        while True:
            time.sleep(pause)
            started = time.monotonic()
            try:
                copies = asyncio.run_coroutine_threadsafe(_copy(), app._MAIN_LOOP).result()
                write_alone({name: partial(copies.get, name) for name in copies})
            except Exception:
                # One save that failed must not be the last one.
                log.exception("the state could not be saved")
            pause = max(AUTOSAVE_SECONDS, REST * (time.monotonic() - started))

    app.save_all = write_alone
    threading.Thread(target=repeat, daemon=True, name="guestkey-autosave").start()


def save_all() -> dict[str, int]:
    """Save every service and say how many; to be called between requests."""
    states = app._build_persistence_save_dict()
    app.save_all(states)
    return {"saved": len(states)}


async def _copy() -> dict[str, Any]:
    """Return copies made on the loop that answers requests: elsewhere a request would change what is being copied."""
    states = app._build_persistence_save_dict()
    return {name: states[name]() for name in states if name in IN_USE}
