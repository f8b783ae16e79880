"""Sixteen users changing one tenant's grants at once, and what that makes of the ledger.

Each is a process of its own, as on Lambda, and writes through the store, over HTTP, to the DynamoDB of the local stack.
In turns with that each writes bare transactions of two items that nobody else touches, as many as this DynamoDB takes.
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
from guestkey.edge import clock
from guestkey.edge.http import ids
from guestkey.errors import Busy
from guestkey.rules.grants import give, revoke
from guestkey.rules.ledger import By, ByType, Entry, to_line
from guestkey.rules.people import Agent, GranteeType, Tenant, User
from guestkey.rules.periods import DEFAULT_PERIOD
from guestkey.rules.verify import verify
from guestkey.store.access import grants
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.retry import transact
from guestkey.store.ledger import ledger
from guestkey.store.registry import people, tenants

WRITERS = 16
ROUNDS, SECONDS = 3, 2.5
TENANT_ID = "acme"

CHANGING, WRITING = "changing", "writing"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one writer did in one round."""

    number: int
    doing: str
    seconds: float
    done: int
    busy: int = 0


def main() -> None:
    """Print the throughput of both, and what the ledger looks like afterwards."""
    heading(
        f"Ledger: {WRITERS} writers on one tenant, beside {WRITERS} writers of bare two-item transactions",
        f"Median of {ROUNDS} rounds of {SECONDS:g} seconds that take turns. A writer gives a grant, then revokes it.",
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
            ["bare transactions", writing],
            ["the one divided by the other", changing / writing],
            ["changes that gave up as busy", f"{busy} of {changed + busy}"],
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
        version="Enterprise 24.3",
        time_zone="Europe/Berlin",
        language="de",
        country="DE",
        approver_emails=("anna@acme.example",),
    )
    people.put_agent(agent)
    tenants.put_tenant(tenant, By(type=ByType.VENDOR, id="backend"), clock.now())


def _turns() -> list[Turn]:
    """Let all writers work in rounds and return what they did."""
    context = get_context("spawn")
    together, told = context.Barrier(WRITERS), context.SimpleQueue()
    writers = [context.Process(target=_write, args=(number, together, told)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    turns = [told.get() for _ in range(WRITERS * ROUNDS * 2)]
    for writer in writers:
        writer.join()
    return turns


def _write(number: int, together: Barrier, told: "SimpleQueue[Turn]") -> None:
    """Be one of the writers. All begin each round together."""
    change, bare = _changer(number), _bare_writer(number)
    for round_number in range(ROUNDS):
        for doing, work in ((CHANGING, change), (WRITING, bare)):
            together.wait()
            done = busy = 0
            started = time.perf_counter()
            while (seconds := time.perf_counter() - started) < SECONDS:
                try:
                    work()
                    done += 1
                except Busy:
                    busy += 1
            told.put(Turn(number=round_number, doing=doing, seconds=seconds, done=done, busy=busy))


def _rate(turns: Iterable[Turn], doing: str) -> float:
    """Return how often all writers together did it in a second, the median over the rounds."""
    rounds = [[turn for turn in turns if (turn.number, turn.doing) == (number, doing)] for number in range(ROUNDS)]
    return median(sum(turn.done for turn in some) / max(turn.seconds for turn in some) for some in rounds)


def _changer(number: int) -> Callable[[], None]:
    """Return what gives a grant, and the next time revokes it."""
    user = User(tenant_id=TENANT_ID, user_id=f"user-{number}", name=f"User {number}")
    given: list[str] = []

    def change() -> None:
        now, grant_id = clock.now(), ids.new_id()
        if given:
            transact(
                load=lambda: grants.load_for_revoke(user, given[-1]),
                decide=lambda context: revoke(context.grant, user, now),
                save=grants.save_revoked,
            )
            given.pop()
            return
        transact(
            load=lambda: grants.load_context(user, GranteeType.AGENT, "sven", None, now),
            decide=lambda context: give(
                grant_id=grant_id,
                by=user,
                grantee=context.grantee,
                period=DEFAULT_PERIOD,
                tenant=context.tenant,
                may_export=False,
                now=now,
            ),
            save=lambda grant, context: grants.save(grant, context, None),
        )
        given.append(grant_id)

    return change


def _bare_writer(number: int) -> Callable[[], None]:
    """Return what puts an item and counts it in another, in one transaction."""
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
    """Return how the ledger stands: its entries, and what is wrong with it."""
    entries = list(ledger.entries_after(TENANT_ID, 0, 10**6))
    tip = ledger.read_state(TENANT_ID)
    assert tip
    report = verify((to_line(entry).encode() for entry in entries), tip.head)
    numbers = Counter(entry.seq for entry in entries)
    return [
        ["entries", len(entries), ""],
        ["changes that were answered, and the tenant's first entry", changes + 1, ""],
        ["forks", forks := _forks(entries), _none(forks)],
        ["gaps", gaps := len(set(range(1, tip.head.seq + 1)) - numbers.keys()), _none(gaps)],
        ["findings of the verifier, given the head", len(report.findings), _none(len(report.findings))],
    ]


def _forks(entries: Iterable[Entry]) -> int:
    """Return how many entries follow an entry that another one follows as well."""
    return sum(followers - 1 for followers in Counter(entry.prev_hash for entry in entries).values())


def _none(number: int) -> str:
    return f"none: {MISSED if number else MET}"


if __name__ == "__main__":
    main()
