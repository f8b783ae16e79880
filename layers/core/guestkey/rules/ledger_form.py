"""The form of a ledger's lines and of a head: the one description for the product, the command and the browser.

A line is an entry in canonical JSON (RFC 8785), which leaves one way to write it, so a regular expression describes it.
The web bundle inserts `ENTRY`, `HEAD` and the bounds into the browser's verifier. Both patterns therefore keep to the
syntax that Python and JavaScript share, and have numbered groups only. Customers verify with their own Python: this
module needs nothing but the standard library of 3.11.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from guestkey.rules.limits import EXTERNAL_ID

MAX_LINE_BYTES = 65_536
"""Length limit of a line. An entry holds ids, codes and digests; the longest entry is far shorter."""
MAX_INTEGER = 2**53 - 1
"""RFC 8785 treats numbers as IEEE 754 doubles, which are exact up to here."""
MAX_FINDINGS = 1_000
"""Reading stops after this number of findings, which also bounds the memory that a verification needs."""
MAX_SEQ_DIGITS = 15
"""Digits of an entry's number, which therefore is exact as a double."""
MAX_HEAD_LENGTH = 1000
"""Length limit of a head as text."""

_TEXT = r'"(?:[^"\\\x00-\x1f]|\\["\\bfnrt]|\\u00(?:0[0-7bef]|1[0-9a-f]))*"'
_INTEGER = r"(?:0|-?[1-9][0-9]{0,15})"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MEMBER = rf'"{_NAME.pattern}":(?:{_TEXT}|{_INTEGER}|true|false|null)'
_AT = (
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
)
_HASH = r"[0-9a-f]{64}"
_SEQ = rf"[1-9][0-9]{{0,{MAX_SEQ_DIGITS - 1}}}"
ENTRY = re.compile(
    rf'(\{{"about":{_TEXT},"at":"{_AT}","by":\{{"id":(?:{_TEXT}|null),"type":"[a-z]+"\}},'
    rf'"data":(\{{(?:{_MEMBER}(?:,{_MEMBER})*)?\}}),)"hash":"({_HASH})",'
    rf'("prev_hash":"({_HASH})","seq":({_SEQ}),"tenant_id":"({EXTERNAL_ID.pattern})","what":"[a-z]+(?:[._][a-z]+)*"\}})'
)
"""An entry's line. Groups: the part before the hash, in it `data`; the hash; the part behind it, in it `prev_hash`,
`seq`, `tenant_id`.

The hash covers both parts, joined. Two rules are left to the code: the names of `data` are sorted, each once, and its
integers are at most `MAX_INTEGER`. The lists of actors and events are open, because a verifier may be older than a
ledger.
"""

_FILLER = (
    r"""[\t\n\x0b\f\r \x85\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff"""
    r""""'`<>=|*_\xab\xbb\u2018-\u201f\u2039\u203a]*"""
)
"""Characters that mail programs, and people who copy a line, put into a head: blanks, quotes and quoting marks, the `=`
of a soft line break, marks of emphasis."""
_HEADER = "".join(f"[{letter.upper()}{letter}]" for letter in "guestkey")
_HEADER += rf"{_FILLER}[-\u2010\u2011]{_FILLER}[Hh][Ee][Aa][Dd]"
HEAD = re.compile(
    rf"{_FILLER}(?:{_HEADER}{_FILLER}:{_FILLER})?({_SEQ}){_FILLER}:{_FILLER}((?:[0-9a-fA-F]{_FILLER}){{64}})"
    rf"(?:[.,;]{_FILLER})?"
)
"""A head as a person pastes it. Groups: the number; the digits of the hash, with fillers between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The fields of an entry's line that the chain consists of."""

    tenant_id: str
    seq: int
    prev_hash: str
    hash: str
    is_edited: bool
    """Whether the content does not match the hash."""


def read_line(line: bytes) -> Line:
    """Return the fields of an entry's line, which has no line break.

    Raises UnicodeDecodeError for a line in another encoding, and ValueError with the reason for any other line.
    """
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"longer than {MAX_LINE_BYTES:,} bytes")
    match = ENTRY.fullmatch(line.decode())
    if match is None or not _is_canonical_data(match[2]):
        raise ValueError(_reason(line))
    before, _, own_hash, after, prev_hash, seq, tenant_id = match.groups()
    is_edited = sha256((before + after).encode()).hexdigest() != own_hash
    return Line(tenant_id=tenant_id, seq=int(seq), prev_hash=prev_hash, hash=own_hash, is_edited=is_edited)


def read_head(text: str) -> tuple[int, str]:
    """Return number and hash of the head in a text. Raises ValueError for any other text."""
    match = HEAD.fullmatch(text) if len(text) <= MAX_HEAD_LENGTH else None
    digits = re.sub("[^0-9a-f]", "", match[2].lower()) if match else ""
    if match is None or not digits.strip("0"):
        raise ValueError("a head has the form SEQ:HASH, a number and 64 hexadecimal digits")
    return int(match[1]), digits


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Return the canonical JSON (RFC 8785) of strings, integers, booleans, nulls and objects of these.

    Raises ValueError for any other type, and for a name outside ASCII snake_case: for these names Python's order by
    code point equals the order by UTF-16 unit that RFC 8785 requires.
    """
    return json.dumps(_checked(fields), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def hash_of(fields: Mapping[str, Any]) -> str:
    """Return the hash of an entry with these fields. It covers all fields except `hash`."""
    return sha256(canonical({name: value for name, value in fields.items() if name != "hash"})).hexdigest()


def _is_canonical_data(data: str) -> bool:
    """Say whether the names of `data` are sorted, each once, and its integers exact."""
    members: list[tuple[str, Any]] = json.loads(data, object_pairs_hook=list)
    names = [name for name, _ in members]
    return names == sorted(set(names)) and all(
        not isinstance(value, int) or abs(value) <= MAX_INTEGER for _, value in members
    )


def _reason(line: bytes) -> str:
    """Return the reason why a line is no entry in canonical JSON, for a person. It does not affect the finding."""
    try:
        fields = json.loads(line.decode(), object_pairs_hook=_without_duplicates)
        is_unchanged = isinstance(fields, dict) and hash_of(fields) == fields.get("hash")
    except json.JSONDecodeError as error:
        return f"not JSON at character {error.pos + 1}"
    except RecursionError:
        return "nested too deep"
    except UnicodeEncodeError:
        return "half a surrogate pair"
    except ValueError as error:
        return str(error)
    if is_unchanged and ENTRY.fullmatch(canonical(fields).decode()):
        return "unchanged, but not canonical JSON"
    return "not the fields of a ledger entry"


def _checked(value: object) -> object:
    match value:
        case None | bool() | str():
            return value
        case int() if abs(value) <= MAX_INTEGER:
            return value
        case Mapping() if all(isinstance(name, str) and _NAME.fullmatch(name) for name in value):
            return {name: _checked(item) for name, item in value.items()}
    raise ValueError("the ledger holds texts, integers below 2^53, booleans and nulls under snake_case names")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):  # Parsers differ: for a duplicate name some take the first value, others the last.
        raise ValueError("a duplicate name in an object")
    return fields
