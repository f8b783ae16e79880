"""Response body of the support desk's contact: numbers, hours, whether it is open now, the cost of a call."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import Field

from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import desk as rules
from guestkey.rules.desk import DAYS, Calendar, Desk, Window, clock_of
from guestkey.rules.hours import is_open, opens_at
from guestkey.rules.tariff import answered_within, cost


class Opening(Response):
    """One opening time, by the desk's local time."""

    begin: str = Field(serialization_alias="from")
    until: str


class Hours(Response):
    """Opening times of the support line by day of the week, except on closed days."""

    time_zone: str
    week: dict[str, list[Opening]]


class Money(Response):
    """An amount, as text with two decimals."""

    amount: str
    currency: str


class Fee(Money):
    """Price of the emergency line for each started interval."""

    per_started_minutes: int


class Support(Response):
    """The support line and its e-mail address."""

    phone: str | None
    email: str
    hours: Hours
    open_now: bool
    opens_at: Instant | None


class Emergency(Response):
    """The emergency line. `cost` is present if the length of a call was given and there is a fee."""

    phone: str | None
    answered_within_hours: int | None
    fee: Fee | None
    cost: Money | None = Field(default=None, exclude_if=lambda cost: cost is None)


class Contact(Response):
    """How support is reached from a country at this moment."""

    country: str
    support: Support
    emergency: Emergency

    @classmethod
    def of(
        cls, desk: Desk, calendar: Calendar, country: str, language: str | None, lasting: timedelta | None, at: datetime
    ) -> Self:
        """Return the contact for callers from that country at that moment."""
        support = Support(
            phone=desk.numbers_for(country).support,
            email=desk.email(language),
            hours=Hours(time_zone=desk.time_zone, week=_week(desk)),
            open_now=is_open(desk, calendar, at),
            opens_at=opens_at(desk, calendar, at),
        )
        return cls(country=country, support=support, emergency=_emergency(desk, country, lasting, at))


def _emergency(desk: Desk, country: str, lasting: timedelta | None, at: datetime) -> Emergency:
    fee, within = desk.fee_for(country), answered_within(desk, at)
    return Emergency(
        phone=desk.numbers_for(country).emergency,
        answered_within_hours=within and within // timedelta(hours=1),
        fee=fee and _fee(fee),
        cost=fee and _cost(fee, lasting),
    )


def _fee(fee: rules.Fee) -> Fee:
    per_started = fee.per_started // timedelta(minutes=1)
    return Fee(amount=str(fee.amount), currency=fee.currency, per_started_minutes=per_started)


def _cost(fee: rules.Fee, lasting: timedelta | None) -> Money | None:
    if lasting is None:
        return None
    return Money(amount=str(cost(fee, lasting)), currency=fee.currency)


def _week(desk: Desk) -> dict[str, list[Opening]]:
    return {day: [_opening(window) for window in desk.hours.get(number, ())] for number, day in enumerate(DAYS)}


def _opening(window: Window) -> Opening:
    return Opening(begin=clock_of(window.opens), until=clock_of(window.closes))
