"""The ledger in the table: one chain per tenant, written with each change, with priority for changes by users."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import TransactWriteError

from guestkey.errors import Busy
from guestkey.rules.ledger import By, ByType, Data, Note, Position, What, to_line
from guestkey.rules.verify import verify
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.transaction import ConditionFailed, OutcomeUnknown, Transaction
from guestkey.store.ledger import ledger
from guestkey.store.registry.tenants import RightItem
from tests import factories, table
from tests.factories import MONDAY_NOON
from tests.store import wire
from tests.store.wire import Request, Send

BY_ANNA = By(type=ByType.USER, id="anna")


def note(about: str = "somebody") -> Note:
    return Note(what=What.RIGHT_CHANGED, by=BY_ANNA, about=about, data={"may_grant": False}, at=MONDAY_NOON)


def ledger_state(tenant_id: str = "acme") -> ledger.LedgerState:
    found = ledger.read_state(tenant_id)
    assert found
    return found


def taking(user_id: str = "anna") -> Callable[[Transaction, ledger.LedgerState], None]:
    """Return a function that adds a write to a transaction: taking the right of a user who still holds it."""

    def add_writes(transaction: Transaction, state: ledger.LedgerState) -> None:
        transaction.add("right", RightItem(*keys.right("acme", user_id), taken_at=MONDAY_NOON))

    return add_writes


def nothing(transaction: Transaction, state: ledger.LedgerState) -> None:
    """Add no write to the transaction."""


def subjects() -> list[str]:
    """Return the `about` of acme's entries since the sample world was registered."""
    return [entry.about for entry in ledger.entries_after("acme", 0, 1000) if entry.at > factories.LONG_AGO]


def is_sound(tenant_id: str = "acme") -> bool:
    lines = [f"{to_line(entry)}\n".encode() for entry in ledger.entries_after(tenant_id, 0, 1000)]
    return verify(lines, ledger_state(tenant_id).head).is_clean


def with_concurrent_writer(times: int) -> wire.Script:
    """Return a script that writes an entry just before each of the first transactions, as a concurrent writer does."""
    left, is_writing = times, False

    def script(request: Request, send: Send) -> AWSResponse:
        nonlocal left, is_writing
        if request.operation == "TransactWriteItems" and left and not is_writing:
            left, is_writing = left - 1, True
            ledger.write(ledger_state(), [note("concurrent")], nothing)
            is_writing = False
        return send()

    return script


def always(answer: Callable[[Request], AWSResponse], operation: str = "TransactWriteItems") -> wire.Script:
    """Return a script that gives requests of that operation this answer, so that they never reach the table."""

    def script(request: Request, send: Send) -> AWSResponse:
        return answer(request) if request.operation == operation else send()

    return script


def in_conflict(request: Request) -> AWSResponse:
    return wire.cancelled(request, "TransactionConflict", "TENANT#")


def too_late(request: Request) -> AWSResponse:
    """Return a response for a ledger head that has moved on."""
    keys_written = (operation.get("Key") or operation["Item"] for _, operation in request.items)
    reasons = ["ConditionalCheckFailed" if key["SK"]["S"] == keys.LEDGER else None for key in keys_written]
    return wire.failing(400, "TransactionCanceledException", reasons)


# --- The chain -------------------------------------------------------------------------------------------------------


def test_a_registered_tenant_has_a_head_and_a_first_entry():
    [first, *_] = ledger.entries_after("acme", 0, 1000)

    assert (first.seq, first.prev_hash, first.what) == (1, "0" * 64, What.TENANT_CHANGED)
    assert is_sound()
    assert is_sound("globex")


def test_an_unregistered_tenant_has_no_head():
    assert ledger.read_state("nobody") is None
    assert ledger.claim_priority("nobody") is None
    assert table.items("TENANT#nobody") == []


def test_entries_are_written_in_the_transaction_of_the_change():
    before = ledger_state()

    ledger.write(before, [note("first"), note("second")], taking())

    assert subjects() == ["first", "second"]
    assert ledger_state().head.seq == before.head.seq + 2
    assert len(table.items("TENANT#acme", "RIGHT#anna")) == 1
    assert is_sound()


