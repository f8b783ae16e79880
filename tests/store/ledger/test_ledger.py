"""The ledger in the table: one chain per tenant, written with each change, and no user's change kept waiting."""

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
from guestkey.rules.ledger import By, ByType, Data, Note, What, to_line
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


def tip(tenant_id: str = "acme") -> ledger.LedgerState:
    found = ledger.read_state(tenant_id)
    assert found
    return found


def taking(user_id: str = "anna") -> Callable[[Transaction, ledger.LedgerState], None]:
    """Return what adds a write of its own to a change: the right of a user, which must not be taken yet."""

    def compose(change: Transaction, seen: ledger.LedgerState) -> None:
        change.add("right", RightItem(*keys.right("acme", user_id), taken_at=MONDAY_NOON))

    return compose


def nothing(change: Transaction, seen: ledger.LedgerState) -> None:
    """Add nothing to a change."""


def about() -> list[str]:
    """What acme's entries are about since the sample world was registered."""
    return [entry.about for entry in ledger.entries_after("acme", 0, 1000) if entry.at > factories.LONG_AGO]


def is_sound(tenant_id: str = "acme") -> bool:
    lines = [f"{to_line(entry)}\n".encode() for entry in ledger.entries_after(tenant_id, 0, 1000)]
    return verify(lines, tip(tenant_id).head).is_clean


def with_a_rival(times: int) -> wire.Script:
    """Return the script in which somebody else takes the next number just before each of the first transactions."""
    left, is_writing = times, False

    def script(request: Request, send: Send) -> AWSResponse:
        nonlocal left, is_writing
        if request.operation == "TransactWriteItems" and left and not is_writing:
            left, is_writing = left - 1, True
            ledger.write(tip(), [note("a rival")], nothing)
            is_writing = False
        return send()

    return script


def always(answer: Callable[[Request], AWSResponse], operation: str = "TransactWriteItems") -> wire.Script:
    """Return the script in which requests of that kind are answered so and never reach the table."""

    def script(request: Request, send: Send) -> AWSResponse:
        return answer(request) if request.operation == operation else send()

    return script


def in_conflict(request: Request) -> AWSResponse:
    return wire.cancelled(request, "TransactionConflict", "TENANT#")


def too_late(request: Request) -> AWSResponse:
    """Say that the head has moved on."""
    keys_written = (operation.get("Key") or operation["Item"] for _, operation in request.items)
    reasons = ["ConditionalCheckFailed" if key["SK"]["S"] == keys.LEDGER else None for key in keys_written]
    return wire.failing(400, "TransactionCanceledException", reasons)


# --- The chain -------------------------------------------------------------------------------------------------------


def test_a_registered_tenant_has_a_head_and_a_first_entry():
    [first, *_] = ledger.entries_after("acme", 0, 1000)

    assert (first.seq, first.prev_hash, first.what) == (1, "0" * 64, What.TENANT_CHANGED)
    assert is_sound()
    assert is_sound("globex")


def test_nobody_elses_tenant_has_a_head():
    assert ledger.read_state("nobody") is None
    assert ledger.claim_priority("nobody") is None
    assert table.items("TENANT#nobody") == []


def test_a_change_and_its_entries_are_written_together():
    before = tip()

    ledger.write(before, [note("first"), note("second")], taking())

    assert about() == ["first", "second"]
    assert tip().head.seq == before.head.seq + 2
    assert len(table.items("TENANT#acme", "RIGHT#anna")) == 1
    assert is_sound()


def test_each_tenant_has_a_chain_of_its_own():
    before = tip("globex")

    ledger.write(tip(), [note()], nothing)

    assert tip("globex") == before


def test_what_the_head_carries_besides_is_what_the_change_makes_of_it():
    def head(seen: ledger.LedgerState) -> ledger.LedgerState:
        return replace(seen, live_at_most=seen.live_at_most + 3, revoked_at=MONDAY_NOON)

    ledger.write(tip(), [note()], nothing, next_state=head)
    assert (tip().live_at_most, tip().revoked_at) == (3, MONDAY_NOON)

    ledger.write(tip(), [note()], nothing)
    assert (tip().live_at_most, tip().revoked_at) == (3, MONDAY_NOON)


def test_entries_come_in_order_from_behind_a_number_and_not_more_than_asked_for():
    first = tip().head.seq
    for number in range(5):
        ledger.write(tip(), [note(str(number))], nothing)

    assert [entry.about for entry in ledger.entries_after("acme", first, 3)] == ["0", "1", "2"]
    assert [entry.seq for entry in ledger.entries_after("acme", first + 3, 100)] == [first + 4, first + 5]
    assert list(ledger.entries_after("acme", first + 5, 100)) == []


