"""The support desk in the table: its record, and the days on which it is closed, all in one partition.

No access decision reads it, so a warm function caches it for some seconds.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey.errors import DeskUnknown
from guestkey.rules.desk import MINUTES_A_DAY, WHOLE_DAY, Calendar, Desk, Window, desk_of
from guestkey.rules.slots import CHOOSING_LANGUAGES
from guestkey.store.dynamodb import keys, unreadable
from guestkey.store.dynamodb.models import Item, epoch
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.transaction import ConditionFailed, TransactionConflict, single_write
from guestkey.store.dynamodb.unreadable import items_of

CACHED_FOR = timedelta(seconds=10)
"""How long a warm function may miss a change by the vendor."""


class DeskItem(Item, discriminator="desk"):
    """The desk's record, in the form of the HTTP API."""

    record = JSONAttribute()


class ClosedItem(Item, discriminator="closed_day"):
    """A day on which the desk is closed for one reason or both; for none once its closure was deleted."""

    holiday = UnicodeAttribute(null=True)
    closure = UnicodeAttribute(null=True)
    closes_at = NumberAttribute(null=True)
    """First minute of the closure; none, as in closures from before there were parts of days, for midnight."""
    opens_at = NumberAttribute(null=True)
    """First minute after the closure; none for the end of the day."""


class OpeningItem(Item, discriminator="extra_hours"):
    """Extra hours of a day, in minutes since midnight."""

    opens_at = NumberAttribute()
    closes_at = NumberAttribute()


class YearItem(Item, discriminator="closed_year"):
    """A year whose public holidays are stored, with their country, subdivision and source."""

    country = UnicodeAttribute()
    subdivision = UnicodeAttribute(null=True)
    source = UnicodeAttribute()


KEPT_FOR = timedelta(days=30)
"""How long the extra hours of a day are kept after it."""


@dataclass(frozen=True, kw_only=True)
class CurrentDesk:
    """The desk and its calendar."""

    desk: Desk
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class HolidaySource:
    """Country and subdivision of public holidays, and their source: a library's name with its version."""

    country: str
    subdivision: str | None
    source: str


def current(now: datetime) -> CurrentDesk:
    """Return the desk and its calendar from last year on, at most CACHED_FOR old. Raises DeskUnknown."""
    global _cached  # noqa: PLW0603 # the one cache of a warm function
    if _cached is None or not _cached[0] <= now < _cached[0] + CACHED_FOR:
        _cached = now, _read(now.year - 1)
    return _cached[1]


_cached: tuple[datetime, CurrentDesk] | None = None


def slot_languages(now: datetime) -> tuple[str, ...]:
    """Return the languages whose speakers may choose a slot: the desk's, or the default while there is no desk."""
    try:
        return current(now).desk.slot_languages
    except DeskUnknown:
        return CHOOSING_LANGUAGES


def clear_cache() -> None:
    """Make the next question read the table again."""
    global _cached  # noqa: PLW0603 # as above
    _cached = None


def record() -> dict[str, Any]:
    """Return the desk's record, strongly consistent. Raises DeskUnknown."""
    item = find(DeskItem, keys.desk())
    if item is None:
        raise DeskUnknown
    return dict(item.record)


def put(record: Mapping[str, Any]) -> None:
    """Store the desk's record as a whole."""
    DeskItem(*keys.desk(), record=dict(record)).save()
    clear_cache()


def put_closure(day: date, name: str, hours: Window = WHOLE_DAY) -> None:
    """Close the desk on a day, or in a part of it. A public holiday remains one."""
    part = [ClosedItem.closes_at.set(hours.opens), ClosedItem.opens_at.set(hours.closes)]
    actions: list[Action] = [ClosedItem.kind.set(ClosedItem), ClosedItem.closure.set(name), *part]
    ClosedItem(*keys.closed(day)).update(actions)
    clear_cache()


def put_opening(day: date, hours: Window) -> None:
    """Open the desk in extra hours of a day."""
    ttl = epoch(datetime.combine(day, time(), UTC) + KEPT_FOR)
    OpeningItem(*keys.opening(day), opens_at=hours.opens, closes_at=hours.closes, ttl=ttl).save()
    clear_cache()


