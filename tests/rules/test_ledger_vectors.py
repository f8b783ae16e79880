"""Every copy of a ledger in tests/vectors/ledgers.json has its verdict from the Python verifier, and every head."""

import base64
import io
import json
import subprocess
import sys
from typing import Any

import pytest

from guestkey.rules.ledger import Head
from guestkey.rules.verify import verify
from tests import stack
from tests.rows_and_columns import IS_NIGHTLY, each_row
from tests.vectors import write

VECTORS: Any = json.loads(write.FILE.read_text())


def content(copy: list[Any]) -> bytes:
    """Return the bytes of a copy: named lines, and pieces as they are."""
    return b"".join(
        f"{VECTORS['lines'][piece]}\n".encode()
        if isinstance(piece, str)
        else piece["text"].encode() * piece.get("times", 1)
        if "text" in piece
        else base64.b64decode(piece["base64"])
        for piece in copy
    )


def test_the_file_is_fresh_and_has_enough_of_each_kind() -> None:
    assert write.FILE.read_text() == write.document(), "run `python -m tests.vectors.write`"
    names = [vector["name"] for vector in VECTORS["ledgers"]]
    assert len(set(names)) == len(names) >= 60


@each_row("vector", VECTORS["ledgers"], ids=lambda vector: vector["name"])
def test_a_copy_has_its_verdict(vector: Any) -> None:
    kept = Head.parse(vector["head"]) if vector["head"] else None
    report = verify(io.BytesIO(content(vector["copy"])), kept, start=vector["from"], tenant_id=vector["tenant"])

    findings = [[finding.fault, finding.line, finding.seq, finding.to_seq] for finding in report.findings]
    assert (findings, report.accidents) == (vector["findings"], vector["accidents"])
    assert report.is_clean == vector["sound"] == (not findings)


@each_row("vector", VECTORS["heads"], ids=lambda vector: vector["text"][:40])
def test_a_pasted_text_is_read_as_its_head_or_refused(vector: Any) -> None:
    if vector["head"]:
        assert str(Head.parse(vector["text"])) == vector["head"]
    else:
        with pytest.raises(ValueError, match=r"^a head has the form SEQ:HASH, a number and 64 hexadecimal digits$"):
            Head.parse(vector["text"])


LENGTH = 100_000 if IS_NIGHTLY else 5_000
"""Entries of a long ledger; 5,000 would take 1.5 MB if they were kept."""


MEASURED = """
import sys, tracemalloc
from hashlib import sha256
from guestkey.rules.ledger_form import read_line
from guestkey.rules.verify import verify

first, second, length = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])

def lines():
    before, after = second.split(b'"hash":')
    after = after.partition(b'"tenant_id"')[2]
    yield first + b"\\n"
    link = read_line(first).hash.encode()
    for seq in range(2, length + 1):
        rest = b'"prev_hash":"%b","seq":%d,"tenant_id"%b' % (link, seq, after)
        link = sha256(before + rest).hexdigest().encode()
        yield before + b'"hash":"%b",' % link + rest + b"\\n"

tracemalloc.start()
report = verify(lines())
print(report.is_clean, report.head.seq, tracemalloc.get_traced_memory()[1])
"""
"""Verifies a long ledger in a process of its own, where nothing else takes memory, and prints the peak in bytes."""


def test_a_long_ledger_is_verified_in_the_memory_of_a_short_one() -> None:
    first, second = list(VECTORS["lines"].values())[:2]
    command = [sys.executable, "-c", MEASURED, first, second, str(LENGTH)]
    environment = {"PYTHONPATH": str(stack.PROJECT / "layers" / "core")}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()

    assert printed[:2] == ["True", str(LENGTH)]
    assert int(printed[2]) < 500_000
