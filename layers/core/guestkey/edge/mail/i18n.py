"""Texts of e-mails by language: `texts/` holds one catalogue for each language, with the same keys in each.

Placeholders are filled in with `str.format`, so typed text is a value and never read as a template. Times are local
times of the tenant.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = ("de", "en", "es", "it")
FALLBACK = "en"
_TEXTS = Path(__file__).parent / "texts"
_NOON = 12
_STOPPED = re.compile(r"(?P<value>\{(?P<name>\w+)\})\.(?!\.)")
"""A placeholder at the end of a sentence."""
_STOPS = (".", "!", "?", "…", "。", "\uff01", "\uff1f")


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All texts of one language."""

    language: str
    texts: dict[str, dict[str, Any]]

    def text(self, section: str, key: str, **facts: str) -> str:
        """Return a text with its placeholders filled in: a sentence that ends with `Globex Inc.` has one stop."""
        template = _STOPPED.sub(
            lambda found: found["value"] if facts[found["name"]].endswith(_STOPS) else found[0],
            str(self.texts[section][key]),
        )
        return template.format(**facts)

    def paragraphs(self, section: str, key: str) -> list[str]:
        """Return a list of texts that follow each other."""
        return list(self.texts[section][key])

    def short_period(self, period: str) -> str:
        """Return a period for a subject, where the texts for a sentence are too long."""
        return str(self.texts["short_periods"].get(period) or self.texts["periods"][period])

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        """Return day, time and zone of a moment; in an hour that occurs twice, the offset as well."""
        return self._written("moment", at.astimezone(zone))

    def end(self, at: datetime | None, zone: ZoneInfo) -> str:
        """Return a moment before which something ends. Midnight is the end of the day before: 24:00, not 0:00."""
        if at is None:
            return self.text("dates", "no_end")
        wall = at.astimezone(zone)
        if wall.time() != time() or _occurs_twice(wall):
            return self._written("moment", wall)
        return self._written("end_of_day", wall - timedelta(hours=12))  # any time of that day gives the same date

    def _written(self, form: str, wall: datetime) -> str:
        dates = self.texts["dates"]
        offset = f", UTC{wall:%:z}" if _occurs_twice(wall) else ""
        return self.text(
            "dates",
            form,
            weekday=dates["weekdays"][wall.weekday()],
            day=str(wall.day),
            month=dates["months"][wall.month - 1],
            year=str(wall.year),
            hour=f"{wall:%H}",
            hour12=str(wall.hour % _NOON or _NOON),
            minute=f"{wall:%M}",
            half="pm" if wall.hour >= _NOON else "am",
            zone=f"{wall.tzinfo}{offset}",
        )


def catalogue(language: str) -> Catalogue:
    """Return the texts for a language tag such as `de-AT`. Regions do not matter; unknown languages read English."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    return _read(primary if primary in LANGUAGES else FALLBACK)


@cache
def _read(language: str) -> Catalogue:
    with (_TEXTS / f"{language}.toml").open("rb") as file:
        return Catalogue(language=language, texts=tomllib.load(file))


def _occurs_twice(wall: datetime) -> bool:
    """Say whether the clock shows this time twice, being put back; a time that exists differs by its fold only then."""
    return wall.utcoffset() != wall.replace(fold=1 - wall.fold).utcoffset()
