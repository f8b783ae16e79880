"""Booked call-backs whose time the desk, after a change by the vendor, cannot keep."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from guestkey.rules.callbacks import Callback, Stranding
from guestkey.rules.desk import Calendar, Desk
from guestkey.rules.hours import is_open


def causes(desk: Desk, calendar: Calendar, booked: Iterable[Callback], now: datetime) -> dict[str, Stranding | None]:
    """Return for each open call-back whose slot is ahead why the desk cannot keep it, by id; None if it can.

    Of more call-backs in a quarter-hour than there are lines those that were booked first stay.
    """
    ahead = [one for one in booked if one.slot and one.slot.starts_at > now and one.is_open(now)]
    found: dict[str, Stranding | None] = {}
    held: Counter[datetime] = Counter()
    for one in sorted(ahead, key=lambda one: one.callback_id):
        assert one.slot
        cause = _cause(desk, calendar, one)
        if cause is None and any(held[quarter] >= desk.lines for quarter in one.slot.quarters):
            cause = Stranding.LINES
        if cause is None:
            held.update(one.slot.quarters)
        found[one.callback_id] = cause
    return found


def strand(callback: Callback, slot: object, cause: Stranding | None, now: datetime) -> Callback:
    """Return the call-back with that cause, unless it has moved meanwhile or is over."""
    is_as_judged = callback.slot == slot and callback.is_open(now)
    return replace(callback, stranded_by=cause) if is_as_judged else callback


def _cause(desk: Desk, calendar: Calendar, callback: Callback) -> Stranding | None:
    assert callback.slot
    if not all(is_open(desk, calendar, quarter) for quarter in callback.slot.quarters):
        return Stranding.CLOSED
    return None if desk.topic(callback.topic) else Stranding.TOPIC
