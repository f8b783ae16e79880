"""The texts of the pages: one catalogue for each language, with every text that the code uses and no other.

A region's catalogue contains only texts that differ from those of its language.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from guestkey import errors
from guestkey.rules import callbacks, grants, requests
from guestkey.rules.findings import Accident, Fault
from guestkey.rules.levels import AccessLevel
from guestkey.rules.limits import MIN_REASON_LENGTH
from guestkey.rules.periods import Period
from tests.rows_and_columns import each_row
from tests.web import APP, started

WEB, TEXTS = APP.parent / "web", APP.parent / "texts"
LANGUAGES = ("de", "en", "es", "it")
REGIONS = ("de-at", "de-ch")
CODES = {refusal.code for refusal in errors.Refused.__subclasses__()}
LOOKED_UP = {
    "shared.periods": {str(period) for period in Period},
    "shared.levels": {str(level) for level in AccessLevel},
    "shared.failed": CODES,
    "panel.later.filter.ranges": {"today", "yesterday", "week", "month"},
    "panel.later.grants.ends": {"agent_left", "locked", "closed"},
    "panel.asked.answers": {"approved", "declined", "withdrawn", "expired"},
    "panel.later.grants.states": {str(state) for state in grants.State},
    "ledger.faults": {*map(str, Fault), "no_head"},
    "ledger.accidents": {str(accident) for accident in Accident},
    "panel.later.waited": {"booked", "waiting", "taken"},
    "panel.later.waited.stranded": {str(why) for why in callbacks.Stranding},
    "panel.failed": CODES,
    "panel.later.failed": CODES,
    "panel.later.callback.invalid": {"phone", "description"},
    "panel.tabs": {"activation", "grants", "logins", "callback", "about"},
    "desk.failed": CODES,
    "desk.tabs": {"access", "requests", "callbacks"},
    "desk.access.invalid": {"reason", "ticket"},
    "desk.ask.invalid": {"reason", "ticket"},
    "desk.callbacks.invalid": {"note", "reason", "agent_id"},
    "desk.callbacks.stranded": {str(why) for why in callbacks.Stranding},
    "desk.requests.states": {str(state) for state in requests.State},
    "desk.callbacks.states": {str(state) for state in callbacks.State},
    "activate.notSignedIn": {"cancelled", "failed", "unreachable", "over"},
    "activate.over.ends": {"agent_left", "locked", "closed"},
    "activate.unknown": {"request", "grant"},
    "activate": {str(state) for state in requests.State},
}
"""Sections whose texts are looked up by a value of the API or of the page."""
SURFACES = ("activate", "panel", "panel.later", "panel.lock", "ledger", "desk", "badge")
LATER = {
    "panel.later": {f"panel.{tab}.js" for tab in ("about", "callback", "callback.api", "contact", "filter", "history")},
    "panel.lock": {"panel.lock.js"},
}
"""Modules of the panel that are loaded with further texts, by the part of the catalogue that these are."""
PART = re.compile(r"\.(later|lock)$")
SHARED = ("actions.js", "days.js", "elements.js", "lists.js", "slots.js", "tabs.js", "texts.js", "surface.js")
"""Modules that several surfaces use."""
SPOKEN = re.compile(
    r"const strings = (?:(?:\w+\.)?texts\.(?P<section>\w+(?:\.\w+)*);|(?P<unknown>.))"
    r"|\bstrings\.(?P<said>\w+(?:\.\w+)*)"
    r"|(?<!/)\btexts\.(?P<text>\w+(?:\.\w+)*)"
    r"|^(?:export )?(?:async )?(?P<another>function) ",
    re.MULTILINE,
)


@cache
def catalogue(tag: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((TEXTS / f"{tag}.json").read_text())
    return read


def flat(texts: Any, place: str = "") -> Iterator[tuple[str, str]]:
    for name, text in texts.items():
        here = f"{place}.{name}" if place else name
        yield from flat(text, here) if isinstance(text, dict) else [(here, text)]


def files_of(surface: str) -> list[Path]:
    if surface in LATER:
        return [WEB / name for name in sorted(LATER[surface])]
    later = set().union(*LATER.values())
    return [file for file in sorted(WEB.glob(f"{surface}*.js")) if file.name not in later]


def said_in(surface: str) -> Iterator[tuple[str, str]]:
    """Yield place and key of each text that the code of a surface uses."""
    for file in [*files_of(surface), *(WEB / name for name in SHARED)]:
        section: str | None = None
        for found in SPOKEN.finditer(file.read_text()):
            if found["section"]:
                section = found["section"]
            elif found["unknown"] or found["another"]:
                section = None
            elif found["text"]:
                yield file.name, found["text"]
            elif section:
                yield file.name, f"{section}.{found['said']}"


def is_there(texts: Any, path: str) -> bool:
    """Return whether a text or a section exists; the name of a string method may follow it."""
    for name in path.split("."):
        if isinstance(texts, str):
            return name in {"replace", "split"}
        if name not in texts:
            return False
        texts = texts[name]
    return True


@each_row("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_placeholders(language: str) -> None:
    said, english = dict(flat(catalogue(language))), dict(flat(catalogue("en")))

    assert list(said) == list(english)
    for place, text in said.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[place])), place
        assert text.strip() == text != ""


def test_every_language_has_a_catalogue() -> None:
    assert {file.stem for file in TEXTS.iterdir()} == {*LANGUAGES, *REGIONS}


THREE = {"de": "drei", "en": "three", "es": "tres", "it": "tre"}


@each_row("language", LANGUAGES)
def test_the_texts_name_the_limit_that_the_api_has(language: str) -> None:
    desk = catalogue(language)["desk"]

    assert MIN_REASON_LENGTH == 3
    for section in ("access", "ask"):
        assert re.search(rf"\b{THREE[language]}\b", desk[section]["invalid"]["reason"])


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_has_only_texts_that_differ(region: str) -> None:
    language = dict(flat(catalogue(region[:2])))

    for place, text in flat(catalogue(region)):
        assert text != language[place], place


def test_german_texts_say_that_access_is_revoked_as_the_mails_and_the_sheets_do() -> None:
    said = [text for tag in ("de", "de-ch") for _, text in flat(catalogue(tag))]

    assert [text for text in said if re.search("entz(ieh|og|ug)|freigabe", text, re.IGNORECASE)] == []


def test_switzerland_writes_no_sharp_s() -> None:
    app = started()
    for part in (*app.SURFACES, *app.LATER):
        assert "ß" not in json.dumps(app.BUNDLE.texts(part, "de", "-ch"), ensure_ascii=False)
    for surface in app.SURFACES:
        assert "ß" in json.dumps(app.BUNDLE.texts(surface, "de"), ensure_ascii=False)


@each_row("surface", SURFACES)
def test_each_text_that_the_code_uses_exists(surface: str) -> None:
    bundle = started().BUNDLE
    shown = bundle.texts(PART.sub("", surface), "de") | bundle.texts(surface, "de")
    own = {file.name for file in files_of(surface)}
    asked = [(file, path) for file, path in said_in(surface) if file in own]

    assert len(asked) > {"panel.lock": 9, "badge": 6, "ledger": 10}.get(surface, 40)
    assert [(file, path) for file, path in asked if not is_there(shown, path)] == []


@each_row("surface", SURFACES)
def test_each_text_is_used(surface: str) -> None:
    asked = {path for _, path in said_in(surface)}
    code = "\n".join(file.read_text() for file in files_of(surface))
    unread = []
    for place, _ in flat(catalogue("de")[surface]):
        section, _, name = place.rpartition(".")
        is_looked_up = name in LOOKED_UP.get(f"{surface}.{section}", ())
        # The code selects the section by a value, and the text in it by its name alone.
        is_within = (
            section.partition(".")[0] in LOOKED_UP.get(surface, ())
            or f"{surface}.{section}".rpartition(".")[0] in LOOKED_UP
        )
        if not (place in asked or is_looked_up or (is_within and f"strings.{name}" in code)):
            unread.append(place)

    assert unread == []


def test_each_shared_text_is_used() -> None:
    asked = {path for surface in SURFACES for _, path in said_in(surface)}

    for place, _ in flat(catalogue("de")["shared"]):
        section, _, name = place.rpartition(".")
        assert place in asked or name in LOOKED_UP[f"shared.{section}"], place


def test_each_looked_up_value_has_its_text() -> None:
    texts = catalogue("de")
    assert set(texts["shared"]["periods"]) == LOOKED_UP["shared.periods"]
    assert set(texts["panel.later"]["grants"]["states"]) == LOOKED_UP["panel.later.grants.states"]
    for section in ("faults", "accidents"):
        assert set(texts["ledger"][section]) == LOOKED_UP[f"ledger.{section}"]
    assert {state.value for state in callbacks.State} >= LOOKED_UP["panel.later.waited"]
    assert set(texts["shared"]["failed"]) - {"unreachable", "over", "other"} <= LOOKED_UP["shared.failed"]
    for surface in ("panel", "panel.later", "desk"):
        assert set(texts[surface]["failed"]) <= LOOKED_UP[f"{surface}.failed"]
    assert set(texts["activate"]["unknown"]) == LOOKED_UP["activate.unknown"]
    for section in ("requests", "callbacks"):
        assert set(texts["desk"][section]["states"]) == LOOKED_UP[f"desk.{section}.states"]
    assert errors.SlotTaken.code in texts["panel.later"]["failed"]