def test_entries_and_head_are_read_strongly_consistent():
    with wire.watched() as came:
        list(ledger.entries_after("acme", 0, 10))
        ledger.read_state("acme")

    assert [(request.operation, request.body["ConsistentRead"]) for request in came] == [
        ("Query", True),
        ("GetItem", True),
    ]


def test_an_entry_reads_as_it_was_written():
    data: Data = {"text": "Zoë", "number": 12, "yes": True, "nothing": None}
    wanted = Note(what=What.GRANT_GIVEN, by=By(type=ByType.SYSTEM), about="01J", data=data, at=MONDAY_NOON)

    ledger.write(tip(), [wanted], nothing)

    [*_, entry] = ledger.entries_after("acme", 0, 1000)
    assert (entry.what, entry.by, entry.about, entry.data, entry.at) == (
        wanted.what,
        wanted.by,
        wanted.about,
        data,
        MONDAY_NOON,
    )
    assert entry.head == tip().head


# --- The race for the next number ------------------------------------------------------------------------------------


@pytest.mark.parametrize("yields_to_users", [False, True])
def test_a_writer_that_loses_the_race_takes_the_number_after(yields_to_users):
    with wire.through(with_a_rival(2)):
        ledger.write(tip(), [note("ours")], taking(), yields_to_users=yields_to_users)

    assert about() == ["a rival", "a rival", "ours"]
    assert is_sound()


def test_a_change_that_is_built_again_is_given_what_the_head_says_now():
    seen = []

    with wire.through(with_a_rival(1)):
        ledger.write(tip(), [note("ours")], lambda change, at: seen.append(at.head.seq), next_state=lambda at: at)

    assert seen[1] == seen[0] + 1


@pytest.mark.parametrize("yields_to_users", [False, True])
def test_a_writer_that_never_wins_gives_up_and_says_that_it_is_busy(yields_to_users):
    tries = ledger.MAX_WRITE_TRIES

    with wire.through(always(too_late)) as came, pytest.raises(Busy) as busy:
        ledger.write(tip(), [note("ours")], taking(), yields_to_users=yields_to_users)

    assert busy.value.members == {"retry_after": 1}
    assert sum(request.operation == "TransactWriteItems" for request in came) == tries
    assert about() == []
    assert table.items("TENANT#acme", "RIGHT#anna") == []


@pytest.mark.parametrize("yields_to_users", [False, True])
def test_no_further_try_begins_when_the_callers_patience_is_over(yields_to_users):
    moments = iter([0.0, ledger.PATIENCE_SECONDS - 0.1, ledger.PATIENCE_SECONDS])

    with wire.through(always(in_conflict)) as came, patch.object(time, "monotonic", lambda: next(moments)):
        seen = tip()
        with pytest.raises(Busy):
            ledger.write(seen, [note()], nothing, yields_to_users=yields_to_users)

    assert sum(request.operation == "TransactWriteItems" for request in came) == 2


def test_a_conflict_with_another_transaction_is_tried_again():
    def script(request: Request, send: Send) -> AWSResponse:
        is_first = request.operation == "TransactWriteItems" and request.nth < 3
        return in_conflict(request) if is_first else send()

    with wire.through(script):
        ledger.write(tip(), [note()], taking())

    assert len(about()) == 1


def test_conflicts_without_end_are_busy():
    with wire.through(always(in_conflict)), pytest.raises(Busy):
        ledger.write(tip(), [note()], taking())

    assert about() == []


def test_a_condition_of_the_changes_own_is_the_callers_to_put_into_words():
    ledger.write(tip(), [note()], taking())

    with pytest.raises(ConditionFailed) as unmet:
        ledger.write(tip(), [note()], taking())

    assert list(unmet.value.failed) == ["right"]
    assert len(about()) == 1


def test_a_condition_of_the_changes_own_counts_more_than_the_lost_race():
    ledger.write(tip(), [note()], taking())

    with wire.through(with_a_rival(1)), pytest.raises(ConditionFailed) as unmet:
        ledger.write(tip(), [note()], taking())

    assert set(unmet.value.failed) == {"right", "head"}


def test_the_changes_new_id_already_there_means_that_an_earlier_try_was_stored():
    ledger.write(tip(), [note()], taking(), idempotent_write="right")
    ledger.write(tip(), [note()], taking(), idempotent_write="right")

    assert len(about()) == 1


def test_a_bug_is_not_tried_again():
    def script(request: Request, send: Send) -> AWSResponse:
        return wire.failing(400, "ValidationException") if request.operation == "TransactWriteItems" else send()

    with wire.through(script) as came, pytest.raises(TransactWriteError):
        ledger.write(tip(), [note()], taking())

    assert sum(request.operation == "TransactWriteItems" for request in came) == 1


# --- The wish --------------------------------------------------------------------------------------------------------


