"""<guestkey-panel> in a vendor's help menu, in a real browser: each tab with the right and without it, no action done
twice or lost, and accessibility."""

import codecs
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode

import pytest
import time_machine
from playwright.sync_api import Browser, Locator, Route, expect

from guestkey.rules.ledger_form import canonical, hash_of
from guestkey.store.callbacks import desks
from guestkey.store.ledger import ledger
from local import sample
from local.tokens import mint
from tests import doors, factories, table
from tests.browser import panel_page as panel_pages
from tests.browser import scenarios
from tests.browser.browser_page import hold, lose, require_readable
from tests.browser.panel_page import HOSTILE, LOCALES, TABS, at_work, loosely, plain
from tests.browser.product import Product
from tests.browser.scenarios import live, may_enter
from tests.calls import call
from tests.factories import MONDAY_NOON, TUESDAY_AT_TEN
from tests.personas import ANNA, BACKEND, CARLA, DORA, GIULIA, SVEN
from tests.rows_and_columns import probes
from tests.vectors import write
from tests.web import started

PanelPage = panel_pages.PanelPage[Product]
NO_AGENT, PERSON = ({"kind": kind, "accountable": None} for kind in (None, "person"))


# ------------------------------------------------------------------ granting access


def test_anna_grants_support_an_hour_in_three_clicks(panel_page: PanelPage) -> None:
    panel_page.visits("anna")
    panel_page.press("#help")

    panel_page.press("#support")
    panel_page.press("#department-support")
    panel_page.press("#give")
    panel_page.expects_status("Support hat jetzt Zugang bis")

    (grant,) = live()
    assert (
        grant["grantee"] == {"type": "department", "id": "support", "name": "Support", "present_name": None} | NO_AGENT
    )
    assert (grant["period"], grant["may_export"]) == ("1h", False)
    assert (
        "Support hat jetzt Zugang bis Montag, 23. November 2026, 14:00 Uhr (Mitteleuropäische Zeit)." in panel_page.text
    )
    assert panel_page.events == ["guestkey:right", "guestkey:right", "guestkey:granted"]
    assert may_enter()


def test_she_lets_in_an_agent_whose_id_has_any_characters(panel_page: PanelPage) -> None:
    id = "auth0|a:b.C@d+e=f~g"
    factories.agent(id, "support", name="Nora Nacht")
    panel_page.opens()
    panel_page.page.get_by_role("radio", name="Nora Nacht").check()
    panel_page.press("#give")
    panel_page.expects_status("Nora Nacht hat jetzt Zugang bis")

    (grant,) = live()
    assert grant["grantee"] == {"type": "agent", "id": id, "name": "Nora Nacht", "present_name": None} | PERSON


def test_she_lets_a_department_in_to_view_with_its_software(panel_page: PanelPage) -> None:
    factories.agent("robo", "support", name="Robo", accountable="dora")
    panel_page.opens()
    expect(panel_page.panel.locator(".found")).to_contain_text(loosely("Robo (Software, verantwortlich: Dora Vogel)"))
    panel_page.press("#department-support")
    panel_page.page.locator("#access-give").select_option("view")
    panel_page.page.locator("#automate").check()
    panel_page.press("#give")
    panel_page.expects_status("Support hat jetzt Zugang bis")

    (grant,) = live()
    assert (grant["access"], grant["may_automate"]) == ("view", True)
    panel_page.reads("nur ansehen, ohne Datenexport, mit ihrer Software")


