"""Transactions, concurrent reads, and the errors that DynamoDB may answer to either."""

from datetime import timedelta
from threading import Barrier, current_thread
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import GetError, PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition

from guestkey.rules.people import Department
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import CONNECT_TIMEOUT_SECONDS, MAX_RESENDS, READ_TIMEOUT_SECONDS, Item
from guestkey.store.dynamodb.reads import find_all, newest_first, side_by_side
from guestkey.store.dynamodb.retry import growing_pauses
from guestkey.store.dynamodb.transaction import (
    ConditionFailed,
    OutcomeUnknown,
    Transaction,
    TransactionConflict,
    is_unavailable,
)
from guestkey.store.registry import people
from guestkey.store.registry.people import DepartmentItem
from guestkey.store.registry.tenants import RightItem
from tests import factories
from tests.factories import MONDAY_NOON
from tests.store import wire
from tests.store.wire import Request, Send

EXISTS, MISSING = Item.pk.exists(), Item.pk.does_not_exist()
NAMES = ["check", "delete", "put", "update"]
UNREACHABLE = [
    ConnectionClosedError(endpoint_url=wire.URL),
    ConnectTimeoutError(endpoint_url=wire.URL),
    EndpointConnectionError(endpoint_url=wire.URL),
    ReadTimeoutError(endpoint_url=wire.URL),
]
OVERLOADED = [
    wire.failing(500, "InternalServerError"),
    wire.failing(503, "ServiceUnavailable"),
    wire.raw(503, "<html>Service Unavailable</html>"),
    wire.failing(400, "ProvisionedThroughputExceededException"),
    wire.failing(400, "RequestLimitExceeded"),
    wire.failing(400, "ThrottlingException"),
]
REJECTED = [
    wire.failing(400, "AccessDeniedException"),
    wire.failing(400, "IdempotentParameterMismatchException"),
    wire.failing(400, "ResourceNotFoundException"),
    wire.failing(400, "ValidationException"),
]


def name_of(fault: Exception | AWSResponse) -> str:
    if isinstance(fault, AWSResponse):
        text: str = fault.raw.getvalue().decode()
        return text.partition("#")[2].partition('"')[0] or text
    return type(fault).__name__


def always(fault: Exception | AWSResponse) -> wire.Script:
    """Return a script in which DynamoDB gives every request this answer."""

    def script(request: Request, send: Send) -> AWSResponse:
        if isinstance(fault, Exception):
            raise fault
        return wire.raw(fault.status_code, fault.raw.getvalue().decode())

    return script


def department(name: str) -> DepartmentItem:
    return DepartmentItem(*keys.department(name), department_id=name, name=name)


def right(user_id: str) -> RightItem:
    return RightItem(*keys.right("acme", user_id), taken_at=MONDAY_NOON)


def transaction_of_all_kinds(**conditions: Condition) -> Transaction:
    """Return a transaction with one write of each kind, added in another order than wire order."""
    transaction = Transaction()
    transaction.update("update", department("support"), [DepartmentItem.name.set("Help")], conditions.get("update"))
    transaction.put("put", department("night"), conditions.get("put"))
    transaction.delete("delete", right("ben"), conditions.get("delete"))
    transaction.check("check", RightItem, keys.right("acme", "anna"), conditions.get("check", MISSING))
    return transaction


# --- One transaction -------------------------------------------------------------------------------------------------


def test_a_transaction_writes_all_its_items():
    transaction_of_all_kinds().commit()

    assert people._department_of(DepartmentItem.get(*keys.department("support"))).name == "Help"
    assert people._department_of(DepartmentItem.get(*keys.department("night"))).name == "night"
    assert factories.holds_right("acme", "ben")


@pytest.mark.parametrize("failing", NAMES)
def test_a_failed_transaction_names_the_failed_write_and_writes_nothing(failing):
    conditions = {"check": EXISTS, "delete": MISSING, "put": EXISTS, "update": MISSING}

    with pytest.raises(ConditionFailed) as failed:
        transaction_of_all_kinds(**{failing: conditions[failing]}).commit()

    assert list(failed.value.failed) == [failing]
    assert str(failed.value) == failing
    assert people._department_of(DepartmentItem.get(*keys.department("support"))).name == "Support"
    assert not factories.holds_right("acme", "ben")


