"""Writes ledgers.json: copies of a ledger, and texts pasted as a head, each with the verdict of every verifier.

The command and the browser are tested against the file, and a verifier in another language can be. Run it as
`python -m tests.vectors.write` after a change; a test fails as long as the file differs.
"""

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guestkey.rules.ledger import START, By, ByType, Data, Entry, Head, Note, What, entry_after, to_line
from guestkey.rules.ledger_form import MAX_LINE_BYTES, canonical, hash_of

FILE = Path(__file__).with_name("ledgers.json")
ABOUT = (
    "Each ledger is a file: its `copy` is a list of names of `lines`, each followed by a line feed, and of pieces of "
    "`text` (as UTF-8, `times` if given) or `base64` as they are. `head` is the kept head, `from` the number of the "
    "first entry, `tenant` the expected tenant. A finding is [fault, line, first entry, last entry]. An answer is read "
    "page by page, each with the value of its header Guestkey-Head. Each of `heads` is a text that a person pastes, "
    "and its head, or null."
)
DATA: tuple[Data, ...] = (
    {"name": "Acme Größe \U0001f511 «ﬁ»", "approvers": 2, "version": None},
    {"may_grant": False, "changed_by": None},
    {"period": "1h", "may_export": False, "n": 9007199254740991},
    {"reason_sha256": "b" * 64, "refusals_before": 0},
    {"end": "logged_out", "text": 'a "quoted" \\ \n\t\u001f\u007f\u2028 line'},
    {},
    {"n": -1, "z": True},
)
BYTE_ORDER_MARK = "\ufeff"


def ledger(tenant_id: str, about: str = "01KJQ2V9Y0ZC4M8T6R3W5X7B1D", *, after: Head = START) -> list[Entry]:
    """Return a ledger of seven entries, or its entries after a head."""
    entries = []
    for data in DATA[after.seq :]:
        note = Note(
            what=What.GRANT_GIVEN,
            by=By(type=ByType.USER, id="anna") if after.seq % 2 else By(type=ByType.SYSTEM),
            about=about,
            data=data,
            at=datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(hours=after.seq),
        )
        entries.append(entry_after(after, tenant_id, note))
        after = entries[-1].head
    return entries


ACME, GLOBEX = ledger("acme"), ledger("globex")
FORGED = ledger("acme", "01KJQ2V9Y0ZC4M8T6R3W5X7B2E", after=ACME[3].head)
"""The entries after the fourth, rewritten with hashes that fit."""
REWRITTEN = ledger("acme", "01KJQ2V9Y0ZC4M8T6R3W5X7B2E")
NAMED = {
    **{f"acme {entry.seq}": entry for entry in ACME},
    **{f"globex {entry.seq}": entry for entry in GLOBEX},
    **{f"forged {entry.seq}": entry for entry in FORGED},
    **{f"rewritten {entry.seq}": entry for entry in REWRITTEN},
}
LINE = to_line(ACME[2])
"""The third entry's line, which most vectors tamper with."""
KEPT = {entry.seq: str(entry.head) for entry in ACME}
WHOLE = [f"acme {seq}" for seq in range(1, 8)]
Copy = Sequence[str | dict[str, str | int]]
Finding = tuple[str, int | None, int | None, int | None]


@dataclass(frozen=True, kw_only=True)
class Vector:
    """A copy of a ledger, the head to compare it with, and the verdict."""

    name: str
    copy: Copy
    findings: list[Finding]
    accidents: list[str]
    head: str | None = None
    start: int = 1
    tenant: str | None = None

    def as_members(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "copy": self.copy,
            "head": self.head,
            "from": self.start,
            "tenant": self.tenant,
            "sound": not self.findings,
            "findings": self.findings,
            "accidents": self.accidents,
        }


def vector(name: str, copy: Copy, *findings: Finding, accidents: tuple[str, ...] = (), **compared: Any) -> Vector:
    return Vector(name=name, copy=copy, findings=list(findings), accidents=list(accidents), **compared)


