"""The colours of the panel, the page and the mails, read from tokens.css.

A token is a custom property `--light-…`, `--dark-…` or `--any-…` with a literal value. Style sheets and pictures use it
as `var(--light-…)`, which the bundle replaces by the value, because neither can import a file where it is used. The
mail template uses the value as `light.…`.
"""

import re
from functools import cache
from pathlib import Path

TOKENS = Path(__file__).parent / "tokens.css"
_DEFINITION = re.compile(r"^\s*--(light|dark|any)-([a-z-]+): ([^;]+);$", re.MULTILINE)
_USE = re.compile(r"var\(--(light|dark|any)-([a-z-]+)\)")


@cache
def colours() -> dict[str, dict[str, str]]:
    """Return the colours by scheme (`light`, `dark`, `any`) and name. Names contain `_` in place of `-`."""
    found: dict[str, dict[str, str]] = {"light": {}, "dark": {}, "any": {}}
    for scheme, name, value in _DEFINITION.findall(TOKENS.read_text("utf-8")):
        found[scheme][_key(name)] = value
    return found


def insert_colours(text: str) -> str:
    """Replace each use of a token by its value. Raises KeyError for an unknown token."""
    return _USE.sub(lambda use: colours()[use[1]][_key(use[2])], text)


def _key(name: str) -> str:
    return name.replace("-", "_")
