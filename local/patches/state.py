"""Saves the emulator's state to files, so that a restart continues with the data of the last run."""

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
# All requests wait while the state is copied. The pause is 50 times as long as the save, so that it takes 2 % of the
# time.
PAUSE_FACTOR = 50

# The services whose state changes while the product is used. The others change with a deployment only, which requests a
# full save: functions and layers are megabytes, and saving them every few seconds would delay every response.
SAVED_SERVICES = frozenset({"dynamodb", "ses", "ses_v2", "sqs", "scheduler", "eventbridge"})

States = Mapping[str, Callable[[], Any]]


def save_periodically() -> None:
    """Save the services in `SAVED_SERVICES` every 3 seconds or less often.

    AWS stores data durably; 1.5.33 saves on a clean stop only, so that a crash or a closed laptop loses data. Drop the
    patch when ministack saves by itself.
    """
    write, writing = app.save_all, threading.Lock()

    def write_locked(states: States) -> None:
        # This thread and the save at the end must not write the same file at once, because that corrupts it.
        with writing:
            # The positions of the stream's consumers come last. After a crash between two files a record is repeated,
            # and no schedule or dead letter that it caused is lost.
            write(dict(sorted(states.items(), key=lambda state: state[0] == "dynamodb")))

    def repeat() -> None:
        pause = AUTOSAVE_SECONDS
        while True:
            time.sleep(pause)
            started = time.monotonic()
            try:
                copies = asyncio.run_coroutine_threadsafe(_copy(), app._MAIN_LOOP).result()
                write_locked({name: partial(copies.get, name) for name in copies})
            except Exception:
                # The thread continues after an error, so that the next save can succeed.
                log.exception("the state could not be saved")
            pause = max(AUTOSAVE_SECONDS, PAUSE_FACTOR * (time.monotonic() - started))

    app.save_all = write_locked
    threading.Thread(target=repeat, daemon=True, name="guestkey-autosave").start()


def save_all() -> dict[str, int]:
    """Save the state of every service and return their number. Call it on the event loop, between requests."""
    states = app._build_persistence_save_dict()
    app.save_all(states)
    return {"saved": len(states)}


async def _copy() -> dict[str, Any]:
    """Return copies of the saved services' state.

    It runs on the event loop that handles requests; on another thread a request could change the state during the copy.
    """
    states = app._build_persistence_save_dict()
    return {name: states[name]() for name in states if name in SAVED_SERVICES}
