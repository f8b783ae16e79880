"""`python -m guestkey verify FILE`: verify a customer's copy of the ledger and print the result in plain sentences.

It needs no network and nothing but Python 3.11 or later: this file and modules of `rules`.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from guestkey.rules.findings import Accident, Fault, Finding, Report
from guestkey.rules.ledger import Head
from guestkey.rules.ledger_form import MAX_LINE_BYTES, MAX_SEQ_DIGITS
from guestkey.rules.limits import EXTERNAL_ID
from guestkey.rules.verify import verify

SOUND, FOUND, UNREADABLE = 0, 1, 2

WORDS = {
    Fault.MALFORMED: "{entry} cannot be read as a ledger entry ({why})",
    Fault.EDITED: "{entry} was edited: its content does not match its hash",
    Fault.BROKEN: "{entry} does not link to the entry before it: one of the two was rewritten",
    Fault.DOUBLED: "{entry} {are} duplicated here",
    Fault.OUT_OF_ORDER: "{entry} {are} out of order",
    Fault.MISSING: "{entry} {are} missing before this line",
    Fault.FOREIGN: "{entry} {are} of another tenant",
    Fault.CUT_OFF: "{entry} {are} missing at the end: the kept head is of a longer ledger",
    Fault.REWRITTEN: "{entry} does not match the kept head: it or an earlier entry was rewritten",
    Fault.EMPTY: "the file is empty: a ledger has at least one entry",
    Fault.TORN: "the file ends inside {entry}, as after an interrupted download; download the ledger again",
    Fault.ENCODING: "{entry} is not UTF-8 ({why}), as after a program saved the file in another encoding; "
    "download the ledger again",
    Fault.OTHER_FORMAT: "the file is {why} here, not JSON Lines; download the ledger again",
}
ACCIDENTS = {
    Accident.BYTE_ORDER_MARK: "The file has a byte order mark, which an editor put there; it changes no entry.",
    Accident.LINE_ENDS: "Lines end as on Windows, which a program changed; it changes no entry.",
    Accident.BLANK_LINES: "The file has blank lines, which hold no entry.",
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
    command.add_argument(
        "--from", metavar="SEQ", dest="start", type=_seq, default=1, help="number of the first entry, for a later page"
    )
    command.add_argument("--tenant", metavar="ID", type=_tenant, help="the tenant whose ledger it has to be")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.file == "-":
            report = _verified(sys.stdin.buffer, chosen)
        else:
            with open(chosen.file, "rb") as file:
                report = _verified(file, chosen)
    except OSError as error:
        print(f"guestkey: {chosen.file}: {error.strerror}", file=sys.stderr)
        return UNREADABLE
    for sentence in _sentences(report, chosen.head):
        print(sentence)
    return SOUND if report.is_clean else FOUND


def _verified(file: BinaryIO, chosen: Namespace) -> Report:
    return verify(_lines(file), chosen.head, start=chosen.start, tenant_id=chosen.tenant)


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _seq(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_SEQ_DIGITS and int(text)):
        raise ArgumentTypeError("the number of an entry is 1 or more")
    return int(text)


def _tenant(text: str) -> str:
    if not EXTERNAL_ID.fullmatch(text):
        raise ArgumentTypeError("not the form of a tenant's id")
    return text


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines. A line above the limit is cut just behind the limit, to keep it out of memory."""
    while line := file.readline(MAX_LINE_BYTES + 2):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES)


def _sentences(report: Report, kept: Head | None) -> Iterator[str]:
    for finding in report.findings:
        yield _sentence(finding)
    for accident in report.accidents:
        yield ACCIDENTS[accident]
    if report.head is None:
        yield "No entry could be read."
    else:
        yield f"Read entries {report.first} to {report.head.seq} of the ledger of {report.tenant_id}."
        if report.first != 1:
            yield f"The file begins with entry {report.first}; earlier entries cannot be verified."
    if report.stopped_at:
        yield f"Nothing was read after line {report.stopped_at}."
    yield from _comparison(report, kept)
    if report.findings:
        yield f"Findings: {len(report.findings)}."
    else:
        yield "No entry was edited, duplicated, moved or left out."
        yield f"Keep this head for the next verification: {report.head}"


def _comparison(report: Report, kept: Head | None) -> Iterator[str]:
    """Print the heads with which the copy was compared, and what remains open after that."""
    if kept is None:
        yield "Without a kept head (--head SEQ:HASH) it cannot be detected that entries were cut off at the end,"
        yield "or that the whole ledger was rewritten."
        return
    if not report.is_compared:
        yield f"Nothing could be compared with the kept head: entry {kept.seq} is not in the copy, or cannot be read."
        return
    yield f"Compared with the kept head of entry {kept.seq} (--head)."
    if report.head and kept.seq < report.head.seq:
        yield f"The kept head covers entries up to {kept.seq}; it cannot be detected that later ones were cut off."


def _sentence(finding: Finding) -> str:
    line = "" if finding.line is None else f"Line {finding.line}: "
    if finding.seq is None:
        entry = "an entry"
    elif finding.seq == finding.to_seq:
        entry = f"entry {finding.seq}"
    else:
        entry = f"entries {finding.seq} to {finding.to_seq}"
    are = "is" if finding.seq == finding.to_seq else "are"
    sentence = f"{line}{WORDS[finding.fault].format(entry=entry, are=are, why=finding.why)}."
    return sentence[0].upper() + sentence[1:]


if __name__ == "__main__":
    sys.exit(main())
