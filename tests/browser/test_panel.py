"""<guestkey-panel> in a vendor's help menu, in a real browser: each tab does its job for whoever may, and says why to
whoever may not; nothing is done twice, nothing is lost, and everybody can use it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Browser, Route, expect

from guestkey.edge.http import csv_export
from guestkey.rules.ledger import canonical, hash_of
from guestkey.store.ledger import ledger
from local.tokens import mint
from tests import factories, table
from tests.browser import clerk as clerks
from tests.browser import mondays
from tests.browser.clerk import HOSTILE, LOCALES, TABS, at_work, loosely, plain
from tests.browser.product import Product
from tests.browser.visitor import lose, require_readable
from tests.calls import call
from tests.factories import MONDAY_NOON, TUESDAY_AT_TEN
from tests.personas import ANNA, BACKEND, DORA, GIULIA, SVEN

Clerk = clerks.Clerk[Product]


def live() -> list[dict[str, Any]]:
    """Return what is live at Acme, as Anna reads it from the API."""
    items: list[dict[str, Any]] = call("GET", "/v1/grants", query={"state": "live"}, caller=ANNA).body["items"]
    return items


def may_enter(agent: str = "sven") -> bool:
    """Ask as the vendor's product does."""
    order = {"tenant_id": "acme", "agent_id": agent, "action": "enter"}
    allowed: bool = call("POST", "/v1/vendor/checks", order, caller=BACKEND).body["allowed"]
    return allowed


# ------------------------------------------------------------------ letting support in


def test_anna_lets_support_in_for_an_hour_in_three_clicks(clerk: Clerk) -> None:
    clerk.comes("anna")
    clerk.press("#help")

    clerk.press("#support")
    clerk.press("#department-support")
    clerk.press("#give")
    clerk.hears("Support hat jetzt Zugang bis")

    (grant,) = live()
    assert grant["grantee"] == {"type": "department", "id": "support", "name": "Support"}
    assert (grant["period"], grant["may_export"]) == ("1h", False)
    assert "Support hat jetzt Zugang bis Montag, 23. November 2026, 14:00 Uhr (Mitteleuropäische Zeit)." in clerk.text
    assert clerk.told == ["guestkey:right", "guestkey:right", "guestkey:granted"]
    assert may_enter()


def test_she_finds_whom_she_wants_as_she_types_and_may_choose_everything(clerk: Clerk) -> None:
    clerk.opens()
    clerk.page.locator("#search").press_sequentially("bra")
    expect(clerk.panel.locator(".choice")).to_have_text(["Sven BrandtSupport"])
    clerk.press("#agent-sven")
    clerk.page.locator("#search").fill("vogel")
    expect(clerk.panel.locator(".choice")).to_have_text(["Sven BrandtSupport", "Dora VogelDevelopment"])
    expect(clerk.page.locator("#agent-sven")).to_be_checked()
    clerk.page.locator("#search").fill("")
    expect(clerk.page.locator("#agent-sven")).to_be_checked()
    clerk.page.locator("#period-give").select_option("permanent")
    clerk.page.locator("#export-give").check()
    clerk.press("#give")
    clerk.hears("Sven Brandt hat jetzt Zugang, bis Sie ihn entziehen.")

    (grant,) = live()
    assert (grant["grantee"]["id"], grant["period"], grant["may_export"]) == ("sven", "permanent", True)
    clerk.reads("Unbefristet, mit Datenexport")


def test_a_search_that_finds_nobody_says_so(clerk: Clerk) -> None:
    clerk.opens()
    clerk.page.locator("#search").fill("niemand")
    clerk.reads("Niemand gefunden.")


def test_without_a_choice_nothing_is_sent_and_she_is_told_what_is_missing(clerk: Clerk) -> None:
    clerk.opens()
    clerk.press("#give")
    clerk.hears("Wählen Sie bitte zuerst, wer Zugang erhalten soll.")

    expect(clerk.page.locator("#search")).to_be_focused()
    assert live() == []


def test_who_asks_stands_on_top_and_export_is_off_until_she_turns_it_on(clerk: Clerk) -> None:
    asked = factories.requested(SVEN, reason="Rechnung 4711 lässt sich nicht drucken", period="4h", may_export=True)
    declined = factories.requested(DORA)
    clerk.opens()
    clerk.reads("Sven Brandt bittet um Zugang")
    clerk.reads("Gewünscht: 4 Stunden, mit Datenexport.")
    clerk.press(f"#approve-{asked.request_id}")
    expect(clerk.page.get_by_text("Sven Brandt bittet um Zugang")).to_have_count(0)
    clerk.press(f"#decline-{declined.request_id}")
    expect(clerk.panel.locator(".card")).to_have_count(0)

    (grant,) = live()
    assert (grant["request_id"], grant["period"], grant["may_export"]) == (asked.request_id, "4h", False)
    assert factories.what_happened()[-3:] == ["request.approved", "grant.given", "request.declined"]


