"""Limits of a user at their tenant in a UTC hour: grants given or approved, call-backs, choices of notices."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine

from guestkey.rules.callbacks import MAX_BOOKINGS_AN_HOUR
from guestkey.rules.callbacks import move as move_to_slot
from guestkey.rules.grants import MAX_GRANTS_AN_HOUR, MAX_LIVE_GRANTS
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.notices import MAX_CHOICES_AN_HOUR
from guestkey.rules.requests import Request
from guestkey.store.callbacks import changes
from guestkey.store.dynamodb import counters, keys
from tests import factories, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON, TUESDAY_AT_TEN
from tests.personas import ANNA, BEN, CARLA, GIULIA, Caller
from tests.store import wire

Loss = Callable[[], AbstractContextManager[None]]
LOSSES: list[Loss] = [wire.botocore_sends_it_again, wire.every_resend_gets_lost, wire.lost_above_botocore]
every_loss = pytest.mark.parametrize("loss", LOSSES)
MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)
KEY = {"Idempotency-Key": "a-key-of-hers"}
TO_SVEN = {"grantee": {"type": "agent", "id": "sven"}}
CALL = {"topic": "question", "description": "The import stands still", "phone": "+49 241 446 86 122"}
TEN, ELEVEN = "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z"


def give(caller: Caller = ANNA, **how: Any) -> Answer:
    return call("POST", "/v1/grants", TO_SVEN, caller=caller, **how)


def approve(request: Request, caller: Caller = ANNA, **how: Any) -> Answer:
    return call("POST", f"/v1/requests/{request.request_id}/approve", caller=caller, **how)


def prepare_approval() -> Callable[[], Answer]:
    """Make a request, before any user claims priority on the ledger, and return its approval."""
    request = factories.requested()
    return lambda: approve(request)


def book(caller: Caller = ANNA, starts_at: str | None = None, **how: Any) -> Answer:
    return call("POST", "/v1/callbacks", CALL | {"starts_at": starts_at}, caller=caller, **how)


def move(callback_id: str, starts_at: str | None, caller: Caller = ANNA) -> Answer:
    return call("PATCH", f"/v1/callbacks/{callback_id}", {"starts_at": starts_at}, caller=caller)


def cancel(callback_id: str, caller: Caller = ANNA) -> Answer:
    return call("DELETE", f"/v1/callbacks/{callback_id}", caller=caller)


def counted(what: str, user_id: str = "anna") -> int:
    found = table.one(keys.counter_of_user(what, "acme", user_id, factories.now()))
    return int(found["number"]["N"]) if found else 0


def assert_too_many(answer: Answer, retry_after: timedelta) -> None:
    assert (answer.status, answer.code) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == str(int(retry_after.total_seconds()))


# ------------------------------------------------------------------ grants and approvals

GIVING: dict[str, Callable[[], Callable[[], Answer]]] = {"giving": lambda: give, "approving": prepare_approval}
every_giving = pytest.mark.parametrize("prepare", GIVING.values(), ids=GIVING)


@every_giving
def test_the_200th_grant_of_an_hour_is_given_and_the_next_is_refused_until_the_hour_ends(
    prepare: Callable[[], Callable[[], Answer]], world: time_machine.Traveller
) -> None:
    world.move_to(MONDAY_NOON + 10 * MINUTE)
    last, refused = prepare(), [act() for act in GIVING.values()]
    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR - 1)
    assert last().status == 201

    for act in refused:
        with table.unchanged():
            assert_too_many(act(), 50 * MINUTE)
    world.move_to(MONDAY_NOON + HOUR - SECOND)
    assert_too_many(refused[1](), SECOND)
    world.move_to(MONDAY_NOON + HOUR)
    assert [act().status for act in refused] == [201, 201]


def test_grants_and_approvals_count_together_and_once_each() -> None:
    approve(factories.requested())
    give()
    give(headers=KEY)
    give(headers=KEY)

    assert counted(counters.GIVEN) == 3
    found = table.one(keys.counter_of_user(counters.GIVEN, "acme", "anna", MONDAY_NOON))
    assert found and found["ttl"]["N"] == str(int((MONDAY_NOON + 2 * timedelta(days=1)).timestamp()))


def test_grants_are_counted_per_user_and_per_tenant() -> None:
    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR)

    assert give(GIULIA).status == 201
    assert give(CARLA.but(sub="anna")).status == 201
    assert_too_many(give(), HOUR)


def test_a_refused_grant_counts_nothing_and_a_refused_approval_leaves_the_request_pending() -> None:
    factories.bulk_live(MAX_LIVE_GRANTS)
    before = counted(counters.GIVEN)
    assert give().code == "too_many_grants"
    assert give(BEN).code == "right_missing"
    assert (counted(counters.GIVEN), counted(counters.GIVEN, "ben")) == (before, 0)

    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR)
    assert give(BEN).code == "right_missing"


def test_a_request_stays_pending_when_its_approver_has_reached_the_limit() -> None:
    request = factories.requested()
    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR)
    assert_too_many(approve(request), HOUR)

    assert approve(request, GIULIA).status == 201


def test_beyond_the_limit_a_stored_response_is_given_again_and_a_closed_request_says_so() -> None:
    request = factories.requested()
    kept = give(headers=KEY)
    factories.approved(request, by=GIULIA)
    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR)

    assert give(headers=KEY).text == kept.text
    assert approve(request).code == "request_closed"


def test_revoking_and_declining_have_no_limit() -> None:
    grant, request = factories.grant(), factories.requested()
    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR)

    assert call("DELETE", f"/v1/grants/{grant.grant_id}", caller=ANNA).status == 200
    assert call("POST", f"/v1/requests/{request.request_id}/decline", caller=ANNA).status == 200
    assert counted(counters.GIVEN) == MAX_GRANTS_AN_HOUR


def test_of_two_grants_at_the_same_moment_one_is_the_last_of_the_hour() -> None:
    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR - 1)
    with table.meanwhile(give):
        assert_too_many(give(), HOUR)

    assert factories.what_happened() == ["grant.given"]


def test_a_right_taken_away_at_the_limit_is_the_answer() -> None:
    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR)
    with table.meanwhile(lambda: factories.right(ANNA, may_grant=False)):
        assert give().code == "right_missing"


@every_giving
@every_loss
def test_the_last_grant_of_an_hour_is_given_once_when_its_answer_is_lost(
    prepare: Callable[[], Callable[[], Answer]], loss: Loss
) -> None:
    act = prepare()
    factories.counted_for_user(counters.GIVEN, MAX_GRANTS_AN_HOUR - 1)
    with loss():
        assert act().status == 201

    assert counted(counters.GIVEN) == MAX_GRANTS_AN_HOUR
    assert factories.what_happened().count("grant.given") == 1


# ------------------------------------------------------------------ call-backs


def test_the_20th_booking_of_an_hour_is_done_and_the_next_is_refused_until_the_hour_ends(
    world: time_machine.Traveller,
) -> None:
    world.move_to(MONDAY_NOON + 10 * MINUTE)
    for _ in range(MAX_BOOKINGS_AN_HOUR // 2):
        callback_id = book(starts_at=TEN).body["callback_id"]
        assert move(callback_id, ELEVEN).status == 200
        assert cancel(callback_id).status == 200

    assert counted(counters.BOOKED) == MAX_BOOKINGS_AN_HOUR
    for starts_at in (TEN, None):
        with table.unchanged():
            assert_too_many(book(starts_at=starts_at), 50 * MINUTE)
    world.move_to(MONDAY_NOON + HOUR)
    assert book(starts_at=TEN).status == 201


def test_a_user_at_the_limit_can_cancel_but_not_move(world: time_machine.Traveller) -> None:
    callback_id = book(starts_at=TEN).body["callback_id"]
    factories.counted_for_user(counters.BOOKED, MAX_BOOKINGS_AN_HOUR)
    for starts_at in (ELEVEN, None):
        with table.unchanged():
            assert_too_many(move(callback_id, starts_at), HOUR)

    assert move(callback_id, TEN).status == 200, "a move to the same slot changes nothing"
    assert move(callback_id, ELEVEN, BEN).status == 200, "the limit is each user's own"
    assert cancel(callback_id).status == 200
    assert book(CARLA.but(sub="anna")).status == 201, "and of each tenant"


def test_repeated_and_refused_bookings_and_moves_without_a_change_count_nothing() -> None:
    callback_id = book(starts_at=TEN, headers=KEY).body["callback_id"]
    book(starts_at=TEN, headers=KEY)
    move(callback_id, TEN)
    assert book().code == "callback_open"
    assert move(callback_id, "2026-11-24T09:07:00Z").code == "slot_not_offered"
    assert counted(counters.BOOKED) == 1

    factories.counted_for_user(counters.BOOKED, MAX_BOOKINGS_AN_HOUR)
    assert book(starts_at=TEN, headers=KEY).status == 201
    assert book().code == "callback_open"


def test_at_the_limit_a_slot_that_is_taken_says_so() -> None:
    factories.seats(TUESDAY_AT_TEN, 2)
    factories.counted_for_user(counters.BOOKED, MAX_BOOKINGS_AN_HOUR)

    assert book(starts_at=TEN).code == "slot_taken"


@pytest.mark.parametrize("is_move", [False, True], ids=["booking", "moving"])
@every_loss
def test_the_last_booking_of_an_hour_is_done_once_when_its_answer_is_lost(loss: Loss, is_move: bool) -> None:
    callback_id = book(starts_at=TEN).body["callback_id"] if is_move else ""
    factories.counted_for_user(counters.BOOKED, MAX_BOOKINGS_AN_HOUR - 1)
    with loss():
        answer = move(callback_id, ELEVEN) if is_move else book(starts_at=TEN)

    assert answer.status in (200, 201)
    assert counted(counters.BOOKED) == MAX_BOOKINGS_AN_HOUR


def test_a_move_that_no_user_makes_is_not_counted() -> None:
    asked = factories.callback(ANNA, TUESDAY_AT_TEN)
    by, rule = By(type=ByType.VENDOR, id="backend"), partial(move_to_slot, slot=None, now=factories.now())
    moved = changes.change("acme", asked.callback_id, What.CALLBACK_MOVED, by, rule, factories.now())

    assert moved.slot is None
    assert (counted(counters.BOOKED), counted(counters.BOOKED, "backend")) == (1, 0)


# ------------------------------------------------------------------ choices of notices


def choose(granted: str, caller: Caller = ANNA) -> Answer:
    return call("PUT", "/v1/notices", {"kinds": {"granted": granted}}, caller=caller)


def test_the_20th_choice_of_notices_of_an_hour_is_stored_and_the_next_is_refused_until_the_hour_ends(
    world: time_machine.Traveller,
) -> None:
    factories.counted_for_user(counters.CHOSEN, MAX_CHOICES_AN_HOUR - 1)
    assert choose("digest").status == 200
    with table.unchanged():
        assert_too_many(choose("immediate"), HOUR)
        assert choose("digest").status == 200, "what changes nothing is not counted"

    assert choose("immediate", GIULIA).status == 200, "the limit is each user's own"
    world.shift(HOUR)
    assert choose("digest").status == 200


@every_loss
def test_the_last_choice_of_an_hour_is_stored_once_when_its_answer_is_lost(loss: Loss) -> None:
    factories.counted_for_user(counters.CHOSEN, MAX_CHOICES_AN_HOUR - 1)
    with loss():
        assert choose("digest").status == 200

    assert counted(counters.CHOSEN) == MAX_CHOICES_AN_HOUR