def test_she_finds_a_grantee_by_typing_and_may_choose_every_option(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.page.locator("#search").press_sequentially("bra")
    expect(panel_page.panel.locator(".choice")).to_have_text(["Sven BrandtSupport · sven"])
    panel_page.press("#agent-sven")
    panel_page.page.locator("#search").fill("vogel")
    expect(panel_page.panel.locator(".choice")).to_have_text(
        ["Sven BrandtSupport · sven", "Dora VogelDevelopment · dora"]
    )
    expect(panel_page.page.locator("#agent-sven")).to_be_checked()
    panel_page.page.locator("#search").fill("")
    expect(panel_page.page.locator("#agent-sven")).to_be_checked()
    panel_page.page.locator("#period-give").select_option("permanent")
    panel_page.page.locator("#export-give").check()
    panel_page.press("#give")
    panel_page.expects_status("Sven Brandt hat jetzt Zugang, bis Sie ihn widerrufen.")

    (grant,) = live()
    assert (grant["grantee"]["id"], grant["period"], grant["may_export"]) == ("sven", "permanent", True)
    panel_page.reads("Unbefristet, ansehen und ändern, mit Datenexport")


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_a_search_without_a_match_shows_a_hint(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.page.locator("#search").fill("niemand")
    panel_page.reads("Niemand gefunden.")


def test_without_a_choice_nothing_is_sent_and_the_missing_field_is_named(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.press("#give")
    panel_page.expects_status("Wählen Sie bitte zuerst, wer Zugang erhalten soll.")

    expect(panel_page.page.locator("#search")).to_be_focused()
    assert live() == []


def test_pending_requests_come_first_and_export_is_off_until_she_turns_it_on(panel_page: PanelPage) -> None:
    reason = "Rechnung 4711 lässt sich nicht drucken"
    request = factories.requested(SVEN, reason=reason, ticket="T-4711", period="4h", may_export=True)
    declined = factories.requested(DORA)
    panel_page.opens()
    panel_page.reads("Sven Brandt · sven bittet um Zugang")
    panel_page.reads("Gewünscht: 4 Stunden, ansehen und ändern, mit Datenexport.")
    panel_page.reads("Vorgang T-4711")
    panel_page.press(f"#approve-{request.request_id}")
    panel_page.reads("Anna Albrecht hat das erlaubt")
    panel_page.press(f"#decline-{declined.request_id}")
    expect(panel_page.panel.locator(".card:not(.answered)")).to_have_count(0)

    (grant,) = live()
    assert (grant["request_id"], grant["period"], grant["may_export"]) == (request.request_id, "4h", False)
    assert factories.what_happened()[-3:] == ["request.approved", "grant.given", "request.declined"]


def test_a_live_grant_counts_down_and_can_be_revoked(panel_page: PanelPage) -> None:
    given = factories.grant(SVEN, period="2h")
    panel_page.opens()
    panel_page.reads(re.compile("Noch .*1 Stunde 59 Minuten"))
    assert may_enter()
    panel_page.press(f"#revoke-{given.grant_id}")
    panel_page.reads("Niemand.")

    expect(panel_page.page.locator("#live")).to_be_focused()
    assert not may_enter()
    assert panel_page.events[-1] == "guestkey:revoked"


def test_a_press_under_way_while_the_list_is_read_again_is_not_lost(panel_page: PanelPage) -> None:
    given = factories.grant(SVEN, period="2h")
    panel_page.opens()
    panel_page.reads(re.compile("Noch .*1 Stunde 59 Minuten"))
    panel_page.goes_to("logins")
    held: list[Route] = []
    panel_page.page.route("**/v1/grants?state=live*", partial(hold, held), times=1)
    panel_page.goes_to("activation")
    panel_page.page.locator(f"#revoke-{given.grant_id}").hover()
    panel_page.page.mouse.down()
    with panel_page.page.expect_response("**/v1/grants?state=live*"):
        held[0].continue_()
    panel_page.page.wait_for_timeout(200)
    panel_page.page.mouse.up()
    panel_page.reads("Niemand.")

    assert not may_enter()


def test_an_ended_grant_disappears_from_the_list(panel_page: PanelPage, world: time_machine.Traveller) -> None:
    factories.grant(SVEN, at=MONDAY_NOON - timedelta(minutes=59, seconds=57))
    panel_page.opens()
    panel_page.reads(re.compile(r"Noch .*\d Sekunden?"))
    world.shift(timedelta(seconds=4))
    panel_page.reads("Niemand.")


# ------------------------------------------------------------------ overviews


def rows(panel_page: PanelPage) -> list[str]:
    """Return the rows of a list, each with its visible lines."""
    return [re.sub("\n+", "\n", plain(row)) for row in panel_page.panel.locator(".rows > li").all_inner_texts()]


def test_the_activation_overview_shows_giver_grantee_and_end(panel_page: PanelPage) -> None:
    scenarios.busy()
    panel_page.opens()
    panel_page.goes_to("grants")
    expect(panel_page.panel.locator(".rows > li")).to_have_count(4)
    first, second, third, fourth = rows(panel_page)

    assert first.split("\n") == [
        "Support", "Erlaubt von Anna Albrecht am 21.11.2026, 13:00 Uhr",
        "Unbefristet, ansehen und ändern, mit Datenexport", "Gültig",
    ]  # fmt: skip
    assert "Bis 23.11.2026, 15:00 Uhr, ansehen und ändern, ohne Datenexport" in second
    assert "Widerrufen von Anna Albrecht am 20.11.2026, 13:25 Uhr" in third
    assert fourth.endswith("Bis 14.10.2026, 15:00 Uhr, ansehen und ändern, ohne Datenexport\nBeendet")
    panel_page.page.locator("#only-live").check()
    expect(panel_page.panel.locator(".rows > li")).to_have_count(2)


def test_coming_back_to_the_window_keeps_the_loaded_rows_and_adds_the_new_one(panel_page: PanelPage) -> None:
    factories.bulk_grants(60, at=MONDAY_NOON - timedelta(days=1))
    panel_page.opens()
    panel_page.goes_to("grants")
    panel_page.press("#more")
    expect(panel_page.panel.locator(".rows > li")).to_have_count(60)
    expect(panel_page.page.locator("#more")).to_have_count(0)
    panel_page.frame.evaluate("one => one.scrollTo(0, 900)")
    factories.grant(DORA)
    panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(panel_page.panel.locator(".rows > li")).to_have_count(61)

    assert rows(panel_page)[0].startswith("Dora Vogel")
    assert panel_page.frame.evaluate("one => one.scrollTop") >= 900


@pytest.mark.parametrize(
    ("shut", "text"),
    probes(
        (doors.unlock, "Beendet durch eine Sperre."),
        rest=[(doors.close, "Beendet, weil das Konto geschlossen wurde.")],
    ),
)
def test_the_activation_overview_shows_what_ended_all_access(
    panel_page: PanelPage, shut: Callable[[datetime], None], text: str
) -> None:
    factories.grant(SVEN)
    shut(MONDAY_NOON)
    panel_page.opens()
    panel_page.goes_to("grants")

    panel_page.reads(text)


@pytest.mark.parametrize(
    ("shut", "text"),
    probes(
        (doors.close, "Dieses Konto ist geschlossen."),
        rest=[(doors.lock, "Für dieses Konto ist der Zugang zurzeit gesperrt.")],
    ),
)
def test_behind_a_shut_door_nothing_can_be_allowed(
    panel_page: PanelPage, shut: Callable[[datetime], None], text: str
) -> None:
    panel_page.opens()
    shut(MONDAY_NOON)
    panel_page.press("#agent-sven")
    panel_page.press("#give")

    panel_page.expects_status(text)
    assert not may_enter()


def test_one_press_locks_the_account_and_another_lifts_the_lock_with_or_without_the_grants(
    panel_page: PanelPage,
) -> None:
    factories.grant(SVEN)
    panel_page.opens()
    panel_page.press("#lock-now")
    panel_page.expects_status("Der Zugang ist gesperrt. Niemand vom Support ist in Ihrem Konto.")
    panel_page.reads("Der Zugang ist gesperrt seit 23.11.2026, 13:00 Uhr, von Anna Albrecht.")
    assert not may_enter()
    require_readable(panel_page.page)

    panel_page.press("#lift-and-keep")
    panel_page.expects_status("Die Sperre ist aufgehoben. Vorher erlaubter Zugang gilt wieder.")
    assert may_enter()
    panel_page.press("#lock-now")
    panel_page.press("#lift")
    panel_page.expects_status("Die Sperre ist aufgehoben. Jeder vorher erlaubte Zugang ist beendet.")
    panel_page.reads("Niemand.")
    assert not may_enter()
    assert panel_page.events[-4:] == [f"guestkey:{move}" for move in ("locked", "unlocked") * 2]


def test_a_lock_by_a_colleague_is_announced_with_its_reason_at_the_end_of_the_tab(panel_page: PanelPage) -> None:
    call("PUT", "/v1/lockdown", {"reason": "An alarm in the night"}, caller=GIULIA)
    panel_page.opens()
    panel_page.expects_status("von Giulia Galli.")
    panel_page.reads("An alarm in the night")
    panel_page.can_read_everything("de")


def test_a_long_list_comes_in_pages_and_completely_as_csv(panel_page: PanelPage) -> None:
    factories.bulk_grants(60, at=MONDAY_NOON - timedelta(days=1))
    panel_page.opens()
    panel_page.goes_to("grants")
    expect(panel_page.panel.locator(".rows > li")).to_have_count(50)
    panel_page.press("#more")
    expect(panel_page.panel.locator(".rows > li")).to_have_count(60)
    expect(panel_page.panel.locator(".rows > li").nth(50)).to_be_focused()
    with panel_page.page.expect_download() as saving:
        panel_page.press("#csv")

    assert saving.value.suggested_filename == "Zugänge Acme Immobilien GmbH 2026-11-23.csv"
    assert saving.value.path().read_bytes() == csv_for_people("grants.csv").encode()


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_two_agents_of_one_name_are_told_apart_in_every_list(panel_page: PanelPage) -> None:
    factories.agent("sven-2", "support", name="Sven Brandt")
    for agent in (SVEN, SVEN.but(sub="sven-2")):
        factories.grant(agent)
        factories.login(agent)
    panel_page.opens()
    for tab in ("activation", "grants", "logins"):
        panel_page.goes_to(tab)
        expect(panel_page.panel.locator(".rows > li")).to_have_count(2)
        rows = [plain(row) for row in panel_page.panel.locator(".rows > li").all_inner_texts()]

        assert [bool(re.search(r"\bsven-2\b", row)) for row in rows] == [True, False], tab
        assert all(re.search(r"\bsven\b", row.replace("sven-2", "")) for row in rows[1:]), tab


def test_who_has_another_name_by_now_is_shown_with_both_in_every_list(panel_page: PanelPage) -> None:
    factories.grant(SVEN)
    factories.login(SVEN)
    factories.requested(SVEN)
    factories.agent("sven", "support", name="Svenja Falk")
    panel_page.opens()
    for tab in ("activation", "grants", "logins"):
        panel_page.goes_to(tab)
        expect(panel_page.panel.locator(".rows > li")).to_have_count(1)
        assert "Sven Brandt (jetzt Svenja Falk)" in plain(panel_page.panel.locator(".rows > li").inner_text()), tab
    panel_page.goes_to("activation")
    expect(panel_page.panel.locator(".card h3")).to_contain_text("Sven Brandt (jetzt Svenja Falk) · sven")


def test_the_filter_by_a_person_shows_the_grants_of_the_departments_too(panel_page: PanelPage) -> None:
    for grantee in ("support", "development", SVEN):
        factories.grant(grantee)
    panel_page.opens()
    panel_page.goes_to("grants")
    panel_page.page.locator("#who").select_option("Sven Brandt · sven")

    expect(panel_page.panel.locator(".rows > li")).to_have_text([re.compile("^Sven Brandt"), re.compile("^Support")])


def test_a_second_press_for_more_rows_adds_them_once(panel_page: PanelPage) -> None:
    factories.bulk_grants(60, at=MONDAY_NOON - timedelta(days=1))
    held: list[Route] = []
    panel_page.opens()
    panel_page.goes_to("grants")
    panel_page.page.route("**/v1/grants?cursor=*", partial(hold, held))
    for _ in range(2):
        with panel_page.page.expect_request("**/v1/grants?cursor=*"):
            panel_page.press("#more")
    for route in held:
        with panel_page.page.expect_response(route.request.url):
            route.continue_()
    expect(panel_page.page.locator("#more")).to_have_count(0)

    assert panel_page.panel.locator(".rows > li").count() == 60


def csv_for_people(path: str, language: str = "de-DE", **query: str) -> str:
    """Return a list as the panel saves it, in one page."""
    form = {"dialect": "excel", "language": language, "zone": "Europe/Berlin"}
    return call("GET", f"/v1/{path}?{urlencode(query | form)}", caller=ANNA).text


@pytest.mark.parametrize(("language", "query"), probes(("de-CH", {}), rest=[("it-IT", {"state": "live"})]))
def test_csv_of_several_pages_has_one_byte_order_mark_and_one_header(
    browser: Browser, product: Product, monkeypatch: pytest.MonkeyPatch, language: str, query: dict[str, str]
) -> None:
    from guestkey.edge.http import csv_export

    factories.bulk_grants(7, at=MONDAY_NOON - timedelta(days=1))
    factories.grant(SVEN)
    whole = csv_for_people("grants.csv", language, **query)
    monkeypatch.setattr(csv_export, "MAX_ROWS", 3)
    with at_work(browser, product, locale=language) as panel_page:
        panel_page.opens(language=language)
        panel_page.goes_to("grants")
        if query:
            panel_page.page.locator("#only-live").check()
        with panel_page.page.expect_download() as saving:
            panel_page.press("#csv")

    saved = saving.value.path().read_bytes()
    assert saved == whole.encode()
    assert saved.startswith(codecs.BOM_UTF8) and saved.count(codecs.BOM_UTF8) == 1
    assert len(saved.splitlines()) == (2 if query else 9)


def test_the_login_overview_shows_the_exact_time_the_department_and_the_reason(panel_page: PanelPage) -> None:
    scenarios.busy()
    panel_page.opens()
    panel_page.goes_to("logins")
    expect(panel_page.panel.locator(".rows > li")).to_have_count(2)
    first, second = rows(panel_page)

    assert first.split("\n") == [
        "Sven Brandt · Support · sven",
        "Der Import steht still",
        "13:00:00 \u2013 jetzt noch angemeldet",
        "Vorgang T-4711",
    ]
    assert second.endswith("14:00:00 bis 15:00:00 (1 Stunde)")
    assert [plain(day) for day in panel_page.panel.locator(".day").all_inner_texts()] == [
        "Montag, 23. November 2026", "Mittwoch, 14. Oktober 2026",
    ]  # fmt: skip


def test_the_ledger_is_checked_in_the_browser(browser: Browser, product: Product) -> None:
    scenarios.busy()
    state = ledger.read_state("acme")
    assert state
    with at_work(browser, product, permissions=["clipboard-read", "clipboard-write"]) as panel_page:
        panel_page.opens()
        panel_page.goes_to("logins")
        panel_page.press("#check")
        panel_page.expects_status(f"Alles in Ordnung: {state.head.seq} Einträge, keiner wurde verändert.")
        panel_page.reads(f"Verglichen mit der Prüfsumme zu Eintrag {state.head.seq}, die der Server nennt.")
        panel_page.reads("Ohne eine Prüfsumme, die Sie aufbewahrt haben, lässt sich nicht erkennen")
        panel_page.can_read_everything("de")
        panel_page.press("#copy-head")
        panel_page.expects_status("Kopiert.")
        assert panel_page.page.evaluate("navigator.clipboard.readText()") == f"Guestkey-Head: {state.head}"

        third = next(iter(ledger.entries_after("acme", 2, 1))).head
        panel_page.page.locator("#kept").fill(f"> Guestkey-Head:\u00a0{third.seq}:{third.hash.upper()}.")
        panel_page.press("#check")
        panel_page.reads("Verglichen mit der Prüfsumme zu Eintrag 3, die Sie eingegeben haben.")
        panel_page.expects_status("Alles in Ordnung")
        panel_page.page.locator("#kept").fill(f"Guestkey-Head: 3:{'a' * 64}")
        panel_page.press("#check")
        panel_page.reads("Bis Eintrag 3 wurde das Protokoll neu geschrieben.")
        panel_page.expects_status("Das Protokoll ist nicht in Ordnung")
        assert "Alles in Ordnung" not in panel_page.text
        assert "Guestkey-Head" not in panel_page.text


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_a_text_that_is_no_head_is_marked_and_nothing_is_judged(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.goes_to("logins")
    kept = panel_page.page.locator("#kept")
    for text in ("Alles gut", "a" * 64, f"0:{'0' * 64}"):
        kept.fill(text)
        panel_page.press("#check")
        panel_page.expects_status("Das ist keine Prüfsumme.")
        expect(kept).to_have_attribute("aria-invalid", "true")
        expect(kept).to_be_focused()
    assert "/v1/ledger" not in panel_page.requested_paths()
    kept.fill("")
    panel_page.press("#check")
    panel_page.expects_status("Alles in Ordnung")
    expect(kept).not_to_have_attribute("aria-invalid", "true")


def test_an_answer_without_its_headers_is_not_sound(panel_page: PanelPage) -> None:
    """A proxy may remove headers that it does not know, or answer itself."""

    def without_headers(route: Route) -> None:
        answer = route.fetch()
        kept = {name: value for name, value in answer.headers.items() if name not in {"guestkey-head", "link"}}
        route.fulfill(response=answer, headers=kept)

    panel_page.opens()
    panel_page.goes_to("logins")
    panel_page.page.route("**/v1/ledger*", without_headers)
    panel_page.press("#check")
    panel_page.reads("Der Antwort fehlt die Kopfzeile Guestkey-Head")
    panel_page.page.unroute("**/v1/ledger*")
    panel_page.page.route("**/v1/ledger*", lambda route: route.fulfill(body="<html>Bitte anmelden</html>"))
    panel_page.press("#check")
    panel_page.reads("Statt des Protokolls kam HTML an")
    panel_page.expects_status("Das Protokoll ist nicht in Ordnung")


def test_the_browser_has_the_verdict_of_the_command_on_every_vector(panel_page: PanelPage) -> None:
    """All vectors run in one page, on the modules as they are served."""
    panel_page.visits("anna")
    bundle = started().BUNDLE
    modules = [bundle.public_name(f"ledger.{name}.js") for name in ("line", "verify")]
    vectors = json.loads(write.FILE.read_text())
    runner = write.FILE.with_name("run.js").read_text().replace("export ", "")
    verdicts = panel_page.page.evaluate(
        f"""async ([vectors, ...modules]) => {{
            {runner}
            const panel = document.querySelector("script[src*='/assets/panel.js']").src;
            const [line, verify] = await Promise.all(modules.map((module) => import(new URL(module, panel))));
            return run(vectors, {{ ...line, ...verify }});
        }}""",
        [vectors, *modules],
    )

    for kind in ("ledgers", "answers"):
        for vector, verdict in zip(vectors[kind], verdicts[kind], strict=True):
            assert verdict["findings"] == vector["findings"], vector["name"]
            assert verdict["accidents"] == vector.get("accidents", []), vector["name"]
    assert verdicts["heads"] == vectors["heads"]


def test_each_manipulation_of_the_ledger_is_named(panel_page: PanelPage) -> None:
    scenarios.busy()
    panel_page.opens()
    panel_page.goes_to("logins")
    found = panel_page.panel.locator(".findings li")
    for manipulation, (falsified, expected) in FALSIFIED.items():
        panel_page.page.route("**/v1/ledger*", partial(falsify, falsified))
        panel_page.press("#check")
        expect(found, manipulation).to_have_text([loosely(expected)])
        panel_page.page.unroute("**/v1/ledger*")


def falsify(falsified: Callable[[list[str]], list[str]], route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body="".join(falsified(answer.text().splitlines(keepends=True))))


Lines = list[str]


def _rehashed(line: str, **changes: str) -> str:
    """Return an entry with changed fields and their hash."""
    fields = json.loads(line) | changes
    return canonical(fields | {"hash": hash_of(fields)}).decode() + "\n"


FALSIFIED: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "edited": (
        lambda lines: [lines[0], lines[1].replace('"at":"20', '"at":"19'), *lines[2:]],
        "Eintrag 2 wurde verändert.",
    ),
    "missing": (lambda lines: [*lines[:2], *lines[3:]], "Eintrag 3 fehlt."),
    "doubled": (lambda lines: [*lines[:4], lines[3], *lines[4:]], "Eintrag 4 steht doppelt da."),
    "out of order": (
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        "Eintrag 4 steht an falscher Stelle.",
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
    "cut off": (lambda lines: lines[:-1], "Am Ende fehlt Eintrag 10."),
}


# ------------------------------------------------------------------ call-backs


def test_anna_books_a_slot_moves_it_and_cancels_it(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.page.locator("#topic").select_option("consultation")
    panel_page.page.locator("#day").select_option("Dienstag, 24. November")
    panel_page.panel.locator(".time", has_text="10:00").click()
    panel_page.page.locator("#description").fill("Der Import steht still")
    panel_page.page.locator("#phone").fill("0241 446 86 122")
    panel_page.press("#book")
    panel_page.expects_status("Der Rückruf ist vereinbart.")

    assert list(factories.seats_held()) == [TUESDAY_AT_TEN, TUESDAY_AT_TEN + timedelta(minutes=15)]
    assert "Dienstag, 24. November 2026, 10:00 Uhr (Mitteleuropäische Zeit)" in panel_page.text
    assert "Beratung" in panel_page.text
    panel_page.press("#move")
    panel_page.panel.locator("#day").select_option("Dienstag, 24. November")
    panel_page.panel.locator(".time", has_text="10:15").click()
    panel_page.press("#move")
    panel_page.expects_status("Der Rückruf ist vereinbart.")
    assert next(iter(factories.seats_held())) == TUESDAY_AT_TEN + timedelta(minutes=15)
    panel_page.press("#cancel")
    panel_page.expects_status("Möchten Sie den Rückruf wirklich absagen?")
    panel_page.press("#yes")
    panel_page.expects_status("Der Rückruf ist abgesagt.")
    assert factories.seats_held() == {}
    assert panel_page.events[-3:] == ["guestkey:booked", "guestkey:booked", "guestkey:cancelled"]


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_she_may_choose_the_queue_and_abort_cancelling(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.page.locator("#day").select_option("Sobald jemand frei ist")
    panel_page.page.locator("#description").fill("Der Import steht still")
    panel_page.page.locator("#phone").fill("+49 241 446 86 122")
    panel_page.press("#book")
    panel_page.reads("Sie werden angerufen, sobald jemand frei ist")
    panel_page.press("#cancel")
    panel_page.panel.get_by_role("button", name="Zurück").click()

    expect(panel_page.page.locator("#cancel")).to_be_visible()
    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["state"] == "waiting"


def test_an_invalid_input_is_shown_at_its_field_and_keeps_the_input(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.page.locator("#phone").fill("0241")
    panel_page.press("#book")
    panel_page.expects_status("Bitte schreiben Sie kurz, worum es geht, ohne ungewöhnliche Zeichen.")
    expect(panel_page.page.locator("#description")).to_be_focused()
    panel_page.page.locator("#description").fill("Der Import steht still")
    panel_page.press("#book")
    panel_page.expects_status("Bitte prüfen Sie die Telefonnummer.")
    expect(panel_page.page.locator("#phone")).to_have_attribute("aria-invalid", "true")
    panel_page.goes_to("about")
    panel_page.goes_to("callback")

    assert panel_page.page.locator("#description").input_value() == "Der Import steht still"
    assert call("GET", "/v1/callbacks/open", caller=ANNA).code == "no_callback"


def test_giulia_joins_the_queue_and_reads_the_reason(browser: Browser, product: Product) -> None:
    with at_work(browser, product, locale="it-IT") as panel_page:
        panel_page.opens("giulia")
        panel_page.goes_to("callback")
        assert "L\u2019assistenza non offre orari fissi nella Sua lingua." in panel_page.text
        assert panel_page.page.locator("#day").count() == 0
        panel_page.page.locator("#description").fill("L\u2019importazione è ferma")
        panel_page.page.locator("#phone").fill("+39 06 1234 5678")
        panel_page.press("#book")
        panel_page.expects_status("La richiamata è prevista.")

    assert call("GET", "/v1/callbacks/open", caller=GIULIA).body["state"] == "waiting"


def test_while_free_slots_are_unknown_no_user_joins_the_queue_by_mistake(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.page.route("**/v1/slots?*", lambda route: route.abort())
    panel_page.goes_to("callback")
    panel_page.page.locator("#description").fill("Der Import steht still")
    panel_page.page.locator("#phone").fill("+49 241 446 86 122")
    panel_page.press("#book")
    panel_page.expects_status("Die Verbindung brach ab.")
    assert call("GET", "/v1/callbacks/open", caller=ANNA).code == "no_callback"
    panel_page.page.unroute("**/v1/slots?*")
    panel_page.press("#again")
    expect(panel_page.page.locator("#day")).to_be_visible()
    panel_page.press("#book")
    panel_page.expects_status("Der Rückruf ist vereinbart.")

    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["kind"] == "slot"


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_number_and_text_of_a_booked_call_are_put_right(panel_page: PanelPage) -> None:
    factories.callback(starts_at=TUESDAY_AT_TEN)
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.press("#change")
    panel_page.page.locator("#phone").fill("12")
    panel_page.press("#save")
    panel_page.expects_status("Bitte prüfen Sie die Telefonnummer.")
    panel_page.page.locator("#phone").fill("+49 241 44686123")
    panel_page.page.locator("#description").fill("Der Export steht still")
    panel_page.press("#save")
    panel_page.expects_status("Die Angaben sind geändert.")

    shown = call("GET", "/v1/callbacks/open", caller=ANNA).body
    assert (shown["phone"], shown["description"]) == ("+4924144686123", "Der Export steht still")
    assert shown["starts_at"] == "2026-11-24T09:00:00Z"


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_a_call_whose_topic_is_gone_says_so_and_joins_the_queue(panel_page: PanelPage) -> None:
    factories.callback(starts_at=TUESDAY_AT_TEN)
    topics = [one for one in sample.DESK["topics"] if one["id"] != "question"]
    assert call("PUT", "/v1/vendor/desk", sample.DESK | {"topics": topics}, caller=BACKEND).body["stranded"]
    desks.clear_cache()
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.reads("Für dieses Thema gibt es keine Termine mehr.")
    panel_page.press("#move")
    panel_page.reads("Sobald jemand frei ist")
    panel_page.press("#move")
    panel_page.expects_status("Der Rückruf ist vereinbart.")

    assert call("GET", "/v1/callbacks/open", caller=ANNA).body["state"] == "waiting"


def test_a_slot_taken_meanwhile_is_not_offered_any_more(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.page.locator("#day").select_option("Dienstag, 24. November")
    panel_page.panel.locator(".time", has_text="10:00").click()
    panel_page.page.locator("#description").fill("Der Import steht still")
    panel_page.page.locator("#phone").fill("+49 241 446 86 122")
    factories.seats(TUESDAY_AT_TEN, 2)
    panel_page.press("#book")
    panel_page.expects_status("Diese Zeit ist nicht mehr frei.")
    panel_page.page.locator("#day").select_option("Dienstag, 24. November")
    expect(panel_page.panel.locator(".time", has_text="09:45")).to_be_visible()

    assert panel_page.panel.locator(".time", has_text="10:00").count() == 0
    panel_page.press("#book")
    panel_page.expects_status("Der Rückruf ist vereinbart.")


def test_while_the_desk_is_closed_the_emergency_line_is_shown_with_hours_and_price(
    panel_page: PanelPage, world: time_machine.Traveller
) -> None:
    world.move_to(scenarios.SATURDAY_NOON)
    panel_page.opens()
    panel_page.goes_to("callback")

    assert "öffnet wieder am Montag, 30. November 2026, 09:00 Uhr" in panel_page.text
    assert "+49 241 44686-112" in panel_page.text
    assert "innerhalb von 2 Stunden betreut" in panel_page.text
    assert "5,95 € je angefangene 5 Minuten" in panel_page.text
    assert panel_page.panel.locator("a").first.get_attribute("href") == "tel:+4924144686112"


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_without_a_desk_the_tab_shows_a_hint(panel_page: PanelPage) -> None:
    from guestkey.store.dynamodb import keys

    table.drop((keys.DESK, keys.PROFILE))
    desks.clear_cache()
    panel_page.opens()
    panel_page.press("#tab-callback")
    panel_page.reads("Rückrufe werden derzeit nicht angeboten.")


# ------------------------------------------------------------------ about


def test_customer_name_and_version_can_be_copied(browser: Browser, product: Product) -> None:
    factories.tenant("acme", name="Acme Immobilien GmbH", customer_name="Acme Immo 7")
    with at_work(browser, product, permissions=["clipboard-read", "clipboard-write"]) as panel_page:
        panel_page.opens()
        panel_page.goes_to("about")
        panel_page.press("#copy")
        panel_page.expects_status("Kopiert.")
        copied = panel_page.page.evaluate("navigator.clipboard.readText()")

    assert copied.split("\n") == [
        "Kundenname: Acme Immo 7", "Firma: Acme Immobilien GmbH", "Version: 1",
        "Angemeldet als: Anna Albrecht",
    ]  # fmt: skip


# ------------------------------------------------------------------ users without the right


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_the_menu_hides_the_entry_from_a_user_without_the_right(panel_page: PanelPage) -> None:
    panel_page.visits("ben")
    expect(panel_page.page.locator("#told")).to_contain_text('guestkey:right {"may_grant":false}')
    panel_page.press("#help")

    expect(panel_page.page.locator("#support")).to_be_hidden()
    expect(panel_page.page.locator("#manual")).to_be_visible()


def test_a_user_without_the_right_reads_why_and_whom_to_ask(panel_page: PanelPage) -> None:
    panel_page.opens("ben", hide_without_right="off", language="de")

    assert "Sie dürfen für Acme Immobilien GmbH keinen Zugang erlauben." in panel_page.text
    assert panel_page.panel.locator(".people li").all_inner_texts() == ["anna@acme.example", "giulia@acme.example"]
    assert panel_page.panel.locator("[role=tab]").all_inner_texts() == ["Zugang erlauben", "Rückruf", "Info"]
    panel_page.goes_to("callback")
    panel_page.goes_to("about")


def test_a_token_that_acts_for_another_user_shows_a_refusal(panel_page: PanelPage) -> None:
    token = mint("anna", panel_page.browser_page.site.issuer, act={"sub": "sven"})
    panel_page.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": token}))
    panel_page.visits("anna", hide_without_right="off")
    panel_page.press("#help")
    panel_page.press("#support")
    panel_page.reads("Sie handeln gerade im Namen einer anderen Person.")


def test_an_agents_token_shows_no_data(panel_page: PanelPage) -> None:
    token = mint("sven", panel_page.browser_page.site.issuer)
    panel_page.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": token}))
    panel_page.visits()
    panel_page.press("#help")
    panel_page.press("#support")
    panel_page.reads("Ihre Anmeldung ist abgelaufen.")

    assert "Acme" not in panel_page.text


def test_a_right_removed_meanwhile_is_shown(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.press("#department-support")
    factories.right(ANNA, may_grant=False)
    panel_page.press("#give")
    panel_page.expects_status("Darüber entscheidet jemand anderes bei Ihnen")

    assert factories.what_happened()[-1] == "right.changed"


# ------------------------------------------------------------------ failures


def test_while_the_api_is_down_a_message_is_shown_and_the_panel_recovers(panel_page: PanelPage) -> None:
    panel_page.page.route("**/v1/about", lambda route: route.abort(), times=1)
    panel_page.visits()
    panel_page.press("#help")
    panel_page.press("#support")
    panel_page.reads("Die Verbindung brach ab.")
    panel_page.press("#again")
    panel_page.sees("activation")


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_a_slow_answer_shows_a_hint(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.press("#department-support")
    waiting: list[Route] = []
    panel_page.page.route("**/v1/grants", partial(hold, waiting))
    panel_page.press("#give")
    panel_page.expects_status("Das dauert länger als gewöhnlich.")
    waiting[0].continue_()
    panel_page.expects_status("Support hat jetzt Zugang bis")


def test_an_expired_token_is_replaced_by_a_new_one_of_the_product(panel_page: PanelPage) -> None:
    panel_page.opens()
    old = mint("anna", panel_page.browser_page.site.issuer, exp=1)
    panel_page.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": old}), times=1)
    panel_page.press("#department-support")
    panel_page.press("#give")
    panel_page.expects_status("Support hat jetzt Zugang bis")

    assert len(live()) == 1


def test_without_a_new_token_the_expired_session_is_shown_and_the_input_kept(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.press("#department-support")
    panel_page.page.locator("#period-give").select_option("2h")
    panel_page.page.route("**/host/token?*", lambda route: route.fulfill(status=401))
    panel_page.press("#give")
    panel_page.expects_status("Ihre Anmeldung ist abgelaufen.")
    assert live() == []
    panel_page.page.unroute("**/host/token?*")
    panel_page.press("#give")
    panel_page.expects_status("Support hat jetzt Zugang bis")

    assert [grant["period"] for grant in live()] == ["2h"]


def test_after_a_lost_answer_a_retry_makes_one_grant(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.press("#department-support")
    panel_page.page.route("**/v1/grants", lose, times=1)
    panel_page.press("#give")
    panel_page.expects_status("Die Verbindung brach ab.")
    panel_page.press("#give")
    panel_page.expects_status("Support hat jetzt Zugang bis")

    assert len(live()) == 1


CLICK_AS_SOON_AS_IT_IS_DONE = """text => {
  const root = document.querySelector("guestkey-panel").shadowRoot;
  const watcher = new MutationObserver(() => {
    if (![...root.querySelectorAll(".said")].some((one) => one.textContent.includes(text))) return;
    watcher.disconnect();
    root.querySelector("#give").click();
    document.body.dataset.clicked = "yes";
  });
  watcher.observe(root, { childList: true, characterData: true, subtree: true });
}"""
"""Press the button in the moment that the outcome appears, however slow the machine is."""


def test_a_double_click_grants_once(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.press("#department-support")
    panel_page.page.evaluate(CLICK_AS_SOON_AS_IT_IS_DONE, "hat jetzt Zugang bis")
    panel_page.page.locator("#give").dblclick()
    panel_page.page.locator("#search").press("Enter")
    panel_page.expects_status("Support hat jetzt Zugang bis")
    expect(panel_page.page.locator("body[data-clicked]")).to_be_visible()
    factories.grant(DORA)
    panel_page.press("#tab-activation")
    expect(panel_page.panel.locator("[id^=revoke-]")).to_have_count(2)
    panel_page.panel.locator("[id^=revoke-]").first.dblclick()
    expect(panel_page.panel.locator("[id^=revoke-]")).to_have_count(1)

    assert factories.what_happened().count("grant.revoked") == 1
    assert [path for path in factories.what_happened() if path == "grant.given"] == ["grant.given"] * 2


@pytest.mark.parametrize("key", probes(None, rest=["Space"]))
def test_a_button_that_is_pressed_while_its_list_is_reloaded_acts_once(panel_page: PanelPage, key: str | None) -> None:
    given = factories.grant(SVEN)
    panel_page.opens()
    methods: list[str] = []
    panel_page.page.on("request", lambda request: methods.append(request.method))
    expect(panel_page.panel.locator("[id^=revoke-]")).to_have_count(1)
    factories.grant(DORA)
    panel_page.presses_during_a_reload(f"#revoke-{given.grant_id}", "**/v1/grants?*", key)
    expect(panel_page.panel.locator(".rows strong")).to_have_text(["Dora Vogel · dora"])

    assert methods.count("DELETE") == 1
    assert factories.what_happened().count("grant.revoked") == 1


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_a_call_back_is_cancelled_by_a_button_that_is_pressed_while_it_is_reloaded(panel_page: PanelPage) -> None:
    callback = factories.callback(starts_at=TUESDAY_AT_TEN)
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.press("#cancel")
    factories.taken(callback)
    panel_page.presses_during_a_reload("#yes", "**/v1/callbacks/open")
    panel_page.expects_status("Der Rückruf ist abgesagt.")

    assert factories.what_happened()[-2:] == ["callback.taken", "callback.cancelled"]


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_two_windows_show_the_same_outcome(browser: Browser, product: Product) -> None:
    given, request = factories.grant(SVEN), factories.requested(DORA)
    with at_work(browser, product) as anna, at_work(browser, product) as colleague:
        for window in (anna, colleague):
            window.opens()
            expect(window.page.locator(f"#revoke-{given.grant_id}")).to_be_visible()
        anna.press(f"#approve-{request.request_id}")
        expect(anna.panel.locator(".card:not(.answered)")).to_have_count(0)
        anna.press(f"#revoke-{given.grant_id}")
        expect(anna.panel.locator(".rows > li")).to_have_count(1)
        colleague.press(f"#revoke-{given.grant_id}")
        expect(colleague.panel.locator(".rows > li")).to_have_count(1)
        colleague.press(f"#decline-{request.request_id}")
        expect(colleague.panel.locator(".card:not(.answered)")).to_have_count(0)
        anna.goes_to("callback")
        colleague.goes_to("callback")
        for window in (anna, colleague):
            window.page.locator("#description").fill("Der Import steht still")
            window.page.locator("#phone").fill("+49 241 446 86 122")
        anna.press("#book")
        anna.expects_status("Der Rückruf ist vereinbart.")
        colleague.press("#book")
        colleague.expects_status("Für Ihr Konto ist schon ein Rückruf vereinbart.")
        anna.press("#cancel")
        anna.press("#yes")
        anna.expects_status("Der Rückruf ist abgesagt.")
        colleague.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(colleague.page.locator("#book")).to_be_visible()

    happened = factories.what_happened()
    assert happened[-4:] == ["grant.given", "grant.revoked", "callback.booked", "callback.cancelled"]
    assert "request.declined" not in happened


def test_a_pending_request_stays_open_on_every_page_of_the_list(panel_page: PanelPage) -> None:
    requests = [factories.requested(agent) for agent in (DORA, SVEN, DORA)]
    cards = panel_page.panel.locator(".card:not(.answered)")
    panel_page.page.route(
        "**/v1/requests?*", lambda route: route.continue_(url=re.sub(r"limit=\d+", "limit=1", route.request.url))
    )
    panel_page.opens()
    expect(cards).to_have_count(3)
    factories.declined(requests[0])
    panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(cards).to_have_count(2)
    panel_page.page.route("**/v1/requests?*", lambda route: route.fulfill(json={"items": [], "next_cursor": None}))
    with panel_page.page.expect_response(f"**/v1/requests/{requests[1].request_id}"):
        panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    panel_page.page.wait_for_timeout(200)

    assert cards.count() == 2
    assert [panel_page.page.locator(f"#approve-{one.request_id}").count() for one in requests] == [0, 1, 1]


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_choices_on_a_request_stay_when_the_list_is_reloaded(panel_page: PanelPage) -> None:
    request = factories.requested(SVEN, period="4h", may_export=True)
    panel_page.opens()
    panel_page.page.locator(f"#period-{request.request_id}").select_option("1h")
    later = factories.requested(DORA)
    panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    panel_page.panel.locator(".arrived button").click()
    expect(panel_page.page.locator(f"#approve-{later.request_id}")).to_be_visible()
    panel_page.press(f"#approve-{request.request_id}")
    expect(panel_page.panel.locator(".card:not(.answered)")).to_have_count(1)

    assert [grant["period"] for grant in live()] == ["1h"]


def test_of_two_searches_the_later_is_shown_in_any_order_of_answers(panel_page: PanelPage) -> None:
    held: list[Route] = []
    panel_page.opens()
    panel_page.page.route("**/v1/directory?q=dora", partial(hold, held))
    with panel_page.page.expect_request("**/v1/directory?q=dora"):
        panel_page.page.locator("#search").fill("dora")
    panel_page.page.locator("#search").fill("sven")
    expect(panel_page.panel.locator(".choice")).to_have_text(["Sven BrandtSupport · sven"])
    with panel_page.page.expect_response("**/v1/directory?q=dora"):
        held[0].continue_()
    panel_page.page.evaluate("new Promise((done) => setTimeout(done, 200))")

    expect(panel_page.panel.locator(".choice")).to_have_text(["Sven BrandtSupport · sven"])


# ------------------------------------------------------------------ text written by others


def test_text_written_by_others_is_shown_as_text_only(panel_page: PanelPage) -> None:
    factories.agent("sven", "support", name=HOSTILE)
    factories.department("support", HOSTILE)
    factories.tenant("acme", name=HOSTILE, approver_emails=("anna@acme.example",))
    factories.grant(SVEN)
    factories.login(SVEN, reason=HOSTILE, ticket=HOSTILE[:90])
    factories.requested(SVEN, reason=HOSTILE)
    factories.callback(description=HOSTILE)
    panel_page.opens()
    for tab in TABS:
        panel_page.goes_to(tab)
        panel_page.reads(re.compile("onerror"))
        assert panel_page.panel.locator("img, script").count() == 0


# ------------------------------------------------------------------ embedding


def test_the_panel_is_visible_after_two_requests(panel_page: PanelPage) -> None:
    held: list[Route] = []
    panel_page.visits("anna", hide_without_right="off")
    panel_page.page.route(re.compile("/v1/(?!me$|about$)"), partial(hold, held))
    panel_page.press("#help")
    panel_page.press("#support")
    expect(panel_page.page.locator("#give")).to_be_visible()

    assert sorted(panel_page.requested_paths()[:2]) == ["/v1/about", "/v1/me"]
    assert len(panel_page.requested_paths()) == 2 + len(held)
    assert not [path for path in panel_page.browser_page.addresses if "panel.later" in path]
    for route in held:
        route.continue_()


def test_the_inline_panel_is_part_of_the_page(panel_page: PanelPage) -> None:
    panel_page.visits("anna", inline="", language="en-GB", time_zone="America/New_York")
    panel_page.sees("activation")
    panel_page.press("#department-support")
    panel_page.press("#give")
    panel_page.expects_status("Support now has access until Monday, 23 November 2026, 08:00 (Eastern Time).")

    assert panel_page.page.locator("dialog").count() == 0
    panel_page.visits("ben", inline="")
    expect(panel_page.page.locator("#told")).to_contain_text('{"may_grant":false}')
    expect(panel_page.page.locator("guestkey-panel")).to_be_hidden()


def test_the_token_is_nowhere_in_the_page(panel_page: PanelPage) -> None:
    panel_page.opens()
    found = panel_page.page.evaluate(
        "document.documentElement.outerHTML + document.querySelector('guestkey-panel').shadowRoot.innerHTML"
    )

    assert panel_page.browser_page.tokens
    for token in panel_page.browser_page.tokens:
        assert token.rpartition(".")[2] not in found


def test_a_host_sets_colours_and_parts(panel_page: PanelPage) -> None:
    panel_page.opens()
    css = "guestkey-panel { --guestkey-accent: rgb(1 2 3) } guestkey-panel::part(primary) { color: red }"
    panel_page.page.evaluate(ADD_STYLE, css)
    style = panel_page.page.locator("#give").evaluate(
        "one => getComputedStyle(one).background + getComputedStyle(one).color"
    )

    assert style.startswith("rgb(1, 2, 3)")
    assert style.endswith("rgb(255, 0, 0)")


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_the_panel_follows_the_colour_scheme_of_the_page(panel_page: PanelPage) -> None:
    panel_page.page.emulate_media(color_scheme="dark")
    panel_page.opens()
    background = "one => getComputedStyle(one).backgroundColor"
    assert panel_page.panel.evaluate(background) == "rgb(29, 36, 34)"
    panel_page.page.evaluate(ADD_STYLE, ":root { color-scheme: only light }")
    assert panel_page.panel.evaluate(background) == "rgb(255, 255, 255)"


ADD_STYLE = """(css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""


def test_the_focus_returns_to_the_element_that_opened_the_panel(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.page.keyboard.press("Escape")
    expect(panel_page.page.locator("#support")).to_be_focused()
    panel_page.press("#support")
    panel_page.sees("activation")
    panel_page.press(".close")
    expect(panel_page.page.locator("#support")).to_be_focused()


# ------------------------------------------------------------------ accessibility


def test_every_step_works_with_the_keyboard_alone(panel_page: PanelPage) -> None:
    keys = panel_page.page.keyboard
    panel_page.visits()
    for stop in ("#help", "#support"):
        panel_page.page.locator(stop).focus()
        keys.press("Enter")
    panel_page.sees("activation")
    panel_page.tab_to("#search")
    keys.type("sven")
    expect(panel_page.panel.locator(".choice")).to_have_count(1)
    panel_page.tab_to("#agent-sven")
    keys.press("Space")
    panel_page.tab_to("#give")
    keys.press("Enter")
    panel_page.expects_status("Sven Brandt hat jetzt Zugang bis")
    panel_page.tab_to("[id^=revoke-]")
    keys.press("Enter")
    panel_page.reads("Niemand.")
    panel_page.page.locator("#tab-activation").focus()
    for _ in range(3):
        keys.press("ArrowRight")
    keys.press("Enter")
    panel_page.sees("callback")
    panel_page.tab_to("#day")
    keys.press("ArrowDown")
    panel_page.tab_to(".time:has(:checked) input")
    keys.press("ArrowRight")
    panel_page.tab_to("#description")
    keys.type("Der Import steht still")
    panel_page.tab_to("#phone")
    keys.type("+49 241 446 86 122")
    keys.press("Enter")
    panel_page.expects_status("Der Rückruf ist vereinbart.")

    assert factories.what_happened()[-3:] == ["grant.given", "grant.revoked", "callback.booked"]
    assert list(factories.seats_held()) == [TUESDAY_AT_TEN - timedelta(minutes=45)]


def test_two_panels_of_two_languages_on_one_page_each_keep_their_own(
    panel_page: PanelPage, world: time_machine.Traveller
) -> None:
    scenarios.busy()
    world.move_to(scenarios.SATURDAY_NOON)
    factories.grant(DORA, period="2h", at=scenarios.SATURDAY_NOON)
    panel_page.visits("anna", inline="", language="de-DE")
    panel_page.page.evaluate(SECOND_PANEL, "es-ES")
    german, spanish = (panel_page.page.locator(".guestkey-surface").nth(number) for number in (0, 1))
    panels = {"de": german, "es": spanish}
    for language, panel in panels.items():
        expect(panel).to_have_attribute("lang", language)
        expect(panel.locator("[id^=revoke-]")).to_have_count(2)
    # Each panel searches, which fails, and writes its countdown again, after the other one has loaded its texts.
    panel_page.page.route("**/v1/directory*", lambda route: route.abort())
    for panel in panels.values():
        panel.locator("#search").fill("bra")
        expect(panel.get_by_role("alert")).to_have_count(1)
    panel_page.page.wait_for_timeout(1100)
    require_own_texts(panels, "activation")
    panel_page.page.unroute("**/v1/directory*")
    for tab, complete in {"logins": ".rows > li", "callback": ".number"}.items():
        for panel in panels.values():
            panel.locator(f"#tab-{tab}").click()
            expect(panel.locator(complete).first).to_be_visible()
        require_own_texts(panels, tab)


SECOND_PANEL = """(language) => {
  const panel = document.createElement("guestkey-panel");
  panel.setAttribute("inline", "");
  panel.setAttribute("language", language);
  panel.token = async () => (await (await fetch("host/token?who=anna")).json()).token;
  document.querySelector("main").append(panel);
}"""
"""Adds a second panel to the sample page."""
SIDE_BY_SIDE: dict[str, dict[str, tuple[str, ...]]] = {
    "activation": {
        "de": (
            "Zugang für den Support",
            "Noch 1 Stunde 59 Minuten",
            "Die Verbindung brach ab.",
            "28.11.2026, 15:00 Uhr",
        ),
        "es": ("Acceso para el soporte", "Quedan 1 hora 59 minutos", "Se cortó la conexión.", "28 nov 2026, 15:00 h"),
    },
    "logins": {
        "de": ("Montag, 23. November 2026", "Mitteleuropäische Zeit"),
        "es": ("lunes, 23 de noviembre de 2026", "hora de Europa central"),
    },
    "callback": {
        "de": ("Montag, 30. November 2026, 09:00 Uhr", "Der Anruf kostet 5,95 € je angefangene 5 Minuten."),
        "es": ("lunes, 30 de noviembre de 2026, 09:00 h", "La llamada cuesta 5,95 € por cada 5 minutos"),
    },
}
"""Texts, dates and numbers of each tab, which the panels of the two languages write differently."""


def require_own_texts(panels: dict[str, Locator], tab: str) -> None:
    """Assert that each panel has the texts of its own language, and the other panel has none of them."""
    read = {language: plain(panel.inner_text()) for language, panel in panels.items()}
    for language, texts in SIDE_BY_SIDE[tab].items():
        for text in texts:
            assert [one for one, shown in read.items() if text in shown] == [language], (text, read)


@pytest.mark.parametrize("language", probes("de", "en", "es", "it", rest=["de-AT", "de-CH"]))
def test_every_tab_is_accessible(browser: Browser, product: Product, language: str) -> None:
    """Assert the same of each tab in each language, in both colour schemes, at 320 pixels and at 200 %."""
    scenarios.busy()
    factories.callback(starts_at=TUESDAY_AT_TEN)
    with at_work(browser, product, locale=LOCALES[language]) as panel_page:
        panel_page.opens("anna", language=language)
        for tab in TABS:
            panel_page.page.set_viewport_size({"width": 1000, "height": 1400})
            panel_page.goes_to(tab)
            panel_page.can_read_everything(language)


def test_every_other_state_is_accessible(panel_page: PanelPage) -> None:
    panel_page.opens("ben", hide_without_right="off")
    require_readable(panel_page.page)
    panel_page.goes_to("callback")
    require_readable(panel_page.page)
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.press("#book")
    panel_page.expects_status("Bitte schreiben Sie kurz")
    require_readable(panel_page.page)
    factories.callback(starts_at=TUESDAY_AT_TEN)
    panel_page.goes_to("about")
    panel_page.goes_to("callback")
    panel_page.press("#move")
    expect(panel_page.panel.locator(".time").first).to_be_visible()
    require_readable(panel_page.page)
    panel_page.visits("anna", inline="")
    panel_page.sees("activation")
    require_readable(panel_page.page)


def test_in_forced_colours_all_controls_are_visible_and_nothing_moves(panel_page: PanelPage) -> None:
    panel_page.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    panel_page.opens()
    panel_page.goes_to("callback")

    assert panel_page.panel.locator(".time:has(:checked)").evaluate("one => getComputedStyle(one).borderWidth") == "3px"
    assert panel_page.page.evaluate("document.getAnimations().length") == 0


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_dates_follow_the_region_of_the_locale(
    browser: Browser, product: Product, world: time_machine.Traveller
) -> None:
    world.move_to(MONDAY_NOON + timedelta(days=7 * 8))
    for language, (month, example, whom) in REGIONS.items():
        with at_work(browser, product) as panel_page:
            panel_page.opens("anna", language=language)
            panel_page.press(whom)
            panel_page.press("#give")
            panel_page.expects_status(f"hat jetzt Zugang bis Montag, 18. {month} 2027, 14:00 Uhr")
            panel_page.goes_to("callback")
            assert example in panel_page.text


REGIONS = {
    "de": ("Januar", "+49 241", "#department-support"),
    "de-AT": ("Jänner", "+43 1", "#agent-sven"),
    "de-CH": ("Januar", "+41 44", "#agent-dora"),
}


# ------------------------------------------------------------------ another account


def signs_in_as(panel_page: PanelPage, who: str) -> None:
    """Sign in as somebody else without leaving the page, as a single-page product does."""
    panel_page.page.evaluate(
        """who => {
            document.querySelector("guestkey-panel").token = async () =>
                (await (await fetch(`/host/token?who=${who}`)).json()).token;
        }""",
        who,
    )


def test_with_another_users_token_the_open_panel_begins_anew(panel_page: PanelPage) -> None:
    given = factories.grant(SVEN)
    panel_page.opens()
    panel_page.reads("Sven Brandt")
    signs_in_as(panel_page, "carla")
    expect(panel_page.panel.locator("#tab-about", has_text="About")).to_be_visible()
    panel_page.sees("activation")

    expect(panel_page.page.locator(f"#revoke-{given.grant_id}")).to_have_count(0)
    panel_page.press("#agent-sven")
    panel_page.press("#give")
    panel_page.expects_status("Sven Brandt now has access until")
    assert len(live()) == 1, "nothing is given at Acme"
    assert panel_page.events[-1] == "guestkey:granted"


def test_nothing_is_written_when_the_same_function_returns_another_users_token(panel_page: PanelPage) -> None:
    given = factories.grant(SVEN)
    panel_page.opens()
    panel_page.press("#department-support")
    other = mint("carla", panel_page.browser_page.site.issuer)
    panel_page.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": other}))
    panel_page.press("#give")
    expect(panel_page.panel.locator("#tab-about", has_text="About")).to_be_visible()

    assert [one["grant_id"] for one in live()] == [given.grant_id]
    assert call("GET", "/v1/grants", caller=CARLA).body["items"] == []
    assert "guestkey:granted" not in panel_page.events


def test_a_token_of_the_same_person_at_another_customer_is_another_account(panel_page: PanelPage) -> None:
    panel_page.opens()
    other = mint("anna", panel_page.browser_page.site.issuer, tenant_id="globex", name="Anna at Globex")
    panel_page.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": other}))
    panel_page.press("#department-support")
    panel_page.press("#give")
    panel_page.goes_to("about")
    panel_page.reads("Globex Inc.")

    assert live() == []


def test_a_new_token_of_the_same_user_leaves_what_was_typed(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.press("#department-support")
    panel_page.page.locator("#period-give").select_option("2h")
    signs_in_as(panel_page, "anna")
    panel_page.press("#give")
    panel_page.expects_status("Support hat jetzt Zugang bis")

    assert live()[0]["period"] == "2h"


def test_after_signing_out_nothing_of_the_account_is_left(panel_page: PanelPage) -> None:
    factories.grant(SVEN)
    panel_page.opens()
    panel_page.reads("Sven Brandt")
    panel_page.page.evaluate(
        "() => { document.querySelector('guestkey-panel').token = () => { throw new Error('signed out') } }"
    )
    panel_page.reads("Ihre Anmeldung ist abgelaufen.")

    assert "Sven Brandt" not in panel_page.text
    assert "guestkey:session-over" in panel_page.events


# ------------------------------------------------------------------ several elements on one page

BESIDE = """([kind, language, token]) => {
  const one = document.createElement(`guestkey-${kind}`);
  one.setAttribute("inline", "");
  one.setAttribute("language", language);
  one.token = () => token;
  document.querySelector("main").append(one);
}"""


@pytest.mark.nightly("tests/functions/web asks it of the module, or a neighbour of the same code")
def test_elements_of_several_languages_on_one_page_keep_their_texts(panel_page: PanelPage) -> None:
    """Two panels and a desk, each in its own language, and none takes the texts or the data of another."""
    scenarios.busy()
    issuer = panel_page.browser_page.site.issuer
    panel_page.visits("anna", inline="", language="de")
    panel_page.sees("activation")
    panel_page.page.evaluate("url => import(url)", f"{panel_page.browser_page.site.url}/assets/desk.js")
    for kind, language, who in (("panel", "it", "giulia"), ("desk", "es", "sven")):
        panel_page.page.evaluate(BESIDE, [kind, language, mint(who, issuer)])
    german, italian, desk = (
        panel_page.page.locator(f"guestkey-{element} .guestkey-surface[lang={language}]")
        for element, language in (("panel", "de"), ("panel", "it"), ("desk", "es"))
    )
    expect(desk.locator("#refresh")).to_be_visible()
    for one, at in ((italian, "activation"), (german, "grants"), (italian, "grants"), (german, "about")):
        one.locator(f"#tab-{at}").click()
        expect(one.locator(f"[role=tabpanel][data-tab={at}]").locator(panel_pages.READY[at]).first).to_be_visible()

    for one, said, unsaid in (
        (german, ["Kundenname", "Anna Albrecht"], ["Accessi", "Giulia", "Solicitudes"]),
        (italian, ["Accessi consentiti", "Ingressi"], ["Kundenname", "Zugang", "Solicitudes"]),
        (desk, ["Accesos", "Solicitudes"], ["Zugang", "Accessi", "Kundenname", "Anna"]),
    ):
        text = plain(one.inner_text())
        assert not [word for word in said if word not in text], text
        assert not [word for word in unsaid if word in text], text