def test_what_is_live_counts_down_and_is_revoked_at_once(clerk: Clerk) -> None:
    given = factories.grant(SVEN, period="2h")
    clerk.opens()
    clerk.reads(re.compile("Noch .*1 Stunde 59 Minuten"))
    assert may_enter()
    clerk.press(f"#revoke-{given.grant_id}")
    clerk.reads("Niemand.")

    expect(clerk.page.locator("#live")).to_be_focused()
    assert not may_enter()
    assert clerk.told[-1] == "guestkey:revoked"


def test_what_time_ends_goes_away_by_itself(clerk: Clerk, world: time_machine.Traveller) -> None:
    factories.grant(SVEN, at=MONDAY_NOON - timedelta(minutes=59, seconds=57))
    clerk.opens()
    clerk.reads(re.compile(r"Noch .*\d Sekunden?"))
    world.shift(timedelta(seconds=4))
    clerk.reads("Niemand.")


# ------------------------------------------------------------------ overviews


def rows(clerk: Clerk) -> list[str]:
    """Return the rows of a list, a line for each line that one sees."""
    return [re.sub("\n+", "\n", plain(row)) for row in clerk.panel.locator(".rows > li").all_inner_texts()]


def test_the_activation_overview_tells_who_gave_what_to_whom_and_how_it_ended(clerk: Clerk) -> None:
    mondays.busy()
    clerk.opens()
    clerk.goes_to("grants")
    expect(clerk.panel.locator(".rows > li")).to_have_count(4)
    first, second, third, fourth = rows(clerk)

    assert first.split("\n") == [
        "Support", "Erlaubt von Anna Albrecht am 21.11.2026, 13:00 Uhr", "Unbefristet, mit Datenexport", "Gültig",
    ]  # fmt: skip
    assert "Bis 23.11.2026, 15:00 Uhr, ohne Datenexport" in second
    assert "Entzogen von Anna Albrecht am 20.11.2026, 13:25 Uhr" in third
    assert fourth.endswith("Bis 14.10.2026, 15:00 Uhr, ohne Datenexport\nBeendet")
    clerk.page.locator("#only-live").check()
    expect(clerk.panel.locator(".rows > li")).to_have_count(2)


def test_a_long_list_comes_page_by_page_and_whole_as_csv(clerk: Clerk) -> None:
    factories.bulk_grants(60, at=MONDAY_NOON - timedelta(days=1))
    clerk.opens()
    clerk.goes_to("grants")
    expect(clerk.panel.locator(".rows > li")).to_have_count(50)
    clerk.press("#more")
    expect(clerk.panel.locator(".rows > li")).to_have_count(60)
    expect(clerk.panel.locator(".rows > li").nth(50)).to_be_focused()
    with clerk.page.expect_download() as saving:
        clerk.press("#csv")

    assert saving.value.suggested_filename == "zugaenge.csv"
    assert saving.value.path().read_bytes().decode() == call("GET", "/v1/grants.csv", caller=ANNA).text


