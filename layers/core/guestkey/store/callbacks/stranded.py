"""Call-backs that a change of the desk strands: found by their seats, marked with a ledger entry, which is mailed.

The mark is compared with the desk on each change and by the clean-up, so a change that was interrupted is made up for.
A call-back that the desk can keep again loses its mark.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from guestkey.errors import Busy, CallbackClosed, DeskUnknown, NotFound
from guestkey.rules.callbacks import Callback, Stranding
from guestkey.rules.desk import MAX_HORIZON_DAYS
from guestkey.rules.ledger import By, What
from guestkey.rules.stranding import causes, strand
from guestkey.store.callbacks import callbacks, changes, desks, seats
from guestkey.store.callbacks.changes import BY_SYSTEM

LOOKED_AHEAD = timedelta(days=MAX_HORIZON_DAYS + 1)
"""Calls that were booked before the desk's horizon became shorter are looked at, too."""
MAX_MARKED_AT_ONCE = 100
"""Call-backs that one request marks. The clean-up marks the others."""
MAX_MADE_UP_AT_ONCE = 500


def mark(by: By, now: datetime) -> list[str]:
    """Mark the call-backs that the desk as it stands cannot keep, and return the ids of all of these, by time.

    A call-back whose ledger is busy is left to the clean-up. Raises DeskUnknown.
    """
    booked, found = _judged(now)
    _mark(booked, found, by, now, MAX_MARKED_AT_ONCE)
    return [one.callback_id for one in booked if found.get(one.callback_id)]


def make_up(now: datetime, limit: int = MAX_MADE_UP_AT_ONCE) -> int:
    """Mark those that no change of the desk has marked, and return their number; 0 while there is no desk."""
    try:
        booked, found = _judged(now)
    except DeskUnknown:
        return 0
    return _mark(booked, found, BY_SYSTEM, now, limit)


def _judged(now: datetime) -> tuple[list[Callback], dict[str, Stranding | None]]:
    desks.clear_cache()
    current = desks.current(now)
    booked = callbacks.find_many(seats.booked(now, now + LOOKED_AHEAD))
    return booked, causes(current.desk, current.calendar, booked, now)


def _mark(booked: list[Callback], found: dict[str, Stranding | None], by: By, now: datetime, limit: int) -> int:
    differing = [one for one in booked if one.callback_id in found and found[one.callback_id] != one.stranded_by]
    for one in differing[:limit]:
        rule = partial(strand, slot=one.slot, cause=found[one.callback_id], now=now)
        with suppress(Busy, CallbackClosed, NotFound):
            changes.change(one.tenant_id, one.callback_id, What.CALLBACK_STRANDED, by, rule, now)
    return len(differing[:limit])
