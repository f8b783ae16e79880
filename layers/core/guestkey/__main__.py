"""`python -m guestkey verify FILE`: tell a customer in plain words whether their copy of the ledger is sound.

It needs no network and nothing but Python 3.11 or later: this file and what it imports from `rules` are all of it.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from guestkey.rules.ledger import MAX_BYTES, Head
from guestkey.rules.verify import Fault, Finding, Report, verify

SOUND, FOUND, UNREADABLE = 0, 1, 2

WORDS = {
    Fault.MALFORMED: "cannot be read as the ledger wrote it",
    Fault.EDITED: "was edited: what it says does not match its hash",
    Fault.BROKEN: "does not follow the entry before it: one of the two was rewritten",
    Fault.DOUBLED: "stands here again",
    Fault.OUT_OF_ORDER: "stands out of order",
    Fault.MISSING: "missing before this line",
    Fault.FOREIGN: "of another tenant",
    Fault.CUT_OFF: "missing at the end: the ledger you kept the head of reached further",
    Fault.REWRITTEN: "is not the one you kept the head of: the ledger was rewritten there or before",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 sound, 1 something was found, 2 wrong usage or an unreadable file."""
    parser = ArgumentParser(prog="guestkey", description="Without a live grant nobody from support gets in.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("verify", help="check a copy of a ledger", description="Check a copy of a ledger.")
    command.add_argument("file", metavar="FILE", help="JSON Lines as GET /v1/ledger gave them; - for standard input")
    command.add_argument(
        "--head", metavar="SEQ:HASH", type=_head, help="a head you kept, from a mail or an earlier check"
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
    for sentence in _told(report, chosen.head):
        print(sentence)
    return SOUND if report.is_clean else FOUND


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, of one that is too long only enough to show that it is."""
    while line := file.readline(MAX_BYTES + 2):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_BYTES)


def _told(report: Report, kept: Head | None) -> Iterator[str]:
    for finding in report.findings:
        yield _sentence(finding)
    if report.head is None:
        yield "No entry could be read." if report.findings else "The file is empty."
    else:
        yield f"Read entries {report.first} to {report.head.seq} of the ledger of {report.tenant_id}."
        if report.first != 1:
            yield f"The file begins with entry {report.first}: what came before it cannot be judged."
    if report.stopped_at:
        yield f"So much is wrong that nothing was read after line {report.stopped_at}."
    elif kept is None:
        yield "Without a head that you kept (--head SEQ:HASH) nobody can tell whether entries were cut off at the end,"
        yield "or the whole ledger rewritten."
    elif report.head and kept.seq < report.head.seq:
        yield f"The head you kept vouches for entry {kept.seq} and before; whether entries were cut off at the end"
        yield "cannot be judged."
    if report.findings:
        yield f"Found: {len(report.findings)}."
    elif report.head:
        yield "Nothing was changed, doubled, moved or left out."
        yield f"Keep this head for the next time: {report.head}"


def _sentence(finding: Finding) -> str:
    line = "" if finding.line is None else f"Line {finding.line}: "
    if finding.seq is None:
        entry = "an entry"
    elif finding.seq == finding.to_seq:
        entry = f"entry {finding.seq}"
    else:
        entry = f"entries {finding.seq} to {finding.to_seq}"
    why = f" ({finding.why})" if finding.why else ""
    sentence = f"{line}{entry} {WORDS[finding.fault]}{why}."
    return sentence[0].upper() + sentence[1:]


if __name__ == "__main__":
    sys.exit(main())
