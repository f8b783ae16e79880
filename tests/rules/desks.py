"""The sample desk with changes for a test, and local times computed by an independent library.

The library is `whenever`, which has its own time zone arithmetic. It and the code under test read the same data, the
`tzdata` package.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import tzdata
import whenever

from guestkey.rules.desk import Calendar, Desk, desk_of
from local import sample

TZ_DATA = Path(tzdata.__file__).parent / "zoneinfo"
ZONES = tuple((TZ_DATA.parent / "zones").read_text().split())
EVERY_YEAR = frozenset(range(2000, 2100))
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

whenever.reset_tzpath([str(TZ_DATA)])
whenever.clear_tzcache()


class Wall(NamedTuple):
    """A local date, and a local time as `HH:MM`."""

    day: date
    time: str


def desk(**otherwise: Any) -> Desk:
    return desk_of(sample.DESK | otherwise)


def calendar(*closed: str, years: Iterable[int] = EVERY_YEAR) -> Calendar:
    return Calendar(closed=frozenset(map(date.fromisoformat, closed)), years=frozenset(years))


def hours(*spans: str, days: Iterable[str] = EVERY_DAY) -> dict[str, list[dict[str, str]]]:
    """Return hours in the form of the record, the same on each day: `hours("09:00-12:00", "13:00-18:00")`."""
    windows = [dict(zip(("from", "until"), span.split("-"), strict=True)) for span in spans]
    return dict.fromkeys(days, windows)


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    """Return the moment of a local time, in UTC; of two such moments the first, or with `fold` the second."""
    chosen: Any = "later" if fold else "earlier"
    shown = whenever.PlainDateTime(text).assume_tz(zone, disambiguation=chosen)
    return datetime.fromtimestamp(shown.timestamp(), UTC)


def wall(moment: datetime, zone: str) -> Wall:
    shown = whenever.Instant.from_timestamp(int(moment.timestamp())).to_tz(zone)
    return Wall(date(shown.year, shown.month, shown.day), f"{shown.hour:02}:{shown.minute:02}")


def is_within(shown: Wall, hours: dict[str, list[dict[str, str]]]) -> bool:
    """Return whether a local time is within hours in the form of the record."""
    windows = hours.get(EVERY_DAY[shown.day.weekday()], [])
    return any(window["from"] <= shown.time < window["until"] for window in windows)
