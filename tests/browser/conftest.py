"""The site that a browser visits, and somebody at the browser."""

from collections.abc import Iterator

import pytest
import time_machine
from playwright.sync_api import Browser

from tests.browser import product as products
from tests.browser import site as sites
from tests.browser.agents import Agent, at_desk
from tests.browser.clerk import Clerk, at_work
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


@pytest.fixture(scope="session")
def the_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[products.Product]:
    with products.opened(tmp_path_factory.mktemp("product")) as product:
        yield product


@pytest.fixture
def product(the_product: products.Product, world: time_machine.Traveller) -> products.Product:
    """Acme's help menu, in the sample world at Monday noon."""
    return the_product


@pytest.fixture
def clerk(browser: Browser, product: products.Product) -> Iterator[Clerk[products.Product]]:
    """Somebody of Acme's office, whose browser is far away from their time zone."""
    with at_work(browser, product) as somebody:
        yield somebody


@pytest.fixture
def agent(browser: Browser, product: products.Product) -> Iterator[Agent[products.Product]]:
    """An agent of the vendor's, at the support desk's own place."""
    with at_desk(browser, product) as somebody:
        yield somebody
