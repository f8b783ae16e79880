"""The approver addresses before and after a change of recipients, kept for the notice about that change.

A ledger entry is never erased, so it holds hashes of addresses only. A notice that went to the new addresses alone
would not reach the people who lost something. See docs/decisions/0028.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from guestkey.rules.people import distinct
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import Item, Texts, epoch
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import expect
from guestkey.store.ledger.ledger import LedgerState

KEPT_FOR = timedelta(days=30)
"""Longer than an event may be repeated: one day in the stream, and fourteen in the dead-letter queue."""


class ApproversItem(Item, discriminator="approvers"):
    """The approver addresses of a tenant before and after one change."""

    before = Texts()
    after = Texts()


@dataclass(frozen=True, kw_only=True)
class Approvers:
    """The approver addresses of a tenant before and after one change; equal if it changed something else."""

    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """The addresses after the change, then those of before that are no longer registered."""
        return distinct([*self.after, *self.before])

    @property
    def added(self) -> tuple[str, ...]:
        """The addresses that the change registered."""
        return _without(self.after, self.before)

    @property
    def removed(self) -> tuple[str, ...]:
        """The addresses that are no longer registered."""
        return _without(self.before, self.after)


def put(transaction: Transaction, state: LedgerState, approvers: Approvers, now: datetime) -> None:
    """Add the addresses at the change that becomes the next entry of the ledger. The write is named `approvers`."""
    key = keys.approvers(state.tenant_id, state.head.seq + 1)
    item = ApproversItem(*key, **attributes_of(approvers, ApproversItem), ttl=epoch(now + KEPT_FOR))
    transaction.put("approvers", item)


def approvers_of(item: Item) -> Approvers:
    """Return the addresses of an item that was read together with others."""
    return value_of(Approvers, expect(ApproversItem, item))


def _without(addresses: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    known = {address.casefold() for address in others}
    return tuple(address for address in addresses if address.casefold() not in known)
