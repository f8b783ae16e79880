"""Typed text: parts that mail programs would turn into a link are broken up, the rest is unchanged."""

from hypothesis import given
from hypothesis import strategies as st

from guestkey.edge.mail.sanitize import is_defanged, shown
from guestkey.rules.limits import MAX_NAME_LENGTH, MAX_REASON_LENGTH
from tests.edge.post import LINKS
from tests.rows_and_columns import each_row


@each_row(
    "text",
    [
        "Sven Brandt",
        "Anne-Sophie d'Alembert",
        "Müller & Söhne GmbH & Co. KG",
        "Dr. h. c. Weiß",
        "St. Gallen, Str. 5",
        "z.B. u.a. i.d.R. d.h.",
        "Version 24.3.1 vom 23.11.2026, 14:05 Uhr",
        "1.234,56 EUR (netto)",
        "Ticket #4711: Druck geht nicht... seit gestern!",
        "und/oder, 24/7, C:\\Temp",
        "Nr.5 und Abs.3",
        "„Nein.“",
        "¿Qué?",
        "שלום עולם",
        "Ελένη Παπαδοπούλου",
        "山田太郎",
        "Zoë 😀",
        "[1] siehe oben",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    expected = text.replace("C:\\", "C[:]\\")

    assert shown(text) == expected
    assert is_defanged(shown(text)) == (text != expected)


@each_row(
    ("typed", "taken_apart"),
    [
        ("https://evil.example/a?b=c#d", "https[://]evil[.]example/a?b=c#d"),
        ("//evil.example", "[//]evil[.]example"),
        ("www.evil-1.example", "www[.]evil-1[.]example"),
        ("www.1und1.de", "www[.]1und1[.]de"),
        ("immo.example GmbH", "immo[.]example GmbH"),
        ("a@b", "a[@]b"),
        ("a\uff20b", "a[\uff20]b"),
        ("a\ufe6bb", "a[\ufe6b]b"),
        ("mailto:a@b.example", "mailto[:]a[@]b[.]example"),
        ("tel:+49", "tel[:]+49"),
        (r"\\server\share", r"[\\]server\share"),
        ("10.0.0.1", "10[.]0[.]0[.]1"),
        ("evil\u3002example", "evil[\u3002]example"),
        ("evil.\u200bexample", "evil[.]example"),
        ("пример.рф", "пример[.]рф"),
    ],
)
def test_an_address_is_broken_up_visibly(typed: str, taken_apart: str) -> None:
    assert shown(typed) == taken_apart
    assert is_defanged(taken_apart)


def test_line_breaks_and_tabs_become_spaces_and_invisible_characters_are_removed() -> None:
    assert shown("  a\r\n\tb\x00c\u2028d\u202e\u200b\ud83de \x1b[1m") == "a b c de [1m"


def test_text_without_a_visible_character_is_shown_as_a_question_mark() -> None:
    assert shown("") == shown(" \u200b\x00 ") == "?"


def test_accents_stay_and_stacked_ones_are_cut() -> None:
    assert shown("e\u0301") == "é"
    assert shown("x" + "\u0316" * 200 + "y") == "x" + "\u0316" * 4 + "y"


@each_row("longest", [MAX_NAME_LENGTH, MAX_REASON_LENGTH])
def test_overlong_text_is_cut_with_an_ellipsis(longest: int) -> None:
    assert shown("x" * longest, longest) == "x" * longest
    assert shown("x" * (longest + 1), longest) == "x" * (longest - 1) + "…"
    assert shown("x " * longest, longest).endswith("x…")


PIECES = r"""
    http https :// : // / \\ \ . .. @ # ? www www. ftp mailto: evil example com de рф мир xn--p1ai 1 10 127 0 10.0.0.1
    localhost :80 - _ ( ) [ ] < > " ' , ; ! é z B
"""
pieces = st.sampled_from([*PIECES.split(), " ", "\n", *"\u3002\uff0e\u2024\uff20\u200b\ufe0f"])


@given(st.lists(pieces, max_size=12).map("".join))
def test_no_mix_of_pieces_makes_a_link(typed: str) -> None:
    assert not LINKS.match(shown(typed))


@given(st.text())
def test_any_text_fits_on_one_line_and_can_be_mailed(typed: str) -> None:
    text = shown(typed)

    assert text.encode().decode().splitlines() == [text]
    assert text == text.strip()
    assert 1 <= len(text) <= 3 * MAX_NAME_LENGTH
