"""Ids from paths: a malformed one is replaced by an id that nothing has."""

import pytest

from guestkey.edge.http import ids

GOOD = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BAD = [
    "", "x", GOOD[:-1], GOOD + "X", GOOD.lower(), "8" + GOOD[1:], f"{GOOD}\n", f" {GOOD}", f"{GOOD}%0A", "\x00",
    *(GOOD[:-1] + letter for letter in "ILOU-"), GOOD[:-1] + "\uff21", GOOD * 40, "..", "0" * 27,
]  # fmt: skip


@pytest.mark.parametrize("id", [GOOD, "0" * 26, "7" + "Z" * 25])
def test_a_ulid_is_kept(id: str) -> None:
    assert ids.valid_id(id) == id


@pytest.mark.parametrize("id", BAD, ids=ascii)
def test_anything_else_becomes_the_nil_ulid(id: str) -> None:
    assert ids.valid_id(id) == ids.NIL_ULID == "0" * 26


def test_a_new_id_is_a_valid_one_and_later_ones_sort_behind_it() -> None:
    made = ids.new_id()

    assert ids.valid_id(made) == made != ids.NIL_ULID


@pytest.mark.parametrize("id", ["a", "0", "acme-2", "1-", "a" * 64])
def test_a_slug_is_kept(id: str) -> None:
    assert ids.valid_slug(id) == id


@pytest.mark.parametrize(
    "id",
    ["", "-a", "ACME", "a" * 65, "a b", "a_b", "a#b", "acme\n", "\nacme", "ä", "a/b", "..", "\x00", "²"],
    ids=ascii,
)
def test_anything_else_becomes_the_empty_text(id: str) -> None:
    assert ids.valid_slug(id) == ""