def test_csv_of_several_pages_has_one_header(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:

    factories.bulk_grants(7, at=MONDAY_NOON - timedelta(days=1))
    whole = call("GET", "/v1/grants.csv", caller=ANNA)
    monkeypatch.setattr(csv_export, "BATCH", 3)
    clerk.opens()
    clerk.goes_to("grants")
    with clerk.page.expect_download() as saving:
        clerk.press("#csv")

    assert saving.value.path().read_bytes().decode() == whole.text


def test_the_login_overview_tells_the_exact_time_the_department_and_the_reason(clerk: Clerk) -> None:
    mondays.busy()
    clerk.opens()
    clerk.goes_to("logins")
    expect(clerk.panel.locator(".rows > li")).to_have_count(2)
    first, second = rows(clerk)

    assert first.split("\n") == [
        "Sven Brandt · Support", "Der Import steht still", "23.11.2026, 13:00:00 Uhr \u2013 jetzt noch angemeldet",
        "Vorgang T-4711",
    ]  # fmt: skip
    assert second.endswith("14.10.2026, 14:00:00 Uhr bis 14.10.2026, 15:00:00 Uhr")


def test_the_ledger_is_checked_in_the_browser(clerk: Clerk) -> None:
    mondays.busy()
    tip = ledger.read_state("acme")
    assert tip
    clerk.opens()
    clerk.goes_to("logins")
    clerk.press("#check")
    clerk.hears("Alles in Ordnung")

    assert f"{tip.head.seq} Einträge, keiner wurde verändert. Prüfsumme {tip.head}" in clerk.text
    clerk.page.locator("#kept").fill(str(next(iter(ledger.entries_after("acme", 2, 1))).head))
    clerk.press("#check")
    clerk.hears("Alles in Ordnung")
    clerk.page.locator("#kept").fill(f"3:{'0' * 64}")
    clerk.press("#check")
    clerk.reads("Bis Eintrag 3 wurde das Protokoll neu geschrieben.")


def test_each_way_to_falsify_the_ledger_is_named(clerk: Clerk) -> None:
    mondays.busy()
    clerk.opens()
    clerk.goes_to("logins")
    found = clerk.panel.locator(".findings li")
    for how, (falsified, said) in FALSIFIED.items():
        clerk.page.route("**/v1/ledger*", partial(falsify, falsified))
        clerk.press("#check")
        expect(found, how).to_have_text([loosely(said)])
        clerk.page.unroute("**/v1/ledger*")


def falsify(falsified: Callable[[list[str]], list[str]], route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body="".join(falsified(answer.text().splitlines(keepends=True))))


Lines = list[str]


def _rehashed(line: str, **changes: str) -> str:
    """Return an entry with other fields and the hash that belongs to them."""
    fields = json.loads(line) | changes
    return canonical(fields | {"hash": hash_of(fields)}).decode() + "\n"


FALSIFIED: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "edited": (
        lambda lines: [lines[0], lines[1].replace('"at":"20', '"at":"19'), *lines[2:]],
        "Eintrag 2 wurde verändert.",
    ),
    "missing": (lambda lines: [*lines[:2], *lines[3:]], "Ab Eintrag 3 fehlt etwas."),
    "doubled": (lambda lines: [*lines[:4], lines[3], *lines[4:]], "Eintrag 4 steht doppelt da."),
    "out of order": (
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        "Eintrag 3 steht an falscher Stelle.",
    ),
    "malformed": (
        lambda lines: [lines[0], lines[1].replace('":', '": ', 1), *lines[2:]],
        "Eintrag 2 ist nicht lesbar.",
    ),
    "relinked": (
        lambda lines: [*lines[:2], _rehashed(lines[2], prev_hash="f" * 64), *lines[3:]],
        "Eintrag 3 passt nicht zum vorigen.",
    ),
    "somebody else's": (
        lambda lines: [*lines, _rehashed(lines[0], tenant_id="globex")],
        "Eintrag 1 gehört nicht zu Ihrem Konto.",
    ),
    "cut off": (lambda lines: lines[:-1], "Ab Eintrag 10 ist das Protokoll abgeschnitten."),
}


# ------------------------------------------------------------------ call-backs


def test_anna_books_a_slot_moves_it_and_cancels_it(clerk: Clerk) -> None:
    clerk.opens()
    clerk.goes_to("callback")
    clerk.page.locator("#topic").select_option("consultation")
    clerk.page.locator("#day").select_option("Dienstag, 24. November")
    clerk.panel.locator(".time", has_text="10:00").click()
    clerk.page.locator("#description").fill("Der Import steht still")
    clerk.page.locator("#phone").fill("0241 446 86 122")
    clerk.press("#book")
    clerk.hears("Der Rückruf ist vereinbart.")

    assert list(factories.seats_held()) == [TUESDAY_AT_TEN, TUESDAY_AT_TEN + timedelta(minutes=15)]
    assert "Dienstag, 24. November 2026, 10:00 Uhr (Mitteleuropäische Zeit)" in clerk.text
    assert "Beratung" in clerk.text
    clerk.press("#move")
    clerk.panel.locator("#day").select_option("Dienstag, 24. November")
    clerk.panel.locator(".time", has_text="10:15").click()
    clerk.press("#move")
    clerk.hears("Der Rückruf ist vereinbart.")
    assert next(iter(factories.seats_held())) == TUESDAY_AT_TEN + timedelta(minutes=15)
    clerk.press("#cancel")
    clerk.hears("Möchten Sie den Rückruf wirklich absagen?")
    clerk.press("#yes")
    clerk.hears("Der Rückruf ist abgesagt.")
    assert factories.seats_held() == {}
    assert clerk.told[-3:] == ["guestkey:booked", "guestkey:booked", "guestkey:cancelled"]


