"""Mails and calendar entries of a call-back, over the real table, stream, SES and schedules of reminders."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guestkey.rules.instants import instant, text_of
from guestkey.store.callbacks.desks import CACHED_FOR
from local import sample
from local.deployment import STACK_NAME
from tests.edge import calendars
from tests.edge.post import Read
from tests.hostile_texts import HOSTILE, require_same_mail
from tests.journeys import mailbox
from tests.journeys.calls import Caller, refusal, success
from tests.journeys.mailbox import mails_after, mails_to, until
from tests.journeys.world import Tenant, World

AROUND_THE_CLOCK = {
    day: [{"from": "00:00", "until": "24:00"}] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
}
BOOKED, MOVED, CANCELLED, REMINDER = (
    "Ihr Rückruf vom Support ist gebucht",
    "Ihr Rückruf vom Support hat einen neuen Termin",
    "Ihr Rückruf vom Support ist abgesagt",
    "Erinnerung an Ihren Rückruf vom Support",
)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def slots(world: World) -> Iterator[list[str]]:
    """The free slots of an always open desk: more than these tests use."""
    world.clean_up()
    success(world.backend.put("/v1/vendor/desk", sample.DESK | {"hours": AROUND_THE_CLOCK, "lines": 50}))
    time.sleep(CACHED_FOR.total_seconds() + 1)
    found = success(world.caller("carla").get("/v1/slots?topic=question&days=14"))["items"]
    yield [slot["starts_at"] for slot in found]
    success(world.backend.put("/v1/vendor/desk", sample.DESK))


def anna_of(tenant: Tenant, name: str = "Anna Albrecht") -> Caller:
    """Return Anna, with a mail address of this tenant in her token."""
    return tenant.user("anna", name=name, email=f"anna@{tenant.tenant_id}.example")


def order(starts_at: str | None = None, description: str = "The import hangs") -> dict[str, Any]:
    return {"topic": "question", "description": description, "phone": "+49 241 44686122", "starts_at": starts_at}


def book(anna: Caller, starts_at: str | None) -> str:
    callback_id: str = success(anna.post("/v1/callbacks", order(starts_at)), 201)["callback_id"]
    return callback_id


def move(anna: Caller, callback_id: str, starts_at: str | None) -> None:
    success(anna.call("PATCH", f"/v1/callbacks/{callback_id}", {"starts_at": starts_at}))


def cancel(anna: Caller, callback_id: str) -> None:
    success(anna.delete(f"/v1/callbacks/{callback_id}"))


# ------------------------------------------------------------------ calendar


def test_booking_moving_and_cancelling_update_one_calendar_event(acme: Tenant, slots: list[str]) -> None:
    anna = anna_of(acme)
    callback_id = book(anna, slots[0])
    move(anna, callback_id, slots[4])
    cancel(anna, callback_id)
    mails = mails_after(acme, 3)

    assert [(mail["to"], mailbox.kind_of(mail)) for mail in mails] == [
        ([f"anna@{acme.tenant_id}.example"], subject) for subject in (BOOKED, MOVED, CANCELLED)
    ]
    assert all("„The import hangs“" in mail["text"] and "The import hangs" in mail["html"] for mail in mails)
    events = [calendars.of(mailbox.read(mail)) for mail in mails]
    assert {one.uid for one in events} == {f"{callback_id}@{STACK_NAME}"}
    assert [(one.method, one.sequence, text_of(one.starts_at)) for one in events] == [
        ("REQUEST", 0, slots[0]),
        ("REQUEST", 1, slots[4]),
        ("CANCEL", 2, slots[4]),
    ]
    assert {one.ends_at - one.starts_at for one in events} == {timedelta(minutes=15)}
    entries = [entry for entry in acme.ledger().entries if entry["what"].startswith("callback.")]
    assert [text_of(one.stamped_at) for one in events] == [entry["at"] for entry in entries]
    heads = [mailbox.read(mail).headers["guestkey-head"] for mail in mails]
    assert heads == [[f"{entry['seq']}:{entry['hash']}"] for entry in entries]


def test_a_call_back_in_the_queue_has_no_event_and_cancels_an_earlier_one(acme: Tenant, slots: list[str]) -> None:
    anna = anna_of(acme)
    callback_id = book(anna, None)
    move(anna, callback_id, slots[0])
    move(anna, callback_id, None)
    waiting, booked, left = (mailbox.read(mail) for mail in mails_after(acme, 3))

    assert waiting.calendars == []
    assert [calendars.of(read).method for read in (booked, left)] == ["REQUEST", "CANCEL"]
    assert [calendars.of(read).sequence for read in (booked, left)] == [1, 2]
    cancel(anna, callback_id)


# ------------------------------------------------------------------ reminders


def schedule(world: World, callback_id: str) -> dict[str, Any] | None:
    """Return the schedule of a call-back's reminder, or None."""
    scheduler = world.deployment.client("scheduler")
    try:
        return dict(scheduler.get_schedule(Name=callback_id, GroupName=STACK_NAME))
    except scheduler.exceptions.ResourceNotFoundException:
        return None


