"""The panel on the real stack: a page of another origin, the deployed template with its CORS, real tokens, and the
check.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.browser_page import AT_ONCE, lose
from tests.browser.panel_page import TABS, at_work
from tests.journeys.calls import success
from tests.journeys.world import Tenant, World


@dataclass(frozen=True)
class Product:
    """Acme's help menu, with the running stack."""

    world: World

    @property
    def url(self) -> str:
        return self.world.stack.url

    @property
    def link(self) -> str:
        return self.world.stack.host_page

    @property
    def acme(self) -> Tenant:
        return Tenant(self.world, "acme")


@pytest.fixture
def product(sample_world: World) -> Product:
    return Product(sample_world)


def test_the_check_follows_a_grant_and_a_revoke_in_the_panel(browser: Browser, product: Product) -> None:
    with at_work(browser, product, settling=AT_ONCE) as anna:
        anna.opens()
        anna.press("#agent-sven")
        anna.press("#give")
        anna.expects_status("Sven Brandt hat jetzt Zugang bis")
        assert product.world.allows("acme", "sven")
        login = success(
            product.world.sven.post("/v1/support/logins", {"tenant_id": "acme", "reason": "Der Import"}), 201
        )
        assert product.world.allows("acme", "sven", login_id=login["login_id"])
        anna.goes_to("logins")
        anna.reads("Der Import")
        anna.goes_to("activation")
        anna.panel.locator("[id^=revoke-]").click()
        anna.reads("Niemand.")

        assert not product.world.allows("acme", "sven", login_id=login["login_id"])
        assert anna.events[-2:] == ["guestkey:granted", "guestkey:revoked"]


def test_a_request_is_approved_in_the_panel_and_the_ledger_is_valid(browser: Browser, product: Product) -> None:
    request_id = product.acme.is_asked_by(product.world.sven, reason="Rechnung 4711", period="2h")
    with at_work(browser, product, settling=AT_ONCE) as anna:
        anna.opens()
        anna.press(f"#approve-{request_id}")
        expect(anna.panel.locator("[id^=revoke-]")).to_be_visible()
        for tab in TABS:
            anna.goes_to(tab)
        anna.goes_to("logins")
        anna.press("#check")
        anna.expects_status("Alles in Ordnung")

        head = product.acme.ledger().head
        assert f"Guestkey-Head: {head}" in anna.text


@pytest.mark.nightly("tests/browser/test_panel.py asks it of the panel, other journeys of the API")
def test_the_overviews_can_be_saved_as_csv(browser: Browser, product: Product) -> None:
    product.acme.lets_in("sven", period="2h")
    product.acme.is_entered_by(product.world.sven)
    with at_work(browser, product, settling=AT_ONCE) as anna:
        anna.opens()
        for tab in ("grants", "logins"):
            anna.goes_to(tab)
            expect(anna.panel.locator(".rows > li")).to_have_count(1)
            with anna.page.expect_download() as saving:
                anna.press("#csv")
            form = "dialect=excel&language=de-DE&zone=Europe/Berlin"
            sheet = product.world.caller("anna").get(f"/v1/{tab}.csv?{form}")
            assert quote(saving.value.suggested_filename) in sheet.headers["Content-Disposition"]
            assert saving.value.path().read_bytes() == sheet.content
            assert "Sven Brandt" in sheet.text


def test_a_call_is_booked_moved_and_cancelled_in_the_panel(browser: Browser, product: Product) -> None:
    caller = product.world.caller("anna")
    with at_work(browser, product, settling=AT_ONCE) as anna:
        anna.opens()
        anna.goes_to("callback")
        anna.page.locator("#topic").select_option("consultation")
        anna.page.locator("#day").select_option(index=1)
        anna.page.locator("#description").fill("Der Import steht still")
        anna.page.locator("#phone").fill("0241 446 86 122")
        anna.press("#book")
        anna.expects_status("Der Rückruf ist vereinbart.")
        booked = success(caller.get("/v1/callbacks/open"))
        anna.press("#move")
        anna.panel.locator("#day").select_option(index=1)
        anna.panel.locator(".time").nth(3).click()
        anna.press("#move")
        anna.expects_status("Der Rückruf ist vereinbart.")
        moved = success(caller.get("/v1/callbacks/open"))
        anna.press("#cancel")
        anna.press("#yes")
        anna.expects_status("Der Rückruf ist abgesagt.")

    assert (booked["phone"], booked["state"]) == ("+4924144686122", "booked")
    assert moved["callback_id"] == booked["callback_id"]
    assert moved["starts_at"] > booked["starts_at"]
    assert caller.get("/v1/callbacks/open").status_code == 404