def test_she_may_prefer_the_queue_and_think_better_of_cancelling(clerk: Clerk) -> None:
    clerk.opens()
    clerk.goes_to("callback")
    clerk.page.locator("#day").select_option("Sobald jemand frei ist")
    clerk.page.locator("#description").fill("Der Import steht still")
    clerk.page.locator("#phone").fill("+49 241 446 86 122")
    clerk.press("#book")
    clerk.reads("Sie werden angerufen, sobald jemand frei ist")
    clerk.press("#cancel")
    clerk.panel.get_by_role("button", name="Zurück").click()

    expect(clerk.page.locator("#cancel")).to_be_visible()
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["state"] == "waiting"


def test_what_cannot_be_taken_is_said_at_its_field_and_nothing_typed_is_lost(clerk: Clerk) -> None:
    clerk.opens()
    clerk.goes_to("callback")
    clerk.page.locator("#phone").fill("0241")
    clerk.press("#book")
    clerk.hears("Bitte schreiben Sie kurz, worum es geht, ohne ungewöhnliche Zeichen.")
    expect(clerk.page.locator("#description")).to_be_focused()
    clerk.page.locator("#description").fill("Der Import steht still")
    clerk.press("#book")
    clerk.hears("Bitte prüfen Sie die Telefonnummer.")
    expect(clerk.page.locator("#phone")).to_have_attribute("aria-invalid", "true")
    clerk.goes_to("about")
    clerk.goes_to("callback")

    assert clerk.page.locator("#description").input_value() == "Der Import steht still"
    assert call("GET", "/v1/callbacks/open", caller=ANNA).code == "no_callback"


def test_giulia_joins_the_queue_and_reads_why(browser: Browser, product: Product) -> None:
    with at_work(browser, product, locale="it-IT") as clerk:
        clerk.opens("giulia")
        clerk.goes_to("callback")
        assert "L\u2019assistenza non offre orari fissi nella Sua lingua." in clerk.text
        assert clerk.page.locator("#day").count() == 0
        clerk.page.locator("#description").fill("L\u2019importazione è ferma")
        clerk.page.locator("#phone").fill("+39 06 1234 5678")
        clerk.press("#book")
        clerk.hears("La richiamata è prevista.")

    assert call("GET", "/v1/callbacks/open", caller=GIULIA).body["state"] == "waiting"


def test_while_it_is_not_known_what_is_free_nobody_joins_the_queue_unasked(clerk: Clerk) -> None:
    clerk.opens()
    clerk.page.route("**/v1/slots?*", lambda route: route.abort())
    clerk.goes_to("callback")
    clerk.page.locator("#description").fill("Der Import steht still")
    clerk.page.locator("#phone").fill("+49 241 446 86 122")
    clerk.press("#book")
    clerk.hears("Die Verbindung brach ab.")
    assert call("GET", "/v1/callbacks/open", caller=ANNA).code == "no_callback"
    clerk.page.unroute("**/v1/slots?*")
    clerk.press("#again")
    expect(clerk.page.locator("#day")).to_be_visible()
    clerk.press("#book")
    clerk.hears("Der Rückruf ist vereinbart.")

    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["kind"] == "slot"


def test_a_slot_that_is_taken_meanwhile_is_offered_no_more(clerk: Clerk) -> None:
    clerk.opens()
    clerk.goes_to("callback")
    clerk.page.locator("#day").select_option("Dienstag, 24. November")
    clerk.panel.locator(".time", has_text="10:00").click()
    clerk.page.locator("#description").fill("Der Import steht still")
    clerk.page.locator("#phone").fill("+49 241 446 86 122")
    factories.seats(TUESDAY_AT_TEN, 2)
    clerk.press("#book")
    clerk.hears("Diese Zeit ist nicht mehr frei.")
    clerk.page.locator("#day").select_option("Dienstag, 24. November")
    expect(clerk.panel.locator(".time", has_text="09:45")).to_be_visible()

    assert clerk.panel.locator(".time", has_text="10:00").count() == 0
    clerk.press("#book")
    clerk.hears("Der Rückruf ist vereinbart.")


