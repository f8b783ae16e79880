"""Tenants in the table, and the rights of their users that were taken away or given by name.

A user without such an item holds the right by default, or does not if the vendor ties it to a claim of the token.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from guestkey import settings
from guestkey.errors import RightMissing, TenantUnknown
from guestkey.rules.ledger import By, Note, What
from guestkey.rules.people import NamedRight, Tenant, User, are_same
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, Texts
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.retry import transact
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.dynamodb.unreadable import expect, readable
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import approvers
from guestkey.store.registry.approvers import Approvers

MAX_TENANT_TRIES = 5


class TenantItem(Item, discriminator="tenant"):
    """The tenant as the vendor registered it."""

    name = UnicodeAttribute()
    customer_name = UnicodeAttribute(null=True)
    """Absent in an item from before there were customer names: it is the tenant's id."""
    version = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    language = UnicodeAttribute()
    country = UnicodeAttribute()
    approver_emails = Texts()


class RightItem(Item, discriminator="right_taken"):
    """A user of the tenant does not hold the right."""

    taken_at = InstantAttribute()


class GivenRightItem(Item, discriminator="right_given"):
    """A user of the tenant holds the right, also with a token that gives none. Its key is the same."""

    given_at = InstantAttribute()


@dataclass(frozen=True, kw_only=True)
class TenantContext:
    """State loaded before a tenant is written: the tenant as stored and its ledger state, if it is registered."""

    tenant: Tenant | None
    ledger: LedgerState | None


def tenant(tenant_id: str) -> Tenant:
    """Return a registered tenant, strongly consistent. Raises TenantUnknown."""
    item = find(TenantItem, keys.tenant(tenant_id))
    if item is None:
        raise TenantUnknown
    return tenant_of(item)


def registered(tenant_ids: Iterable[str]) -> dict[str, Tenant]:
    """Return the registered ones of these tenants by id, strongly consistent."""
    found = readable(tenant_of, find_all(map(keys.tenant, set(tenant_ids))).values())
    return {tenant.tenant_id: tenant for tenant in found}


def holds_right(user: User) -> bool:
    """Say whether a user holds the right, strongly consistent."""
    right = keys.right(user.tenant_id, user.user_id)
    return holds_right_by(user, find_all([right]).get(right))


def holds_right_by(user: User, item: Item | None) -> bool:
    """Say whether a user holds the right by the record that was read together with others, if there is one."""
    return user.holds_right(None if item is None else isinstance(item, GivenRightItem))


def require_right(user: User) -> Tenant:
    """Return the tenant of a user who holds the right. Raises RightMissing, TenantUnknown."""
    right, tenant = keys.right(user.tenant_id, user.user_id), keys.tenant(user.tenant_id)
    found = find_all([right, tenant])
    if not holds_right_by(user, found.get(right)):
        raise RightMissing
    if tenant not in found:
        raise TenantUnknown
    return tenant_of(found[tenant])


def rights(tenant_id: str, after: str | None, number: int) -> Iterator[NamedRight]:
    """Yield up to that many rights of the tenant's record, in the order of the users' ids.

    `after` is the id of the last user before them. Strongly consistent.
    """
    within = Item.sk.between(keys.RIGHT + (after or ""), keys.RIGHT + keys.LAST)
    query = {"range_key_condition": within, "consistent_read": True, "limit": number + 1}
    found: Iterator[Item] = ResultIterator(
        Item._get_connection().query, [keys.of_tenant(tenant_id)], query, map_fn=Item.from_raw_data, limit=number + 1
    )
    named = (right for right in readable(_right_of, found) if right.user_id != after)
    return islice(named, number)


def _right_of(item: Item) -> NamedRight:
    user_id = keys.id_in(item.sk)
    if isinstance(item, GivenRightItem):
        return NamedRight(user_id=user_id, may_grant=True, changed_at=expect(GivenRightItem, item).given_at)
    return NamedRight(user_id=user_id, may_grant=False, changed_at=expect(RightItem, item).taken_at)


def check_right(transaction: Transaction, user: User) -> None:
    """Add the condition that a user holds the right. Its write is named `right`."""
    condition = Item.kind == GivenRightItem
    if user.has_right_by_default:
        condition |= Item.pk.does_not_exist()
    transaction.check("right", Item, keys.right(user.tenant_id, user.user_id), condition)


