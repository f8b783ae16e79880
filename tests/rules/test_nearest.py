"""The slots nearest nearest_to a moment, offered when the moment_text one is full."""

from datetime import UTC, datetime
from typing import Any

from guestkey.rules.desk import Calendar, desk_of
from guestkey.rules.slots import nearest
from local import sample
from tests.rows_and_columns import each_row

OPEN_TUESDAYS: dict[str, Any] = {"hours": {"tue": [{"from": "10:00", "until": "11:00"}]}, "lead_minutes": 0}
DESK = desk_of(sample.DESK | OPEN_TUESDAYS)
CALENDAR = Calendar(closed=frozenset(), years=frozenset({2026}))
MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def nearest_to(moment_text: str) -> str:
    moment = datetime.fromisoformat(f"2026-{moment_text}:00Z")
    found = nearest(DESK, CALENDAR, DESK.topics[0], MONDAY_NOON, moment)
    return " ".join(f"{slot.starts_at:%d.%H:%M}" for slot in found)


@each_row(
    ("moment_text", "found"),
    [
        ("11-24T09:30", "24.09:30 24.09:45 01.09:00 01.09:15 01.09:30 01.09:45 24.09:15 24.09:00"),
        ("12-01T09:15", "01.09:15 01.09:30 01.09:45 01.09:00 24.09:45 24.09:30 24.09:15 24.09:00"),
        ("12-07T12:00", "01.09:45 01.09:30 01.09:15 01.09:00 24.09:45 24.09:30 24.09:15 24.09:00"),
        ("11-23T12:00", "24.09:00 24.09:15 24.09:30 24.09:45 01.09:00 01.09:15 01.09:30 01.09:45"),
    ],
)
def test_later_slots_come_first_in_order_then_earlier_ones_backwards(moment_text: str, found: str) -> None:
    assert nearest_to(moment_text) == found


def test_the_day_of_the_horizon_and_today_are_among_them() -> None:
    desk = desk_of(sample.DESK | {"lead_minutes": 0, "horizon_days": 1})
    late_on_monday = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    next_morning = datetime(2026, 11, 24, 16, 15, tzinfo=UTC)

    found = [slot.starts_at for slot in nearest(desk, CALENDAR, desk.topics[0], late_on_monday, next_morning)]

    assert (found[0], found[-1]) == (next_morning, late_on_monday)
    assert len(found) == 37
