"""What each call asked of DynamoDB, line by line."""

from collections.abc import Iterable
from typing import Any

from bench import calls, wire
from bench.lines import verdict

COLUMNS = ["call", "", "requests", "one after another", "read units", "write units", "target"]


class Bill:
    """The calls made so far and what each asked of DynamoDB."""

    def __init__(self, watched: wire.Wire) -> None:
        self._wire = watched
        self.rows: list[list[object]] = []

    def item(self, name: str, function: str, asked: dict[str, Any], most: int | None = None, status: int = 200) -> str:
        """Make a call, add its line, return the answer's body. `most` is how many requests may follow one another."""
        requests, body = self._made(function, asked, status)
        deep = wire.one_after_another(requests)
        self._add(name, requests, verdict(deep, most, f"at most {most} one after another"))
        return body

    def check(self, name: str, asked: dict[str, Any], reads: int) -> None:
        """Make a check, which may read so often, all at once, and do nothing else."""
        requests, _ = self._made("check", asked, 200)
        too_much = abs(len(requests) - reads) + wire.one_after_another(requests) - 1
        too_much += sum(request.read_units == 0 for request in requests)
        self._add(name, requests, verdict(too_much, 0, f"{reads} reads, all at once"))

    def _made(self, function: str, asked: dict[str, Any], status: int) -> tuple[list[wire.Request], str]:
        with self._wire.watched() as requests:
            answer = calls.call(function, asked)
        assert answer["statusCode"] == status, answer
        return requests, answer["body"]

    def _add(self, name: str, requests: list[wire.Request], judged: str) -> None:
        self.rows.append(
            [
                name,
                _told(requests),
                len(requests),
                wire.one_after_another(requests),
                sum(request.read_units for request in requests),
                sum(request.write_units for request in requests),
                judged,
            ]
        )


def _told(requests: Iterable[wire.Request]) -> str:
    """Return the requests in the order in which they began, one letter each."""
    return "".join(request.operation[0] for request in sorted(requests, key=lambda request: request.began))
