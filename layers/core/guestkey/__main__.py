"""`python -m guestkey verify FILE`: verify a customer's copy of the ledger and print the result in plain sentences.

It needs no network and nothing but Python 3.11 or later: this file and the two modules that it imports from `rules`.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from guestkey.rules.ledger import MAX_BYTES, Head
from guestkey.rules.verify import Fault, Finding, Report, verify

SOUND, FOUND, UNREADABLE = 0, 1, 2

WORDS = {
    Fault.MALFORMED: "cannot be read as a ledger entry",
    Fault.EDITED: "was edited: its content does not match its hash",
    Fault.BROKEN: "does not link to the entry before it: one of the two was rewritten",
    Fault.DOUBLED: "{are} duplicated here",
    Fault.OUT_OF_ORDER: "{are} out of order",
    Fault.MISSING: "{are} missing before this line",
    Fault.FOREIGN: "{are} of another tenant",
    Fault.CUT_OFF: "{are} missing at the end: the kept head is of a longer ledger",
    Fault.REWRITTEN: "does not match the kept head: it or an earlier entry was rewritten",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 without findings, 1 with findings, 2 for wrong usage or no file."""
    parser = ArgumentParser(prog="guestkey", description="Tools for customers of Guestkey.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("verify", help="verify a copy of a ledger", description="Verify a copy of a ledger.")
    command.add_argument("file", metavar="FILE", help="JSON Lines as returned by GET /v1/ledger; - for standard input")
    command.add_argument(
        "--head", metavar="SEQ:HASH", type=_head, help="a kept head, from an e-mail or an earlier verification"
    )
    chosen = parser.parse_args(arguments)
    try:
        if chosen.file == "-":
            report = verify(_lines(sys.stdin.buffer), chosen.head)
        else:
            with open(chosen.file, "rb") as file:
                report = verify(_lines(file), chosen.head)
    except OSError as error:
        print(f"guestkey: {chosen.file}: {error.strerror}", file=sys.stderr)
        return UNREADABLE
    for sentence in _sentences(report, chosen.head):
        print(sentence)
    return SOUND if report.is_clean else FOUND


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines. A line above the limit is cut just behind the limit, to keep it out of memory."""
    while line := file.readline(MAX_BYTES + 2):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_BYTES)


def _sentences(report: Report, kept: Head | None) -> Iterator[str]:
    for finding in report.findings:
        yield _sentence(finding)
    if report.head is None:
        yield "No entry could be read." if report.findings else "The file is empty."
    else:
        yield f"Read entries {report.first} to {report.head.seq} of the ledger of {report.tenant_id}."
        if report.first != 1:
            yield f"The file begins with entry {report.first}; earlier entries cannot be verified."
    if report.stopped_at:
        yield f"Too many findings: nothing was read after line {report.stopped_at}."
    elif kept is None:
        yield "Without a kept head (--head SEQ:HASH) it cannot be detected that entries were cut off at the end,"
        yield "or that the whole ledger was rewritten."
    elif report.head and kept.seq < report.head.seq:
        yield f"The kept head covers entries up to {kept.seq}; it cannot be detected that later ones were cut off."
    if report.findings:
        yield f"Findings: {len(report.findings)}."
    elif report.head:
        yield "No entry was edited, duplicated, moved or left out."
        yield f"Keep this head for the next verification: {report.head}"


def _sentence(finding: Finding) -> str:
    line = "" if finding.line is None else f"Line {finding.line}: "
    if finding.seq is None:
        entry = "an entry"
    elif finding.seq == finding.to_seq:
        entry = f"entry {finding.seq}"
    else:
        entry = f"entries {finding.seq} to {finding.to_seq}"
    words = WORDS[finding.fault].format(are="is" if finding.seq == finding.to_seq else "are")
    why = f" ({finding.why})" if finding.why else ""
    sentence = f"{line}{entry} {words}{why}."
    return sentence[0].upper() + sentence[1:]


if __name__ == "__main__":
    sys.exit(main())