def text(*pieces: str) -> Copy:
    return [{"text": "".join(pieces)}]


def raw(content: bytes) -> Copy:
    return [{"base64": base64.b64encode(content).decode()}]


def lines(*seqs: int, tenant: str = "acme") -> Copy:
    return [f"{tenant} {seq}" for seq in seqs]


def with_third(line: str) -> Copy:
    """Return the ledger with another line in place of the third."""
    return [*lines(1, 2), *text(line, "\n"), *lines(4, 5, 6, 7)]


def rehashed(**changes: Any) -> str:
    """Return the third entry with changed fields and the hash that fits them."""
    fields = {name: value for name, value in (json.loads(LINE) | changes).items() if value is not ...}
    return canonical(fields | {"hash": hash_of(fields)}).decode()


def replaced(old: str, new: str) -> str:
    assert LINE.count(old) == 1, old
    return LINE.replace(old, new)


TEXT = "".join(f"{to_line(entry)}\n" for entry in ACME)


def sound() -> Iterator[Vector]:
    yield vector("a sound ledger without a kept head", WHOLE)
    yield vector("with the head of its last entry", WHOLE, head=KEPT[7])
    yield vector("that has grown since the head was kept", WHOLE, head=KEPT[3])
    yield vector("with the head of its first entry", WHOLE, head=KEPT[1])
    yield vector("of the tenant that was expected", WHOLE, tenant="acme", head=KEPT[7])
    yield vector("of one entry", lines(1), head=KEPT[1])
    yield vector("a later page", lines(4, 5, 6, 7), start=4)
    yield vector("a later page right after the kept head", lines(4, 5, 6, 7), start=4, head=KEPT[3])
    yield vector("a later page with the head of its end", lines(4, 5, 6, 7), start=4, head=KEPT[7])
    yield vector("with more entries than were asked for", WHOLE, start=4)
    later = rehashed(what="grant.lent", by={"id": "x", "type": "robot"})
    yield vector("with an event and an actor of a later version", [*lines(1, 2), *text(later, "\n")])


