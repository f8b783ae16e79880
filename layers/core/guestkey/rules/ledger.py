"""A tenant's append-only, hash-chained history: how an entry is numbered, linked and written.

`hash` covers the entry's canonical JSON without `hash` itself; the next entry carries it as `prev_hash`. Customers
judge their copy with whatever Python they have: nothing here needs more than the standard library of 3.11.
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

MAX_BYTES = 65_536
"""How long a line may be. An entry holds ids, codes and digests; the longest is far shorter."""

_GREATEST = 2**53 - 1  # RFC 8785 takes numbers for IEEE 754 doubles, which count exactly so far.
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_HASH = re.compile(r"[0-9a-f]{64}")
_HEAD = re.compile(r"(0|[1-9][0-9]{0,15}):([0-9a-f]{64})")


class What(StrEnum):
    """What an entry tells."""

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
    RIGHT_CHANGED = "right.changed"
    TENANT_CHANGED = "tenant.changed"
    CALLBACK_BOOKED = "callback.booked"
    CALLBACK_MOVED = "callback.moved"
    CALLBACK_CANCELLED = "callback.cancelled"
    CALLBACK_TAKEN = "callback.taken"
    CALLBACK_CLOSED = "callback.closed"


class ByType(StrEnum):
    """On whose side somebody stands who changed something."""

    USER = "user"
    AGENT = "agent"
    VENDOR = "vendor"
    SYSTEM = "system"


Data = Mapping[str, str | int | bool | None]
"""What an entry tells besides: nothing that could be written in two ways."""


@dataclass(frozen=True, kw_only=True)
class By:
    """Who changed something; the system itself has no id."""

    type: ByType
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Head:
    """Where a ledger ends: whoever keeps this can later tell whether what came before was rewritten."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Return the head that was written as SEQ:HASH; anything else is a ValueError."""
        match = _HEAD.fullmatch(text.strip())
        if match is None or (match[1] == "0") != (match[2] == START.hash):
            raise ValueError("a head is written SEQ:HASH, a number and 64 hexadecimal digits")
        return cls(seq=int(match[1]), hash=match[2])


START = Head(seq=0, hash="0" * 64)
"""The head of a ledger without entries."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """What happened, before it has a number. `about` is the id of what it happened to."""

    what: What
    by: By
    about: str
    data: Data
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One link of the chain, exactly the fields of the contract."""

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
        """Where the ledger ends as long as nothing follows."""
        return Head(seq=self.seq, hash=self.hash)


def entry_after(head: Head, tenant_id: str, note: Note) -> Entry:
    """Return the note as the entry that follows the head: numbered, linked and hashed.

    A note that could not be judged again later (a float, a nested value, a time without a zone) is our bug and a
    ValueError.
    """
    if note.at.utcoffset() is None:
        raise ValueError("a time without a zone is no instant")
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
    """Return the entry as a line of JSON Lines, without the line's end. It is canonical JSON, too."""
    return canonical(_fields(entry)).decode()


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Return the canonical JSON (RFC 8785) of strings, integers, booleans, nulls and objects of these.

    Anything else is a ValueError, and so is a name that is not ASCII snake_case: for such names sorting by code point,
    which Python does, and by UTF-16 unit, which RFC 8785 asks for, are the same.
    """
    return json.dumps(_plain(fields), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def hash_of(fields: Mapping[str, Any]) -> str:
    """Return the hash that an entry of these fields must bear: of all of them but `hash` itself."""
    return sha256(canonical({name: value for name, value in fields.items() if name != "hash"})).hexdigest()


def parsed(line: bytes) -> dict[str, Any]:
    """Return the fields of an entry's line. What is no such line is a ValueError that says why."""
    if len(line) > MAX_BYTES:
        raise ValueError(f"longer than {MAX_BYTES:,} bytes")
    try:
        fields = json.loads(line.decode(), object_pairs_hook=_once_each)
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
            and _TENANT_ID.fullmatch(tenant_id)
            and _AT.fullmatch(at)
            and _HASH.fullmatch(prev_hash)
            and _HASH.fullmatch(own_hash)
        ):
            return dict(fields)
    raise ValueError("not the fields of a ledger entry")


def digest(text: str) -> str:
    """Return what stands in the ledger for a text that a person typed and that may be erased one day."""
    return sha256(text.encode()).hexdigest()


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


def _plain(value: object) -> object:
    match value:
        case None | bool() | str():
            return value
        case int() if abs(value) <= _GREATEST:
            return value
        case Mapping() if all(isinstance(name, str) and _NAME.fullmatch(name) for name in value):
            return {name: _plain(item) for name, item in value.items()}
    raise ValueError("the ledger holds texts, integers below 2^53, booleans and nulls under snake_case names")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):  # Of a name that stands twice one reader takes the first value, another the last.
        raise ValueError("a name stands twice in one object")
    return fields
