"""Somebody at a browser: what they do, and what happened meanwhile that they did not see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.site import Site

WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
Scheme = Literal["light", "dark"]


@dataclass
class Visitor:
    """A tab, watched."""

    page: Page
    site: Site
    addresses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def watch(self) -> None:
        """Note every address that is asked for, every token that is sent, and whatever the browser complains about."""
        self.page.add_init_script(WATCH)
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if "Content Security Policy" in said.text else None,
        )

    def _note(self, request: Request) -> None:
        self.addresses.append(request.url)
        if authorization := request.headers.get("authorization"):
            self.tokens.add(authorization.removeprefix("Bearer "))

    # ------------------------------------------------------------------ what they do

    def open(self, address: str | None = None) -> None:
        self.page.goto(address or self.site.link)

    def press(self, selector: str) -> None:
        self.page.locator(selector).click()

    def sign_in(self, who: str = "anna") -> None:
        """Press the button, and say who it is on the issuer's page."""
        self.press("button.primary")
        self.page.locator(f"#{who}").click()

    def come_as(self, who: str = "anna") -> None:
        """Open the link and sign in."""
        self.open()
        self.sees("sign-in")
        self.sign_in(who)

    # ------------------------------------------------------------------ what they see

    def sees(self, state: str) -> None:
        """Wait until the page stands in that state, its heading in focus and in the title."""
        expect(self.page.locator("main")).to_have_attribute("data-state", state)
        expect(self.page.locator("h1")).to_be_focused()
        expect(self.page).to_have_title(self.heading)

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def text(self) -> str:
        """All text, without the invisible marks that keep names apart."""
        return self.page.locator("main").inner_text().replace("\u2068", "").replace("\u2069", "")

    def is_wider_than_the_window(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    # ------------------------------------------------------------------ what nobody may have seen

    def kept(self) -> str:
        """Return everything that the page has stored anywhere."""
        return str(
            self.page.evaluate(
                "JSON.stringify([sessionStorage, localStorage, document.cookie, history.state, location.href])"
            )
        )

    def leaves_no_trace(self) -> None:
        """Assert that the browser had nothing to complain about, and that no token is where it could be found."""
        assert self.complaints == []
        assert self.page.evaluate("window.violations") == []
        kept = self.kept()
        for token in self.tokens:
            signature = token.rpartition(".")[2]
            assert not [address for address in self.addresses if signature in address]
            assert signature not in kept


@contextmanager
def visiting(browser: Browser, site: Site, **options: Any) -> Iterator[Visitor]:
    """Open a window of its own: nothing is left of an earlier visit."""
    context = browser.new_context(**{"locale": "de-DE", "timezone_id": "Asia/Tokyo"} | options)
    context.set_default_timeout(8000)
    visitor = Visitor(context.new_page(), site)
    visitor.watch()
    yield visitor
    visitor.leaves_no_trace()
    context.close()
