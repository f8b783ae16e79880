"""Characters that a reader can see. `tests/edge/http/test_inputs.py` has the table of texts."""

from guestkey.rules import visible
from tests.rows_and_columns import each_row


@each_row(
    ("text", "letters", "is_visible"),
    [
        ("", 0, False), ("a", 1, True), ("aé1²中", 5, True), ("!", 0, True), ("🔑", 0, True),
        (" \u00a0\u3000", 0, False), ("\u3164\u115f\u1160\uffa0", 0, False), ("\u2800", 0, False),
        ("\u2801", 0, True), ("\u200d\ufe0f\u0301", 0, False),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_letter_that_shows_nothing_is_not_counted(text: str, letters: int, is_visible: bool) -> None:
    assert (visible.letters(text), visible.is_visible(text)) == (letters, is_visible)