def test_while_the_desk_is_closed_the_emergency_line_stands_there_with_promise_and_price(
    clerk: Clerk, world: time_machine.Traveller
) -> None:
    world.move_to(mondays.SATURDAY_NOON)
    clerk.opens()
    clerk.goes_to("callback")

    assert "öffnet wieder am Montag, 30. November 2026, 09:00 Uhr" in clerk.text
    assert "+49 241 44686-112" in clerk.text
    assert "innerhalb von 2 Stunden betreut" in clerk.text
    assert "5,95 € je angefangene 5 Minuten" in clerk.text
    assert clerk.panel.locator("a").get_attribute("href") == "tel:+4924144686112"


def test_without_a_desk_the_tab_says_so(clerk: Clerk) -> None:
    from guestkey.store.callbacks import desks
    from guestkey.store.dynamodb import keys

    table.drop((keys.DESK, keys.PROFILE))
    desks.clear_cache()
    clerk.opens()
    clerk.press("#tab-callback")
    clerk.reads("Rückrufe werden derzeit nicht angeboten.")


# ------------------------------------------------------------------ about


def test_customer_name_and_version_can_be_copied(browser: Browser, product: Product) -> None:
    with at_work(browser, product, permissions=["clipboard-read", "clipboard-write"]) as clerk:
        clerk.opens()
        clerk.goes_to("about")
        clerk.press("#copy")
        clerk.hears("Kopiert.")
        copied = clerk.page.evaluate("navigator.clipboard.readText()")

    assert copied.split("\n") == [
        "Kundenname: acme", "Firma: Acme Immobilien GmbH", "Version: Enterprise 24.3",
        "Angemeldet als: Anna Albrecht",
    ]  # fmt: skip


# ------------------------------------------------------------------ whoever may not


def test_the_menu_leaves_the_entry_out_for_somebody_without_the_right(clerk: Clerk) -> None:
    clerk.comes("ben")
    expect(clerk.page.locator("#told")).to_contain_text('guestkey:right {"may_grant":false}')
    clerk.press("#help")

    expect(clerk.page.locator("#support")).to_be_hidden()
    expect(clerk.page.locator("#manual")).to_be_visible()


def test_where_it_is_left_in_they_read_why_and_whom_to_ask(clerk: Clerk) -> None:
    clerk.opens("ben", hide_without_right="off", language="de")

    assert "Sie dürfen für Acme Immobilien GmbH keinen Zugang erlauben." in clerk.text
    assert clerk.panel.locator(".people li").all_inner_texts() == ["anna@acme.example", "giulia@acme.example"]
    assert clerk.panel.locator("[role=tab]").all_inner_texts() == ["Zugang erlauben", "Rückruf", "Info"]
    clerk.goes_to("callback")
    clerk.goes_to("about")


def test_somebody_who_acts_for_another_is_told_that_they_cannot(clerk: Clerk) -> None:
    token = mint("anna", clerk.visitor.site.issuer, act={"sub": "sven"})
    clerk.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": token}))
    clerk.comes("anna", hide_without_right="off")
    clerk.press("#help")
    clerk.press("#support")
    clerk.reads("Sie handeln gerade im Namen einer anderen Person.")


def test_an_agent_is_no_user_and_sees_nothing(clerk: Clerk) -> None:
    token = mint("sven", clerk.visitor.site.issuer)
    clerk.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": token}))
    clerk.comes()
    clerk.press("#help")
    clerk.press("#support")
    clerk.reads("Ihre Anmeldung ist abgelaufen.")

    assert clerk.panel.locator("[role=tab]").count() == 0


def test_a_right_that_is_taken_away_meanwhile_is_said(clerk: Clerk) -> None:
    clerk.opens()
    clerk.press("#department-support")
    factories.right(ANNA, may_grant=False)
    clerk.press("#give")
    clerk.hears("Darüber entscheidet jemand anderes bei Ihnen")

    assert factories.what_happened()[-1] == "right.changed"


# ------------------------------------------------------------------ when something goes wrong


def test_while_the_api_is_down_it_says_so_and_goes_on_afterwards(clerk: Clerk) -> None:
    clerk.page.route("**/v1/about", lambda route: route.abort(), times=1)
    clerk.comes()
    clerk.press("#help")
    clerk.press("#support")
    clerk.reads("Die Verbindung brach ab.")
    clerk.press("#again")
    clerk.sees("activation")


def test_a_slow_answer_is_remarked_upon(clerk: Clerk) -> None:
    clerk.opens()
    clerk.press("#department-support")
    waiting: list[Route] = []
    clerk.page.route("**/v1/grants", partial(keep, waiting))
    clerk.press("#give")
    clerk.hears("Das dauert länger als gewöhnlich.")
    waiting[0].continue_()
    clerk.hears("Support hat jetzt Zugang bis")


