"""A Chromium of this machine: where it is, and how it is started."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""As `local/browser.sh` looks for it."""
# It shall talk to this machine and to nobody else, and run where a container gives it no sandbox.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def found() -> str | None:
    """Return the path of the one that GUESTKEY_CHROMIUM names, or else of the first there is."""
    return next(filter(None, map(shutil.which, (os.environ.get("GUESTKEY_CHROMIUM", ""), *NAMES))), None)


@contextmanager
def opened(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=SWITCHES) as browser:
        yield browser