def tampered() -> Iterator[Vector]:
    edited: Finding = ("edited", 3, 3, 3)
    yield vector("an edited value", with_third(replaced('"may_export":false', '"may_export":true')), edited)
    yield vector("an edited actor", with_third(replaced('"type":"system"', '"type":"vendor"')), edited)
    yield vector("an edited time", with_third(replaced("T14:00:00Z", "T15:00:00Z")), edited)
    yield vector("an edited tenant", with_third(replaced('"tenant_id":"acme"', '"tenant_id":"acmf"')), edited)
    yield vector("an edited number", with_third(replaced('"seq":3', '"seq":30')), edited)
    yield vector("an edited hash", with_third(replaced(ACME[2].hash, "a" * 64)), edited)
    yield vector("an edited link", with_third(replaced(ACME[2].prev_hash, "a" * 64)), edited)
    yield vector("a largest integer changed beyond 2^53", with_third(replaced("0991", "0992")), ("malformed", 3, 3, 3))
    yield vector(
        "an edited first entry",
        [*text(to_line(ACME[0]).replace("Acme", "Acne"), "\n"), *WHOLE[1:]],
        ("edited", 1, 1, 1),
    )
    yield vector(
        "an edited last entry",
        [*WHOLE[:6], *text(to_line(ACME[6]).replace("true", "false"), "\n")],
        ("edited", 7, 7, 7),
        head=KEPT[7],
    )
    yield vector(
        "a text in another normal form",
        [*text(to_line(ACME[0]).replace("ö", "o\u0308"), "\n"), *WHOLE[1:]],
        ("edited", 1, 1, 1),
    )
    yield vector("a rehashed entry", with_third(rehashed(about="x")), ("broken", 4, 4, 4))
    yield vector("a rehashed last entry without a kept head", [*WHOLE[:6], "forged 7"], ("broken", 7, 7, 7))
    yield vector("a rewritten tail without a kept head", [*WHOLE[:4], *lines(5, 6, 7, tenant="forged")])
    yield vector(
        "a rewritten tail", [*WHOLE[:4], *lines(5, 6, 7, tenant="forged")], ("rewritten", None, 5, 5), head=KEPT[5]
    )
    yield vector(
        "a rewritten tail with a head from before", [*WHOLE[:4], *lines(5, 6, 7, tenant="forged")], head=KEPT[4]
    )
    yield vector(
        "a ledger rewritten as a whole",
        lines(*range(1, 8), tenant="rewritten"),
        ("rewritten", None, 1, 1),
        head=KEPT[1],
    )
    yield vector("a wrong hash in the kept head", WHOLE, ("rewritten", None, 5, 5), head=f"5:{'a' * 64}")
    yield vector(
        "the head of another entry under this number", WHOLE, ("rewritten", None, 5, 5), head=f"5:{ACME[5].hash}"
    )
    yield vector("a missing entry", lines(1, 2, 4, 5, 6, 7), ("missing", 3, 3, 3), head=KEPT[7])
    yield vector("several missing entries", lines(1, 2, 6, 7), ("missing", 3, 3, 5))
    yield vector("the kept entry is missing", lines(1, 2, 4), ("missing", 3, 3, 3), head=KEPT[3])
    yield vector("a cut-off tail without a kept head", lines(1, 2, 3))
    yield vector("a cut-off tail", lines(1, 2, 3), ("cut_off", None, 4, 7), head=KEPT[7])
    yield vector("a missing beginning", lines(4, 5, 6, 7), ("missing", 1, 1, 3))
    yield vector("a missing beginning with the right head", lines(4, 5, 6, 7), ("missing", 1, 1, 3), head=KEPT[7])
    yield vector("a missing beginning with the head before it", lines(4, 5, 6, 7), ("missing", 1, 1, 3), head=KEPT[3])
    yield vector(
        "a later page that does not reach the kept head", lines(5, 6, 7), ("missing", 1, 4, 4), head=KEPT[3], start=5
    )
    yield vector(
        "a later page after another kept head", lines(4, 5), ("rewritten", None, 3, 3), head=f"3:{'a' * 64}", start=4
    )
    yield vector("a doubled entry", lines(1, 2, 3, 3, 4), ("doubled", 4, 3, 3))
    yield vector(
        "two entries that changed places", lines(1, 4, 3, 2, 5), ("out_of_order", 2, 4, 4), ("out_of_order", 4, 2, 2)
    )
    yield vector("pages in the wrong order", lines(4, 5, 6, 7, 1, 2, 3), ("out_of_order", 5, 1, 3))
    yield vector("overlapping pages", lines(1, 2, 3, 4, 3, 4, 5, 6, 7), ("doubled", 5, 3, 4))
    yield vector(
        "a forged entry beside the true one", [*lines(1, 2, 3, 4, 5), "forged 5", *lines(6, 7)], ("doubled", 6, 5, 5)
    )
    yield vector("an entry of another tenant", [*lines(1, 2, 3), "globex 4", *lines(4, 5)], ("foreign", 4, 4, 4))
    yield vector(
        "another tenant's ledger where a tenant is expected",
        lines(1, 2, 3, tenant="globex"),
        ("foreign", 1, 1, 3),
        tenant="acme",
    )
    yield vector(
        "another tenant's ledger with this tenant's head",
        lines(*range(1, 8), tenant="globex"),
        ("rewritten", None, 3, 3),
        head=KEPT[3],
    )
    yield vector(
        "another tenant's ledger, and the head kept is longer",
        lines(1, 2, tenant="globex"),
        ("foreign", 1, 1, 2),
        tenant="acme",
        head=KEPT[3],
    )
    yield vector(
        "a sound ledger with another tenant's appended", [*WHOLE, *lines(1, 2, tenant="globex")], ("foreign", 8, 1, 2)
    )


