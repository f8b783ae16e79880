"""The catalogues: the same keys in each language, every text in use, and the format of times."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from html import unescape
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from guestkey.edge.mail import compose, invitations
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.i18n import LANGUAGES, catalogue
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Accountable, Grantee, GranteeType
from guestkey.rules.periods import Period
from tests.edge import calendars, samples
from tests.edge.samples import MONDAY_NOON
from tests.rows_and_columns import each_row

BERLIN = ZoneInfo("Europe/Berlin")
PLACEHOLDER = re.compile(r"\{(\w*)[^}]*\}")
LAST_SUNDAY_OF_OCTOBER = datetime(2026, 10, 25, tzinfo=UTC)


def texts(language: str) -> Iterator[tuple[str, str]]:
    """Yield every text with its key; texts of a list share a key and get a number."""
    for section, keys in catalogue(language).texts.items():
        for key, value in keys.items():
            if isinstance(value, list):
                yield from ((f"{section}.{key}.{number}", text) for number, text in enumerate(value))
            else:
                yield f"{section}.{key}", value


@cache
def everything_written(language: str) -> str:
    """Return mails that together use every text, one after the other."""
    facts: list[tuple[Kind, compose.Facts]] = list(samples.every_kind().items())
    sven = Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt at https://evil.example")
    facts += [(Kind.GRANTED, samples.of_grant(period, may_export=True, grantee=sven)) for period in Period]
    facts += [
        (Kind.ACTIVATION, samples.asked(period=period, may_export=may_export))
        for period, may_export in product(Period, (True, False))
    ]
    dora = Accountable(agent_id="dora", name="Dora Vogel")
    facts.append((Kind.ACTIVATION, samples.asked(accountable=dora, access=AccessLevel.VIEW)))
    software = replace(sven, is_software=True, accountable=dora)
    department = Grantee(type=GranteeType.DEPARTMENT, id="support", name="Support", may_automate=True)
    facts += [(Kind.GRANTED, samples.of_grant(grantee=grantee)) for grantee in (software, department)]
    facts.append((Kind.APPROVERS_CHANGED, samples.of_approvers(registered=())))
    facts.append((Kind.RIGHT_CHANGED, samples.of_right(may_grant=True, changed_by=None)))
    facts.append((Kind.UNLOCKED, samples.of_lock(kept_grants=True)))
    days = [MONDAY_NOON + timedelta(days=days) for days in [*range(7), *range(30, 360, 29)]]
    facts += [(Kind.ACTIVATION, samples.asked(expires_at=day)) for day in days]
    mails = [compose.write(kind, language, of_kind) for kind, of_kind in facts]
    invited = invitations.write(language, samples.of_callback(), MONDAY_NOON)
    assert invited
    in_calendars = calendars.invited(invited.calendar.encode()).summary
    return "\n".join(
        [in_calendars, *(part for mail in mails for part in (mail.subject, mail.text, unescape(mail.html)))]
    )


def test_every_language_has_the_same_keys() -> None:
    keys = {language: [key for key, _ in texts(language)] for language in LANGUAGES}

    assert len(keys["de"]) > 80
    assert keys["en"] == keys["es"] == keys["it"] == keys["de"]


# Formats of dates differ by language: only English has am and pm.
@each_row("language", LANGUAGES)
def test_every_language_has_the_same_placeholders_but_for_dates(language: str) -> None:
    def placeholders(of: str) -> dict[str, set[str]]:
        return {key: set(PLACEHOLDER.findall(text)) for key, text in texts(of) if not key.startswith("dates.")}

    assert placeholders(language) == placeholders("de")


@each_row("language", LANGUAGES)
def test_a_placeholder_is_a_plain_name_without_attribute_access(language: str) -> None:
    for key, text in texts(language):
        assert re.sub(r"\{[a-z0-9]+\}", "", text).count("{") == 0, key


@each_row("language", LANGUAGES)
def test_every_text_is_used_somewhere(language: str) -> None:
    written = everything_written(language)

    for key, text in texts(language):
        for piece in re.split(r"\{\w+\}", text):
            assert piece in written, f"unused text: {key} in {language}"


@each_row("language", LANGUAGES)
def test_no_text_is_empty_or_untidy(language: str) -> None:
    for key, text in texts(language):
        assert text.strip() == text, key
        assert text, key
        assert "  " not in text, key
        assert "<" not in text, key


def test_every_language_is_translated() -> None:
    by_language: dict[str, dict[str, str]] = {language: dict(texts(language)) for language in LANGUAGES}
    names = {"shared.quoted", "grantees", "labels.account", "labels.export"}

    for key, text in by_language["de"].items():
        if len(text) > 25 and key not in names and not key.startswith("dates."):
            assert len({by_language[language][key] for language in LANGUAGES}) == len(LANGUAGES), key


@each_row(
    ("tag", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de-CH", "de"),
        ("de_CH", "de"),
        ("DE", "de"),
        ("de-Latn-DE-1996", "de"),
        ("en", "en"),
        ("en-US", "en"),
        ("es-MX", "es"),
        ("it-CH", "it"),
        ("fr", "en"),
        ("pt-BR", "en"),
        ("deu", "en"),
        ("", "en"),
        ("../../../etc/passwd", "en"),
        ("de/../it", "en"),
        ("\x00", "en"),
    ],
)
def test_a_tag_finds_its_language_and_an_unknown_one_falls_back_to_english(tag: str, language: str) -> None:
    assert catalogue(tag).language == language


@each_row(
    ("language", "zone", "written"),
    [
        ("de", "Europe/Berlin", "Montag, 23. November 2026, 13:00 Uhr (Europe/Berlin)"),
        ("en", "America/New_York", "Monday, 23 November 2026, 7:00 am (America/New_York)"),
        ("en", "Europe/London", "Monday, 23 November 2026, 12:00 pm (Europe/London)"),
        ("en", "Asia/Tokyo", "Monday, 23 November 2026, 9:00 pm (Asia/Tokyo)"),
        ("es", "Europe/Madrid", "lunes, 23 de noviembre de 2026, 13:00 h (Europe/Madrid)"),
        ("it", "Europe/Rome", "lunedì 23 novembre 2026, ore 13:00 (Europe/Rome)"),
        ("it", "Pacific/Kiritimati", "martedì 24 novembre 2026, ore 02:00 (Pacific/Kiritimati)"),
    ],
)
def test_a_moment_is_written_in_the_tenants_zone_and_language(language: str, zone: str, written: str) -> None:
    assert plain(catalogue(language).moment(MONDAY_NOON, ZoneInfo(zone))) == written


@each_row(
    ("hour", "written"),
    [
        (0, "2:30 am (Europe/Berlin, UTC+02:00)"),
        (1, "2:30 am (Europe/Berlin, UTC+01:00)"),
        (2, "3:30 am (Europe/Berlin)"),
    ],
)
def test_in_the_hour_that_occurs_twice_the_offset_is_shown(hour: int, written: str) -> None:
    at = LAST_SUNDAY_OF_OCTOBER.replace(hour=hour, minute=30)

    assert plain(catalogue("en").moment(at, BERLIN)) == f"Sunday, 25 October 2026, {written}"


@each_row(
    ("language", "written"),
    [
        ("de", "Montag, 23. November 2026, 24:00 Uhr (Europe/Berlin)"),
        ("en", "Monday, 23 November 2026, end of the day (Europe/Berlin)"),
        ("es", "lunes, 23 de noviembre de 2026, 24:00 h (Europe/Berlin)"),
        ("it", "lunedì 23 novembre 2026, ore 24:00 (Europe/Berlin)"),
    ],
)
def test_an_end_at_midnight_is_shown_as_the_day_before(language: str, written: str) -> None:
    midnight = datetime(2026, 11, 23, 23, tzinfo=UTC)

    assert plain(catalogue(language).end(midnight, BERLIN)) == written


def test_a_second_after_midnight_is_the_next_day() -> None:
    at = datetime(2026, 11, 23, 23, 0, 1, tzinfo=UTC)

    assert plain(catalogue("de").end(at, BERLIN)) == "Dienstag, 24. November 2026, 00:00 Uhr (Europe/Berlin)"


def test_of_two_midnights_the_offset_is_shown() -> None:
    first = datetime(2025, 11, 2, 4, tzinfo=UTC)

    written = plain(catalogue("de").end(first, ZoneInfo("America/Havana")))

    assert written == "Sonntag, 2. November 2025, 00:00 Uhr (America/Havana, UTC-04:00)"


def test_a_missing_end_is_shown_as_a_text() -> None:
    assert catalogue("de").end(None, BERLIN).startswith("unbefristet")


def plain(text: str) -> Any:
    return text.replace("\u00a0", " ")


# ------------------------------------------------------------------ one stop at the end of a sentence


@each_row("language", LANGUAGES)
@each_row("name", ["Globex Inc.", "Yahoo!", "Wer?", "Acme…", "東京。"])
def test_a_name_that_ends_with_a_stop_ends_the_sentence_too(language: str, name: str) -> None:
    for section in ("shared", "changes", "answers", "callbacks"):
        written = catalogue(language).text(section, "footer", tenant=name)
        assert name in written
        assert f"{name}." not in written
        assert catalogue(language).text(section, "footer", tenant="Globex").endswith(".")
