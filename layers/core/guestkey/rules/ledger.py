"""A tenant's append-only, hash-chained audit log: numbers and links of its entries.

`hash` covers the entry's canonical JSON without `hash` itself; the next entry carries it as `prev_hash`. Customers
verify their copy with their own Python: this module needs nothing but the standard library of 3.11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from guestkey.rules.instants import text_of
from guestkey.rules.ledger_form import canonical, hash_of, read_head, read_line


class What(StrEnum):
    """Type of a ledger entry."""

    GRANT_GIVEN = "grant.given"
    GRANT_KEPT = "grant.kept"
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
    POLICY_CHANGED = "policy.changed"
    POLICY_WAITING = "policy.waiting"
    POLICY_WITHDRAWN = "policy.withdrawn"
    ACCESS_LOCKED = "access.locked"
    ACCESS_UNLOCKED = "access.unlocked"
    CALLBACK_BOOKED = "callback.booked"
    CALLBACK_MOVED = "callback.moved"
    CALLBACK_CANCELLED = "callback.cancelled"
    CALLBACK_TAKEN = "callback.taken"
    CALLBACK_RELEASED = "callback.released"
    CALLBACK_HANDED = "callback.handed"
    CALLBACK_CLOSED = "callback.closed"
    CALLBACK_STRANDED = "callback.stranded"


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
        """Return the head in a text, as it is copied from a mail. Raises ValueError for any other text."""
        seq, own_hash = read_head(text)
        return cls(seq=seq, hash=own_hash)


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
    read_line(to_line(entry).encode())
    return entry


def to_line(entry: Entry) -> str:
    """Return the entry as a line of JSON Lines in canonical JSON, without the line break."""
    return canonical(_fields(entry)).decode()


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
