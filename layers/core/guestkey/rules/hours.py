"""Support hours, by the desk's local time.

The desk is not open in an hour that a clock change skips, and open twice in an hour that occurs twice.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from guestkey.rules.desk import QUARTER, Calendar, Desk

MAX_LOOK_AHEAD = timedelta(days=31)
"""Span in which the next opening is searched."""


def is_open(desk: Desk, calendar: Calendar, at: datetime) -> bool:
    """Say whether the support line is open at that moment."""
    return _is_open_at(desk, calendar, at.astimezone(desk.zone))


def opens_at(desk: Desk, calendar: Calendar, at: datetime) -> datetime | None:
    """Return the next opening, in UTC; None while the desk is open, or without an opening within MAX_LOOK_AHEAD."""
    if is_open(desk, calendar, at):
        return None
    first = day_of(desk, at)
    days = (first + timedelta(days=number) for number in range(MAX_LOOK_AHEAD.days))
    return next((quarter for day in days for quarter in quarters(desk, calendar, day) if quarter > at), None)


def quarters(desk: Desk, calendar: Calendar, day: date) -> Iterator[datetime]:
    """Yield each quarter-hour of one of the desk's days in which it is open, in UTC and in order."""
    if day not in calendar.openings and (day in calendar.closed or not desk.hours.get(day.weekday())):
        return
    quarter = begins_at(desk, day)
    while (wall := quarter.astimezone(desk.zone)).date() == day:
        if _is_open_at(desk, calendar, wall):
            yield quarter
        quarter += QUARTER


def begins_at(desk: Desk, day: date) -> datetime:
    """Return the first moment of one of the desk's days, in UTC. A clock change may skip midnight."""
    return datetime.combine(day, time(), desk.zone).astimezone(UTC)


def day_of(desk: Desk, at: datetime) -> date:
    """Return the date at the desk at that moment."""
    return at.astimezone(desk.zone).date()


def minute_of(wall: datetime) -> int:
    """Return a local time in whole minutes since midnight."""
    return wall.hour * 60 + wall.minute


def _is_open_at(desk: Desk, calendar: Calendar, wall: datetime) -> bool:
    return calendar.is_open(desk, wall.date(), minute_of(wall))