def test_all_failed_writes_are_named():
    with pytest.raises(ConditionFailed) as failed:
        transaction_of_all_kinds(check=EXISTS, delete=MISSING, put=EXISTS, update=MISSING).commit()

    assert list(failed.value.failed) == NAMES


def test_writes_are_named_in_wire_order():
    """DynamoDB returns its reasons in that order; if pynamodb changed it, names and reasons would not match."""
    with wire.watched() as sent:
        transaction_of_all_kinds().commit()

    assert [kind for kind, _ in sent[0].items] == ["ConditionCheck", "Delete", "Put", "Update"]


def test_the_existing_item_comes_with_a_failed_put_or_update():
    transaction = Transaction()
    transaction.add("put", department("support"))
    transaction.update("update", department("development"), [DepartmentItem.name.set("x")], MISSING)

    with pytest.raises(ConditionFailed) as failed:
        transaction.commit()

    assert failed.value.failed["put"]["name"] == {"S": "Support"}
    assert failed.value.failed["update"]["name"] == {"S": "Development"}


def test_each_transaction_has_its_own_token():
    """A transaction built again must not be mistaken for the one before."""
    with wire.watched() as sent:
        transaction_of_all_kinds().commit()
        transaction_of_all_kinds().commit()

    assert len({request.token for request in sent}) == 2
    assert None not in {request.token for request in sent}


@pytest.mark.parametrize(
    "reasons",
    [
        ["TransactionConflict", None, None, None],
        [None, None, None, "ThrottlingError"],
        [None, "ProvisionedThroughputExceeded", None, None],
        ["TransactionConflict", None, "ThrottlingError", "TransactionConflict"],
    ],
)
def test_a_concurrent_transaction_or_throttling_is_a_conflict(reasons):
    answer = wire.failing(400, "TransactionCanceledException", reasons)

    with wire.through(always(answer)), pytest.raises(TransactionConflict):
        transaction_of_all_kinds().commit()


def test_a_failed_condition_takes_precedence_over_a_conflict():
    answer = wire.failing(400, "TransactionCanceledException", ["TransactionConflict", None, "ConditionalCheckFailed"])

    with wire.through(always(answer)), pytest.raises(ConditionFailed) as failed:
        transaction_of_all_kinds().commit()

    assert failed.value.failed == {"put": {}}


@pytest.mark.parametrize(
    "fault", [*UNREACHABLE, *OVERLOADED, wire.failing(400, "TransactionInProgressException")], ids=name_of
)
def test_without_a_definite_answer_the_outcome_is_unknown(fault):
    with wire.through(always(fault)), pytest.raises(OutcomeUnknown):
        transaction_of_all_kinds().commit()


@pytest.mark.parametrize(
    "fault",
    [
        *REJECTED,
        wire.failing(400, "TransactionCanceledException", [None, "ValidationError", None, None]),
        wire.failing(400, "TransactionCanceledException", ["TransactionConflict", "ItemCollectionSizeLimitExceeded"]),
        wire.failing(400, "TransactionCanceledException", []),
    ],
    ids=name_of,
)
def test_a_rejected_transaction_is_raised_unchanged(fault):
    with wire.through(always(fault)), pytest.raises(TransactWriteError):
        transaction_of_all_kinds().commit()


def test_botocore_sends_a_lost_request_again_twice():
    with wire.through(always(ConnectionClosedError(endpoint_url=wire.URL))) as sent, pytest.raises(OutcomeUnknown):
        transaction_of_all_kinds().commit()

    assert [request.token for request in sent] == [sent[0].token] * 3


# --- Whether DynamoDB is at fault ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*UNREACHABLE, *OVERLOADED], ids=name_of)
def test_a_read_fails_because_dynamodb_is_unavailable(fault):
    with wire.through(always(fault)), pytest.raises(GetError) as error:
        people.agent("sven")

    assert is_unavailable(error.value)


@pytest.mark.parametrize("fault", REJECTED, ids=name_of)
def test_a_rejected_read_is_not_an_unavailable_dynamodb(fault):
    with wire.through(always(fault)), pytest.raises(PynamoDBException) as error:
        people.agent("sven")

    assert not is_unavailable(error.value)


