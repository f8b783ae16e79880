"""How a copy of a ledger is judged: what was edited, left out, doubled, moved, cut off or rewritten.

Customers judge their copy with whatever Python they have: nothing here needs more than the standard library of 3.11.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from guestkey.rules.ledger import START, Head, canonical, hash_of, parsed

MAX_FINDINGS = 1_000
"""After so many the copy is not worth reading on; it also bounds what judging it may keep in memory."""

Span = tuple[int, int]
"""Numbers from the first to the last, both included."""


class Fault(StrEnum):
    """What may be wrong with a copy of a ledger."""

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

    A missing stretch shows at the line behind it. Without a line the fault is one of the whole copy; without a number
    nothing tells which entry the line was.
    """

    fault: Fault
    line: int | None = None
    seq: int | None = None
    to_seq: int | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a copy of a ledger turned out to be."""

    tenant_id: str | None
    first: int | None
    """The number the copy begins with: more than 1 where it is one page of several."""
    head: Head | None
    """Where the copy ends; worth keeping only if nothing was found."""
    findings: Sequence[Finding]
    stopped_at: int | None
    """The line behind which nothing was read any more."""

    @property
    def is_clean(self) -> bool:
        """Say whether every entry is as it was written and where it belongs."""
        return not self.findings


def verify(lines: Iterable[bytes], kept: Head | None = None) -> Report:
    """Return what is wrong with a copy of a ledger, each fault once and at the entry that caused it.

    Nothing in a copy proves that its end was not cut off or all of it rewritten; a head that somebody kept does.
    A sound copy of any length is judged in constant memory.
    """
    copy = _Copy(kept)
    for number, line in enumerate(lines, 1):
        if copy.is_hopeless:
            copy.stopped_at = number - 1
            break
        copy.read(number, line.removesuffix(b"\n").removesuffix(b"\r"))
    return copy.report()


@dataclass(kw_only=True)
class _Run:
    """A stretch of sound entries that stand one behind the other and are numbered one after the other."""

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
        """Return where the number stands; where other lines stand in between, where the stretch begins."""
        is_unbroken = self.to_line - self.line == self.last - self.first
        return self.line + seq - self.first if is_unbroken else self.line


class _Copy:
    """What must be remembered of the lines read so far: runs, not entries. A sound copy is a single run."""

    def __init__(self, kept: Head | None) -> None:
        self.kept = kept
        self.stopped_at: int | None = None
        self._runs: list[_Run] = []
        self._open: dict[str, _Run] = {}
        self._cuts: set[tuple[str, int]] = set()
        self._lost: dict[int, Finding] = {}
        self._findings: list[Finding] = []
        self._at_kept: set[tuple[str, str]] = set()

    @property
    def is_hopeless(self) -> bool:
        return len(self._runs) + len(self._lost) + len(self._findings) >= MAX_FINDINGS

    def read(self, number: int, line: bytes) -> None:
        """Judge a line by itself, and put it behind the one it follows."""
        try:
            fields = parsed(line)
            is_edited = hash_of(fields) != fields["hash"]
            is_canonical = canonical(fields) == line
        except ValueError as error:
            self._lost[number] = Finding(fault=Fault.MALFORMED, line=number, why=str(error))
            return
        seq = fields["seq"]
        if is_edited:
            # Its number may be what was edited: it belongs to no run, and the gap it leaves says which entry it was.
            self._lost[number] = Finding(fault=Fault.EDITED, line=number, seq=seq, to_seq=seq)
            return
        if not is_canonical:
            self._find(Fault.MALFORMED, number, seq, why="the same entry, but not written as the ledger writes it")
        self._place(number, fields["tenant_id"], fields["prev_hash"], Head(seq=seq, hash=fields["hash"]))

    def _place(self, number: int, tenant_id: str, prev_hash: str, head: Head) -> None:
        seq = head.seq
        run = self._open.get(tenant_id)
        if run is None or seq != run.last + 1 or (tenant_id, seq) in self._cuts:
            # Later runs stop where an earlier one began or ended, so that what is doubled is a run of its own.
            self._cuts |= {(tenant_id, seq)} | ({(tenant_id, run.last + 1)} if run else set())
            run = _Run(tenant_id=tenant_id, first=seq, line=number, prev_hash=prev_hash, to_line=number, head=head)
            self._runs.append(run)
            self._open[tenant_id] = run
        elif prev_hash != run.head.hash:
            self._find(Fault.BROKEN, number, seq)
        run.to_line, run.head = number, head
        if self.kept and seq == self.kept.seq:
            self._at_kept.add((tenant_id, head.hash))

    def _find(self, fault: Fault, line: int | None, seq: int, to_seq: int | None = None, why: str = "") -> None:
        self._findings.append(Finding(fault=fault, line=line, seq=seq, to_seq=to_seq or seq, why=why))

    def report(self) -> Report:
        """Put the runs in order and name what does not fit."""
        lengths: Counter[str] = Counter()
        for run in self._runs:
            lengths[run.tenant_id] += run.last - run.first + 1
        owner = max(lengths, key=lambda tenant_id: lengths[tenant_id], default=None)
        for run in self._runs:
            if run.tenant_id != owner:
                self._find(Fault.FOREIGN, run.line, run.first, run.last)
        runs = [run for run in self._runs if run.tenant_id == owner]
        self._judge_links(runs)
        placed = self._judge_order(runs)
        first, last = self._judge_gaps(placed)
        if self.kept:
            self._judge_against(self.kept, owner, placed, first, last)
        return Report(
            tenant_id=owner,
            first=first if placed else None,
            head=placed[-1].head if placed else None,
            findings=_without_echoes([*self._findings, *self._lost.values()]),
            stopped_at=self.stopped_at,
        )

    def _judge_links(self, runs: Sequence[_Run]) -> None:
        """Compare each run's beginning with the end of the one it follows by number, wherever that stands."""
        ends = {START.seq: {START.hash}}
        for run in runs:
            ends.setdefault(run.last, set()).add(run.head.hash)
        for run in runs:
            if run.first - 1 in ends and run.prev_hash not in ends[run.first - 1]:
                self._find(Fault.BROKEN, run.line, run.first)

    def _judge_order(self, runs: Sequence[_Run]) -> list[_Run]:
        """Return every number once, in order, and name those that stand elsewhere or again."""
        placed = _in_order(runs)
        lines = {run.line for run in placed}
        for run in runs:
            if run.line not in lines:
                new = _outside([run.span], [other.span for other in placed])
                for first, last in _outside([run.span], new):
                    self._find(Fault.DOUBLED, run.line_of(first), first, last)
                for first, last in new:
                    line = run.line_of(first)
                    self._find(Fault.OUT_OF_ORDER, line, first, last)
                    placed.append(replace(run, first=first, line=line, head=replace(run.head, seq=last)))
        return sorted(placed, key=lambda run: run.first)

    def _judge_gaps(self, placed: Sequence[_Run]) -> tuple[int, int]:
        """Name what is missing, unless lost lines stand in its place; return the first and last number of the copy."""
        for before, after in pairwise(placed):
            if before.last + 1 < after.first:
                start, end = sorted((before.to_line, after.line))
                between = [number for number in self._lost if start < number < end]
                self._judge_gap((before.last + 1, after.first - 1), after.line, between)
        if not placed:
            return 1, len(self._lost)
        early = [number for number in self._lost if number < min(run.line for run in placed)]
        first = max(placed[0].first - len(early), 1)
        self._name(reversed(early), range(placed[0].first - 1, 0, -1))
        late = [number for number in self._lost if number > max(run.to_line for run in placed)]
        last = placed[-1].last + len(late)
        self._name(late, range(placed[-1].last + 1, last + 1))
        return first, last

    def _judge_gap(self, gap: Span, line: int, lost: Sequence[int]) -> None:
        said = {self._lost[number].seq or 0: number for number in lost}
        there = {seq: number for seq, number in said.items() if gap[0] <= seq <= gap[1]}
        missing = _outside([gap], [(seq, seq) for seq in there])
        nameless = [number for number in lost if number not in there.values()]
        if len(nameless) >= sum(last - first + 1 for first, last in missing):
            self._name(nameless, [seq for first, last in missing for seq in range(first, last + 1)])
        else:
            for span in missing:
                self._find(Fault.MISSING, line, *span)

    def _judge_against(self, kept: Head, owner: str | None, placed: Sequence[_Run], first: int, last: int) -> None:
        hashes = {there for tenant_id, there in self._at_kept if tenant_id == owner}
        if not hashes and kept.seq == first - 1 and placed and placed[0].first == first:
            hashes = {placed[0].prev_hash}
        if hashes:
            if kept.seq and kept.hash not in hashes:
                self._find(Fault.REWRITTEN, None, kept.seq)
        elif kept.seq > last and self.stopped_at is None:
            self._find(Fault.CUT_OFF, None, last + 1, kept.seq)
        elif kept.seq < first - 1:
            self._find(Fault.MISSING, placed[0].line, kept.seq + 1, first - 1)

    def _name(self, lost: Iterable[int], seqs: Iterable[int]) -> None:
        for number, seq in zip(lost, seqs, strict=False):
            self._lost[number] = replace(self._lost[number], seq=seq, to_seq=seq)


