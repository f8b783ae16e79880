"""Which booked call-backs the desk cannot keep, and the hours of its calendar, at their exact bounds."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from guestkey.rules.callbacks import Callback, Stranding
from guestkey.rules.desk import QUARTER, WHOLE_DAY, Window
from guestkey.rules.slots import Slot
from guestkey.rules.stranding import causes, strand
from tests.rules.desks import at, calendar, desk
from tests.rules.test_callbacks import asked

MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 22)
TEN = at("2026-11-23 10:00")
NOW = TEN - timedelta(hours=3)
SECOND = timedelta(seconds=1)
NOON = 12 * 60


def booked(callback_id: str = "1", quarters: int = 1, topic: str = "question") -> Callback:
    slot = Slot(starts_at=TEN, ends_at=TEN + QUARTER * quarters)
    return replace(asked(slot), callback_id=callback_id, topic=topic)


@pytest.mark.parametrize(
    ("closure", "cause"),
    [
        (Window(opens=9 * 60, closes=10 * 60), None),
        (Window(opens=9 * 60, closes=10 * 60 + 1), Stranding.CLOSED),
        (Window(opens=10 * 60 + 15, closes=11 * 60), Stranding.CLOSED),
        (Window(opens=10 * 60 + 30, closes=11 * 60), None),
        (WHOLE_DAY, Stranding.CLOSED),
    ],
)
def test_a_closure_strands_a_call_of_half_an_hour_if_it_covers_the_begin_of_a_quarter(closure, cause):
    closed = replace(calendar(), closures={MONDAY: closure})

    assert causes(desk(), closed, [booked(quarters=2)], NOW) == {"1": cause}


def test_a_removed_topic_strands_it_and_a_closed_hour_is_named_first():
    gone = booked(topic="gone")

    assert causes(desk(), calendar(), [gone], NOW) == {"1": Stranding.TOPIC}
    assert causes(desk(), calendar("2026-11-23"), [gone], NOW) == {"1": Stranding.CLOSED}


def test_of_more_calls_than_lines_those_booked_first_stay():
    some = [booked("3"), booked("1", topic="gone"), booked("2", quarters=2), booked("4")]

    assert causes(desk(lines=1), calendar(), some, NOW) == {
        "1": Stranding.TOPIC,
        "2": None,
        "3": Stranding.LINES,
        "4": Stranding.LINES,
    }
    assert causes(desk(lines=2), calendar(), some, NOW)["3"] is None


def test_only_open_calls_whose_slot_is_ahead_are_judged():
    waiting = replace(asked(), callback_id="2")

    assert causes(desk(), calendar(), [booked(), waiting], TEN - SECOND) == {"1": None}
    assert causes(desk(), calendar(), [booked()], TEN) == {}


def test_a_call_that_moved_or_ended_after_it_was_judged_is_not_marked():
    call = booked()
    marked = strand(call, call.slot, Stranding.LINES, NOW)

    assert marked == replace(call, stranded_by=Stranding.LINES)
    assert strand(marked, call.slot, None, NOW) == call
    assert strand(call, None, Stranding.LINES, NOW) is call
    assert strand(call, call.slot, Stranding.LINES, TEN + QUARTER) is call


# --- The calendar ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minute", "is_open"),
    [(9 * 60 - 1, False), (9 * 60, True), (NOON - 1, True), (NOON, False), (13 * 60 - 1, False), (13 * 60, True)],
)
def test_a_closure_in_part_holds_from_its_first_minute_to_before_its_end(minute, is_open):
    closed = replace(calendar(), closures={MONDAY: Window(opens=NOON, closes=13 * 60)})

    assert closed.is_open(desk(), MONDAY, minute) is is_open


@pytest.mark.parametrize(
    ("minute", "is_open"), [(NOON - 1, False), (NOON, True), (14 * 60 - 1, True), (14 * 60, False)]
)
def test_extra_hours_open_a_day_without_hours_and_a_public_holiday(minute, is_open):
    extra = Window(opens=NOON, closes=14 * 60)

    assert replace(calendar(), openings={SUNDAY: extra}).is_open(desk(), SUNDAY, minute) is is_open
    assert replace(calendar("2026-11-23"), openings={MONDAY: extra}).is_open(desk(), MONDAY, minute) is is_open


def test_extra_hours_leave_the_hours_of_the_week_as_they_are_and_a_closure_counts_more():
    late = replace(calendar(), openings={MONDAY: Window(opens=18 * 60, closes=20 * 60)})

    assert [late.is_open(desk(), MONDAY, hour * 60) for hour in (9, 17, 19, 20)] == [True, True, True, False]
    assert not replace(late, closures={MONDAY: WHOLE_DAY}).is_open(desk(), MONDAY, 19 * 60)
