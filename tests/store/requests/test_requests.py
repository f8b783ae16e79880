"""Requests in the table: kept with what counts them, found by whoever may see them, closed once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from guestkey.errors import Busy, NotFound
from guestkey.rules.requests import MailState, Request, State, decline
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.transaction import ConditionFailed
from guestkey.store.registry import ownership
from guestkey.store.requests import approvals, requests
from tests import factories, table
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, DORA, SVEN
from tests.store import wire

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ASKED = {"tenant_id": "acme", "reason": "The import stands still"}


def found(request: Request) -> Request:
    return requests.find_one(request.tenant_id, request.request_id)


# --- Kept and found --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mail", MailState)
def test_a_request_reads_as_it_was_made(mail):
    request = factories.requested(recipients=["giulia@acme.example"], period="1mo", may_export=True, mail=mail)

    assert found(request) == request
    assert request.recipients == ("giulia@acme.example",)


def test_a_request_reads_as_it_was_approved(world):
    request = factories.requested()
    world.shift(HOUR)
    grant = factories.approved(request)

    assert found(request) == replace(
        request,
        closed_as=State.APPROVED,
        answered_at=MONDAY_NOON + HOUR,
        answered_by=grant.granted_by,
        grant_id=grant.grant_id,
    )


@pytest.mark.parametrize("note", [None, "Tomorrow, please"])
def test_a_request_reads_as_it_was_declined(note):
    request = factories.requested()

    assert factories.declined(request, note=note) == found(request)
    assert found(request).note == note


def test_a_request_reads_as_it_was_withdrawn():
    request = factories.requested()

    assert factories.withdrawn(request) == found(request) == replace(request, closed_as=State.WITHDRAWN)


@pytest.mark.parametrize("tenant_id", ["globex", "nobody"])
def test_a_request_is_found_at_its_own_tenant_only(tenant_id):
    with pytest.raises(NotFound):
        requests.find_one(tenant_id, factories.requested().request_id)


def test_a_request_is_found_by_its_own_agent_only():
    request = factories.requested()

    assert requests.find_own("sven", request.request_id) == request
    with pytest.raises(NotFound):
        requests.find_own("dora", request.request_id)


def test_an_agents_own_logins_are_no_requests():
    factories.grant()
    factories.login()

    assert list(ownership.requests_before("sven", keys.LAST, 10)) == []


# --- Only a condition decides ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [timedelta(), SECOND])
def test_whatever_was_read_an_answer_at_the_end_or_later_is_not_stored(late: timedelta):
    request = factories.requested()
    anna = factories.user(ANNA)
    ground = approvals.load_context(anna, request.request_id, None, MONDAY_NOON)
    declined = decline(ground.request, by=anna, note=None, now=MONDAY_NOON)

    with table.unchanged(), pytest.raises(ConditionFailed):
        approvals.save_declined(replace(declined, answered_at=request.expires_at + late), ground)
    approvals.save_declined(replace(declined, answered_at=request.expires_at - SECOND), ground)
    assert found(request).closed_as is State.DECLINED


# --- Expired ---------------------------------------------------------------------------------------------------------


def test_that_a_request_expired_is_written_down_once_with_an_entry_by_nobody(world):
    request = factories.requested()
    world.shift(DAY)
    requests.expire(request, factories.now())
    with table.unchanged():
        requests.expire(request, factories.now())

    assert found(request) == replace(request, closed_as=State.EXPIRED)
    kept = table.one(keys.request("acme", request.request_id))
    assert kept and kept.keys().isdisjoint({"due", "due_at"})
    last = call("GET", "/v1/ledger", caller=ANNA, query={"limit": 100}).text.splitlines()[-1]
    assert f'"about":"{request.request_id}"' in last
    assert '"by":{"id":null,"type":"system"},"data":{}' in last
    assert factories.what_happened() == ["request.made", "request.expired"]


def test_before_its_end_it_is_not_written_down(world):
    request = factories.requested()
    world.shift(DAY - SECOND)
    with table.unchanged():
        requests.expire(request, factories.now())


@pytest.mark.parametrize("close", [factories.approved, factories.declined, factories.withdrawn])
def test_what_was_closed_stays_as_it_was_closed(close: Callable[[Request], object], world):
    request = factories.requested()
    close(request)
    world.shift(2 * DAY)
    with table.unchanged():
        requests.expire(request, factories.now())


def test_what_is_closed_in_the_very_last_moment_stays_so(world):
    request = factories.requested()
    world.shift(DAY)
    with table.meanwhile(lambda: factories.withdrawn(request, at=factories.now() - SECOND)):
        requests.expire(request, factories.now())

    assert found(request).closed_as is State.WITHDRAWN
    assert factories.what_happened() == ["request.made", "request.withdrawn"]


def test_it_stands_back_while_a_users_change_waits(world):
    request = factories.requested()
    world.shift(DAY)
    call("POST", f"/v1/requests/{request.request_id}/approve", caller=BEN)  # leaves a wish

    with wire.watched(), pytest.raises(Busy):
        requests.expire(request, factories.now())
    world.shift(2 * SECOND)
    requests.expire(request, factories.now())
    assert found(request).closed_as is State.EXPIRED


# --- What goes over the wire -----------------------------------------------------------------------------------------


def sent(act: Callable[[], Any]) -> list[tuple[str, int]]:
    """Return each request that goes to DynamoDB, with the number of its items."""
    with wire.watched() as came:
        act()
    return [(request.operation, _items(request.body)) for request in came]


def _items(body: dict[str, Any]) -> int:
    if "TransactItems" in body:
        return len(body["TransactItems"])
    return sum(len(table["Keys"]) for table in body["RequestItems"].values()) if "RequestItems" in body else 1


def test_asking_is_two_reads_and_two_transactions_and_one_more_read_at_the_limit_only():
    def ask() -> None:
        assert call("POST", "/v1/support/requests", ASKED, caller=SVEN).status == 201

    usual = [("BatchGetItem", 5), ("BatchGetItem", 1), ("TransactWriteItems", 7), ("TransactWriteItems", 1)]
    waiting: list[tuple[str, Request]] = []
    for _ in range(5):
        assert sent(ask) == usual
        waiting += requests.pending_at("acme", factories.now(), None, 10)
    factories.withdrawn(waiting[0][1])

    assert sent(ask) == [*usual[:2], ("BatchGetItem", 5), *usual[2:]]


def test_approving_is_a_wish_beside_a_read_another_read_and_one_transaction():
    request = factories.requested(DORA)
    came = sent(lambda: call("POST", f"/v1/requests/{request.request_id}/approve", caller=ANNA))

    assert sorted(came[:2]) == [("BatchGetItem", 3), ("UpdateItem", 1)]
    assert came[2:] == [("BatchGetItem", 1), ("TransactWriteItems", 7)]


def test_declining_is_a_wish_beside_a_read_and_one_transaction():
    request = factories.requested(DORA)
    came = sent(lambda: call("POST", f"/v1/requests/{request.request_id}/decline", caller=ANNA))

    assert sorted(came[:2]) == [("BatchGetItem", 3), ("UpdateItem", 1)]
    assert came[2:] == [("TransactWriteItems", 4)]
