"""What the table's stream tells: its records, as Lambda hands them over, read as what happened.

The mapping in the template lets through what is read here and perhaps more: whoever reads decides.
"""

from dataclasses import dataclass
from typing import Any

from guestkey.rules.ledger import Entry
from guestkey.store import keys, ledger
from guestkey.store.grants import GrantItem

Record = dict[str, Any]
"""An item before and after it changed, in DynamoDB's own JSON."""

REVIEW_TOLD_AT = GrantItem.review_told_at.attr_name
"""By which the clean-up says, once, that a permanent grant is due for its review."""


@dataclass(frozen=True, kw_only=True)
class EntryWritten:
    """A ledger has a new entry. Its number may be told however broken the rest is."""

    tenant_id: str
    seq: str
    image: Record

    @property
    def entry(self) -> Entry:
        """The entry. One that is not whole raises whatever it stumbles over."""
        return ledger.entry_of(self.tenant_id, self.image)

    @property
    def named(self) -> dict[str, str]:
        """What it is called in a log."""
        return {"tenant_id": self.tenant_id, "seq": self.seq.lstrip("0")}


@dataclass(frozen=True, kw_only=True)
class ReviewDue:
    """A permanent grant has come to its review."""

    tenant_id: str
    grant_id: str

    @property
    def named(self) -> dict[str, str]:
        """What it is called in a log."""
        return {"tenant_id": self.tenant_id, "review_of": self.grant_id}


News = EntryWritten | ReviewDue


def read(record: Record) -> News | None:
    """Return what a record tells, or None if it is nothing that anybody is told of."""
    change = record["dynamodb"]
    tenant_id, sk = change["Keys"]["PK"]["S"].removeprefix(keys.of_tenant("")), change["Keys"]["SK"]["S"]
    match record["eventName"]:
        case "INSERT" if sk.startswith(keys.ENTRY):
            return EntryWritten(tenant_id=tenant_id, seq=sk.removeprefix(keys.ENTRY), image=change["NewImage"])
        case "MODIFY" if sk.startswith(keys.GRANT) and _appears(REVIEW_TOLD_AT, change):
            return ReviewDue(tenant_id=tenant_id, grant_id=sk.removeprefix(keys.GRANT))
        case _:
            return None


def _appears(attribute: str, change: Record) -> bool:
    return attribute in change["NewImage"] and attribute not in change["OldImage"]
