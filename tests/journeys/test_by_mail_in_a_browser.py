"""A request by mail, answered in a browser: the sent mail, the page of its link, the sign-in, and the API.

Mails are read with other libraries than those that write them: the HTML with Lexbor, and links in the text as a mail
program finds them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import jwt
import pytest
from playwright.sync_api import Browser, Route

from guestkey.edge.mail.i18n import catalogue
from local import sample
from tests.browser.browser_page import BrowserPage, lose, visiting
from tests.edge.post import LINKS, Read
from tests.journeys import mailbox
from tests.journeys.calls import success
from tests.journeys.world import Tenant, World, agent_of, tenant_of
from tests.rows_and_columns import probes

REASON = "Rechnung 4711 lässt sich nicht drucken"
BERLIN = ZoneInfo("Europe/Berlin")
LOCALES = {"de": "de-AT", "en": "en-GB", "es": "es-ES", "it": "it-IT"}
SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 SafeLinks",
    "Mozilla/5.0 (compatible; BarracudaCentral/1.0; +http://www.barracudacentral.org)",
)
PRESSABLE = "a, button, input, select, textarea, summary, label, [onclick], [role=button]"
APPROVE, DECLINE = "button.primary", ".buttons button:nth-child(2)"


@dataclass(frozen=True)
class Mailed:
    """A request of Sven to Acme, and the mail that Anna received."""

    world: World
    request_id: str
    mail: Read
    link: str

    @property
    def url(self) -> str:
        return self.world.stack.url

    @property
    def acme(self) -> Tenant:
        return Tenant(self.world, "acme")

    def now(self) -> dict[str, Any]:
        """Return the request as Anna reads it over HTTP."""
        request: dict[str, Any] = success(self.world.caller("anna").get(f"/v1/requests/{self.request_id}"))
        return request

    def grants(self) -> list[dict[str, Any]]:
        """Return all grants of the tenant."""
        return self.acme.all_of("/v1/grants")


Guest = BrowserPage[Mailed]


def ask(world: World, **order: Any) -> Mailed:
    """Let Sven send a request to Anna, and find the mail."""
    request_id = Tenant(world, "acme").is_asked_by(world.sven, reason=REASON, recipients=["anna@acme.example"], **order)
    (mail,) = Tenant(world, "acme").activation_mails()
    letter = mailbox.read(mail)
    assert letter.recipients == ["anna@acme.example"]
    return Mailed(world, request_id, letter, link_in(letter))


def link_in(letter: Read) -> str:
    """Return the link of the mail, which is the same in its text, in its button and as an address."""
    in_text = [found.url for found in LINKS.match(letter.text) or ()]
    behind_button, as_address = letter.html.css("[href]")
    assert in_text == [behind_button.attributes["href"]] == [as_address.attributes["href"]] == [as_address.text()]
    assert letter.links == set(in_text)
    return str(in_text[0])


@pytest.fixture
def mailed(sample_world: World) -> Mailed:
    """Sven requests four hours with export."""
    return ask(sample_world, period="4h", may_export=True)


def in_berlin(at: str, *, is_end: bool = False) -> str:
    """Return a time as the mails write it, with the name of the zone as on the page."""
    words, moment = catalogue("de"), datetime.fromisoformat(at)
    written = words.end(moment, BERLIN) if is_end else words.moment(moment, BERLIN)
    return written.replace("Europe/Berlin", "Mitteleuropäische Zeit").replace("\u00a0", " ")


def let_sign_in(guest: Guest, **claims: Any) -> None:
    """Let the next sign-ins return a token with these claims changed."""

    def change_token(route: Route) -> None:
        answer = route.fetch()
        tokens = answer.json()
        nonce = jwt.decode(tokens["id_token"], options={"verify_signature": False})["nonce"]
        token = guest.site.world.stack.token("anna", nonce=nonce, **claims)
        route.fulfill(response=answer, json=tokens | {"id_token": token, "access_token": token})

    guest.page.route("**/tenant/token", change_token)


# ------------------------------------------------------------------ main flow


def test_a_request_by_mail_is_approved_on_the_page_and_revoked_by_the_same_link(
    browser: Browser, mailed: Mailed
) -> None:
    world = mailed.world
    assert not world.allows("acme", "sven")
    with visiting(browser, mailed, timezone_id="Asia/Tokyo") as anna:
        anna.open_as("anna")
        anna.sees("pending")
        request = mailed.now()
        for text in (
            "Sven Brandt bittet um Zugang zu Ihrem Konto",
            "Sven Brandt (Kennung sven)",
            REASON,
            "Acme Immobilien GmbH (Kundenname acme)",
            in_berlin(request["requested_at"]),
            in_berlin(request["expires_at"]),
        ):
            assert text in anna.text
        assert anna.page.locator("dd").nth(3).inner_text() == "4 Stunden"
        assert anna.page.locator("dd").nth(4).inner_text() == "ansehen und ändern"
        assert anna.page.locator("dd").nth(5).inner_text() == "Gewünscht"
        assert mailed.grants() == []

        anna.page.locator("#period").select_option("2h")
        anna.page.locator("#may-export").check()
        anna.page.locator("#may-export").uncheck()
        anna.press("button.primary")
        anna.sees("granted")
        (grant,) = mailed.grants()
        assert f"Bis {in_berlin(grant['ends_at'], is_end=True)}, ansehen und ändern, ohne Datenexport." in anna.text
    assert (grant["period"], grant["may_export"], grant["request_id"]) == ("2h", False, mailed.request_id)
    assert world.allows("acme", "sven")
    assert not world.allows("acme", "sven", "export")

    with visiting(browser, mailed, timezone_id="America/Los_Angeles") as anna:
        anna.open_as("anna")
        anna.sees("approved-live")
        assert f"Sie haben Sven Brandt den Zugang erlaubt, am {in_berlin(grant['granted_at'])}." in anna.text
        anna.press(".buttons button")
        anna.sees("ending")
        assert world.allows("acme", "sven")
        anna.press("button.primary")
        anna.sees("over")
        (grant,) = mailed.grants()
        assert f"Er wurde widerrufen am {in_berlin(grant['revoked_at'])}." in anna.text
    assert not world.allows("acme", "sven")
    assert mailed.acme.ledger().whats()[2:] == ["request.made", "request.approved", "grant.given", "grant.revoked"]


def test_export_is_allowed_only_if_she_turned_it_on(browser: Browser, mailed: Mailed) -> None:
    with visiting(browser, mailed) as giulia:
        giulia.open_as("giulia")
        giulia.sees("pending")
        giulia.page.locator("#may-export").check()
        giulia.press("button.primary")
        giulia.sees("granted")

    assert mailed.world.allows("acme", "sven", "export")


def test_the_agent_can_read_the_note_of_a_decline(browser: Browser, mailed: Mailed) -> None:
    with visiting(browser, mailed) as anna:
        anna.open_as()
        anna.sees("pending")
        anna.press(DECLINE)
        anna.sees("declining")
        anna.page.locator("#note").fill("Bitte \u202erufen Sie an")
        anna.press("button.primary")
        anna.page.locator("#note-invalid").wait_for()
        assert mailed.now()["state"] == "pending"
        anna.page.locator("#note").fill("Bitte rufen Sie mich\nvorher an. <b>Danke</b>")
        anna.press("button.primary")
        anna.sees("declined")
        assert "<b>Danke</b>" in anna.text

    (request,) = success(mailed.world.sven.get("/v1/support/requests"))["items"]
    assert (request["state"], request["note"]) == ("declined", "Bitte rufen Sie mich\nvorher an. <b>Danke</b>")
    assert request["answered_by"] == {"user_id": "anna", "name": "Anna Albrecht"}
    assert not mailed.world.allows("acme", "sven")


@pytest.mark.parametrize("language", probes("es", rest=["de", "en", "it"]))
def test_the_mail_and_the_page_are_in_the_customers_language(
    browser: Browser, sample_world: World, language: str
) -> None:
    acme = next(tenant for tenant in sample.TENANTS if tenant.tenant_id == "acme")
    put = tenant_of("acme", name=acme.name, language=language, approver_emails=list(acme.approver_emails))
    success(sample_world.backend.put("/v1/vendor/tenants/acme", put))
    mailed = ask(sample_world)
    assert ("html", "lang", language) in mailed.mail.elements
    assert mailbox.kind_of(mailed.mail) == mailbox.subject_in(language)
    texts = []
    with visiting(browser, mailed, locale="ja-JP") as anna:
        let_sign_in(anna, locale=LOCALES[language])
        anna.open_as()
        for state, press in (
            ("pending", "button.primary"),
            ("granted", ".buttons button"),
            ("ending", "button.primary"),
            ("over", None),
        ):
            anna.sees(state)
            assert anna.page.locator("html").get_attribute("lang") == {"de": "de-AT"}.get(language, language)
            texts.append(anna.heading)
            if press:
                anna.press(press)

    assert len(set(texts)) == 4
    assert [grant["state"] for grant in mailed.grants()] == ["revoked"]


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_a_request_can_be_approved_with_the_keyboard_alone(browser: Browser, mailed: Mailed) -> None:
    with visiting(browser, mailed) as anna:
        anna.open()
        anna.sees("sign-in")
        anna.tab_to("button.primary")
        anna.page.keyboard.press("Enter")
        anna.page.locator("#anna").press("Enter")
        anna.sees("pending")
        anna.tab_to("#period")
        anna.page.keyboard.press("ArrowUp")
        anna.tab_to("#may-export")
        anna.page.keyboard.press("Space")
        anna.tab_to("button.primary")
        anna.page.keyboard.press("Enter")
        anna.sees("granted")
        (grant,) = mailed.grants()
        assert (grant["period"], grant["may_export"], grant["state"]) == ("2h", True, "live")
        anna.tab_to(".buttons button")
        anna.page.keyboard.press("Enter")
        anna.sees("ending")
        anna.tab_to("button.primary")
        anna.page.keyboard.press("Space")
        anna.sees("over")

    assert not mailed.world.allows("acme", "sven")


# ------------------------------------------------------------------ callers without permission


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_a_colleague_without_the_right_reads_whom_to_ask_and_the_request_stays_pending(
    browser: Browser, mailed: Mailed
) -> None:
    before = mailed.acme.items()
    with visiting(browser, mailed) as ben:
        ben.open_as("ben")
        ben.sees("no-right")
        assert ben.heading == "Somebody else in your company decides this"
        assert ben.page.locator("li").all_inner_texts() == ["anna@acme.example", "giulia@acme.example"]
        assert ben.page.locator("main button").count() == 1
    assert mailed.acme.items() == before
    assert mailed.now()["state"] == "pending"


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_a_right_removed_while_the_window_is_open_refuses_the_approval(browser: Browser, mailed: Mailed) -> None:
    with visiting(browser, mailed) as anna:
        anna.open_as()
        anna.sees("pending")
        mailed.acme.put_right("anna", may_grant=False)
        anna.press("button.primary")
        anna.sees("no-right")
        assert "giulia@acme.example" in anna.text
        mailed.acme.put_right("anna", may_grant=True)

    assert mailed.now()["state"] == "pending"


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_a_user_of_another_tenant_reads_nothing_and_may_sign_in_as_another_user(
    browser: Browser, mailed: Mailed
) -> None:
    before = mailed.acme.items()
    with visiting(browser, mailed) as carla:
        carla.open_as("carla")
        carla.sees("unknown")
        assert "You are signed in to Globex Inc." in carla.text
        assert not re.search("Sven|4711|Acme", carla.text)
        assert mailed.acme.items() == before
        carla.sign_in("anna")
        carla.sees("pending")


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_a_token_that_acts_for_another_user_cannot_answer(browser: Browser, mailed: Mailed) -> None:
    before = mailed.acme.items()
    with visiting(browser, mailed) as visitor_page:
        let_sign_in(visitor_page, act={"sub": "sven"})
        visitor_page.open_as()
        visitor_page.sees("unfit")
        assert "Sie handeln gerade im Namen einer anderen Person." in visitor_page.text

    assert mailed.acme.items() == before


# ------------------------------------------------------------------ too late, twice, concurrently


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_an_answered_request_shows_who_answered_and_when(browser: Browser, mailed: Mailed) -> None:
    declined = success(
        mailed.world.caller("giulia").post(f"/v1/requests/{mailed.request_id}/decline", {"note": "Nein"})
    )
    with visiting(browser, mailed) as anna:
        anna.open_as()
        anna.sees("declined")
        answered_at = in_berlin(declined["answered_at"])
        assert f"Giulia Galli hat die Anfrage abgelehnt, am {answered_at}." in anna.text
        assert anna.page.locator(".buttons").count() == 0


@pytest.mark.parametrize("what", probes("withdrawn", rest=["expired"]))
def test_a_request_closed_while_the_window_is_open_cannot_be_approved(
    browser: Browser, mailed: Mailed, what: str
) -> None:
    with visiting(browser, mailed) as anna:
        anna.open_as()
        anna.sees("pending")
        if what == "withdrawn":
            success(mailed.world.sven.delete(f"/v1/support/requests/{mailed.request_id}"))
        else:
            mailed.acme.change(f"REQUEST#{mailed.request_id}", expires_at={"S": "2026-07-01T10:00:00Z"})
        anna.press("button.primary")
        anna.sees(what)
        assert what == "withdrawn" or "Mittwoch, 1. Juli 2026, 12:00 Uhr" in anna.text
        anna.page.reload()
        anna.sees("sign-in")
        anna.sign_in()
        anna.sees(what)

    assert mailed.grants() == []


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_a_request_of_an_inactive_agent_cannot_be_approved(browser: Browser, mailed: Mailed) -> None:
    with visiting(browser, mailed) as anna:
        anna.open_as()
        anna.sees("pending")
        success(mailed.world.backend.put("/v1/vendor/agents/sven", agent_of("sven", name="Sven Brandt", active=False)))
        anna.press("button.primary")
        anna.sees("withdrawn")

    assert mailed.grants() == []


@pytest.mark.parametrize("giulia_presses", probes(APPROVE, rest=[DECLINE]))
def test_two_who_answer_at_once_read_the_same_outcome(browser: Browser, mailed: Mailed, giulia_presses: str) -> None:
    press = "for (const button of document.querySelectorAll('button.primary')) button.click()"
    with visiting(browser, mailed) as anna, visiting(browser, mailed) as giulia:
        for window, who in ((anna, "anna"), (giulia, "giulia")):
            window.open_as(who)
            window.sees("pending")
        if giulia_presses == DECLINE:
            giulia.press(DECLINE)
            giulia.sees("declining")
        for window in (anna, giulia):
            window.page.evaluate(press)
        for window in (anna, giulia):
            window.page.locator(
                "main:is([data-state=granted], [data-state=declined], [data-state=approved-live])"
            ).wait_for()
        states = [window.page.locator("main").get_attribute("data-state") for window in (anna, giulia)]

    request, whats = mailed.now(), mailed.acme.ledger().whats()
    if request["state"] == "approved":
        assert sorted(states, key=str) == ["approved-live", "granted"]
        assert whats[2:] == ["request.made", "request.approved", "grant.given"]
        assert [grant["grant_id"] for grant in mailed.grants()] == [request["grant_id"]]
    else:
        assert states == ["declined", "declined"]
        assert whats[2:] == ["request.made", "request.declined"]


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_a_double_click_and_a_reload_give_one_grant(browser: Browser, mailed: Mailed) -> None:
    with visiting(browser, mailed) as anna:
        anna.open_as()
        anna.sees("pending")
        with anna.page.expect_request("**/approve"):
            anna.page.locator("button.primary").dblclick()
        anna.page.reload()
        anna.sees("sign-in")
        anna.sign_in()
        anna.page.locator("main:is([data-state=pending], [data-state=approved-live])").wait_for()
        if anna.page.locator("main").get_attribute("data-state") == "pending":
            # The reload cancelled the browser's request, or was faster.
            anna.press("button.primary")
            anna.page.locator("main:is([data-state=granted], [data-state=approved-live])").wait_for()

    assert len(mailed.grants()) == 1
    assert mailed.acme.ledger().whats()[2:] == ["request.made", "request.approved", "grant.given"]


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_after_a_lost_answer_the_page_reads_the_state(browser: Browser, mailed: Mailed) -> None:
    with visiting(browser, mailed) as anna:
        anna.page.route("**/approve", lose)
        anna.open_as()
        anna.sees("pending")
        anna.press("button.primary")
        anna.sees("unsure")
        anna.press("button.primary")
        anna.sees("approved-live")

    assert len(mailed.grants()) == 1


@pytest.mark.nightly("tests/browser asks it of the page, test_requests of the API")
def test_an_expired_session_is_shown_and_loses_no_input(browser: Browser, mailed: Mailed) -> None:
    def too_late(route: Route) -> None:
        token = mailed.world.stack.token("anna", exp=1)
        route.continue_(headers=route.request.headers | {"authorization": f"Bearer {token}"})

    with visiting(browser, mailed) as anna:
        anna.page.route("**/approve", too_late, times=1)
        anna.open_as()
        anna.sees("pending")
        anna.press("button.primary")
        anna.sees("not-signed-in-over")
        assert "Ihre Entscheidung wurde noch nicht übernommen." in anna.text
        assert mailed.now()["state"] == "pending"
        anna.sign_in()
        anna.sees("pending")
        anna.press("button.primary")
        anna.sees("granted")

    assert mailed.world.allows("acme", "sven")


# ------------------------------------------------------------------ mail scanners


def test_mail_scanners_that_click_everything_change_nothing(browser: Browser, mailed: Mailed) -> None:
    before = mailed.acme.items()
    for scanner in SCANNERS:
        with visiting(browser, mailed, user_agent=scanner) as visitor_page:
            states_shown = press_everything(visitor_page)
            assert states_shown == {"sign-in", "not-signed-in-cancelled", "not-signed-in-failed", "incomplete"}
            assert not [
                address for address in visitor_page.addresses if "/v1/" in address or address.endswith("/token")
            ]
        with visiting(browser, mailed, user_agent=scanner, java_script_enabled=False) as visitor_page:
            visitor_page.open()
            assert visitor_page.page.locator(PRESSABLE).count() == 0
    assert mailed.acme.items() == before
    assert mailed.now()["state"] == "pending"

    with visiting(browser, mailed) as anna:
        anna.open_as()
        anna.sees("pending")
        anna.press("button.primary")
        anna.sees("granted")


def press_everything(scanner: Guest) -> set[str]:
    """Click and follow every control on the page, from each address, and return the states that were shown.

    On the sign-in page a scanner has no password: it can only follow the link back.
    """
    states_shown = set()
    here = f"{scanner.site.url}/activate"
    for address in (scanner.site.link, here, f"{here}?code=guessed&state=guessed", f"{here}?error=access_denied"):
        scanner.page.goto("about:blank")
        scanner.open(address)
        for _ in range(2):
            scanner.page.locator("main[data-state]").wait_for()
            states_shown.add(str(scanner.page.locator("main").get_attribute("data-state")))
            pressable = scanner.page.locator(PRESSABLE)
            if pressable.count() == 0:
                break
            assert pressable.count() == 1
            pressable.click()
            scanner.press("#cancel")
    return states_shown
