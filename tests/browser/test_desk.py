"""<guestkey-desk> in the vendor's back office, in a real browser: entering, requests and call-backs, no action done
twice or lost, and accessibility."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Browser, Locator, Route, expect

from guestkey.rules.grants import Grant
from local import sample
from local.tokens import mint
from tests import doors, factories, table
from tests.browser import agents, scenarios
from tests.browser.agents import TABS, at_desk
from tests.browser.browser_page import hold, lose
from tests.browser.panel_page import HOSTILE, LOCALES, plain
from tests.browser.product import Product
from tests.calls import call
from tests.edge import post
from tests.factories import MONDAY_NOON, TUESDAY_AT_TEN
from tests.personas import ANNA, BACKEND, CARLA, DORA, SVEN
from tests.rows_and_columns import probes

Agent = agents.Agent[Product]
SUPPORT_CALLBACKS = "/v1/support/callbacks"
MONDAY_AT_FOUR = MONDAY_NOON + timedelta(hours=3)


def may_enter(login_id: str) -> bool:
    """Call the check as the vendor's product does, with the login that the page received."""
    order = {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "login_id": login_id}
    allowed: bool = call("POST", "/v1/vendor/checks", order, caller=BACKEND).body["allowed"]
    return allowed


def logins() -> list[dict[str, Any]]:
    """Return the login overview, as Anna reads it."""
    items: list[dict[str, Any]] = call("GET", "/v1/logins", caller=ANNA).body["items"]
    return items


def own_requests() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("GET", "/v1/support/requests", caller=SVEN).body["items"]
    return items


def support_callback() -> dict[str, Any]:
    """Return the first call-back of the queue, as Sven reads it."""
    first: dict[str, Any] = call("GET", SUPPORT_CALLBACKS, caller=SVEN).body["waiting"][0]
    return first


def rows(agent: Agent) -> Locator:
    return agent.panel.locator(".rows > li")


def escaped(selector: str) -> str:
    """Return the selector of an element's id whose characters may have a meaning in CSS."""
    return "#" + re.sub(r"([^\w-])", r"\\\1", selector.removeprefix("#"))


def enters(agent: Agent, reason: str = "Der Import steht still") -> None:
    agent.press("#enter-acme")
    agent.page.locator("#reason-acme").fill(reason)
    agent.press("#go-acme")


# ------------------------------------------------------------------ entering


def test_sven_reads_which_tenants_he_may_enter_until_when_and_with_or_without_export(agent: Agent) -> None:
    factories.grant(SVEN, period="2h")
    factories.grant("support", by=CARLA, period="permanent", may_export=True)
    factories.grant(DORA)
    agent.opens()
    expect(rows(agent)).to_have_count(2)
    first, second = [plain(row) for row in rows(agent).all_inner_texts()]

    assert "Acme Immobilien GmbH" in first
    assert "Bis 23.11.2026, 15:00 Uhr, ansehen und ändern, ohne Datenexport" in first
    assert re.search(r"Noch 1 Stunde 59 Minuten|Noch 2 Stunden", first)
    assert "Globex Inc." in second
    assert "Unbefristet, ansehen und ändern, mit Datenexport" in second
    assert "Noch" not in second


