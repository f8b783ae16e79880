"""One palette for the panel, the page and the mails."""

import re
from pathlib import Path

import pytest

from guestkey.edge.web import palette
from tests import stack
from tests.rows_and_columns import each_row

SHIPPED = [stack.PROJECT / "functions", stack.PROJECT / "layers" / "core" / "guestkey"]
ENDINGS = {".css", ".html", ".js", ".json", ".py", ".svg", ".toml", ".txt"}
COLOUR = re.compile(
    r"(?<![\w&])#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(", re.I
)


def shipped_files() -> list[Path]:
    return [file for root in SHIPPED for file in root.rglob("*") if file.suffix in ENDINGS and file != palette.TOKENS]


def test_no_other_file_contains_a_colour_value() -> None:
    files = shipped_files()

    assert len(files) > 100
    assert {file.name: COLOUR.findall(file.read_text()) for file in files if COLOUR.search(file.read_text())} == {}


@each_row("text", ["#fff", "a: #17594A;", 'fill="#17594a"', "rgb(0 0 0 / 25%)", "HSL(1 2 3)"])
def test_the_search_finds_a_colour_value(text: str) -> None:
    assert COLOUR.search(text)


def test_each_colour_has_a_light_and_a_dark_value() -> None:
    colours = palette.colours()

    assert colours["light"].keys() == colours["dark"].keys()
    assert len(colours["light"]) > 10


def test_each_token_is_used() -> None:
    text = "\n".join(file.read_text() for file in shipped_files())

    for scheme, values in palette.colours().items():
        for name in values:
            token = f"var(--{scheme}-{name.replace('_', '-')})"
            # A scheme's value may have no use of its own if the other scheme's has one.
            other = token.replace("--light", "--dark") if scheme == "light" else token.replace("--dark", "--light")
            assert token in text or other in text or f"{{{{ {scheme}.{name} }}}}" in text, token


def test_tokens_are_replaced_by_their_values_and_other_properties_stay() -> None:
    written = "color: light-dark(var(--light-accent), var(--dark-accent)); border-color: var(--accent)"

    assert palette.insert_colours(written) == "color: light-dark(#17594a, #7fd4bb); border-color: var(--accent)"


def test_an_unknown_token_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing"):
        palette.insert_colours("var(--light-nothing)")
