"""The support desk: one record, which the vendor replaces as a whole.

Times of day are minutes since midnight by the desk's local time; 1,440 is the end of the day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
QUARTER = timedelta(minutes=15)
"""Grid of support hours and slots."""
FALLBACK = "en"
"""Language of texts and addresses for users whose language has no text."""


@dataclass(frozen=True, kw_only=True, order=True)
class Window:
    """A span of minutes on one day; the end is exclusive."""

    opens: int
    closes: int

    def __contains__(self, minute: int) -> bool:
        return self.opens <= minute < self.closes


WHOLE_DAY = Window(opens=0, closes=MINUTES_A_DAY)
MAX_HORIZON_DAYS = 14
"""The longest horizon of a desk. Calls that were booked under it stay when the vendor shortens it."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic of call-backs: its length in minutes, and its name by language."""

    topic_id: str
    minutes: int
    names: Mapping[str, str]

    def name(self, language: str | None) -> str:
        """Return the topic's name in a language."""
        return in_language(self.names, language)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The telephone numbers for one country, in the vendor's notation."""

    support: str | None
    emergency: str | None


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Time within which the emergency line is answered, for calls in the window, on every day."""

    window: Window
    within: timedelta


@dataclass(frozen=True, kw_only=True)
class Fee:
    """Price of a call to the emergency line from these countries, for each started interval."""

    amount: Decimal
    currency: str
    per_started: timedelta
    countries: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything about the support desk that may change without a deployment."""

    time_zone: str
    country: str
    subdivision: str | None
    hours: Mapping[int, tuple[Window, ...]]
    """Windows by day of the week, in order; 0 is Monday."""
    lead: timedelta
    horizon: timedelta
    lines: int
    topics: tuple[Topic, ...]
    slot_languages: tuple[str, ...]
    numbers: Mapping[str, Numbers]
    emails: Mapping[str, str]
    promises: tuple[Promise, ...]
    fee: Fee | None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the desk, which is not the tenant's."""
        return ZoneInfo(self.time_zone)

    def topic(self, topic_id: str) -> Topic | None:
        """Return the topic of that id, if there is one."""
        return next((topic for topic in self.topics if topic.topic_id == topic_id), None)

    def numbers_for(self, country: str) -> Numbers:
        """Return the numbers for callers from a country; both are None if the vendor gave none for it."""
        return self.numbers.get(country, Numbers(support=None, emergency=None))

    def email(self, language: str | None) -> str:
        """Return the desk's e-mail address for a language."""
        return in_language(self.emails, language)

    def fee_for(self, country: str) -> Fee | None:
        """Return the fee for callers from a country, or None."""
        return self.fee if self.fee and country in self.fee.countries else None


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The days that differ from the week: public holidays, closures and extra hours by the vendor.

    A closure counts more than extra hours, and these more than a public holiday.
    """

    closed: frozenset[date]
    """Public holidays."""
    years: frozenset[int]
    """Years whose public holidays are stored."""
    closures: Mapping[date, Window] = field(default_factory=dict)
    """The part of a day, or the whole, in which the vendor closed the desk."""
    openings: Mapping[date, Window] = field(default_factory=dict)
    """Extra hours of a day."""

    def is_open(self, desk: Desk, day: date, minute: int) -> bool:
        """Say whether the desk is open in that minute of a day."""
        if day in self.closures and minute in self.closures[day]:
            return False
        weekly = () if day in self.closed else desk.hours.get(day.weekday(), ())
        extra = [self.openings[day]] if day in self.openings else []
        return any(minute in window for window in (*weekly, *extra))

    def is_known(self, day: date) -> bool:
        """Say whether the public holidays of the day's year are stored."""
        return day.year in self.years


def in_language(texts: Mapping[str, str], language: str | None) -> str:
    """Return the text for a language tag: for the tag itself, else its language without the region, else English."""
    tag = (language or FALLBACK).replace("_", "-").lower()
    by_tag = {known.lower(): text for known, text in texts.items()}
    return by_tag.get(tag) or by_tag.get(tag.partition("-")[0]) or by_tag[FALLBACK]


def desk_of(record: Mapping[str, Any]) -> Desk:
    """Return the desk of a record in the form of `PUT /v1/vendor/desk`, which has validated it."""
    fee = record["fee"]
    return Desk(
        time_zone=record["time_zone"],
        country=record["country"],
        subdivision=record["subdivision"],
        hours={DAYS.index(day): tuple(sorted(map(_window, windows))) for day, windows in record["hours"].items()},
        lead=timedelta(minutes=record["lead_minutes"]),
        horizon=timedelta(days=record["horizon_days"]),
        lines=record["lines"],
        topics=tuple(
            Topic(topic_id=topic["id"], minutes=topic["minutes"], names=topic["names"]) for topic in record["topics"]
        ),
        slot_languages=tuple(record["slot_languages"]),
        numbers={country: Numbers(**numbers) for country, numbers in record["numbers"].items()},
        emails=record["emails"],
        promises=tuple(
            Promise(window=window, within=timedelta(hours=promise["answered_within_hours"]))
            for promise in record["emergency"]
            for window in around_midnight(_window(promise))
        ),
        fee=fee
        and Fee(
            amount=Decimal(fee["amount"]),
            currency=fee["currency"],
            per_started=timedelta(minutes=fee["per_started_minutes"]),
            countries=frozenset(fee["countries"]),
        ),
    )


def minutes_of(clock: str) -> int:
    """Return the minutes since midnight of a time of day, `HH:MM`; `24:00` is the end of the day."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minute: int) -> str:
    """Return a time of day as `HH:MM`, from the minutes since midnight."""
    return f"{minute // 60:02}:{minute % 60:02}"


def around_midnight(window: Window) -> tuple[Window, ...]:
    """Return a daily window unchanged or, if it crosses midnight, as two windows of a day."""
    if window.opens < window.closes:
        return (window,)
    return Window(opens=window.opens, closes=MINUTES_A_DAY), Window(opens=0, closes=window.closes)


def _window(hours: Mapping[str, Any]) -> Window:
    return Window(opens=minutes_of(hours["from"]), closes=minutes_of(hours["until"]))
