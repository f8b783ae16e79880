"""Several writes at once, several reads at once, and what DynamoDB may answer to either."""

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
from guestkey.store.registry import people, tenants
from guestkey.store.registry.people import DepartmentItem
from guestkey.store.registry.tenants import RightItem
from tests.factories import MONDAY_NOON
from tests.store import wire
from tests.store.wire import Request, Send

HERE, GONE = Item.pk.exists(), Item.pk.does_not_exist()
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
OURS = [
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
    """Return the script in which DynamoDB never says anything else."""

    def script(request: Request, send: Send) -> AWSResponse:
        if isinstance(fault, Exception):
            raise fault
        return wire.raw(fault.status_code, fault.raw.getvalue().decode())

    return script


def department(name: str) -> DepartmentItem:
    return DepartmentItem(*keys.department(name), department_id=name, name=name)


def right(user_id: str) -> RightItem:
    return RightItem(*keys.right("acme", user_id), taken_at=MONDAY_NOON)


def change_of_everything(**conditions: Condition) -> Transaction:
    """Return a change with one write of each kind, called in another order than they go over the wire."""
    change = Transaction()
    change.update("update", department("support"), [DepartmentItem.name.set("Help")], conditions.get("update"))
    change.put("put", department("night"), conditions.get("put"))
    change.delete("delete", right("ben"), conditions.get("delete"))
    change.check("check", RightItem, keys.right("acme", "anna"), conditions.get("check", GONE))
    return change


# --- One transaction -------------------------------------------------------------------------------------------------


def test_a_change_writes_all_of_it():
    change_of_everything().commit()

    assert people._department_of(DepartmentItem.get(*keys.department("support"))).name == "Help"
    assert people._department_of(DepartmentItem.get(*keys.department("night"))).name == "night"
    assert tenants.holds_right("acme", "ben")


@pytest.mark.parametrize("failing", NAMES)
def test_a_change_that_fails_says_where_and_writes_nothing(failing):
    conditions = {"check": HERE, "delete": GONE, "put": HERE, "update": GONE}

    with pytest.raises(ConditionFailed) as unmet:
        change_of_everything(**{failing: conditions[failing]}).commit()

    assert list(unmet.value.failed) == [failing]
    assert str(unmet.value) == failing
    assert people._department_of(DepartmentItem.get(*keys.department("support"))).name == "Support"
    assert not tenants.holds_right("acme", "ben")


def test_all_that_failed_is_named():
    with pytest.raises(ConditionFailed) as unmet:
        change_of_everything(check=HERE, delete=GONE, put=HERE, update=GONE).commit()

    assert list(unmet.value.failed) == NAMES


def test_the_names_follow_the_order_in_which_the_writes_go_over_the_wire():
    """DynamoDB's reasons come in that order; should pynamodb ever change it, names and reasons would not match."""
    with wire.watched() as came:
        change_of_everything().commit()

    assert [kind for kind, _ in came[0].items] == ["ConditionCheck", "Delete", "Put", "Update"]


def test_what_was_in_the_way_of_a_put_or_an_update_comes_along():
    change = Transaction()
    change.add("put", department("support"))
    change.update("update", department("development"), [DepartmentItem.name.set("x")], GONE)

    with pytest.raises(ConditionFailed) as unmet:
        change.commit()

    assert unmet.value.failed["put"]["name"] == {"S": "Support"}
    assert unmet.value.failed["update"]["name"] == {"S": "Development"}


def test_each_change_has_a_token_of_its_own():
    """A change that is built again must not be taken for the one before."""
    with wire.watched() as came:
        change_of_everything().commit()
        change_of_everything().commit()

    assert len({request.token for request in came}) == 2
    assert None not in {request.token for request in came}


@pytest.mark.parametrize(
    "reasons",
    [
        ["TransactionConflict", None, None, None],
        [None, None, None, "ThrottlingError"],
        [None, "ProvisionedThroughputExceeded", None, None],
        ["TransactionConflict", None, "ThrottlingError", "TransactionConflict"],
    ],
)
def test_a_change_that_met_another_one_or_too_much_traffic_is_contended(reasons):
    answer = wire.failing(400, "TransactionCanceledException", reasons)

    with wire.through(always(answer)), pytest.raises(TransactionConflict):
        change_of_everything().commit()


def test_a_condition_that_failed_counts_more_than_a_conflict():
    answer = wire.failing(400, "TransactionCanceledException", ["TransactionConflict", None, "ConditionalCheckFailed"])

    with wire.through(always(answer)), pytest.raises(ConditionFailed) as unmet:
        change_of_everything().commit()

    assert unmet.value.failed == {"put": {}}


@pytest.mark.parametrize(
    "fault", [*UNREACHABLE, *OVERLOADED, wire.failing(400, "TransactionInProgressException")], ids=name_of
)
def test_without_a_clear_answer_nothing_is_certain(fault):
    with wire.through(always(fault)), pytest.raises(OutcomeUnknown):
        change_of_everything().commit()


@pytest.mark.parametrize(
    "fault",
    [
        *OURS,
        wire.failing(400, "TransactionCanceledException", [None, "ValidationError", None, None]),
        wire.failing(400, "TransactionCanceledException", ["TransactionConflict", "ItemCollectionSizeLimitExceeded"]),
        wire.failing(400, "TransactionCanceledException", []),
    ],
    ids=name_of,
)
def test_what_is_our_fault_is_raised_as_it_is(fault):
    with wire.through(always(fault)), pytest.raises(TransactWriteError):
        change_of_everything().commit()


def test_botocore_sends_a_lost_request_again_twice():
    with wire.through(always(ConnectionClosedError(endpoint_url=wire.URL))) as came, pytest.raises(OutcomeUnknown):
        change_of_everything().commit()

    assert [request.token for request in came] == [came[0].token] * 3


# --- Whether it is DynamoDB's fault ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*UNREACHABLE, *OVERLOADED], ids=name_of)
def test_a_read_fails_because_dynamodb_is_unavailable(fault):
    with wire.through(always(fault)), pytest.raises(GetError) as error:
        people.agent("sven")

    assert is_unavailable(error.value)


@pytest.mark.parametrize("fault", OURS, ids=name_of)
def test_a_read_fails_because_it_was_turned_down(fault):
    with wire.through(always(fault)), pytest.raises(PynamoDBException) as error:
        people.agent("sven")

    assert not is_unavailable(error.value)


def test_what_never_went_to_dynamodb_is_no_fault_of_dynamodbs():
    assert not is_unavailable(PynamoDBException("no such attribute"))


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_many_items_are_read_in_one_strongly_consistent_request():
    wanted = [keys.tenant("acme"), keys.tenant("nobody"), keys.agent("sven"), keys.department("support")]

    with wire.watched() as came:
        found = find_all(wanted)

    assert found.keys() == set(wanted) - {keys.tenant("nobody")}
    assert people.agent_of(found[keys.agent("sven")]).name == "Sven Brandt"
    assert [request.operation for request in came] == ["BatchGetItem"]
    assert came[0].body["RequestItems"]["guestkey"]["ConsistentRead"] is True


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
def test_newest_first_is_read_from_the_first_on_and_before_the_last(
    first: str, below: str, read: list[str], batch: int
):
    made = [keys.right("initech", user_id) for user_id in ("01", "02", "03", "04")]
    others = [keys.right("globex", "02"), keys.grant("initech", "02")]
    for key in (*made, *others):
        RightItem(*key, taken_at=MONDAY_NOON).save()
    with wire.watched() as came:
        items = newest_first(RightItem, keys.of_tenant("initech"), "RIGHT#", first, below, batch)
        found = [item.sk for item in items]

    assert found == [keys.right("initech", user_id).sk for user_id in read]
    assert all(request.body["ConsistentRead"] for request in came)


def test_what_dynamodb_left_out_is_asked_for_again():
    def script(request: Request, send: Send) -> AWSResponse:
        if request.nth == 1:
            left_out = {"guestkey": request.body["RequestItems"]["guestkey"]}
            return wire.answering({"Responses": {"guestkey": []}, "UnprocessedKeys": left_out})
        return send()

    with wire.through(script) as came:
        found = find_all([keys.tenant("acme")])

    assert list(found) == [keys.tenant("acme")]
    assert len(came) == 2
    assert came[1].body["RequestItems"]["guestkey"]["ConsistentRead"] is True


def test_requests_run_side_by_side_and_give_their_results_in_order():
    meeting = Barrier(3)

    def read(name: str) -> tuple[str, str]:
        meeting.wait(timeout=5)
        return name, current_thread().name

    first, second, last = side_by_side(lambda: read("first"), lambda: read("second"), lambda: read("last"))

    assert (first[0], second[0], last) == ("first", "second", ("last", current_thread().name))
    assert len({first[1], second[1], last[1]}) == 3


@pytest.mark.parametrize("failing", [0, 1])
def test_a_read_that_fails_beside_others_is_not_lost(failing):
    def read(number: int) -> int:
        if number == failing:
            raise GetError("no")
        return number

    with pytest.raises(GetError):
        side_by_side(lambda: read(0), lambda: read(1))


def test_moments_are_kept_as_texts_that_sort_and_are_aware_again_when_read():
    right("giulia").save()

    found = find_all([keys.right("acme", "giulia")])[keys.right("acme", "giulia")]

    assert isinstance(found, RightItem)
    assert found.taken_at == MONDAY_NOON
    assert found.taken_at.utcoffset() == timedelta(0)


def test_a_department_reads_as_what_it_is():
    assert people._department_of(find_all([keys.department("support")])[keys.department("support")]) == Department(
        department_id="support", name="Support"
    )


# --- Waiting ---------------------------------------------------------------------------------------------------------


def test_the_first_try_does_not_wait_and_later_ones_wait_at_random_up_to_a_bound():
    for _ in range(200):
        first, *later = growing_pauses(8, first=0.01, most=0.1)

        assert first == 0
        assert len(later) == 7
        bounds = [0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1]
        assert all(0 <= pause <= bound for pause, bound in zip(later, bounds, strict=True))


def test_a_single_try_is_a_single_try():
    assert list(growing_pauses(1)) == [0]


def test_the_client_names_us_and_waits_no_longer_than_a_caller_would():
    config: Any = Item._get_connection().connection.client.meta.config

    assert config.user_agent == "guestkey"
    assert (config.connect_timeout, config.read_timeout) == (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
    assert config.retries == {"total_max_attempts": 1 + MAX_RESENDS, "mode": "standard"}
