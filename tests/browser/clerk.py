"""Somebody of a customer's office at the vendor's product: they open the help menu, and the panel in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.visitor import PATIENCE_MILLISECONDS, AccessibleTenant, Visitor, require_readable, visiting

expect.set_options(timeout=PATIENCE_MILLISECONDS)

LOCALES = {"de": "de-DE", "de-AT": "de-AT", "de-CH": "de-CH", "en": "en-GB", "es": "es-ES", "it": "it-IT"}
"""The languages, and how a browser says each."""
HOSTILE = "<img src=x onerror=alert(1)> {moment} <script>alert(2)</script> \u202emoc.elpmaxe"
MOST_STOPS = 20
TABS = ("activation", "grants", "logins", "callback", "about")
READY = {
    "activation": "#whom input, .people",
    "grants": "#csv",
    "logins": "#csv",
    "callback": "#book, #cancel",
    "about": "#copy",
}
"""What stands in a tab when all of it is there."""


@dataclass
class Clerk[P: AccessibleTenant]:
    """A tab of a browser with the vendor's product in it, watched."""

    visitor: Visitor[P]

    @property
    def page(self) -> Page:
        return self.visitor.page

    def comes(self, who: str = "anna", **attributes: str) -> None:
        """Come to the product, signed in as that user; underscores in the panel's attributes are hyphens."""
        asked = {"who": who} | {name.replace("_", "-"): value for name, value in attributes.items()}
        self.page.goto(f"{self.visitor.site.link}?{urlencode(asked)}")

    def opens(self, who: str = "anna", **attributes: str) -> None:
        """Come to the product, and open the panel from its help menu."""
        self.comes(who, **attributes)
        self.press("#help")
        self.press("#support")
        self.sees("activation")

    def goes_to(self, tab: str) -> None:
        self.press(f"#tab-{tab}")
        self.sees(tab)

    def sees(self, tab: str) -> None:
        """Wait until a tab is there with all that belongs to it."""
        expect(self.page.locator(f"[role=tabpanel][data-tab={tab}]").locator(READY[tab]).first).to_be_visible()

    def press(self, selector: str) -> None:
        self.page.locator(selector).click()

    def tab_to(self, selector: str) -> None:
        self.visitor.tab_to(selector, MOST_STOPS)

    def reads(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text stands in the panel."""
        expect(self.panel.get_by_text(loosely(text)).first).to_be_visible()

    def hears(self, text: str | re.Pattern[str]) -> None:
        """Wait until something is said beside a button."""
        expect(self.panel.locator(".aside", has_text=loosely(text)).first).to_be_visible()

    @property
    def panel(self) -> Locator:
        return self.page.locator("guestkey-panel .panel")

    @property
    def frame(self) -> Locator:
        """What scrolls where the panel is too high for the window, and must not sideways."""
        return self.page.locator("dialog")

    def can_read_everything(self, language: str) -> None:
        """See that nothing is unsaid, that axe finds nothing, and that it fits at 320 pixels and at 200 %."""
        expect(self.panel).to_have_attribute("lang", language)
        assert not re.search(r"undefined|\bnull\b|NaN|\[object|[{}]", self.text)
        require_readable(self.page)
        for width, size in ((320, "100%"), (640, "200%")):
            self.page.set_viewport_size({"width": width, "height": 640})
            self.page.evaluate("size => document.documentElement.style.fontSize = size", size)
            where = self.page.locator("[role=tabpanel]").get_attribute("data-tab"), size
            assert self.frame.evaluate("one => one.scrollWidth <= one.clientWidth"), where
            assert not self.visitor.is_wider_than_the_window(), where
        self.page.evaluate("document.documentElement.style.fontSize = ''")

    @property
    def text(self) -> str:
        """All text of the panel, without the invisible marks that keep names apart, and with blanks of one kind."""
        return plain(self.panel.inner_text())

    @property
    def told(self) -> list[str]:
        """What the panel told the page."""
        return [line.partition(" ")[0] for line in self.page.locator("#told li").all_inner_texts()]

    def asked(self) -> list[str]:
        """Return what the API was asked, without the query."""
        here = self.visitor.site.url
        return [path.removeprefix(here).partition("?")[0] for path in self.visitor.addresses if f"{here}/v1/" in path]


def loosely(text: str | re.Pattern[str]) -> re.Pattern[str]:
    """Return a pattern of a text in which names may stand between the marks that keep them apart."""
    if isinstance(text, re.Pattern):
        return text
    return re.compile("[\u2068\u2069]*".join(r"\s" if letter == " " else re.escape(letter) for letter in text))


def plain(text: str) -> str:
    return re.sub("[\u00a0\u202f]", " ", re.sub("[\u2068\u2069]", "", text))


@contextmanager
def at_work[P: AccessibleTenant](browser: Browser, product: P, **options: Any) -> Iterator[Clerk[P]]:
    """Give somebody a window of their own."""
    with visiting(browser, product, **options) as visitor:
        yield Clerk(visitor)