def keep(held: list[Route], route: Route) -> None:
    """Let a question wait."""
    held.append(route)


def test_a_session_that_ends_meanwhile_goes_on_with_the_products_fresh_token(clerk: Clerk) -> None:
    clerk.opens()
    old = mint("anna", clerk.visitor.site.issuer, exp=1)
    clerk.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": old}), times=1)
    clerk.press("#department-support")
    clerk.press("#give")
    clerk.hears("Support hat jetzt Zugang bis")

    assert len(live()) == 1


def test_where_there_is_none_it_is_said_and_nothing_is_lost(clerk: Clerk) -> None:
    clerk.opens()
    clerk.press("#department-support")
    clerk.page.locator("#period-give").select_option("2h")
    clerk.page.route("**/host/token?*", lambda route: route.fulfill(status=401))
    clerk.press("#give")
    clerk.hears("Ihre Anmeldung ist abgelaufen.")
    assert live() == []
    clerk.page.unroute("**/host/token?*")
    clerk.press("#give")
    clerk.hears("Support hat jetzt Zugang bis")

    assert [grant["period"] for grant in live()] == ["2h"]


def test_an_answer_that_is_lost_on_its_way_is_asked_for_again_and_nothing_is_done_twice(clerk: Clerk) -> None:
    clerk.opens()
    clerk.press("#department-support")
    clerk.page.route("**/v1/grants", lose, times=1)
    clerk.press("#give")
    clerk.hears("Die Verbindung brach ab.")
    clerk.press("#give")
    clerk.hears("Support hat jetzt Zugang bis")

    assert len(live()) == 1


def test_a_double_click_acts_once(clerk: Clerk) -> None:
    clerk.opens()
    clerk.press("#department-support")
    clerk.page.locator("#give").dblclick()
    clerk.page.locator("#search").press("Enter")
    clerk.hears("Support hat jetzt Zugang bis")
    clerk.page.locator("#give").dispatch_event("click")
    clerk.page.locator("#search").press("Enter")
    factories.grant(DORA)
    clerk.press("#tab-activation")
    expect(clerk.panel.locator("[id^=revoke-]")).to_have_count(2)
    clerk.panel.locator("[id^=revoke-]").first.dblclick()
    expect(clerk.panel.locator("[id^=revoke-]")).to_have_count(1)

    assert factories.what_happened().count("grant.revoked") == 1
    assert [path for path in factories.what_happened() if path == "grant.given"] == ["grant.given"] * 2


def test_two_windows_say_the_same_in_the_end(browser: Browser, product: Product) -> None:
    given, asked = factories.grant(SVEN), factories.requested(DORA)
    with at_work(browser, product) as anna, at_work(browser, product) as colleague:
        for window in (anna, colleague):
            window.opens()
            expect(window.page.locator(f"#revoke-{given.grant_id}")).to_be_visible()
        anna.press(f"#approve-{asked.request_id}")
        expect(anna.panel.locator(".card")).to_have_count(0)
        anna.press(f"#revoke-{given.grant_id}")
        expect(anna.panel.locator(".rows > li")).to_have_count(1)
        colleague.press(f"#revoke-{given.grant_id}")
        expect(colleague.panel.locator(".rows > li")).to_have_count(1)
        colleague.press(f"#decline-{asked.request_id}")
        expect(colleague.panel.locator(".card")).to_have_count(0)
        anna.goes_to("callback")
        colleague.goes_to("callback")
        for window in (anna, colleague):
            window.page.locator("#description").fill("Der Import steht still")
            window.page.locator("#phone").fill("+49 241 446 86 122")
        anna.press("#book")
        anna.hears("Der Rückruf ist vereinbart.")
        colleague.press("#book")
        colleague.hears("Für Ihr Konto ist schon ein Rückruf vereinbart.")
        anna.press("#cancel")
        anna.press("#yes")
        anna.hears("Der Rückruf ist abgesagt.")
        colleague.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(colleague.page.locator("#book")).to_be_visible()

    happened = factories.what_happened()
    assert happened[-4:] == ["grant.given", "grant.revoked", "callback.booked", "callback.cancelled"]
    assert "request.declined" not in happened


