"""CSV for people: separators, words, local times, and no formula in any spelling."""

import tomllib
from zoneinfo import ZoneInfo

from guestkey.edge import sheets
from guestkey.edge.http import csv_export
from guestkey.edge.mail.i18n import LANGUAGES
from guestkey.rules.grants import GrantEnd, State
from guestkey.rules.levels import AccessLevel
from guestkey.rules.logins import End, EndCause
from guestkey.rules.people import AgentKind
from guestkey.rules.periods import Period
from tests import stack
from tests.rows_and_columns import each_row


def dialect(language: str = "de", zone: str = "Europe/Berlin") -> sheets.Dialect:
    return sheets.Dialect(
        language=language, zone=ZoneInfo(zone), columns=sheets.LOGIN_COLUMNS, departments={"support": "Support-Team"}
    )


@each_row(
    ("language", "separator"),
    [("de", ";"), ("de-AT", ";"), ("de_DE", ";"), ("es", ";"), ("es-ES", ";"), ("it-IT", ";"), ("en", ","),
     ("en-GB", ","), ("fr", ","), ("de-CH", ","), ("es_MX", ","), ("it-ch", ",")],
)  # fmt: skip
def test_cells_are_separated_by_a_semicolon_where_the_decimal_sign_is_a_comma(language: str, separator: str) -> None:
    text, _ = csv_export.sheet(
        ["reason", "may_export"], [("1", {"reason": "a", "may_export": True})], dialect(language)
    )

    assert text.startswith('\ufeff"')
    assert text.splitlines()[1].startswith(f'"a"{separator}"')


@each_row(
    ("column", "value", "shown"),
    [
        ("logged_in_at", "2026-11-23T12:00:00Z", "2026-11-23 13:00:00"),
        ("logged_in_at", "2026-06-30T22:30:00Z", "2026-07-01 00:30:00"),
        ("departments", ["support", "gone"], "Support-Team, gone"),
        ("may_export", True, "ja"),
        ("may_export", False, "nein"),
        ("state", "revoked", "widerrufen"),
        ("period", "2w", "2 Wochen"),
        ("ticket", None, ""),
    ],
)
def test_a_cell_has_words_of_the_language_and_local_time(column: str, value: object, shown: str) -> None:
    assert dialect().cell(column, value) == shown


@each_row(
    ("typed", "safe"),
    [
        *((f"{sign}1+1", f"'{sign}1+1") for sign in "=+-@\t\r\uff1d\uff0b\uff0d\uff20\u2212"),
        (" =1", "' =1"), ('"=1', "'\"=1"), ("'=1", "''=1"), ("\u00a0\u200b=1", "'\u00a0\u200b=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("a;=1", "a;'=1"), ("a,=1", "a,'=1"), ("a|=cmd|' /C calc'!A0", "a|'=cmd|' /C calc'!A0"), ("a\t=1", "a\t'=1"),
        ("a\n=1", "a\n'=1"), ("a; \"@SUM(1)", "a;' \"@SUM(1)"), ("a=1, b-2", "a=1, b-2"), ("1-1", "1-1"), ("", ""),
    ],
    ids=ascii,
)  # fmt: skip
def test_no_part_of_a_cell_is_a_formula(typed: str, safe: str) -> None:
    assert dialect().cell("reason", typed) == safe


def test_a_header_of_times_names_the_zone() -> None:
    assert dialect().header("logged_in_at") == "Angemeldet am (Europe/Berlin)"
    assert dialect("it").header("reason") == "Motivo"


def test_the_file_is_named_after_content_customer_and_day() -> None:
    assert dialect().file_name("grants", 'Müller "& Söhne"', "2026-11-23") == (
        'attachment; filename="Zug_nge M_ller __ S_hne_ 2026-11-23.csv"; '
        "filename*=UTF-8''Zug%C3%A4nge%20M%C3%BCller%20%22%26%20S%C3%B6hne%22%202026-11-23.csv"
    )


def test_every_language_has_every_word() -> None:
    texts = tomllib.loads((stack.PROJECT / "layers/core/guestkey/edge/sheets.toml").read_text())
    words = {"true", "false", *State, *GrantEnd, *End, *EndCause, *Period, *AccessLevel, *AgentKind}

    assert set(texts) == set(LANGUAGES)
    for of_language in texts.values():
        assert set(of_language["columns"]) == {*sheets.GRANT_COLUMNS, *sheets.LOGIN_COLUMNS}
        assert set(of_language["words"]) == words
