"""Reads the pages of docs/: their sections and code blocks."""

import re

from tests import stack

DOCS = stack.PROJECT / "docs"
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (DOCS / name).read_text()


def section(text: str, title: str) -> str:
    """Return the text under a heading, up to the next heading of the same or a higher level."""
    heading = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert heading, f"there is no section {title!r}"
    return re.split(rf"^#{{1,{len(heading[1])}}} ", text[heading.end() :], maxsplit=1, flags=re.MULTILINE)[0]


def blocks(text: str, *languages: str) -> list[str]:
    return [block for language, block in FENCED.findall(text) if language in languages]
