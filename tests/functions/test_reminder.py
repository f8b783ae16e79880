"""The reminder function: its schedule fires an hour before a call-back and mails the user, if the call is still due."""

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
import time_machine

from guestkey.edge.mail.send import MailFailed
from guestkey.rules.callbacks import Callback
from guestkey.rules.instants import text_of
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, table
from tests.calls import LambdaContext, handler
from tests.edge import post
from tests.factories import TUESDAY_AT_TEN
from tests.personas import ANNA, CARLA

NOON = TUESDAY_AT_TEN + timedelta(hours=2)
ANNAS = "anna@acme.example"


def fire(asked: Callback, starts_at: datetime = TUESDAY_AT_TEN) -> None:
    """Call the function as the schedule for that time does."""
    payload = {"tenant_id": asked.tenant_id, "callback_id": asked.callback_id, "starts_at": text_of(starts_at)}
    assert handler("reminder")(json.loads(json.dumps(payload)), LambdaContext()) is None


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_anna_is_reminded_in_her_language_with_the_ledgers_head_and_without_an_invitation(
    world: time_machine.Traveller, mails: list[post.Sent], capsys: pytest.CaptureFixture[str]
) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    state = ledger.read_state("acme")
    world.move_to(TUESDAY_AT_TEN - timedelta(hours=1))

    fire(booked)

    (sent,) = mails
    read = post.read(post.as_mailed(sent))
    assert state
    assert read.recipients == [ANNAS]
    assert read.headers["subject"] == [f"Erinnerung an Ihren Rückruf vom Support ({booked.callback_id[-6:]})"]
    assert read.headers["guestkey-head"] == [str(state.head)]
    assert read.calendars == []
    assert "Dienstag, 24. November 2026, 10:00 Uhr (Europe/Berlin)" in read.text.replace("\u00a0", " ")
    assert lines(capsys) == [
        {"tenant_id": "acme", "callback_id": booked.callback_id, "notice": "callback_reminder", "mailed": 1}
    ]


def test_a_taken_call_back_is_reminded_of_too(mails: list[post.Sent]) -> None:
    booked = factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))

    fire(booked)

    assert post.recipients(mails) == [ANNAS]


def test_a_schedule_that_fires_again_sends_no_second_reminder(mails: list[post.Sent]) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)

    fire(booked)
    fire(booked)

    assert len(mails) == 1


def test_after_a_move_only_the_new_time_has_a_reminder(mails: list[post.Sent]) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.moved(booked, NOON)

    fire(booked)
    assert mails == []

    fire(booked, NOON)
    assert len(mails) == 1


def test_a_move_after_the_reminder_causes_a_reminder_of_the_new_time(mails: list[post.Sent]) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    fire(booked)
    factories.moved(booked, NOON)

    fire(booked, NOON)

    assert len(mails) == 2


def test_cancelled_closed_and_queued_call_backs_cause_no_reminder(mails: list[post.Sent]) -> None:
    cancelled = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.cancelled(cancelled)
    closed = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.closed(factories.taken(closed))
    waiting = factories.callback(CARLA, TUESDAY_AT_TEN)
    factories.moved(waiting, None, by=CARLA)

    for asked in (cancelled, closed, waiting):
        fire(asked)

    assert mails == []


def test_after_the_begin_of_the_call_there_is_no_reminder(
    world: time_machine.Traveller, mails: list[post.Sent]
) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN)

    fire(booked)

    assert mails == []


@pytest.mark.parametrize("email", [None, "anna"])
def test_without_an_address_in_the_token_there_is_no_reminder(mails: list[post.Sent], email: str | None) -> None:
    fire(factories.callback(ANNA.but(email=email), TUESDAY_AT_TEN))

    assert mails == []


def test_a_deleted_call_back_causes_no_reminder(mails: list[post.Sent]) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    table.drop(keys.callback("acme", booked.callback_id))

    fire(booked)

    assert mails == []


def test_a_reminder_that_ses_refuses_raises_so_that_it_is_retried(mails: list[post.Sent]) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    refusal = HTTPStatus.BAD_REQUEST, "MessageRejected", "Email address is not verified: anna@acme.example"

    with post.fake_ses(lambda address: refusal), pytest.raises(MailFailed, match="MessageRejected") as failed:
        fire(booked)
    assert "anna" not in str(failed.value)

    fire(booked)
    assert post.recipients(mails) == [ANNAS]