def test_a_wish_stands_for_a_second_and_brings_the_head_along_in_one_request(world):
    with wire.watched() as came:
        seen = ledger.claim_priority("acme")

    assert [request.operation for request in came] == ["UpdateItem"]
    assert seen is not None
    assert seen.has_priority_claim
    assert seen.head == tip().head
    world.shift(timedelta(seconds=1))
    assert not tip().has_priority_claim


def test_writers_for_agents_stand_back_while_it_stands_and_say_that_it_is_busy():
    ledger.claim_priority("acme")

    with wire.watched() as came, pytest.raises(Busy):
        ledger.write(tip(), [note()], taking(), yields_to_users=True)

    assert {request.operation for request in came} == {"GetItem"}
    assert about() == []


def test_a_wish_that_is_raised_while_an_agents_change_is_under_way_stops_it():
    """The wish was not there yet when the head was read: only the write's own condition can see it."""
    seen = tip()
    ledger.claim_priority("acme")

    with pytest.raises(Busy), wire.watched() as came:
        ledger.write(seen, [note()], taking(), yields_to_users=True)

    assert sum(request.operation == "TransactWriteItems" for request in came) == 1


def test_writers_for_users_do_not_stand_back():
    seen = ledger.claim_priority("acme")
    assert seen

    ledger.write(seen, [note()], taking())

    assert len(about()) == 1


def test_the_change_that_was_wished_for_clears_the_way():
    seen = ledger.claim_priority("acme")
    assert seen
    ledger.write(seen, [note("wished for")], nothing)

    ledger.write(tip(), [note("for an agent")], nothing, yields_to_users=True)

    assert about() == ["wished for", "for an agent"]


def test_an_agents_writer_goes_on_as_soon_as_the_wish_is_over(world):
    """A writer that crashed leaves its wish for a second at most."""
    ledger.claim_priority("acme")

    def script(request: Request, send: Send) -> AWSResponse:
        world.shift(timedelta(seconds=0.4))
        return send()

    with wire.through(script) as came:
        ledger.write(tip(), [note()], nothing, yields_to_users=True)

    assert [request.operation for request in came][-1] == "TransactWriteItems"
    assert len(about()) == 1


def test_a_user_that_lost_the_race_wishes_again():
    seen = tip()

    with wire.through(with_a_rival(1)) as came:
        ledger.write(seen, [note("ours")], nothing)

    assert [request.operation for request in came] == [
        "TransactWriteItems", "GetItem", "TransactWriteItems", "UpdateItem", "TransactWriteItems",
    ]  # fmt: skip


def test_a_wish_that_meets_a_transaction_is_made_again():
    def script(request: Request, send: Send) -> AWSResponse:
        is_first = request.operation == "UpdateItem" and request.nth < 3
        return wire.failing(400, "TransactionConflictException") if is_first else send()

    with wire.through(script):
        seen = ledger.claim_priority("acme")

    assert seen
    assert seen.has_priority_claim


def test_a_wish_that_meets_transactions_without_end_is_given_up_and_the_head_is_read():
    conflict = always(lambda request: wire.failing(400, "TransactionConflictException"), "UpdateItem")

    with wire.through(conflict):
        seen = ledger.claim_priority("acme")

    assert seen == tip()
    assert seen
    assert not seen.has_priority_claim


def test_a_wish_that_cannot_be_sent_says_so():
    def script(request: Request, send: Send) -> AWSResponse:
        raise ReadTimeoutError(endpoint_url=wire.URL)

    with wire.through(script), pytest.raises(OutcomeUnknown):
        ledger.claim_priority("acme")


def test_a_head_that_went_away_is_written_on_as_it_was_seen():
    """Nothing deletes a head: should it happen, the write fails its condition for ever."""
    seen = tip()
    Item(*keys.ledger("acme")).delete()

    with pytest.raises(Busy), wire.watched():
        ledger.write(seen, [note()], nothing)


# --- Once only, for a refusal ----------------------------------------------------------------------------------------


def test_a_refusal_is_written_if_the_way_is_free():
    assert ledger.try_write(tip(), [note()], nothing)
    assert len(about()) == 1


def test_a_refusal_does_not_even_try_while_a_user_waits():
    ledger.claim_priority("acme")

    with wire.watched() as came:
        assert not ledger.try_write(tip(), [note()], nothing)

    assert [request.operation for request in came] == ["GetItem"]


def test_a_refusal_that_loses_the_race_is_not_tried_again():
    with wire.through(with_a_rival(1)) as came:
        assert not ledger.try_write(tip(), [note("ours")], nothing)

    assert about() == ["a rival"]
    assert sum(request.operation == "TransactWriteItems" for request in came) == 2


@pytest.mark.parametrize("answer", [in_conflict, lambda request: wire.failing(500, "InternalServerError")])
def test_a_refusal_that_is_held_up_is_not_tried_again(answer):
    with wire.through(always(answer)):
        assert not ledger.try_write(tip(), [note()], nothing)
