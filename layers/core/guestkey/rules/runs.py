"""Runs of sound entries in a copy of a ledger, and their order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guestkey.rules.ledger import Head
from guestkey.rules.ledger_form import MAX_FINDINGS

Span = tuple[int, int]
"""A range of entry numbers, first and last, both inclusive."""


@dataclass(kw_only=True)
class Run:
    """A run of sound entries with consecutive numbers, in this order in the copy."""

    tenant_id: str
    first: int
    line: int
    prev_hash: str
    to_line: int
    head: Head

    @property
    def last(self) -> int:
        return self.head.seq

    @property
    def span(self) -> Span:
        return self.first, self.last

    def line_of(self, seq: int) -> int:
        """Return the line of an entry, or the first line of the run if lines of other runs are in between."""
        is_unbroken = self.to_line - self.line == self.last - self.first
        return self.line + seq - self.first if is_unbroken else self.line


def in_order(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that are in order, chosen so that as few entries as possible are out of order.

    Of equal choices, runs at their original place count as in order (in 1 4 3 2 5 the 4 and the 2 are out of order).
    """
    longest = max(runs, key=lambda run: run.last - run.first, default=None)
    best: list[tuple[int, int]] = []
    for run in runs:
        score, before = max(
            ((best[n][0], n) for n, other in enumerate(runs[: len(best)]) if other.last < run.first), default=(0, -1)
        )
        is_in_place = longest is not None and run.first - run.line == longest.first - longest.line
        best.append((score + (run.last - run.first + 1) * MAX_FINDINGS + is_in_place, before))
    chosen = max(range(len(best)), key=lambda n: best[n][0], default=-1)
    in_order: list[Run] = []
    while chosen >= 0:
        in_order.append(runs[chosen])
        chosen = best[chosen][1]
    return in_order[::-1]


def difference(spans: Sequence[Span], taken: Iterable[Span]) -> list[Span]:
    """Return the parts of the spans that are in none of the taken spans."""
    left = list(spans)
    for start, end in taken:
        left = [
            piece
            for first, last in left
            for piece in ((first, min(last, start - 1)), (max(first, end + 1), last))
            if piece[0] <= piece[1]
        ]
    return left
