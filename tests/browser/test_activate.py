"""The page behind the link of an activation mail, in a real browser: whoever has to decide understands what is asked,
and nothing happens that nobody pressed."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from guestkey import errors
from tests.browser.site import (
    GRANT_ID,
    REQUEST_ID,
    Site,
    a_grant,
    breaks_after,
    breaks_before,
    falls_silent,
    refuses,
    takes,
)
from tests.browser.states import ANNA_SAID_YES, STATES, reach
from tests.browser.visitor import WCAG, Scheme, Visitor, visiting

LOCALES = {"de": "de-DE", "en": "en-GB", "es": "es-ES", "it": "it-IT"}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
SCHEMES: tuple[tuple[Scheme, dict[str, Any]], ...] = (("light", WCAG), ("dark", COLOURS))
WEB = Path(__file__).parents[2] / "functions" / "web" / "web"

every_state = pytest.mark.parametrize("name", STATES)
every_language = pytest.mark.parametrize("language", LOCALES)


# ------------------------------------------------------------------ the main job


def test_anna_sees_who_asks_for_what_and_allows_it(visitor: Visitor) -> None:
    visitor.come_as("anna")
    visitor.sees("pending")

    assert visitor.heading.replace("\u2068", "").replace("\u2069", "").startswith("Sven Brandt bittet um Zugang")
    for told in (
        "Sven Brandt (Kennung sven)",
        "Rechnung 4711 lässt sich nicht drucken.",
        "Acme Immobilien GmbH (Kundenname acme)",
        "Dienstag, 24. November 2026, 13:00 Uhr (Mitteleuropäische Zeit)",
        "Auch den Datenexport erlauben, um den Sven Brandt bittet",
        "Sie erlauben den Zugang: 4 Stunden, ohne Datenexport.",
        "Angemeldet als Anna Albrecht",
    ):
        assert told in visitor.text
    visitor.press("button.primary")
    visitor.sees("granted")

    ((what, order, key),) = visitor.site.api.answered
    assert (what, order) == ("approve", {"period": "4h", "may_export": False})
    assert key and re.fullmatch("[!-~]{1,64}", key)
    assert "Bis Montag, 23. November 2026, 18:30 Uhr (Mitteleuropäische Zeit), ohne Datenexport." in visitor.text


def test_she_may_choose_another_period_and_turn_the_export_on(visitor: Visitor) -> None:
    visitor.come_as()
    visitor.page.locator("#period").select_option("1h")
    visitor.page.locator("#may-export").check()
    assert "Sie erlauben den Zugang: 1 Stunde, mit Datenexport." in visitor.text
    visitor.press("button.primary")
    visitor.sees("granted")

    assert visitor.site.api.answered[0][1] == {"period": "1h", "may_export": True}
    assert "15:30 Uhr (Mitteleuropäische Zeit), mit Datenexport." in visitor.text


def test_export_is_off_until_she_turns_it_on_and_off_again_if_she_turns_it_off(visitor: Visitor) -> None:
    visitor.come_as()
    visitor.sees("pending")
    box = visitor.page.get_by_role("checkbox", name="Auch den Datenexport erlauben, um den")
    expect(box).not_to_be_checked()
    box.check()
    box.uncheck()
    visitor.press("button.primary")
    visitor.sees("granted")

    assert visitor.site.api.answered[0][1] == {"period": "4h", "may_export": False}


def test_an_export_that_was_not_asked_for_cannot_be_added(visitor: Visitor) -> None:
    visitor.site.api.request |= {"may_export": False}
    visitor.come_as()
    visitor.sees("pending")

    assert visitor.page.locator("input").count() == 0
    visitor.press("button.primary")
    visitor.sees("granted")
    assert visitor.site.api.answered[0][1] == {"period": "4h", "may_export": False}


def test_she_may_decline_and_say_why(visitor: Visitor) -> None:
    reach(visitor, "declining")
    assert visitor.site.api.changes == []
    visitor.press(".buttons button:nth-child(2)")
    visitor.sees("pending")
    visitor.press(".buttons button:nth-child(2)")
    visitor.page.locator("#note").fill("  Bitte rufen Sie mich vorher an.  ")
    visitor.press("button.primary")
    visitor.sees("declined")

    assert visitor.site.api.answered == [("decline", {"note": "Bitte rufen Sie mich vorher an."}, None)]


def test_a_note_that_cannot_be_taken_can_be_mended(visitor: Visitor) -> None:
    reach(visitor, "declining-in-vain")
    assert visitor.site.api.changes == []
    visitor.page.locator("#note").fill("")
    visitor.press("button.primary")
    visitor.sees("declined")

    assert visitor.site.api.answered == [("decline", {}, None)]


def test_she_may_revoke_what_she_allowed_at_once_or_by_the_same_link_later(visitor: Visitor) -> None:
    reach(visitor, "granted")
    visitor.page.reload()
    visitor.sees("sign-in")
    visitor.sign_in()
    visitor.sees("approved-live")
    assert "Sie haben Sven Brandt den Zugang erlaubt, am Montag, 23. November 2026, 14:30 Uhr" in visitor.text
    visitor.press(".buttons button")
    visitor.sees("ending")
    assert visitor.site.api.changes == ["approve"]
    visitor.press("button.primary")
    visitor.sees("over")

    assert visitor.site.api.changes == ["approve", "revoke"]
    assert "15:05 Uhr" in visitor.text


def test_a_colleague_reads_who_answered(visitor: Visitor) -> None:
    visitor.site.api.request |= ANNA_SAID_YES
    visitor.site.api.grant = a_grant()
    visitor.site.api.locale = "de-DE"
    visitor.come_as("giulia")
    visitor.sees("approved-live")

    assert "Anna Albrecht hat Sven Brandt den Zugang erlaubt" in visitor.text


def test_a_colleague_without_the_right_is_told_whom_to_ask(visitor: Visitor) -> None:
    visitor.site.api.locale = "de-DE"
    reach(visitor, "no-right")

    assert visitor.page.locator("li").all_inner_texts() == ["anna@acme.example", "giulia@acme.example"]
    assert visitor.page.locator("a").count() == 0


def test_somebody_of_another_account_may_sign_in_again(visitor: Visitor) -> None:
    visitor.site.api.locale = "de-DE"
    reach(visitor, "unknown")
    assert "Sie sind bei Globex Inc. angemeldet." in visitor.text
    visitor.sign_in("anna")
    visitor.sees("pending")

    assert any("prompt=login" in address for address in visitor.addresses)


# ------------------------------------------------------------------ nothing happens that nobody pressed


def test_looking_asks_nothing_of_anybody(visitor: Visitor) -> None:
    visitor.open()
    visitor.sees("sign-in")

    assert visitor.site.api.asked == []
    assert {urlsplit(address).netloc for address in visitor.addresses} == {urlsplit(visitor.site.url).netloc}
    assert not [address for address in visitor.addresses if REQUEST_ID in urlsplit(address).path]


def test_a_scanner_that_presses_every_button_changes_nothing(browser: Browser, site: Site) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0) SafeLinks/1.0 (scanner)"
    with visiting(browser, site, user_agent=agent) as scanner:
        scanner.open()
        scanner.sees("sign-in")
        for place in range(scanner.page.locator("button, a, input, select").count()):
            scanner.page.locator("button, a, input, select").nth(place).click()
        scanner.page.wait_for_url(f"{site.issuer.address}/**")
    assert (site.api.changes, site.api.asked, site.api.request["state"]) == ([], [], "pending")

    with visiting(browser, site) as anna:
        anna.come_as()
        anna.sees("pending")


def test_a_double_click_acts_once(visitor: Visitor) -> None:
    visitor.site.api.fail("POST approve", takes(0.5))
    visitor.come_as()
    visitor.sees("pending")
    visitor.page.locator("button.primary").dblclick()
    visitor.page.evaluate("for (const button of document.querySelectorAll('main button')) button.click()")
    expect(visitor.page.locator("button.primary")).to_be_focused()
    visitor.sees("granted")

    assert [path for method, path in visitor.site.api.asked if method == "POST"] == [
        f"/v1/requests/{REQUEST_ID}/approve"
    ]


def test_a_lost_answer_is_looked_for_and_not_given_twice(visitor: Visitor) -> None:
    reach(visitor, "unsure")
    visitor.press("button.primary")
    visitor.sees("approved-live")

    assert visitor.site.api.changes == ["approve"]


def test_what_the_browser_sends_again_by_itself_is_done_once(visitor: Visitor) -> None:
    visitor.site.api.fail("POST approve", falls_silent)
    visitor.come_as()
    visitor.sees("pending")
    visitor.press("button.primary")
    visitor.sees("granted")

    assert [method for method, _ in visitor.site.api.asked].count("POST") == 2
    assert visitor.site.api.changes == ["approve"]


def test_what_is_declined_twice_by_the_browser_reads_as_declined(visitor: Visitor) -> None:
    visitor.site.api.fail("POST decline", falls_silent)
    reach(visitor, "declining")
    visitor.press("button.primary")
    visitor.sees("declined")

    assert "Sie haben die Anfrage abgelehnt, am Montag" in visitor.text
    assert visitor.site.api.changes == ["decline"]


def test_an_answer_that_never_arrived_can_be_given_again_under_the_same_key(visitor: Visitor) -> None:
    keys: list[str | None] = []
    visitor.page.on(
        "request", lambda sent: keys.append(sent.headers.get("idempotency-key")) if sent.method == "POST" else None
    )
    reach(visitor, "pending-again")
    assert "Ihre Antwort ist nicht angekommen" in visitor.text
    visitor.press("button.primary")
    visitor.sees("granted")

    assert visitor.site.api.changes == ["approve"]
    given = [key for key in keys if key]
    assert len(given) == 2
    assert len(set(given)) == 1


def test_while_nobody_knows_what_became_of_an_answer_nothing_is_said_to_be_unchanged(visitor: Visitor) -> None:
    visitor.site.api.fail("GET me", breaks_before)
    visitor.come_as()
    visitor.sees("trouble")
    visitor.press("button.primary")
    visitor.sees("pending")
    visitor.site.api.fail("POST approve", breaks_after)
    visitor.site.api.fail(f"GET {REQUEST_ID}", refuses(errors.Busy(retry_after=1)))
    visitor.press("button.primary")
    visitor.sees("unsure")
    visitor.press("button.primary")
    expect(visitor.page.locator("main")).to_have_attribute("data-state", "unsure")
    assert "nichts geändert" not in visitor.text
    visitor.press("button.primary")
    visitor.sees("approved-live")


def test_a_session_that_ends_in_between_loses_nothing(visitor: Visitor) -> None:
    reach(visitor, "session-over")
    assert "Ihre Entscheidung wurde noch nicht übernommen." in visitor.text
    visitor.sign_in()
    visitor.sees("pending")

    assert visitor.site.api.changes == []


@pytest.mark.parametrize(
    ("meanwhile", "state"),
    [
        ({"state": "declined"}, "declined"),
        ({"state": "withdrawn"}, "withdrawn"),
        ({"state": "expired"}, "expired"),
        (ANNA_SAID_YES, "approved-live"),
    ],
    ids=lambda said: said.get("state") if isinstance(said, dict) else said,
)
def test_whoever_is_overtaken_is_told_how_it_went(visitor: Visitor, meanwhile: dict[str, Any], state: str) -> None:
    visitor.come_as()
    visitor.sees("pending")
    visitor.site.api.request |= meanwhile
    visitor.site.api.grant = a_grant()
    visitor.press("button.primary")
    visitor.sees(state)

    assert visitor.site.api.changes == []


def test_a_right_that_was_taken_away_meanwhile_is_said(visitor: Visitor) -> None:
    visitor.site.api.fail("POST approve", refuses(errors.RightMissing(ask=[])))
    visitor.come_as()
    visitor.sees("pending")
    visitor.press("button.primary")
    visitor.sees("no-right")

    assert "Bitte fragen Sie die Person, die Ihr Konto verwaltet." in visitor.text


def test_a_grant_whose_history_is_gone_does_not_hide_the_answer(visitor: Visitor) -> None:
    visitor.site.api.request |= ANNA_SAID_YES
    visitor.come_as()
    visitor.sees("approved-long-ago")

    assert visitor.page.locator(".buttons").count() == 0
    assert ("GET", f"/v1/grants/{GRANT_ID}") in visitor.site.api.asked


def test_a_slow_answer_is_remarked_upon(visitor: Visitor) -> None:
    visitor.site.api.fail("GET about", takes(5.5))
    visitor.come_as()
    expect(visitor.page.locator("[role=status]")).to_have_text(re.compile("länger als gewöhnlich"))
    visitor.page.locator("main[data-state=pending]").wait_for(timeout=15000)


def test_another_link_in_the_same_tab_begins_anew(visitor: Visitor) -> None:
    visitor.come_as()
    visitor.sees("pending")
    visitor.page.evaluate("location.hash = '#01M8EXAMP1E0REQVEST0000002'")
    visitor.sees("sign-in")
    visitor.sign_in()
    visitor.sees("unknown")


def test_back_from_the_sign_in_by_the_browsers_button_the_page_can_be_used_again(visitor: Visitor) -> None:
    visitor.open()
    visitor.press("button.primary")
    visitor.page.locator("#anna").wait_for()
    visitor.page.go_back()
    visitor.sees("sign-in")
    visitor.sign_in()
    visitor.sees("pending")


# ------------------------------------------------------------------ signing in


def test_the_way_to_the_sign_in_carries_a_challenge_and_no_secret(visitor: Visitor) -> None:
    visitor.open()
    visitor.press("button.primary")
    visitor.page.locator("#anna").wait_for()
    asked = {name: value for name, (value,) in parse_qs(urlsplit(visitor.page.url).query).items()}
    visitor.press("#anna")
    visitor.sees("pending")

    assert asked["redirect_uri"] == f"{visitor.site.url}/activate"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) == 43
    assert REQUEST_ID not in json.dumps(asked)


def test_after_the_sign_in_the_address_holds_the_request_and_nothing_else(visitor: Visitor) -> None:
    visitor.come_as()
    visitor.sees("pending")

    assert visitor.page.url == visitor.site.link
    assert visitor.kept() == json.dumps([{}, {}, "", None, visitor.site.link], separators=(",", ":"))
    assert len(visitor.tokens) == 1


def test_a_forged_way_back_signs_nobody_in(visitor: Visitor) -> None:
    visitor.open()
    visitor.press("button.primary")
    visitor.page.locator("#anna").wait_for()
    visitor.open(f"{visitor.site.url}/activate?code=forged&state=forged")
    visitor.sees("not-signed-in-failed")

    assert not [address for address in visitor.addresses if address.endswith("/token")]
    assert visitor.page.url == visitor.site.link
    visitor.sign_in()
    visitor.sees("pending")


@pytest.mark.parametrize(
    "changed",
    [{"id_token": None}, {"id_token": "a.b.c"}, {"nonce": "x"}, {"aud": "guestkey-support"}, {"iss": "https://x"}],
    ids=str,
)
def test_a_token_that_is_not_meant_for_this_sign_in_is_not_used(visitor: Visitor, changed: dict[str, Any]) -> None:
    from local.tokens import mint

    def forge(route: Route) -> None:
        token = mint("anna", visitor.site.issuer, **{"nonce": "another", **changed})
        given = {"id_token": token} | changed
        route.fulfill(json=given, headers={"Access-Control-Allow-Origin": visitor.site.url})

    visitor.page.route("**/tenant/token", forge)
    visitor.come_as()
    visitor.sees("not-signed-in-failed")

    assert visitor.site.api.asked == []


def test_a_provider_that_is_somebody_else_is_not_asked(visitor: Visitor) -> None:
    def pretend(route: Route) -> None:
        said = {"issuer": "https://evil.example", "authorization_endpoint": "https://evil.example/"}
        route.fulfill(json=said, headers={"Access-Control-Allow-Origin": visitor.site.url})

    visitor.page.route("**/.well-known/openid-configuration", pretend)
    visitor.open()
    visitor.press("button.primary")
    visitor.sees("not-signed-in-unreachable")


def test_an_api_that_answers_something_else_is_trouble(visitor: Visitor) -> None:
    visitor.site.api.fail("GET me", refuses(errors.InputInvalid(errors=[])))
    visitor.come_as()
    visitor.sees("trouble")


# ------------------------------------------------------------------ what others wrote

HOSTILE = "<img src=x onerror=alert(1)> {agent} </dd><script>alert(2)</script> \u202emoc.elpmaxe"


def test_what_others_wrote_is_text_and_nothing_else(visitor: Visitor) -> None:
    visitor.site.api.approver_emails["acme"] = [HOSTILE]
    visitor.site.api.request |= {"reason": HOSTILE * 5, "agent": {"id": "sven", "name": HOSTILE}}
    visitor.come_as()
    visitor.sees("pending")

    assert HOSTILE in visitor.page.locator(".quoted").inner_text()
    assert visitor.page.locator("img, script:not([src])").count() == 0
    visitor.press("button.primary")
    visitor.sees("granted")
    assert visitor.page.locator("img").count() == 0


def test_the_longest_name_and_reason_fit_at_320_pixels(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 320, "height": 640})
    visitor.site.api.request |= {"reason": "W" * 500, "agent": {"id": "s" * 64, "name": "Ö" * 200}}
    visitor.come_as()
    visitor.sees("pending")

    assert not visitor.is_wider_than_the_window()


# ------------------------------------------------------------------ for everybody


@every_state
def test_every_state_can_be_read_by_everybody(visitor: Visitor, name: str) -> None:
    """Nothing is left out or unsaid, axe finds nothing in either scheme, and it fits at 320 pixels and at 200 %."""
    visitor.site.api.locale = "de-DE"
    reach(visitor, name)
    page = visitor.page

    assert page.locator("html").get_attribute("lang") == "de"
    assert not re.search(r"undefined|null|NaN|\[object|[{}]", visitor.text)
    for scheme, rules in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=rules)
        assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 320, "height": 640})
    assert not visitor.is_wider_than_the_window()
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert not visitor.is_wider_than_the_window()


@every_language
def test_the_job_can_be_done_in_every_language(browser: Browser, site: Site, language: str) -> None:
    site.api.locale = LOCALES[language]
    with visiting(browser, site, locale=LOCALES[language]) as visitor:
        seen = []
        for name in ("sign-in", "pending-without-export", "declining", "granted-for-good", "ending", "expired"):
            site.api.reset()
            site.api.locale = LOCALES[language]
            visitor.page.goto("about:blank")
            reach(visitor, name)
            assert visitor.page.locator("html").get_attribute("lang") == language
            assert not re.search(r"undefined|[{}]", visitor.text)
            visitor.page.set_viewport_size({"width": 320, "height": 640})
            assert not visitor.is_wider_than_the_window()
            seen.append(visitor.heading)
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de-AT", "de-AT"),
        ("de-CH", "de-CH"),
        ("de-LI", "de"),
        ("es-MX", "es"),
        ("it-CH", "it"),
        ("fr-FR", "en"),
        ("tr-TR", "en"),
    ],
)
def test_every_locale_has_a_language(browser: Browser, site: Site, locale: str, language: str) -> None:
    with visiting(browser, site, locale=locale) as visitor:
        visitor.open()
        visitor.sees("sign-in")

        assert visitor.page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("de_AT", "Dienstag, 24. November 2026, 13:00 Uhr (Mitteleuropäische Zeit)"),
        ("en-US", "Tuesday, November 24, 2026, 01:00 PM (Central European Time)"),
        ("en-GB", "24 November 2026, 13:00 (Central European Time)"),
        ("fr-FR", "Dienstag, 24. November 2026, 13:00 Uhr (Mitteleuropäische Zeit)"),
        ("es-ES", "martes, 24 de noviembre de 2026, 13:00 h (hora de Europa central)"),
        ("it-IT", "martedì 24 novembre 2026, ore 13:00 (Ora dell\u2019Europa centrale)"),
        ("", "Dienstag, 24. November 2026"),
        ("not a locale", "Dienstag, 24. November 2026"),
    ],
)
def test_times_are_the_tenants_and_written_as_the_user_writes_them(visitor: Visitor, locale: str, said: str) -> None:
    visitor.site.api.locale = locale
    visitor.come_as()
    visitor.sees("pending")

    assert said in visitor.text


ENDS = [
    ("2026-11-23T22:59:59Z", "Europe/Berlin", "Montag, 23. November 2026, 23:59 Uhr (Mitteleuropäische Zeit)"),
    ("2026-11-23T23:00:00Z", "Europe/Berlin", "Montag, 23. November 2026, 24:00 Uhr (Mitteleuropäische Zeit)"),
    ("2026-11-23T23:00:01Z", "Europe/Berlin", "Dienstag, 24. November 2026, 00:00 Uhr (Mitteleuropäische Zeit)"),
    ("2026-10-25T00:30:00Z", "Europe/Berlin", "25. Oktober 2026, 02:30 Uhr (Mitteleuropäische Zeit, GMT+02:00)"),
    ("2026-10-25T01:30:00Z", "Europe/Berlin", "25. Oktober 2026, 02:30 Uhr (Mitteleuropäische Zeit, GMT+01:00)"),
    ("2026-10-25T02:00:00Z", "Europe/Berlin", "25. Oktober 2026, 03:00 Uhr (Mitteleuropäische Zeit)"),
    # The clock is put back by half an hour; midnight comes twice; a day begins at one o'clock.
    ("2026-04-04T15:00:00Z", "Australia/Lord_Howe", "5. April 2026, 01:30 Uhr (Lord-Howe-Zeit, GMT+10:30)"),
    ("2026-10-25T00:00:00Z", "Atlantic/Azores", "25. Oktober 2026, 00:00 Uhr (Azoren-Zeit, GMT+00:00)"),
    ("2026-03-28T22:00:00Z", "Asia/Beirut", "29. März 2026, 01:00 Uhr (Osteuropäische Zeit (Libanon))"),
]


def test_an_end_stands_on_the_day_and_at_the_hour_it_is(visitor: Visitor) -> None:
    visitor.open()
    visitor.sees("sign-in")
    module = next(address for address in visitor.addresses if re.search(r"/texts\.\w+\.js$", address))
    ask = "async ([module, at, zone]) => (await import(module)).endMoment(at, zone)"

    for at, zone, said in ENDS:
        written = visitor.page.evaluate(ask, [module, at, zone])
        assert re.sub("[\u2068\u2069]", "", written).replace("\u00a0", " ").endswith(said)


@every_language
def test_midnight_is_the_end_of_the_day_before_in_every_language(browser: Browser, site: Site, language: str) -> None:
    said = {
        "de": "Bis Montag, 23. November 2026, 24:00 Uhr (Mitteleuropäische Zeit)",
        "en": "Until Monday, 23 November 2026, end of the day (Central European Time)",
        "es": "Hasta el lunes, 23 de noviembre de 2026, 24:00 h (hora de Europa central)",
        "it": "Fino a lunedì 23 novembre 2026, ore 24:00 (Ora dell\u2019Europa centrale)",
    }
    site.api.locale = LOCALES[language]
    with visiting(browser, site, locale=LOCALES[language]) as visitor:
        reach(visitor, "granted-until-midnight")

        assert said[language] in visitor.text


def test_the_job_can_be_done_with_the_keyboard_alone(visitor: Visitor) -> None:
    keys = visitor.page.keyboard
    visitor.open()
    visitor.sees("sign-in")
    visitor.tab_to("button.primary")
    keys.press("Enter")
    visitor.page.locator("#anna").wait_for()
    visitor.page.locator("#anna").press("Enter")
    visitor.sees("pending")
    visitor.tab_to("#period")
    keys.press("ArrowDown")
    visitor.tab_to("#may-export")
    keys.press("Space")
    visitor.tab_to("button.primary")
    keys.press("Enter")
    visitor.sees("granted")

    assert visitor.site.api.answered[0][1] == {"period": "today", "may_export": True}


def test_in_forced_colours_nothing_vanishes(visitor: Visitor) -> None:
    visitor.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    reach(visitor, "pending")

    for button in visitor.page.locator(".buttons button").all():
        assert button.evaluate("element => getComputedStyle(element).borderStyle") == "solid"
    found = Axe().run(visitor.page, options=WCAG)
    assert found.violations_count == 0, found.generate_report()


def test_nothing_moves(visitor: Visitor) -> None:
    reach(visitor, "pending")

    assert visitor.page.evaluate("document.getAnimations().length") == 0
    assert not re.search(r"animation|transition", (WEB / "activate.css").read_text())


def test_without_javascript_the_page_says_what_it_needs(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.link)

    assert "Diese Seite braucht JavaScript." in page.locator("main").inner_text()
    assert "This page needs JavaScript." in page.locator("main").inner_text()
    context.close()
