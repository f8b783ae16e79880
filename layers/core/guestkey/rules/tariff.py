"""What the emergency line promises and costs."""

from datetime import datetime, timedelta
from decimal import Decimal

from guestkey.rules.desk import Desk, Fee
from guestkey.rules.hours import minute_of


def answered_within(desk: Desk, at: datetime) -> timedelta | None:
    """Return within how long a call of that moment is answered, by the desk's clock; None where nothing is promised.

    The promise is the same on every day of the week, public holidays among them.
    """
    minute = minute_of(at.astimezone(desk.zone))
    return next((promise.within for promise in desk.promises if minute in promise.window), None)


def cost(fee: Fee, lasting: timedelta) -> Decimal:
    """Return what a call of that length costs: the amount for each piece of time that was started, nothing for none."""
    started = -(-lasting // fee.per_started)
    return fee.amount * started
