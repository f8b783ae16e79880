"""Benchmark of ledger writes: 16 users change one tenant's grants at the same time; then the ledger is verified.

Each user is a process, as on Lambda, and writes through the store, over HTTP, to the DynamoDB of the local stack. In
alternating rounds each process writes plain transactions of two items of its own, to measure the limit of DynamoDB.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from statistics import median
from typing import Any

import boto3

from bench.lines import MET, MISSED, heading, table
from guestkey.edge.http import ids
from guestkey.errors import Busy
from guestkey.rules.grants import give, revoke
from guestkey.rules.ledger import By, ByType, Entry, to_line
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Agent, GranteeType, Tenant, User
from guestkey.rules.periods import DEFAULT_PERIOD
from guestkey.rules.verify import verify
from guestkey.store import clock
from guestkey.store.access import giving, grants
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.retry import transact
from guestkey.store.ledger import ledger
from guestkey.store.registry import registering, tenants

WRITERS = 16
ROUNDS, SECONDS = 3, 2.5
TENANT_ID = "acme"

CHANGING, WRITING = "changing", "writing"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The result of one writer in one round: completed changes, and changes that failed as busy."""

    number: int
    doing: str
    seconds: float
    done: int
    busy: int = 0


def main() -> None:
    """Print the rates of both kinds of writes, and the state of the ledger afterwards."""
    heading(
        f"Ledger: {WRITERS} writers on one tenant, compared with {WRITERS} writers of plain two-item transactions",
        f"Median of {ROUNDS} alternating rounds of {SECONDS:g} seconds. A writer gives a grant, then revokes it.",
    )
    _prepare()
    turns = _turns()
    changing, writing = _rate(turns, CHANGING), _rate(turns, WRITING)
    changed = sum(turn.done for turn in turns if turn.doing == CHANGING)
    busy = sum(turn.busy for turn in turns)
    table(
        ["throughput", "a second"],
        [
            ["changes of one tenant, each with its ledger entry", changing],
            ["plain transactions", writing],
            ["changes divided by plain transactions", changing / writing],
            ["changes refused as busy", f"{busy} of {changed + busy}"],
        ],
    )
    print()
    table(["ledger afterwards", "count", "target"], _chain(changed))


def _prepare() -> None:
    Item.create_table(billing_mode="PAY_PER_REQUEST", wait=True)
    agent = Agent(
        agent_id="sven",
        name="Sven Brandt",
        email="sven@vendor.example",
        departments=(),
        is_active=True,
        changed_at=clock.now(),
    )
    tenant = Tenant(
        tenant_id=TENANT_ID,
        name="Acme Immobilien GmbH",
        customer_name=TENANT_ID,
        version="Enterprise 24.3",
        time_zone="Europe/Berlin",
        language="de",
        country="DE",
        approver_emails=("anna@acme.example",),
    )
    registering.put_agent(agent)
    tenants.put_tenant(tenant, By(type=ByType.VENDOR, id="backend"), clock.now())


def _turns() -> list[Turn]:
    """Run all writers and return the results of all rounds."""
    context = get_context("spawn")
    start, results = context.Barrier(WRITERS), context.SimpleQueue()
    writers = [context.Process(target=_write, args=(number, start, results)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    turns = [results.get() for _ in range(WRITERS * ROUNDS * 2)]
    for writer in writers:
        writer.join()
    return turns


def _write(number: int, start: Barrier, results: "SimpleQueue[Turn]") -> None:
    """Run one writer. The barrier starts all writers of a round at the same time."""
    change, bare = _changer(number), _bare_writer(number)
    for round_number in range(ROUNDS):
        for doing, work in ((CHANGING, change), (WRITING, bare)):
            start.wait()
            done = busy = 0
            started = time.perf_counter()
            while (seconds := time.perf_counter() - started) < SECONDS:
                try:
                    work()
                    done += 1
                except Busy:
                    busy += 1
            results.put(Turn(number=round_number, doing=doing, seconds=seconds, done=done, busy=busy))


def _rate(turns: Iterable[Turn], doing: str) -> float:
    """Return how many writes of this kind all writers complete per second, as the median over the rounds."""
    rounds = [[turn for turn in turns if (turn.number, turn.doing) == (number, doing)] for number in range(ROUNDS)]
    return median(sum(turn.done for turn in some) / max(turn.seconds for turn in some) for some in rounds)


def _changer(number: int) -> Callable[[], None]:
    """Return a function that gives a grant on one call and revokes it on the next.

    Each hundred changes belong to another user, because a user gives a limited number of grants in an hour.
    """
    given: list[str] = []
    changes = count()

    def change() -> None:
        name = f"user-{number}-{next(changes) // 100}"
        user = User(tenant_id=TENANT_ID, user_id=name, name=name)
        now, grant_id = clock.now(), ids.new_id()
        if given:
            transact(
                load=lambda: grants.load_for_change(user, given[-1]),
                decide=lambda context: revoke(context.grant, user, now),
                save=grants.save_revoked,
            )
            given.pop()
            return
        transact(
            load=lambda: giving.load_context(user, GranteeType.AGENT, "sven", None, now),
            decide=lambda context: give(
                door=context.door,
                rules=context.policy.rules_at(now),
                grant_id=grant_id,
                by=user,
                grantee=context.grantee,
                period=DEFAULT_PERIOD,
                tenant=context.tenant,
                access=AccessLevel.CHANGE,
                may_export=False,
                now=now,
            ),
            save=lambda grant, context: giving.save(grant, context, None),
        )
        given.append(grant_id)

    return change


def _bare_writer(number: int) -> Callable[[], None]:
    """Return a function that puts an item and increments a counter item, in one transaction."""
    client: Any = boto3.client("dynamodb")
    names = count()
    key = {"PK": {"S": f"BARE#{number}"}}

    def write() -> None:
        item = key | {"SK": {"S": f"ITEM#{next(names)}"}, "text": {"S": "x" * 400}}
        put = {"TableName": Item.Meta.table_name, "Item": item, "ConditionExpression": "attribute_not_exists(PK)"}
        update = {
            "TableName": Item.Meta.table_name,
            "Key": key | {"SK": {"S": "HEAD"}},
            "UpdateExpression": "ADD seq :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        client.transact_write_items(TransactItems=[{"Put": put}, {"Update": update}])

    return write


def _chain(changes: int) -> list[Sequence[object]]:
    """Return rows about the ledger: the number of its entries, and its forks, gaps and findings."""
    entries = list(ledger.entries_after(TENANT_ID, 0, 10**6))
    tip = ledger.read_state(TENANT_ID)
    assert tip
    report = verify((to_line(entry).encode() for entry in entries), tip.head)
    numbers = Counter(entry.seq for entry in entries)
    return [
        ["entries", len(entries), ""],
        ["completed changes, and the tenant's first entry", changes + 1, ""],
        ["forks", forks := _forks(entries), _none(forks)],
        ["gaps", gaps := len(set(range(1, tip.head.seq + 1)) - numbers.keys()), _none(gaps)],
        ["findings of the verifier, with the head", len(report.findings), _none(len(report.findings))],
    ]


def _forks(entries: Iterable[Entry]) -> int:
    """Return the number of entries that have the same predecessor as an earlier entry."""
    return sum(followers - 1 for followers in Counter(entry.prev_hash for entry in entries).values())


def _none(number: int) -> str:
    return f"none: {MISSED if number else MET}"


if __name__ == "__main__":
    main()
