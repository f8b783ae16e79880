"""The model's own arithmetic of local time, on `whenever`, and the hours of the sample world's support desk."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
import whenever

from tests.rules.desks import TZ_DATA

whenever.reset_tzpath([str(TZ_DATA)])
whenever.clear_tzcache()

HOURS = {"1h": 1, "2h": 2, "4h": 4}
WEEKS = {"1w": 1, "2w": 2}
QUARTER = timedelta(minutes=15)
DESK_ZONE = ZoneInfo("Europe/Berlin")
LEAD, HORIZON = timedelta(hours=2), timedelta(days=14)
OPENS, CLOSES = "09:00", "18:00"
SATURDAY = 5
MINUTES = {"question": 15, "consultation": 30}


def text_of(at: datetime | None) -> str | None:
    """Return a moment as the API writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def end_of(period: str, given_at: datetime, zone: str) -> datetime | None:
    """Return when a grant ends: hours are elapsed time, and all longer periods follow the calendar of the tenant."""
    if period == "permanent":
        return None
    if period in HOURS:
        return given_at + timedelta(hours=HOURS[period])
    local = _local(given_at, zone)
    if period == "today":
        return _utc(local.date().add(days=1).at(whenever.Time()), zone)
    wall = local.to_plain()
    return _utc(wall.add(weeks=WEEKS[period]) if period in WEEKS else wall.add(months=1), zone)


def review_of(given_at: datetime, zone: str) -> datetime:
    """Return when a permanent grant is due for review."""
    return _utc(_local(given_at, zone).to_plain().add(days=180), zone)


def six_months_before(at: datetime, zone: str) -> datetime:
    """Return where the activation overview begins."""
    return _utc(_local(at, zone).to_plain().subtract(months=6), zone)


def is_offered(starts_at: datetime, topic: str, now: datetime) -> bool:
    """Say whether a slot of that topic begins then: all its quarter-hours lie in support hours."""
    if not now + LEAD <= starts_at <= now + HORIZON:
        return False
    return all(_is_worked(quarter) for quarter in quarters_of(starts_at, topic))


def quarters_of(starts_at: datetime, topic: str) -> list[datetime]:
    """Return the quarter-hours that a slot takes."""
    return [starts_at + QUARTER * number for number in range(MINUTES[topic] // 15)]


def at_the_desk(day: date, clock: str) -> datetime:
    """Return the moment at which the clock of the support desk shows that time."""
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=DESK_ZONE).astimezone(UTC)


def _is_worked(quarter: datetime) -> bool:
    wall = quarter.astimezone(DESK_ZONE)
    is_on_grid = wall.minute % 15 == 0 and wall.second == 0
    is_a_working_day = wall.weekday() < SATURDAY and wall.date() not in holidays_until(2031)
    return is_on_grid and is_a_working_day and OPENS <= f"{wall:%H:%M}" < CLOSES


@cache
def holidays_until(year: int) -> set[date]:
    """Return the public holidays of the support desk's place, up to a year."""
    return set(holidays.country_holidays("DE", subdiv="NW", years=range(2026, year)))


def _local(at: datetime, zone: str) -> whenever.ZonedDateTime:
    return whenever.Instant(at).to_tz(zone)


def _utc(wall: whenever.PlainDateTime, zone: str) -> datetime:
    shown = wall.assume_tz(zone, disambiguation="compatible")
    return datetime.fromtimestamp(shown.timestamp(), UTC)
