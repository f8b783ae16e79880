"""Answers kept for an Idempotency-Key: one per caller, route and key, for 24 hours by their own time."""

from datetime import timedelta

import pytest

from guestkey.errors import IdempotencyKeyReused
from guestkey.store.dynamodb import idempotency, keys
from guestkey.store.dynamodb.idempotency import KEPT_FOR, IdempotencyItem, IdempotencyRecord, ReplayResponse
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from tests import factories, table
from tests.factories import MONDAY_NOON

SECOND = timedelta(seconds=1)
KEY = keys.idempotency("tenant", "acme#anna", "POST /v1/grants", "abc")
OTHERS = keys.idempotency("tenant", "acme#giulia", "POST /v1/grants", "abc")
ASKED = IdempotencyRecord(key=KEY, fingerprint="of the body")


def kept(asked: IdempotencyRecord = ASKED, answer: str = "the answer") -> None:
    """Do the work, whatever it is, and keep its answer."""
    change = Transaction()
    idempotency.store_response(change, asked.with_response(answer), factories.now())
    change.commit()


def found() -> dict[Key, Item]:
    return find_all([KEY])


def test_an_answer_is_filled_in_before_it_is_kept():
    assert ASKED.with_response("the answer") == IdempotencyRecord(
        key=KEY, fingerprint="of the body", response="the answer"
    )


def test_the_same_request_is_given_the_first_answer_again():
    kept()

    with pytest.raises(ReplayResponse) as before:
        idempotency.replay(ASKED, found(), factories.now())
    assert before.value.response == "the answer"


def test_the_same_key_with_another_body_is_refused():
    kept()

    with pytest.raises(IdempotencyKeyReused):
        idempotency.replay(IdempotencyRecord(key=KEY, fingerprint="of another body"), found(), factories.now())


def test_a_request_that_was_not_asked_before_goes_on():
    idempotency.replay(ASKED, found(), factories.now())


def test_a_request_without_a_key_goes_on_and_keeps_nothing():
    kept()
    change = Transaction()

    idempotency.store_response(change, None, factories.now())
    idempotency.replay(None, found(), factories.now())

    assert change._names == {"check": [], "delete": [], "put": [], "update": []}


def test_an_answer_is_kept_for_24_hours_swept_or_not(world):
    kept()
    world.shift(KEPT_FOR - SECOND)
    with pytest.raises(ReplayResponse):
        idempotency.replay(ASKED, found(), factories.now())
    world.shift(SECOND)

    assert found()
    idempotency.replay(ASKED, found(), factories.now())
    kept(answer="another answer")

    with pytest.raises(ReplayResponse) as before:
        idempotency.replay(ASKED, found(), factories.now())
    assert before.value.response == "another answer"


def test_the_table_sweeps_it_when_it_does_not_count_any_more():
    kept()

    [item] = table.items(KEY.pk)
    assert item["ttl"] == {"N": str(int((MONDAY_NOON + KEPT_FOR).timestamp()))}
    assert item["expires_at"] == {"S": "2026-11-24T12:00:00Z"}


def test_what_the_caller_sent_as_a_key_is_nowhere_in_the_table():
    kept()

    [item] = table.items(KEY.pk)
    assert item["SK"]["S"].startswith("ONCE#POST /v1/grants#")
    assert "abc" not in item["SK"]["S"].removeprefix("ONCE#POST /v1/grants#").split("#")


def test_whoever_loses_the_race_is_given_the_winners_answer():
    kept(answer="the winner's answer")

    with pytest.raises(ConditionFailed):
        kept(answer="the loser's answer")
    with pytest.raises(ReplayResponse) as before:
        idempotency.replay(ASKED, found(), factories.now())

    assert before.value.response == "the winner's answer"


def test_something_else_under_the_key_is_no_answer():
    idempotency.replay(ASKED, {KEY: find_all([keys.tenant("acme")])[keys.tenant("acme")]}, factories.now())


def test_the_same_key_of_somebody_else_is_another_key():
    kept()
    kept(IdempotencyRecord(key=OTHERS, fingerprint="of the body"))

    assert len(table.items(sk_begins="ONCE#")) == 2


def test_an_answer_reads_as_it_was_kept():
    kept(answer='{"grant_id": "01J", "name": "Zoë"}')

    item = found()[KEY]

    assert isinstance(item, IdempotencyItem)
    assert (item.response, item.fingerprint) == ('{"grant_id": "01J", "name": "Zoë"}', "of the body")