def test_what_was_chosen_on_a_request_stays_while_the_list_is_read_anew(clerk: Clerk) -> None:
    asked = factories.requested(SVEN, period="4h", may_export=True)
    clerk.opens()
    clerk.page.locator(f"#period-{asked.request_id}").select_option("1h")
    later = factories.requested(DORA)
    clerk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(clerk.page.locator(f"#approve-{later.request_id}")).to_be_visible()
    clerk.press(f"#approve-{asked.request_id}")
    expect(clerk.panel.locator(".card")).to_have_count(1)

    assert [grant["period"] for grant in live()] == ["1h"]


def test_of_two_searches_the_later_counts_whichever_answer_comes_last(clerk: Clerk) -> None:
    held: list[Route] = []
    clerk.opens()
    clerk.page.route("**/v1/directory?q=dora", partial(keep, held))
    with clerk.page.expect_request("**/v1/directory?q=dora"):
        clerk.page.locator("#search").fill("dora")
    clerk.page.locator("#search").fill("sven")
    expect(clerk.panel.locator(".choice")).to_have_text(["Sven BrandtSupport"])
    with clerk.page.expect_response("**/v1/directory?q=dora"):
        held[0].continue_()
    clerk.page.evaluate("new Promise((done) => setTimeout(done, 200))")

    expect(clerk.panel.locator(".choice")).to_have_text(["Sven BrandtSupport"])


# ------------------------------------------------------------------ what others wrote


def test_what_others_wrote_is_text_and_nothing_else(clerk: Clerk) -> None:
    factories.agent("sven", "support", name=HOSTILE)
    factories.department("support", HOSTILE)
    factories.tenant("acme", name=HOSTILE, approver_emails=("anna@acme.example",))
    factories.grant(SVEN)
    factories.login(SVEN, reason=HOSTILE, ticket=HOSTILE[:90])
    factories.requested(SVEN, reason=HOSTILE)
    factories.callback(description=HOSTILE)
    clerk.opens()
    for tab in TABS:
        clerk.goes_to(tab)
        clerk.reads(re.compile("onerror"))
        assert clerk.panel.locator("img, script").count() == 0


# ------------------------------------------------------------------ how it is embedded


def test_there_is_something_to_see_after_two_questions(clerk: Clerk) -> None:
    held: list[Route] = []
    clerk.comes("anna", hide_without_right="off")
    clerk.page.route(re.compile("/v1/(?!me$|about$)"), partial(keep, held))
    clerk.press("#help")
    clerk.press("#support")
    expect(clerk.page.locator("#give")).to_be_visible()

    assert sorted(clerk.asked()[:2]) == ["/v1/about", "/v1/me"]
    assert len(clerk.asked()) == 2 + len(held)
    for route in held:
        route.continue_()


def test_inline_it_stands_in_the_page(clerk: Clerk) -> None:
    clerk.comes("anna", inline="", language="en-GB", time_zone="America/New_York")
    clerk.sees("activation")
    clerk.press("#department-support")
    clerk.press("#give")
    clerk.hears("Support now has access until Monday, 23 November 2026, 08:00 (Eastern Time).")

    assert clerk.page.locator("dialog").count() == 0
    clerk.comes("ben", inline="")
    expect(clerk.page.locator("#told")).to_contain_text('{"may_grant":false}')
    expect(clerk.page.locator("guestkey-panel")).to_be_hidden()


def test_the_token_is_nowhere_in_the_page(clerk: Clerk) -> None:
    clerk.opens()
    found = clerk.page.evaluate(
        "document.documentElement.outerHTML + document.querySelector('guestkey-panel').shadowRoot.innerHTML"
    )

    assert clerk.visitor.tokens
    for token in clerk.visitor.tokens:
        assert token.rpartition(".")[2] not in found


def test_a_host_sets_colours_and_parts(clerk: Clerk) -> None:
    clerk.opens()
    css = "guestkey-panel { --guestkey-accent: rgb(1 2 3) } guestkey-panel::part(primary) { color: red }"
    clerk.page.evaluate(ADD_STYLE, css)
    said = clerk.page.locator("#give").evaluate("one => getComputedStyle(one).background + getComputedStyle(one).color")

    assert said.startswith("rgb(1, 2, 3)")
    assert said.endswith("rgb(255, 0, 0)")


def test_it_is_as_light_or_dark_as_the_page_it_stands_in(clerk: Clerk) -> None:
    clerk.page.emulate_media(color_scheme="dark")
    clerk.opens()
    ground = "one => getComputedStyle(one).backgroundColor"
    assert clerk.panel.evaluate(ground) == "rgb(29, 36, 34)"
    clerk.page.evaluate(ADD_STYLE, ":root { color-scheme: only light }")
    assert clerk.panel.evaluate(ground) == "rgb(255, 255, 255)"