def test_each_tenant_has_its_own_chain():
    before = ledger_state("globex")

    ledger.write(ledger_state(), [note()], nothing)

    assert ledger_state("globex") == before


def test_a_change_may_set_the_other_attributes_of_the_ledger_state():
    def head(state: ledger.LedgerState) -> ledger.LedgerState:
        return replace(state, live_at_most=state.live_at_most + 3, revoked=Position(7, MONDAY_NOON))

    ledger.write(ledger_state(), [note()], nothing, next_state=head)
    assert (ledger_state().live_at_most, ledger_state().revoked) == (3, Position(7, MONDAY_NOON))

    ledger.write(ledger_state(), [note()], nothing)
    assert (ledger_state().live_at_most, ledger_state().revoked) == (3, Position(7, MONDAY_NOON))


def test_entries_after_a_number_come_in_order_up_to_the_limit():
    first = ledger_state().head.seq
    for number in range(5):
        ledger.write(ledger_state(), [note(str(number))], nothing)

    assert [entry.about for entry in ledger.entries_after("acme", first, 3)] == ["0", "1", "2"]
    assert [entry.seq for entry in ledger.entries_after("acme", first + 3, 100)] == [first + 4, first + 5]
    assert list(ledger.entries_after("acme", first + 5, 100)) == []


def test_entries_and_head_are_read_with_strongly_consistent_reads():
    with wire.watched() as sent:
        list(ledger.entries_after("acme", 0, 10))
        ledger.read_state("acme")

    assert [(request.operation, request.body["ConsistentRead"]) for request in sent] == [
        ("Query", True),
        ("GetItem", True),
    ]


def test_an_entry_reads_as_it_was_written():
    data: Data = {"text": "Zoë", "number": 12, "yes": True, "nothing": None}
    expected = Note(what=What.GRANT_GIVEN, by=By(type=ByType.SYSTEM), about="01J", data=data, at=MONDAY_NOON)

    ledger.write(ledger_state(), [expected], nothing)

    [*_, entry] = ledger.entries_after("acme", 0, 1000)
    assert (entry.what, entry.by, entry.about, entry.data, entry.at) == (
        expected.what,
        expected.by,
        expected.about,
        data,
        MONDAY_NOON,
    )
    assert entry.head == ledger_state().head


# --- The race for the next number ------------------------------------------------------------------------------------


@pytest.mark.parametrize("yields_to_users", [False, True])
def test_a_writer_that_loses_the_race_takes_the_next_number(yields_to_users):
    with wire.through(with_concurrent_writer(2)):
        ledger.write(ledger_state(), [note("own")], taking(), yields_to_users=yields_to_users)

    assert subjects() == ["concurrent", "concurrent", "own"]
    assert is_sound()


def test_a_retry_builds_the_transaction_from_the_current_state():
    seqs = []

    with wire.through(with_concurrent_writer(1)):
        ledger.write(
            ledger_state(), [note("own")], lambda transaction, at: seqs.append(at.head.seq), next_state=lambda at: at
        )

    assert seqs[1] == seqs[0] + 1


@pytest.mark.parametrize("yields_to_users", [False, True])
def test_a_writer_that_loses_every_attempt_raises_busy(yields_to_users):
    tries = ledger.MAX_WRITE_TRIES

    with wire.through(always(too_late)) as sent, pytest.raises(Busy) as busy:
        ledger.write(ledger_state(), [note("own")], taking(), yields_to_users=yields_to_users)

    assert busy.value.members == {"retry_after": 1}
    assert sum(request.operation == "TransactWriteItems" for request in sent) == tries
    assert subjects() == []
    assert table.items("TENANT#acme", "RIGHT#anna") == []


@pytest.mark.parametrize("yields_to_users", [False, True])
def test_no_attempt_begins_after_the_time_limit(yields_to_users):
    moments = iter([0.0, ledger.PATIENCE_SECONDS - 0.1, ledger.PATIENCE_SECONDS])

    with wire.through(always(in_conflict)) as sent, patch.object(time, "monotonic", lambda: next(moments)):
        state = ledger_state()
        with pytest.raises(Busy):
            ledger.write(state, [note()], nothing, yields_to_users=yields_to_users)

    assert sum(request.operation == "TransactWriteItems" for request in sent) == 2