def put_tenant(tenant: Tenant, by: By, now: datetime) -> None:
    """Store a tenant as given, with an entry in its ledger. A PUT that changes nothing writes nothing."""
    note = Note(what=What.TENANT_CHANGED, by=by, about=tenant.tenant_id, data=_facts(tenant), at=now)
    transact(
        load=lambda: _load_context(tenant.tenant_id),
        decide=lambda _: tenant,
        save=lambda tenant, context: _save(tenant, context, note),
        tries=MAX_TENANT_TRIES,
    )


def set_right(tenant_id: str, user_id: str, may_grant: bool, by: By, changed_by: str | None, now: datetime) -> None:
    """Give a user the right or take it away, with an entry in the ledger. A PUT that changes nothing writes nothing.

    Where every user holds the right by default, giving it back removes the item; where a claim of the token decides,
    it is given by name. The approver addresses of that moment are kept for the notice. Raises TenantUnknown, or Busy.
    """
    right, profile = keys.right(tenant_id, user_id), keys.tenant(tenant_id)
    found = find_all([right, profile, keys.ledger(tenant_id)])
    state = ledger.state_in(found, tenant_id)
    if state is None or profile not in found:
        raise TenantUnknown
    default = None if settings.RIGHT_CLAIM else True
    stored = found.get(right)
    if (default if stored is None else isinstance(stored, GivenRightItem)) is may_grant:
        return
    addresses = tenant_of(found[profile]).approver_emails

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        approvers.put(transaction, state, Approvers(before=addresses, after=addresses), now)
        if not may_grant:
            transaction.put("right", RightItem(*right, taken_at=now), _is_not(RightItem))
        elif default:
            transaction.delete("right", RightItem(*right), Item.kind == RightItem)
        else:
            transaction.put("right", GivenRightItem(*right, given_at=now), _is_not(GivenRightItem))

    data = {"may_grant": may_grant, "changed_by": changed_by}
    note = Note(what=What.RIGHT_CHANGED, by=by, about=user_id, data=data, at=now)
    try:
        ledger.write(state, [note], add_writes)
    except ConditionFailed:
        return  # another request, or an earlier try of this one, stored the same


def tenant_of(item: Item) -> Tenant:
    """Return the tenant of an item that was read together with others."""
    item = expect(TenantItem, item)
    tenant_id = keys.tenant_id_in(item.pk)
    return value_of(Tenant, item, tenant_id=tenant_id, customer_name=item.customer_name or tenant_id)


def _load_context(tenant_id: str) -> TenantContext:
    profile, head = keys.tenant(tenant_id), keys.ledger(tenant_id)
    found = find_all([profile, head])
    return TenantContext(
        tenant=tenant_of(found[profile]) if profile in found else None,
        ledger=ledger.state_in(found, tenant_id),
    )


def _save(tenant: Tenant, context: TenantContext, note: Note) -> None:
    before = context.tenant
    if before == tenant:
        return
    item = _item(tenant)
    if before is None or context.ledger is None:
        transaction = Transaction()
        transaction.add("tenant", item)
        ledger.begin(transaction, tenant.tenant_id, [note])
        transaction.commit()
        return
    is_named_as_read = TenantItem.customer_name == before.customer_name
    if before.customer_name == before.tenant_id:
        is_named_as_read |= TenantItem.customer_name.does_not_exist()
    is_as_read = (
        (TenantItem.name == before.name)
        & is_named_as_read
        & (TenantItem.version == before.version)
        & (TenantItem.time_zone == before.time_zone)
        & (TenantItem.language == before.language)
        & (TenantItem.country == before.country)
        & (TenantItem.approver_emails == list(before.approver_emails))
    )

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        transaction.put("tenant", item, is_as_read)
        if not are_same(before.approver_emails, tenant.approver_emails):
            changed = Approvers(before=before.approver_emails, after=tenant.approver_emails)
            approvers.put(transaction, state, changed, note.at)

    ledger.write(context.ledger, [note], add_writes)


def _is_not(kind: type[Item]) -> Condition:
    condition: Condition = Item.pk.does_not_exist() | (Item.kind != kind)
    return condition


def _item(tenant: Tenant) -> TenantItem:
    return TenantItem(*keys.tenant(tenant.tenant_id), **attributes_of(tenant, TenantItem))


def _facts(tenant: Tenant) -> dict[str, str | int]:
    """Return the data of the ledger entry. It holds addresses as a hash only, because entries are never erased."""
    addresses = "\n".join(tenant.approver_emails)
    return {
        "name": tenant.name,
        "customer_name": tenant.customer_name,
        "version": tenant.version,
        "time_zone": tenant.time_zone,
        "language": tenant.language,
        "country": tenant.country,
        "approvers": len(tenant.approver_emails),
        "approver_emails_sha256": sha256(addresses.encode()).hexdigest(),
    }
