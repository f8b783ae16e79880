"""A table of the DynamoDB requests and capacity units of each call."""

from collections.abc import Iterable
from typing import Any

from bench import calls, wire
from bench.lines import verdict

COLUMNS = ["call", "", "requests", "sequential", "read units", "write units", "target"]


class Bill:
    """Makes calls and collects one row for each: its DynamoDB requests, its capacity units and its target."""

    def __init__(self, watched: wire.Wire) -> None:
        self._wire = watched
        self.rows: list[list[object]] = []

    def item(self, name: str, function: str, asked: dict[str, Any], most: int | None = None, status: int = 200) -> str:
        """Make a call, add its row and return the response body. `most` is the target for sequential requests."""
        requests, body = self._call(function, asked, status)
        sequential = wire.sequential(requests)
        self._add(name, requests, verdict(sequential, most, f"at most {most} sequential"))
        return body

    def check(self, name: str, asked: dict[str, Any], reads: int) -> None:
        """Make a check and add its row. The target is exactly `reads` requests, all in parallel and all reads."""
        requests, _ = self._call("check", asked, 200)
        deviation = abs(len(requests) - reads) + wire.sequential(requests) - 1
        deviation += sum(request.read_units == 0 for request in requests)
        self._add(name, requests, verdict(deviation, 0, f"{reads} parallel reads"))

    def _call(self, function: str, asked: dict[str, Any], status: int) -> tuple[list[wire.Request], str]:
        with self._wire.watched() as requests:
            answer = calls.call(function, asked)
        assert answer["statusCode"] == status, answer
        return requests, answer["body"]

    def _add(self, name: str, requests: list[wire.Request], target: str) -> None:
        self.rows.append(
            [
                name,
                _operations(requests),
                len(requests),
                wire.sequential(requests),
                sum(request.read_units for request in requests),
                sum(request.write_units for request in requests),
                target,
            ]
        )


def _operations(requests: Iterable[wire.Request]) -> str:
    """Return one letter for the operation of each request, in the order of their start."""
    return "".join(request.operation[0] for request in sorted(requests, key=lambda request: request.began))
