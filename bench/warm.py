"""Benchmark of a check and a login in a warm function, compared with the same requests through a plain boto3 client.

Both run in this process against a stub with fixed responses (`bench.stub`). The measure is the CPU time of all threads,
in alternating blocks, so that other load on the machine affects both.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import environ
from statistics import median
from typing import Any

import boto3

from bench import calls, samples, wire
from bench.lines import heading, table, verdict
from bench.stub import Answers, set_answers
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item
from guestkey.store.ledger import ledger

ROUNDS = 25
CALLS = {1: 20, 10: 20, 100: 5, 500: 2}
"""The number of calls in a block, by the number of live grants that each call reads."""
MAX_CHECK_RATIO = 1.5

Asked = list[tuple[str, dict[str, Any]]]


def main() -> None:
    """Print the ratio for each call."""
    heading(
        "Warm: CPU time of a call, divided by that of its requests sent in sequence through a plain boto3 client",
        f"Median of {ROUNDS} alternating blocks of calls.",
    )
    check = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
    checking = calls.event("POST /v1/vendor/checks", calls.BACKEND, sent=check)
    entering = calls.event(
        "POST /v1/support/logins", calls.SVEN, sent={"tenant_id": "acme", "reason": "The nightly export stopped."}
    )
    rows: list[Sequence[object]] = []
    for live in CALLS:
        requests, ratio = _compared("check", checking, live)
        rows.append([f"check, {live} live", requests, ratio, verdict(ratio, MAX_CHECK_RATIO if live == 1 else None)])
    rows.append(["login, 1 live", *_compared("login_record", entering, 1), ""])
    table(["call, by the tenant's live grants", "requests", "ratio", "target"], rows)


def _compared(function: str, asked: dict[str, Any], live: int) -> tuple[int, float]:
    """Return the number of a call's requests, and its CPU time divided by that of the same requests through boto3."""
    set_answers(environ["AWS_ENDPOINT_URL"], _answers(live))
    with _recorded_requests() as requests:
        answer = calls.call(function, asked)
    assert answer["statusCode"] in (200, 201), answer
    bare: Any = boto3.client("dynamodb")

    def ours() -> None:
        calls.call(function, asked)

    def theirs() -> None:
        for operation, parameters in requests:
            bare._make_api_call(operation, parameters)

    blocks = [(_cpu(ours, CALLS[live]), _cpu(theirs, CALLS[live])) for _ in range(ROUNDS + 1)][1:]
    return len(requests), median(block[0] for block in blocks) / median(block[1] for block in blocks)


def _cpu(work: Callable[[], None], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - started


@contextmanager
def _recorded_requests() -> Iterator[Asked]:
    """Yield a list to which every request of Guestkey's client is appended."""
    recorded: Asked = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        recorded.append((model.name, params))

    events = wire.client().meta.events
    events.register("provide-client-params.dynamodb", record)
    yield recorded
    events.unregister("provide-client-params.dynamodb", record)


def _answers(live: int) -> Answers:
    """Return the responses of the stub: Sven, and a tenant with this number of live grants."""
    agent = samples.agent()
    live_keys = list(samples.live_keys("acme", live))
    head = ledger.HeadItem(*keys.ledger("acme"), seq=7, hash="0" * 64, live_at_most=live)
    return [
        ("GetItem", "", {"Item": agent}),
        ("Query", keys.LIVE, {"Items": live_keys, "Count": live, "ScannedCount": live}),
        ("Query", "", {"Items": [], "Count": 0, "ScannedCount": 0}),
        ("BatchGetItem", "", {"Responses": {Item.Meta.table_name: [agent, samples.raw(head)]}, "UnprocessedKeys": {}}),
        ("TransactWriteItems", "", {}),
    ]


if __name__ == "__main__":
    main()
