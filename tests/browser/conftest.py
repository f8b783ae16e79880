"""Fixtures: the sites that a browser opens, and the pages of a browser."""

from collections.abc import Iterator

import pytest
import time_machine
from playwright.sync_api import Browser

from tests.browser import product as products
from tests.browser import site as sites
from tests.browser.agents import Agent, at_desk
from tests.browser.browser_page import BrowserPage, visiting
from tests.browser.panel_page import PanelPage, at_work


@pytest.fixture(scope="module")
def elements_seen() -> set[str]:
    """The kinds of elements that axe has checked in a worker, see `axe.has_new_elements`."""
    return set()


@pytest.fixture(scope="session")
def the_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sites.Site]:
    with sites.opened(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(the_site: sites.Site) -> sites.Site:
    """The site, with one new pending request."""
    the_site.api.reset()
    return the_site


@pytest.fixture
def browser_page(browser: Browser, site: sites.Site) -> Iterator[BrowserPage]:
    """A browser in German, in another time zone than the tenant."""
    with visiting(browser, site) as somebody:
        yield somebody


@pytest.fixture(scope="session")
def the_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[products.Product]:
    with products.opened(tmp_path_factory.mktemp("product")) as product:
        yield product


@pytest.fixture
def product(the_product: products.Product, world: time_machine.Traveller) -> products.Product:
    """Acme's help menu, in the sample world at Monday noon."""
    return the_product


@pytest.fixture
def panel_page(browser: Browser, product: products.Product) -> Iterator[PanelPage[products.Product]]:
    """A user of Acme, with a browser in another time zone than the tenant."""
    with at_work(browser, product) as somebody:
        yield somebody


@pytest.fixture
def agent(browser: Browser, product: products.Product) -> Iterator[Agent[products.Product]]:
    """An agent of the vendor, with a browser in the desk's time zone."""
    with at_desk(browser, product) as somebody:
        yield somebody
