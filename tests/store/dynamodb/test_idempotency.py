"""Responses stored for an Idempotency-Key: one per caller, route and key, valid for 24 hours."""

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
GIULIAS_KEY = keys.idempotency("tenant", "acme#giulia", "POST /v1/grants", "abc")
RECORD = IdempotencyRecord(key=KEY, fingerprint="of the body")


def store_response(record: IdempotencyRecord = RECORD, response: str = "the answer") -> None:
    """Store the response in a transaction, as a handler does."""
    change = Transaction()
    idempotency.store_response(change, record.with_response(response), factories.now())
    change.commit()


def found() -> dict[Key, Item]:
    return find_all([KEY])


def test_a_record_takes_its_response_before_it_is_stored():
    assert RECORD.with_response("the answer") == IdempotencyRecord(
        key=KEY, fingerprint="of the body", response="the answer"
    )


def test_the_same_request_gets_the_stored_response():
    store_response()

    with pytest.raises(ReplayResponse) as before:
        idempotency.replay(RECORD, found(), factories.now())
    assert before.value.response == "the answer"


def test_the_same_key_with_another_body_is_refused():
    store_response()

    with pytest.raises(IdempotencyKeyReused):
        idempotency.replay(IdempotencyRecord(key=KEY, fingerprint="of another body"), found(), factories.now())


def test_a_new_key_raises_no_replay():
    idempotency.replay(RECORD, found(), factories.now())


def test_a_request_without_a_key_raises_no_replay_and_stores_nothing():
    store_response()
    change = Transaction()

    idempotency.store_response(change, None, factories.now())
    idempotency.replay(None, found(), factories.now())

    assert change._names == {"check": [], "delete": [], "put": [], "update": []}


def test_a_stored_response_is_valid_for_24_hours_even_if_its_item_stays_longer(world):
    store_response()
    world.shift(KEPT_FOR - SECOND)
    with pytest.raises(ReplayResponse):
        idempotency.replay(RECORD, found(), factories.now())
    world.shift(SECOND)

    assert found()
    idempotency.replay(RECORD, found(), factories.now())
    store_response(response="another answer")

    with pytest.raises(ReplayResponse) as before:
        idempotency.replay(RECORD, found(), factories.now())
    assert before.value.response == "another answer"


def test_the_ttl_of_a_stored_response_is_its_end():
    store_response()

    [item] = table.items(KEY.pk)
    assert item["ttl"] == {"N": str(int((MONDAY_NOON + KEPT_FOR).timestamp()))}
    assert item["expires_at"] == {"S": "2026-11-24T12:00:00Z"}


def test_the_table_does_not_contain_the_key_in_clear_text():
    store_response()

    [item] = table.items(KEY.pk)
    assert item["SK"]["S"].startswith("ONCE#POST /v1/grants#")
    assert "abc" not in item["SK"]["S"].removeprefix("ONCE#POST /v1/grants#").split("#")


def test_the_loser_of_a_race_gets_the_winners_response():
    store_response(response="the winner's answer")

    with pytest.raises(ConditionFailed):
        store_response(response="the loser's answer")
    with pytest.raises(ReplayResponse) as before:
        idempotency.replay(RECORD, found(), factories.now())

    assert before.value.response == "the winner's answer"


def test_an_item_of_another_type_under_the_key_is_not_replayed():
    idempotency.replay(RECORD, {KEY: find_all([keys.tenant("acme")])[keys.tenant("acme")]}, factories.now())


def test_the_same_key_of_another_caller_is_another_record():
    store_response()
    store_response(IdempotencyRecord(key=GIULIAS_KEY, fingerprint="of the body"))

    assert len(table.items(sk_begins="ONCE#")) == 2


def test_a_response_reads_as_it_was_stored():
    store_response(response='{"grant_id": "01J", "name": "Zoë"}')

    item = found()[KEY]

    assert isinstance(item, IdempotencyItem)
    assert (item.response, item.fingerprint) == ('{"grant_id": "01J", "name": "Zoë"}', "of the body")
