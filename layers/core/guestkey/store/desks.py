"""The support desk in the table: its record, and the days on which it is closed. All of it is one partition.

No access decision reads it, so a warm function keeps what it read for some seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from guestkey.errors import DeskUnknown
from guestkey.rules.desk import Calendar, Desk, desk_of
from guestkey.rules.slots import CHOOSING_LANGUAGES
from guestkey.store import keys
from guestkey.store.table import LOST_RACE, Item, code_of, find_all

KEPT_FOR = timedelta(seconds=10)
"""How long a warm function may overlook that the vendor changed something."""


class DeskItem(Item, discriminator="desk"):
    """The desk's record, as the contract has it."""

    record = JSONAttribute()


class ClosedItem(Item, discriminator="closed_day"):
    """A day on which the desk is closed, for either reason or both; for none once its closure was taken back."""

    holiday = UnicodeAttribute(null=True)
    closure = UnicodeAttribute(null=True)


class YearItem(Item, discriminator="closed_year"):
    """The public holidays of a year are written: of where, and as who knows them."""

    country = UnicodeAttribute()
    subdivision = UnicodeAttribute(null=True)
    source = UnicodeAttribute()


@dataclass(frozen=True, kw_only=True)
class Known:
    """The desk and its calendar."""

    desk: Desk
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Of where public holidays are, and who knows them: a name with a version."""

    country: str
    subdivision: str | None
    source: str


def known(now: datetime) -> Known:
    """Return the desk and its calendar from last year on, at most KEPT_FOR old. Raises DeskUnknown."""
    global _kept  # noqa: PLW0603 # what a warm function keeps, and nothing else does
    if _kept is None or not _kept[0] <= now < _kept[0] + KEPT_FOR:
        _kept = now, _read(now.year - 1)
    return _kept[1]


_kept: tuple[datetime, Known] | None = None


def slot_languages(now: datetime) -> tuple[str, ...]:
    """Return whose speakers may choose a slot: as the desk says or, as long as there is none, as Guestkey does."""
    try:
        return known(now).desk.slot_languages
    except DeskUnknown:
        return CHOOSING_LANGUAGES


def forget() -> None:
    """Read anew what this function kept, with the next question."""
    global _kept  # noqa: PLW0603 # as above
    _kept = None


def record() -> dict[str, Any]:
    """Return the desk's record, strongly consistent. Raises DeskUnknown."""
    try:
        found: dict[str, Any] = DeskItem.get(*keys.desk(), consistent_read=True).record
    except DeskItem.DoesNotExist:
        raise DeskUnknown from None
    return found


def put(record: Mapping[str, Any]) -> None:
    """Keep the desk's record, whole."""
    DeskItem(*keys.desk(), record=dict(record)).save()
    forget()


def put_closure(day: date, name: str) -> None:
    """Close the desk on a day. Where the day is a public holiday too, it stays one."""
    ClosedItem(*keys.closed(day)).update([ClosedItem.kind.set(ClosedItem), ClosedItem.closure.set(name)])
    forget()


def delete_closure(day: date) -> None:
    """Take a closure back, if there is one. A public holiday stays one."""
    try:
        ClosedItem(*keys.closed(day)).update([ClosedItem.closure.remove()], condition=ClosedItem.closure.exists())
    except UpdateError as error:
        if code_of(error) not in LOST_RACE:
            raise
    forget()


def origins(years: Iterable[int]) -> dict[int, Origin]:
    """Return of which of these years the public holidays are written, and whose."""
    found = find_all(keys.closed_year(year) for year in years)
    return {_year(item): _origin(item) for item in found.values() if isinstance(item, YearItem)}


def write_holidays(year: int, origin: Origin, holidays: Mapping[date, str]) -> None:
    """Keep the public holidays of a year in place of those that were kept before; closures stay as they are.

    The year is said to be written when all of it is: until then it offers no slots of another country's days.
    """
    items = ClosedItem.query(keys.DESK, ClosedItem.sk.startswith(keys.closed_days_of(year)), consistent_read=True)
    kept = {_day(item): item.holiday for item in items if item.holiday}
    for day in kept.keys() - holidays.keys():
        ClosedItem(*keys.closed(day)).update([ClosedItem.holiday.remove()])
    for day, name in holidays.items():
        if kept.get(day) != name:
            ClosedItem(*keys.closed(day)).update([ClosedItem.kind.set(ClosedItem), ClosedItem.holiday.set(name)])
    YearItem(
        *keys.closed_year(year), country=origin.country, subdivision=origin.subdivision, source=origin.source
    ).save()
    forget()


def topic_name(item: Item | None, topic_id: str, language: str) -> str:
    """Return what a desk's record that was read together with other items calls a topic; of one that is gone its id."""
    topic = desk_of(item.record).topic(topic_id) if isinstance(item, DeskItem) else None
    return topic.name(language) if topic else topic_id


def _read(first_year: int) -> Known:
    """Read all in one request: by its key the record lies right behind the last closed day."""
    between = Item.sk.between(keys.closed_year(first_year).sk, keys.desk().sk)
    items = list(Item.query(keys.DESK, between, consistent_read=True))
    desk = next((desk_of(item.record) for item in items if isinstance(item, DeskItem)), None)
    if desk is None:
        raise DeskUnknown
    closed = frozenset(_day(item) for item in items if isinstance(item, ClosedItem) and (item.holiday or item.closure))
    of_here = desk.country, desk.subdivision
    years = frozenset(
        _year(item) for item in items if isinstance(item, YearItem) and (item.country, item.subdivision) == of_here
    )
    return Known(desk=desk, calendar=Calendar(closed=closed, years=years))


def _day(item: ClosedItem) -> date:
    return date.fromisoformat(item.sk.removeprefix(keys.CLOSED))


def _year(item: YearItem) -> int:
    return int(item.sk.removeprefix(keys.CLOSED))


def _origin(item: YearItem) -> Origin:
    return Origin(country=item.country, subdivision=item.subdivision, source=item.source)
