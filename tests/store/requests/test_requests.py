"""Requests in the table: stored with their counters, found by their tenant and agent only, closed once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from guestkey.errors import Busy, NotFound
from guestkey.rules.requests import MailState, Request, State, decline
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.transaction import ConditionFailed
from guestkey.store.ledger import ledger
from guestkey.store.registry import ownership, people
from guestkey.store.requests import approvals, asking, requests
from tests import factories, table
from tests.calls import call
from tests.factories import MONDAY_NOON, SALT
from tests.personas import ANNA, DORA, SVEN
from tests.store import wire

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ASKED = {"tenant_id": "acme", "reason": "The import stands still"}


def found(request: Request) -> Request:
    return requests.find_one(request.tenant_id, request.request_id)


# --- Stored and found ------------------------------------------------------------------------------------------------


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

    assert requests.find_own(people.active_agent("sven"), request.request_id) == request
    with pytest.raises(NotFound):
        requests.find_own(people.active_agent("dora"), request.request_id)


def test_an_agents_own_logins_are_no_requests():
    factories.grant()
    factories.login()

    assert list(ownership.requests_before("sven", keys.LAST, 10)) == []


def test_counting_a_sending_of_a_request_whose_condition_fails_on_every_try_is_busy():
    request = factories.requested()

    def script(sent: wire.Request, send: wire.Send) -> AWSResponse:
        return wire.cancelled(sent, "ConditionalCheckFailed", "TENANT#acme", "REQUEST#") if sent.is_write else send()

    with wire.through(script), pytest.raises(Busy):
        asking.count_again(request, MONDAY_NOON)


# --- The condition at the end of a request ---------------------------------------------------------------------------


@pytest.mark.parametrize("late", [timedelta(), SECOND])
def test_an_answer_at_the_end_of_the_request_or_later_fails_the_condition(late: timedelta):
    request = factories.requested()
    anna = factories.user(ANNA)
    context = approvals.load_context(anna, request.request_id, None, MONDAY_NOON)
    declined = decline(context.request, by=anna, note=None, note_salt=SALT, now=MONDAY_NOON)

    with table.unchanged(), pytest.raises(ConditionFailed):
        approvals.save_declined(replace(declined, answered_at=request.expires_at + late), context)
    approvals.save_declined(replace(declined, answered_at=request.expires_at - SECOND), context)
    assert found(request).closed_as is State.DECLINED


# --- Expired ---------------------------------------------------------------------------------------------------------


def test_an_expired_request_is_recorded_once_with_an_entry_by_the_system(world):
    request = factories.requested()
    world.shift(DAY)
    requests.expire(request, factories.now())
    with table.unchanged():
        requests.expire(request, factories.now())

    assert found(request) == replace(request, closed_as=State.EXPIRED)
    stored = table.one(keys.request("acme", request.request_id))
    assert stored and stored.keys().isdisjoint({"due", "due_at"})
    last = call("GET", "/v1/ledger", caller=ANNA, query={"limit": 100}).text.splitlines()[-1]
    assert f'"about":"{request.request_id}"' in last
    assert '"by":{"id":null,"type":"system"},"data":{}' in last
    assert factories.what_happened() == ["request.made", "request.expired"]


def test_a_request_is_not_recorded_as_expired_before_its_end(world):
    request = factories.requested()
    world.shift(DAY - SECOND)
    with table.unchanged():
        requests.expire(request, factories.now())


@pytest.mark.parametrize("close", [factories.approved, factories.declined, factories.withdrawn])
def test_a_closed_request_does_not_expire(close: Callable[[Request], object], world):
    request = factories.requested()
    close(request)
    world.shift(2 * DAY)
    with table.unchanged():
        requests.expire(request, factories.now())


def test_a_request_closed_in_the_last_second_does_not_expire(world):
    request = factories.requested()
    world.shift(DAY)
    with table.meanwhile(lambda: factories.withdrawn(request, at=factories.now() - SECOND)):
        requests.expire(request, factories.now())

    assert found(request).closed_as is State.WITHDRAWN
    assert factories.what_happened() == ["request.made", "request.withdrawn"]


def test_expiring_a_request_yields_to_a_waiting_user(world):
    request = factories.requested()
    world.shift(DAY)
    ledger.claim_priority("acme")

    with wire.watched(), pytest.raises(Busy):
        requests.expire(request, factories.now())
    world.shift(2 * SECOND)
    requests.expire(request, factories.now())
    assert found(request).closed_as is State.EXPIRED


# --- Requests to DynamoDB --------------------------------------------------------------------------------------------


def dynamodb_requests(act: Callable[[], Any]) -> list[tuple[str, int]]:
    """Return each request that goes to DynamoDB, with its number of items."""
    with wire.watched() as observed:
        act()
    return [(request.operation, _items(request.body)) for request in observed]


def _items(body: dict[str, Any]) -> int:
    if "TransactItems" in body:
        return len(body["TransactItems"])
    return sum(len(table["Keys"]) for table in body["RequestItems"].values()) if "RequestItems" in body else 1


def test_a_request_takes_two_reads_and_two_transactions_and_another_read_only_at_the_limit():
    def ask() -> None:
        assert call("POST", "/v1/support/requests", ASKED, caller=SVEN).status == 201

    usual = [("BatchGetItem", 7), ("BatchGetItem", 1), ("TransactWriteItems", 7), ("TransactWriteItems", 1)]
    waiting: list[tuple[str, Request]] = []
    for _ in range(5):
        assert dynamodb_requests(ask) == usual
        waiting += requests.pending_at("acme", factories.now(), None, 10)
    factories.withdrawn(waiting[0][1])

    assert dynamodb_requests(ask) == [*usual[:2], ("BatchGetItem", 5), *usual[2:]]


def test_approving_takes_a_read_then_the_read_of_the_agent_and_a_transaction():
    request = factories.requested(DORA)
    sent = dynamodb_requests(lambda: call("POST", f"/v1/requests/{request.request_id}/approve", caller=ANNA))

    assert sent == [("BatchGetItem", 6), ("GetItem", 1), ("TransactWriteItems", 8)]


def test_declining_takes_a_read_then_the_read_of_the_agent_and_a_transaction():
    request = factories.requested(DORA)
    sent = dynamodb_requests(lambda: call("POST", f"/v1/requests/{request.request_id}/decline", caller=ANNA))

    assert sent == [("BatchGetItem", 6), ("GetItem", 1), ("TransactWriteItems", 4)]
