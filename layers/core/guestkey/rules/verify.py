"""Verifies a copy of a ledger: finds entries edited, left out, duplicated, moved, cut off or rewritten.

Customers verify their copy with their own Python: this module needs nothing but the standard library of 3.11. The
browser's verifier is `functions/web/web/ledger.verify.js`, step by step the same; `tests/vectors/ledgers.json` has
copies with the verdict of both.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from guestkey.rules.findings import Accident, Fault, Finding, Report, without_consequences
from guestkey.rules.ledger import START, Head
from guestkey.rules.ledger_form import MAX_FINDINGS, MAX_LINE_BYTES, read_line
from guestkey.rules.runs import Run, Span, difference, in_order

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
OTHER_FORMATS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"{\x00": "UTF-16",
    b"\x00{": "UTF-16",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "ZIP",
    b"<": "HTML",
}
"""First bytes of a file in another format, and its name."""


def verify(lines: Iterable[bytes], kept: Head | None = None, *, start: int = 1, tenant_id: str | None = None) -> Report:
    """Return the faults of a copy of a ledger, each once and at the entry that caused it.

    The copy has to begin with the entry `start`, and to be of the tenant, or of one tenant if none is named. A copy
    alone does not prove that its end was not cut off, or that it was not rewritten as a whole; a kept head does.
    Verifying a sound copy takes constant memory, at any length.
    """
    copy = _Copy(kept, start, tenant_id)
    for number, line in enumerate(lines, 1):
        if copy.has_too_many_findings:
            copy.stopped_at = number - 1
        if copy.stopped_at is not None:
            break
        copy.read(number, line)
    return copy.report()


class _Copy:
    """Memory of the lines read so far: it holds runs, not entries. A sound copy is a single run."""

    def __init__(self, kept: Head | None, start: int, tenant_id: str | None) -> None:
        self.kept = kept
        self.start = start
        self.tenant_id = tenant_id
        self.stopped_at: int | None = None
        self._runs: list[Run] = []
        self._latest: dict[str, Run] = {}
        self._boundaries: set[tuple[str, int]] = set()
        self._unplaced: dict[int, Finding] = {}
        self._findings: list[Finding] = []
        self._accidents: set[Accident] = set()
        self._hashes_at_kept: set[tuple[str, str]] = set()

    @property
    def has_too_many_findings(self) -> bool:
        return len(self._runs) + len(self._unplaced) + len(self._findings) >= MAX_FINDINGS

    def read(self, number: int, raw: bytes) -> None:
        """Verify a line by itself, and append it to the run that it continues."""
        line = self._without_accidents(raw)
        if not line:
            return
        begin = line.lstrip(b" \t")
        other_format = next((name for start, name in OTHER_FORMATS.items() if begin.startswith(start)), None)
        if other_format:
            self._findings.append(Finding(fault=Fault.OTHER_FORMAT, line=number, why=other_format))
            self.stopped_at = number
            return
        is_torn = line.startswith(b"{") and not line.endswith(b"}") and not raw.endswith(b"\n")
        try:
            entry = read_line(line)
        except UnicodeDecodeError as error:
            fault = Fault.TORN if is_torn else Fault.ENCODING
            self._unplaced[number] = Finding(fault=fault, line=number, why=f"not UTF-8 at byte {error.start + 1}")
        except ValueError as error:
            fault = Fault.TORN if is_torn and len(line) <= MAX_LINE_BYTES else Fault.MALFORMED
            self._unplaced[number] = Finding(fault=fault, line=number, why=str(error))
        else:
            if entry.is_edited:
                # Its number may have been edited: the line belongs to no run, and the gap it leaves gives its number.
                found = Finding(fault=Fault.EDITED, line=number, seq=entry.seq, to_seq=entry.seq)
                self._unplaced[number] = found
            else:
                self._place(number, entry.tenant_id, entry.prev_hash, Head(seq=entry.seq, hash=entry.hash))

    def _without_accidents(self, raw: bytes) -> bytes:
        """Return the line without its line break and the traces of editors, which are noted."""
        marked = raw.removesuffix(b"\n")
        ended = marked.removeprefix(BYTE_ORDER_MARK)
        line = ended.rstrip(b"\r")
        if ended != marked:
            self._accidents.add(Accident.BYTE_ORDER_MARK)
        if line != ended:
            self._accidents.add(Accident.LINE_ENDS)
        if line.strip(b" \t"):
            return line
        self._accidents.add(Accident.BLANK_LINES)
        return b""

    def _place(self, number: int, tenant_id: str, prev_hash: str, head: Head) -> None:
        seq = head.seq
        run = self._latest.get(tenant_id)
        if run is None or seq != run.last + 1 or (tenant_id, seq) in self._boundaries:
            # Later runs end at the boundaries of earlier ones, so that duplicated entries form runs of their own.
            self._boundaries |= {(tenant_id, seq)} | ({(tenant_id, run.last + 1)} if run else set())
            run = Run(tenant_id=tenant_id, first=seq, line=number, prev_hash=prev_hash, to_line=number, head=head)
            self._runs.append(run)
            self._latest[tenant_id] = run
        elif prev_hash != run.head.hash:
            self._add_finding(Fault.BROKEN, number, seq)
        run.to_line, run.head = number, head
        if self.kept and seq == self.kept.seq:
            self._hashes_at_kept.add((tenant_id, head.hash))

    def _add_finding(self, fault: Fault, line: int | None, seq: int, to_seq: int | None = None) -> None:
        self._findings.append(Finding(fault=fault, line=line, seq=seq, to_seq=to_seq or seq))

    def report(self) -> Report:
        """Put the runs in order and return the report with all faults."""
        lengths: Counter[str] = Counter()
        for run in self._runs:
            lengths[run.tenant_id] += run.last - run.first + 1
        owner = self.tenant_id or max(lengths, key=lambda tenant_id: lengths[tenant_id], default=None)
        for run in self._runs:
            if run.tenant_id != owner:
                self._add_finding(Fault.FOREIGN, run.line, run.first, run.last)
        runs = [run for run in self._runs if run.tenant_id == owner]
        self._check_links(runs)
        placed = self._check_order(runs)
        first, last = self._check_gaps(placed)
        if placed:
            self._check_beginning(first, placed[0].line)
        is_compared = False
        if self.kept and (placed or not self._runs):
            is_compared = self._compare_with(self.kept, owner, placed, first, last)
        if not (self._runs or self._unplaced or self._findings):
            self._findings.append(Finding(fault=Fault.EMPTY))
        return Report(
            tenant_id=owner,
            first=first if placed else None,
            head=placed[-1].head if placed else None,
            findings=without_consequences([*self._findings, *self._unplaced.values()]),
            accidents=sorted(self._accidents),
            is_compared=is_compared,
            stopped_at=self.stopped_at,
        )

    def _check_links(self, runs: Sequence[Run]) -> None:
        """Compare the first link of each run with the hash of the entry before it by number, wherever it is."""
        ends = {START.seq: {START.hash}}
        for run in runs:
            ends.setdefault(run.last, set()).add(run.head.hash)
        for run in runs:
            if run.first - 1 in ends and run.prev_hash not in ends[run.first - 1]:
                self._add_finding(Fault.BROKEN, run.line, run.first)

    def _check_order(self, runs: Sequence[Run]) -> list[Run]:
        """Return every number once, in order, and report the entries that are out of order or duplicated."""
        placed = in_order(runs)
        lines = {run.line for run in placed}
        for run in runs:
            if run.line not in lines:
                new = difference([run.span], [other.span for other in placed])
                for first, last in difference([run.span], new):
                    self._add_finding(Fault.DOUBLED, run.line_of(first), first, last)
                for first, last in new:
                    line = run.line_of(first)
                    self._add_finding(Fault.OUT_OF_ORDER, line, first, last)
                    placed.append(replace(run, first=first, line=line, head=replace(run.head, seq=last)))
        return sorted(placed, key=lambda run: run.first)

    def _check_gaps(self, placed: Sequence[Run]) -> tuple[int, int]:
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
        missing = difference([gap], [(seq, seq) for seq in there])
        unnumbered = [number for number in lost if number not in there.values()]
        if len(unnumbered) >= sum(last - first + 1 for first, last in missing):
            self._assign_numbers(unnumbered, [seq for first, last in missing for seq in range(first, last + 1)])
        else:
            for span in missing:
                self._add_finding(Fault.MISSING, line, *span)

    def _check_beginning(self, first: int, line: int) -> None:
        """Report the entries missing before the first: a copy begins where it should, or right after the kept head."""
        start = min(self.start, self.kept.seq + 1) if self.kept else self.start
        if first > start:
            self._add_finding(Fault.MISSING, line, start, first - 1)

    def _compare_with(self, kept: Head, owner: str | None, placed: Sequence[Run], first: int, last: int) -> bool:
        """Report a rewritten or cut-off ledger; return whether there was a hash to compare with."""
        hashes = {there for tenant_id, there in self._hashes_at_kept if tenant_id == owner}
        if not hashes and kept.seq == first - 1 and placed and placed[0].first == first:
            hashes = {placed[0].prev_hash}
        if hashes:
            if kept.hash not in hashes:
                self._add_finding(Fault.REWRITTEN, None, kept.seq)
        elif kept.seq > last and self.stopped_at is None:
            self._add_finding(Fault.CUT_OFF, None, last + 1, kept.seq)
        return bool(hashes)

    def _assign_numbers(self, lost: Iterable[int], seqs: Iterable[int]) -> None:
        for number, seq in zip(lost, seqs, strict=False):
            self._unplaced[number] = replace(self._unplaced[number], seq=seq, to_seq=seq)
