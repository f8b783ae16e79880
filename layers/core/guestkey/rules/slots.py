"""Slots: the users who may choose one, and the times that are offered.

A slot consists of quarter-hours; a booking takes all of them or none. This module offers slots by the calendar alone;
the number of free places is stored in the table.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from guestkey.rules.desk import QUARTER, Calendar, Desk, Topic
from guestkey.rules.hours import begins_at, day_of, quarters

CHOOSING_LANGUAGES = ("de", "de-DE", "de-AT", "de-CH", "en", "en-*", "es", "es-*")
"""Languages whose speakers may choose a slot before the vendor has put its desk. `*` means any region."""

A_DAY = timedelta(days=1)
MAX_DAYS = 14
"""Days of slots in one response."""
_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{2}|[0-9]{3}))?")


@dataclass(frozen=True, kw_only=True, order=True)
class Slot:
    """One bookable time, in UTC."""

    starts_at: datetime
    ends_at: datetime

    @property
    def quarters(self) -> tuple[datetime, ...]:
        """The beginning of each of its quarter-hours."""
        return tuple(self.starts_at + QUARTER * number for number in range((self.ends_at - self.starts_at) // QUARTER))


def may_choose_slot(locale: str | None, languages: Iterable[str] = CHOOSING_LANGUAGES) -> bool:
    """Say whether a user of that language may choose a slot; all other users join the queue.

    Case does not matter, and `_` counts as `-`. A tag with more parts than language and region never matches.
    """
    match = _TAG.fullmatch((locale or "").lower().replace("_", "-"))
    if match is None:
        return False
    language, region = match.groups()
    tags = {language} if region is None else {f"{language}-{region}", f"{language}-*"}
    return not tags.isdisjoint(tag.lower() for tag in languages)


def offered(desk: Desk, calendar: Calendar, topic: Topic, now: datetime, first: date, days: int) -> Iterator[Slot]:
    """Yield the slots that begin on these days of the desk, in order. Any days may be given.

    All quarter-hours of a slot are within support hours, on days of years whose public holidays are stored. The first
    slot begins after the lead time at the earliest, the last at the horizon at the latest; both ends are inclusive.
    """
    earliest, latest = now + desk.lead, now + desk.horizon
    nearest, farthest = day_of(desk, earliest), day_of(desk, latest)
    in_reach = (nearest + A_DAY * number for number in range((farthest - nearest).days + 1))
    wanted = [day for day in in_reach if 0 <= (day - first).days < days]
    if not wanted:
        return
    morrow = wanted[-1] + A_DAY
    known = [day for day in (*wanted, morrow) if calendar.is_known(day)]
    are_open = {quarter for day in known for quarter in quarters(desk, calendar, day)}
    for starts_at in sorted(are_open):
        slot = Slot(starts_at=starts_at, ends_at=starts_at + timedelta(minutes=topic.minutes))
        is_in_reach = earliest <= starts_at <= latest and starts_at < begins_at(desk, morrow)
        if is_in_reach and are_open.issuperset(slot.quarters):
            yield slot


def slot_at(desk: Desk, calendar: Calendar, topic: Topic, now: datetime, starts_at: datetime) -> Slot | None:
    """Return the slot that begins at that moment, if it is offered."""
    if not now + desk.lead <= starts_at <= now + desk.horizon:
        return None  # at the limits of datetime the date at the desk does not exist
    day = offered(desk, calendar, topic, now, day_of(desk, starts_at), 1)
    return next((slot for slot in day if slot.starts_at == starts_at), None)


def nearest(desk: Desk, calendar: Calendar, topic: Topic, now: datetime, wanted: datetime) -> Iterator[Slot]:
    """Yield the slots that are offered from a moment on, in order, then those before it, the nearest first.

    Days are computed one by one, as the caller iterates. `wanted` must be within the horizon.
    """
    first, day, last = day_of(desk, now), day_of(desk, wanted), day_of(desk, now + desk.horizon)
    for number in range((last - day).days + 1):
        later = offered(desk, calendar, topic, now, day + A_DAY * number, 1)
        yield from (slot for slot in later if slot.starts_at >= wanted)
    for number in range((day - first).days + 1):
        earlier = list(offered(desk, calendar, topic, now, day - A_DAY * number, 1))
        yield from (slot for slot in reversed(earlier) if slot.starts_at < wanted)
