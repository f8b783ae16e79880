"""The facts of notices that an account was locked, or its lock lifted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from guestkey.edge.mail.i18n import Catalogue
from guestkey.edge.mail.people import MAX_ID_SHOWN
from guestkey.edge.mail.sanitize import shown
from guestkey.rules.ledger import Head
from guestkey.rules.limits import MAX_REASON_LENGTH
from guestkey.rules.people import Person, Tenant


@dataclass(frozen=True, kw_only=True)
class LockFacts:
    """Facts of a notice that a user locked the account, or lifted the lock. `kept_grants` is None for a lock."""

    tenant: Tenant
    by: Person
    at: datetime
    reason: str | None
    kept_grants: bool | None
    head: Head


def rows(words: Catalogue, facts: LockFacts) -> Iterator[tuple[str, str]]:
    """Yield the facts of a lock or a lift, each with the key of its label."""
    who = f"{shown(facts.by.name)} · {shown(facts.by.user_id, MAX_ID_SHOWN)}"
    at = words.moment(facts.at, facts.tenant.zone)
    if facts.kept_grants is not None:
        yield "lifted_by", who
        yield "lifted_at", at
        yield "given_before", words.text("locks", "kept" if facts.kept_grants else "ended")
        return
    yield "locked_by", who
    yield "locked_at", at
    if facts.reason:
        yield "reason", words.text("shared", "quoted", text=shown(facts.reason, MAX_REASON_LENGTH))
