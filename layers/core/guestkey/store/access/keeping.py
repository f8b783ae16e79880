"""Keeps permanent grants whose review is due: their next review is moved, and nothing else of them changes."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from guestkey.rules import grants as rules
from guestkey.rules.grants import Grant
from guestkey.rules.people import User
from guestkey.store.access import grants
from guestkey.store.access.grants import ChangeContext, GrantItem
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import people, tenants


@dataclass(frozen=True, kw_only=True)
class KeepContext:
    """State loaded before a grant is kept: that of every change of a grant, and the time zone of its tenant."""

    change: ChangeContext
    zone: ZoneInfo

    @property
    def grant(self) -> Grant:
        """The grant as it was read."""
        return self.change.grant


def load(user: User, grant_id: str) -> KeepContext:
    """Return the state that keeping a grant depends on. Raises RightMissing or NotFound."""
    change = grants.load_for_change(user, grant_id)
    return KeepContext(change=change, zone=tenants.tenant(user.tenant_id).zone)


def save(kept: Grant, context: KeepContext, now: datetime) -> None:
    """Store the next review of a grant, with a ledger entry; a grant whose review is not due stays as it is.

    The mark of the last review is removed and the grant is due again, so that the clean-up asks for the next one.
    Raises ConditionFailed when the right, the door, the grant or its agent has changed, or Busy.
    """
    if kept == context.grant:
        return
    assert kept.review_at
    change, tenant_id, grant_id = context.change, kept.tenant_id, kept.grant_id
    is_as_read = GrantItem.revoked_at.does_not_exist() & (GrantItem.review_at == context.grant.review_at)
    next_review = GrantItem.review_at.set(kept.review_at)
    asks_again = [
        GrantItem.review_notified_at.remove(),
        GrantItem.due.set(index_keys.due_on(tenant_id)),
        GrantItem.due_at.set(kept.review_at),
    ]

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        tenants.check_right(transaction, change.user)
        if kept.grantee.agent_id:
            people.check_has_not_left(transaction, kept.grantee)
        history = GrantItem(*keys.grant(tenant_id, grant_id))
        transaction.update("history", history, [next_review, *asks_again], is_as_read)
        permanent = GrantItem(*keys.permanent_grant(tenant_id, grant_id))
        transaction.update("permanent", permanent, [next_review], is_as_read)

    ledger.write(change.ledger, [rules.kept(kept, change.user, now)], add_writes, door=change.door)
