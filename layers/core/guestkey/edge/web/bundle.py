"""Builds the files that browsers load, from a folder of sources and a folder of text catalogues.

A file is served without comments and needless white space. Its colours and limits of inputs are replaced by their
values, and each mention of another file by that file's public name. A public name contains a hash of the content, so
browsers may cache the file for a year. A catalogue holds the texts of one language; each surface (page or element) gets
a module with its part of it. The texts of parts that open later have a module of their own.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from guestkey.edge.web.limits import insert_limits
from guestkey.edge.web.palette import insert_colours

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Media type of an asset, by the ending of its name."""
_MENTION = re.compile(r"(\./|assets/)([a-z.-]+(?:" + "|".join(map(re.escape, MEDIA_TYPES)) + "))")
"""How one file names another, in the page and in the modules."""
_COMMENT = re.compile(r"^[ \t]*//[^\n]*|/\*(?s:.)*?\*/", re.MULTILINE)
"""A comment on a line of its own, or between `/*` and `*/`."""
_LEADING_SPACE = re.compile(r"\n\s+")
"""Blank lines, and the indentation after them."""
_VERBATIM = re.compile(
    r'("(?:[^"\\\n]|\\.)*"'
    r"|`(?:[^`\\]|\\.)*`"
    r"|/(?:(?<=[(\[!]/)|(?<=[=,:?&|] /))(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/)"
)
"""A string, a template literal without another one inside, or a regular expression."""
_NEEDLESS = {
    # White space beside a delimiter or an operator, and the last comma or semicolon before a closing bracket. Each
    # statement of the sources ends with a semicolon or a brace, so no line break ends one.
    ".js": re.compile(r"[,;]?\n(?=[)\]}])|\s(?:(?<=[^\w$]\s)|(?![\w$]))"),
    # White space around a delimiter or after a colon.
    ".css": re.compile(r"(?<=[{};,>:])\s+|\s+(?=[{};,>])"),
}
"""Text without a meaning, outside of verbatim text, by the ending of a file's name. A test compares syntax trees."""
_CATALOGUE_MODULE = re.compile(r"([a-z.]+)\.([a-z]{2})(-[a-z]{2})?\.js")
"""Name of a module with texts in a language: `activate.de.js`, `panel.de-ch.js`, `panel.later.it.js`."""

type Texts = dict[str, Any]


def minify(source: str, ending: str) -> str:
    """Return a source without comments and needless white space. The ending of its name decides the language."""
    needless = _NEEDLESS.get(ending)
    if needless is None:
        return _LEADING_SPACE.sub("\n", source)
    parts = _VERBATIM.split(_LEADING_SPACE.sub("\n", _COMMENT.sub("", source)))
    parts[::2] = [needless.sub("", part) for part in parts[::2]]
    return "".join(parts).strip()


class Bundle:
    """The files of a web folder as browsers load them. Each is built on first use and kept."""

    def __init__(self, *, sources: Path, catalogues: Path, surfaces: Iterable[str], later: Iterable[str] = ()) -> None:
        self._sources = sources
        self._catalogues = catalogues
        self._surfaces = tuple(surfaces)
        self._later = tuple(later)
        self._contents: dict[str, str] = {}
        self._public_names: dict[str, str] = {}
        self._parsed: dict[str, Texts] = {}

    @property
    def names(self) -> list[str]:
        """Return the source name of each asset."""
        return [
            *(file.name for file in self._sources.iterdir() if file.suffix in MEDIA_TYPES),
            *(
                f"{part}.{file.stem}.js"
                for file in self._catalogues.iterdir()
                for part in (*self._surfaces, *self._later)
            ),
        ]

    def content(self, name: str) -> str:
        """Return a file as it is served. Raises FileNotFoundError for a name, or a mention, of a missing file."""
        if name not in self._contents:
            self._contents[name] = self._build(name)
        return self._contents[name]

    def public_name(self, name: str) -> str:
        """Return the name a file is served under. It changes with the content of the file and of all it mentions."""
        if name not in self._public_names:
            stem, _, ending = name.rpartition(".")
            digest = hashlib.sha256(self.content(name).encode()).hexdigest()
            self._public_names[name] = f"{stem}.{digest[:10]}.{ending}"
        return self._public_names[name]

    def texts(self, part: str, language: str, region: str = "") -> Texts:
        """Return the texts of a surface, with the shared ones, or those of a later part alone, in a language.

        A region's own texts override those of its language.
        """
        catalogue = self._catalogue(language)
        if region:
            catalogue = _merge(catalogue, self._catalogue(language + region))
        own: Texts = catalogue[part]
        return own if part in self._later else _merge(catalogue["shared"], own)

    def _build(self, name: str) -> str:
        if module := _CATALOGUE_MODULE.fullmatch(name):
            part, language, region = module.groups("")
            texts = json.dumps(self.texts(part, language, region), ensure_ascii=False, separators=(",", ":"))
            return f"export default {texts};\n"
        source = (self._sources / name).read_text("utf-8")
        complete = minify(insert_limits(insert_colours(source)), Path(name).suffix)
        return _MENTION.sub(lambda mention: mention[1] + self.public_name(mention[2]), complete)

    def _catalogue(self, tag: str) -> Texts:
        if tag not in self._parsed:
            self._parsed[tag] = json.loads((self._catalogues / f"{tag}.json").read_text("utf-8"))
        return self._parsed[tag]


def _merge(texts: Texts, overrides: Texts) -> Texts:
    return texts | {
        name: _merge(texts.get(name, {}), text) if isinstance(text, dict) else text for name, text in overrides.items()
    }
