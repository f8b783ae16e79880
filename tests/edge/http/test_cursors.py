"""Cursors: one from another caller, route or filter is refused, and so is every other text."""

import re
from collections.abc import Iterator

import pytest

from guestkey.edge.http import cursors
from guestkey.errors import CursorInvalid
from tests.rows_and_columns import each_row

ANY = re.compile(".*", re.DOTALL)
SCOPE = cursors.scope("acme", "GET /v1/grants", "live")
OTHERS = [
    cursors.scope("globex", "GET /v1/grants", "live"),
    cursors.scope("acme", "GET /v1/logins", "live"),
    cursors.scope("acme", "GET /v1/grants", ""),
    cursors.scope("acme", "GET /v1/grants"),
    "",
]


@each_row("position", ["", "x", "GRANT#01M844DZG0ACMEGRANT0000001", "ä\U0001f511", "a\nb", "x" * 700])
def test_a_cursor_returns_the_position_that_it_was_made_of(position: str) -> None:
    assert cursors.position(cursors.cursor(position, SCOPE), SCOPE, ANY) == position


def test_without_a_cursor_there_is_no_position() -> None:
    assert cursors.position(None, SCOPE, ANY) is None


@each_row("other", OTHERS)
def test_a_cursor_of_another_list_is_refused(other: str) -> None:
    with pytest.raises(CursorInvalid):
        cursors.position(cursors.cursor("x", other), SCOPE, ANY)


def test_scope_and_position_cannot_be_shifted_into_each_other() -> None:
    made = {cursors.cursor("c", "a\nb"), cursors.cursor("b\nc", "a"), cursors.cursor("", "a\nb\nc")}

    assert len(made) == 3
    for scope in ("a", "a\nb\nc"):
        with pytest.raises(CursorInvalid):
            cursors.position(cursors.cursor("c", "a\nb"), scope, ANY)


@each_row(
    "cursor",
    ["", "x", "~", "AAAA", "A" * 16, "A" * 20, "A" * 999, "A" * 1000, "=" * 20, "..", "+/=", ",,", "\x00", "\U0001f511",
     "bm90IGEgY3Vyc29y", "\xff"],
    ids=ascii,
)  # fmt: skip
def test_a_text_that_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        cursors.position(cursor, SCOPE, ANY)


def test_a_cursor_with_any_one_character_changed_left_out_or_added_is_refused() -> None:
    good = cursors.cursor("01M844DZG0ACMEGRANT0000001", SCOPE)
    changed = [good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] for at in range(len(good) - 1)]

    for bad in [*changed, good[1:], good[:-2], good + "AAAA", "AAAA" + good]:
        with pytest.raises(CursorInvalid):
            cursors.position(bad, SCOPE, ANY)


@each_row(
    ("found", "limit", "shown", "rest"),
    [
        ([], 1, [], None),
        ("a", 1, ["A"], None),
        ("ab", 1, ["A"], "a"),
        ("ab", 2, ["A", "B"], None),
        ("abc", 2, ["A", "B"], "b"),
    ],
)
def test_a_page_has_a_rest_only_if_there_is_one_more(
    found: str, limit: int, shown: list[str], rest: str | None
) -> None:
    assert cursors.cut(((one, one.upper()) for one in found), limit) == (shown, rest)


def test_a_page_reads_one_item_beyond_its_limit_and_no_more() -> None:
    read = []

    def found() -> Iterator[tuple[str, int]]:
        for at in range(100):
            read.append(at)
            yield str(at), at

    cursors.cut(found(), 3)

    assert read == [0, 1, 2, 3]


def test_a_page_shows_what_the_filter_admits_and_ends_after_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursors, "MAX_EXAMINED", 4)
    found = [(one, one) for one in "abcdefgh"]

    assert cursors.cut(found, 2, lambda one: one in "bd") == (["b", "d"], "d")
    assert cursors.cut(found, 2, lambda one: one in "dh") == (["d"], "d")
    assert cursors.cut(found, 2, lambda one: one == "x") == ([], "d")
    assert cursors.cut(found[:4], 2, lambda one: one == "x") == ([], None)


def test_the_header_leads_to_the_rest_with_the_same_limit() -> None:
    made = cursors.cursor("x", SCOPE)

    assert cursors.link(None, SCOPE, {"limit": 5}) == {}
    assert cursors.link("x", SCOPE) == {"Link": f'<?cursor={made}>; rel="next"'}
    assert cursors.link("x", SCOPE, {"limit": 5}) == {"Link": f'<?cursor={made}&limit=5>; rel="next"'}
