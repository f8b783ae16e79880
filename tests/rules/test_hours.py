"""Opening hours of the support desk: named moments, then every clock change compared with an oracle."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import whenever

from guestkey.rules.desk import Window
from guestkey.rules.hours import begins_at, day_of, is_open, opens_at, quarters
from tests.rows_and_columns import IS_NIGHTLY, each_row
from tests.rules import desks
from tests.rules.desks import at, calendar, desk

OPEN = calendar()
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""The nights on which Berlin's clocks change: 2:00 becomes 3:00, 3:00 becomes 2:00."""
ALL_DAY = desks.hours("00:00-24:00")
UNTIL = datetime(2038 if IS_NIGHTLY else 2028, 1, 1, tzinfo=UTC)


@each_row("clock", ["09:00:00", "09:00:01", "13:00:00", "17:59:59"])
def test_the_desk_is_open_from_nine_until_before_six(clock):
    assert is_open(desk(), OPEN, at(f"2026-11-23 {clock}"))


@each_row("clock", ["00:00:00", "08:59:59", "18:00:00", "23:59:59"])
def test_it_is_closed_before_and_after(clock):
    assert not is_open(desk(), OPEN, at(f"2026-11-23 {clock}"))


@each_row("day", ["2026-11-21", "2026-11-22"])
def test_it_is_closed_at_the_weekend(day):
    assert not is_open(desk(), OPEN, at(f"{day} 12:00"))


def test_it_is_closed_on_a_closed_day_and_open_on_the_day_before():
    christmas = calendar("2026-12-25")

    assert not is_open(desk(), christmas, at("2026-12-25 12:00"))
    assert is_open(desk(), christmas, at("2026-12-24 12:00"))


def test_the_support_line_opens_also_in_a_year_whose_holidays_are_not_stored():
    assert is_open(desk(), calendar(years=()), at("2026-11-23 12:00"))


def test_the_desks_own_clock_counts():
    tokyo = desk(time_zone="Asia/Tokyo")

    assert is_open(tokyo, OPEN, at("2026-11-23 09:00", "Asia/Tokyo"))
    assert not is_open(tokyo, OPEN, at("2026-11-23 12:00", "Europe/Berlin"))
    assert day_of(tokyo, at("2026-11-23 16:00")) == date(2026, 11, 24)


# --- The next opening ------------------------------------------------------------------------------------------------


def test_while_it_is_open_there_is_no_next_opening():
    assert opens_at(desk(), OPEN, at("2026-11-23 09:00")) is None


@each_row(
    ("now", "opens"),
    [
        ("2026-11-23 08:59:59", "2026-11-23 09:00"),
        ("2026-11-23 00:00", "2026-11-23 09:00"),
        ("2026-11-23 18:00", "2026-11-24 09:00"),
        ("2026-11-20 18:00", "2026-11-23 09:00"),
        ("2026-12-24 18:00", "2026-12-28 09:00"),
        ("2026-03-27 18:00", "2026-03-30 09:00"),
        ("2026-10-23 18:00", "2026-10-26 09:00"),
    ],
)
def test_it_opens_on_the_next_working_day(now, opens):
    assert opens_at(desk(), calendar("2026-12-25", "2026-12-26"), at(now)) == at(opens)


def test_after_the_lunch_break_it_opens_again():
    with_a_break = desk(hours=desks.hours("09:00-12:00", "13:00-18:00"))

    assert opens_at(with_a_break, OPEN, at("2026-11-23 12:00")) == at("2026-11-23 13:00")


def test_without_an_opening_in_reach_there_is_no_next_opening():
    november = [f"2026-11-{number:02}" for number in range(1, 31)]
    december = [f"2026-12-{number:02}" for number in range(1, 32)]

    assert opens_at(desk(hours={}), OPEN, at("2026-11-23 12:00")) is None
    assert opens_at(desk(), calendar(*november, *december), at("2026-11-23 12:00")) is None
    assert opens_at(desk(), calendar(*november), at("2026-11-23 12:00")) == at("2026-12-01 09:00")


# --- Days ------------------------------------------------------------------------------------------------------------


def test_a_day_of_nine_hours_has_thirty_six_quarters_in_order():
    found = list(quarters(desk(), OPEN, date(2026, 11, 23)))

    assert (found[0], found[-1], len(found)) == (at("2026-11-23 09:00"), at("2026-11-23 17:45"), 36)
    assert found == sorted(found)


