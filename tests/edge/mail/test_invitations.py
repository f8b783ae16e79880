"""The invitation of a call-back in real MIME: one event, created, changed and cancelled, for any typed text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from guestkey.edge.mail import compose, invitations, send
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.facts import CallbackFacts
from guestkey.edge.mail.i18n import LANGUAGES
from guestkey.rules.people import Person
from guestkey.rules.slots import Slot
from tests.edge import calendars, post, samples
from tests.edge.calendars import Invited
from tests.edge.samples import MONDAY_NOON, TUESDAY_AT_TEN, WEDNESDAY_AT_FOUR, of_callback
from tests.hostile_texts import HOSTILE, STRONGEST, require_same_mail
from tests.rows_and_columns import IS_NIGHTLY, each_row

BOOKED = Kind.CALLBACK_BOOKED, of_callback()
MOVED = Kind.CALLBACK_MOVED, of_callback(WEDNESDAY_AT_FOUR, TUESDAY_AT_TEN, version=1)
CANCELLED = Kind.CALLBACK_CANCELLED, of_callback(None, WEDNESDAY_AT_FOUR, version=2)
TO_THE_QUEUE = Kind.CALLBACK_WAITING, of_callback(None, TUESDAY_AT_TEN, version=1)
SPRING_AND_AUTUMN = [
    pytest.param(datetime(2026, 3, 29, 0, 45, tzinfo=UTC), "01:45 Uhr (Europe/Berlin)", id="before the skipped hour"),
    pytest.param(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "03:00 Uhr (Europe/Berlin)", id="after it"),
    pytest.param(datetime(2026, 10, 25, 0, 15, tzinfo=UTC), "02:15 Uhr (Europe/Berlin, UTC+02:00)", id="first of two"),
    pytest.param(datetime(2026, 10, 25, 1, 15, tzinfo=UTC), "02:15 Uhr (Europe/Berlin, UTC+01:00)", id="second of two"),
    pytest.param(datetime(2026, 10, 26, 8, 0, tzinfo=UTC), "09:00 Uhr (Europe/Berlin)", id="the morning after"),
]


def received(kind: Kind, facts: CallbackFacts, language: str = "de") -> post.Read:
    """Return the mail with its invitation as independent parsers read it."""
    letter = compose.write(kind, language, facts)
    invitation = invitations.write(language, facts, MONDAY_NOON + timedelta(minutes=facts.change.version))
    with post.fake_ses() as requests:
        send.send(replace(letter, invitation=invitation), ["anna@acme.example"])
    return post.read(post.as_mailed(requests[0]))


def invited(kind: Kind, facts: CallbackFacts, language: str = "de") -> Invited:
    return calendars.of(received(kind, facts, language))


def raw(facts: CallbackFacts, language: str = "de") -> str:
    invitation = invitations.write(language, facts, MONDAY_NOON)
    assert invitation
    return invitation.calendar


# ------------------------------------------------------------------ one event


def test_booking_moving_and_cancelling_change_one_event() -> None:
    events = [invited(*mailed) for mailed in (BOOKED, MOVED, CANCELLED)]

    assert {one.uid for one in events} == {"01KB4Q8000E8Q7R2M9V3XW6YTD@guestkey"}
    assert [(one.sequence, one.method, one.status) for one in events] == [
        (0, "REQUEST", "CONFIRMED"),
        (1, "REQUEST", "CONFIRMED"),
        (2, "CANCEL", "CANCELLED"),
    ]
    assert [Slot(starts_at=one.starts_at, ends_at=one.ends_at) for one in events] == [
        TUESDAY_AT_TEN,
        WEDNESDAY_AT_FOUR,
        WEDNESDAY_AT_FOUR,
    ]
    assert [one.stamped_at - MONDAY_NOON for one in events] == [timedelta(minutes=minutes) for minutes in (0, 1, 2)]


def test_moved_to_the_queue_the_event_is_cancelled_at_the_slot_it_had() -> None:
    event = invited(*TO_THE_QUEUE)

    assert (event.method, event.status, event.sequence, event.starts_at) == (
        "CANCEL",
        "CANCELLED",
        1,
        TUESDAY_AT_TEN.starts_at,
    )


@each_row("kind", [Kind.CALLBACK_WAITING, Kind.CALLBACK_CANCELLED])
def test_without_a_slot_there_is_no_invitation(kind: Kind) -> None:
    read = received(kind, of_callback(None, None))

    assert read.calendars == []
    assert read.parts == ["multipart/alternative", "text/plain", "text/html"]


def test_the_organizer_is_the_vendor_and_the_only_attendee_is_the_user() -> None:
    event = invited(Kind.CALLBACK_BOOKED, of_callback(requested_by=Person(user_id="anna", name="CN=Mallory")))

    assert event.organizer == ("Käsehandel Support", "mailto:support@vendor.example")
    assert event.attendees == ["mailto:anna@acme.example"]


def test_an_address_is_written_as_links_write_it() -> None:
    event = invited(Kind.CALLBACK_BOOKED, of_callback(email="anna+calls%?&=x@acme.example"))

    assert event.attendees == ["mailto:anna+calls%25%3F%26%3Dx@acme.example"]


@each_row("language", LANGUAGES)
def test_the_calendar_part_is_between_the_readable_parts_and_the_attachment(language: str) -> None:
    read = received(*BOOKED, language)

    assert read.parts == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert calendars.of(read).summary


def test_composing_it_twice_gives_the_same_bytes() -> None:
    assert raw(of_callback()) == raw(of_callback())


# ------------------------------------------------------------------ when


@each_row(("starts_at", "written"), SPRING_AND_AUTUMN)
def test_on_days_with_a_clock_change_the_event_is_at_the_exact_instant(starts_at: datetime, written: str) -> None:
    facts = of_callback(samples.slot(starts_at))
    read = received(Kind.CALLBACK_BOOKED, facts)
    event = calendars.of(read)

    assert (event.starts_at, event.ends_at) == (starts_at, starts_at + timedelta(minutes=30))
    assert written in read.text.replace("\u00a0", " ")
    calendar = raw(facts)
    assert f"\r\nDTSTART:{starts_at:%Y%m%dT%H%M%SZ}\r\n" in calendar
    assert "TZID" not in calendar and "VTIMEZONE" not in calendar


# ------------------------------------------------------------------ typed texts


def typed(text: str) -> CallbackFacts:
    return of_callback(topic=text, description=text, requested_by=Person(user_id="anna", name=text))


@each_row("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_is_one_line_of_the_description(text: str) -> None:
    ordinary, event = invited(*BOOKED), invited(Kind.CALLBACK_BOOKED, typed(text))

    assert replace(event, description=ordinary.description) == ordinary
    assert [line.partition(": ")[0] for line in event.description.split("\n")] == [
        "Wen wir anrufen",
        "Telefonnummer",
        "Thema",
        "Anliegen",
    ]
    assert not post.LINKS.match(event.description)
    calendar = raw(typed(text))
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    assert not [c for c in calendar if c not in "\r\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]


@each_row("name", HOSTILE if IS_NIGHTLY else STRONGEST)
def test_hostile_input_leaves_the_mail_around_the_invitation_unchanged(name: str) -> None:
    expected = received(Kind.CALLBACK_BOOKED, typed("Anna at evil.example"))

    require_same_mail(received(Kind.CALLBACK_BOOKED, typed(HOSTILE[name])), expected, set())
