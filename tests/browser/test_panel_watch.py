"""The open panel follows what others do, without a press: it asks for the pulse, and is read anew when that changes."""

from contextlib import suppress

from playwright.sync_api import Locator, TimeoutError

from tests import factories
from tests.browser.panel_page import PanelPage, loosely
from tests.browser.product import Product
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import GIULIA, SVEN

MOST_SECONDS = 25
"""Twenty seconds, a fifth more, and the time of an answer."""
HIDE = "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true})"
TRIES = 3
SHOW = "delete document.visibilityState"


def watched(panel_page: PanelPage[Product]) -> None:
    """Open the panel with a clock that the test moves, and wait for its first pulse."""
    panel_page.page.clock.install(time=MONDAY_NOON)
    with panel_page.page.expect_response("**/v1/pulse"):
        panel_page.opens()


def pulses(panel_page: PanelPage[Product]) -> int:
    return panel_page.requested_paths().count("/v1/pulse")


def shows(panel_page: PanelPage[Product], found: Locator) -> None:
    """Let the time of a question pass, and wait for an element.

    A question that was under way meanwhile sets its timer after that: then the next one tells.
    """
    for _ in range(TRIES):
        panel_page.page.clock.fast_forward(MOST_SECONDS * 1000)
        with suppress(TimeoutError):
            found.first.wait_for(timeout=5_000)
            return
    raise AssertionError(found)


def test_what_a_colleague_and_support_do_appears_within_25_seconds(panel_page: PanelPage[Product]) -> None:
    watched(panel_page)
    panel = panel_page.panel
    factories.grant(SVEN, by=GIULIA)
    shows(panel_page, panel.locator("[id^=revoke-]"))
    factories.login(SVEN)
    shows(panel_page, panel.get_by_text(loosely("ist in Ihrem Konto, seit")))
    assert call("PUT", "/v1/lockdown", {}, caller=GIULIA).status == 200
    shows(panel_page, panel.get_by_text(loosely("Der Zugang ist gesperrt seit")))
    assert call("DELETE", "/v1/lockdown", {}, caller=GIULIA).status == 200
    shows(panel_page, panel.get_by_text("Niemand.", exact=True))


def test_a_hidden_or_closed_panel_asks_nothing_and_one_seen_again_asks_at_once(panel_page: PanelPage[Product]) -> None:
    watched(panel_page)
    panel_page.page.evaluate(HIDE)
    panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    before = pulses(panel_page)
    panel_page.page.clock.fast_forward(300_000)
    assert pulses(panel_page) == before

    panel_page.page.evaluate(SHOW)
    with panel_page.page.expect_response("**/v1/pulse"):
        panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    panel_page.press("[part=close]")
    before = pulses(panel_page)
    panel_page.page.clock.fast_forward(300_000)
    assert pulses(panel_page) == before
