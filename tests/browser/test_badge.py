"""<guestkey-badge> on a vendor's page, in a real browser: who is in, with the right and without it."""

from urllib.parse import urlencode

from playwright.sync_api import Route, expect

from guestkey.store.access import doors
from tests import factories
from tests.browser import panel_page as panel_pages
from tests.browser.browser_page import require_readable
from tests.browser.panel_page import loosely
from tests.browser.product import Product
from tests.browser.scenarios import may_enter
from tests.personas import SVEN

PanelPage = panel_pages.PanelPage[Product]
SVEN_IS_IN = "Sven Brandt (Support) ist seit 13:00 in Ihrem Konto."


def visits(panel_page: PanelPage, who: str, language: str = "de") -> None:
    query = urlencode({"who": who, "badge": "", "language": language, "time-zone": "Europe/Berlin"})
    panel_page.page.goto(f"{panel_page.browser_page.site.link}?{query}")


def says(panel_page: PanelPage, text: str) -> None:
    status = panel_page.page.locator("guestkey-badge [role=status]")
    expect(status.get_by_text(loosely(text))).to_be_visible()


def comes_back(panel_page: PanelPage) -> None:
    """Make the page visible again, at which the badge asks."""
    panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_user_with_the_right_ends_the_access_of_an_agent_who_is_in(panel_page: PanelPage) -> None:
    factories.grant(SVEN)
    factories.login(SVEN)
    visits(panel_page, "anna")
    says(panel_page, SVEN_IS_IN)
    require_readable(panel_page.page)
    panel_page.page.set_viewport_size({"width": 320, "height": 640})
    assert not panel_page.browser_page.is_wider_than_the_window()

    panel_page.tab_to("guestkey-badge p button")
    panel_page.page.keyboard.press("Enter")
    expect(panel_page.page.locator("guestkey-badge p")).to_have_count(0)
    assert not may_enter()
    assert panel_page.events[-1] == "guestkey:revoked"


def test_one_press_locks_the_account_and_without_a_connection_the_last_answer_stays(panel_page: PanelPage) -> None:
    factories.grant(SVEN)
    factories.login(SVEN)
    visits(panel_page, "anna")
    says(panel_page, SVEN_IS_IN)
    # A press that comes at once was not meant for what has just appeared.
    panel_page.page.wait_for_timeout(600)
    panel_page.press("guestkey-badge .guestkey-surface > button")
    says(panel_page, "Der Zugang zu Ihrem Konto ist seit 13:00 gesperrt.")
    assert doors.of_tenant("acme").is_locked
    expect(panel_page.page.locator("guestkey-badge button")).to_have_count(0)

    def lose(route: Route) -> None:
        route.abort()

    panel_page.page.route("**/v1/presence", lose)
    comes_back(panel_page)
    says(panel_page, "Zurzeit gibt es keine Verbindung.")
    says(panel_page, "Der Zugang zu Ihrem Konto ist seit 13:00 gesperrt.")
    panel_page.page.unroute("**/v1/presence")
    comes_back(panel_page)
    expect(panel_page.page.locator("guestkey-badge .quiet")).to_have_count(0)
    panel_page.browser_page.complaints.clear()


def test_a_user_without_the_right_sees_who_is_in_and_no_button(panel_page: PanelPage) -> None:
    visits(panel_page, "ben", "en")
    expect(panel_page.page.locator("guestkey-badge .guestkey-surface")).to_be_attached()
    factories.grant(SVEN)
    factories.login(SVEN)
    comes_back(panel_page)

    says(panel_page, "Sven Brandt (Support) is in your account since 13:00.")
    expect(panel_page.page.locator("guestkey-badge button")).to_have_count(0)
