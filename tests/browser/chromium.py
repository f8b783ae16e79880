"""Finds and starts the Chromium of this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The same names as in `local/browser.sh`."""
# Chromium must connect to this machine only, and run in a container without a sandbox.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # All pages share one renderer, and the main process draws: starting processes for each page took a fifth of the
    # CPU time.
    "--in-process-gpu",
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
]


def found() -> str | None:
    """Return the path of the Chromium that GUESTKEY_CHROMIUM names, or of the first one installed."""
    return next(filter(None, map(shutil.which, (os.environ.get("GUESTKEY_CHROMIUM", ""), *NAMES))), None)


@contextmanager
def opened(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=SWITCHES) as browser:
        yield browser
