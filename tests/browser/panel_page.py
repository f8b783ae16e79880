"""The vendor's product with the panel in its help menu, as a customer's user uses it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.browser_page import (
    PATIENCE_MILLISECONDS,
    SCHEMES,
    BrowserPage,
    Place,
    require_readable,
    settle,
    visiting,
)

expect.set_options(timeout=PATIENCE_MILLISECONDS)

LOCALES = {"de": "de-DE", "de-AT": "de-AT", "de-CH": "de-CH", "en": "en-GB", "es": "es-ES", "it": "it-IT"}
"""Languages, and the locale of a browser for each."""
LANGUAGES_FOR_AXE = ("de", "en")
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
"""Selector of an element that is visible when a tab is complete, by tab."""


@dataclass
class PanelPage[P: Place]:
    """A browser tab with the vendor's product."""

    browser_page: BrowserPage[P]

    @property
    def page(self) -> Page:
        return self.browser_page.page

    def visits(self, who: str = "anna", **attributes: str) -> None:
        """Open the product, signed in as a user; underscores in the panel's attributes become hyphens."""
        attributes_of_the_page = {"who": who} | {name.replace("_", "-"): value for name, value in attributes.items()}
        self.page.goto(f"{self.browser_page.site.link}?{urlencode(attributes_of_the_page)}")

    def opens(self, who: str = "anna", **attributes: str) -> None:
        """Open the product, and the panel from its help menu."""
        self.visits(who, **attributes)
        self.press("#help")
        self.press("#support")
        self.sees("activation")

    def goes_to(self, tab: str) -> None:
        self.press(f"#tab-{tab}")
        self.sees(tab)

    def sees(self, tab: str) -> None:
        """Wait until a tab is complete."""
        expect(self.page.locator(f"[role=tabpanel][data-tab={tab}]").locator(READY[tab]).first).to_be_visible()

    def press(self, selector: str) -> None:
        self.page.locator(selector).click()

    def presses_during_a_reload(self, selector: str, of: str, key: str | None = None) -> None:
        """Hold a button down, with the mouse or a key, until the tab's reloaded data has arrived, and release it."""
        button = self.page.locator(selector)
        if key:
            button.focus()
            self.page.keyboard.down(key)
        else:
            button.hover()
            self.page.mouse.down()
        with self.page.expect_response(of):
            self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        self.page.evaluate("new Promise((done) => setTimeout(done, 200))")
        if key:
            self.page.keyboard.up(key)
        else:
            self.page.mouse.up()

    def tab_to(self, selector: str) -> None:
        self.browser_page.tab_to(selector, MOST_STOPS)

    def reads(self, text: str | re.Pattern[str]) -> None:
        """Wait until the panel contains a text."""
        expect(self.panel.get_by_text(loosely(text)).filter(visible=True).first).to_be_visible()

    def expects_status(self, text: str | re.Pattern[str]) -> None:
        """Wait until a notice says a text."""
        expect(self.panel.locator(".said", has_text=loosely(text)).first).to_be_visible()

    @property
    def panel(self) -> Locator:
        return self.page.locator("guestkey-panel .guestkey-surface")

    @property
    def frame(self) -> Locator:
        """The element that scrolls if the panel is higher than the window. It must not scroll sideways."""
        return self.page.locator("dialog")

    def can_read_everything(self, language: str) -> None:
        """Assert that no text is missing, and that all fits at 320 pixels and at 200 %; in two languages also run axe.

        The languages share elements, colours and roles, so a third run of axe would find only the same.
        """
        expect(self.panel).to_have_attribute("lang", language)
        assert not re.search(r"undefined|\bnull\b|NaN|\[object|[{}]", self.text)
        if language in LANGUAGES_FOR_AXE:
            require_readable(self.page, SCHEMES if language == LANGUAGES_FOR_AXE[0] else SCHEMES[:1])
        for width, size in ((320, "100%"), (640, "200%")):
            self.page.set_viewport_size({"width": width, "height": 640})
            self.page.evaluate("size => document.documentElement.style.fontSize = size", size)
            settle(self.page)
            where = self.page.locator("[role=tabpanel]").get_attribute("data-tab"), size
            assert self.frame.evaluate("one => one.scrollWidth <= one.clientWidth"), where
            assert not self.browser_page.is_wider_than_the_window(), where
        self.page.evaluate("document.documentElement.style.fontSize = ''")

    @property
    def text(self) -> str:
        """The text of the panel, without isolation marks and with ordinary spaces."""
        return plain(self.panel.inner_text())

    @property
    def events(self) -> list[str]:
        """Names of the events that the panel sent to the page."""
        return [line.partition(" ")[0] for line in self.page.locator("#told li").all_inner_texts()]

    def requested_paths(self) -> list[str]:
        """Return the paths of the requests to the API, without the query."""
        site_url = self.browser_page.site.url
        return [
            path.removeprefix(site_url).partition("?")[0]
            for path in self.browser_page.addresses
            if f"{site_url}/v1/" in path
        ]


def loosely(text: str | re.Pattern[str]) -> re.Pattern[str]:
    """Return a pattern that matches a text with any isolation marks in it."""
    if isinstance(text, re.Pattern):
        return text
    return re.compile("[\u2068\u2069]*".join(r"\s" if letter == " " else re.escape(letter) for letter in text))


def plain(text: str) -> str:
    return re.sub("[\u00a0\u202f]", " ", re.sub("[\u2068\u2069]", "", text))


@contextmanager
def at_work[P: Place](browser: Browser, product: P, **options: Any) -> Iterator[PanelPage[P]]:
    """Open a new window for a user."""
    with visiting(browser, product, **options) as browser_page:
        yield PanelPage(browser_page)