def malformed() -> Iterator[Vector]:
    """Yield lines that are no entry, each with a hash that fits where it can have one."""
    data = '"data":{"may_export":false,"n":9007199254740991,"period":"1h"}'
    for name, line in {
        "one field more": rehashed(extra=1),
        "one field less": rehashed(about=...),
        "one field more in by": rehashed(by={"id": None, "type": "system", "x": 1}),
        "one field less in by": rehashed(by={"type": "system"}),
        "a number as text": rehashed(seq="3"),
        "a number that is true": rehashed(seq=True),
        "the number 0": rehashed(seq=0),
        "a negative number": rehashed(seq=-3),
        "a number of 16 digits": rehashed(seq=1_000_000_000_000_000),
        "a text as a number": rehashed(about=3),
        "a text that is null": rehashed(about=None),
        "data that is text": rehashed(data="x"),
        "data that is null": rehashed(data=None),
        "an object in data": rehashed(data={"a": {"b": 1}}),
        "an unknown form of time": rehashed(at="2026-03-02T12:00:00+00:00"),
        "a fraction of a second": rehashed(at="2026-03-02T12:00:00.5Z"),
        "a month 13": rehashed(at="2026-13-02T12:00:00Z"),
        "no time at all": rehashed(at="now"),
        "a tenant id of another form": rehashed(tenant_id="~acme"),
        "a link in capitals": rehashed(prev_hash=ACME[1].hash.upper()),
        "a link that is too short": rehashed(prev_hash="ab"),
        "an empty event": rehashed(what=""),
        "a hash in capitals": replaced(ACME[2].hash, ACME[2].hash.upper()),
        "a float": replaced(data, '"data":{"n":1.0}'),
        "a fraction": replaced(data, '"data":{"n":1.5}'),
        "an exponent": replaced(data, '"data":{"n":1e1}'),
        "a minus zero": replaced(data, '"data":{"n":-0}'),
        "a leading zero": replaced(data, '"data":{"n":01}'),
        "a plus sign": replaced(data, '"data":{"n":+1}'),
        "NaN": replaced(data, '"data":{"n":NaN}'),
        "infinity": replaced(data, '"data":{"n":-Infinity}'),
        "2^53": replaced("9007199254740991", "9007199254740992"),
        "-2^53": replaced("9007199254740991", "-9007199254740992"),
        "a huge integer": replaced("9007199254740991", "9" * 400),
        "a list": replaced(data, '"data":{"n":[1]}'),
        "a doubled name": replaced('"about"', '"about":"x","about"'),
        "a doubled name in data": replaced('"period"', '"n":9007199254740991,"period"'),
        "a doubled name of equal values in data": replaced(data, '"data":{"n":1,"n":1}'),
        "names of data out of order": replaced(data, '"data":{"n":1,"a":2}'),
        "a name in capitals": replaced(data, '"data":{"N":1}'),
        "an empty name": replaced(data, '"data":{"":1}'),
        "a name like an index": replaced(data, '"data":{"1":1}'),
        "the name __proto__": replaced(data, '"data":{"__proto__":1}'),
        "a lone surrogate, escaped": replaced('"1h"', r'"\ud800"'),
        "an escaped letter": replaced('"1h"', r'"\u0031h"'),
        "an escaped slash": replaced('"1h"', r'"\/"'),
        "an escape in capitals": replaced('"1h"', r'"\u001F"'),
        "a long form of an escape": replaced('"1h"', r'"\u000a"'),
        "a tab in a text": replaced('"1h"', '"\t"'),
        "a blank behind a colon": replaced('"seq":', '"seq": '),
        "a blank at the end": f"{LINE} ",
        "a blank at the beginning": f" {LINE}",
        "other fields in front": f'{{"tenant_id":"acme",{LINE[1:].replace(',"tenant_id":"acme"', "")}',
        "two entries in one line": f"{LINE}{LINE}",
        "an array": f"[{LINE}]",
        "null": "null",
        "a word": "damaged",
        "an opening brace": "{",
        "a second byte order mark": f"{BYTE_ORDER_MARK * 2}{LINE}",
        "a zero byte": f"{LINE}\0",
        "a line separator": f"{LINE}\u2028",
    }.items():
        accidents = ("byte_order_mark",) if "byte order" in name else ()
        yield vector(f"in a line: {name}", with_third(line), ("malformed", 3, 3, 3), accidents=accidents)
    too_long: Copy = [*text(LINE[:-1]), {"text": " ", "times": MAX_LINE_BYTES}, *text("}\n")]
    yield vector("a line that is too long", [*lines(1, 2), *too_long, *lines(4)], ("malformed", 3, 3, 3))


