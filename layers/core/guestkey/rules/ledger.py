"""A tenant's append-only, hash-chained audit log: numbers, links and canonical form of its entries.

`hash` covers the entry's canonical JSON without `hash` itself; the next entry carries it as `prev_hash`. Customers
verify their copy with their own Python: this module needs nothing but the standard library of 3.11.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from guestkey.rules.instants import text_of
from guestkey.rules.limits import EXTERNAL_ID

MAX_BYTES = 65_536
"""Length limit of a line. An entry holds ids, codes and digests; the longest entry is far shorter."""

_MAX_INTEGER = 2**53 - 1  # RFC 8785 treats numbers as IEEE 754 doubles, which are exact up to here.
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_HASH = re.compile(r"[0-9a-f]{64}")
_HEAD = re.compile(r"(0|[1-9][0-9]{0,15}):([0-9a-f]{64})")


class What(StrEnum):
    """Type of a ledger entry."""

    GRANT_GIVEN = "grant.given"
    GRANT_REVOKED = "grant.revoked"
    GRANT_ENDED = "grant.ended"
    REQUEST_MADE = "request.made"
    REQUEST_APPROVED = "request.approved"
    REQUEST_DECLINED = "request.declined"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_EXPIRED = "request.expired"
    LOGIN_RECORDED = "login.recorded"
    LOGIN_REFUSED = "login.refused"
    LOGIN_ENDED = "login.ended"
    AGENT_LEFT = "agent.left"
    RIGHT_CHANGED = "right.changed"
    TENANT_CHANGED = "tenant.changed"
    NOTICES_CHANGED = "notices.changed"
    CALLBACK_BOOKED = "callback.booked"
    CALLBACK_MOVED = "callback.moved"
    CALLBACK_CANCELLED = "callback.cancelled"
    CALLBACK_TAKEN = "callback.taken"
    CALLBACK_CLOSED = "callback.closed"


class ByType(StrEnum):
    """Type of the actor of an entry."""

    USER = "user"
    AGENT = "agent"
    VENDOR = "vendor"
    SYSTEM = "system"


Data = Mapping[str, str | int | bool | None]
"""Further data of an entry. Only types with a single canonical JSON form."""


@dataclass(frozen=True, kw_only=True)
class By:
    """The actor of an entry; the system has no id."""

    type: ByType
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of a ledger. With a kept head a customer can detect later that an earlier entry was rewritten."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Return the head in a text of the form SEQ:HASH. Raises ValueError."""
        match = _HEAD.fullmatch(text.strip())
        if match is None or (match[1] == "0") != (match[2] == START.hash):
            raise ValueError("a head has the form SEQ:HASH, a number and 64 hexadecimal digits")
        return cls(seq=int(match[1]), hash=match[2])


@dataclass(frozen=True)
class Position:
    """Where a change stands in its tenant's ledger: the number of its entry, and its time.

    The number tells which of two changes came first, because the clocks of functions differ. A change from before
    numbers were stored has none.
    """

    seq: int | None
    at: datetime

    def precedes(self, other: "Position") -> bool:
        """Say whether this change came first.

        A change without a number is older than one with a number, unless its time is later. Two without numbers compare
        by time.
        """
        if self.seq is not None and other.seq is not None:
            return self.seq < other.seq
        if self.seq is None and other.seq is not None:
            return self.at <= other.at
        return self.at < other.at


START = Head(seq=0, hash="0" * 64)
"""The head of a ledger without entries."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """The content of an entry before it has a number. `about` is the id of the subject."""

    what: What
    by: By
    about: str
    data: Data
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of the chain, with exactly the fields of the API."""

    tenant_id: str
    seq: int
    at: datetime
    what: What
    by: By
    about: str
    data: Data
    prev_hash: str
    hash: str

    @property
    def head(self) -> Head:
        """The ledger's head while this entry is the last."""
        return Head(seq=self.seq, hash=self.hash)


