"""Texts of each mail; typed texts cannot change the structure of a mail."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from guestkey import settings
from guestkey.edge.mail import compose, send
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.i18n import LANGUAGES
from guestkey.rules.ledger import What
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Accountable, Grantee, GranteeType
from guestkey.rules.periods import Period
from guestkey.rules.requests import State
from guestkey.store.ledger.digests import MAX_LINES
from tests.edge import post, samples
from tests.edge.samples import HEAD, LINK, MONDAY_NOON, REQUEST_ID
from tests.hostile_texts import HOSTILE, STRONGEST, require_same_mail
from tests.rows_and_columns import IS_NIGHTLY, each_row

each_kind = each_row("kind", Kind)
ON_A_LIVE_GRANT = {Kind.GRANTED, Kind.REVIEW, Kind.SUPPORT_IN}
TO_AGENTS = {Kind.REQUEST_APPROVED, Kind.REQUEST_DECLINED, Kind.REQUEST_EXPIRED}
each_notice = each_row("kind", [kind for kind in Kind if kind not in {Kind.ACTIVATION, *TO_AGENTS}])
LONGEST_MAIL = 100_000
"""Gmail truncates a mail at 102 kB."""


def german(kind: Kind, facts: compose.Facts) -> str:
    """Return the text part, with ordinary spaces instead of no-break spaces."""
    return compose.write(kind, "de-AT", facts).text.replace("\u00a0", " ")


def received(kind: Kind, language: str, facts: compose.Facts) -> post.Read:
    """Return the mail as independent parsers read it."""
    with post.fake_ses() as requests:
        send.send(compose.write(kind, language, facts), ["anna@acme.example"])
    return post.read(post.as_mailed(requests[0]))


@cache
def sample(kind: Kind) -> dict[str, post.Read]:
    """Return the sample mail of a kind in each language."""
    return {language: received(kind, language, samples.every_kind()[kind]) for language in LANGUAGES}


# ------------------------------------------------------------------ texts


def test_an_activation_mail_names_the_agent_reason_period_and_deadline() -> None:
    written = german(Kind.ACTIVATION, samples.asked())

    for line in (
        "Sven Brandt (Support · sven) bittet um Zugang zu Ihrem Konto. "
        "Ohne Zustimmung aus Ihrem Unternehmen kommt niemand hinein.",
        "- Konto: Acme Immobilien GmbH (acme)",
        "- Wer fragt: Sven Brandt (Support · sven)",
        "- Grund: „Ticket 4711: Exposés lassen sich seit heute früh nicht mehr drucken“",
        "- Dauer ab Ihrer Zustimmung: 4 Stunden",
        "- Datenexport: erbeten; möglich nur, wenn Sie ihn ausdrücklich erlauben",
        "- Antwort möglich bis: Dienstag, 24. November 2026, 13:00 Uhr (Europe/Berlin)",
        LINK,
    ):
        assert f"\n{line}\n" in written
    assert "andere Dauer wählen oder ablehnen" in written


def test_a_mail_names_the_account_by_its_customer_name() -> None:
    tenant = replace(samples.ACME, customer_name="Acme Immo 7")

    assert "- Konto: Acme Immobilien GmbH (Acme Immo 7)\n" in german(Kind.ACTIVATION, samples.asked(tenant=tenant))


def test_an_activation_mail_without_export_states_it() -> None:
    assert "- Datenexport: nicht erbeten\n" in german(Kind.ACTIVATION, samples.asked(may_export=False))


def test_an_activation_mail_names_the_ticket_if_there_is_one_on_one_line_and_without_a_link() -> None:
    assert "- Vorgang: T-4711\n" in german(Kind.ACTIVATION, samples.asked(ticket="T-4711"))
    assert "- Vorgang: www[.]evil[.]example?\n" in german(Kind.ACTIVATION, samples.asked(ticket="www.evil.example?"))
    assert "Vorgang" not in german(Kind.ACTIVATION, samples.asked(ticket=None))


def test_an_agent_of_no_department_is_named_with_the_id_and_one_of_two_with_both() -> None:
    assert "- Wer fragt: Sven Brandt (sven)\n" in german(Kind.ACTIVATION, samples.asked(departments=()))
    assert "- Wer fragt: Sven Brandt (Support, Development · sven)\n" in german(
        Kind.ACTIVATION, samples.asked(departments=("Support", "Development"))
    )


def test_a_granted_mail_names_user_grantee_and_end() -> None:
    written = german(Kind.GRANTED, samples.of_grant())

    for line in (
        "Anna Albrecht hat dem Support eine Freigabe für Ihr Konto erteilt.",
        "- Für wen: Support (alle in dieser Abteilung)",
        "- Erteilt von: Anna Albrecht",
        "- Erteilt am: Montag, 23. November 2026, 13:00 Uhr (Europe/Berlin)",
        "- Gültig bis: Montag, 23. November 2026, 17:00 Uhr (Europe/Berlin)",
        "- Datenexport: nicht erlaubt",
    ):
        assert f"\n{line}\n" in written
    assert "erinnern" not in written


def test_a_granted_mail_names_the_single_agent_and_export() -> None:
    sven = Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt")

    written = german(Kind.GRANTED, samples.of_grant(grantee=sven, may_export=True))

    assert "- Für wen: Sven Brandt · sven (nur diese Person)\n" in written
    assert "- Datenexport: erlaubt\n" in written


def test_a_grant_for_today_is_shown_to_end_with_the_day_and_not_at_midnight() -> None:
    written = german(Kind.GRANTED, samples.of_grant(Period.TODAY))

    assert "- Gültig bis: Montag, 23. November 2026, 24:00 Uhr (Europe/Berlin)\n" in written


def test_a_mail_on_a_permanent_grant_states_no_end_and_the_time_of_review() -> None:
    written = german(Kind.GRANTED, samples.of_grant(Period.PERMANENT))

    assert "- Gültig bis: unbefristet, bis jemand aus Ihrem Unternehmen die Freigabe widerruft\n" in written
    assert "- Wir erinnern Sie am: Samstag, 22. Mai 2027, 13:00 Uhr (Europe/Berlin)\n" in written


def test_a_revoked_mail_names_the_revoking_and_the_granting_user() -> None:
    written = german(Kind.REVOKED, samples.of_grant(**samples.REVOKED))

    for line in (
        "- Erteilt von: Anna Albrecht",
        "- Ursprünglich gültig bis: Montag, 23. November 2026, 17:00 Uhr (Europe/Berlin)",
        "- Widerrufen von: Giulia Moretti",
        "- Widerrufen am: Montag, 23. November 2026, 14:00 Uhr (Europe/Berlin)",
    ):
        assert f"\n{line}\n" in written
    assert "\nGiulia Moretti hat eine Freigabe für den Support widerrufen." in written


def test_a_granted_mail_of_a_grant_revoked_meanwhile_names_the_granting_user() -> None:
    written = german(Kind.GRANTED, samples.of_grant(**samples.REVOKED))

    assert "\nAnna Albrecht hat dem Support eine Freigabe für Ihr Konto erteilt.\n" in written
    assert "Giulia" not in written


def test_an_ended_mail_states_the_end_and_that_no_action_is_needed() -> None:
    written = german(Kind.ENDED, samples.of_grant())

    assert "- Abgelaufen am: Montag, 23. November 2026, 17:00 Uhr (Europe/Berlin)\n" in written
    assert "Sie müssen nichts tun." in written


def test_a_review_mail_states_the_start_and_how_to_revoke() -> None:
    written = german(Kind.REVIEW, samples.of_grant(Period.PERMANENT))

    assert "- Erteilt am: Montag, 23. November 2026, 13:00 Uhr (Europe/Berlin)\n" in written
    assert "widerrufen Sie sie bitte im Hilfe-Menü" in written


def test_a_first_login_mail_names_agent_time_reason_and_end() -> None:
    written = german(Kind.SUPPORT_IN, samples.of_login())

    for line in (
        "- Wer: Sven Brandt (Support · sven)",
        "- Angemeldet am: Montag, 23. November 2026, 13:05 Uhr (Europe/Berlin)",
        "- Grund: „Ticket 4711: Exposés lassen sich seit heute früh nicht mehr drucken“",
        "- Zugang längstens bis: Montag, 23. November 2026, 17:00 Uhr (Europe/Berlin)",
    ):
        assert f"\n{line}\n" in written


def test_an_entry_under_a_permanent_grant_has_no_end() -> None:
    assert "längstens bis: unbefristet" in german(Kind.SUPPORT_IN, samples.of_login(access_ends_at=None))


def test_a_mail_on_changed_addresses_names_those_added_removed_and_registered() -> None:
    written = german(Kind.APPROVERS_CHANGED, samples.of_approvers())

    for line in (
        "- Hinzugekommen: giulia[@]acme[.]example",
        "- Entfernt: carlo[@]acme[.]example",
        "- Ab jetzt hinterlegt: anna[@]acme[.]example, giulia[@]acme[.]example",
        "- Geändert am: Montag, 23. November 2026, 13:00 Uhr (Europe/Berlin)",
    ):
        assert f"\n{line}\n" in written
    assert "hinterlegt ist oder es bisher war.\n" in written


def test_a_mail_on_changed_addresses_has_no_row_without_an_address() -> None:
    written = german(Kind.APPROVERS_CHANGED, samples.of_approvers(added=(), removed=(), registered=()))

    assert "Hinzugekommen" not in written
    assert "Entfernt" not in written
    assert "\n- Ab jetzt hinterlegt: keine Adresse" in written


def test_a_mail_on_a_changed_right_names_user_and_person_or_else_the_vendor() -> None:
    taken = german(Kind.RIGHT_CHANGED, samples.of_right())
    given = german(Kind.RIGHT_CHANGED, samples.of_right(may_grant=True, changed_by=None))

    for line in ("- Benutzer: ben", "- Recht, den Support hereinzulassen: diesem Benutzer entzogen"):
        assert f"\n{line}\n- " in taken
    assert "\n- Geändert von: giulia\n- Geändert am: Montag, 23. November 2026" in taken
    assert "\n- Recht, den Support hereinzulassen: diesem Benutzer gegeben\n" in given
    assert "\n- Geändert von: Anbieter Ihrer Software\n" in given


def test_a_mail_on_changed_deliveries_names_each_changed_kind_and_the_user() -> None:
    written = german(Kind.NOTICES_CHANGED, samples.of_notices())

    for line in (
        "- Freigabe erteilt: in der Tagesübersicht",
        "- Freigabe abgelaufen: sofort per E-Mail",
        "- Geändert von: anna",
        "- Geändert am: Montag, 23. November 2026, 13:00 Uhr (Europe/Berlin)",
    ):
        assert f"\n{line}\n" in written


def test_a_mail_on_a_lock_has_user_time_and_reason_and_one_on_its_lift_what_becomes_of_the_grants() -> None:
    noon = "Montag, 23. November 2026, 13:00 Uhr (Europe/Berlin)"
    locked = german(Kind.LOCKED, samples.of_lock())

    assert (
        f"\n- Gesperrt von: Anna Albrecht · anna\n- Gesperrt am: {noon}\n- Grund: „An alarm in the night“\n" in locked
    )
    assert "Grund" not in german(Kind.LOCKED, samples.of_lock(reason=None))
    for kept, words in ((True, "bleiben erlaubt"), (False, "sind beendet")):
        lifted = german(Kind.UNLOCKED, samples.of_lock(kept_grants=kept))
        assert f"\n- Sperre aufgehoben von: Anna Albrecht · anna\n- Sperre aufgehoben am: {noon}\n" in lifted
        assert f"\n- Vorher erlaubte Zugänge: {words}\n" in lifted


def test_a_digest_has_a_line_for_each_entry_and_counts_the_further_ones() -> None:
    written = german(Kind.DIGEST, samples.of_digest())
    noon = "Montag, 23. November 2026, 13:00 Uhr (Europe/Berlin)"

    for line in (
        "- Einträge des Protokolls: 12-34",
        f"- Freigabe erteilt: {noon} · Support (alle in dieser Abteilung) · ansehen und ändern · "
        "von Anna Albrecht · gültig bis: Montag, 23. November 2026, 17:00 Uhr (Europe/Berlin)",
        "- Anmeldung: Montag, 23. November 2026, 13:05 Uhr (Europe/Berlin) · Sven Brandt (Support · sven) · "
        "„Ticket 4711: Exposés lassen sich seit heute früh nicht mehr drucken“ · "
        "ansehen und ändern · Datenexport erlaubt",
        f"- Freigabe widerrufen: {noon} · Support (alle in dieser Abteilung) · von Anna Albrecht",
        f"- Freigabe abgelaufen: {noon.replace('13', '17')} · Support (alle in dieser Abteilung)",
        f"- Freigabe beendet, Person ausgeschieden: {noon} · Sven Brandt · sven (nur diese Person)",
        "- Weitere Einträge: 3; Sie finden alle im Hilfe-Menü Ihres Kontos",
    ):
        assert f"\n{line}\n" in written


def test_a_digest_without_further_entries_or_export_does_not_mention_them() -> None:
    login = samples.line(14, What.LOGIN_RECORDED, samples.of_login(reason="x" * 121).login, ("Support",))
    written = german(Kind.DIGEST, samples.of_digest(lines=[login], further=0))

    assert "Weitere Einträge" not in written and "Datenexport" not in written
    assert f"„{'x' * 119}…“ · ansehen und ändern\n" in written


def test_the_longest_digest_is_shown_whole() -> None:
    login = samples.of_login(agent_name="N" * 200, reason="R" * 500).login
    lines = [samples.line(number, What.LOGIN_RECORDED, login, ("Support",)) for number in range(1, MAX_LINES + 1)]

    for language in LANGUAGES:
        mail = compose.write(Kind.DIGEST, language, samples.of_digest(lines=lines, first_seq=1, last_seq=MAX_LINES))
        assert len(mail.html.encode()) < LONGEST_MAIL


def test_each_mail_on_access_says_its_level() -> None:
    view = AccessLevel.VIEW
    for kind, facts in (
        (Kind.ACTIVATION, samples.asked(access=view)),
        (Kind.GRANTED, samples.of_grant(access=view)),
        (Kind.REVIEW, samples.of_grant(Period.PERMANENT, access=view)),
        (Kind.SUPPORT_IN, samples.of_login(access=view)),
        (Kind.REQUEST_APPROVED, samples.of_answer(grant=samples.of_grant(access=view).grant)),
    ):
        assert "\n- Zugriff: nur ansehen\n" in german(kind, facts), kind
    given = samples.line(14, What.GRANT_GIVEN, samples.of_grant(access=view).grant)
    assert " · nur ansehen · von Anna Albrecht" in german(Kind.DIGEST, samples.of_digest(lines=[given]))


def test_each_mail_calls_software_that_and_names_the_accountable_person() -> None:
    dora = Accountable(agent_id="dora", name="Dora Vogel")
    robo = Grantee(type=GranteeType.AGENT, id="robo", name="Robo", is_software=True, accountable=dora)
    login = samples.of_login(agent_id="robo", agent_name="Robo", is_software=True, accountable=dora)
    department = Grantee(type=GranteeType.DEPARTMENT, id="support", name="Support", may_automate=True)

    asked = german(Kind.ACTIVATION, samples.asked(agent_id="robo", agent_name="Robo", accountable=dora))
    assert asked.count("Robo (Support · robo · Software; verantwortlich: Dora Vogel)") == 2
    inside = "Robo (Support · robo · Software; verantwortlich: Dora Vogel)"
    assert german(Kind.SUPPORT_IN, login).count(inside) == 2
    in_digest = samples.line(14, What.LOGIN_RECORDED, login.login, ("Support",))
    assert inside in german(Kind.DIGEST, samples.of_digest(lines=[in_digest]))
    given = german(Kind.GRANTED, samples.of_grant(grantee=robo))
    assert "- Für wen: Robo · robo (nur diese Software; verantwortlich: Dora Vogel)\n" in given
    granted = german(Kind.GRANTED, samples.of_grant(grantee=department))
    assert "- Für wen: Support (alle in dieser Abteilung, auch ihre Software)\n" in granted


def test_an_approved_mail_tells_the_agent_the_terms_and_not_those_asked_for() -> None:
    written = german(Kind.REQUEST_APPROVED, samples.of_answer())

    for line in (
        "- Konto: Acme Immobilien GmbH (acme)",
        "- Grund: „Ticket 4711: Exposés lassen sich seit heute früh nicht mehr drucken“",
        "- Beantwortet von: Anna Albrecht",
        "- Beantwortet am: Montag, 23. November 2026, 13:00 Uhr (Europe/Berlin)",
        "- Gültig bis: Montag, 23. November 2026, 17:00 Uhr (Europe/Berlin)",
        "- Datenexport: nicht erlaubt",
    ):
        assert f"\n{line}\n" in written
    assert written.endswith("weil Sie um Zugang zu Acme Immobilien GmbH gebeten haben.\n")


def test_an_approved_mail_on_a_permanent_grant_has_no_end_and_one_on_a_deleted_grant_no_terms() -> None:
    permanent = samples.of_grant(Period.PERMANENT, may_export=True).grant

    lasting = german(Kind.REQUEST_APPROVED, samples.of_answer(grant=permanent))
    assert "\n- Gültig bis: unbefristet\n- Zugriff: ansehen und ändern\n- Datenexport: erlaubt\n" in lasting
    assert "Gültig bis" not in german(Kind.REQUEST_APPROVED, samples.of_answer(grant=None))


def test_a_declined_mail_quotes_the_note_and_an_expired_one_names_its_end() -> None:
    declined = german(Kind.REQUEST_DECLINED, samples.of_answer(State.DECLINED))
    expired = german(Kind.REQUEST_EXPIRED, samples.of_answer(State.EXPIRED))

    assert "\n- Nachricht: „Bitte erst anrufen. Danke“\n" in declined
    assert "Verfallen am" not in declined
    assert "\n- Verfallen am: Dienstag, 24. November 2026, 12:00 Uhr (Europe/Berlin)\n" in expired
    assert "Beantwortet" not in expired


@each_row("kind", sorted(TO_AGENTS))
def test_a_mail_to_an_agent_has_no_ledger_head(kind: Kind) -> None:
    for language, read in sample(kind).items():
        assert "guestkey-head" not in read.headers, language
        assert HEAD.hash not in read.text + read.seen, language


def test_a_booked_mail_names_time_person_number_and_topic() -> None:
    written = german(Kind.CALLBACK_BOOKED, samples.of_callback())

    for line in (
        "- Konto: Acme Immobilien GmbH (acme)",
        "- Termin: Dienstag, 24. November 2026, 10:00 Uhr (Europe/Berlin)",
        "- Wen wir anrufen: Anna Albrecht",
        "- Telefonnummer: 0241 44686122",
        "- Thema: Beratung",
        "- Anliegen: „Der Import der Exposés bleibt stehen. Seit heute früh.“",
    ):
        assert f"\n{line}\n" in written
    assert "Bisheriger Termin" not in written
    assert written.endswith("weil Sie für Acme Immobilien GmbH um einen Rückruf gebeten haben.\n")


def test_a_moved_mail_names_both_times_in_the_customers_time_zone() -> None:
    facts = samples.of_callback(samples.WEDNESDAY_AT_FOUR, samples.TUESDAY_AT_TEN, version=1)
    abroad = replace(facts, tenant=replace(samples.ACME, time_zone="America/New_York"))

    written = german(Kind.CALLBACK_MOVED, facts)
    assert "- Termin: Mittwoch, 25. November 2026, 16:00 Uhr (Europe/Berlin)\n" in written
    assert "- Bisheriger Termin: Dienstag, 24. November 2026, 10:00 Uhr (Europe/Berlin)\n" in written
    assert "- Termin: Mittwoch, 25. November 2026, 10:00 Uhr (America/New_York)\n" in german(
        Kind.CALLBACK_MOVED, abroad
    )


def test_a_mail_on_a_queued_call_back_names_no_time_but_the_former_one() -> None:
    assert "Termin:" not in german(Kind.CALLBACK_WAITING, samples.of_callback(None))

    left = german(Kind.CALLBACK_WAITING, samples.of_callback(None, samples.TUESDAY_AT_TEN, version=1))
    assert "\n- Bisheriger Termin: Dienstag, 24. November 2026, 10:00 Uhr (Europe/Berlin)\n" in left
    assert "\n- Termin:" not in left


def test_a_mail_shows_the_data_of_its_entry_and_not_the_current_call_back() -> None:
    facts = samples.of_callback()
    moved_on = replace(facts, callback=replace(facts.callback, slot=samples.WEDNESDAY_AT_FOUR, version=1))

    assert german(Kind.CALLBACK_BOOKED, moved_on) == german(Kind.CALLBACK_BOOKED, facts)


@each_kind
def test_both_parts_say_the_same(kind: Kind) -> None:
    for language, read in sample(kind).items():
        for line in filter(None, read.text.replace("\r\n", "\n").split("\n")):
            for piece in line.removeprefix("- ").split(": ", 1) if line.startswith("- ") else [line.removesuffix(":")]:
                assert piece.strip(" -") in read.seen, language


@each_notice
def test_every_notice_carries_the_ledgers_head_in_its_header_and_in_both_parts(kind: Kind) -> None:
    for language, read in sample(kind).items():
        assert read.headers["guestkey-head"] == [str(HEAD)], language
        assert f"\nGuestkey-Head: {HEAD}\n" in read.text.replace("\r\n", "\n"), language
        assert f"Guestkey-Head: {HEAD}" in read.seen, language


@each_row("language", ["de", "de-AT", "de-CH", "en-US", "es", "it", "fr"])
def test_the_html_part_has_its_language_attribute(language: str) -> None:
    read = received(Kind.GRANTED, language, samples.of_grant())

    assert read.html.css("html")[0].attributes["lang"] == {"fr": "en"}.get(language, language[:2])


# ------------------------------------------------------------------ subjects


def subject(kind: Kind, facts: compose.Facts) -> str:
    return compose.write(kind, "en", facts).subject


@each_row(
    ("kind", "facts", "distinctions"),
    [
        (Kind.ACTIVATION, samples.asked(), "sven, 4 hours, XW6YTA"),
        (Kind.ACTIVATION, samples.asked(period=Period.TODAY), "sven, today, XW6YTA"),
        (Kind.GRANTED, samples.of_grant(Period.PERMANENT), "support, no end, XW6YTB"),
        (Kind.REVOKED, samples.of_grant(Period.ONE_MONTH, **samples.REVOKED), "support, 1 month, XW6YTB"),
        (Kind.ENDED, samples.of_grant(Period.TWO_WEEKS), "support, 2 weeks, XW6YTB"),
        (Kind.REVIEW, samples.of_grant(Period.PERMANENT), "support, no end, XW6YTB"),
        (Kind.SUPPORT_IN, samples.of_login(), "sven, XW6YTC"),
        (Kind.APPROVERS_CHANGED, samples.of_approvers(), "17"),
        (Kind.RIGHT_CHANGED, samples.of_right(user_id="mallory@evil.example"), "17"),
        (Kind.NOTICES_CHANGED, samples.of_notices(changed_by="mallory@evil.example"), "17"),
        (Kind.LOCKED, samples.of_lock(), "17"),
        (Kind.DIGEST, samples.of_digest(), "2026-11-23, 12-34"),
        (Kind.REQUEST_APPROVED, samples.of_answer(), "acme, 4 hours, XW6YTA"),
        (Kind.REQUEST_DECLINED, samples.of_answer(State.DECLINED), "acme, 1 week, XW6YTA"),
        (Kind.CALLBACK_BOOKED, samples.of_callback(), "XW6YTD"),
    ],
)
def test_a_subject_has_agent_or_department_period_and_a_short_number(
    kind: Kind, facts: compose.Facts, distinctions: str
) -> None:
    assert subject(kind, facts).endswith(f" ({distinctions})")


@each_kind
def test_the_heading_of_a_mail_is_the_fixed_text_of_its_subject(kind: Kind) -> None:
    for language, read in sample(kind).items():
        assert post.kind_in(read.headers["subject"][0]) == read.html.css("h1")[0].text(), language
        assert read.text.startswith(f"{read.html.css('h1')[0].text()}\r\n"), language


def test_two_requests_and_two_grants_have_different_subjects() -> None:
    other = REQUEST_ID[:-1] + "Z"

    requests = [samples.asked(), samples.asked(request_id=other), samples.asked(agent_id="dora")]
    requests.append(samples.asked(period=Period.ONE_HOUR))
    grants = [samples.of_grant(), samples.of_grant(grant_id=other), samples.of_grant(Period.ONE_HOUR)]
    assert len({subject(Kind.ACTIVATION, facts) for facts in requests}) == len(requests)
    assert len({subject(Kind.GRANTED, facts) for facts in grants}) == len(grants)
    assert subject(Kind.SUPPORT_IN, samples.of_login()) != subject(Kind.SUPPORT_IN, samples.of_login(login_id=other))


@each_row(
    ("agent_id", "expected"),
    [
        ("auth0|507f1f77bcf86cd799439011", "auth0|507f1f77bcf86cd799439011"),
        ("00u1abcDEF", "00u1abcDEF"),
        ("my_agent", "my_agent"),
        ("sven@vendor.example", "sven[@]vendor[.]example"),
        ("www.evil.example", "www[.]evil[.]example"),
        ("mailto:sven@evil.example", "mailto[:]sven[@]evil[.]example"),
        ("Bcc:mallory", "Bcc[:]mallory"),
        ("=utf-8=q=x=", "=utf-8=q=x="),
        ("x" * 128, "x" * 39 + "…"),
        ("-", "-"),
    ],
)
def test_no_id_of_an_identity_provider_is_a_link_a_header_or_a_long_line_in_a_subject(
    agent_id: str, expected: str
) -> None:
    for kind, facts in (
        (Kind.ACTIVATION, samples.asked(agent_id=agent_id)),
        (Kind.SUPPORT_IN, samples.of_login(agent_id=agent_id)),
        (Kind.GRANTED, samples.of_grant(grantee=Grantee(type=GranteeType.AGENT, id=agent_id, name="Sven"))),
    ):
        usual, read = sample(kind)["de"], received(kind, "de", facts)

        assert f"({expected}, " in read.headers["subject"][0]
        assert not post.LINKS.match(read.headers["subject"][0])
        assert read.headers.keys() == usual.headers.keys()
        assert read.recipients == usual.recipients


# ------------------------------------------------------------------ links


def links_of(kind: Kind) -> set[str]:
    """Return the links of a mail: to the request, or to the grant that its recipient may want to revoke."""
    return {LINK} if kind is Kind.ACTIVATION else {samples.GRANT_LINK} if kind in ON_A_LIVE_GRANT else set()


@each_kind
def test_the_only_link_is_the_one_to_the_request_or_grant(kind: Kind) -> None:
    for language, read in sample(kind).items():
        assert read.links == links_of(kind), language


@each_kind
def test_nothing_is_fetched_or_run_when_a_mail_is_opened(kind: Kind) -> None:
    active = {"img", "script", "link", "iframe", "object", "embed", "form", "input", "svg", "base"}
    for language, read in sample(kind).items():
        assert {element for element, _, _ in read.elements}.isdisjoint(active), language
        assert not any(name in ("src", "background", "srcset") or name.startswith("on") for _, name, _ in read.elements)
        styles = [*read.styles, *(value for _, _, value in read.elements)]
        assert not any("url(" in style or "@import" in style for style in styles), language


@each_row("base_url", ["https://support.other.example", "http://guestkey.localhost:4566"])
def test_a_link_begins_with_the_configured_origin(base_url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "BASE_URL", base_url)
        lines = compose.write(Kind.ACTIVATION, "de", samples.asked()).text.splitlines()

    assert [line for line in lines if "/activate" in line] == [f"{base_url}/activate#{REQUEST_ID}"]


@each_row("base_url", ["", "support.other.example", "javascript:alert(1)"])
def test_without_an_origin_there_is_no_link(base_url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "BASE_URL", base_url)
        with pytest.raises(ValueError, match="no link"):
            compose.write(Kind.ACTIVATION, "de", samples.asked())


def test_the_origin_is_that_of_one_variable_without_its_last_slash_and_of_no_header() -> None:
    program = (
        "from guestkey.edge.mail import compose; from tests.edge import samples\n"
        "text = compose.write(compose.Kind.ACTIVATION, 'de', samples.asked()).text\n"
        "print(*[line for line in text.splitlines() if '/activate' in line])"
    )
    environment = os.environ | {
        "BASE_URL": "https://support.other.example/",
        "HTTP_HOST": "evil.example",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == f"https://support.other.example/activate#{REQUEST_ID}"


@each_row(
    "request_id", ["", "../..", f"{REQUEST_ID}\n", f'{REQUEST_ID}" onclick="x', "javascript:x", REQUEST_ID.lower()]
)
def test_a_malformed_request_id_makes_no_link(request_id: str) -> None:
    with pytest.raises(ValueError, match="no link"):
        compose.write(Kind.ACTIVATION, "de", samples.asked(request_id=request_id))


@each_row("grant_id", ["", "../..", f"{samples.GRANT_ID}\n", "javascript:x", samples.GRANT_ID.lower()])
def test_a_notice_on_a_grant_with_a_malformed_id_has_no_link_and_is_written_all_the_same(grant_id: str) -> None:
    for kind, facts in (
        (Kind.GRANTED, samples.of_grant(grant_id=grant_id)),
        (Kind.SUPPORT_IN, samples.of_login(grant_id=grant_id)),
    ):
        read = received(kind, "de", facts)
        assert read.links == set()
        if kind is Kind.GRANTED:
            assert read.headers["subject"] == ["Neue Freigabe für den Support (support, 4 Stunden, ?)"]


@each_row(
    ("kind", "facts"),
    [
        (Kind.ACTIVATION, samples.of_grant()),
        (Kind.GRANTED, samples.asked()),
        (Kind.ENDED, samples.of_login()),
        (Kind.SUPPORT_IN, samples.of_grant()),
        (Kind.GRANTED, samples.of_callback()),
        (Kind.CALLBACK_MOVED, samples.of_grant()),
    ],
)
def test_facts_of_another_kind_of_mail_are_refused(kind: Kind, facts: compose.Facts) -> None:
    with pytest.raises(ValueError, match="are not the facts of"):
        compose.write(kind, "de", facts)


# ------------------------------------------------------------------ typed texts


@cache
def harmless_mail(kind: Kind, language: str) -> post.Read:
    """Return a mail with ordinary texts but one address, so that it has every sentence."""
    return received(kind, language, samples.every_kind_typed("Sven at evil.example")[kind])


def test_there_are_many_hostile_mails() -> None:
    assert len(HOSTILE) * len(Kind) * len(LANGUAGES) > 2_000


@pytest.mark.no_cover
@each_row("name", HOSTILE)
def test_hostile_input_leaves_the_structure_of_a_mail_unchanged(name: str) -> None:
    """The request's mail and one other kind have the text, kind and language in turn; each night, all have it.

    The strongest texts have every kind here too: they break a line or an element wherever one is not sanitised.
    """
    typed, at = HOSTILE[name], list(HOSTILE).index(name)
    every = [(kind, language) for kind in Kind for language in LANGUAGES]
    turning = [(kind, LANGUAGES[(at + number) % len(LANGUAGES)]) for number, kind in enumerate(Kind)]
    if name not in STRONGEST:
        turning = [turning[0], turning[1 + at % (len(Kind) - 1)]]
    for kind, language in every if IS_NIGHTLY else turning:
        read, expected = received(kind, language, samples.every_kind_typed(typed)[kind]), harmless_mail(kind, language)

        require_same_mail(read, expected, links_of(kind))
        assert read.recipients == ["anna@acme.example"]


@pytest.mark.no_cover
@each_row("typed", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_in_one_field_leaves_the_others_unchanged(typed: str) -> None:
    facts = samples.asked()
    changed: dict[str, Any] = {"departments": (typed,), "tenant": replace(facts.tenant, name=typed)}
    for field in ("agent_name", "reason", "departments", "tenant"):
        lines = german(Kind.ACTIVATION, replace(facts, **{field: changed.get(field, typed)})).split("\n")

        assert "- Dauer ab Ihrer Zustimmung: 4 Stunden" in lines, field
        assert "- Datenexport: erbeten; möglich nur, wenn Sie ihn ausdrücklich erlauben" in lines, field
        assert "- Antwort möglich bis: Dienstag, 24. November 2026, 13:00 Uhr (Europe/Berlin)" in lines, field
        assert [line for line in lines if line.startswith("https:")] == [LINK], field


@pytest.mark.no_cover
def test_the_longest_mail_is_not_cut_off_by_gmail() -> None:
    for kind, facts in samples.every_kind_typed("<" * 10_000).items():
        assert len(compose.write(kind, "de", facts).html.encode()) < LONGEST_MAIL


def test_a_script_is_shown_as_readable_text() -> None:
    read = received(Kind.ACTIVATION, "en", samples.asked(reason="<script>alert(1)</script>"))

    assert "“<script>alert(1)</script>”" in read.seen
    assert "“<script>alert(1)</script>”" in read.text


def test_brackets_are_explained_only_in_mails_that_have_them() -> None:
    explained = "Zeichen in eckigen Klammern"

    assert explained in german(Kind.ACTIVATION, samples.asked(reason="siehe https://evil.example"))
    assert explained in german(Kind.GRANTED, samples.of_grant(tenant=replace(samples.ACME, name="immo.example")))
    assert explained not in german(Kind.ACTIVATION, samples.asked(reason="z.B. Version 24.3 [1] am 23.11.2026"))


def test_a_deadline_at_midnight_is_shown_as_midnight() -> None:
    """A deadline is not shown like an end of a grant: an answer is possible until 0:00 on Tuesday."""
    midnight = MONDAY_NOON + timedelta(hours=11)

    assert "bis: Dienstag, 24. November 2026, 00:00 Uhr" in german(Kind.ACTIVATION, samples.asked(expires_at=midnight))
