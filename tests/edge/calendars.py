"""Invitations read by an independent library: they are written with icalendar and read with ical."""

from dataclasses import dataclass
from datetime import datetime

from ical.calendar_stream import IcsCalendarStream

from tests.edge.post import Read


@dataclass(frozen=True)
class Invited:
    """The one event of an invitation."""

    method: str
    uid: str
    sequence: int
    status: str
    starts_at: datetime
    ends_at: datetime
    stamped_at: datetime
    summary: str
    description: str
    organizer: tuple[str, str]
    """Name and address of the organizer."""
    attendees: list[str]


def invited(calendar: bytes) -> Invited:
    """Return the event of an invitation; require exactly one event, without an alarm."""
    read = IcsCalendarStream.calendar_from_ics(calendar.decode())
    (event,) = read.events
    assert not [*read.todos, *read.journal, *read.freebusy, *read.timezones, *read.extras, *event.extras]
    assert not [*event.alarm, *event.attach, *event.resources, *event.contacts]
    assert (event.url, event.location, event.rrule) == (None, None, None)
    assert isinstance(event.dtstart, datetime) and isinstance(event.dtend, datetime)
    assert isinstance(event.dtstamp, datetime) and event.organizer and event.status
    return Invited(
        method=str(read.method),
        uid=event.uid or "",
        sequence=-1 if event.sequence is None else event.sequence,
        status=event.status.value,
        starts_at=event.dtstart,
        ends_at=event.dtend,
        stamped_at=event.dtstamp,
        summary=event.summary or "",
        description=event.description or "",
        organizer=(event.organizer.common_name or "", str(event.organizer.uri)),
        attendees=[str(attendee.uri) for attendee in event.attendees],
    )


def of(read: Read) -> Invited:
    """Return the invitation of a mail; require that part and attachment are equal and name the same method."""
    part, file = read.calendars
    assert part.content
    found = invited(part.content)
    (kind,) = part.headers["Content-Type"]
    assert (part.content_type, file.content_type, file.filename) == ("text/calendar", "application/ics", "invite.ics")
    assert f'method="{found.method}"' in kind and 'charset="utf-8"' in kind
    assert file.content == part.content
    return found
