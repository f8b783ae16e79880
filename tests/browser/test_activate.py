"""The page of an activation mail, in a real browser: each state is readable, and each change needs a click."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from guestkey import errors
from tests.browser.axe import WCAG, has_new_elements, require_no_violation
from tests.browser.browser_page import BrowserPage, require_readable, visiting
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
from tests.rows_and_columns import probes

LOCALES = {"de": "de-DE", "en": "en-GB", "es": "es-ES", "it": "it-IT"}
WEB = Path(__file__).parents[2] / "functions" / "web" / "web"

LAYOUTS = (
    "failed",
    "session-over",
    "requests",
    "pending",
    "declining-in-vain",
    "granted",
    "ending",
    "approved",
    "no-right",
    "full",
    "unsure",
    "grant-live",
    "grant-over",
)
"""A state of each layout: the others differ from one of them in their texts only."""
every_state = pytest.mark.parametrize("name", probes(*LAYOUTS, rest=[name for name in STATES if name not in LAYOUTS]))
every_language = pytest.mark.parametrize("language", LOCALES)


# ------------------------------------------------------------------ main flow


def test_anna_reads_the_request_and_approves_it(browser_page: BrowserPage) -> None:
    browser_page.open_as("anna")
    browser_page.sees("pending")

    assert browser_page.heading.replace("\u2068", "").replace("\u2069", "").startswith("Sven Brandt bittet um Zugang")
    for text in (
        "Sven Brandt (Kennung sven)",
        "Rechnung 4711 lässt sich nicht drucken.",
        "Acme Immobilien GmbH (Kundenname acme)",
        "Dienstag, 24. November 2026, 13:00 Uhr (Mitteleuropäische Zeit)",
        "Auch den Datenexport erlauben, um den Sven Brandt bittet",
        "Sie erlauben den Zugang: 4 Stunden, ansehen und ändern, ohne Datenexport.",
        "Angemeldet als Anna Albrecht",
    ):
        assert text in browser_page.text
    browser_page.press("button.primary")
    browser_page.sees("granted")

    ((what, order, key),) = browser_page.site.api.answered
    assert (what, order) == ("approve", {"period": "4h", "access": "change", "may_export": False})
    assert key and re.fullmatch("[!-~]{1,64}", key)
    until = "Bis Montag, 23. November 2026, 18:30 Uhr (Mitteleuropäische Zeit)"
    assert f"{until}, ansehen und ändern, ohne Datenexport." in browser_page.text


def test_she_may_choose_another_period_and_a_lower_level_and_turn_export_on(browser_page: BrowserPage) -> None:
    browser_page.open_as()
    browser_page.page.locator("#period").select_option("1h")
    browser_page.page.locator("#access").select_option("view")
    browser_page.page.locator("#may-export").check()
    assert "Sie erlauben den Zugang: 1 Stunde, nur ansehen, mit Datenexport." in browser_page.text
    browser_page.press("button.primary")
    browser_page.sees("granted")

    assert browser_page.site.api.answered[0][1] == {"period": "1h", "access": "view", "may_export": True}
    assert "15:30 Uhr (Mitteleuropäische Zeit), nur ansehen, mit Datenexport." in browser_page.text


@pytest.mark.nightly("a neighbour of this test presses the same controls")
def test_export_is_off_until_she_turns_it_on_and_can_be_turned_off_again(browser_page: BrowserPage) -> None:
    browser_page.open_as()
    browser_page.sees("pending")
    box = browser_page.page.get_by_role("checkbox", name="Auch den Datenexport erlauben, um den")
    expect(box).not_to_be_checked()
    box.check()
    box.uncheck()
    browser_page.press("button.primary")
    browser_page.sees("granted")

    assert browser_page.site.api.answered[0][1] == {"period": "4h", "access": "change", "may_export": False}


def test_export_cannot_be_added_to_a_request_without_it(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= {"may_export": False}
    browser_page.open_as()
    browser_page.sees("pending")

    assert browser_page.page.locator("input").count() == 0
    browser_page.press("button.primary")
    browser_page.sees("granted")
    assert browser_page.site.api.answered[0][1] == {"period": "4h", "access": "change", "may_export": False}


def test_she_may_decline_with_a_note(browser_page: BrowserPage) -> None:
    reach(browser_page, "declining")
    assert browser_page.site.api.changes == []
    browser_page.press(".buttons button:nth-child(2)")
    browser_page.sees("pending")
    browser_page.press(".buttons button:nth-child(2)")
    browser_page.page.locator("#note").fill("  Bitte rufen Sie mich vorher an.  ")
    browser_page.press("button.primary")
    browser_page.sees("declined")

    assert browser_page.site.api.answered == [("decline", {"note": "Bitte rufen Sie mich vorher an."}, None)]


def test_an_invalid_note_can_be_corrected(browser_page: BrowserPage) -> None:
    reach(browser_page, "declining-in-vain")
    assert browser_page.site.api.changes == []
    browser_page.page.locator("#note").fill("")
    browser_page.press("button.primary")
    browser_page.sees("declined")

    assert browser_page.site.api.answered == [("decline", {}, None)]


def test_she_may_revoke_the_grant_at_once_or_later_by_the_same_link(browser_page: BrowserPage) -> None:
    reach(browser_page, "granted")
    browser_page.page.reload()
    browser_page.sees("sign-in")
    browser_page.sign_in()
    browser_page.sees("approved-live")
    assert "Sie haben Sven Brandt den Zugang erlaubt, am Montag, 23. November 2026, 14:30 Uhr" in browser_page.text
    browser_page.press(".buttons button")
    browser_page.sees("ending")
    assert browser_page.site.api.changes == ["approve"]
    browser_page.press("button.primary")
    browser_page.sees("over")

    assert browser_page.site.api.changes == ["approve", "revoke"]
    assert "15:05 Uhr" in browser_page.text


def test_a_colleague_reads_who_answered(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= ANNA_SAID_YES
    browser_page.site.api.grant = a_grant()
    browser_page.site.api.locale = "de-DE"
    browser_page.open_as("giulia")
    browser_page.sees("approved-live")

    assert "Anna Albrecht hat Sven Brandt den Zugang erlaubt" in browser_page.text


def test_a_colleague_without_the_right_reads_whom_to_ask(browser_page: BrowserPage) -> None:
    browser_page.site.api.locale = "de-DE"
    reach(browser_page, "no-right")

    assert browser_page.page.locator("li").all_inner_texts() == ["anna@acme.example", "giulia@acme.example"]
    assert browser_page.page.locator("a").count() == 0


def test_a_user_of_another_tenant_may_sign_in_again(browser_page: BrowserPage) -> None:
    browser_page.site.api.locale = "de-DE"
    reach(browser_page, "unknown")
    assert "Sie sind bei Globex Inc. angemeldet." in browser_page.text
    browser_page.sign_in("anna")
    browser_page.sees("pending")

    assert any("prompt=login" in address for address in browser_page.addresses)


# ------------------------------------------------------------------ no change without a click


def test_opening_the_link_sends_no_request(browser_page: BrowserPage) -> None:
    browser_page.open()
    browser_page.sees("sign-in")

    assert browser_page.site.api.calls == []
    assert {urlsplit(address).netloc for address in browser_page.addresses} == {urlsplit(browser_page.site.url).netloc}
    assert not [address for address in browser_page.addresses if REQUEST_ID in urlsplit(address).path]


def test_a_scanner_that_presses_every_button_changes_nothing(browser: Browser, site: Site) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0) SafeLinks/1.0 (scanner)"
    with visiting(browser, site, user_agent=agent) as scanner:
        scanner.open()
        scanner.sees("sign-in")
        for place in range(scanner.page.locator("button, a, input, select").count()):
            scanner.page.locator("button, a, input, select").nth(place).click()
        scanner.page.wait_for_url(f"{site.issuer.address}/**")
    assert (site.api.changes, site.api.calls, site.api.request["state"]) == ([], [], "pending")

    with visiting(browser, site) as anna:
        anna.open_as()
        anna.sees("pending")


def test_a_double_click_approves_once(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST approve", takes(0.5))
    browser_page.open_as()
    browser_page.sees("pending")
    browser_page.page.locator("button.primary").dblclick()
    browser_page.page.evaluate("for (const button of document.querySelectorAll('main button')) button.click()")
    expect(browser_page.page.locator("button.primary")).to_be_focused()
    browser_page.sees("granted")

    assert [path for method, path in browser_page.site.api.calls if method == "POST"] == [
        f"/v1/requests/{REQUEST_ID}/approve"
    ]


def test_after_a_lost_answer_the_page_reads_the_state_and_approves_only_once(browser_page: BrowserPage) -> None:
    reach(browser_page, "unsure")
    browser_page.press("button.primary")
    browser_page.sees("approved-live")

    assert browser_page.site.api.changes == ["approve"]


def test_a_request_that_the_browser_resends_takes_effect_once(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST approve", falls_silent)
    browser_page.open_as()
    browser_page.sees("pending")
    browser_page.press("button.primary")
    browser_page.sees("granted")

    assert [method for method, _ in browser_page.site.api.calls].count("POST") == 2
    assert browser_page.site.api.changes == ["approve"]


@pytest.mark.nightly("a neighbour of this test presses the same controls")
def test_a_decline_that_the_browser_resends_is_shown_as_declined(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST decline", falls_silent)
    reach(browser_page, "declining")
    browser_page.press("button.primary")
    browser_page.sees("declined")

    assert "Sie haben die Anfrage abgelehnt, am Montag" in browser_page.text
    assert browser_page.site.api.changes == ["decline"]


def test_an_approval_that_never_arrived_can_be_sent_again_under_the_same_key(browser_page: BrowserPage) -> None:
    keys: list[str | None] = []
    browser_page.page.on(
        "request", lambda sent: keys.append(sent.headers.get("idempotency-key")) if sent.method == "POST" else None
    )
    reach(browser_page, "pending-again")
    assert "Ihre Antwort ist nicht angekommen" in browser_page.text
    browser_page.press("button.primary")
    browser_page.sees("granted")

    assert browser_page.site.api.changes == ["approve"]
    given = [key for key in keys if key]
    assert len(given) == 2
    assert len(set(given)) == 1


def test_while_the_outcome_is_unknown_the_page_does_not_claim_that_nothing_changed(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("GET me", breaks_before)
    browser_page.open_as()
    browser_page.sees("trouble")
    browser_page.press("button.primary")
    browser_page.sees("pending")
    browser_page.site.api.fail("POST approve", breaks_after)
    browser_page.site.api.fail(f"GET {REQUEST_ID}", refuses(errors.Busy(retry_after=1)))
    browser_page.press("button.primary")
    browser_page.sees("unsure")
    browser_page.press("button.primary")
    expect(browser_page.page.locator("main")).to_have_attribute("data-state", "unsure")
    assert "nichts geändert" not in browser_page.text
    browser_page.press("button.primary")
    browser_page.sees("approved-live")


def test_an_expired_session_loses_no_input(browser_page: BrowserPage) -> None:
    reach(browser_page, "session-over")
    assert "Ihre Entscheidung wurde noch nicht übernommen." in browser_page.text
    browser_page.sign_in()
    browser_page.sees("pending")

    assert browser_page.site.api.changes == []


@pytest.mark.parametrize(
    ("meanwhile", "state"),
    probes(
        ({"state": "declined"}, "declined"),
        (ANNA_SAID_YES, "approved-live"),
        rest=[({"state": "withdrawn"}, "withdrawn"), ({"state": "expired"}, "expired")],
    ),
    ids=lambda said: said.get("state") if isinstance(said, dict) else said,
)
def test_a_user_who_answers_too_late_sees_the_current_state(
    browser_page: BrowserPage, meanwhile: dict[str, Any], state: str
) -> None:
    browser_page.open_as()
    browser_page.sees("pending")
    browser_page.site.api.request |= meanwhile
    browser_page.site.api.grant = a_grant()
    browser_page.press("button.primary")
    browser_page.sees(state)

    assert browser_page.site.api.changes == []


def test_a_right_removed_meanwhile_is_shown(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST approve", refuses(errors.RightMissing(ask=[])))
    browser_page.open_as()
    browser_page.sees("pending")
    browser_page.press("button.primary")
    browser_page.sees("no-right")

    assert "Bitte fragen Sie die Person, die Ihr Konto verwaltet." in browser_page.text


def test_an_answered_request_is_shown_without_its_deleted_grant(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= ANNA_SAID_YES
    browser_page.open_as()
    browser_page.sees("approved-long-ago")

    assert browser_page.page.locator(".buttons").count() == 0
    assert ("GET", f"/v1/grants/{GRANT_ID}") in browser_page.site.api.calls


def test_a_slow_answer_shows_a_hint(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("GET about", takes(5.5))
    browser_page.open_as()
    expect(browser_page.page.locator("[role=status]")).to_have_text(re.compile("länger als gewöhnlich"))
    browser_page.page.locator("main[data-state=pending]").wait_for(timeout=15000)


def test_another_link_in_the_same_tab_starts_over(browser_page: BrowserPage) -> None:
    browser_page.open_as()
    browser_page.sees("pending")
    browser_page.page.evaluate("location.hash = '#01M8EXAMP1E0REQVEST0000002'")
    browser_page.sees("sign-in")
    browser_page.sign_in()
    browser_page.sees("unknown")


def test_the_page_works_after_the_back_button_on_the_sign_in_page(browser_page: BrowserPage) -> None:
    browser_page.open()
    browser_page.press("button.primary")
    browser_page.page.locator("#anna").wait_for()
    browser_page.page.go_back()
    browser_page.sees("sign-in")
    browser_page.sign_in()
    browser_page.sees("pending")


# ------------------------------------------------------------------ the link of a notice


def test_a_notice_leads_to_its_grant_and_opening_it_changes_nothing(browser_page: BrowserPage) -> None:
    browser_page.site.api.grant = a_grant()
    browser_page.open(browser_page.site.grant_link)
    browser_page.sees("sign-in")

    assert browser_page.heading == "Der Support hat Zugang zu Ihrem Konto"
    assert browser_page.site.api.calls == []
    browser_page.sign_in()
    browser_page.sees("grant-live")
    for text in (
        "Sven Brandt hat Zugang zu Ihrem Konto",
        "Sven Brandt (Kennung sven)",
        "Acme Immobilien GmbH (Kundenname acme)",
        "Anna Albrecht",
        "Montag, 23. November 2026, 18:30 Uhr (Mitteleuropäische Zeit)",
        "Nicht erlaubt",
    ):
        assert text in browser_page.text
    assert browser_page.site.api.changes == []
    assert {method for method, _ in browser_page.site.api.calls} == {"GET"}
    assert browser_page.page.url == browser_page.site.grant_link
    browser_page.leaves_no_trace()


def test_a_user_with_the_right_revokes_the_grant_of_a_notice(browser_page: BrowserPage) -> None:
    browser_page.site.api.grant = a_grant()
    browser_page.open_as("giulia", browser_page.site.grant_link)
    browser_page.sees("grant-live")
    browser_page.press(".buttons button")
    browser_page.sees("grant-ending")
    assert browser_page.site.api.changes == []
    browser_page.press(".buttons button:nth-child(2)")
    browser_page.sees("grant-live")
    browser_page.press(".buttons button")
    browser_page.sees("grant-ending")
    browser_page.press("button.primary")
    browser_page.sees("grant-over")

    assert browser_page.site.api.changes == ["revoke"]
    assert browser_page.site.api.grant["revoked_by"]["user_id"] == "giulia"
    assert browser_page.page.locator(".buttons").count() == 0


@pytest.mark.nightly("a neighbour of this test presses the same controls")
def test_a_department_and_a_grant_without_an_end_are_shown_as_such(browser_page: BrowserPage) -> None:
    reach(browser_page, "grant-for-good")

    for text in ("Support (alle in dieser Abteilung)", "Unbefristet", "Erlaubt"):
        assert text in browser_page.text


def test_a_user_without_the_right_cannot_see_the_grant(browser_page: BrowserPage) -> None:
    browser_page.site.api.grant = a_grant()
    browser_page.open_as("ben", browser_page.site.grant_link)
    browser_page.sees("no-right")

    assert "Sven" not in browser_page.text


@pytest.mark.nightly("a neighbour of this test presses the same controls")
def test_a_grant_that_time_ended_meanwhile_is_shown_as_ended(browser_page: BrowserPage) -> None:
    reach(browser_page, "grant-ending")
    assert browser_page.site.api.grant
    browser_page.site.api.grant["state"] = "ended"
    browser_page.press("button.primary")
    browser_page.sees("grant-over")

    assert browser_page.site.api.changes == []


@pytest.mark.nightly("a neighbour of this test presses the same controls")
def test_a_revoke_whose_answer_is_lost_is_looked_up(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail(f"DELETE {GRANT_ID}", breaks_after)
    reach(browser_page, "grant-ending")
    browser_page.press("button.primary")
    browser_page.sees("unsure")
    browser_page.press("button.primary")
    browser_page.sees("grant-over")

    assert browser_page.site.api.changes == ["revoke"]


@pytest.mark.parametrize("fragment", probes("request={}", rest=["{}"]))
def test_a_link_leads_to_a_request_with_its_kind_and_without(browser_page: BrowserPage, fragment: str) -> None:
    browser_page.open_as("anna", f"{browser_page.site.url}/activate#{fragment.format(REQUEST_ID)}")
    browser_page.sees("pending")


def test_any_other_link_is_incomplete(browser_page: BrowserPage) -> None:
    for fragment in (
        "grant=", "grant=01M8EX", "Grant={}", "grants={}", "request=grant={}", "grant={}&x=1", "grant=/{}", "{}=",
    ):  # fmt: skip
        browser_page.open("about:blank")
        browser_page.open(f"{browser_page.site.url}/activate#{fragment.format(GRANT_ID)}")
        browser_page.sees("incomplete")

    assert browser_page.site.api.calls == []


# ------------------------------------------------------------------ a link without a request


@pytest.mark.parametrize("rest", probes("/safelinks?url=x", rest=["", "/", "#grant=01M8EX"]))
def test_a_link_that_lost_its_request_leads_to_the_pending_ones(browser_page: BrowserPage, rest: str) -> None:
    api = browser_page.site.api
    browser_page.open_as_without_request("anna", f"{browser_page.site.url}/activate{rest}")
    browser_page.sees("requests")

    assert "Sven Brandt (Kennung sven)" in browser_page.text
    assert "Rechnung 4711 lässt sich nicht drucken." in browser_page.text
    assert "Dienstag, 24. November" not in browser_page.text and "23. November 2026, 13:00 Uhr" in browser_page.text
    assert api.changes == []


def test_she_opens_one_of_them_and_comes_back_to_the_others(browser_page: BrowserPage) -> None:
    reach(browser_page, "chosen")
    assert browser_page.page.url == browser_page.site.link
    assert "Sven Brandt bittet um Zugang" in browser_page.heading.replace("\u2068", "").replace("\u2069", "")
    browser_page.press("button.primary")
    browser_page.sees("granted")
    browser_page.page.get_by_role("button", name="Alle offenen Anfragen").click()
    browser_page.sees("requests")

    assert browser_page.page.url == f"{browser_page.site.url}/activate"
    assert browser_page.page.locator(".requests li").count() == 1
    assert "Dora Vogel (Kennung dora)" in browser_page.text and "<b>Import" in browser_page.text
    assert browser_page.page.get_by_role("button", name="Alle offenen Anfragen").count() == 0
    assert browser_page.site.api.changes == ["approve"]


def test_a_user_without_the_right_reads_whom_to_ask_instead_of_the_list(browser_page: BrowserPage) -> None:
    browser_page.open_as_without_request("ben", f"{browser_page.site.url}/activate")
    browser_page.sees("no-right")

    assert "anna@acme.example" in browser_page.text and "Sven" not in browser_page.text


def test_the_list_is_of_the_own_account_and_says_if_it_is_empty(browser_page: BrowserPage) -> None:
    browser_page.open_as_without_request("carla", f"{browser_page.site.url}/activate")
    browser_page.sees("requests-none")
    assert "No request is open at Globex Inc. Perhaps" in browser_page.text

    browser_page.site.api.request |= {"tenant_id": "globex"}
    browser_page.press("button.primary")
    browser_page.sees("requests")


# ------------------------------------------------------------------ signing in


def test_the_address_of_the_sign_in_has_a_challenge_and_no_secret(browser_page: BrowserPage) -> None:
    browser_page.open()
    browser_page.press("button.primary")
    browser_page.page.locator("#anna").wait_for()
    parameters = {name: value for name, (value,) in parse_qs(urlsplit(browser_page.page.url).query).items()}
    browser_page.press("#anna")
    browser_page.sees("pending")

    assert parameters["redirect_uri"] == f"{browser_page.site.url}/activate"
    assert (parameters["response_type"], parameters["code_challenge_method"]) == ("code", "S256")
    assert len({parameters["state"], parameters["nonce"], parameters["code_challenge"]}) == 3
    assert min(len(parameters[name]) for name in ("state", "nonce", "code_challenge")) == 43
    assert REQUEST_ID not in json.dumps(parameters)


def test_after_the_sign_in_the_address_contains_only_the_request(browser_page: BrowserPage) -> None:
    browser_page.open_as()
    browser_page.sees("pending")

    assert browser_page.page.url == browser_page.site.link
    assert browser_page.stored_data() == json.dumps([{}, {}, "", None, browser_page.site.link], separators=(",", ":"))
    assert len(browser_page.tokens) == 1


def test_a_forged_redirect_does_not_sign_in(browser_page: BrowserPage) -> None:
    browser_page.open()
    browser_page.press("button.primary")
    browser_page.page.locator("#anna").wait_for()
    browser_page.open(f"{browser_page.site.url}/activate?code=forged&state=forged")
    browser_page.sees("not-signed-in-failed")

    assert not [address for address in browser_page.addresses if address.endswith("/token")]
    assert browser_page.page.url == browser_page.site.link
    browser_page.sign_in()
    browser_page.sees("pending")


@pytest.mark.parametrize(
    "changed",
    probes(
        {"nonce": "x"},
        {"id_token": "a.b.c"},
        rest=[{"id_token": None}, {"aud": "guestkey-support"}, {"iss": "https://x"}],
    ),
    ids=str,
)
def test_a_token_of_another_sign_in_is_not_used(browser_page: BrowserPage, changed: dict[str, Any]) -> None:
    from local.tokens import mint

    def forge(route: Route) -> None:
        token = mint("anna", browser_page.site.issuer, **{"nonce": "another", **changed})
        given = {"id_token": token} | changed
        route.fulfill(json=given, headers={"Access-Control-Allow-Origin": browser_page.site.url})

    browser_page.page.route("**/tenant/token", forge)
    browser_page.open_as()
    browser_page.sees("not-signed-in-failed")

    assert browser_page.site.api.calls == []


def test_a_configuration_of_another_issuer_is_not_used(browser_page: BrowserPage) -> None:
    def pretend(route: Route) -> None:
        configuration = {"issuer": "https://evil.example", "authorization_endpoint": "https://evil.example/"}
        route.fulfill(json=configuration, headers={"Access-Control-Allow-Origin": browser_page.site.url})

    browser_page.page.route("**/.well-known/openid-configuration", pretend)
    browser_page.open()
    browser_page.press("button.primary")
    browser_page.sees("not-signed-in-unreachable")


def test_an_unexpected_answer_of_the_api_shows_the_error_state(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("GET me", refuses(errors.InputInvalid(errors=[])))
    browser_page.open_as()
    browser_page.sees("trouble")


# ------------------------------------------------------------------ text written by others

HOSTILE = "<img src=x onerror=alert(1)> {agent} </dd><script>alert(2)</script> \u202emoc.elpmaxe"


def test_text_written_by_others_is_shown_as_text_only(browser_page: BrowserPage) -> None:
    browser_page.site.api.approver_emails["acme"] = [HOSTILE]
    browser_page.site.api.request |= {
        "reason": HOSTILE * 5,
        "agent": {"id": "sven", "name": HOSTILE, "present_name": HOSTILE},
    }
    browser_page.open_as()
    browser_page.sees("pending")

    assert HOSTILE in browser_page.page.locator(".quoted").inner_text()
    assert browser_page.page.locator("img, script:not([src])").count() == 0
    browser_page.press("button.primary")
    browser_page.sees("granted")
    assert browser_page.page.locator("img").count() == 0


@pytest.mark.nightly("a neighbour of this test presses the same controls")
def test_the_ticket_and_the_customer_name_are_shown(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= {"ticket": "T-4711"}
    browser_page.site.api.customer_name = "Acme Immo 7"
    browser_page.open_as("anna")
    browser_page.sees("pending")

    assert "Vorgang" in browser_page.text
    assert "T-4711" in browser_page.text
    assert "Acme Immobilien GmbH (Kundenname Acme Immo 7)" in browser_page.text


def test_the_longest_name_and_reason_fit_at_320_pixels(browser_page: BrowserPage) -> None:
    browser_page.page.set_viewport_size({"width": 320, "height": 640})
    long = {
        "reason": "W" * 500,
        "ticket": "W" * 100,
        "agent": {"id": "s" * 64, "name": "Ö" * 200, "present_name": "Ü" * 200},
    }
    browser_page.site.api.request |= long
    browser_page.site.api.customer_name = "W" * 200
    browser_page.open_as()
    browser_page.sees("pending")

    assert not browser_page.is_wider_than_the_window()


# ------------------------------------------------------------------ accessibility and languages


@every_state
def test_every_state_is_accessible(browser_page: BrowserPage, elements_seen: set[str], name: str) -> None:
    """Assert that texts are complete, that axe finds no violation, and that all fits at 320 pixels and at 200 %."""
    browser_page.site.api.locale = "de-DE"
    reach(browser_page, name)
    page = browser_page.page

    assert page.locator("html").get_attribute("lang") == "de"
    assert not re.search(r"undefined|null|NaN|\[object|[{}]", browser_page.text)
    if has_new_elements(page, elements_seen):
        require_readable(page)
    page.set_viewport_size({"width": 320, "height": 640})
    assert not browser_page.is_wider_than_the_window()
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert not browser_page.is_wider_than_the_window()


STEPS: dict[str, tuple[tuple[str, str], ...]] = {
    "sign-in": (),
    "pending-without-export": (("declining", ".buttons button:nth-child(2)"),),
    "granted-for-good": (("ending", ".buttons button"),),
    "expired": (),
}
"""States to reach, and the states and buttons that follow each."""


@every_language
def test_every_step_works_in_every_language(browser: Browser, site: Site, language: str) -> None:
    with visiting(browser, site, locale=LOCALES[language]) as browser_page:
        page, headings = browser_page.page, []

        def read() -> None:
            assert page.locator("html").get_attribute("lang") == language
            assert not re.search(r"undefined|[{}]", browser_page.text)
            page.set_viewport_size({"width": 320, "height": 640})
            assert not browser_page.is_wider_than_the_window()
            headings.append(browser_page.heading)

        for name, presses in STEPS.items():
            site.api.reset()
            site.api.locale = LOCALES[language]
            page.goto("about:blank")
            reach(browser_page, name)
            read()
            for state, button in presses:
                browser_page.press(button)
                browser_page.sees(state)
                read()
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize(
    ("locale", "language"),
    probes(
        ("de-AT", "de-AT"),
        rest=[("de-LI", "de"), ("fr-FR", "en"), ("de-CH", "de-CH"), ("es-MX", "es"), ("it-CH", "it"), ("tr-TR", "en")],
    ),
)
def test_every_locale_has_a_language(browser: Browser, site: Site, locale: str, language: str) -> None:
    with visiting(browser, site, locale=locale) as browser_page:
        browser_page.open()
        browser_page.sees("sign-in")

        assert browser_page.page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize(
    ("locale", "expected"),
    probes(
        ("en-US", "Tuesday, November 24, 2026, 1:00 PM (Central European Time)"),
        ("fr-FR", "Dienstag, 24. November 2026, 13:00 Uhr (Mitteleuropäische Zeit)"),
        ("not a locale", "Dienstag, 24. November 2026"),
        rest=[
            ("de_AT", "Dienstag, 24. November 2026, 13:00 Uhr (Mitteleuropäische Zeit)"),
            ("en-GB", "24 November 2026, 13:00 (Central European Time)"),
            ("es-ES", "martes, 24 de noviembre de 2026, 13:00 h (hora de Europa central)"),
            ("it-IT", "martedì 24 novembre 2026, ore 13:00 (Ora dell\u2019Europa centrale)"),
            ("", "Dienstag, 24. November 2026"),
        ],
    ),
)
def test_times_are_in_the_tenants_zone_and_the_users_language(
    browser_page: BrowserPage, locale: str, expected: str
) -> None:
    browser_page.site.api.locale = locale
    browser_page.open_as()
    browser_page.sees("pending")

    assert expected in browser_page.text


ENDS = [
    ("2026-11-23T22:59:59Z", "Europe/Berlin", "Montag, 23. November 2026, 23:59 Uhr (Mitteleuropäische Zeit)"),
    ("2026-11-23T23:00:00Z", "Europe/Berlin", "Montag, 23. November 2026, 24:00 Uhr (Mitteleuropäische Zeit)"),
    ("2026-11-23T23:00:01Z", "Europe/Berlin", "Dienstag, 24. November 2026, 00:00 Uhr (Mitteleuropäische Zeit)"),
    ("2026-10-25T00:30:00Z", "Europe/Berlin", "25. Oktober 2026, 02:30 Uhr (Mitteleuropäische Zeit, GMT+02:00)"),
    ("2026-10-25T01:30:00Z", "Europe/Berlin", "25. Oktober 2026, 02:30 Uhr (Mitteleuropäische Zeit, GMT+01:00)"),
    ("2026-10-25T02:00:00Z", "Europe/Berlin", "25. Oktober 2026, 03:00 Uhr (Mitteleuropäische Zeit)"),
    # Lord Howe's clock goes back by half an hour; a midnight occurs twice; a day begins at one o'clock.
    ("2026-04-04T15:00:00Z", "Australia/Lord_Howe", "5. April 2026, 01:30 Uhr (Lord-Howe-Zeit, GMT+10:30)"),
    ("2026-10-25T00:00:00Z", "Atlantic/Azores", "25. Oktober 2026, 00:00 Uhr (Azoren-Zeit, GMT+00:00)"),
    ("2026-03-28T22:00:00Z", "Asia/Beirut", "29. März 2026, 01:00 Uhr (Osteuropäische Zeit (Libanon))"),
]


def test_an_end_is_shown_with_its_local_day_and_hour(browser_page: BrowserPage) -> None:
    browser_page.open()
    browser_page.sees("sign-in")
    module, german = (
        next(address for address in browser_page.addresses if re.search(rf"/{name}\.\w{{10}}\.js$", address))
        for name in ("texts", r"activate\.de")
    )
    ask = """async ([module, german, at, zone]) => {
      const { endMoment, loadTexts } = await import(module);
      return endMoment(at, { ...(await loadTexts({ de: () => import(german) }, "de-DE")), zone });
    }"""

    for at, zone, expected in ENDS:
        written = browser_page.page.evaluate(ask, [module, german, at, zone])
        assert re.sub("[\u2068\u2069]", "", written).replace("\u00a0", " ").endswith(expected)


@pytest.mark.parametrize("language", probes("en", rest=["de", "es", "it"]))
def test_midnight_is_the_end_of_the_day_before_in_every_language(browser: Browser, site: Site, language: str) -> None:
    expected = {
        "de": "Bis Montag, 23. November 2026, 24:00 Uhr (Mitteleuropäische Zeit)",
        "en": "Until Monday, 23 November 2026, end of the day (Central European Time)",
        "es": "Hasta el lunes, 23 de noviembre de 2026, 24:00 h (hora de Europa central)",
        "it": "Fino a lunedì 23 novembre 2026, ore 24:00 (Ora dell\u2019Europa centrale)",
    }
    site.api.locale = LOCALES[language]
    with visiting(browser, site, locale=LOCALES[language]) as browser_page:
        reach(browser_page, "granted-until-midnight")

        assert expected[language] in browser_page.text


def test_every_step_works_with_the_keyboard_alone(browser_page: BrowserPage) -> None:
    keys = browser_page.page.keyboard
    browser_page.open()
    browser_page.sees("sign-in")
    browser_page.tab_to("button.primary")
    keys.press("Enter")
    browser_page.page.locator("#anna").wait_for()
    browser_page.page.locator("#anna").press("Enter")
    browser_page.sees("pending")
    browser_page.tab_to("#period")
    keys.press("ArrowDown")
    browser_page.tab_to("#may-export")
    keys.press("Space")
    browser_page.tab_to("button.primary")
    keys.press("Enter")
    browser_page.sees("granted")

    assert browser_page.site.api.answered[0][1] == {"period": "today", "access": "change", "may_export": True}


def test_all_controls_are_visible_in_forced_colours(browser_page: BrowserPage) -> None:
    browser_page.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    reach(browser_page, "pending")

    for button in browser_page.page.locator(".buttons button").all():
        assert button.evaluate("element => getComputedStyle(element).borderStyle") == "solid"
    require_no_violation(browser_page.page, WCAG)


def test_the_page_has_no_animation(browser_page: BrowserPage) -> None:
    reach(browser_page, "pending")

    assert browser_page.page.evaluate("document.getAnimations().length") == 0
    assert not re.search(r"animation|transition", (WEB / "activate.css").read_text())


def test_without_javascript_the_page_shows_its_requirements(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.link)

    assert "Diese Seite braucht JavaScript." in page.locator("main").inner_text()
    assert "This page needs JavaScript." in page.locator("main").inner_text()
    context.close()
