"""Answers kept for an Idempotency-Key: one per caller, route and key, for 24 hours by their own time."""

from datetime import timedelta

import pytest

from guestkey.errors import IdempotencyKeyReused
from guestkey.store import keys, once
from guestkey.store.keys import Key
from guestkey.store.once import KEPT_FOR, AnsweredBefore, Once, OnceItem
from guestkey.store.table import Change, Item, Unmet, find_all
from tests import makers, table
from tests.makers import MONDAY_NOON

SECOND = timedelta(seconds=1)
KEY = keys.once("tenant", "acme#anna", "POST /v1/grants", "abc")
OTHERS = keys.once("tenant", "acme#giulia", "POST /v1/grants", "abc")
ASKED = Once(key=KEY, fingerprint="of the body")


def kept(asked: Once = ASKED, answer: str = "the answer") -> None:
    """Do the work, whatever it is, and keep its answer."""
    change = Change()
    once.keep(change, asked.answering(answer), makers.now())
    change.commit()


def found() -> dict[Key, Item]:
    return find_all([KEY])


def test_an_answer_is_filled_in_before_it_is_kept():
    assert ASKED.answering("the answer") == Once(key=KEY, fingerprint="of the body", answer="the answer")


def test_the_same_request_is_given_the_first_answer_again():
    kept()

    with pytest.raises(AnsweredBefore) as before:
        once.replay(ASKED, found(), makers.now())
    assert before.value.answer == "the answer"


def test_the_same_key_with_another_body_is_refused():
    kept()

    with pytest.raises(IdempotencyKeyReused):
        once.replay(Once(key=KEY, fingerprint="of another body"), found(), makers.now())


def test_a_request_that_was_not_asked_before_goes_on():
    once.replay(ASKED, found(), makers.now())


def test_a_request_without_a_key_goes_on_and_keeps_nothing():
    kept()
    change = Change()

    once.keep(change, None, makers.now())
    once.replay(None, found(), makers.now())

    assert change._names == {"check": [], "delete": [], "put": [], "update": []}


def test_an_answer_is_kept_for_24_hours_swept_or_not(world):
    kept()
    world.shift(KEPT_FOR - SECOND)
    with pytest.raises(AnsweredBefore):
        once.replay(ASKED, found(), makers.now())
    world.shift(SECOND)

    assert found()
    once.replay(ASKED, found(), makers.now())
    kept(answer="another answer")

    with pytest.raises(AnsweredBefore) as before:
        once.replay(ASKED, found(), makers.now())
    assert before.value.answer == "another answer"


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

    with pytest.raises(Unmet) as unmet:
        kept(answer="the loser's answer")
    with pytest.raises(AnsweredBefore) as before:
        once.replay_winner(ASKED, unmet.value)

    assert before.value.answer == "the winner's answer"


def test_whoever_loses_the_race_with_another_body_is_refused():
    kept()

    with pytest.raises(Unmet) as unmet:
        kept()
    with pytest.raises(IdempotencyKeyReused):
        once.replay_winner(Once(key=KEY, fingerprint="of another body"), unmet.value)


@pytest.mark.parametrize("asked", [ASKED, None])
def test_a_change_that_failed_for_another_reason_replays_nothing(asked):
    once.replay_winner(asked, Unmet({"grant": {}}))


def test_something_else_under_the_key_is_no_answer():
    once.replay(ASKED, {KEY: find_all([keys.tenant("acme")])[keys.tenant("acme")]}, makers.now())


def test_the_same_key_of_somebody_else_is_another_key():
    kept()
    kept(Once(key=OTHERS, fingerprint="of the body"))

    assert len(table.items(sk_begins="ONCE#")) == 2


def test_an_answer_reads_as_it_was_kept():
    kept(answer='{"grant_id": "01J", "name": "Zoë"}')

    item = found()[KEY]

    assert isinstance(item, OnceItem)
    assert (item.answer, item.fingerprint) == ('{"grant_id": "01J", "name": "Zoë"}', "of the body")
