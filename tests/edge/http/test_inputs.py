"""What callers may send, each form at its exact bounds."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from guestkey.edge.http import inputs

LENGTHS = {
    "Name": (1, 200),
    "Version": (1, 100),
    "Reason": (3, 500),
    "Ticket": (1, 100),
    "Note": (1, 500),
    "Description": (1, 2000),
    "Phone": (1, 40),
}
ON_ONE_LINE = ("Name", "Version", "Reason", "Ticket", "Phone")
REORDERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = "\x00\x07\t\x1b\x7f\x85\u2028\u2029"


def taken(form: str, value: Any) -> Any:
    """Return the value as a form takes it."""
    return TypeAdapter(getattr(inputs, form)).validate_python(value)


def is_taken(form: str, value: Any) -> bool:
    try:
        taken(form, value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("form", "least", "most"), [(form, *bounds) for form, bounds in LENGTHS.items()])
def test_a_text_has_its_lengths_after_it_is_trimmed(form: str, least: int, most: int):
    for length in (least, most):
        assert taken(form, f" {'ä' * length}\t") == "ä" * length
    for length in (least - 1, most + 1):
        assert not is_taken(form, f" {'ä' * length} ")
    assert taken(form, "a\u0308" * most) == "ä" * most


@pytest.mark.parametrize("form", LENGTHS)
def test_no_text_may_reorder_what_is_read(form: str):
    for character in REORDERING + CONTROLS:
        assert not is_taken(form, f"before{character}after"), hex(ord(character))


@pytest.mark.parametrize("form", LENGTHS)
def test_only_notes_and_descriptions_have_several_lines(form: str):
    assert is_taken(form, "one\ntwo") == (form not in ON_ONE_LINE)
    assert not is_taken(form, "one\rtwo")


def test_a_line_ends_in_one_way():
    assert taken("Note", "one\r\ntwo\n") == "one\ntwo"


@pytest.mark.parametrize("form", ON_ONE_LINE)
def test_no_line_may_hold_an_encoded_word(form: str):
    assert not is_taken(form, "Anna =?UTF-8?Q?x?=")
    assert is_taken(form, "a = b?")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T10:15:00+01:00", datetime(2026, 11, 24, 9, 15, tzinfo=UTC)),
        ("2026-11-24t09:15:00z", datetime(2026, 11, 24, 9, 15, tzinfo=UTC)),
        ("2026-11-24T09:15:00.5-00:00", datetime(2026, 11, 24, 9, 15, 0, 500_000, tzinfo=UTC)),
        ("2024-02-29T23:59:59Z", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_has_its_offset_and_comes_in_utc(text: str, moment: datetime):
    assert taken("Moment", text) == moment
    assert taken("Moment", text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T10:15:00",
        "2026-11-24 10:15:00Z",
        "2026-11-24T10:15Z",
        "20261124T101500Z",
        "2026-11-24T10:15:00+0100",
        "2026-02-29T10:15:00Z",
        "2026-11-24T24:15:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-11-24T10:15:00Z\n",
        1795435200,
        None,
    ],
)
def test_anything_else_is_no_moment(text: Any):
    assert not is_taken("Moment", text)


def test_a_day_lies_between_2000_and_2999():
    assert taken("Day", "2000-01-01") == date(2000, 1, 1)
    assert taken("Day", "2999-12-31") == date(2999, 12, 31)
    for text in ("1999-12-31", "3000-01-01", "2026-2-1", "20260201", "2026-02-30", "2026-02-01\n", 20260201, None):
        assert not is_taken("Day", text)


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("Slug", ["a", "0", "a-", "a" * 64], ["", "-a", "A", "a_b", "a" * 65, "a\n", "ä"]),
        ("UserId", ["a", "A.b_c|d@e:f-g", "a" * 128], ["", "a b", "a" * 129, "a\n", "a/b", "ä"]),
        ("LoginId", ["0" * 26, "7" + "Z" * 25], ["8" + "0" * 25, "0" * 25, "0" * 27, "0" * 25 + "I", "0" * 25 + "z"]),
        (
            "Language",
            ["de", "deu", "de-AT", "zh-Hant-TW", "de" + "-12345678" * 3],
            ["d", "deut", "de_AT", "de-", "de-a"],
        ),
        ("Locale", ["de", "de-AT", "de_AT", "zh_Hant-TW"], ["", "de-", "_AT", "de AT", "de-" + "a" * 9]),
        ("Country", ["DE"], ["de", "D", "DEU", "", "D1"]),
        ("Zone", ["Europe/Berlin", "UTC"], ["", "europe/berlin", "Europe/Atlantis", "localtime", "../etc/passwd"]),
        (
            "Email",
            ["a@b.c", "a+b@sub.acme.example", "a" * 64 + "@b.example", "a@" + ("b" * 50 + ".") * 4 + "c"],
            ["", "a", "a@b", "a@b.", "@b.c", "a b@c.d", "a@b.c\n.d", "a@ä.de", "a" * 65 + "@b.c", "a@b..c", "<a@b.c>"],
        ),
    ],
)
def test_each_form_takes_what_is_of_it_and_nothing_else(form: str, good: list[str], bad: list[str]):
    assert [value for value in good if not is_taken(form, value)] == []
    assert [value for value in bad if is_taken(form, value)] == []


def test_an_address_has_at_most_254_characters():
    tail = "@" + "b" * 60 + "." + "c" * 60 + "." + "d" * 60
    longest = "a" * 64 + tail + "." + "e" * (254 - 64 - len(tail) - 1)

    assert taken("Email", longest) == longest
    assert not is_taken("Email", longest + "e")