def test_an_error_before_sending_is_not_an_unavailable_dynamodb():
    assert not is_unavailable(PynamoDBException("no such attribute"))


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_many_items_are_read_in_one_strongly_consistent_request():
    looked_up = [keys.tenant("acme"), keys.tenant("nobody"), keys.agent("sven"), keys.department("support")]

    with wire.watched() as sent:
        found = find_all(looked_up)

    assert found.keys() == set(looked_up) - {keys.tenant("nobody")}
    assert people.agent_of(found[keys.agent("sven")]).name == "Sven Brandt"
    assert [request.operation for request in sent] == ["BatchGetItem"]
    assert sent[0].body["RequestItems"]["guestkey"]["ConsistentRead"] is True


@pytest.mark.parametrize(
    ("first", "below", "read"),
    [
        ("", keys.LAST, ["04", "03", "02", "01"]),
        ("02", keys.LAST, ["04", "03", "02"]),
        ("", "03", ["02", "01"]),
        ("02", "04", ["03", "02"]),
        ("03", "03", []),
        ("04", "02", []),
        ("05", keys.LAST, []),
    ],
)
@pytest.mark.parametrize("batch", [1, 2, 100])
def test_items_are_read_newest_first_between_the_first_key_and_the_key_below(
    first: str, below: str, read: list[str], batch: int
):
    made = [keys.right("initech", user_id) for user_id in ("01", "02", "03", "04")]
    others = [keys.right("globex", "02"), keys.grant("initech", "02")]
    for key in (*made, *others):
        RightItem(*key, taken_at=MONDAY_NOON).save()
    with wire.watched() as sent:
        items = newest_first(RightItem, keys.of_tenant("initech"), "RIGHT#", first, below, batch)
        found = [item.sk for item in items]

    assert found == [keys.right("initech", user_id).sk for user_id in read]
    assert all(request.body["ConsistentRead"] for request in sent)


def test_unprocessed_keys_are_requested_again():
    def script(request: Request, send: Send) -> AWSResponse:
        if request.nth == 1:
            left_out = {"guestkey": request.body["RequestItems"]["guestkey"]}
            return wire.answering({"Responses": {"guestkey": []}, "UnprocessedKeys": left_out})
        return send()

    with wire.through(script) as sent:
        found = find_all([keys.tenant("acme")])

    assert list(found) == [keys.tenant("acme")]
    assert len(sent) == 2
    assert sent[1].body["RequestItems"]["guestkey"]["ConsistentRead"] is True


def test_requests_run_concurrently_and_return_their_results_in_order():
    barrier = Barrier(3)

    def read(name: str) -> tuple[str, str]:
        barrier.wait(timeout=5)
        return name, current_thread().name

    first, second, last = side_by_side(lambda: read("first"), lambda: read("second"), lambda: read("last"))

    assert (first[0], second[0], last) == ("first", "second", ("last", current_thread().name))
    assert len({first[1], second[1], last[1]}) == 3


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_of_a_concurrent_read_is_raised(failing):
    def read(number: int) -> int:
        if number == failing:
            raise GetError("no")
        return number

    with pytest.raises(GetError):
        side_by_side(lambda: read(0), lambda: read(1))


def test_moments_are_stored_as_sortable_texts_and_read_as_aware_datetimes():
    right("giulia").save()

    found = find_all([keys.right("acme", "giulia")])[keys.right("acme", "giulia")]

    assert isinstance(found, RightItem)
    assert found.taken_at == MONDAY_NOON
    assert found.taken_at.utcoffset() == timedelta(0)


def test_a_department_reads_as_it_was_stored():
    assert people._department_of(find_all([keys.department("support")])[keys.department("support")]) == Department(
        department_id="support", name="Support"
    )


# --- Waiting ---------------------------------------------------------------------------------------------------------


def test_the_first_attempt_does_not_wait_and_later_ones_wait_randomly_up_to_a_bound():
    for _ in range(200):
        first, *later = growing_pauses(8, first=0.01, most=0.1)

        assert first == 0
        assert len(later) == 7
        bounds = [0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1]
        assert all(0 <= pause <= bound for pause, bound in zip(later, bounds, strict=True))


def test_a_single_attempt_has_no_pause():
    assert list(growing_pauses(1)) == [0]


def test_the_client_sets_its_user_agent_timeouts_and_retries():
    config: Any = Item._get_connection().connection.client.meta.config

    assert config.user_agent == "guestkey"
    assert (config.connect_timeout, config.read_timeout) == (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
    assert config.retries == {"total_max_attempts": 1 + MAX_RESENDS, "mode": "standard"}
