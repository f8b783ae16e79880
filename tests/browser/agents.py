"""An agent of the vendor's in the back office: the desk stands in its page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, expect

from tests.browser.clerk import Clerk
from tests.browser.visitor import AccessibleTenant, visiting

TABS = ("access", "requests", "callbacks")
READY = {"access": "#refresh", "requests": "#find", "callbacks": "#refresh"}
"""What stands in a tab before anything was read."""
LISTS = {"access": 1, "requests": 1, "callbacks": 2}
"""How many lists there are in each tab on a day on which there is something to see."""


@dataclass
class Agent[P: AccessibleTenant](Clerk[P]):
    """A tab of a browser with the back office in it, watched."""

    def comes(self, who: str = "sven", **attributes: str) -> None:
        """Come to the back office, signed in as that agent; underscores in the desk's attributes are hyphens."""
        asked = {"who": who} | {name.replace("_", "-"): value for name, value in attributes.items()}
        self.page.goto(f"{self.visitor.site.link}/desk?{urlencode(asked)}")

    def opens(self, who: str = "sven", **attributes: str) -> None:
        """Come to the back office, and wait until the desk is there."""
        self.comes(who, **attributes)
        self.sees("access")

    def sees(self, tab: str) -> None:
        """Wait until a tab is there."""
        expect(self.page.locator(f"[role=tabpanel][data-tab={tab}]").locator(READY[tab])).to_be_visible()

    def sees_everything(self, tab: str) -> None:
        """Go to a tab and wait until all that there is on a busy day was read anew and stands there."""
        with self.page.expect_response("**/v1/support/**"):
            self.goes_to(tab)
        self.page.evaluate("new Promise(requestAnimationFrame)")
        expect(self.panel.locator("ul.rows:has(li)")).to_have_count(LISTS[tab])

    @property
    def panel(self) -> Locator:
        return self.page.locator("guestkey-desk .panel")

    @property
    def frame(self) -> Locator:
        """What must not scroll sideways."""
        return self.panel


@contextmanager
def at_desk[P: AccessibleTenant](browser: Browser, product: P, **options: Any) -> Iterator[Agent[P]]:
    """Give an agent a window of their own."""
    with visiting(browser, product, **{"timezone_id": "Europe/Berlin"} | options) as visitor:
        yield Agent(visitor)