@pytest.mark.nightly("tests/browser/test_panel.py asks it of the panel, other journeys of the API")
def test_two_windows_that_approve_and_book_at_once_do_each_once(browser: Browser, product: Product) -> None:
    press = (
        "for (const one of document.querySelector('guestkey-panel').shadowRoot.querySelectorAll('#book')) one.click()"
    )
    with at_work(browser, product, settling=AT_ONCE) as anna, at_work(browser, product, settling=AT_ONCE) as colleague:
        for window in (anna, colleague):
            window.opens()
            window.goes_to("callback")
            window.page.locator("#description").fill("Der Import steht still")
            window.page.locator("#phone").fill("+49 241 446 86 122")
        for window in (anna, colleague):
            window.page.evaluate(press)
        for window in (anna, colleague):
            expect(window.page.locator("#cancel")).to_be_visible()

    assert product.acme.ledger().whats().count("callback.booked") == 1


@pytest.mark.nightly("tests/browser/test_panel.py asks it of the panel, other journeys of the API")
def test_giulia_joins_the_queue(browser: Browser, product: Product) -> None:
    with at_work(browser, product, settling=AT_ONCE, locale="it-IT") as giulia:
        giulia.opens("giulia")
        giulia.goes_to("callback")
        giulia.page.locator("#description").fill("Importazione ferma")
        giulia.page.locator("#phone").fill("+39 06 1234 5678")
        giulia.press("#book")
        giulia.expects_status("La richiamata")

    assert success(product.world.caller("giulia").get("/v1/callbacks/open"))["state"] == "waiting"


@pytest.mark.nightly("tests/browser/test_panel.py asks it of the panel, other journeys of the API")
def test_after_a_lost_answer_a_retry_leaves_one_grant(browser: Browser, product: Product) -> None:
    with at_work(browser, product, settling=AT_ONCE) as anna:
        anna.opens()
        anna.press("#department-support")
        anna.page.route("**/v1/grants", lose, times=1)
        anna.press("#give")
        anna.expects_status("Die Verbindung brach ab.")
        anna.press("#give")
        anna.expects_status("Support hat jetzt Zugang bis")

    assert len(product.acme.all_of("/v1/grants")) == 1


def test_a_page_of_an_unknown_origin_cannot_call_the_api(browser: Browser, product: Product) -> None:
    elsewhere = product.link.replace("127.0.0.1", "localhost")
    with at_work(browser, product, settling=AT_ONCE) as anna:
        anna.visits()
        expect(anna.page.locator("#told")).to_contain_text("guestkey:right")
        token: Any = next(iter(anna.browser_page.tokens))
    with at_work(browser, product, settling=AT_ONCE) as stranger:
        stranger.page.goto(elsewhere)
        result = stranger.page.evaluate(
            "url => fetch(url).then(() => 'read', () => 'not read')", f"{product.url}/assets/panel.js"
        )
        assert result == "not read"
        stranger.browser_page.complaints.clear()

    origin = {"Origin": elsewhere.removesuffix("/host"), "Authorization": f"Bearer {token}"}
    assert "access-control-allow-origin" not in httpx.get(f"{product.url}/v1/me", headers=origin).headers


def test_the_panels_files_are_served_compressed(product: Product) -> None:
    plain = httpx.get(f"{product.url}/assets/panel.js", headers={"Accept-Encoding": "identity"})
    zipped = httpx.get(f"{product.url}/assets/panel.js", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.text == plain.text
