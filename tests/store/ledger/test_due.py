"""Due items, found through the index: in which order, up to when, and how they are postponed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from pynamodb.exceptions import UpdateError

from guestkey.rules.instants import text_of
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.ledger import due
from guestkey.store.ledger.due import BATCH, DueItem
from tests import factories, table
from tests.factories import MONDAY_NOON
from tests.personas import SVEN
from tests.store import wire

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def put(tenant_ids: Iterable[str], *, of_each: int = 1) -> list[DueItem]:
    """Put one due item at each of these tenants, one second apart, with no other attributes."""
    made = []
    for number, tenant_id in enumerate(list(tenant_ids) * of_each):
        key, at = Key(keys.of_tenant(tenant_id), f"THING#{number}"), MONDAY_NOON + number * SECOND
        named = {"PK": {"S": key.pk}, "SK": {"S": key.sk}}
        table.put([named | {"due": {"S": index_keys.due_on(tenant_id)}, "due_at": {"S": text_of(at)}}])
        made.append(DueItem(key=key, due_at=at))
    return made


def due_at(key: Key) -> str | None:
    found = table.one(key)
    return found["due_at"]["S"] if found else None


TENANTS = [f"tenant-{number}" for number in range(20)]


def test_the_longest_due_item_comes_first_in_all_shards():
    assert {index_keys.due_on(tenant_id) for tenant_id in TENANTS} == {
        index_keys.due(number) for number in range(index_keys.DUE_SHARDS)
    }
    made = put(TENANTS)

    assert list(due.until(MONDAY_NOON + HOUR)) == made


@pytest.mark.parametrize("at", [MONDAY_NOON - SECOND, MONDAY_NOON, MONDAY_NOON + 7 * SECOND])
def test_items_due_up_to_that_moment_are_found_and_later_ones_are_not(at: datetime):
    made = put(TENANTS)

    assert list(due.until(at)) == [reminder for reminder in made if reminder.due_at <= at]


def test_all_due_items_are_found_and_a_page_is_requested_only_when_it_is_read():
    number = 2 * BATCH + 7
    made = put(["acme"], of_each=number)

    with wire.watched() as sent:
        reminders = due.until(MONDAY_NOON + HOUR)
        assert [next(reminders) for _ in range(BATCH)] == made[:BATCH]
        assert len(sent) == index_keys.DUE_SHARDS
        assert list(reminders) == made[BATCH:]
    assert len(sent) == index_keys.DUE_SHARDS + 2


def test_items_handled_during_the_iteration_do_not_hide_later_ones():
    made = put(["acme"], of_each=2 * BATCH)

    found = []
    for reminder in due.until(MONDAY_NOON + HOUR):
        table.drop(reminder.key)
        found.append(reminder)
    assert found == made


def test_a_postponed_item_is_due_later():
    [reminder] = put(["acme"])

    due.postpone(reminder, MONDAY_NOON + HOUR)

    assert list(due.until(MONDAY_NOON + HOUR - SECOND)) == []
    assert [later.key for later in due.until(MONDAY_NOON + HOUR)] == [reminder.key]


def test_an_item_that_another_process_postponed_is_not_changed():
    [reminder] = put(["acme"])
    due.postpone(reminder, MONDAY_NOON + HOUR)

    due.postpone(reminder, MONDAY_NOON + 2 * HOUR)

    assert due_at(reminder.key) == "2026-11-23T13:00:00Z"


def test_a_deleted_item_is_not_recreated():
    [reminder] = put(["acme"])
    table.drop(reminder.key)

    due.postpone(reminder, MONDAY_NOON + HOUR)

    assert table.one(reminder.key) is None


def test_an_item_in_a_concurrent_transaction_is_not_postponed():
    [reminder] = put(["acme"])

    with wire.through(lambda request, send: wire.failing(400, "TransactionConflictException")):
        due.postpone(reminder, MONDAY_NOON + HOUR)

    assert due_at(reminder.key) == "2026-11-23T12:00:00Z"


def test_another_error_is_raised():
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