def scheduled(world: World, callback_id: str) -> str:
    """Return the time of a call-back's reminder."""
    return str((schedule(world, callback_id) or {}).get("ScheduleExpression"))


def at(moment: datetime) -> str:
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


def test_the_reminder_is_scheduled_an_hour_ahead_and_follows_a_move(
    acme: Tenant, world: World, slots: list[str]
) -> None:
    anna = anna_of(acme)
    callback_id = book(anna, slots[8])
    until(lambda: scheduled(world, callback_id) == at(instant(slots[8]) - HOUR))

    move(anna, callback_id, slots[12])
    until(lambda: scheduled(world, callback_id) == at(instant(slots[12]) - HOUR))

    cancel(anna, callback_id)
    until(lambda: schedule(world, callback_id) is None)


def test_a_schedule_fires_once_and_sends_one_reminder(acme: Tenant, world: World, slots: list[str]) -> None:
    callback_id = book(anna_of(acme), slots[8])
    mails_after(acme, 1)
    stored = until(lambda: schedule(world, callback_id))
    soon = datetime.now(UTC) + timedelta(seconds=2)
    members = ("Name", "GroupName", "FlexibleTimeWindow", "Target", "ActionAfterCompletion")
    world.deployment.client("scheduler").update_schedule(
        ScheduleExpression=at(soon), **{member: stored[member] for member in members}
    )

    reminder = mails_after(acme, 2)[1]

    assert (reminder["to"], mailbox.kind_of(reminder)) == ([f"anna@{acme.tenant_id}.example"], REMINDER)
    assert mailbox.read(reminder).calendars == []
    assert datetime.now(UTC) > soon.replace(microsecond=0)
    until(lambda: schedule(world, callback_id) is None)
    assert fired_again(world, stored["Target"]) == 0
    assert len(mails_to(acme)) == 2


def test_a_leftover_schedule_sends_no_reminder(acme: Tenant, world: World, slots: list[str]) -> None:
    anna = anna_of(acme)
    callback_id = book(anna, slots[8])
    left = until(lambda: schedule(world, callback_id))["Target"]
    move(anna, callback_id, slots[12])
    assert fired_again(world, left) == 0
    until(lambda: scheduled(world, callback_id) == at(instant(slots[12]) - HOUR))
    moved = until(lambda: schedule(world, callback_id))["Target"]
    cancel(anna, callback_id)
    assert fired_again(world, moved) == 0

    assert [mailbox.kind_of(mail) for mail in mails_after(acme, 3)] == [BOOKED, MOVED, CANCELLED]


def fired_again(world: World, target: dict[str, Any]) -> int:
    """Invoke the target of a schedule, and return the number of mails that it sent."""
    before = len(world.stack.mails())
    ran = world.lambda_.invoke(FunctionName=target["Arn"], Payload=target["Input"].encode())
    assert "FunctionError" not in ran, ran["Payload"].read()
    reminders = [mail for mail in world.stack.mails()[before:] if mailbox.kind_of(mail) == REMINDER]
    assert json.loads(target["Input"]).keys() == {"tenant_id", "callback_id", "starts_at"}
    return len(reminders)


# ------------------------------------------------------------------ typed texts


def test_hostile_texts_are_refused_or_are_plain_text_in_the_mail_and_the_calendar(
    acme: Tenant, slots: list[str]
) -> None:
    harmless = "Anna at evil.example"
    # `tests/edge/mail/test_invitations.py` covers all of them; a user books twenty call-backs an hour.
    texts = list(HOSTILE.values())[::5]
    assert is_booked_and_cancelled(acme, slots[0], harmless, harmless)
    for text in texts:
        name = text if len(text) < 1_000 and text.isprintable() else harmless
        is_taken = is_booked_and_cancelled(acme, slots[0], text, name)
        assert is_taken or is_booked_and_cancelled(acme, slots[0], harmless, name)

    mails = mails_after(acme, 2 * (1 + len(texts)))
    expected, *read = map(booked_mail, mails[::2])
    expected_event = calendars.of(expected)
    for mail in read:
        require_same_mail(mail, expected, set())
        event = calendars.of(mail)
        assert (event.method, event.summary, event.organizer, event.attendees) == (
            expected_event.method,
            expected_event.summary,
            expected_event.organizer,
            expected_event.attendees,
        )
        assert len(event.description.split("\n")) == len(expected_event.description.split("\n"))


def is_booked_and_cancelled(tenant: Tenant, starts_at: str, description: str, name: str) -> bool:
    """Book a slot and cancel it, and return whether the text is accepted."""
    anna = anna_of(tenant, name)
    answer = anna.post("/v1/callbacks", order(starts_at, description))
    if answer.status_code != 201:
        assert refusal(answer) in {(422, "input_invalid"), (400, "json_invalid")}, ascii(description)
        return False
    cancel(anna, answer.json()["callback_id"])
    return True


def booked_mail(mail: dict[str, Any]) -> Read:
    """Return a mail as parsed, without the ledger head and the number in the subject, which differ in each."""
    read = mailbox.read(mail)
    assert read.headers["guestkey-head"]
    read.headers["guestkey-head"] = []
    read.headers["subject"] = [mailbox.kind_of(read)]
    return read
