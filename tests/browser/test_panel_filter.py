"""The filter above the panel's two overviews: days, a person or department, a text, and the same of the CSV."""

from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Route, expect

from guestkey.edge.http import cursors
from tests import factories
from tests.browser import panel_page as panel_pages
from tests.browser.browser_page import hold
from tests.browser.panel_page import at_work, plain
from tests.browser.product import Product
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, DORA, SVEN

PanelPage = panel_pages.PanelPage[Product]

MIDNIGHT_IN_NEW_YORK = datetime(2026, 11, 23, 5, tzinfo=UTC)


def shows(panel_page: PanelPage, *reasons: str) -> None:
    """Wait until the login overview has exactly the logins with these reasons, in this order."""
    expect(panel_page.panel.locator(".rows .quoted")).to_have_text(list(reasons))


def fill_with_logins() -> None:
    """Record logins on both sides of the midnight that begins Monday in New York, and an older one."""
    factories.grant("support", period="permanent", at=MONDAY_NOON - timedelta(days=30))
    factories.grant(DORA, period="permanent", at=MONDAY_NOON - timedelta(days=30))
    factories.login(DORA, at=MONDAY_NOON - timedelta(days=10), reason="Monatsabschluss", ticket="T-9")
    factories.login(SVEN, at=MIDNIGHT_IN_NEW_YORK - timedelta(seconds=1), reason="Import am Sonntag")
    factories.login(DORA, at=MIDNIGHT_IN_NEW_YORK, reason="Import am Montag")


def test_the_boss_finds_a_login_by_day_person_and_text(panel_page: PanelPage) -> None:
    fill_with_logins()
    panel_page.opens(time_zone="America/New_York")
    panel_page.goes_to("logins")
    shows(panel_page, "Import am Montag", "Import am Sonntag", "Monatsabschluss")

    assert [plain(day) for day in panel_page.panel.locator(".day").all_inner_texts()] == [
        "Montag, 23. November 2026", "Sonntag, 22. November 2026", "Freitag, 13. November 2026",
    ]  # fmt: skip
    panel_page.press("#range-today")
    shows(panel_page, "Import am Montag")
    panel_page.press("#range-yesterday")
    shows(panel_page, "Import am Sonntag")
    panel_page.press("#range-week")
    shows(panel_page, "Import am Montag", "Import am Sonntag")
    panel_page.press("#range-month")
    shows(panel_page, "Import am Montag", "Import am Sonntag", "Monatsabschluss")
    expect(panel_page.page.locator(".chip[aria-pressed=true]")).to_have_attribute("id", "range-month")
    panel_page.page.locator("#who").select_option("Dora Vogel · dora")
    shows(panel_page, "Import am Montag", "Monatsabschluss")
    panel_page.page.locator("#text").fill("t-9")
    shows(panel_page, "Monatsabschluss")
    panel_page.page.locator("#from").fill("2026-11-14")
    panel_page.reads("Zu diesem Filter gibt es keine Einträge.")
    panel_page.press("#clear")
    shows(panel_page, "Import am Montag", "Import am Sonntag", "Monatsabschluss")
    panel_page.page.locator("#who").select_option("Support")
    shows(panel_page, "Import am Sonntag")


def test_the_csv_has_what_the_filter_admits(panel_page: PanelPage) -> None:
    fill_with_logins()
    panel_page.opens(time_zone="America/New_York")
    panel_page.goes_to("logins")
    panel_page.press("#range-today")
    panel_page.page.locator("#who").select_option("Dora Vogel · dora")
    shows(panel_page, "Import am Montag")
    with panel_page.page.expect_download() as saving:
        panel_page.press("#csv")

    query = {
        "from": MIDNIGHT_IN_NEW_YORK.isoformat(),
        "to": (MIDNIGHT_IN_NEW_YORK + timedelta(days=1)).isoformat(),
        "agent_id": "dora",
        "dialect": "excel",
        "language": "de-DE",
        "zone": "America/New_York",
    }
    saved = saving.value.path().read_text("utf-8")
    assert saved == call("GET", f"/v1/logins.csv?{urlencode(query)}", caller=ANNA).text.replace("\r\n", "\n")
    assert "Import am Montag" in saved and len(saved.splitlines()) == 2


def test_a_match_far_down_is_found_and_stays_when_she_comes_back(
    panel_page: PanelPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursors, "MAX_EXAMINED", 3)
    granted = factories.grant("support", period="permanent", at=MONDAY_NOON - timedelta(days=30))
    factories.login(SVEN, at=MONDAY_NOON - timedelta(days=2), reason="Monatsabschluss")
    factories.bulk_logins(granted, 8, at=MONDAY_NOON - timedelta(days=1))
    panel_page.opens()
    panel_page.goes_to("logins")
    panel_page.page.locator("#text").fill("Monats")
    shows(panel_page, "Monatsabschluss")
    with panel_page.page.expect_response(lambda response: "cursor=" in response.url):
        panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    panel_page.page.wait_for_timeout(200)

    shows(panel_page, "Monatsabschluss")
    assert panel_page.page.locator("#more").count() == 0


def test_the_answer_to_an_earlier_filter_is_dropped(panel_page: PanelPage) -> None:
    granted = factories.grant("support", period="permanent", at=MONDAY_NOON - timedelta(days=30))
    factories.login(SVEN, at=MONDAY_NOON - timedelta(days=2), reason="Monatsabschluss")
    factories.bulk_logins(granted, 60, at=MONDAY_NOON - timedelta(days=1), reason="Import")
    held: list[Route] = []
    panel_page.opens()
    panel_page.goes_to("logins")
    expect(panel_page.page.locator("#more")).to_be_visible()
    panel_page.page.route("**/v1/logins?q=Import", partial(hold, held))
    with panel_page.page.expect_request("**/v1/logins?q=Import"):
        panel_page.page.locator("#text").fill("Import")
    # The button for more belongs to the list before.
    expect(panel_page.page.locator("#more")).to_have_count(0)
    panel_page.page.locator("#text").fill("Monats")
    shows(panel_page, "Monatsabschluss")
    with panel_page.page.expect_response("**/v1/logins?q=Import"):
        held[0].continue_()
    panel_page.page.wait_for_timeout(200)

    shows(panel_page, "Monatsabschluss")


@pytest.mark.parametrize(("width", "is_open"), [(639, False), (640, True)])
def test_on_a_phone_the_list_comes_before_the_fields(
    browser: Browser, product: Product, width: int, is_open: bool
) -> None:
    with at_work(browser, product, viewport={"width": width, "height": 700}) as panel_page:
        panel_page.opens()
        panel_page.goes_to("grants")

        assert panel_page.page.locator("details").get_attribute("open") == ("" if is_open else None)
