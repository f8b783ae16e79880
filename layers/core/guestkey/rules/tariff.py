"""Response time and cost of the emergency line."""

from datetime import datetime, timedelta
from decimal import Decimal

from guestkey.rules.desk import Desk, Fee
from guestkey.rules.hours import minute_of


def answered_within(desk: Desk, at: datetime) -> timedelta | None:
    """Return the promised time to answer a call of that moment, or None. The desk's local time decides.

    The promise is the same on every day of the week, and on public holidays.
    """
    minute = minute_of(at.astimezone(desk.zone))
    return next((promise.within for promise in desk.promises if minute in promise.window), None)


def cost(fee: Fee, lasting: timedelta) -> Decimal:
    """Return the cost of a call of that length: the amount for each started interval, zero for length zero."""
    started = -(-lasting // fee.per_started)
    return fee.amount * started
