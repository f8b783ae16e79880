"""Public holidays that the clean-up stores in the table: of the desk's location, for this year and the next."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from guestkey.edge import holidays
from guestkey.edge.bodies import desk as desk_inputs
from guestkey.store.callbacks import desks
from guestkey.store.callbacks.desks import HolidaySource
from local import calendars, sample
from tests import table
from tests.factories import MONDAY_NOON

RHINELAND_2026 = {
    "01-01": "Neujahr",
    "04-03": "Karfreitag",
    "04-06": "Ostermontag",
    "05-01": "Erster Mai",
    "05-14": "Christi Himmelfahrt",
    "05-25": "Pfingstmontag",
    "06-04": "Fronleichnam",
    "10-03": "Tag der Deutschen Einheit",
    "11-01": "Allerheiligen",
    "12-25": "Erster Weihnachtstag",
    "12-26": "Zweiter Weihnachtstag",
}
"""From the state's law on Sundays and holidays."""


@pytest.fixture(autouse=True)
def _empty(table: None) -> None:
    """The template's table, empty."""


def known(at: datetime = MONDAY_NOON) -> set[date]:
    calendar = desks.current(at).calendar
    return {*calendar.closed, *calendar.closures}


def test_without_a_desk_no_holidays_are_written() -> None:
    with table.unchanged():
        assert holidays.store_missing(MONDAY_NOON) == []


def test_this_years_and_the_next_years_holidays_are_written() -> None:
    desks.put(sample.DESK)

    assert holidays.store_missing(MONDAY_NOON) == [2026, 2027]
    assert {day for day in known() if day.year == 2026} == {date.fromisoformat(f"2026-{day}") for day in RHINELAND_2026}
    assert {day.year for day in known()} == {2026, 2027}
    assert desks.current(MONDAY_NOON).calendar.years == {2026, 2027}
    written = {item["SK"]["S"]: item["holiday"]["S"] for item in table.items("DESK", "CLOSED#2026-")}
    assert written == {f"CLOSED#2026-{day}": name for day, name in RHINELAND_2026.items()}


def test_the_next_run_writes_nothing() -> None:
    desks.put(sample.DESK)
    holidays.store_missing(MONDAY_NOON)

    with table.unchanged():
        assert holidays.store_missing(MONDAY_NOON) == []


def test_a_new_location_of_the_desk_rewrites_both_years_and_keeps_closures() -> None:
    desks.put(sample.DESK)
    holidays.store_missing(MONDAY_NOON)
    desks.put_closure(date(2026, 12, 24), "Christmas Eve")
    desks.put(sample.DESK | {"country": "AT", "subdivision": "9"})
    assert desks.current(MONDAY_NOON).calendar.years == set()

    assert holidays.store_missing(MONDAY_NOON) == [2026, 2027]
    assert date(2026, 10, 26) in known()
    assert date(2026, 10, 3) not in known()
    assert date(2026, 12, 24) in known()
    assert desks.current(MONDAY_NOON).calendar.years == {2026, 2027}


def test_holidays_of_an_earlier_library_version_are_rewritten() -> None:
    desks.put(sample.DESK)
    desks.write_holidays(
        2026, HolidaySource(country="DE", subdivision="NW", source="holidays 0.1"), {MONDAY_NOON.date(): "?"}
    )

    assert holidays.store_missing(MONDAY_NOON) == [2026, 2027]
    assert MONDAY_NOON.date() not in known()


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("Europe/Berlin", datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), [2026, 2027]),
        ("Europe/Berlin", datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC), [2027, 2028]),
        ("America/New_York", datetime(2027, 1, 1, 4, 59, 59, tzinfo=UTC), [2026, 2027]),
    ],
)
def test_the_year_is_that_of_the_desks_time_zone(zone: str, now: datetime, expected: list[int]) -> None:
    desks.put(sample.DESK | {"time_zone": zone})

    assert holidays.store_missing(now) == expected


def test_in_a_new_year_the_year_after_it_is_written(clock: time_machine.Traveller) -> None:
    desks.put(sample.DESK)
    holidays.store_missing(MONDAY_NOON)

    assert holidays.store_missing(datetime(2027, 1, 1, 12, tzinfo=UTC)) == [2028]


def test_the_allowed_calendars_are_those_of_the_pinned_library() -> None:
    """On a failure, rewrite them with `python -m local.calendars`."""
    assert desk_inputs.CALENDARS.read_text("utf-8") == calendars.text()
    assert desk_inputs.CALENDARS == calendars.CALENDARS
