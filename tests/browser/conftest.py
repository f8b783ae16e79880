"""The site that a browser visits, and somebody at the browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import site as sites
from tests.browser.visitor import Visitor, visiting


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
