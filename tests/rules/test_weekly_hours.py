"""Hours of a week: within them or not, and where they end, also across clock changes, against an independent oracle."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestkey.rules.desk import DAYS
from guestkey.rules.weekly_hours import WeeklyHours
from tests.rows_and_columns import each_row

MINUTE = timedelta(minutes=1)
ALWAYS = {day: [{"from": "00:00", "until": "24:00"}] for day in DAYS}
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "UTC"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def hours(zone: str = "Europe/Berlin", **week: str) -> WeeklyHours:
    said = {day: [dict(zip(("from", "until"), one.split("-"), strict=True)) for one in windows.split()]
            for day, windows in week.items()}  # fmt: skip
    return WeeklyHours.of(zone, said)


@each_row(
    "moment, within",
    [
        ("2026-11-23T08:59:59+01:00", False),
        ("2026-11-23T09:00:00+01:00", True),
        ("2026-11-23T17:59:59+01:00", True),
        ("2026-11-23T18:00:00+01:00", False),
        ("2026-11-24T10:00:00+01:00", False),
        ("2026-11-23T08:00:00Z", True),
    ],
)
def test_the_end_of_hours_is_exclusive_and_local(moment: str, within: bool) -> None:
    assert hours(mon="09:00-18:00").include(at(moment)) is within


@each_row(
    "week, begin, end",
    [
        ({"mon": "09:00-18:00"}, "2026-11-23T10:00:30+01:00", "2026-11-23T18:00:00+01:00"),
        ({"mon": "09:00-18:00"}, "2026-11-23T08:00:00+01:00", "2026-11-23T08:00:00+01:00"),
        ({"mon": "09:00-12:00 12:00-18:00"}, "2026-11-23T10:00:00+01:00", "2026-11-23T18:00:00+01:00"),
        ({"mon": "20:00-24:00", "tue": "00:00-06:00"}, "2026-11-23T21:00:00+01:00", "2026-11-24T06:00:00+01:00"),
        # 29 March 2026: 02:00 to 03:00 is skipped
        ({"sun": "00:00-02:30"}, "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"),
        ({"sun": "00:00-05:00"}, "2026-03-29T01:30:00+01:00", "2026-03-29T05:00:00+02:00"),
        # 25 October 2026: 02:00 to 03:00 occurs twice
        ({"sun": "00:00-02:30"}, "2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+02:00"),
        ({"sun": "02:00-03:00"}, "2026-10-25T02:15:00+02:00", "2026-10-25T03:00:00+01:00"),
        ({"sun": "00:00-05:00"}, "2026-10-25T01:30:00+02:00", "2026-10-25T05:00:00+01:00"),
    ],
)
def test_a_login_ends_at_the_first_moment_outside(week: dict[str, str], begin: str, end: str) -> None:
    assert hours(**week).first_outside(at(begin)) == at(end)


def test_hours_around_the_clock_end_never_and_those_of_no_day_have_ended() -> None:
    assert WeeklyHours.of("Europe/Berlin", ALWAYS).first_outside(at("2026-11-23T10:00:00Z")) is None
    assert hours().first_outside(at("2026-11-23T10:00:00Z")) == at("2026-11-23T10:00:00Z")


def test_hours_that_are_equal_in_another_spelling_are_equal() -> None:
    assert hours(mon="12:00-18:00 09:00-12:00") == hours(mon="09:00-18:00")
    assert hours(mon="09:00-18:00").week == {"mon": [{"from": "09:00", "until": "18:00"}]}


@each_row("week", [{"mon": "18:00-09:00"}, {"mon": "09:00-09:00"}, {"mon": "09:00-24:15"}, {"funday": "09:00-18:00"}])
def test_what_is_no_week_is_not_read(week: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"day"):
        hours(**week)


def test_hours_of_two_zones_have_no_common_week() -> None:
    with pytest.raises(ValueError, match="zones"):
        hours(mon="09:00-18:00").within(hours("UTC", mon="09:00-18:00"))


QUARTERS = st.lists(st.integers(0, 96), min_size=0, max_size=4, unique=True).map(sorted)
WEEKS = st.fixed_dictionaries(dict.fromkeys(DAYS, QUARTERS))
Week = dict[str, list[int]]


def said(week: Week, zone: str) -> WeeklyHours:
    def clock(quarter: int) -> str:
        return f"{quarter // 4:02}:{quarter % 4 * 15:02}"

    return WeeklyHours.of(
        zone,
        {
            day: [{"from": clock(a), "until": clock(b)} for a, b in list(pairwise(marks))[::2]]
            for day, marks in week.items()
        },
    )


def is_open(week: Week, zone: str, moment: datetime) -> bool:
    """Say whether a moment is within the hours, by counting the marks before it."""
    wall = moment.astimezone(ZoneInfo(zone))
    marks = week[DAYS[wall.weekday()]]
    if len(marks) % 2:
        marks = marks[:-1]
    return sum(mark * 15 <= wall.hour * 60 + wall.minute for mark in marks) % 2 == 1


CHANGES = [
    "2026-03-08T06:30Z",
    "2026-03-29T00:30Z",
    "2026-04-05T02:50Z",
    "2026-04-23T21:30Z",
    "2026-09-06T03:30Z",
    "2026-10-25T00:15Z",
    "2026-10-29T20:30Z",
    "2026-11-01T05:45Z",
]


@given(WEEKS, st.sampled_from(ZONES), st.sampled_from(CHANGES), st.integers(-36 * 60, 36 * 60))
@settings(max_examples=150)
def test_hours_around_clock_changes_agree_with_an_oracle_that_goes_minute_by_minute(
    week: Week, zone: str, change: str, offset: int
) -> None:
    found, begin = said(week, zone), at(change) + MINUTE * offset
    assert found.include(begin) is is_open(week, zone, begin)
    end = found.first_outside(begin)
    expected = begin
    while is_open(week, zone, expected) and expected < begin + timedelta(days=3):
        expected += MINUTE
    if expected < begin + timedelta(days=3):
        assert end == expected
    else:
        assert end is None or end >= expected


@given(WEEKS, WEEKS, st.sampled_from(ZONES), st.integers(0, 7 * 96 - 1))
@settings(max_examples=100)
def test_common_hours_are_those_that_are_in_both(one: Week, other: Week, zone: str, quarter: int) -> None:
    moment = at("2026-11-23T00:00Z") + 15 * MINUTE * quarter
    both = said(one, zone).within(said(other, zone))

    assert both.include(moment) is (is_open(one, zone, moment) and is_open(other, zone, moment))
    assert both.within(both) == both