ADD_STYLE = """(css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""


def test_the_focus_goes_back_to_where_it_was(clerk: Clerk) -> None:
    clerk.opens()
    clerk.page.keyboard.press("Escape")
    expect(clerk.page.locator("#support")).to_be_focused()
    clerk.press("#support")
    clerk.sees("activation")
    clerk.press(".close")
    expect(clerk.page.locator("#support")).to_be_focused()


# ------------------------------------------------------------------ for everybody


def test_the_job_can_be_done_with_the_keyboard_alone(clerk: Clerk) -> None:
    keys = clerk.page.keyboard
    clerk.comes()
    for stop in ("#help", "#support"):
        clerk.page.locator(stop).focus()
        keys.press("Enter")
    clerk.sees("activation")
    clerk.tab_to("#search")
    keys.type("sven")
    expect(clerk.panel.locator(".choice")).to_have_count(1)
    clerk.tab_to("#agent-sven")
    keys.press("Space")
    clerk.tab_to("#give")
    keys.press("Enter")
    clerk.hears("Sven Brandt hat jetzt Zugang bis")
    clerk.tab_to("[id^=revoke-]")
    keys.press("Enter")
    clerk.reads("Niemand.")
    clerk.page.locator("#tab-activation").focus()
    for _ in range(3):
        keys.press("ArrowRight")
    keys.press("Enter")
    clerk.sees("callback")
    clerk.tab_to("#day")
    keys.press("ArrowDown")
    clerk.tab_to(".time:has(:checked) input")
    keys.press("ArrowRight")
    clerk.tab_to("#description")
    keys.type("Der Import steht still")
    clerk.tab_to("#phone")
    keys.type("+49 241 446 86 122")
    keys.press("Enter")
    clerk.hears("Der Rückruf ist vereinbart.")

    assert factories.what_happened()[-3:] == ["grant.given", "grant.revoked", "callback.booked"]
    assert list(factories.seats_held()) == [TUESDAY_AT_TEN - timedelta(minutes=45)]


@pytest.mark.parametrize("language", LOCALES)
def test_every_tab_can_be_read_by_everybody(browser: Browser, product: Product, language: str) -> None:
    """In each language nothing is unsaid, axe finds nothing in either scheme, it fits at 320 pixels and at 200 %."""
    mondays.busy()
    factories.callback(starts_at=TUESDAY_AT_TEN)
    with at_work(browser, product, locale=LOCALES[language]) as clerk:
        clerk.opens("anna", language=language)
        for tab in TABS:
            clerk.page.set_viewport_size({"width": 1000, "height": 1400})
            clerk.goes_to(tab)
            clerk.can_read_everything(language)


def test_every_other_state_can_be_read_by_everybody(clerk: Clerk) -> None:
    clerk.opens("ben", hide_without_right="off")
    require_readable(clerk.page)
    clerk.goes_to("callback")
    require_readable(clerk.page)
    clerk.opens()
    clerk.goes_to("callback")
    clerk.press("#book")
    clerk.hears("Bitte schreiben Sie kurz")
    require_readable(clerk.page)
    factories.callback(starts_at=TUESDAY_AT_TEN)
    clerk.goes_to("about")
    clerk.goes_to("callback")
    clerk.press("#move")
    expect(clerk.panel.locator(".time").first).to_be_visible()
    require_readable(clerk.page)
    clerk.comes("anna", inline="")
    clerk.sees("activation")
    require_readable(clerk.page)


def test_in_forced_colours_nothing_vanishes_and_nothing_moves(clerk: Clerk) -> None:
    clerk.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    clerk.opens()
    clerk.goes_to("callback")

    assert clerk.panel.locator(".time:has(:checked)").evaluate("one => getComputedStyle(one).borderWidth") == "3px"
    assert clerk.page.evaluate("document.getAnimations().length") == 0


def test_a_region_writes_its_own_way(browser: Browser, product: Product) -> None:
    for language, (month, example) in REGIONS.items():
        with at_work(browser, product) as clerk:
            clerk.opens("anna", language=language)
            clerk.goes_to("callback")
            assert example in clerk.text
            module = next(address for address in clerk.visitor.addresses if "/assets/texts." in address)
            ask = "async (module) => (await import(module)).day('2026-01-15T12:00:00Z', 'Europe/Vienna')"
            assert month in clerk.page.evaluate(ask, module)


REGIONS = {"de": ("Januar", "+49 241"), "de-AT": ("Jänner", "+43 1"), "de-CH": ("Januar", "+41 44")}
