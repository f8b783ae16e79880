"""The calls around a call-back: Anna books, moves and cancels, at slots of both lengths and in the queue; Sven calls.

A warm function keeps the desk for ten seconds. Here it was always read just before, so that nothing is counted with it
but the call that says so.
"""

import json
from typing import Any

from bench import calls, samples, world
from bench.bill import Bill
from bench.calls import ANNA, BACKEND, NOBODY, SVEN
from guestkey.edge import clock, holidays
from guestkey.store.callbacks import desks
from local.sample import DESK

CALL = {"description": "The nightly export stopped half-way, see the ticket.", "phone": "+49 241 44686122"}
QUESTION, CONSULTATION = "question", "consultation"
"""A topic of 15 minutes, and one of 30."""
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
    """Add a line for each call."""
    bill.item("PUT desk", "desk_settings", calls.event(PUT_DESK, BACKEND, sent=DESK))
    holidays.store_missing(clock.now())
    asked = calls.event(GET_CONTACT, NOBODY, query={"country": "CH", "minutes": "12"})
    bill.item("GET /v1/contact, the desk read anew", "contact", asked)
    _warm(bill, "GET /v1/topics", "booking", calls.event(GET_TOPICS, ANNA))
    quarters = _slots(bill, "GET /v1/slots, 15 minutes", QUESTION)
    halves = _slots(bill, "GET /v1/slots, 30 minutes", CONSULTATION)
    at_ten = [starts_at for starts_at in halves if starts_at.endswith("T10:00:00Z")]
    _changes_her_mind(bill, *at_ten[:2])
    _is_called(bill, "15 minutes", _order(QUESTION, at_ten[0]))
    _is_called(bill, "30 minutes", _order(CONSULTATION, at_ten[1]))
    _is_called(bill, "the queue", _order(QUESTION, None))
    # Last, since a repeated request leaves its wish on the head for a second, and nothing is free after the rest.
    order = _order(QUESTION, at_ten[2])
    callback_id = _book(bill, "book, 15 minutes, with Idempotency-Key", order, headers=KEYED)
    _book(bill, "book, the same Idempotency-Key again", order, headers=KEYED)
    calls.call("booking", calls.event(DELETE_CALLBACK, ANNA, parts={"callback_id": callback_id}))
    world.fill(samples.full(quarters, DESK["lines"]))
    _slots(bill, "GET /v1/slots, every line taken", QUESTION)
    _warm(bill, "book, every line taken", "booking", calls.event(POST_CALLBACK, ANNA, sent=order), status=409)


def _changes_her_mind(bill: Bill, one_day: str, another: str) -> None:
    """Anna books, moves and cancels, again and again."""
    callback_id = _book(bill, "book, 15 minutes", _order(QUESTION, one_day))
    _warm(bill, "GET /v1/callbacks/open", "booking", calls.event(GET_OPEN, ANNA))
    _move(bill, "move, 15 minutes", callback_id, another)
    _move(bill, "move, to where it is", callback_id, another)
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


def _is_called(bill: Bill, name: str, order: dict[str, Any]) -> None:
    """Anna books, which has its line already, and Sven calls her."""
    booked = calls.call("booking", calls.event(POST_CALLBACK, ANNA, sent=order))
    callback = json.loads(booked["body"])
    parts = {"callback_id": callback["callback_id"]}
    day = calls.event(GET_DAY, SVEN, query={"day": callback["starts_at"][:10]} if callback["starts_at"] else {})
    _warm(bill, f"GET /v1/support/callbacks, {name}", "desk", day)
    _warm(bill, f"take, {name}", "desk", calls.event(TAKE_CALLBACK, SVEN, parts=parts))
    _warm(bill, f"close, {name}", "desk", calls.event(CLOSE_CALLBACK, SVEN, parts=parts, sent={"outcome": "reached"}))


def _slots(bill: Bill, name: str, topic: str) -> list[str]:
    """List 14 days, and return when their slots begin."""
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