def accidents() -> Iterator[Vector]:
    encoding: Finding = ("encoding", 1, 1, 1)
    yield vector("a byte order mark", text(BYTE_ORDER_MARK, TEXT), accidents=("byte_order_mark",), head=KEPT[7])
    yield vector(
        "a byte order mark before an edited entry",
        text(BYTE_ORDER_MARK, TEXT.replace("Acme", "Acne", 1)),
        ("edited", 1, 1, 1),
        accidents=("byte_order_mark",),
    )
    yield vector(
        "a byte order mark on each of two pages",
        text(BYTE_ORDER_MARK, TEXT.replace(LINE, BYTE_ORDER_MARK + LINE)),
        accidents=("byte_order_mark",),
    )
    yield vector("line ends of Windows", text(TEXT.replace("\n", "\r\n")), accidents=("line_ends",), head=KEPT[7])
    yield vector("line ends of Windows, twice", text(TEXT.replace("\n", "\r\r\n")), accidents=("line_ends",))
    yield vector(
        "line ends of an old Macintosh",
        text(TEXT.replace("\n", "\r")),
        ("malformed", 1, None, None),
        accidents=("line_ends",),
    )
    yield vector(
        "a byte order mark, line ends of Windows and blank lines",
        text(BYTE_ORDER_MARK, TEXT.replace("\n", "\r\n"), "\r\n"),
        accidents=("blank_lines", "byte_order_mark", "line_ends"),
    )
    yield vector("no line end behind the last entry", text(TEXT[:-1]), head=KEPT[7])
    yield vector("blank lines at the end", text(TEXT, "\n\n"), accidents=("blank_lines",), head=KEPT[7])
    yield vector("blank lines between entries", text(TEXT.replace("\n", "\n\n")), accidents=("blank_lines",))
    yield vector(
        "an entry that became a blank line",
        [*lines(1, 2), *text("  \n"), *lines(4)],
        ("missing", 4, 3, 3),
        accidents=("blank_lines",),
    )
    yield vector("an empty file", [], ("empty", None, None, None))
    yield vector("an empty file with a kept head", [], ("cut_off", None, 1, 7), head=KEPT[7])
    yield vector("an empty file for a later page", [], ("empty", None, None, None), start=4)
    yield vector("a file of blank lines", text("\n \n"), ("empty", None, None, None), accidents=("blank_lines",))
    yield vector(
        "a file of a byte order mark",
        text(BYTE_ORDER_MARK),
        ("empty", None, None, None),
        accidents=("blank_lines", "byte_order_mark"),
    )
    yield vector(
        "a sign-in page",
        text("<!DOCTYPE html>\n<html>\n<title>Sign in</title>\n</html>\n"),
        ("other_format", 1, None, None),
        head=KEPT[7],
    )
    yield vector(
        "a sign-in page behind blanks",
        text("\n  <html>\n"),
        ("other_format", 2, None, None),
        accidents=("blank_lines",),
    )
    yield vector(
        "a sign-in page in place of the second page",
        [*lines(1, 2, 3), *text("<html>\n</html>\n")],
        ("other_format", 4, None, None),
        head=KEPT[7],
    )
    yield vector(
        "a problem in place of the ledger",
        text('{"type":"about:blank","status":403,"code":"right_missing"}'),
        ("malformed", 1, None, None),
    )
    yield vector("cut in the middle of a line", [*lines(1, 2), *text(LINE[:200])], ("torn", 3, 3, 3))
    yield vector(
        "cut in the middle of the kept line", [*lines(1, 2), *text(LINE[:200])], ("torn", 3, 3, 3), head=KEPT[3]
    )
    yield vector(
        "cut in the middle of a line before the kept one",
        [*lines(1, 2), *text(LINE[:200])],
        ("torn", 3, 3, 3),
        ("cut_off", None, 4, 7),
        head=KEPT[7],
    )
    yield vector(
        "cut in the middle of a letter",
        raw(TEXT.encode()[: TEXT.encode().index("ö".encode()) + 1]),
        ("torn", 1, None, None),
    )
    yield vector("cut in the middle of the first line", text(TEXT[:50]), ("torn", 1, None, None))
    yield vector(
        "a compressed file", raw(gzip.compress(TEXT.encode(), mtime=0)), ("other_format", 1, None, None), head=KEPT[7]
    )
    yield vector("an archive", raw(b"PK\x03\x04\x14\x00\x00\x00"), ("other_format", 1, None, None))
    for name, codec, mark in (
        ("UTF-16 with its mark", "utf-16-le", b"\xff\xfe"),
        ("UTF-16 of the other order with its mark", "utf-16-be", b"\xfe\xff"),
        ("UTF-16 without a mark", "utf-16-le", b""),
        ("UTF-16 of the other order without a mark", "utf-16-be", b""),
    ):
        yield vector(
            name,
            raw(mark + "".join(f"{to_line(entry)}\n" for entry in ACME[:1]).encode(codec)),
            ("other_format", 1, None, None),
        )
    latin = [*raw(f"{to_line(ACME[0])}\n".encode("cp1252", "replace")), *WHOLE[1:]]
    yield vector("Windows-1252", latin, encoding, head=KEPT[7])
    everywhere = raw(
        "".join(f"{to_line(entry).replace('anna', 'änna')}\n" for entry in ACME[:4]).encode("cp1252", "replace")
    )
    yield vector("Windows-1252 in several lines", everywhere, encoding)
    yield vector(
        "a lone surrogate in UTF-8",
        [*lines(1, 2), *raw(LINE.encode().replace(b"1h", b"\xed\xa0\x80") + b"\n"), *lines(4)],
        ("encoding", 3, 3, 3),
    )
    yield vector(
        "UTF-8 encoded once more",
        text(TEXT.encode().decode("cp1252", "replace")),
        ("edited", 1, 1, 1),
        ("edited", 5, 5, 5),
    )
    yield vector("a doubled download", [*WHOLE, *WHOLE], ("doubled", 8, 1, 7), head=KEPT[7])
    yield vector(
        "a download that was continued with an overlap", [*lines(1, 2, 3, 4), *lines(4, 5, 6, 7)], ("doubled", 5, 4, 4)
    )


