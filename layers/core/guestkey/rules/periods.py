"""Periods of grants, and all other dates that follow a tenant's calendar.

Arguments and results are aware instants in UTC; only the calculation between them uses local time. Clock changes come
from the tz database that `zoneinfo` finds: the system's own before the `tzdata` package.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

REVIEW_AFTER = timedelta(days=180)
DIGEST_AT = time(7)
"""Local time at which the digest of the day before is due."""
MAX_PERIOD = timedelta(days=32)
"""Upper bound of the length of every grant with an end."""

# Both names are in the tz database and neither is a zone: the system's setting, and a system without a setting.
_NOT_ZONES = {"localtime", "Factory"}


class Period(StrEnum):
    """Period of a grant, by its name in the API."""

    ONE_HOUR = "1h"
    TWO_HOURS = "2h"
    FOUR_HOURS = "4h"
    TODAY = "today"
    ONE_WEEK = "1w"
    TWO_WEEKS = "2w"
    ONE_MONTH = "1mo"
    PERMANENT = "permanent"


DEFAULT_PERIOD = Period.ONE_HOUR

_ELAPSED = {
    Period.ONE_HOUR: timedelta(hours=1),
    Period.TWO_HOURS: timedelta(hours=2),
    Period.FOUR_HOURS: timedelta(hours=4),
}
_LOCAL_DAYS = {Period.ONE_WEEK: timedelta(days=7), Period.TWO_WEEKS: timedelta(days=14)}


def end_of(period: Period, granted_at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the first moment at which access is over, in UTC.

    The period starts when the customer gives the grant, not at the first login. Hours are elapsed time; periods of a
    day or longer follow the calendar of the tenant's time zone. A permanent grant has no end: None.
    """
    if period is Period.PERMANENT:
        return None
    if period in _ELAPSED:
        return _in_utc(granted_at) + _ELAPSED[period]
    if period is Period.TODAY:
        return _next_day(granted_at, zone)
    if period is Period.ONE_MONTH:
        return _instant(_months_later(_wall(granted_at, zone), 1), zone)
    return _instant(_wall(granted_at, zone) + _LOCAL_DAYS[period], zone)


def review_at(granted_at: datetime, zone: ZoneInfo) -> datetime:
    """Return when a permanent grant is due for review: 180 calendar days later, at the same wall-clock time, in UTC."""
    return _instant(_wall(granted_at, zone) + REVIEW_AFTER, zone)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the day of the local calendar."""
    return _wall(at, zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant on which the local calendar shows the day, or a later one where the day is missing."""
    first, second = _midnights(day, zone)
    return first if first <= second else _end_of_gap(second, first, day, zone)


def digest_due_at(day: date, zone: ZoneInfo) -> datetime:
    """Return when the digest of a local day is due: 07:00 of the next local day, in UTC."""
    return _instant(datetime.combine(day + timedelta(days=1), DIGEST_AT), zone)


def months_before(now: datetime, months: int, zone: ZoneInfo) -> datetime:
    """Return the same wall-clock time that many calendar months ago, in UTC.

    A day that the earlier month lacks becomes its last day: six months before 31 August is 28 or 29 February.
    """
    return _instant(_months_later(_wall(now, zone), -months), zone)


def known_zone(name: str) -> ZoneInfo | None:
    """Return the time zone of that IANA name, or None if there is none.

    Only names from the database's list are looked up, in their exact spelling, because `ZoneInfo` by itself opens any
    file under that name, for example `posix/Europe/Berlin`.
    """
    return ZoneInfo(name) if name in _zone_names() else None


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - _NOT_ZONES)


def _in_utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("a time without a zone is not an instant")
    return at.astimezone(UTC)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time without its zone, for arithmetic by the calendar."""
    return _in_utc(at).astimezone(zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time, in UTC.

    `fold=0` implements the rule: of a time that occurs twice it selects the first, and it interprets a skipped time
    with the offset from before the gap, which moves the time forward by the gap.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _months_later(wall: datetime, months: int) -> datetime:
    year, month0 = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    return wall.replace(year=year, month=month0 + 1, day=min(wall.day, monthrange(year, month0 + 1)[1]))


def _next_day(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant after `at` on which the local calendar shows a later day, in UTC.

    Usually it is midnight. If a clock change skips midnight, the day begins with the gap, which need not be on the
    hour (23:30 to 00:30), and a whole day may be missing (Apia, 30 December 2011). If midnight occurs twice, the first
    counts, except for a grant given between the two: its day ends at the second.
    """
    tomorrow = _wall(at, zone).date() + timedelta(days=1)
    first, second = _midnights(tomorrow, zone)
    return second if first <= at else start_of_day(tomorrow, zone)


def _midnights(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the two instants of a midnight, in UTC: equal as a rule, in order where it occurs twice.

    A skipped midnight gives, with the offsets from before and after the gap, instants on either side of the gap, the
    later one first.
    """
    midnight = datetime.combine(day, time(), zone)
    return midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)


def _end_of_gap(before: datetime, after: datetime, day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day whose midnight lies in a gap between these instants."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if _wall(middle, zone).date() >= day:
            after = middle
        else:
            before = middle
    return after
