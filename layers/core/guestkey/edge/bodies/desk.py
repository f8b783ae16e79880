"""Request bodies of the support desk: its record, validated as a whole with every fault reported, and closures.

Rules over several items of a list are validated on the list's field, not on the whole record: pydantic validates the
whole only when all of its fields are valid, and would report those faults one request later.
"""

import json
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from guestkey.edge import phones
from guestkey.edge.bodies.week import GRID_MINUTES, Clock, ClockOrMidnight, HoursInput, Week, on_grid
from guestkey.edge.http.inputs import Country, Email, Input, Language, Name, Phone, Slug, Zone
from guestkey.rules.desk import (
    FALLBACK,
    MAX_HORIZON_DAYS,
    MINUTES_A_DAY,
    Window,
    around_midnight,
    clock_of,
    minutes_of,
)

MAX_TOPIC_MINUTES = 240
MAX_LEAD_MINUTES = 7 * MINUTES_A_DAY
CALENDARS = Path(__file__).parent / "calendars.json"


def _international(number: str) -> str:
    if not phones.is_international(number):
        raise ValueError("must be a valid telephone number that begins with + and the country code")
    return number


def _with_english[T](texts: dict[str, T]) -> dict[str, T]:
    if FALLBACK not in texts:
        raise ValueError(f"must contain `{FALLBACK}`, for users of any other language")
    return texts


def _distinct(topics: list["TopicInput"]) -> list["TopicInput"]:
    ids = [topic.id for topic in topics]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise ValueError(f"must not contain an id twice: {', '.join(twice)}")
    return topics


def _around_the_clock(promises: list["PromiseInput"]) -> list["PromiseInput"]:
    parts = [part for promise in promises for part in around_midnight(promise.window)]
    faults, begin = [], 0
    for times, minutes in groupby(sum(minute in part for part in parts) for minute in range(MINUTES_A_DAY)):
        end = begin + len(list(minutes))
        if times != 1:
            promised = "nothing is promised" if times == 0 else "more than one thing is promised"
            faults.append(f"from {clock_of(begin)} to {clock_of(end)} {promised}")
        begin = end
    if promises and faults:
        raise ValueError("; ".join(faults))
    return promises


InternationalPhone = Annotated[Phone, AfterValidator(_international)]
LanguageRange = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-([A-Za-z]{2}|[0-9]{3}|\*))?$")]
Texts = Annotated[dict[Language, Name], Field(max_length=20), AfterValidator(_with_english)]


class TopicInput(Input):
    """A topic of call-backs. `names` are by language; `en` is for users of any other language."""

    id: Slug
    minutes: Annotated[int, Field(ge=GRID_MINUTES, le=MAX_TOPIC_MINUTES, multiple_of=GRID_MINUTES)]
    names: Texts


class NumbersInput(Input):
    """The telephone numbers for one country, in the notation that the country uses."""

    support: InternationalPhone | None
    emergency: InternationalPhone | None


class PromiseInput(Input):
    """Hours within which the emergency line is answered, for calls in this time of any day.

    The time crosses midnight if `from` is after `until`.
    """

    begin: Clock = Field(alias="from")
    until: ClockOrMidnight
    answered_within_hours: Annotated[int, Field(ge=1, le=72)]

    @model_validator(mode="after")
    def _lasting(self) -> Self:
        if self.begin == self.until:
            raise ValueError("`from` and `until` must differ; a whole day is 00:00 to 24:00")
        return self

    @property
    def window(self) -> Window:
        """The time of the promise as a value of the rules."""
        return Window(opens=minutes_of(self.begin), closes=minutes_of(self.until))


class FeeInput(Input):
    """Price of the emergency line for each started interval, for calls from these countries."""

    amount: Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,5})\.[0-9]{2}$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217")]
    per_started_minutes: Annotated[int, Field(ge=1, le=60)]
    countries: Annotated[list[Country], Field(min_length=1, max_length=250)]


class DeskInput(Input):
    """The complete record of the support desk."""

    time_zone: Zone
    country: Annotated[
        Country, Field(description="Country of the public holidays, which are closed days. ISO 3166-1 alpha-2")
    ]
    subdivision: Annotated[
        str | None,
        Field(max_length=40, description="Subdivision of the country: ISO 3166-2 without the country's prefix"),
    ]
    hours: Annotated[
        Week,
        Field(description="Opening hours by day of the week. A missing day is closed."),
    ]
    lead_minutes: Annotated[int, Field(ge=0, le=MAX_LEAD_MINUTES)]
    horizon_days: Annotated[int, Field(ge=1, le=MAX_HORIZON_DAYS, description="Days of 24 hours")]
    lines: Annotated[int, Field(ge=1, le=50, description="Number of call-backs in each quarter-hour")]
    topics: Annotated[list[TopicInput], Field(min_length=1, max_length=50), AfterValidator(_distinct)]
    slot_languages: Annotated[
        list[LanguageRange],
        Field(max_length=50, description="Languages whose speakers may choose a slot; `en-*` is English of any region"),
    ]
    numbers: Annotated[dict[Country, NumbersInput], Field(max_length=250)]
    emails: Annotated[dict[Language, Email], Field(max_length=50), AfterValidator(_with_english)]
    emergency: Annotated[list[PromiseInput], Field(max_length=8), AfterValidator(_around_the_clock)]
    fee: FeeInput | None

    @field_validator("country")
    @classmethod
    def _with_calendar(cls, country: str) -> str:
        if country not in _calendars():
            raise ValueError("no public holidays are available for this country")
        return country

    @field_validator("subdivision")
    @classmethod
    def _of_the_country(cls, subdivision: str | None, record: ValidationInfo) -> str | None:
        of_country: Iterable[str] = _calendars().get(record.data.get("country", ""), ())
        if subdivision is not None and "country" in record.data and subdivision not in of_country:
            raise ValueError(f"must be null or one of {', '.join(of_country)}" if of_country else "must be null here")
        return subdivision

    @field_validator("emergency")
    @classmethod
    def _promised(cls, promises: list[PromiseInput], record: ValidationInfo) -> list[PromiseInput]:
        numbers: dict[str, NumbersInput] = record.data.get("numbers", {})
        if not promises and any(of_country.emergency for of_country in numbers.values()):
            raise ValueError("must not be empty, because there are emergency numbers")
        return promises

    @field_validator("fee")
    @classmethod
    def _callable(cls, fee: FeeInput | None, record: ValidationInfo) -> FeeInput | None:
        numbers: dict[str, NumbersInput] = record.data.get("numbers", {})
        called = {country for country, of_country in numbers.items() if of_country.emergency}
        if fee and "numbers" in record.data and (silent := [here for here in fee.countries if here not in called]):
            raise ValueError(f"there is no emergency number for {', '.join(silent)}")
        return fee


class DeskPut(DeskInput):
    """The complete record of the support desk as it was put, and the call-backs whose time it cannot keep."""

    stranded: list[str]


class ClosureInput(HoursInput):
    """Reason for closing the desk on a day: the whole day, or from a time on, or until one, or both."""

    begin: Annotated[Clock, AfterValidator(on_grid)] = Field(alias="from", default="00:00")
    until: Annotated[ClockOrMidnight, AfterValidator(on_grid)] = "24:00"
    name: Name


@cache
def _calendars() -> dict[str, list[str]]:
    """Return the countries whose public holidays are available, with the subdivisions that differ from the country."""
    found: dict[str, list[str]] = json.loads(CALENDARS.read_text("utf-8"))
    return found
