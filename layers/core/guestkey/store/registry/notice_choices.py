"""A tenant's choice of notices: which kinds come in the digest of the day.

It is an item of its own, so that the vendor's PUT of the tenant cannot overwrite it, and is read in the batch of the
notice itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pynamodb.expressions.condition import Condition

from guestkey.errors import RightMissing, TenantUnknown
from guestkey.rules.notices import BY_DEFAULT, MAX_CHOICES_AN_HOUR, NoticeChoice, NoticeKind, note_of
from guestkey.rules.people import Tenant, User
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item, Texts
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.dynamodb.unreadable import expect
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import approvers, tenants
from guestkey.store.registry.approvers import Approvers


class NoticeChoiceItem(Item, discriminator="notice_choice"):
    """The kinds that come in the digest. Without this item the defaults count."""

    in_digest = Texts()


@dataclass(frozen=True, kw_only=True)
class NoticeContext:
    """State loaded before the choice is written: user, tenant, choice and ledger state, in one round trip."""

    user: User
    tenant: Tenant
    choice: NoticeChoice
    is_stored: bool
    ledger: LedgerState


def load_context(user: User) -> NoticeContext:
    """Return the choice of a right-holder's tenant and the state that a change depends on.

    Raises RightMissing, TenantUnknown.
    """
    tenant_id = user.tenant_id
    right, tenant, choice = keys.right(tenant_id, user.user_id), keys.tenant(tenant_id), keys.notice_choice(tenant_id)
    found = find_all([right, tenant, choice, keys.ledger(tenant_id)])
    state = ledger.state_in(found, tenant_id)
    if not tenants.holds_right_by(user, found.get(right)):
        raise RightMissing
    if state is None or tenant not in found:
        raise TenantUnknown
    return NoticeContext(
        user=user,
        tenant=tenants.tenant_of(found[tenant]),
        choice=choice_in(found, tenant_id),
        is_stored=choice in found,
        ledger=state,
    )


def save(after: NoticeChoice, context: NoticeContext, now: datetime) -> None:
    """Store a choice with its ledger entry, and the addresses that hear of it. What changes nothing writes nothing.

    Raises TooManyRequests above the user's limit of the hour, ConditionFailed when the right or the choice has changed,
    or Busy.
    """
    if after == context.choice:
        return
    user, addresses = context.user, context.tenant.approver_emails
    key = keys.notice_choice(user.tenant_id)
    counter = keys.counter_of_user(counters.CHOSEN, user.tenant_id, user.user_id, now)
    is_as_read: Condition = NoticeChoiceItem.pk.does_not_exist()
    if context.is_stored:
        is_as_read = NoticeChoiceItem.in_digest == list(context.choice.in_digest)

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        tenants.check_right(transaction, user)
        approvers.put(transaction, state, Approvers(before=addresses, after=addresses), now)
        transaction.put("choice", NoticeChoiceItem(*key, in_digest=list(after.in_digest)), is_as_read)
        counters.count(transaction, counter, MAX_CHOICES_AN_HOUR, now)

    try:
        ledger.write(context.ledger, [note_of(after, user, now)], add_writes)
    except ConditionFailed as error:
        counters.refuse_at_limit(error, now)
        raise


def choice_in(found: Mapping[Key, Item], tenant_id: str) -> NoticeChoice:
    """Return the choice of a tenant that was read together with other items."""
    item = found.get(keys.notice_choice(tenant_id))
    if item is None:
        return BY_DEFAULT
    return NoticeChoice(in_digest=tuple(map(NoticeKind, expect(NoticeChoiceItem, item).in_digest)))
