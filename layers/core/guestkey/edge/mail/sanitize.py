"""Sanitising of typed text for e-mails: one line of bounded length that no mail program turns into a link.

This does not make text safe for HTML; the template's escaping does. See docs/decisions/0010.
"""

import re
import unicodedata
from itertools import groupby

from guestkey.rules.limits import MAX_NAME_LENGTH

NOTHING = "?"
"""Shown in place of a text without any visible character."""

_MAX_ACCENTS = 4
_READ_FACTOR = 10  # times the limit: enough for accents and invisible characters
_DROPPED = frozenset({"Cf", "Co", "Cs"})
"""Invisible (zero width, bidirectional overrides), private and half characters."""
_IP_ADDRESS = re.compile(r"\d+(?:\.\d+){3,}")
_OF_A_LINK = re.compile(
    r"""
      (?P<slashes> :?/{2,} )                       # https://…, //…
    | (?P<backslashes> \\{2,} )                    # \\server\share, to which Outlook would log in
    | (?P<colon> (?<=[^\W\d_]) : (?=\S) )          # mailto:…, tel:…
    | (?P<at> [@\uff20\ufe6b] )
    # A full stop of any script: browsers read all of them as dots in the name of a host.
    | (?P<dot> (?<=\S) [.\u3002\uff0e\uff61\u2024\ufe52] (?=[^\s!-/:-@\[-`{-~]) )
    """,
    re.VERBOSE,
)
_DEFANGED = re.compile(r"\[(?::?/{2,}|\\{2,}|[:@\uff20\ufe6b.\u3002\uff0e\uff61\u2024\ufe52])\]")


def shown(typed: str, limit: int = MAX_NAME_LENGTH) -> str:
    """Return typed text on one line, at most `limit` characters of it, with addresses defanged by brackets."""
    text = _tidy(typed[: _READ_FACTOR * limit])
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    text = _IP_ADDRESS.sub(lambda found: found[0].replace(".", "[.]"), text)
    return _OF_A_LINK.sub(_apart, text) or NOTHING


def is_defanged(*texts: str) -> bool:
    """Say whether any of these shown texts contains a defanged address."""
    return any(_DEFANGED.search(text) for text in texts)


def _tidy(typed: str) -> str:
    """Return the text without invisible characters; line breaks and control characters become blanks."""
    visible = "".join(
        " " if unicodedata.category(character) == "Cc" else character
        for character in typed
        if unicodedata.category(character) not in _DROPPED
    )
    line = " ".join(unicodedata.normalize("NFC", visible).split())
    return "".join(
        "".join(list(run)[:_MAX_ACCENTS] if are_accents else run)  # a stack of accents would cover the lines above
        for are_accents, run in groupby(line, key=lambda character: unicodedata.combining(character) > 0)
    )


def _apart(found: re.Match[str]) -> str:
    if found.lastgroup == "dot" and not _is_of_a_name(found.string[: found.start()], found.string[found.end() :]):
        return found[0]
    return f"[{found[0]}]"


def _is_of_a_name(before: str, after: str) -> bool:
    """Say whether a mail program could take a dot here for one inside the name of a host.

    No top-level domain begins with a digit or has one letter, so 24.3 and "z.B." stay as they are.
    """
    if re.search(r"\b(?:www|ftp)$", before, re.IGNORECASE):
        return True
    if after[0].isdigit() or unicodedata.category(after[0])[0] not in "LMN":
        return False
    return not (re.search(r"(?<!\w)[^\W\d_]$", before) and re.match(r"[^\W\d_](?!\w)", after))
