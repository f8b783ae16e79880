"""Telephone numbers as people paste them from address books, mails and web pages."""

import re
import unicodedata

from guestkey.rules.visible import BLANK

_LABEL = re.compile(r"(?:tel|phone|callto)[ .:]+", re.IGNORECASE)
_SAME = {
    **dict.fromkeys("\u2212\u2043\u30fc\uff70~\u2053\u223c\uff5e", "-"),  # a minus, a bullet, marks of length, tildes
    **dict.fromkeys("\u2044\u2215\uff0f", "/"),
    **dict.fromkeys("\u00b7\u2022\u2219\u2024\u2027\u30fb\uff0e\uff65", "."),
    **dict(zip("\uff0b\ufe62\uff08\uff09\ufe59\ufe5a[]\uff3b\uff3d", "++()()()()", strict=True)),
    **dict.fromkeys(BLANK, " "),
    **dict.fromkeys(["\u034f", "\u20e3", *map(chr, range(0xFE00, 0xFE10))], ""),  # joiner, keycap, forms of a picture
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
