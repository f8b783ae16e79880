"""Seats: a seat is a place in one quarter-hour.

A change takes and frees only the seats by which the call-back before and after it differ.
"""

from dataclasses import dataclass
from datetime import datetime

from guestkey.rules.callbacks import Callback, State


@dataclass(frozen=True, kw_only=True)
class Seats:
    """Effect of a change on the seats: quarter-hours taken and freed. Seats that it keeps are in neither."""

    taken: tuple[datetime, ...]
    freed: tuple[datetime, ...]


def seats(before: Callback | None, after: Callback) -> Seats:
    """Return the seats that change. A cancelled call-back holds no seats; a taken or closed one keeps its seats."""
    held, wanted = _seats_of(before), _seats_of(after)
    return Seats(taken=tuple(sorted(wanted - held)), freed=tuple(sorted(held - wanted)))


def _seats_of(callback: Callback | None) -> set[datetime]:
    if callback is None or callback.slot is None or callback.closed_as is State.CANCELLED:
        return set()
    return set(callback.slot.quarters)
