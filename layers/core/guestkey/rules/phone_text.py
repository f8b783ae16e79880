"""Telephone numbers as people paste them from address books, mails and web pages."""

import re
import unicodedata

_LABEL = re.compile(r"(?:tel|phone|callto)[ .:]+", re.IGNORECASE)
_SAME = {
    **dict.fromkeys("\u2212\u2043\u30fc\uff70", "-"),  # a minus, a bullet and two marks of length, typed as dashes
    **dict.fromkeys("\u2044\u2215\uff0f", "/"),
    **dict.fromkeys("\u00b7\u2022\u2219\u2024\uff0e", "."),
    **dict(zip("\uff0b\ufe62\uff08\uff09", "++()", strict=True)),
}


def cleaned(typed: str) -> str:
    """Return a pasted number in ASCII: without its label and invisible marks, with plain digits, dashes and blanks.

    Only characters of the same meaning are replaced, so the number stays the same. Superscript digits are no digits.
    """
    plain = "".join(map(_plain, typed)).strip()
    return plain[label.end() :] if (label := _LABEL.match(plain)) else plain


def _plain(character: str) -> str:
    match unicodedata.category(character):
        case "Cf":
            return ""
        case "Nd":
            return str(unicodedata.decimal(character))
        case "Pd":
            return "-"
        case "Zs":
            return " "
        case _:
            return _SAME.get(character, character)