def entry_after(head: Head, tenant_id: str, note: Note) -> Entry:
    """Return the note as the entry that follows the head: numbered, linked and hashed.

    Raises ValueError for a note that could not be verified later: a float, a nested value, a time without a time zone.
    Such a note is a bug of the caller.
    """
    if note.at.utcoffset() is None:
        raise ValueError("a time without a zone is not an instant")
    entry = Entry(
        tenant_id=tenant_id,
        seq=head.seq + 1,
        at=note.at.astimezone(UTC).replace(microsecond=0),
        what=note.what,
        by=note.by,
        about=note.about,
        data=dict(note.data),
        prev_hash=head.hash,
        hash=START.hash,
    )
    entry = replace(entry, hash=hash_of(_fields(entry)))
    parsed(to_line(entry).encode())
    return entry


def to_line(entry: Entry) -> str:
    """Return the entry as a line of JSON Lines in canonical JSON, without the line break."""
    return canonical(_fields(entry)).decode()


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Return the canonical JSON (RFC 8785) of strings, integers, booleans, nulls and objects of these.

    Raises ValueError for any other type, and for a name outside ASCII snake_case: for these names Python's order by
    code point equals the order by UTF-16 unit that RFC 8785 requires.
    """
    return json.dumps(_checked(fields), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def hash_of(fields: Mapping[str, Any]) -> str:
    """Return the hash of an entry with these fields. It covers all fields except `hash`."""
    return sha256(canonical({name: value for name, value in fields.items() if name != "hash"})).hexdigest()


def parsed(line: bytes) -> dict[str, Any]:
    """Return the fields of an entry's line. Raises ValueError with the reason for any other line."""
    if len(line) > MAX_BYTES:
        raise ValueError(f"longer than {MAX_BYTES:,} bytes")
    try:
        fields = json.loads(line.decode(), object_pairs_hook=_without_duplicates)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("nested too deep") from None
    match fields:
        case {
            "tenant_id": str(tenant_id),
            "seq": int(seq),
            "at": str(at),
            "what": str(),
            "by": {"type": str(), "id": str() | None, **more_by},
            "about": str(),
            "data": dict(data),
            "prev_hash": str(prev_hash),
            "hash": str(own_hash),
            **more,
        } if (
            not (more or more_by or any(isinstance(value, dict) for value in data.values()))
            and type(seq) is int
            and seq > 0
            and EXTERNAL_ID.fullmatch(tenant_id)
            and _AT.fullmatch(at)
            and _HASH.fullmatch(prev_hash)
            and _HASH.fullmatch(own_hash)
        ):
            return dict(fields)
    raise ValueError("not the fields of a ledger entry")


def digest(text: str) -> str:
    """Return the SHA-256 of a text. Entries from before there were salts hold it in place of a typed text."""
    return sha256(text.encode()).hexdigest()


def salted_digest(text: str | None, salt: str | None) -> str | None:
    """Return the SHA-256 of `<salt>:<text>`, which the ledger stores in place of a typed text; None without a text.

    The record that holds the text holds its salt. Both are erased together; a digest alone cannot be guessed then.
    """
    if text is None:
        return None
    assert salt
    return digest(f"{salt}:{text}")


def _fields(entry: Entry) -> dict[str, Any]:
    return {
        "tenant_id": entry.tenant_id,
        "seq": entry.seq,
        "at": text_of(entry.at),
        "what": entry.what,
        "by": {"type": entry.by.type, "id": entry.by.id},
        "about": entry.about,
        "data": entry.data,
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
    }


def _checked(value: object) -> object:
    match value:
        case None | bool() | str():
            return value
        case int() if abs(value) <= _MAX_INTEGER:
            return value
        case Mapping() if all(isinstance(name, str) and _NAME.fullmatch(name) for name in value):
            return {name: _checked(item) for name, item in value.items()}
    raise ValueError("the ledger holds texts, integers below 2^53, booleans and nulls under snake_case names")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):  # Parsers differ: for a duplicate name some take the first value, others the last.
        raise ValueError("a duplicate name in an object")
    return fields