def _in_order(runs: Sequence[_Run]) -> list[_Run]:
    """Return the runs that stand in order, chosen so that as few entries as possible do not.

    Where that leaves a choice, those that stand where they stood are in order (1 4 3 2 5: the 4 and the 2 are not).
    """
    longest = max(runs, key=lambda run: run.last - run.first, default=None)
    best: list[tuple[int, int]] = []
    for run in runs:
        score, before = max(
            ((best[n][0], n) for n, other in enumerate(runs[: len(best)]) if other.last < run.first), default=(0, -1)
        )
        stands = longest is not None and run.first - run.line == longest.first - longest.line
        best.append((score + (run.last - run.first + 1) * MAX_FINDINGS + stands, before))
    chosen = max(range(len(best)), key=lambda n: best[n][0], default=-1)
    in_order: list[_Run] = []
    while chosen >= 0:
        in_order.append(runs[chosen])
        chosen = best[chosen][1]
    return in_order[::-1]


def _outside(spans: Sequence[Span], taken: Iterable[Span]) -> list[Span]:
    """Return what of the spans, both ends included, lies in none of those taken."""
    left = list(spans)
    for start, end in taken:
        left = [
            piece
            for first, last in left
            for piece in ((first, min(last, start - 1)), (max(first, end + 1), last))
            if piece[0] <= piece[1]
        ]
    return left


def _without_echoes(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by line.

    An entry that fits neither of its neighbours was rewritten itself: the one behind it is not to blame.
    """
    told: list[Finding] = []
    broken: set[int | None] = set()
    for found in sorted(findings, key=lambda found: (found.line is None, found.line, found.seq or 0)):
        if found.fault is Fault.BROKEN and found.seq:
            if found.seq - 1 in broken:
                continue
            broken.add(found.seq)
        told.append(found)
    return told
