"""Characters of typed texts that a reader can see."""

import unicodedata

MIN_LETTERS_OF_A_REASON = 3
BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""The fillers of Hangul, which Unicode counts among the letters, and the Braille pattern without any dot."""


def letters(text: str) -> int:
    """Return the number of letters and digits, of any script, that can be seen. An accent or a joiner is none."""
    return sum(unicodedata.category(character)[0] in "LN" and character not in BLANK for character in text)


def is_visible(text: str) -> bool:
    """Say whether anything can be seen: a letter, digit, punctuation mark or symbol."""
    return any(unicodedata.category(character)[0] in "LNPS" and character not in BLANK for character in text)
