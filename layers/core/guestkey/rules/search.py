"""Search for names as people type them: without their accents, strokes and ligatures, in any order of the words."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from guestkey.rules.people import Agent, Department

_LETTER = re.compile(
    r"LATIN SMALL (?:CAPITAL )?(?:LETTER|LIGATURE) (?:OPEN |BARRED )?([A-Z]{1,2})(?: BAR)?(?: WITH .+)?"
)
"""The name of a letter with a stroke, bar, hook or tail, or of a ligature: Unicode decomposes none of them."""
_OTHER_LETTERS = {
    "\u0131": "i", "ȷ": "j", "þ": "th", "ꝥ": "th", "ð": "d", "ŋ": "n", "ə": "e", "ǝ": "e", "ĸ": "k",
    "\u0269": "i", "ʊ": "u", "\u0263": "g", "ʒ": "z", "ʃ": "s",
}  # fmt: skip
_UMLAUT = re.compile("(?<=[aou])e")
"""The second letter of ae, oe and ue, with which people write an umlaut."""


def search(directory: Iterable[Agent | Department], query: str) -> list[Agent | Department]:
    """Return the agents and departments that the query finds, by name; an agent's departments count with the name."""
    everyone = sorted(directory, key=lambda one: one.name.casefold())
    names = {one.department_id: one.name for one in everyone if isinstance(one, Department)}
    return [one for one in everyone if matches(_text_of(one, names), query)]


def _text_of(one: Agent | Department, names: Mapping[str, str]) -> str:
    return " ".join([one.name, *(names.get(id, "") for id in one.departments)]) if isinstance(one, Agent) else one.name


def matches(text: str, query: str) -> bool:
    """Say whether each word of the query begins some word of the text.

    Case, accents, strokes and ligatures are ignored, and ae, oe and ue count as ä, ö and ü.
    """
    words = _words(text)
    return all(any(word.startswith(part) for word in words) for part in _words(query))


def _words(text: str) -> list[str]:
    folded = "".join(map(_folded, _decomposed(_decomposed(text).casefold())))
    return [_UMLAUT.sub("", word) for word in re.findall(r"\w+", folded)]


def _decomposed(text: str) -> str:
    """Return the text without accents, and without invisible characters."""
    kept = (c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in ("Mn", "Cf"))
    return "".join(kept)


def _folded(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character) == "Lm":  # an apostrophe, for example
        return " "
    letter = _LETTER.fullmatch(unicodedata.name(character, ""))
    return _OTHER_LETTERS.get(character) or (letter[1].lower() if letter else character)
