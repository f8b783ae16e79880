"""The call-back routes: Anna books, moves and cancels slots of both lengths and queue entries; Sven calls her.

A warm function caches the desk for ten seconds. The desk is read before each measured call, so that the read is counted
only in the call whose name says so.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from bench import calls, samples, world
from bench.bill import Bill
from bench.calls import ANNA, BACKEND, NO_CALLER, SVEN
from guestkey.edge import holidays
from guestkey.rules.callbacks import TAKEN_AHEAD
from guestkey.rules.instants import instant
from guestkey.store import clock
from guestkey.store.callbacks import desks
from local.sample import DESK

CALL = {"description": "The nightly export stopped half-way, see the ticket.", "phone": "+49 241 44686122"}
QUESTION, CONSULTATION = "question", "consultation"
"""A topic of 15 minutes, and a topic of 30 minutes."""
KEYED = {"Idempotency-Key": "bench"}

PUT_DESK = "PUT /v1/vendor/desk"
GET_CONTACT = "GET /v1/contact"
GET_TOPICS = "GET /v1/topics"
GET_SLOTS = "GET /v1/slots"
POST_CALLBACK = "POST /v1/callbacks"
GET_OPEN = "GET /v1/callbacks/open"
PATCH_CALLBACK = "PATCH /v1/callbacks/{callback_id}"
DELETE_CALLBACK = "DELETE /v1/callbacks/{callback_id}"
GET_DAY = "GET /v1/support/callbacks"
TAKE_CALLBACK = "POST /v1/support/callbacks/{callback_id}/take"
CLOSE_CALLBACK = "POST /v1/support/callbacks/{callback_id}/close"


def add_to(bill: Bill) -> None:
    """Make each call and add its row."""
    bill.item("PUT desk", "desk_settings", calls.event(PUT_DESK, BACKEND, sent=DESK))
    holidays.store_missing(clock.now())
    asked = calls.event(GET_CONTACT, NO_CALLER, query={"country": "CH", "minutes": "12"})
    bill.item("GET /v1/contact, with a read of the desk", "contact", asked)
    _warm(bill, "GET /v1/topics", "booking", calls.event(GET_TOPICS, ANNA))
    quarters = _slots(bill, "GET /v1/slots, 15 minutes", QUESTION)
    halves = _slots(bill, "GET /v1/slots, 30 minutes", CONSULTATION)
    at_ten = [starts_at for starts_at in halves if starts_at.endswith("T10:00:00Z")]
    _book_move_cancel(bill, *at_ten[:2])
    _take_and_close(bill, "15 minutes", _order(QUESTION, at_ten[0]))
    _take_and_close(bill, "30 minutes", _order(CONSULTATION, at_ten[1]))
    _take_and_close(bill, "the queue", _order(QUESTION, None))
    # These come last, because a repeated request claims priority on the ledger head for a second, and because the
    # calls after it fill all slots.
    order = _order(QUESTION, at_ten[2])
    callback_id = _book(bill, "book, 15 minutes, with Idempotency-Key", order, headers=KEYED)
    _book(bill, "book, repeated with the same Idempotency-Key", order, headers=KEYED)
    calls.call("booking", calls.event(DELETE_CALLBACK, ANNA, parts={"callback_id": callback_id}))
    world.fill(samples.full(quarters, DESK["lines"]))
    _slots(bill, "GET /v1/slots, every line taken", QUESTION)
    _warm(bill, "book, every line taken", "booking", calls.event(POST_CALLBACK, ANNA, sent=order), status=409)


def _book_move_cancel(bill: Bill, one_day: str, another: str) -> None:
    """Book, move and cancel as Anna: 15 minutes, 30 minutes and the queue."""
    callback_id = _book(bill, "book, 15 minutes", _order(QUESTION, one_day))
    _warm(bill, "GET /v1/callbacks/open", "booking", calls.event(GET_OPEN, ANNA))
    _move(bill, "move, 15 minutes", callback_id, another)
    _move(bill, "move, to the same slot", callback_id, another)
    _cancel(bill, "cancel, 15 minutes", callback_id)
    _cancel(bill, "cancel, twice", callback_id)

    callback_id = _book(bill, "book, 30 minutes", _order(CONSULTATION, one_day))
    _move(bill, "move, 30 minutes, by 15", callback_id, one_day.replace("T10:00", "T10:15"))
    _move(bill, "move, 30 minutes, by a day", callback_id, another)
    _cancel(bill, "cancel, 30 minutes", callback_id)

    callback_id = _book(bill, "book, the queue", _order(QUESTION, None))
    _move(bill, "move, the queue to 15 minutes", callback_id, one_day)
    _move(bill, "move, 15 minutes to the queue", callback_id, None)
    _cancel(bill, "cancel, the queue", callback_id)


def _take_and_close(bill: Bill, name: str, order: dict[str, Any]) -> None:
    """Book as Anna, without a row, then list, take and close the call-back as Sven."""
    booked = calls.call("booking", calls.event(POST_CALLBACK, ANNA, sent=order))
    callback = json.loads(booked["body"])
    parts = {"callback_id": callback["callback_id"]}
    day = calls.event(GET_DAY, SVEN, query={"day": callback["starts_at"][:10]} if callback["starts_at"] else {})
    _warm(bill, f"GET /v1/support/callbacks, {name}", "agent_callbacks", day)
    with _just_before(callback["starts_at"]):
        _warm(bill, f"take, {name}", "agent_callbacks", calls.event(TAKE_CALLBACK, SVEN, parts=parts))
    _warm(
        bill,
        f"close, {name}",
        "agent_callbacks",
        calls.event(CLOSE_CALLBACK, SVEN, parts=parts, sent={"outcome": "reached"}),
    )


@contextmanager
def _just_before(starts_at: str | None) -> Iterator[None]:
    """Set the clock to the hour before a call, in which an agent may take it. The queue has no such hour."""
    if starts_at is None:
        yield
        return
    then = instant(starts_at) - TAKEN_AHEAD
    with patch.object(clock, "now", lambda: then):
        yield


def _slots(bill: Bill, name: str, topic: str) -> list[str]:
    """List the slots of 14 days and return their start times."""
    listed = _warm(bill, name, "booking", calls.event(GET_SLOTS, ANNA, query={"topic": topic}))
    return [slot["starts_at"] for slot in json.loads(listed)["items"]]


def _book(bill: Bill, name: str, order: dict[str, Any], **more: Any) -> str:
    asked = calls.event(POST_CALLBACK, ANNA, sent=order, **more)
    return str(json.loads(_warm(bill, name, "booking", asked, most=2, status=201))["callback_id"])


def _move(bill: Bill, name: str, callback_id: str, starts_at: str | None) -> None:
    asked = calls.event(PATCH_CALLBACK, ANNA, parts={"callback_id": callback_id}, sent={"starts_at": starts_at})
    _warm(bill, name, "booking", asked)


def _cancel(bill: Bill, name: str, callback_id: str) -> None:
    _warm(bill, name, "booking", calls.event(DELETE_CALLBACK, ANNA, parts={"callback_id": callback_id}))


def _warm(bill: Bill, name: str, function: str, asked: dict[str, Any], **more: Any) -> str:
    desks.clear_cache()
    desks.current(clock.now())
    return bill.item(name, function, asked, **more)


def _order(topic: str, starts_at: str | None) -> dict[str, Any]:
    return CALL | {"topic": topic, "starts_at": starts_at}
