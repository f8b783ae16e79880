"""Verifies a copy of a ledger: finds entries edited, left out, duplicated, moved, cut off or rewritten.

Customers verify their copy with their own Python: this module needs nothing but the standard library of 3.11.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from guestkey.rules.ledger import START, Head, canonical, hash_of, parsed

MAX_FINDINGS = 1_000
"""Reading stops after this number of findings, which also bounds the memory that a verification needs."""

Span = tuple[int, int]
"""A range of entry numbers, first and last, both inclusive."""


class Fault(StrEnum):
    """Kind of a fault in a copy of a ledger."""

    MALFORMED = "malformed"
    EDITED = "edited"
    BROKEN = "broken"
    DOUBLED = "doubled"
    OUT_OF_ORDER = "out_of_order"
    MISSING = "missing"
    FOREIGN = "foreign"
    CUT_OFF = "cut_off"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault, the line where it shows, and the entries it concerns, `seq` to `to_seq`.

    Missing entries are reported at the line behind the gap. `line` is None for the whole copy, `seq` if it is unknown.
    """

    fault: Fault
    line: int | None = None
    seq: int | None = None
    to_seq: int | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Result of verifying a copy of a ledger."""

    tenant_id: str | None
    first: int | None
    """Number of the first entry: greater than 1 for a later page of the ledger."""
    head: Head | None
    """The head of the copy. A caller should keep it only if there are no findings."""
    findings: Sequence[Finding]
    stopped_at: int | None
    """The line after which reading stopped, or None."""

    @property
    def is_clean(self) -> bool:
        """Whether every entry is unchanged and in its place."""
        return not self.findings


def verify(lines: Iterable[bytes], kept: Head | None = None) -> Report:
    """Return the faults of a copy of a ledger, each once and at the entry that caused it.

    A copy alone does not prove that its end was not cut off, or that it was not rewritten as a whole; a kept head does.
    Verifying a sound copy takes constant memory, at any length.
    """
    copy = _Copy(kept)
    for number, line in enumerate(lines, 1):
        if copy.has_too_many_findings:
            copy.stopped_at = number - 1
            break
        copy.read(number, line.removesuffix(b"\n").removesuffix(b"\r"))
    return copy.report()


@dataclass(kw_only=True)
class _Run:
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


class _Copy:
    """Memory of the lines read so far: it holds runs, not entries. A sound copy is a single run."""

    def __init__(self, kept: Head | None) -> None:
        self.kept = kept
        self.stopped_at: int | None = None
        self._runs: list[_Run] = []
        self._latest: dict[str, _Run] = {}
        self._boundaries: set[tuple[str, int]] = set()
        self._unplaced: dict[int, Finding] = {}
        self._findings: list[Finding] = []
        self._hashes_at_kept: set[tuple[str, str]] = set()

    @property
    def has_too_many_findings(self) -> bool:
        return len(self._runs) + len(self._unplaced) + len(self._findings) >= MAX_FINDINGS

    def read(self, number: int, line: bytes) -> None:
        """Verify a line by itself, and append it to the run that it continues."""
        try:
            fields = parsed(line)
            is_edited = hash_of(fields) != fields["hash"]
            is_canonical = canonical(fields) == line
        except ValueError as error:
            self._unplaced[number] = Finding(fault=Fault.MALFORMED, line=number, why=str(error))
            return
        seq = fields["seq"]
        if is_edited:
            # Its number may have been edited: the line belongs to no run, and the gap that it leaves gives its number.
            self._unplaced[number] = Finding(fault=Fault.EDITED, line=number, seq=seq, to_seq=seq)
            return
        if not is_canonical:
            self._add_finding(Fault.MALFORMED, number, seq, why="unchanged, but not canonical JSON")
        self._place(number, fields["tenant_id"], fields["prev_hash"], Head(seq=seq, hash=fields["hash"]))

    def _place(self, number: int, tenant_id: str, prev_hash: str, head: Head) -> None:
        seq = head.seq
        run = self._latest.get(tenant_id)
        if run is None or seq != run.last + 1 or (tenant_id, seq) in self._boundaries:
            # Later runs end at the boundaries of earlier ones, so that duplicated entries form runs of their own.
            self._boundaries |= {(tenant_id, seq)} | ({(tenant_id, run.last + 1)} if run else set())
            run = _Run(tenant_id=tenant_id, first=seq, line=number, prev_hash=prev_hash, to_line=number, head=head)
            self._runs.append(run)
            self._latest[tenant_id] = run
        elif prev_hash != run.head.hash:
            self._add_finding(Fault.BROKEN, number, seq)
        run.to_line, run.head = number, head
        if self.kept and seq == self.kept.seq:
            self._hashes_at_kept.add((tenant_id, head.hash))

    def _add_finding(self, fault: Fault, line: int | None, seq: int, to_seq: int | None = None, why: str = "") -> None:
        self._findings.append(Finding(fault=fault, line=line, seq=seq, to_seq=to_seq or seq, why=why))

    def report(self) -> Report:
        """Put the runs in order and return the report with all faults."""
        lengths: Counter[str] = Counter()
        for run in self._runs:
            lengths[run.tenant_id] += run.last - run.first + 1
        owner = max(lengths, key=lambda tenant_id: lengths[tenant_id], default=None)
        for run in self._runs:
            if run.tenant_id != owner:
                self._add_finding(Fault.FOREIGN, run.line, run.first, run.last)
        runs = [run for run in self._runs if run.tenant_id == owner]
        self._check_links(runs)
        placed = self._check_order(runs)
        first, last = self._check_gaps(placed)
        if self.kept:
            self._compare_with_kept(self.kept, owner, placed, first, last)
        return Report(
            tenant_id=owner,
            first=first if placed else None,
            head=placed[-1].head if placed else None,
            findings=_without_consequences([*self._findings, *self._unplaced.values()]),
            stopped_at=self.stopped_at,
        )

    def _check_links(self, runs: Sequence[_Run]) -> None:
        """Compare the first link of each run with the hash of the entry before it by number, wherever it is."""
        ends = {START.seq: {START.hash}}
        for run in runs:
            ends.setdefault(run.last, set()).add(run.head.hash)
        for run in runs:
            if run.first - 1 in ends and run.prev_hash not in ends[run.first - 1]:
                self._add_finding(Fault.BROKEN, run.line, run.first)

    def _check_order(self, runs: Sequence[_Run]) -> list[_Run]:
        """Return every number once, in order, and report the entries that are out of order or duplicated."""
        placed = _in_order(runs)
        lines = {run.line for run in placed}
        for run in runs:
            if run.line not in lines:
                new = _difference([run.span], [other.span for other in placed])
                for first, last in _difference([run.span], new):
                    self._add_finding(Fault.DOUBLED, run.line_of(first), first, last)
                for first, last in new:
                    line = run.line_of(first)
                    self._add_finding(Fault.OUT_OF_ORDER, line, first, last)
                    placed.append(replace(run, first=first, line=line, head=replace(run.head, seq=last)))
        return sorted(placed, key=lambda run: run.first)

    def _check_gaps(self, placed: Sequence[_Run]) -> tuple[int, int]:
        """Report missing entries, unless unplaced lines fill the gap; return the first and last number of the copy."""
        for before, after in pairwise(placed):
            if before.last + 1 < after.first:
                start, end = sorted((before.to_line, after.line))
                between = [number for number in self._unplaced if start < number < end]
                self._check_gap((before.last + 1, after.first - 1), after.line, between)
        if not placed:
            return 1, len(self._unplaced)
        early = [number for number in self._unplaced if number < min(run.line for run in placed)]
        first = max(placed[0].first - len(early), 1)
        self._assign_numbers(reversed(early), range(placed[0].first - 1, 0, -1))
        late = [number for number in self._unplaced if number > max(run.to_line for run in placed)]
        last = placed[-1].last + len(late)
        self._assign_numbers(late, range(placed[-1].last + 1, last + 1))
        return first, last

    def _check_gap(self, gap: Span, line: int, lost: Sequence[int]) -> None:
        claimed = {self._unplaced[number].seq or 0: number for number in lost}
        there = {seq: number for seq, number in claimed.items() if gap[0] <= seq <= gap[1]}
        missing = _difference([gap], [(seq, seq) for seq in there])
        unnumbered = [number for number in lost if number not in there.values()]
        if len(unnumbered) >= sum(last - first + 1 for first, last in missing):
            self._assign_numbers(unnumbered, [seq for first, last in missing for seq in range(first, last + 1)])
        else:
            for span in missing:
                self._add_finding(Fault.MISSING, line, *span)

    def _compare_with_kept(self, kept: Head, owner: str | None, placed: Sequence[_Run], first: int, last: int) -> None:
        hashes = {there for tenant_id, there in self._hashes_at_kept if tenant_id == owner}
        if not hashes and kept.seq == first - 1 and placed and placed[0].first == first:
            hashes = {placed[0].prev_hash}
        if hashes:
            if kept.seq and kept.hash not in hashes:
                self._add_finding(Fault.REWRITTEN, None, kept.seq)
        elif kept.seq > last and self.stopped_at is None:
            self._add_finding(Fault.CUT_OFF, None, last + 1, kept.seq)
        elif kept.seq < first - 1:
            self._add_finding(Fault.MISSING, placed[0].line, kept.seq + 1, first - 1)

    def _assign_numbers(self, lost: Iterable[int], seqs: Iterable[int]) -> None:
        for number, seq in zip(lost, seqs, strict=False):
            self._unplaced[number] = replace(self._unplaced[number], seq=seq, to_seq=seq)


def _in_order(runs: Sequence[_Run]) -> list[_Run]:
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
    in_order: list[_Run] = []
    while chosen >= 0:
        in_order.append(runs[chosen])
        chosen = best[chosen][1]
    return in_order[::-1]


def _difference(spans: Sequence[Span], taken: Iterable[Span]) -> list[Span]:
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


def _without_consequences(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by line, without the broken link of an entry that follows a rewritten one.

    An entry that links to neither of its neighbours was itself rewritten.
    """
    reported: list[Finding] = []
    broken: set[int | None] = set()
    for found in sorted(findings, key=lambda found: (found.line is None, found.line, found.seq or 0)):
        if found.fault is Fault.BROKEN and found.seq:
            if found.seq - 1 in broken:
                continue
            broken.add(found.seq)
        reported.append(found)
    return reported