def answers() -> Iterator[dict[str, Any]]:
    """Yield ledgers as the browser reads them: pages with their headers. A file has none."""
    first, second = lines(1, 2, 3, 4), lines(5, 6, 7)
    whole, four = KEPT[7], KEPT[4]
    for name, pages, findings, head in (
        ("two pages with the head of the whole", [(first, whole), (second, whole)], [], KEPT[3]),
        ("a ledger that grew between two pages", [(first, KEPT[6]), (second, whole)], [], None),
        ("no header Guestkey-Head", [(first, None), (second, None)], [("no_head", None, None, None)], KEPT[7]),
        ("no header on the second page", [(first, whole), (second, None)], [("no_head", None, None, None)], None),
        ("a header that is no head", [(WHOLE, "x")], [("no_head", None, None, None)], None),
        ("no header Link: the second page is never asked for", [(first, whole)], [("cut_off", None, 5, 7)], None),
        ("neither header", [(first, None)], [("no_head", None, None, None), ("cut_off", None, 5, 7)], whole),
        ("a header with another hash", [(WHOLE, f"7:{'a' * 64}")], [("rewritten", None, 7, 7)], None),
        ("an empty answer", [([], whole)], [("cut_off", None, 1, 7)], None),
        (
            "an empty answer without headers",
            [([], None)],
            [("empty", None, None, None), ("no_head", None, None, None)],
            None,
        ),
        (
            "another tenant's ledger",
            [(lines(1, 2, tenant="globex"), str(GLOBEX[1].head))],
            [("foreign", 1, 1, 2)],
            None,
        ),
        (
            "a sign-in page",
            [(text("<html>"), None)],
            [("other_format", 1, None, None), ("no_head", None, None, None)],
            four,
        ),
    ):
        yield {
            "name": name,
            "pages": [{"copy": copy, "head": header} for copy, header in pages],
            "head": head,
            "tenant": "acme",
            "sound": not findings,
            "findings": findings,
        }


