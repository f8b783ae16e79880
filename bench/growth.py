"""Benchmark of a check by the number of a tenant's live grants and past grants.

The grants are written directly into moto's memory (`world.fill`); the check runs as on Lambda.
"""

from collections.abc import Sequence

from bench import calls, samples, wire, world
from bench.lines import MET, MISSED, heading, table

ROUTE = "POST /v1/vendor/checks"
LIVE = (1, 100, 500)
HISTORY = (1, 1_000, 100_000)

Cost = tuple[int, int, float]
"""The number of requests, the longest sequence of them, and the read units."""


def main() -> None:
    """Print the cost of a check at each size."""
    heading("Growth: one check, by the number of the tenant's live grants and past grants")
    with world.table() as plain:
        watched = wire.Wire(plain)
        world.fill([samples.agent()])
        sizes = [*((live, 1) for live in LIVE), *((1, past) for past in HISTORY[1:])]
        rows: list[Sequence[object]] = []
        smallest: Cost | None = None
        for live, past in sizes:
            tenant_id = f"live-{live}-past-{past}"
            world.fill(samples.live_keys(tenant_id, live))
            world.fill(samples.history(tenant_id, past))
            cost = _cost(watched, tenant_id)
            smallest = smallest or cost
            rows.append([f"{live:,} live, {past:,} past", *cost, _verdict(cost, smallest) if past > 1 else ""])
    table(["grants", "requests", "sequential", "read units", "target"], rows)


def _cost(watched: wire.Wire, tenant_id: str) -> Cost:
    asked = calls.event(
        ROUTE, calls.BACKEND, sent={"tenant_id": tenant_id, "agent_id": samples.SVEN.id, "action": "enter"}
    )
    with watched.watched() as requests:
        answer = calls.call("check", asked)
    assert '"allowed":true' in answer["body"], answer
    return len(requests), wire.sequential(requests), sum(request.read_units for request in requests)


def _verdict(cost: Cost, smallest: Cost) -> str:
    return f"same as with one past grant: {MET if cost == smallest else MISSED}"


if __name__ == "__main__":
    main()
