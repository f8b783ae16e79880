"""Hours of a week in which a customer lets support in, by the local time of one zone.

An hour that a clock change skips does not exist, and one that occurs twice counts twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from guestkey.rules.desk import DAYS, MINUTES_A_DAY, Window, clock_of, minutes_of

MINUTE = timedelta(minutes=1)
Week = dict[str, list[dict[str, str]]]
"""Hours in the form of the desk: by day of the week, each `{from, until}`. A missing day has none."""


@dataclass(frozen=True)
class WeeklyHours:
    """Windows of each day of the week, Monday first, in order and apart, in a time zone."""

    zone: str
    days: tuple[tuple[Window, ...], ...]

    @classmethod
    def of(cls, zone: str, week: Mapping[str, Iterable[Mapping[str, str]]]) -> "WeeklyHours":
        """Return the hours of a week in the form of the desk. Raises ValueError for a day that there is not."""
        if not week.keys() <= set(DAYS):
            raise ValueError("unknown day of the week")
        return cls(zone, tuple(_joined(map(_window, week.get(day, ()))) for day in DAYS))

    @property
    def week(self) -> Week:
        """The hours in the form of the desk."""
        named = zip(DAYS, self.days, strict=True)
        return {day: [_clocks(window) for window in windows] for day, windows in named if windows}

    @property
    def are_always(self) -> bool:
        """Whether there is no moment outside these hours."""
        return all(windows == (Window(opens=0, closes=MINUTES_A_DAY),) for windows in self.days)

    def include(self, at: datetime) -> bool:
        """Say whether a moment is within these hours."""
        return _window_at(self, at.astimezone(ZoneInfo(self.zone))) is not None

    def first_outside(self, at: datetime) -> datetime | None:
        """Return the first moment outside these hours from `at` on, in UTC; None if there is none."""
        if self.are_always:
            return None
        zone = ZoneInfo(self.zone)
        while window := _window_at(self, wall := at.astimezone(zone)):
            minute = at - timedelta(seconds=wall.second, microseconds=wall.microsecond)
            closes = minute + MINUTE * (window.closes - wall.hour * 60 - wall.minute)
            has_no_clock_change = closes.astimezone(zone).utcoffset() == wall.utcoffset()
            at = closes if has_no_clock_change else minute + MINUTE
        return at

    def within(self, other: "WeeklyHours") -> "WeeklyHours":
        """Return the hours that are in both. Raises ValueError for hours of another zone."""
        if self.zone != other.zone:
            raise ValueError("hours of two zones have no common week")
        days = zip(self.days, other.days, strict=True)
        return WeeklyHours(self.zone, tuple(_common(mine, theirs) for mine, theirs in days))


def _window_at(hours: WeeklyHours, wall: datetime) -> Window | None:
    minute = wall.hour * 60 + wall.minute
    return next((window for window in hours.days[wall.weekday()] if minute in window), None)


def _common(some: Iterable[Window], others: tuple[Window, ...]) -> tuple[Window, ...]:
    both = [
        Window(opens=max(one.opens, other.opens), closes=min(one.closes, other.closes))
        for one in some
        for other in others
    ]
    return tuple(sorted(window for window in both if window.opens < window.closes))


def _joined(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return windows in order, those that touch or overlap as one, so that equal hours are equal values."""
    joined: list[Window] = []
    for window in sorted(windows):
        if joined and window.opens <= joined[-1].closes:
            joined[-1] = Window(opens=joined[-1].opens, closes=max(joined[-1].closes, window.closes))
        else:
            joined.append(window)
    return tuple(joined)


def _window(clocks: Mapping[str, str]) -> Window:
    window = Window(opens=minutes_of(clocks["from"]), closes=minutes_of(clocks["until"]))
    if not 0 <= window.opens < window.closes <= MINUTES_A_DAY:
        raise ValueError("hours of a day go forward")
    return window


def _clocks(window: Window) -> dict[str, str]:
    return {"from": clock_of(window.opens), "until": clock_of(window.closes)}
