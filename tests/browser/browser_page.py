"""A page in a browser: actions, visible state, and a record of requests and errors."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol
from weakref import WeakKeyDictionary

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Route,
    expect,
)

from tests.browser.axe import COLOURS, WCAG, require_no_violation
from tests.browser.site import Site

STEADY = re.compile(r"/assets/steady\.\w+\.js")
SETTLE = re.compile("SETTLE_MILLISECONDS=[^;]+")
AT_ONCE, AS_SERVED = "-1", "500"
WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  complain(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
NOT_LOADED = "Failed to load resource"
"""Chromium's message for a response from 400 on, or a broken connection. The page shows the consequence."""
PATIENCE_MILLISECONDS = 15_000
MAX_LATE_FRAMES = 120
MOST_TABS = 12
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_idle_windows: WeakKeyDictionary[Browser, dict[str, list[BrowserContext]]] = WeakKeyDictionary()
"""Windows without a tab, by the options with which they were opened."""


class Place(Protocol):
    """Address of a site, and the link that opens its page."""

    @property
    def url(self) -> str: ...

    @property
    def link(self) -> str: ...


@dataclass
class BrowserPage[P: Place = Site]:
    """A browser tab whose requests and errors are recorded."""

    page: Page
    site: P
    addresses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    settling: str | None = None
    """Milliseconds for which controls ignore presses after they moved, if not as the site serves it."""

    def watch(self) -> None:
        """Record each requested address, each token sent, and each complaint of the browser.

        Complaints are recorded at once, because a page loses its state when it is left.
        """
        if self.settling:
            self.page.route(STEADY, partial(_settle_within, self.settling))
        self.page.expose_function("complain", self._complain)
        self.page.add_init_script(WATCH)
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("console", self._listen)

    def _note(self, request: Request) -> None:
        self.addresses.append(request.url)
        if authorization := request.headers.get("authorization"):
            self.tokens.add(authorization.removeprefix("Bearer "))

    def _complain(self, message: str) -> None:
        self.complaints.append(message)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(NOT_LOADED):
            self.complaints.append(message.text)

    # ------------------------------------------------------------------ actions

    def open(self, address: str | None = None) -> None:
        self.page.goto(address or self.site.link)

    def press(self, selector: str) -> None:
        self.page.locator(selector).click()

    def tab_to(self, selector: str, most: int = MOST_TABS) -> None:
        """Press Tab until an element has the focus, and assert a visible outline. It may be in a shadow root."""
        element = self.page.locator(selector)
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if element.evaluate("element => element === element.getRootNode().activeElement"):
                assert element.evaluate("element => getComputedStyle(element).outlineWidth") == "3px"
                return
        raise AssertionError(f"the keyboard does not lead to {selector}")

    def sign_in(self, who: str = "anna") -> None:
        """Press the sign-in button, and choose the user on the issuer's page."""
        self.press("button.primary")
        self.page.locator(f"#{who}").click()

    def open_as(self, who: str = "anna", address: str | None = None) -> None:
        """Open the link of the activation mail, or another one, and sign in."""
        self.open(address)
        self.sees("sign-in")
        self.sign_in(who)

    def open_as_without_request(self, who: str, address: str) -> None:
        """Open a link that names no request, and sign in all the same."""
        self.open(address)
        self.sees("incomplete")
        self.sign_in(who)

    # ------------------------------------------------------------------ visible state

    def sees(self, state: str, *, focus: str = "h1") -> None:
        """Wait for a state, with its heading in focus and in the title."""
        expect(self.page.locator("main")).to_have_attribute("data-state", state, timeout=PATIENCE_MILLISECONDS)
        expect(self.page.locator(focus)).to_be_focused()
        expect(self.page).to_have_title(self.heading)

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def text(self) -> str:
        """The text of the page, without isolation marks and with ordinary spaces."""
        return re.sub("[\u00a0\u202f]", " ", re.sub("[\u2068\u2069]", "", self.page.locator("main").inner_text()))

    def is_wider_than_the_window(self) -> bool:
        return is_wider_than_the_window(self.page)

    # ------------------------------------------------------------------ traces

    def stored_data(self) -> str:
        """Return all data that the page has stored in the browser."""
        return str(
            self.page.evaluate(
                "JSON.stringify([sessionStorage, localStorage, document.cookie, history.state, location.href])"
            )
        )

    def leaves_no_trace(self) -> None:
        """Assert that the browser has no complaint, and that no token is in an address or in storage."""
        assert self.complaints == [], self.complaints
        stored = self.stored_data()
        for token in self.tokens:
            signature = token.rpartition(".")[2]
            assert not [address for address in self.addresses if signature in address]
            assert signature not in stored


def is_wider_than_the_window(page: Page) -> bool:
    """Say whether the page stays wider than its window. A busy browser applies a new size some frames late."""
    # Not `wait_for_function`: the page's content security policy refuses what it evaluates from the second time on.
    for _ in range(MAX_LATE_FRAMES // 2):
        if page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
            return False
        settle(page)
    return True


def settle(page: Page) -> None:
    """Wait until the page has been laid out for a new size of its window, which takes up to two frames."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def hold(held: list[Route], route: Route) -> None:
    """Hold a request back."""
    held.append(route)


def lose(route: Route) -> None:
    """Let the API process a request, and lose its response."""
    assert route.fetch().status == 201
    route.abort()


def require_readable(page: Page, schemes: Sequence[Scheme] = SCHEMES) -> None:
    """Assert that axe finds no violation of WCAG 2.2 AA or best practice. In the dark scheme only colours differ."""
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        require_no_violation(page, WCAG if scheme == "light" else COLOURS)


def _settle_within(milliseconds: str, route: Route) -> None:
    """Serve the guard of presses with another delay."""
    reply = route.fetch()
    body, number = SETTLE.subn(f"SETTLE_MILLISECONDS={milliseconds}", reply.text())
    assert number == 1
    route.fulfill(response=reply, body=body)


@contextmanager
def visiting[P: Place](
    browser: Browser, site: P, *, settling: str | None = None, **options: Any
) -> Iterator[BrowserPage[P]]:
    """Open a tab in a window that no other test uses meanwhile, without data of an earlier one.

    A window is used again by a later test with the same options, so that it has the pages' files in its cache. Sites
    store data in cookies and for the tab only. The window of a failed test is closed.
    """
    options = {"locale": "de-DE", "timezone_id": "Asia/Tokyo"} | options
    idle = _idle_windows.setdefault(browser, {}).setdefault(repr(sorted(options.items())), [])
    window = idle.pop() if idle else browser.new_context(**options)
    try:
        window.set_default_timeout(PATIENCE_MILLISECONDS)
        browser_page = BrowserPage(window.new_page(), site, settling=settling)
        browser_page.watch()
        yield browser_page
        browser_page.leaves_no_trace()
        browser_page.page.close()
        window.clear_cookies()
    except BaseException:
        window.close()
        raise
    idle.append(window)