def test_a_caller_waits_six_seconds_at_most():
    """API Gateway waits for 30 seconds, and a change may write several times."""
    assert ledger.PATIENCE_SECONDS == 6.0


@pytest.mark.parametrize("yields_to_users", [False, True])
def test_a_change_whose_outcome_stays_unknown_is_busy_and_never_taken_for_done(yields_to_users):
    lost = always(lambda request: wire.failing(500, "InternalServerError"))

    with wire.through(lost) as came, pytest.raises(Busy):
        ledger.write(ledger_state(), [note()], taking(), idempotent_write="right", yields_to_users=yields_to_users)

    tries = sum(request.operation == "TransactWriteItems" for request in came)
    assert tries == ledger.MAX_WRITE_TRIES * wire.ATTEMPTS
    assert subjects() == []


def test_a_conflict_with_another_transaction_is_retried():
    def script(request: Request, send: Send) -> AWSResponse:
        is_first = request.operation == "TransactWriteItems" and request.nth < 3
        return in_conflict(request) if is_first else send()

    with wire.through(script):
        ledger.write(ledger_state(), [note()], taking())

    assert len(subjects()) == 1


def test_conflicts_on_every_attempt_raise_busy():
    with wire.through(always(in_conflict)), pytest.raises(Busy):
        ledger.write(ledger_state(), [note()], taking())

    assert subjects() == []


def test_a_failed_condition_of_the_change_itself_is_raised_to_the_caller():
    ledger.write(ledger_state(), [note()], taking())

    with pytest.raises(ConditionFailed) as unmet:
        ledger.write(ledger_state(), [note()], taking())

    assert list(unmet.value.failed) == ["right"]
    assert len(subjects()) == 1


def test_a_failed_condition_of_the_change_itself_takes_precedence_over_a_lost_race():
    ledger.write(ledger_state(), [note()], taking())

    with wire.through(with_concurrent_writer(1)), pytest.raises(ConditionFailed) as unmet:
        ledger.write(ledger_state(), [note()], taking())

    assert set(unmet.value.failed) == {"right", "head"}


def test_an_existing_item_with_the_new_id_means_that_an_earlier_attempt_was_stored():
    ledger.write(ledger_state(), [note()], taking(), idempotent_write="right")
    ledger.write(ledger_state(), [note()], taking(), idempotent_write="right")

    assert len(subjects()) == 1


def test_a_bug_is_not_retried():
    def script(request: Request, send: Send) -> AWSResponse:
        return wire.failing(400, "ValidationException") if request.operation == "TransactWriteItems" else send()

    with wire.through(script) as sent, pytest.raises(TransactWriteError):
        ledger.write(ledger_state(), [note()], taking())

    assert sum(request.operation == "TransactWriteItems" for request in sent) == 1


# --- Priority of users -----------------------------------------------------------------------------------------------


def test_a_priority_claim_lasts_a_second_and_returns_the_state_in_one_request(world):
    with wire.watched() as sent:
        state = ledger.claim_priority("acme")

    assert [request.operation for request in sent] == ["UpdateItem"]
    assert state is not None
    assert state.has_priority_claim
    assert state.head == ledger_state().head
    world.shift(timedelta(seconds=1))
    assert not ledger_state().has_priority_claim


def test_writers_for_agents_are_busy_during_a_priority_claim():
    ledger.claim_priority("acme")

    with wire.watched() as sent, pytest.raises(Busy):
        ledger.write(ledger_state(), [note()], taking(), yields_to_users=True)

    assert {request.operation for request in sent} == {"GetItem"}
    assert subjects() == []


def test_a_claim_made_during_an_agents_change_makes_it_busy():
    """The claim is made after the head was read, so only the write's own condition detects it."""
    state = ledger_state()
    ledger.claim_priority("acme")

    with pytest.raises(Busy), wire.watched() as sent:
        ledger.write(state, [note()], taking(), yields_to_users=True)

    assert sum(request.operation == "TransactWriteItems" for request in sent) == 1


