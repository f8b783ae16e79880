"""The desk on the real stack: Anna grants access, and Sven enters with a reason and calls the waiting customer back."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.agents import at_desk
from tests.browser.browser_page import AT_ONCE
from tests.browser.panel_page import at_work
from tests.journeys.calls import success
from tests.journeys.test_panel import Product
from tests.journeys.world import World

CALL = {"topic": "question", "description": "Der Import steht still", "phone": "+49 241 446 86 122"}


@pytest.fixture
def product(sample_world: World) -> Product:
    return Product(sample_world)


def test_anna_grants_access_and_sven_enters_calls_back_and_leaves(browser: Browser, product: Product) -> None:
    anna = product.world.caller("anna")
    callback_id = success(anna.post("/v1/callbacks", CALL), 201)["callback_id"]
    with at_work(browser, product, settling=AT_ONCE) as anna_page, at_desk(browser, product, settling=AT_ONCE) as sven:
        sven.opens()
        sven.reads("Im Augenblick nirgends.")
        anna_page.opens()
        anna_page.press("#agent-sven")
        anna_page.press("#give")
        anna_page.expects_status("Sven Brandt hat jetzt Zugang bis")
        sven.press("#refresh")
        sven.press("#enter-acme")
        sven.page.locator("#reason-acme").fill("Der Import steht still")
        sven.press("#go-acme")
        sven.expects_status("Ihr Eintritt ist festgehalten.")
        login = success(anna.get("/v1/logins"))["items"][0]["login_id"]
        expect(sven.page.locator("#account")).to_have_text(f"acme, with the login {login}")
        assert product.world.allows("acme", "sven", login_id=login)

        sven.goes_to("callbacks")
        sven.reads("Warteschlange (1)")
        sven.reads("Sie haben dort jetzt Zugang.")
        sven.press(f"#take-{callback_id}")
        sven.expects_status("Sie haben den Rückruf übernommen.")
        sven.press(f"#reached-{callback_id}")
        sven.expects_status("Der Rückruf ist abgeschlossen.")
        sven.goes_to("access")
        sven.press("#leave-acme")
        sven.expects_status("Sie sind abgemeldet.")
        assert not product.world.allows("acme", "sven", login_id=login)
        anna_page.goes_to("logins")
        anna_page.reads("Der Import steht still")

    assert product.acme.ledger().whats()[-4:] == [
        "login.recorded", "callback.taken", "callback.closed", "login.ended",
    ]  # fmt: skip


@pytest.mark.nightly("tests/browser/test_desk.py asks it of the desk, test_by_mail_in_a_browser.py of the answer")
def test_sven_sends_a_request_at_the_desk_and_anna_answers_in_her_help_menu(browser: Browser, product: Product) -> None:
    with at_desk(browser, product, settling=AT_ONCE) as sven, at_work(browser, product, settling=AT_ONCE) as anna_page:
        sven.opens()
        sven.goes_to("requests")
        sven.page.locator("#tenant").fill("acme")
        sven.press("#find")
        sven.page.locator("#reason").fill("Rechnung 4711 lässt sich nicht drucken")
        sven.press("#ask")
        sven.expects_status("Acme Immobilien GmbH wurde per E-Mail gefragt.")
        anna_page.opens()
        anna_page.panel.locator("[id^=approve-]").click()
        expect(anna_page.panel.locator("[id^=revoke-]")).to_be_visible()
        sven.goes_to("access")
        expect(sven.page.locator("#enter-acme")).to_be_visible()
        sven.goes_to("requests")
        expect(sven.panel.locator(".badge")).to_have_text("Erlaubt")

    assert product.world.allows("acme", "sven")
