"""The forms of inputs, each at its exact bounds: lengths, characters, and the kinds of JSON that are no text."""

import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from guestkey.edge.http import inputs
from guestkey.rules import limits
from tests.rows_and_columns import each_row

WIDE = "\U00020000"
"""One letter, which UTF-8 writes in four bytes and UTF-16 in two units."""
TEXTS = {
    "name": (inputs.Name, 1, 200),
    "version": (inputs.Version, 1, 100),
    "reason": (inputs.Reason, 3, 500),
    "ticket": (inputs.Ticket, 1, 100),
    "note": (inputs.Note, 1, 500),
    "description": (inputs.Description, 1, 2_000),
}
ONE_LINE = ["name", "version", "reason", "ticket"]
SOME_LINES = ["note", "description"]
BREAKS = ["\t", "\n", "\v", "\f", "\r", "\r\n", "\x85", "\u2028", "\u2029"]
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in BREAKS]
OVERRIDES = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
HARMLESS = ["\u00a0", "\u00ad", "\u200b", "\u200d", "\ufeff", "\ufffd", "\ue000", "\u0301", "<b>", "'", '"', "\\", "="]
NO_TEXTS: list[Any] = [None, 5, 1.5, True, [], ["text"], {}, {"text": "text"}, b"text"]


def read(form: Any, value: Any) -> Any:
    """Return the value as a strict body gives it to a route."""
    return TypeAdapter(form).validate_python(value, strict=True)


def is_refused(form: Any, value: Any) -> bool:
    try:
        read(form, value)
    except ValidationError:
        return True
    return False


# ------------------------------------------------------------------ texts


@each_row("name", TEXTS)
def test_a_text_has_a_shortest_and_a_longest_length_in_characters(name: str) -> None:
    form, shortest, longest = TEXTS[name]

    for character in ("x", "ä", WIDE):
        for length in (shortest, longest):
            assert read(form, character * length) == character * length
        for length in (shortest - 1, longest + 1):
            assert is_refused(form, character * length), (character, length)


@each_row("name", TEXTS)
def test_a_text_is_trimmed_and_composed_before_its_length_is_measured(name: str) -> None:
    form, shortest, longest = TEXTS[name]

    for blanks in (" ", "\t", "\n", "\r\n", "\u00a0", "\u3000"):
        assert read(form, blanks + "x" * longest + blanks) == "x" * longest
        assert is_refused(form, blanks + "x" * (shortest - 1) + blanks)
    assert read(form, "a\u0308" * longest) == "ä" * longest
    assert unicodedata.is_normalized("NFC", read(form, "\u212bngstro\u0308m"))


@each_row("name", TEXTS)
def test_a_text_is_no_other_kind_of_json(name: str) -> None:
    assert [value for value in NO_TEXTS if not is_refused(TEXTS[name][0], value)] == []


@each_row("name", TEXTS)
def test_a_text_has_no_control_character_and_no_override(name: str) -> None:
    form = TEXTS[name][0]

    assert [bad for bad in (*CONTROLS, *OVERRIDES) if not is_refused(form, f"abc{bad}def")] == []
    assert [good for good in HARMLESS if is_refused(form, f"abc{good}def")] == []


@each_row("name", ONE_LINE)
def test_a_pasted_tab_or_line_break_becomes_a_blank_in_one_line(name: str) -> None:
    form = TEXTS[name][0]

    assert [read(form, f"abc{pasted}def") for pasted in BREAKS] == ["abc def"] * len(BREAKS)
    assert read(form, "\tabc\n\ndef\r\n") == "abc  def"


@each_row("name", SOME_LINES)
def test_each_line_break_becomes_a_line_feed_in_several_lines_and_a_tab_a_blank(name: str) -> None:
    read_texts = [read(TEXTS[name][0], f"abc{pasted}def") for pasted in BREAKS]

    assert read_texts == ["abc def", *["abc\ndef"] * (len(BREAKS) - 1)]
    assert read(TEXTS[name][0], "Two\nlines\r\n\r\nor three") == "Two\nlines\n\nor three"