@each_row("day", [date(2026, 11, 22), date(2026, 12, 25)])
def test_a_day_without_hours_and_a_closed_day_have_none(day):
    assert list(quarters(desk(), calendar("2026-12-25"), day)) == []


@each_row("day", ["2026-11-22", "2026-12-25"])
def test_extra_hours_count_on_a_day_without_hours_and_on_a_holiday(day):
    extra = replace(calendar("2026-12-25"), openings={date.fromisoformat(day): Window(opens=600, closes=630)})

    assert list(quarters(desk(), extra, date.fromisoformat(day))) == [at(f"{day} 10:00"), at(f"{day} 10:15")]


@each_row(("day", "number"), [(SPRING, 23), (SPRING - DAY, 24), (AUTUMN, 25), (AUTUMN + DAY, 24)])
def test_a_day_with_a_clock_change_has_23_or_25_hours(day, number):
    assert len(list(quarters(desk(hours=ALL_DAY), OPEN, day))) == 4 * number


def test_a_skipped_hour_is_not_worked():
    at_night = desk(hours=desks.hours("02:15-02:45"))

    assert list(quarters(at_night, OPEN, SPRING)) == []
    assert list(quarters(at_night, OPEN, SPRING - DAY)) == [at("2026-03-28 02:15"), at("2026-03-28 02:30")]


def test_hours_that_end_in_a_skipped_hour_end_when_it_begins():
    assert list(quarters(desk(hours=desks.hours("01:30-02:30")), OPEN, SPRING)) == [
        at("2026-03-29 01:30"),
        at("2026-03-29 01:45"),
    ]


def test_an_hour_that_occurs_twice_is_worked_twice():
    found = list(quarters(desk(hours=desks.hours("02:30-03:00")), OPEN, AUTUMN))

    assert found == [at(f"2026-10-25 {clock}", fold=fold) for fold in (0, 1) for clock in ("02:30", "02:45")]


@each_row(
    ("zone", "day", "clock"),
    [
        ("Europe/Berlin", SPRING, "00:00"),
        ("America/Havana", date(2026, 3, 8), "01:00"),  # midnight is skipped
        ("Africa/Cairo", date(2026, 4, 24), "01:00"),
        ("America/Havana", date(2026, 11, 1), "00:00"),  # and occurs twice
        ("America/Nuuk", date(2026, 10, 25), "00:00"),  # the evening before it does
    ],
)
def test_a_day_begins_with_its_first_moment(zone, day, clock):
    begins = begins_at(desk(time_zone=zone), day)

    assert begins == at(f"{day} {clock}", zone)
    assert begins.tzinfo is UTC
    assert desks.wall(begins, zone).day == day
    assert desks.wall(begins - QUARTER, zone).day == day - DAY


# --- Compared with an oracle -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_around_every_clock_change_of_every_zone_it_is_open_by_local_time():
    """Compare each clock change of every fifteenth zone in two years with the days before and after it.

    Nightly it is each zone and twelve years.
    """
    windows = desks.hours("00:00-00:45", "01:15-02:30", "02:45-03:15", "09:00-18:00", "22:15-24:00")
    changes = compared = 0
    for zone in desks.ZONES if IS_NIGHTLY else desks.ZONES[::15]:
        there = desk(time_zone=zone, hours=windows)
        change = whenever.Instant.from_utc(2026, 1, 1).to_tz(zone).next_transition()
        while change is not None and change.timestamp() < UNTIL.timestamp():
            moment = datetime.fromtimestamp(change.timestamp(), UTC)
            changes += 1
            near = [moment + QUARTER * number for number in range(-60 * 4, 60 * 4)]
            shown = {quarter: desks.wall(quarter, zone) for quarter in near}
            for day in (desks.wall(moment, zone).day + DAY * number for number in (-1, 0, 1)):
                expected = [at for at in near if shown[at].day == day and desks.is_within(shown[at], windows)]
                assert list(quarters(there, OPEN, day)) == expected, (zone, day)
            for quarter in near:
                assert is_open(there, OPEN, quarter) == desks.is_within(shown[quarter], windows), (zone, quarter)
            compared += len(near)
            change = change.next_transition()
    print(f"{changes:,} clock changes of {len(desks.ZONES)} zones: {compared:,} quarter-hours compared, 0 mismatches")
    assert changes > (700 if IS_NIGHTLY else 40)
