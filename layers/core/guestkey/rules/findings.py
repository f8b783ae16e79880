"""Findings of a verified copy of a ledger: the kinds of faults, and the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from guestkey.rules.ledger import Head


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
    EMPTY = "empty"
    TORN = "torn"
    """The copy ends inside a line: a download was interrupted."""
    ENCODING = "encoding"
    """A line is not UTF-8: a program saved the copy in another encoding. Reported once."""
    OTHER_FORMAT = "other_format"
    """A line begins as a file of another format does: compressed, UTF-16, a web page. Reading stops there."""


class Accident(StrEnum):
    """A trace of an editor or a mail program in a copy, which changes no entry and is no fault."""

    BYTE_ORDER_MARK = "byte_order_mark"
    LINE_ENDS = "line_ends"
    BLANK_LINES = "blank_lines"


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
    accidents: Sequence[Accident]
    is_compared: bool
    """Whether the entry of the kept head is in the copy, or the copy begins right after it."""
    stopped_at: int | None
    """The line after which reading stopped, or None."""

    @property
    def is_clean(self) -> bool:
        """Whether every entry is unchanged and in its place."""
        return not self.findings


def without_consequences(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by line, without the broken link of an entry that follows a rewritten one.

    An entry that links to neither of its neighbours was itself rewritten. Of lines in another encoding only the first
    is reported.
    """
    reported: list[Finding] = []
    broken: set[int | None] = set()
    for found in sorted(findings, key=lambda found: (found.line is None, found.line, found.seq or 0)):
        if found.fault is Fault.BROKEN and found.seq:
            if found.seq - 1 in broken:
                continue
            broken.add(found.seq)
        if found.fault is Fault.ENCODING and any(other.fault is found.fault for other in reported):
            continue
        reported.append(found)
    return reported
