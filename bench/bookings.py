"""Benchmark of concurrent bookings: 200 tenants book on one day, spread over all slots, or slot by slot until full.

They book over HTTP on a local stack of their own, where each function is a process, as on Lambda. For comparison, the
same number of callers puts the same number of items into the DynamoDB of that stack, each with a condition. The desk is
open around the clock with enough lines for all, so that no booking is refused.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count, groupby
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from bench.lines import heading, table
from bench.processes import free_port
from local.deployment import Deployment
from local.sample import BACKEND, DESK, orders
from local.stack import Stack

CALLERS, CUSTOMERS, ROUNDS = 16, 200, 3
"""The callers are threads of one process, because several processes were measured and gave no higher rate."""
LINES = 50
"""The number of lines of the desk, which is the maximum."""
PAUSE_SECONDS = 0.5
"""The pause before each turn, in which the stream functions finish with the ledger entries of the turn before."""
SPREAD, TOGETHER, BARE = "bookings, spread over the day", "bookings, slot by slot", "plain conditional puts"
CALLBACKS = "/v1/callbacks"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WIDE = {"hours": {day: [{"from": "00:00", "until": "24:00"}] for day in WEEK}, "lines": LINES}

Job = Callable[[], None]


class Customer:
    """A user of a tenant. Each tenant of this benchmark has one user."""

    def __init__(self, stack: Stack, client: httpx.Client, tenant_id: str) -> None:
        self._client = client
        self._headers = _bearer(stack.token("anna", tenant_id=tenant_id))
        self._booked: str | None = None

    def slots(self) -> list[str]:
        """Return the start times of the slots of the next 14 days."""
        answer = self._client.get("/v1/slots?topic=question", headers=self._headers)
        return [slot["starts_at"] for slot in answer.raise_for_status().json()["items"]]

    def book(self, starts_at: str) -> None:
        """Book the slot that starts at this time."""
        order = {"topic": "question", "description": "See the ticket.", "phone": "+49 241 44686122"}
        answer = self._client.post(CALLBACKS, json=order | {"starts_at": starts_at}, headers=self._headers)
        self._booked = answer.raise_for_status().json()["callback_id"]

    def cancel(self) -> None:
        """Cancel the user's booking, if there is one."""
        if self._booked:
            self._client.delete(f"{CALLBACKS}/{self._booked}", headers=self._headers).raise_for_status()
            self._booked = None


def main() -> None:
    """Print the rate of each kind of booking, and its ratio to the rate of plain puts."""
    heading(
        f"Bookings: {CUSTOMERS} tenants on one day, {CALLERS} at a time, compared with the same number of plain puts",
        f"Median of {ROUNDS} alternating rounds after one warm-up round. The bookings are cancelled after each round.",
        f"Slot by slot: all tenants book the same slot until its {LINES} lines are taken.",
    )
    with _stack() as stack, httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        customers = _customers(stack, client)
        day = _day(customers[0].slots())
        rates = _rates(
            customers,
            {
                SPREAD: [partial(customer.book, day[n % len(day)]) for n, customer in enumerate(customers)],
                TOGETHER: [partial(customer.book, day[n // LINES]) for n, customer in enumerate(customers)],
                BARE: [_putter(stack)] * CUSTOMERS,
            },
        )
    bare = median(rates[BARE])
    rows: list[Sequence[object]] = [[name, median(each), median(each) / bare] for name, each in rates.items()]
    table(["throughput", "a second", "divided by plain puts"], rows)


@contextmanager
def _stack() -> Iterator[Stack]:
    """Start a whole local stack in a temporary folder and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="guestkey-bench-") as folder:
        stack = Stack(Path(folder), free_port(), free_port())
        try:
            stack.up()
            yield stack
        finally:
            stack.down()


def _customers(stack: Stack, client: httpx.Client) -> list[Customer]:
    """Put the desk and register the tenants. This comes before any other call, because functions cache the desk."""
    backend = _bearer(stack.token(BACKEND))
    client.put("/v1/vendor/desk", json=DESK | WIDE, headers=backend).raise_for_status()
    _, tenant = next(orders())
    names = [f"bench-{number}" for number in range(CUSTOMERS)]
    for name in names:
        client.put(f"/v1/vendor/tenants/{name}", json=tenant, headers=backend).raise_for_status()
    return [Customer(stack, client, name) for name in names]


def _day(slots: list[str]) -> list[str]:
    """Return the slots of the first full UTC day, because the table stores the slots of a UTC day together."""
    days = [list(some) for _, some in groupby(slots, key=lambda starts_at: starts_at[:10])]
    return max(days, key=len)


def _rates(customers: list[Customer], turns: dict[str, list[Job]]) -> dict[str, list[float]]:
    """Return the jobs per second of each kind, one number for each round."""
    rates: dict[str, list[float]] = {name: [] for name in turns}
    with ThreadPoolExecutor(CALLERS) as callers:
        for _ in range(1 + ROUNDS):
            for name, jobs in turns.items():
                time.sleep(PAUSE_SECONDS)
                started = time.perf_counter()
                list(callers.map(lambda job: job(), jobs))
                rates[name].append(len(jobs) / (time.perf_counter() - started))
                list(callers.map(Customer.cancel, customers))
    return {name: each[1:] for name, each in rates.items()}


def _putter(stack: Stack) -> Job:
    """Return a job that puts a new item, on the condition that the item does not exist."""
    client: Any = Deployment(stack.url).client("dynamodb")
    table_name, numbers = stack.status()["outputs"]["TableName"], count()

    def put() -> None:
        item = {"PK": {"S": "BARE"}, "SK": {"S": f"ITEM#{next(numbers)}"}, "text": {"S": "x" * 400}}
        client.put_item(TableName=table_name, Item=item, ConditionExpression="attribute_not_exists(PK)")

    return put


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


if __name__ == "__main__":
    main()