def delete_opening(day: date) -> None:
    """Delete the extra hours of a day, if there are any."""
    OpeningItem(*keys.opening(day)).delete()
    clear_cache()


def delete_closure(day: date) -> None:
    """Delete the closure of a day, if there is one. A public holiday remains one."""
    with suppress(ConditionFailed, TransactionConflict), single_write():
        parts: list[Action] = [ClosedItem.closure.remove(), ClosedItem.closes_at.remove(), ClosedItem.opens_at.remove()]
        ClosedItem(*keys.closed(day)).update(parts, condition=ClosedItem.closure.exists())
    clear_cache()


def holiday_sources(years: Iterable[int]) -> dict[int, HolidaySource]:
    """Return the sources of the stored public holidays, for those of these years that are stored."""
    found = find_all(keys.closed_year(year) for year in years)
    return {keys.closed_year_in(item.sk): _source(item) for item in found.values() if isinstance(item, YearItem)}


def write_holidays(year: int, source: HolidaySource, holidays: Mapping[date, str]) -> None:
    """Store the public holidays of a year in place of the previous ones; closures remain.

    The year's own item is written last: until then the year offers no slots, so none on a holiday of another country.
    """
    items = ClosedItem.query(keys.DESK, ClosedItem.sk.startswith(keys.closed_days_of(year)), consistent_read=True)
    stored = {keys.day_in(item.sk): item.holiday for item in items_of(ClosedItem, items) if item.holiday}
    for day in stored.keys() - holidays.keys():
        ClosedItem(*keys.closed(day)).update([ClosedItem.holiday.remove()])
    for day, name in holidays.items():
        if stored.get(day) != name:
            ClosedItem(*keys.closed(day)).update([ClosedItem.kind.set(ClosedItem), ClosedItem.holiday.set(name)])
    YearItem(
        *keys.closed_year(year), country=source.country, subdivision=source.subdivision, source=source.source
    ).save()
    clear_cache()


def topic_name(item: Item | None, topic_id: str, language: str) -> str:
    """Return a topic's name in the desk's record that was read with other items, or the id of a deleted topic."""
    topic = desk_of(item.record).topic(topic_id) if isinstance(item, DeskItem) else None
    return topic.name(language) if topic else topic_id


def _read(first_year: int) -> CurrentDesk:
    """Read everything in one request: the key of the record sorts right after that of the last closed day.

    The desk is closed on a day whose closure cannot be read.
    """
    between = Item.sk.between(keys.closed_year(first_year).sk, keys.desk().sk)
    items = list(Item.query(keys.DESK, between, consistent_read=True))
    desk = next((desk_of(item.record) for item in items if isinstance(item, DeskItem)), None)
    if desk is None:
        raise DeskUnknown
    unknown = [item.sk for item in items if unreadable.is_unknown(item)]
    days = [item for item in items if isinstance(item, ClosedItem)]
    extra = items_of(OpeningItem, (item for item in items if isinstance(item, OpeningItem)))
    years = items_of(YearItem, (item for item in items if isinstance(item, YearItem)))
    place = desk.country, desk.subdivision
    calendar = Calendar(
        closed=frozenset(
            [
                *(keys.day_in(item.sk) for item in days if item.holiday),
                *(keys.day_in(sk) for sk in unknown if keys.is_closed_day(sk)),
            ]
        ),
        closures={keys.day_in(item.sk): _closure(item) for item in days if item.closure},
        openings={keys.day_in(item.sk): _hours(item.opens_at, item.closes_at) for item in extra},
        years=frozenset(keys.closed_year_in(item.sk) for item in years if (item.country, item.subdivision) == place),
    )
    return CurrentDesk(desk=desk, calendar=calendar)


def _closure(item: ClosedItem) -> Window:
    return _hours(item.closes_at or 0, MINUTES_A_DAY if item.opens_at is None else item.opens_at)


def _hours(opens: float, closes: float) -> Window:
    return Window(opens=int(opens), closes=int(closes))


def _source(item: YearItem) -> HolidaySource:
    return HolidaySource(country=item.country, subdivision=item.subdivision, source=item.source)
