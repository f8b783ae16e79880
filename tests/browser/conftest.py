"""A Chromium of this machine, and the site it visits. Where there is no Chromium these tests are skipped."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import site as sites
from tests.browser.visitor import Visitor, visiting

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("GUESTKEY_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        pytest.skip("there is no Chromium here; install one, or name it in GUESTKEY_CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def the_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sites.Site]:
    with sites.opened(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(the_site: sites.Site) -> sites.Site:
    """The site, with one pending request that nobody has looked at."""
    the_site.api.reset()
    return the_site


@pytest.fixture
def visitor(browser: Browser, site: sites.Site) -> Iterator[Visitor]:
    """Somebody whose browser speaks German, far away from the tenant's time zone."""
    with visiting(browser, site) as somebody:
        yield somebody