@each_row("name", TEXTS)
def test_the_signs_of_an_encoded_word_are_kept_because_no_text_becomes_a_header(name: str) -> None:
    for text in ("=?utf-8?q?x?=", "https://shop.example/?q=?", "abc =? def"):
        assert read(TEXTS[name][0], text) == text


UNSEEN = {
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "soft hyphens": "\u00ad" * 3,
    "accents": "\u0323\u0301\u0308",
    "variation selectors": "\ufe0e\ufe0f\U000e0100",
    "fillers of Hangul": "\u115f\u1160\u3164\uffa0",
    "Braille without a dot": "\u2800" * 3,
    "private use": "\ue000\ue001\ue002",
    "a mark of Mongolian": "\u180e" * 3,
    "tags": "\U000e0061\U000e0062\U000e0063",
}
"""Three or more characters of which a reader sees none."""


@each_row("unseen", UNSEEN.values(), ids=UNSEEN)
def test_a_text_of_invisible_characters_is_refused(unseen: str) -> None:
    for name in ("name", "version", "reason", "ticket", "note", "description"):
        assert is_refused(TEXTS[name][0], unseen), name
        assert read(TEXTS[name][0], f"abc {unseen}") == f"abc {unseen}", name


@each_row(
    ("visible", "almost"),
    [
        ("abc", "ab"), ("a-1 b", "a-1"), ("T-4711", "...T-4..."), ("🔑abc", "🔑🔑🔑"), ("²³½", "!?."),
        ("中文字", "中文"),
        ("१२३", "१२"), ("مرح", "مر\u064b"), ("한국어", "한국\u3164"), ("éàü", "e\u0301à\u0300"),
        ("a\u200bb\u200bc", "a\u200bb\u200b"),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_reason_has_three_letters_or_digits_of_any_script_that_can_be_seen(visible: str, almost: str) -> None:
    assert read(inputs.Reason, visible) == visible
    assert is_refused(inputs.Reason, almost)


def test_a_pasted_number_is_cleaned_before_anything_is_refused() -> None:
    assert read(inputs.Phone, "\u202a+49\u00a0(0)\t241\u20114468612\uff12\u202c\n") == "+49 (0) 241-44686122"
    assert read(inputs.Phone, "\u200e" * 41 + "0" * 40) == "0" * 40
    assert [
        bad for bad in [*NO_TEXTS, "", "\u200e", "tel:", "0" * 41, "0\x000"] if not is_refused(inputs.Phone, bad)
    ] == []


def test_a_surrogate_is_no_text() -> None:
    assert is_refused(inputs.Name, "abc\ud83d")


# ------------------------------------------------------------------ ids

SLUGS = ["a", "0", "acme-2", "1-", "a" * 64]
NO_SLUGS: list[Any] = [
    *NO_TEXTS, "", " acme", "acme ", "ACME", "-acme", "a_b", "a b", "acme\n", "\nacme", "acme#x", "ä", "a/b", "a" * 65,
]  # fmt: skip
EXTERNAL_IDS = ["a", "-", "_", "A:b.c-d_e|f@g+h=i~j", "auth0|5f7c8ec7", "ACME", "x" * 128]
NO_EXTERNAL_IDS: list[Any] = [
    *NO_TEXTS, "", " a", "a ", "a b", "ü", "a\n", "\na", "a/b", "a#b", "a,b", "a%7Cb", "x" * 129,
    *(f"{first}a" for first in ".|@:+=~"),
]  # fmt: skip
ULIDS = ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "0" * 26, "7" + "Z" * 25]
NO_ULIDS: list[Any] = [
    *NO_TEXTS, "", "x", "0" * 25, "0" * 27, "8" + "0" * 25, "01arz3ndektsv4rrffq69g5fav", "0" * 25 + "I",
    "0" * 25 + "L", "0" * 25 + "O", "0" * 25 + "U", "0" * 26 + "\n",
]  # fmt: skip


@each_row(
    ("form", "good", "bad"),
    [
        (inputs.Slug, SLUGS, NO_SLUGS),
        (inputs.ExternalId, EXTERNAL_IDS, NO_EXTERNAL_IDS),
        (inputs.LoginId, ULIDS, NO_ULIDS),
    ],
    ids=["slug", "external", "login"],
)
def test_an_id_has_one_form(form: Any, good: list[str], bad: list[Any]) -> None:
    assert [read(form, value) for value in good] == good
    assert [value for value in bad if not is_refused(form, value)] == []


# ------------------------------------------------------------------ places and languages

ZONES = ["Europe/Berlin", "UTC", "Asia/Kathmandu", "America/Argentina/ComodRivadavia"]
NO_ZONES: list[Any] = [
    *NO_TEXTS, "", "Berlin", "europe/berlin", "../etc/passwd", "/etc/passwd", "posix/Europe/Berlin",
    "right/Europe/Berlin", "localtime", "UTC\n", " UTC", "Europe/Berlin\x00", "x" * 9_000, "UTC+1",
]  # fmt: skip
LANGUAGES = ["de", "deu", "de-CH", "zh-Hant-TW", "DE-de", "de-12", "de-" + "x" * 8, "de" + "-abcdefg" * 4]
NO_LANGUAGES: list[Any] = [
    *NO_TEXTS, "", "d", "german", "de_DE", "de-", "-de", "de-x", "de-" + "x" * 9, "de\n", "de--DE", "dé",
    "de" + "-abcdefg" * 4 + "-x", "de-AT" + "-abcdefgh" * 4,
]  # fmt: skip
COUNTRIES = ["DE", "XK", "ZZ"]
NO_COUNTRIES: list[Any] = [*NO_TEXTS, "", "D", "de", "DEU", "D1", "ДЕ", "DE\n", " DE"]


@each_row(
    ("form", "good", "bad"),
    [
        (inputs.Zone, ZONES, NO_ZONES),
        (inputs.Language, LANGUAGES, NO_LANGUAGES),
        (inputs.Locale, [*LANGUAGES, "de_DE", "zh_Hant-TW"], [bad for bad in NO_LANGUAGES if bad != "de_DE"]),
        (inputs.Country, COUNTRIES, NO_COUNTRIES),
    ],
    ids=["zone", "language", "locale", "country"],
)
def test_a_place_or_a_language_has_one_form(form: Any, good: list[str], bad: list[Any]) -> None:
    assert [read(form, value) for value in good] == good
    assert [value for value in bad if not is_refused(form, value)] == []


def test_a_language_has_at_most_35_characters() -> None:
    tag = "de" + "-abcdefg" * 4

    assert len(tag) == limits.MAX_LOCALE_LENGTH - 1
    for form in (inputs.Language, inputs.Locale):
        assert read(form, f"{tag[:-7]}abcdefgh") == f"{tag[:-7]}abcdefgh"
        assert is_refused(form, f"{tag[:-7]}abcdef-gh")


# ------------------------------------------------------------------ addresses

LONG_DOMAIN = ".".join(["b" * 61] * 4)


@each_row(
    "address",
    [
        "a@b.example",
        "o'neil+support@sub.initech.example",
        "!#$%&'*+/?=^_`{|}~-.a@b.example",
        "x" * 64 + "@b.example",
        "x" * (254 - 1 - len(LONG_DOMAIN)) + "@" + LONG_DOMAIN,
        "  a@b.example\n",
    ],
)
def test_an_address_of_at_most_254_characters_is_kept_trimmed(address: str) -> None:
    assert read(inputs.Email, address) == address.strip()


def test_an_internationalised_domain_is_kept_in_its_ascii_form() -> None:
    assert read(inputs.Email, " a@müller.example") == "a@xn--mller-kva.example"


@each_row(
    "address",
    [
        *NO_TEXTS, "", "anna", "a@b", "@b.example", "a@", "a@.example", "a@b.", "a@b..example", "a b@c.example",
        "a@b@c.example", "a@b.example, c@d.example", "a@b.example\nBcc: x", "Anna <a@b.example>",
        "ä@b.example", "=?UTF-8?Q?a?=@b.example", "x" * 65 + "@b.example",
        "x" * (255 - 1 - len(LONG_DOMAIN)) + "@" + LONG_DOMAIN, "a@" + "b" * 300 + ".example", "a@b_c.example",
    ],
    ids=lambda address: ascii(address)[:40],
)  # fmt: skip
def test_anything_but_one_plain_address_is_refused(address: Any) -> None:
    assert is_refused(inputs.Email, address)


# ------------------------------------------------------------------ moments and days


@each_row(
    ("text", "moment"),
    [
        ("2026-11-24T10:15:00Z", datetime(2026, 11, 24, 10, 15, tzinfo=UTC)),
        ("2026-11-24t10:15:00z", datetime(2026, 11, 24, 10, 15, tzinfo=UTC)),
        ("2026-11-24T10:15:00+01:00", datetime(2026, 11, 24, 9, 15, tzinfo=UTC)),
        ("2026-11-24T10:15:00-23:59", datetime(2026, 11, 25, 10, 14, tzinfo=UTC)),
        ("2026-11-24T10:15:00.25Z", datetime(2026, 11, 24, 10, 15, 0, 250_000, tzinfo=UTC)),
        ("2026-11-24T23:59:59+00:00", datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_has_an_offset_and_is_read_in_utc(text: str, moment: datetime) -> None:
    assert read(inputs.Moment, text) == moment
    assert read(inputs.Moment, text).tzinfo is UTC


@each_row(
    "text",
    [
        *NO_TEXTS, 1795435200, "", "now", "2026-11-24", "2026-11-24T10:00:00", "2026-11-24T10:00Z",
        "2026-11-24T10:00:00+01", "2026-11-24T10:00:00+0100", "2026-11-24T10:00:00 +01:00", "2026-11-24 10:00:00Z",
        "2026-11-31T10:00:00Z", "2026-11-24T25:00:00Z", "2026-11-24T10:60:00Z", "2026-11-24T10:00:60Z",
        "2026-11-24T10:00:00+24:00", "20261124T100000Z", "2026-W48-2T10:00:00Z", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00", "2026-11-24T10:00:00Z\n", "\u0662026-11-24T10:00:00Z",
    ],
    ids=ascii,
)  # fmt: skip
def test_any_other_moment_is_refused(text: Any) -> None:
    assert is_refused(inputs.Moment, text)


@each_row("text", ["2000-01-01", "2026-11-24", "2028-02-29", "2999-12-31"])
def test_a_day_is_in_this_millennium(text: str) -> None:
    assert read(inputs.Day, text) == date.fromisoformat(text)


@each_row(
    "text",
    [*NO_TEXTS, "", "1999-12-31", "3000-01-01", "2026-02-29", "2026-11-31", "20261124", "2026-W48-2",
     "2026-11-24T00:00", "2026-11-24\n", "26-11-24", "today"],
    ids=ascii,
)  # fmt: skip
def test_any_other_day_is_refused(text: Any) -> None:
    assert is_refused(inputs.Day, text)


# ------------------------------------------------------------------ bodies


class Example(inputs.Input):
    flag: bool
    count: int = 0
    name: inputs.Name | None = None


@each_row("value", [0, 1, 1.0, "true", "false", "yes", "", None, [], {}], ids=repr)
def test_a_flag_is_true_or_false_and_nothing_that_could_be_read_as_one(value: Any) -> None:
    with pytest.raises(ValidationError, match="flag"):
        Example.model_validate({"flag": value})


@each_row("value", ["1", 1.0, True, None], ids=repr)
def test_a_number_is_no_text_and_no_flag(value: Any) -> None:
    with pytest.raises(ValidationError, match="count"):
        Example.model_validate({"flag": True, "count": value})


@each_row("name", ["surprise", "__proto__", "Flag", "flag ", ""])
def test_an_unknown_field_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Example.model_validate({"flag": True, name: 1})

    assert [(fault["loc"], fault["type"]) for fault in refused.value.errors()] == [((name,), "extra_forbidden")]


def test_all_faults_are_named_at_once_and_an_accepted_body_cannot_be_changed() -> None:
    with pytest.raises(ValidationError) as refused:
        Example.model_validate({"count": "1", "name": ""})
    assert sorted(fault["loc"] for fault in refused.value.errors()) == [("count",), ("flag",), ("name",)]

    accepted = Example.model_validate({"flag": True, "name": " Cafe\u0301 "})
    assert (accepted.flag, accepted.count, accepted.name) == (True, 0, "Café")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(accepted, "flag", False)  # noqa: B010 - an assignment is a type error, too