def test_writers_for_users_do_not_yield_to_a_claim():
    state = ledger.claim_priority("acme")
    assert state

    ledger.write(state, [note()], taking())

    assert len(subjects()) == 1


def test_the_users_change_removes_the_priority_claim():
    state = ledger.claim_priority("acme")
    assert state
    ledger.write(state, [note("by a user")], nothing)

    ledger.write(ledger_state(), [note("for an agent")], nothing, yields_to_users=True)

    assert subjects() == ["by a user", "for an agent"]


def test_an_agents_writer_continues_after_the_claim_expires(world):
    """A writer that crashed leaves its claim for a second at most."""
    ledger.claim_priority("acme")

    def script(request: Request, send: Send) -> AWSResponse:
        world.shift(timedelta(seconds=0.4))
        return send()

    with wire.through(script) as sent:
        ledger.write(ledger_state(), [note()], nothing, yields_to_users=True)

    assert [request.operation for request in sent][-1] == "TransactWriteItems"
    assert len(subjects()) == 1


def test_a_users_writer_that_lost_twice_claims_priority():
    state = ledger_state()

    with wire.through(with_concurrent_writer(1)) as sent:
        ledger.write(state, [note("own")], nothing)

    assert [request.operation for request in sent] == [
        "TransactWriteItems", "GetItem", "TransactWriteItems", "UpdateItem", "TransactWriteItems",
    ]  # fmt: skip


def test_a_claim_that_conflicts_with_a_transaction_is_retried():
    def script(request: Request, send: Send) -> AWSResponse:
        is_first = request.operation == "UpdateItem" and request.nth < 3
        return wire.failing(400, "TransactionConflictException") if is_first else send()

    with wire.through(script):
        state = ledger.claim_priority("acme")

    assert state
    assert state.has_priority_claim


def test_after_conflicts_on_every_attempt_the_state_is_read_without_a_claim():
    conflict = always(lambda request: wire.failing(400, "TransactionConflictException"), "UpdateItem")

    with wire.through(conflict):
        state = ledger.claim_priority("acme")

    assert state == ledger_state()
    assert state
    assert not state.has_priority_claim


def test_a_claim_without_an_answer_has_an_unknown_outcome():
    def script(request: Request, send: Send) -> AWSResponse:
        raise ReadTimeoutError(endpoint_url=wire.URL)

    with wire.through(script), pytest.raises(OutcomeUnknown):
        ledger.claim_priority("acme")


def test_a_write_after_a_deleted_head_is_busy():
    """No code deletes a ledger head; if it were deleted, the write would fail its condition on every try."""
    state = ledger_state()
    Item(*keys.ledger("acme")).delete()

    with pytest.raises(Busy), wire.watched():
        ledger.write(state, [note()], nothing)


# --- A single attempt, for a refusal ---------------------------------------------------------------------------------


def test_a_refusal_is_written_without_a_claim_or_conflict():
    assert ledger.try_write(ledger_state(), [note()], nothing)
    assert len(subjects()) == 1


def test_a_refusal_is_not_attempted_during_a_priority_claim():
    ledger.claim_priority("acme")

    with wire.watched() as sent:
        assert not ledger.try_write(ledger_state(), [note()], nothing)

    assert [request.operation for request in sent] == ["GetItem"]


def test_a_refusal_that_loses_the_race_is_not_retried():
    with wire.through(with_concurrent_writer(1)) as sent:
        assert not ledger.try_write(ledger_state(), [note("own")], nothing)

    assert subjects() == ["concurrent"]
    assert sum(request.operation == "TransactWriteItems" for request in sent) == 2


@pytest.mark.parametrize("answer", [in_conflict, lambda request: wire.failing(500, "InternalServerError")])
def test_a_refusal_with_a_conflict_or_an_error_is_not_retried(answer):
    with wire.through(always(answer)):
        assert not ledger.try_write(ledger_state(), [note()], nothing)
