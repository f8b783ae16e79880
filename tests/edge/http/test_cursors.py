"""Cursors: a page has its size, only a list with a rest leads on, and a cursor counts in its own list only."""

import pytest

from guestkey.edge.http import cursors
from guestkey.errors import CursorInvalid

SCOPE = cursors.scope("acme", "grants", "")


def found(number: int) -> list[tuple[str, int]]:
    return [(f"position {one}", one) for one in range(1, number + 1)]


@pytest.mark.parametrize(
    ("number", "shown", "rest"),
    [
        (0, [], None),
        (2, [1, 2], None),
        (3, [1, 2, 3], None),
        (4, [1, 2, 3], "position 3"),
        (9, [1, 2, 3], "position 3"),
    ],
)
def test_only_a_list_with_a_rest_has_a_position_for_it(number: int, shown: list[int], rest: str | None):
    assert cursors.cut(found(number), 3) == (shown, rest)


def test_one_more_than_a_page_is_looked_for_and_no_other():
    ahead = iter(found(9))

    cursors.cut(ahead, 3)

    assert next(ahead) == ("position 5", 5)


@pytest.mark.parametrize("position", ["", "a", "2026-11-23T12:00:00Z|rest:01J", "ä" * 50])
def test_a_cursor_leads_back_to_its_position(position: str):
    assert cursors.position(cursors.cursor(position, SCOPE), SCOPE) == position


def test_without_a_cursor_there_is_no_position():
    assert cursors.position(None, SCOPE) is None


@pytest.mark.parametrize(
    "other",
    [cursors.scope("globex", "grants", ""), cursors.scope("acme", "logins", ""), cursors.scope("acme", "grants")],
)
def test_a_cursor_of_another_list_is_refused(other: str):
    with pytest.raises(CursorInvalid):
        cursors.position(cursors.cursor("a", other), SCOPE)


@pytest.mark.parametrize("cursor", ["", "a", "AAAA", "A" * 16, "~", "ä", cursors.cursor("a", SCOPE)[:-1]])
def test_a_damaged_cursor_is_refused(cursor: str):
    with pytest.raises(CursorInvalid):
        cursors.position(cursor, SCOPE)


def test_the_link_leads_to_the_rest_with_the_same_limit():
    cursor = cursors.cursor("a", SCOPE)

    assert cursors.link("a", SCOPE, 7) == {"Link": f'<?cursor={cursor}&limit=7>; rel="next"'}
    assert cursors.link("a", SCOPE) == {"Link": f'<?cursor={cursor}>; rel="next"'}
    assert cursors.link(None, SCOPE, 7) == {}
