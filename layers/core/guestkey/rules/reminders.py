"""Reminders of booked call-backs."""

from datetime import datetime, timedelta

from guestkey.rules.callbacks import Callback

REMINDED_AHEAD = timedelta(hours=1)
"""Time between the reminder of a call and its slot."""


def is_ahead(callback: Callback, starts_at: datetime, now: datetime) -> bool:
    """Say whether the call-back is open, not stranded, and its slot begins at exactly that time, in the future."""
    is_then = callback.slot is not None and callback.slot.starts_at == starts_at > now
    return is_then and callback.stranded_by is None and callback.is_open(now)


def reminded_of(callback: Callback, now: datetime) -> datetime | None:
    """Return the time of the call to send a reminder for; None in the queue, or with less than an hour left."""
    if callback.slot is None or not is_ahead(callback, callback.slot.starts_at, now):
        return None
    return callback.slot.starts_at if callback.slot.starts_at - REMINDED_AHEAD > now else None
