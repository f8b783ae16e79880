"""Ids from paths: a malformed one is replaced by an id that nothing has."""

from guestkey.edge.http import ids
from tests.rows_and_columns import each_row

GOOD = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BAD = [
    "", "x", GOOD[:-1], GOOD + "X", GOOD.lower(), "8" + GOOD[1:], f"{GOOD}\n", f" {GOOD}", f"{GOOD}%0A", "\x00",
    *(GOOD[:-1] + letter for letter in "ILOU-"), GOOD[:-1] + "\uff21", GOOD * 40, "..", "0" * 27,
]  # fmt: skip


@each_row("id", [GOOD, "0" * 26, "7" + "Z" * 25])
def test_a_ulid_is_kept(id: str) -> None:
    assert ids.valid_id(id) == id


@each_row("id", BAD, ids=ascii)
def test_anything_else_becomes_the_nil_ulid(id: str) -> None:
    assert ids.valid_id(id) == ids.NIL_ULID == "0" * 26


def test_a_new_id_is_a_valid_one_and_later_ones_sort_behind_it() -> None:
    made = ids.new_id()

    assert ids.valid_id(made) == made != ids.NIL_ULID


@each_row("id", ["a", "ACME", "0", "-", "auth0|507f1f77", "a@b.example", "eu-central-1:5f+=~", "a" * 128])
def test_an_id_from_outside_is_kept(id: str) -> None:
    assert ids.valid_external_id(id) == id


@each_row(
    "id",
    ["", ".", "..", "~a", "a" * 129, "a b", "a#b", "a%7Cb", "acme\n", "\nacme", "ä", "a/b", "\x00", "²"],
    ids=ascii,
)
def test_anything_else_becomes_the_empty_text(id: str) -> None:
    assert ids.valid_external_id(id) == ""
