"""The back office with the agents' desk, as an agent uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, expect

from tests.browser.browser_page import Place, visiting
from tests.browser.panel_page import PanelPage

TABS = ("access", "requests", "callbacks")
READY = {"access": "#refresh", "requests": "#find", "callbacks": "#refresh"}
"""An element of each tab that needs no response."""
LISTS = {"access": 1, "requests": 1, "callbacks": 3}
"""Number of lists in each tab with the data of `scenarios.busy_at_the_desk`."""


@dataclass
class Agent[P: Place](PanelPage[P]):
    """A browser tab with the back office."""

    def visits(self, who: str = "sven", **attributes: str) -> None:
        """Open the back office, signed in as an agent; underscores in the desk's attributes become hyphens."""
        attributes_of_the_page = {"who": who} | {name.replace("_", "-"): value for name, value in attributes.items()}
        self.page.goto(f"{self.browser_page.site.link}/desk?{urlencode(attributes_of_the_page)}")

    def opens(self, who: str = "sven", **attributes: str) -> None:
        """Open the back office, and wait for the desk."""
        self.visits(who, **attributes)
        self.sees("access")

    def sees(self, tab: str) -> None:
        """Wait until a tab is visible."""
        expect(self.page.locator(f"[role=tabpanel][data-tab={tab}]").locator(READY[tab])).to_be_visible()

    def sees_everything(self, tab: str) -> None:
        """Go to a tab and wait until all lists of a busy day are loaded again."""
        with self.page.expect_response("**/v1/support/**"):
            self.goes_to(tab)
        self.page.evaluate("new Promise(requestAnimationFrame)")
        expect(self.panel.locator("ul.rows:has(li)")).to_have_count(LISTS[tab])

    @property
    def panel(self) -> Locator:
        return self.page.locator("guestkey-desk .guestkey-surface")

    @property
    def frame(self) -> Locator:
        """The element that must not scroll sideways."""
        return self.panel


@contextmanager
def at_desk[P: Place](browser: Browser, product: P, **options: Any) -> Iterator[Agent[P]]:
    """Open a new window for an agent."""
    with visiting(browser, product, **{"timezone_id": "Europe/Berlin"} | options) as browser_page:
        yield Agent(browser_page)