def test_he_enters_with_a_reason_and_the_page_opens_the_account_and_he_leaves(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    agent.press("#enter-acme")
    agent.page.locator("#ticket-acme").fill("T-4711")
    agent.page.locator("#reason-acme").fill("Der Import steht still")
    agent.press("#go-acme")
    agent.expects_status("Ihr Eintritt ist festgehalten.")

    (login,) = logins()
    assert (login["reason"], login["ticket"], login["ended_at"]) == ("Der Import steht still", "T-4711", None)
    expect(agent.page.locator("#account")).to_have_text(f"acme, with the login {login['login_id']}")
    assert may_enter(login["login_id"])
    agent.reads("Angemeldet seit 23.11.2026, 13:00 Uhr")
    agent.press("#leave-acme")
    agent.expects_status("Sie sind abgemeldet.")
    assert logins()[0]["end"] == "logged_out"
    assert not may_enter(login["login_id"])
    expect(agent.page.locator("#account")).to_have_text("No account is open.")
    assert agent.events == ["guestkey:entered", "guestkey:left"]
    expect(agent.page.locator("#enter-acme")).to_be_focused()


def test_entering_without_a_reason_is_refused_and_keeps_the_input(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    enters(agent, "ab")
    agent.expects_status("Bitte nennen Sie den Grund")
    expect(agent.page.locator("#reason-acme")).to_be_focused()
    expect(agent.page.locator("#reason-acme")).to_have_attribute("aria-invalid", "true")
    assert logins() == []
    agent.goes_to("requests")
    agent.goes_to("access")
    factories.grant("support", by=CARLA)
    agent.press("#refresh")
    expect(rows(agent)).to_have_count(2)
    assert agent.page.locator("#reason-acme").input_value() == "ab"
    agent.page.locator("#ticket-acme").fill("T\u202e")
    agent.page.locator("#reason-acme").fill("Der Import")
    agent.press("#go-acme")
    agent.expects_status("Bitte prüfen Sie den Vorgang.")

    assert logins() == []


@pytest.mark.parametrize(
    ("end", "text"),
    probes(
        (factories.revoked, "Hier haben Sie gerade keinen Zugang."),
        (lambda given: doors.lock(MONDAY_NOON), "Der Kunde hat den Zugang zurzeit gesperrt."),
        rest=[(lambda given: doors.close(MONDAY_NOON), "Das Konto dieses Kunden ist geschlossen.")],
    ),
)
def test_entering_where_access_has_ended_is_refused(agent: Agent, end: Callable[[Grant], None], text: str) -> None:
    given = factories.grant(SVEN)
    agent.opens()
    agent.press("#enter-acme")
    end(given)
    agent.page.locator("#reason-acme").fill("Der Import steht still")
    agent.press("#go-acme")
    agent.expects_status(text)
    agent.reads("Im Augenblick nirgends.")

    assert logins() == []
    assert agent.events == []


def test_when_access_ends_the_login_ends_with_an_event(agent: Agent, world: time_machine.Traveller) -> None:
    factories.grant(SVEN, at=MONDAY_NOON - timedelta(minutes=59, seconds=50))
    agent.opens()
    enters(agent)
    agent.expects_status("Ihr Eintritt ist festgehalten.")
    world.shift(timedelta(seconds=11))
    agent.press("#refresh")
    agent.reads("Ihr Zugang bei Acme Immobilien GmbH ist beendet, und damit auch Ihre Anmeldung.")

    agent.reads("Im Augenblick nirgends.")
    assert agent.events == ["guestkey:entered", "guestkey:left"]
    assert not may_enter(logins()[0]["login_id"])


def test_a_reloaded_desk_shows_the_open_login_and_ends_it(agent: Agent) -> None:
    factories.grant(SVEN)
    factories.login(reason="Von gestern", at=MONDAY_NOON)
    entered = factories.login(reason="Der Import steht still", at=MONDAY_NOON + timedelta(seconds=1))
    agent.opens()
    agent.reads("Angemeldet seit 23.11.2026, 13:00 Uhr")
    agent.reads("Der Import steht still")
    assert agent.events == ["guestkey:restored"]
    agent.press("#leave-acme")
    agent.expects_status("Sie sind abgemeldet.")

    assert logins()[0]["login_id"] == entered.login_id
    assert [login["end"] for login in logins()] == ["logged_out", None]
    agent.press("#refresh")
    agent.reads("Von gestern")
    assert agent.events == ["guestkey:restored", "guestkey:left", "guestkey:restored"]


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_a_login_that_another_window_ended_is_shown_as_ended(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    enters(agent, "Der Import steht still")
    expect(agent.page.locator("#leave-acme")).to_be_visible()
    factories.log_out("sven", logins()[0]["login_id"], factories.now())
    agent.press("#refresh")
    expect(agent.page.locator("#enter-acme")).to_be_visible()

    assert agent.events == ["guestkey:entered", "guestkey:left"]


def test_a_late_answer_neither_ends_a_new_login_nor_restores_one_that_ended(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    expect(rows(agent)).to_have_count(1)
    for enter in (True, False):
        held: list[Route] = []
        agent.page.route("**/v1/support/access*", partial(hold, held), times=1)
        with agent.page.expect_response("**/v1/support/logins?*"):
            agent.press("#refresh")
        if enter:
            enters(agent, "Der Import steht still")
            expect(agent.page.locator("#leave-acme")).to_be_visible()
        else:
            agent.press("#leave-acme")
            expect(agent.page.locator("#enter-acme")).to_be_visible()
        with agent.page.expect_response("**/v1/support/access*"):
            held[0].continue_()
        agent.page.evaluate("new Promise((done) => setTimeout(done, 200))")
        expect(agent.page.locator("#leave-acme" if enter else "#enter-acme")).to_be_visible()

    assert agent.events == ["guestkey:entered", "guestkey:left"]


def test_a_reason_that_is_being_typed_is_not_replaced(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    agent.press("#enter-acme")
    agent.page.locator("#reason-acme").fill("Der Import")
    factories.login()
    with agent.page.expect_response("**/v1/support/access*"):
        agent.press("#refresh")
    agent.page.evaluate("new Promise((done) => setTimeout(done, 200))")

    assert agent.page.locator("#reason-acme").input_value() == "Der Import"


def test_an_ended_grant_disappears_from_the_list(agent: Agent, world: time_machine.Traveller) -> None:
    factories.grant(SVEN, at=MONDAY_NOON - timedelta(minutes=59, seconds=57))
    agent.opens()
    agent.reads(re.compile(r"Noch .*\d Sekunden?"))
    world.shift(timedelta(seconds=4))
    agent.reads("Im Augenblick nirgends.")


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_ids_with_any_characters_are_entered_left_and_asked(agent: Agent) -> None:
    id = "auth0|a:b.C@d+e=f~g"
    factories.tenant(id, name="Initech Ltd", approver_emails=("anna@acme.example",))
    factories.grant(SVEN, by=ANNA.but(tenant_id=id))
    agent.opens()
    for button, field in (("#enter", "#reason"), ("#go", None), ("#leave", None)):
        agent.press(escaped(f"{button}-{id}"))
        if field:
            agent.page.locator(escaped(f"{field}-{id}")).fill("Der Import steht still")
    agent.expects_status("Sie sind abgemeldet.")
    expect(agent.page.locator(escaped(f"#enter-{id}"))).to_be_focused()
    finds(agent, id)
    agent.reads("Initech Ltd")
    agent.page.locator("#reason").fill("Der Import steht still")
    with post.fake_ses():
        agent.press("#ask")
        agent.expects_status("Initech Ltd wurde per E-Mail gefragt.")

    assert [request["tenant_id"] for request in own_requests()] == [id]
    logged = call("GET", "/v1/logins", caller=ANNA.but(tenant_id=id)).body["items"]
    assert [login["end"] for login in logged] == ["logged_out"]


# ------------------------------------------------------------------ requests


def finds(agent: Agent, tenant_id: str = "acme") -> None:
    agent.goes_to("requests")
    agent.page.locator("#tenant").fill(tenant_id)
    agent.press("#find")


def test_he_requests_two_hours_with_export_from_one_approver(agent: Agent) -> None:
    agent.opens()
    finds(agent, " acme ")
    agent.reads("Acme Immobilien GmbH")
    expect(agent.page.locator("#recipients")).to_be_focused()
    assert agent.page.locator("#recipients option").all_inner_texts() == [
        "Alle, die zustimmen dürfen (\u20682\u2069)", "anna@acme.example", "giulia@acme.example",
    ]  # fmt: skip
    agent.page.locator("#recipients").select_option("giulia@acme.example")
    agent.page.locator("#period-ask").select_option("2h")
    agent.page.locator("#export-ask").check()
    agent.page.locator("#reason").fill("Rechnung 4711 lässt sich nicht drucken")
    agent.page.locator("#ticket").fill("T-4711")
    with post.fake_ses() as sent:
        agent.press("#ask")
        agent.expects_status("Acme Immobilien GmbH wurde per E-Mail gefragt.")

    assert post.recipients(sent) == ["giulia@acme.example"]
    (request,) = own_requests()
    assert (request["period"], request["may_export"], request["state"]) == ("2h", True, "pending")
    assert request["ticket"] == "T-4711"
    agent.reads("Vorgang T-4711")
    agent.reads("Gefragt am 23.11.2026, 13:00 Uhr: 2 Stunden, ansehen und ändern, mit Datenexport")
    agent.reads("Kann beantwortet werden bis 24.11.2026, 13:00 Uhr")


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_by_default_a_request_asks_all_approvers_for_an_hour_without_export(agent: Agent) -> None:
    agent.opens()
    finds(agent)
    agent.page.locator("#reason").fill("Der Import steht still")
    with post.fake_ses() as sent:
        agent.press("#ask")
        agent.expects_status("Acme Immobilien GmbH wurde per E-Mail gefragt.")

    assert sorted(post.recipients(sent)) == ["anna@acme.example", "giulia@acme.example"]
    assert [(one["period"], one["may_export"]) for one in own_requests()] == [("1h", False)]


def test_a_customer_without_approvers_is_named_as_that_before_a_reason_is_typed(agent: Agent) -> None:
    factories.tenant("initech", approver_emails=())
    agent.opens()
    agent.goes_to("requests")
    agent.page.locator("#tenant").fill("initech")
    agent.press("#find")
    agent.expects_status("Bei diesem Kunden ist niemand eingetragen, der zustimmen könnte.")

    expect(agent.page.locator("#ask")).to_have_count(0)


def test_a_request_to_an_unknown_tenant_shows_the_reason(agent: Agent) -> None:
    agent.opens()
    agent.goes_to("requests")
    agent.press("#find")
    agent.expects_status("Nennen Sie bitte die Kunden-ID.")
    for unknown in ("initech", "Acme", "../me", "<b>"):
        agent.page.locator("#tenant").fill(unknown)
        agent.press("#find")
        agent.expects_status("Diesen Kunden gibt es nicht.")
    finds(agent)
    agent.press("#ask")
    agent.expects_status("Bitte nennen Sie den Grund")

    assert agent.page.locator("#reason").get_attribute("aria-invalid") == "true"
    assert own_requests() == []


def test_a_failed_mail_is_shown_and_can_be_sent_again(agent: Agent) -> None:
    agent.opens()
    finds(agent)
    agent.page.locator("#reason").fill("Der Import steht still")
    with post.fake_ses(lambda _: (HTTPStatus.BAD_REQUEST, "MessageRejected", "no")):
        agent.press("#ask")
        agent.expects_status("Die Anfrage steht, aber die E-Mail ging nicht hinaus.")
    expect(agent.panel.locator(".notice")).to_be_visible()
    (request,) = own_requests()
    with post.fake_ses() as sent:
        agent.press(f"#send-{request['request_id']}")
        agent.expects_status("Die E-Mail ging noch einmal hinaus.")

    assert len(sent) == 2
    expect(agent.panel.locator(".notice")).to_have_count(0)


def test_he_withdraws_a_request(agent: Agent) -> None:
    request = factories.requested(SVEN)
    agent.opens()
    agent.goes_to("requests")
    agent.press(f"#withdraw-{request.request_id}")
    agent.expects_status("Die Anfrage ist zurückgezogen.")

    expect(agent.panel.locator(".badge")).to_have_text("Zurückgezogen")
    expect(rows(agent)).to_be_focused()
    assert own_requests()[0]["state"] == "withdrawn"


def test_each_closed_request_shows_its_outcome_and_the_customers_note(
    agent: Agent, world: time_machine.Traveller
) -> None:
    factories.requested(SVEN, at=MONDAY_NOON - timedelta(days=2))
    factories.approved(factories.requested(SVEN, at=MONDAY_NOON - timedelta(hours=3)))
    factories.declined(factories.requested(SVEN, at=MONDAY_NOON - timedelta(hours=2)), note="Bitte erst anrufen")
    agent.opens()
    agent.goes_to("requests")
    expect(agent.panel.locator(".badge")).to_have_text(["Abgelehnt", "Erlaubt", "Abgelaufen"])
    agent.reads("Nachricht: Bitte erst anrufen")

    assert agent.panel.locator("[id^=send-], [id^=withdraw-]").count() == 0


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_a_request_answered_meanwhile_shows_its_outcome(agent: Agent) -> None:
    request = factories.requested(SVEN)
    agent.opens()
    agent.goes_to("requests")
    expect(agent.panel.locator(".badge")).to_have_text("Offen")
    factories.approved(request)
    agent.press(f"#withdraw-{request.request_id}")
    agent.expects_status("Die Anfrage wurde inzwischen beantwortet oder zurückgezogen.")

    expect(agent.panel.locator(".badge")).to_have_text("Erlaubt")


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_a_reached_limit_is_shown_as_such_and_not_as_a_lost_connection(agent: Agent) -> None:
    for number in range(5):
        factories.requested(SVEN, at=MONDAY_NOON - timedelta(hours=number + 1))
    agent.opens()
    finds(agent)
    agent.page.locator("#reason").fill("Der Import steht still")
    agent.press("#ask")
    agent.expects_status("Das waren zu viele in kurzer Zeit.")


# ------------------------------------------------------------------ call-backs


def test_he_takes_a_booked_call_back_and_closes_it(agent: Agent) -> None:
    soon, before = MONDAY_NOON + timedelta(minutes=45), MONDAY_NOON - timedelta(hours=3)
    callback = factories.callback(starts_at=soon, description="Der Import steht still", at=before)
    agent.opens()
    agent.goes_to("callbacks")
    agent.reads("Montag, 23. November")
    agent.reads("Der Import steht still")
    for shown in (
        "13:45 · Acme Immobilien GmbH", "Kundenkennung: acme", "Kurze Frage · Sprache: Deutsch",
        "Sie haben dort jetzt keinen Zugang.",
    ):  # fmt: skip
        assert shown in agent.text
    assert "Beim Kunden" not in agent.text, "the customer's clock shows the same"
    expect(agent.panel.locator("a.number[href='tel:+4924144686122']")).to_have_text("0241 44686122")
    agent.press(f"#take-{callback.callback_id}")
    agent.expects_status("Sie haben den Rückruf übernommen.")
    agent.reads("Übernommen von Sven Brandt")
    agent.page.locator(f"#note-{callback.callback_id}").fill("Läuft wieder")
    agent.press(f"#reached-{callback.callback_id}")
    agent.expects_status("Der Rückruf ist abgeschlossen.")

    expect(agent.panel.locator(".badge")).to_have_text("Erreicht")
    assert factories.what_happened()[-2:] == ["callback.taken", "callback.closed"]


def test_the_queue_is_in_order_and_marks_customers_with_a_live_grant(agent: Agent) -> None:
    factories.grant("support", by=CARLA)
    factories.callback(CARLA, at=MONDAY_NOON - timedelta(minutes=20))
    callback = factories.callback(at=MONDAY_NOON - timedelta(minutes=10))
    agent.opens()
    agent.goes_to("callbacks")
    agent.reads("Warteschlange (2)")
    first, second = [plain(row) for row in rows(agent).all_inner_texts()]
    assert "Globex Inc.\n" in first
    assert "Kundenkennung: globex" in first
    assert "Beim Kunden: 07:00 (Nordamerikanische Ostküstenzeit)" in first
    assert "Wartet seit 23.11.2026, 12:40 Uhr" in first
    assert "Sie haben dort jetzt Zugang." in first
    assert "acme" in second
    agent.press(f"#take-{callback.callback_id}")
    agent.press(f"#unreached-{callback.callback_id}")
    agent.expects_status("Der Rückruf ist abgeschlossen.")
    agent.press("#refresh")

    expect(rows(agent)).to_have_count(1)


def test_another_day_is_one_click_away_and_so_is_the_way_back_to_today(agent: Agent) -> None:
    factories.callback(starts_at=TUESDAY_AT_TEN)
    agent.opens()
    agent.goes_to("callbacks")
    agent.reads("Für diesen Tag ist nichts gebucht.")
    agent.press("#after")
    agent.reads("Dienstag, 24. November")
    agent.reads("10:00")
    agent.press("#before")
    agent.press("#before")
    agent.reads("Sonntag, 22. November")
    agent.reads("Für diesen Tag ist nichts gebucht.")
    agent.press("#today")
    agent.reads("Montag, 23. November")


def test_of_two_agents_who_take_a_call_back_one_gets_it_and_the_other_reads_the_reason(
    browser: Browser, product: Product
) -> None:
    callback = factories.callback()
    with at_desk(browser, product) as sven, at_desk(browser, product) as dora:
        sven.opens()
        dora.opens("dora")
        for one in (sven, dora):
            one.goes_to("callbacks")
            expect(rows(one)).to_have_count(1)
        sven.press(f"#take-{callback.callback_id}")
        sven.expects_status("Sie haben den Rückruf übernommen.")
        dora.press(f"#take-{callback.callback_id}")
        dora.expects_status("Jemand anderes hat diesen Rückruf schon übernommen.")
        dora.reads("Übernommen von Sven Brandt")
        expect(dora.panel.locator("[id^=reached-], [id^=release-], [id^=hand-]")).to_have_count(0)
        call("POST", f"{SUPPORT_CALLBACKS}/{callback.callback_id}/hand", {"agent_id": "dora"}, caller=SVEN)
        sven.press(f"#reached-{callback.callback_id}")
        sven.expects_status("Nur wer den Rückruf übernommen hat, kann ihn abschließen oder abgeben.")
        sven.reads("Übernommen von Dora Vogel")
        dora.press("#refresh")
        dora.press(f"#reached-{callback.callback_id}")
        dora.expects_status("Der Rückruf ist abgeschlossen.")


def test_a_call_taken_for_another_day_stays_in_sight_and_is_released_there(agent: Agent) -> None:
    callback = factories.taken(factories.callback(starts_at=TUESDAY_AT_TEN + timedelta(days=2)))
    agent.opens()
    agent.goes_to("callbacks")
    agent.reads("Von Ihnen übernommen, an anderen Tagen")
    agent.reads("26.11.2026, 10:00 Uhr · Acme Immobilien GmbH")
    for _ in range(3):
        expect(rows(agent)).to_have_count(1)
        agent.press("#after")
    agent.reads(re.compile("^10:00 · Acme Immobilien GmbH"))
    expect(agent.panel.get_by_text("an anderen Tagen")).to_have_count(0)
    agent.press(f"#release-{callback.callback_id}")
    agent.expects_status("Der Rückruf ist wieder frei.")
    expect(rows(agent)).to_be_focused()
    assert factories.what_happened()[-1] == "callback.released"
    agent.press(f"#take-{callback.callback_id}")
    agent.expects_status("Einen vereinbarten Rückruf können Sie erst ab einer Stunde vorher übernehmen.")
    assert factories.what_happened()[-1] == "callback.released"
    agent.press("#today")
    agent.reads("Für diesen Tag ist nichts gebucht.")

    expect(rows(agent)).to_have_count(0)


def test_a_taken_call_is_handed_on_to_a_colleague_who_is_chosen_by_name(agent: Agent) -> None:
    callback = factories.taken(factories.callback())
    factories.agent("sven-2", "support", name="Sven Brandt")
    agent.opens()
    agent.goes_to("callbacks")
    note = agent.page.locator(f"#note-{callback.callback_id}")
    note.fill("Ruft um vier noch einmal an")
    agent.press(f"#hand-{callback.callback_id}")
    expect(agent.panel.locator("h4")).to_be_focused()
    colleague = agent.page.locator(f"#colleague-{callback.callback_id}")
    expect(colleague.locator("option")).to_have_text(
        ["Dora Vogel · Development · dora", "Sven Brandt · Support · sven-2"]
    )
    agent.panel.get_by_role("button", name="Zurück", exact=True).click()
    expect(agent.page.locator(f"#hand-{callback.callback_id}")).to_be_focused()
    assert note.input_value() == "Ruft um vier noch einmal an"
    agent.press(f"#hand-{callback.callback_id}")
    colleague.select_option("dora")
    factories.agent("dora", "development", name="Dora Vogel", is_active=False)
    agent.press(f"#do-hand-{callback.callback_id}")
    agent.expects_status("Diese Person gehört nicht mehr zum Support.")
    expect(colleague).to_be_focused()
    colleague.select_option("sven-2")
    agent.press(f"#do-hand-{callback.callback_id}")
    agent.expects_status("Der Rückruf ist an Sven Brandt weitergegeben.")

    expect(agent.panel.locator("[id^=note-]")).to_have_count(0)
    assert support_callback()["agent"] == {"id": "sven-2", "name": "Sven Brandt"}


def test_a_call_is_moved_with_a_reason_for_the_customer(agent: Agent) -> None:
    callback = factories.callback(CARLA, TUESDAY_AT_TEN, topic="technical")
    agent.opens()
    agent.goes_to("callbacks")
    agent.press("#after")
    agent.press(f"#move-{callback.callback_id}")
    agent.reads("Die kleinen Zeiten gelten beim Kunden (Nordamerikanische Ostküstenzeit).")
    times, why = agent.panel.locator(".time"), agent.page.locator(f"#why-{callback.callback_id}")
    expect(agent.panel.locator(".time:has(:checked)")).to_have_text("10:0004:00")
    why.fill("Zwei von uns sind krank")
    agent.press(f"#do-move-{callback.callback_id}")
    agent.expects_status("Das ist die bisherige Zeit. Es wurde nichts geändert.")
    why.fill("")
    factories.seats(TUESDAY_AT_TEN + timedelta(hours=1), 2)
    times.filter(has_text=re.compile("^11:00")).click()
    agent.press(f"#do-move-{callback.callback_id}")
    agent.expects_status("Bitte nennen Sie den Grund")
    expect(why).to_be_focused()
    why.fill("Zwei von uns sind krank")
    agent.press(f"#do-move-{callback.callback_id}")
    agent.expects_status("Diese Zeit ist nicht mehr frei.")
    expect(times.filter(has_text=re.compile("^11:00"))).to_have_count(0)
    agent.page.locator(f"#day-{callback.callback_id}").select_option("Mittwoch, 25. November")
    times.filter(has_text=re.compile("^16:30")).click()
    agent.press(f"#do-move-{callback.callback_id}")
    agent.expects_status("Der Rückruf ist verschoben.")
    agent.reads("25.11.2026, 16:30 Uhr · Globex Inc.")
    agent.reads("Beim Kunden: 10:30")

    expect(rows(agent)).to_be_focused()
    moved = call("GET", "/v1/callbacks/open", caller=CARLA).body
    assert (moved["starts_at"], moved["reason"]) == ("2026-11-25T15:30:00Z", "Zwei von uns sind krank")


def test_a_call_is_cancelled_with_a_reason_and_the_agent_reads_whether_it_is_mailed(agent: Agent) -> None:
    callback, unmailed = factories.callback(), factories.callback(CARLA.but(email=None))
    agent.opens()
    agent.goes_to("callbacks")
    agent.press(f"#cancel-{unmailed.callback_id}")
    agent.reads("Zu diesem Rückruf gibt es keine E-Mail-Adresse.")
    agent.press(f"#cancel-{callback.callback_id}")
    agent.reads("Der Kunde erhält den Grund per E-Mail.")
    agent.page.locator(f"#why-{callback.callback_id}").fill("Das Problem ist behoben")
    agent.press(f"#do-cancel-{callback.callback_id}")
    agent.expects_status("Der Rückruf ist abgesagt.")

    expect(rows(agent).first.locator(".badge")).to_have_text("Abgesagt")
    expect(rows(agent).first.get_by_role("button")).to_have_count(0)
    assert factories.what_happened()[-1] == "callback.cancelled"


def test_a_stranded_call_says_why_and_one_whose_topic_is_gone_moves_to_the_queue_only(agent: Agent) -> None:
    callback = factories.callback(starts_at=TUESDAY_AT_TEN, topic="technical")
    topics = [topic for topic in sample.DESK["topics"] if topic["id"] != "technical"]
    call("PUT", "/v1/vendor/desk", sample.DESK | {"topics": topics}, caller=BACKEND)
    agent.opens()
    agent.goes_to("callbacks")
    agent.press("#after")
    agent.reads("Dieses Thema gibt es nicht mehr. Der Kunde ist gebeten, neu zu wählen.")
    agent.reads("technical · Sprache: Deutsch")
    agent.press(f"#move-{callback.callback_id}")
    expect(agent.panel.locator("form select")).to_have_count(0)
    agent.page.locator(f"#why-{callback.callback_id}").fill("Das Thema gibt es nicht mehr")
    agent.press(f"#do-move-{callback.callback_id}")
    agent.expects_status("Der Rückruf ist verschoben.")

    expect(agent.panel.locator(".badge")).to_have_text("Wartet")
    expect(agent.panel.locator(".rows .notice, [id^=move-]")).to_have_count(0)
    assert support_callback()["state"] == "waiting"


def test_a_taken_call_back_can_be_closed_later_and_an_invalid_note_is_shown(agent: Agent) -> None:
    callback = factories.taken(factories.callback())
    agent.opens()
    agent.goes_to("callbacks")
    note = agent.page.locator(f"#note-{callback.callback_id}")
    note.fill("a\u0007")
    agent.press(f"#reached-{callback.callback_id}")
    agent.expects_status("Bitte kürzen Sie die Notiz")
    note.fill("Läuft wieder")
    agent.press(f"#reached-{callback.callback_id}")
    agent.expects_status("Der Rückruf ist abgeschlossen.")


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_a_note_stays_when_the_day_is_reloaded(agent: Agent) -> None:
    callback = factories.callback()
    agent.opens()
    agent.goes_to("callbacks")
    agent.press(f"#take-{callback.callback_id}")
    agent.expects_status("Sie haben den Rückruf übernommen.")
    agent.page.locator(f"#note-{callback.callback_id}").fill("Ruft um vier noch einmal an")
    factories.callback(CARLA)
    agent.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(rows(agent)).to_have_count(2)

    assert agent.page.locator(f"#note-{callback.callback_id}").input_value() == "Ruft um vier noch einmal an"


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_a_button_that_is_pressed_while_its_list_is_reloaded_acts(agent: Agent) -> None:
    factories.grant(SVEN)
    callback, request = factories.callback(), factories.requested(SVEN)
    agent.opens()
    expect(rows(agent)).to_have_count(1)
    agent.presses_during_a_reload("#enter-acme", "**/v1/support/access*")
    expect(agent.page.locator("#reason-acme")).to_be_focused()
    agent.goes_to("requests")
    agent.presses_during_a_reload(f"#withdraw-{request.request_id}", "**/v1/support/requests*")
    expect(agent.panel.locator(".badge")).to_have_text("Zurückgezogen")
    agent.goes_to("callbacks")
    agent.presses_during_a_reload(f"#take-{callback.callback_id}", "**/v1/support/callbacks?*")
    agent.reads("Übernommen von Sven Brandt")

    happened = factories.what_happened()
    assert [happened.count(what) for what in ("request.withdrawn", "callback.taken")] == [1, 1]


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_a_late_answer_empties_no_list(agent: Agent) -> None:
    factories.grant(SVEN)
    factories.callback()
    agent.opens()
    for tab in ("access", "callbacks"):
        agent.goes_to(tab)
        expect(rows(agent)).to_have_count(1)
        held: list[Route] = []
        agent.page.route(f"**/v1/support/{tab}*", partial(hold, held), times=1)
        agent.press("#refresh")
        with agent.page.expect_response(f"**/v1/support/{tab}*"):
            agent.press("#refresh")
        with agent.page.expect_response(f"**/v1/support/{tab}*"):
            held[0].continue_()
        agent.page.evaluate("new Promise((done) => setTimeout(done, 200))")
        expect(rows(agent)).to_have_count(1)


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_without_a_desk_the_tab_shows_a_hint(agent: Agent) -> None:
    from guestkey.store.callbacks import desks
    from guestkey.store.dynamodb import keys

    table.drop((keys.DESK, keys.PROFILE))
    desks.clear_cache()
    agent.opens()
    agent.press("#tab-callbacks")
    agent.reads("Rückrufe werden derzeit nicht angeboten.")


def test_a_browser_with_a_wrong_clock_shows_the_right_day(agent: Agent) -> None:
    factories.callback(starts_at=MONDAY_AT_FOUR)
    agent.page.clock.install(time=MONDAY_NOON - timedelta(days=2))
    agent.page.route("**/v1/support/access?*", lambda route: route.abort())
    agent.opens()
    agent.goes_to("callbacks")
    agent.reads("Montag, 23. November")

    expect(rows(agent)).to_have_count(1)


# ------------------------------------------------------------------ failures


def test_while_the_api_is_down_a_message_is_shown_and_the_desk_recovers(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.page.route("**/v1/support/access?*", lambda route: route.abort(), times=1)
    agent.opens()
    agent.reads("Die Verbindung brach ab.")
    agent.press("#again")
    expect(rows(agent)).to_have_count(1)


def test_after_a_lost_answer_a_retry_records_one_login(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    agent.page.route("**/v1/support/logins", lose, times=1)
    enters(agent)
    agent.expects_status("Die Verbindung brach ab.")
    agent.press("#go-acme")
    agent.expects_status("Ihr Eintritt ist festgehalten.")

    assert len(logins()) == 1


def test_a_double_click_enters_once_and_does_not_leave(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    agent.press("#enter-acme")
    agent.page.locator("#reason-acme").fill("Der Import steht still")
    agent.page.locator("#go-acme").dblclick()
    agent.expects_status("Ihr Eintritt ist festgehalten.")

    assert [login["ended_at"] for login in logins()] == [None]


def test_an_expired_session_is_shown_and_keeps_the_input(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    old = mint("sven", agent.browser_page.site.issuer, exp=1)
    agent.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": old}))
    enters(agent)
    agent.expects_status("Ihre Anmeldung ist abgelaufen.")
    assert logins() == []
    agent.page.unroute("**/host/token?*")
    agent.press("#go-acme")
    agent.expects_status("Ihr Eintritt ist festgehalten.")

    assert [login["reason"] for login in logins()] == ["Der Import steht still"]


def test_an_inactive_agent_and_a_customers_user_see_no_data(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens("emil")
    agent.reads("Sie sind nicht als aktives Mitglied des Supports eingetragen.")
    token = mint("anna", agent.browser_page.site.issuer)
    agent.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": token}))
    agent.opens()
    agent.reads("Ihre Anmeldung ist abgelaufen.")

    assert rows(agent).count() == 0


def test_text_written_by_others_is_shown_as_text_only(agent: Agent) -> None:
    factories.agent("sven", "support", name=HOSTILE)
    factories.tenant("acme", name=HOSTILE, approver_emails=("anna@acme.example",))
    factories.grant(SVEN)
    factories.requested(SVEN, reason=HOSTILE)
    factories.taken(factories.callback(ANNA.but(name=HOSTILE), description=HOSTILE))
    agent.opens()
    for tab in TABS:
        agent.goes_to(tab)
        agent.reads(re.compile("onerror"))
        assert agent.panel.locator("img, script").count() == 0
    finds(agent)
    agent.reads(re.compile("onerror"))
    assert agent.panel.locator("img, script").count() == 0


# ------------------------------------------------------------------ embedding


def test_loading_takes_two_requests_and_the_token_is_nowhere_in_the_page(agent: Agent) -> None:
    agent.opens()
    agent.reads("Im Augenblick nirgends.")
    found = agent.page.evaluate(
        "document.documentElement.outerHTML + document.querySelector('guestkey-desk').shadowRoot.innerHTML"
    )

    assert sorted(agent.requested_paths()) == ["/v1/support/access", "/v1/support/logins"]
    (token,) = agent.browser_page.tokens
    assert token.rpartition(".")[2] not in found


@pytest.mark.nightly("a neighbour, or test_panel.py, asks it of the same code")
def test_times_are_in_the_agents_zone_unless_the_page_sets_another(browser: Browser, product: Product) -> None:
    factories.grant(SVEN)
    with at_desk(browser, product, timezone_id="America/New_York") as agent:
        agent.opens(language="en-GB")
        agent.reads("Until 23 Nov 2026, 08:00")
        agent.reads("All times: Eastern Time")
        agent.opens(language="en-GB", time_zone="Europe/Berlin")
        agent.reads("Until 23 Nov 2026, 14:00")


# ------------------------------------------------------------------ accessibility


def test_every_step_works_with_the_keyboard_alone(agent: Agent) -> None:
    keys = agent.page.keyboard
    factories.grant(SVEN)
    factories.callback()
    agent.opens()
    expect(rows(agent)).to_have_count(1)
    agent.page.locator("#tab-access").focus()
    agent.tab_to("#enter-acme")
    keys.press("Enter")
    keys.type("Der Import steht still")
    agent.tab_to("#go-acme")
    keys.press("Enter")
    agent.expects_status("Ihr Eintritt ist festgehalten.")
    expect(agent.page.locator("#leave-acme:not([aria-disabled])")).to_be_focused()
    keys.press("Enter")
    agent.expects_status("Sie sind abgemeldet.")
    agent.page.locator("#tab-access").focus()
    keys.press("ArrowLeft")
    keys.press("Enter")
    agent.sees("callbacks")
    expect(rows(agent)).to_have_count(1)
    agent.tab_to("[id^=take-]")
    keys.press("Enter")
    agent.expects_status("Sie haben den Rückruf übernommen.")
    agent.tab_to("[id^=note-]")
    keys.type("Läuft wieder")
    expect(agent.page.locator("[id^=reached-]:not([aria-disabled])")).to_be_visible()
    agent.tab_to("[id^=reached-]")
    keys.press("Enter")
    agent.expects_status("Der Rückruf ist abgeschlossen.")

    assert factories.what_happened()[-4:] == ["login.recorded", "login.ended", "callback.taken", "callback.closed"]


@pytest.mark.parametrize("language", probes("de", "en", "es", "it", rest=["de-AT", "de-CH"]))
def test_every_tab_is_accessible(browser: Browser, product: Product, language: str) -> None:
    """Assert the same of each tab in each language, in both colour schemes, at 320 pixels and at 200 %."""
    scenarios.busy_at_the_desk()
    with at_desk(browser, product, locale=LOCALES[language]) as agent:
        agent.opens(language=language)
        for get_there in scenarios.AT_THE_DESK.values():
            agent.page.set_viewport_size({"width": 1000, "height": 1400})
            get_there(agent)
            agent.can_read_everything(language)


def test_with_another_agents_token_the_desk_begins_anew_and_records_no_login(agent: Agent) -> None:
    factories.grant(SVEN)
    agent.opens()
    agent.press("#enter-acme")
    agent.page.locator("#reason-acme").fill("Der Import steht still")
    other = mint("dora", agent.browser_page.site.issuer)
    agent.page.route("**/host/token?*", lambda route: route.fulfill(json={"token": other}))
    agent.press("#go-acme")
    agent.reads("Im Augenblick nirgends.")

    assert logins() == []
    assert agent.events == []
