"""What is due, found through the index: in which order, how far, and how it is put off."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from pynamodb.exceptions import UpdateError

from guestkey.rules.instants import text_of
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.ledger import due
from guestkey.store.ledger.due import BATCH, DueItem
from tests import factories, table
from tests.factories import MONDAY_NOON
from tests.personas import SVEN
from tests.store import wire

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def put(tenant_ids: Iterable[str], *, of_each: int = 1) -> list[DueItem]:
    """Make something due at each of these tenants, one second after another; nothing else is known of it."""
    made = []
    for number, tenant_id in enumerate(list(tenant_ids) * of_each):
        key, at = Key(keys.of_tenant(tenant_id), f"THING#{number}"), MONDAY_NOON + number * SECOND
        named = {"PK": {"S": key.pk}, "SK": {"S": key.sk}}
        table.put([named | {"due": {"S": keys.due_on(tenant_id)}, "due_at": {"S": text_of(at)}}])
        made.append(DueItem(key=key, due_at=at))
    return made


def due_at(key: Key) -> str | None:
    found = table.one(key)
    return found["due_at"]["S"] if found else None


TENANTS = [f"tenant-{number}" for number in range(20)]


def test_the_longest_due_comes_first_whichever_shard_it_lies_in():
    assert {keys.due_on(tenant_id) for tenant_id in TENANTS} == {keys.due(n) for n in range(keys.DUE_SHARDS)}
    made = put(TENANTS)

    assert list(due.until(MONDAY_NOON + HOUR)) == made


@pytest.mark.parametrize("at", [MONDAY_NOON - SECOND, MONDAY_NOON, MONDAY_NOON + 7 * SECOND])
def test_what_is_due_at_that_very_moment_is_due_and_nothing_later(at: datetime):
    made = put(TENANTS)

    assert list(due.until(at)) == [reminder for reminder in made if reminder.due_at <= at]


def test_all_is_found_however_many_requests_it_takes_and_none_is_sent_for_what_nobody_looks_at():
    number = 2 * BATCH + 7
    made = put(["acme"], of_each=number)

    with wire.watched() as came:
        reminders = due.until(MONDAY_NOON + HOUR)
        assert [next(reminders) for _ in range(BATCH)] == made[:BATCH]
        assert len(came) == keys.DUE_SHARDS
        assert list(reminders) == made[BATCH:]
    assert len(came) == keys.DUE_SHARDS + 2


def test_what_is_handled_meanwhile_does_not_hide_what_comes_behind():
    made = put(["acme"], of_each=2 * BATCH)

    seen = []
    for reminder in due.until(MONDAY_NOON + HOUR):
        table.drop(reminder.key)
        seen.append(reminder)
    assert seen == made


def test_what_is_put_off_is_due_later():
    [reminder] = put(["acme"])

    due.postpone(reminder, MONDAY_NOON + HOUR)

    assert list(due.until(MONDAY_NOON + HOUR - SECOND)) == []
    assert [later.key for later in due.until(MONDAY_NOON + HOUR)] == [reminder.key]


def test_what_somebody_else_moved_meanwhile_stays_where_it_is():
    [reminder] = put(["acme"])
    due.postpone(reminder, MONDAY_NOON + HOUR)

    due.postpone(reminder, MONDAY_NOON + 2 * HOUR)

    assert due_at(reminder.key) == "2026-11-23T13:00:00Z"


def test_what_is_gone_does_not_come_back():
    [reminder] = put(["acme"])
    table.drop(reminder.key)

    due.postpone(reminder, MONDAY_NOON + HOUR)

    assert table.one(reminder.key) is None


def test_a_transaction_on_the_same_item_goes_first():
    [reminder] = put(["acme"])

    with wire.through(lambda request, send: wire.failing(400, "TransactionConflictException")):
        due.postpone(reminder, MONDAY_NOON + HOUR)

    assert due_at(reminder.key) == "2026-11-23T12:00:00Z"


def test_any_other_fault_is_one():
    [reminder] = put(["acme"])

    with (
        wire.through(lambda request, send: wire.failing(400, "AccessDeniedException")),
        pytest.raises(UpdateError),
    ):
        due.postpone(reminder, MONDAY_NOON + HOUR)


def test_grants_requests_and_open_logins_are_due():
    factories.grant(SVEN)
    factories.grant(SVEN, period="permanent")
    factories.login(SVEN)
    factories.requested(SVEN)

    found = list(due.until(MONDAY_NOON + timedelta(days=200)))

    assert [reminder.key.sk.partition("#")[0] for reminder in found] == ["LOGIN", "GRANT", "REQUEST", "GRANT"]