def heads() -> Iterator[dict[str, str | None]]:
    digits = ACME[4].hash
    head = f"5:{digits}"
    for pasted in (
        head,
        f" {head}\n",
        f"Guestkey-Head: {head}",
        f"guestkey-head:{head}",
        f"GUESTKEY-HEAD : 5 : {digits.upper()}",
        f"> Guestkey-Head: {head}",
        f">> > Guestkey-Head: 5:{digits[:20]}\n>> > {digits[20:]}",
        f"| Guestkey-Head: {head}",
        f'"{head}"',
        f"„{head}“",
        f"« {head} »",
        f"'Guestkey-Head: {head}'",
        f"`{head}`",
        f"*Guestkey-Head:* {head}",
        f"<{head}>",
        f"Guestkey-Head:\u00a0{head}\u00a0",
        f"\ufeffGuestkey-Head: {head}\u200b",
        f"\u2068{head}\u2069",
        f"Guestkey-Head: {head}.",
        f"{head},",
        f"{head}; ",
        f"Guestkey-Head: 5:{digits[:30]}\r\n {digits[30:]}",
        f"Guestkey-Head: 5:{digits[:57]}=\r\n{digits[57:]}",
        f"Guestkey-\nHead: {head}",
        f"Guestkey\u2011Head: {head}",
        f"Guestkey-Head: 5:{digits[:8]} {digits[8:]}",
        head.ljust(1000),
    ):
        yield {"text": pasted, "head": head}
    yield {"text": f"999999999999999:{digits}", "head": f"999999999999999:{digits}"}
    for refused in (
        "",
        "5",
        "5:",
        digits,
        f":{digits}",
        f"5:{digits[:-1]}",
        f"5:{digits}0",
        f"5:{digits[:-1]}g",
        f"05:{digits}",
        f"-5:{digits}",
        f"+5:{digits}",
        f"1 5:{digits}",
        f"5.0:{digits}",
        f"\u0665:{digits}",
        f"\uff15:{digits}",
        f"5\uff1a{digits}",
        f"1000000000000000:{digits}",
        f"0:{'0' * 64}",
        f"0:{digits}",
        f"5:{'0' * 64}",
        f"5:{digits}..",
        f"{head} {head}",
        f"Guestkey-Head: Guestkey-Head: {head}",
        f"Head: {head}",
        f"X-Guestkey-Head: {head}",
        f"Please keep this: {head}",
        f"{head} thank you",
        "all is well",
        "{}",
        head.ljust(1001),
    ):
        yield {"text": refused, "head": None}


def document() -> str:
    """Return the text of the file: one vector a line."""
    ledgers = [one.as_members() for group in (sound, tampered, malformed, accidents) for one in group()]
    sections = {
        "lines": [
            f"{json.dumps(name)}: {json.dumps(to_line(entry), ensure_ascii=False)}" for name, entry in NAMED.items()
        ],
        "ledgers": [json.dumps(one) for one in ledgers],
        "answers": [json.dumps(one) for one in answers()],
        "heads": [json.dumps(one) for one in heads()],
    }
    written = [f'"about": {json.dumps(ABOUT)}']
    for name, rows in sections.items():
        opening, closing = "{}" if name == "lines" else "[]"
        written.append(f'"{name}": {opening}\n{",\n".join(rows)}\n{closing}')
    return "{\n" + ",\n".join(written) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(document())
