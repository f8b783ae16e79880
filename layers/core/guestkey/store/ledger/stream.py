"""The table's stream: its records, as Lambda delivers them, read as events.

The filters of the stream mapping in the template let these records through, and perhaps others: the reader decides.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from guestkey.rules.instants import instant
from guestkey.rules.ledger import Entry
from guestkey.store.access.grants import GrantItem
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from guestkey.store.ledger.digests import DigestItem

Record = dict[str, Any]
"""An item before and after a change, in DynamoDB's own JSON."""

REVIEW_NOTIFIED_AT = GrantItem.review_notified_at.attr_name
"""The attribute by which the clean-up marks, once for each review, that a permanent grant is due for it."""
REVIEW_AT = GrantItem.review_at.attr_name
DIGEST_CLOSED_AT = DigestItem.closed_at.attr_name
"""The attribute by which the clean-up marks, once, that a digest is due."""


@dataclass(frozen=True, kw_only=True)
class EntryWritten:
    """A new ledger entry. Its number may be logged even if the rest of the image is damaged."""

    tenant_id: str
    seq: str
    image: Record

    @property
    def entry(self) -> Entry:
        """The entry. An incomplete image raises an error of any kind."""
        return ledger.entry_of(self.image)

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields that name it in a log line."""
        return {"tenant_id": self.tenant_id, "seq": self.seq.lstrip("0")}


@dataclass(frozen=True, kw_only=True)
class ReviewDue:
    """A permanent grant is due for the review at that time."""

    tenant_id: str
    grant_id: str
    review_at: datetime

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields that name it in a log line."""
        return {"tenant_id": self.tenant_id, "review_of": self.grant_id}


@dataclass(frozen=True, kw_only=True)
class DigestDue:
    """The digest of a day is closed and due."""

    tenant_id: str
    day: date

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields that name it in a log line."""
        return {"tenant_id": self.tenant_id, "digest": self.day.isoformat()}


StreamEvent = EntryWritten | ReviewDue | DigestDue


def read(record: Record) -> StreamEvent | None:
    """Return the event of a record, or None for a record that leads to no event."""
    change = record["dynamodb"]
    tenant_id, sk = keys.tenant_id_in(change["Keys"]["PK"]["S"]), change["Keys"]["SK"]["S"]
    match record["eventName"]:
        case "INSERT" if sk.startswith(keys.ENTRY):
            return EntryWritten(tenant_id=tenant_id, seq=keys.id_in(sk), image=change["NewImage"])
        case "MODIFY" if sk.startswith(keys.GRANT) and _is_added(REVIEW_NOTIFIED_AT, change):
            review_at = instant(change["NewImage"][REVIEW_AT]["S"])
            return ReviewDue(tenant_id=tenant_id, grant_id=keys.id_in(sk), review_at=review_at)
        case "MODIFY" if sk.startswith(keys.DIGEST) and _is_added(DIGEST_CLOSED_AT, change):
            return DigestDue(tenant_id=tenant_id, day=keys.day_in(sk))
        case _:
            return None


def _is_added(attribute: str, change: Record) -> bool:
    return attribute in change["NewImage"] and attribute not in change["OldImage"]
