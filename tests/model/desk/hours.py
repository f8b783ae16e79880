"""The model's own idea of when the desk of the stories works: its week, holidays, closures and extra hours."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tests.model.wall_clock import DESK_ZONE, LEAD, OPENS, QUARTER, SATURDAY, holidays_until

Window = tuple[str, str]
"""Local times of the desk, such as 09:00 and 24:00. The end is exclusive."""
ALL_DAY: Window = ("00:00", "24:00")
TOPICS = {"question": 15, "consultation": 30, "technical": 30}
"""Minutes of a call about each topic."""
HOLIDAYS = holidays_until(2031)


@dataclass
class Desk:
    """The desk as its vendor has put it."""

    lines: int = 2
    until: str = "18:00"
    """When a working day ends."""
    horizon_days: int = 14
    topics: list[str] = field(default_factory=lambda: list(TOPICS))
    closures: dict[date, Window] = field(default_factory=dict)
    openings: dict[date, Window] = field(default_factory=dict)

    def is_worked(self, quarter: datetime) -> bool:
        """Say whether the desk works when a quarter-hour begins. A closure counts most, then extra hours."""
        wall = quarter.astimezone(DESK_ZONE)
        day, clock = wall.date(), f"{wall:%H:%M}"
        if _is_within(clock, self.closures.get(day)):
            return False
        if _is_within(clock, self.openings.get(day)):
            return True
        return wall.weekday() < SATURDAY and day not in HOLIDAYS and OPENS <= clock < self.until

    def is_offered(self, starts_at: datetime, topic: str, now: datetime) -> bool:
        """Say whether a slot of that topic begins then."""
        is_on_grid = starts_at.minute % 15 == 0 and starts_at.second == 0
        is_in_reach = now + LEAD <= starts_at <= now + timedelta(days=self.horizon_days)
        return (
            is_on_grid
            and is_in_reach
            and topic in self.topics
            and all(self.is_worked(quarter) for quarter in quarters_of(starts_at, topic))
        )

    def offered(self, topic: str, now: datetime, first: date, days: int) -> Iterator[datetime]:
        """Yield the beginnings of the slots that lie in some days of the desk."""
        at = begin_of(first)
        while at < begin_of(first + timedelta(days=days)):
            if self.is_offered(at, topic, now):
                yield at
            at += QUARTER


def quarters_of(starts_at: datetime, topic: str) -> list[datetime]:
    """Return the quarter-hours that a call about a topic takes."""
    return [starts_at + QUARTER * number for number in range(TOPICS[topic] // 15)]


def begin_of(day: date) -> datetime:
    """Return the moment at which a day of the desk begins."""
    return datetime(day.year, day.month, day.day, tzinfo=DESK_ZONE).astimezone(UTC)


def day_of(at: datetime) -> date:
    """Return the day of the desk in which a moment lies."""
    return at.astimezone(DESK_ZONE).date()


def _is_within(clock: str, window: Window | None) -> bool:
    return window is not None and window[0] <= clock < window[1]
