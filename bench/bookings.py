"""Two hundred tenants that book on one day at once: spread over it, or all at the same slot until it is full.

They book over HTTP, on a local stack of this part's own, where each function is a process, as on Lambda. In turns with
that, as many callers put as many items straight into the DynamoDB of the same stack, each if it is absent. The desk is
open around the clock and has room for all, so that nobody is turned away.
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
"""Callers are threads of one process: more processes, tried, get no more out of the stack."""
LINES = 50
"""As many as a desk may have."""
QUIET_SECONDS = 0.5
"""Before each turn: what the entries of the ledger set off shall be over."""
SPREAD, TOGETHER, BARE = "bookings, spread over the day", "bookings, slot by slot", "bare conditional puts"
CALLBACKS = "/v1/callbacks"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WIDE = {"hours": {day: [{"from": "00:00", "until": "24:00"}] for day in WEEK}, "lines": LINES}

Job = Callable[[], None]


class Customer:
    """A user of a tenant that nobody else of this bench works for."""

    def __init__(self, stack: Stack, client: httpx.Client, tenant_id: str) -> None:
        self._client = client
        self._headers = _bearer(stack.token("anna", tenant_id=tenant_id))
        self._booked: str | None = None

    def slots(self) -> list[str]:
        """Return when the slots of the next 14 days begin."""
        answer = self._client.get("/v1/slots?topic=question", headers=self._headers)
        return [slot["starts_at"] for slot in answer.raise_for_status().json()["items"]]

    def book(self, starts_at: str) -> None:
        """Book a slot."""
        order = {"topic": "question", "description": "See the ticket.", "phone": "+49 241 44686122"}
        answer = self._client.post(CALLBACKS, json=order | {"starts_at": starts_at}, headers=self._headers)
        self._booked = answer.raise_for_status().json()["callback_id"]

    def cancel(self) -> None:
        """Cancel what is booked, if anything is."""
        if self._booked:
            self._client.delete(f"{CALLBACKS}/{self._booked}", headers=self._headers).raise_for_status()
            self._booked = None


def main() -> None:
    """Print how many of each there were in a second, and what share of the bare puts' speed that is."""
    heading(
        f"Bookings: {CUSTOMERS} tenants on one day, {CALLERS} at a time, beside as many bare conditional puts",
        f"Median of {ROUNDS} rounds that take turns, after one to warm up. What was booked is cancelled in between.",
        f"Slot by slot: all want the same one, until its {LINES} lines are taken.",
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
    table(["throughput", "a second", "divided by bare puts"], rows)


@contextmanager
def _stack() -> Iterator[Stack]:
    """Bring a whole local stack up, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="guestkey-bench-") as folder:
        stack = Stack(Path(folder), free_port(), free_port())
        try:
            stack.up()
            yield stack
        finally:
            stack.down()


def _customers(stack: Stack, client: httpx.Client) -> list[Customer]:
    """Register the tenants and put the desk, before any function has read another one."""
    backend = _bearer(stack.token(BACKEND))
    client.put("/v1/vendor/desk", json=DESK | WIDE, headers=backend).raise_for_status()
    _, tenant = next(orders())
    names = [f"bench-{number}" for number in range(CUSTOMERS)]
    for name in names:
        client.put(f"/v1/vendor/tenants/{name}", json=tenant, headers=backend).raise_for_status()
    return [Customer(stack, client, name) for name in names]


def _day(slots: list[str]) -> list[str]:
    """Return the slots of the first whole day, a day being what the table keeps together."""
    days = [list(some) for _, some in groupby(slots, key=lambda starts_at: starts_at[:10])]
    return max(days, key=len)


def _rates(customers: list[Customer], turns: dict[str, list[Job]]) -> dict[str, list[float]]:
    """Return how many jobs of each kind were done in a second, round by round."""
    rates: dict[str, list[float]] = {name: [] for name in turns}
    with ThreadPoolExecutor(CALLERS) as callers:
        for _ in range(1 + ROUNDS):
            for name, jobs in turns.items():
                time.sleep(QUIET_SECONDS)
                started = time.perf_counter()
                list(callers.map(lambda job: job(), jobs))
                rates[name].append(len(jobs) / (time.perf_counter() - started))
                list(callers.map(Customer.cancel, customers))
    return {name: each[1:] for name, each in rates.items()}


def _putter(stack: Stack) -> Job:
    """Return what puts a new item, if it is absent."""
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
