"""Tenants in the table, and the rights taken away from their users: every user holds the right who has no such item."""

import time
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from pynamodb.attributes import UnicodeAttribute

from guestkey.errors import Busy, RightMissing, TenantUnknown
from guestkey.rules.ledger import By, Note, What
from guestkey.rules.people import Tenant, User
from guestkey.store import keys, ledger
from guestkey.store.table import (
    Change,
    Contended,
    InstantAttribute,
    Item,
    Texts,
    Uncertain,
    Unmet,
    find_all,
    pauses,
)


class TenantItem(Item, discriminator="tenant"):
    """The tenant as the vendor registered it."""

    name = UnicodeAttribute()
    version = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    language = UnicodeAttribute()
    country = UnicodeAttribute()
    approver_emails = Texts()


class RightItem(Item, discriminator="right_taken"):
    """A user of the tenant may not let support in. Absent for everybody else."""

    taken_at = InstantAttribute()


def tenant(tenant_id: str) -> Tenant:
    """Return a registered tenant, strongly consistent. Raises TenantUnknown."""
    try:
        return tenant_of(TenantItem.get(*keys.tenant(tenant_id), consistent_read=True))
    except TenantItem.DoesNotExist:
        raise TenantUnknown from None


def tenant_names(tenant_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of those of up to a hundred tenants that are registered, by id."""
    return {found.tenant_id: found.name for found in map(tenant_of, find_all(map(keys.tenant, tenant_ids)).values())}


def holds_right(tenant_id: str, user_id: str) -> bool:
    """Say whether a user of the tenant may let support in, strongly consistent."""
    return not find_all([keys.right(tenant_id, user_id)])


def holder_at(user: User) -> Tenant:
    """Return the tenant of a user who may let support in. Raises RightMissing, TenantUnknown."""
    right, tenant = keys.right(user.tenant_id, user.user_id), keys.tenant(user.tenant_id)
    found = find_all([right, tenant])
    if right in found:
        raise RightMissing
    if tenant not in found:
        raise TenantUnknown
    return tenant_of(found[tenant])


def put_tenant(tenant: Tenant, by: By, now: datetime) -> None:
    """Keep the tenant as given, with an entry in its ledger; one that changes nothing writes nothing."""
    note = Note(what=What.TENANT_CHANGED, by=by, about=tenant.tenant_id, data=_facts(tenant), at=now)
    for pause in pauses(5):
        time.sleep(pause)
        found = find_all([keys.tenant(tenant.tenant_id), keys.ledger(tenant.tenant_id)])
        item, head = found.get(keys.tenant(tenant.tenant_id)), found.get(keys.ledger(tenant.tenant_id))
        before = tenant_of(item) if item else None
        if before == tenant:
            return
        try:
            if before and head:
                _write_changed(tenant, before, note, ledger.tip_of(head))
            else:
                _register(tenant, note)
        except (Unmet, Contended, Uncertain):
            continue  # somebody else, or an earlier try of ours, may have made it so: the next reading says
        return
    raise Busy(retry_after=1)


def set_right(tenant_id: str, user_id: str, may_grant: bool, by: By, changed_by: str | None, now: datetime) -> None:
    """Give or take a user's right, with an entry in the ledger; one that changes nothing writes nothing."""
    seen = ledger.wish(tenant_id)
    if seen is None:
        raise TenantUnknown
    if holds_right(tenant_id, user_id) == may_grant:
        return
    item = RightItem(*keys.right(tenant_id, user_id), taken_at=now)

    def compose(change: Change, _: ledger.Tip) -> None:
        if may_grant:
            change.delete("right", item, RightItem.pk.exists())
        else:
            change.add("right", item)

    data = {"may_grant": may_grant, "changed_by": changed_by}
    note = Note(what=What.RIGHT_CHANGED, by=by, about=user_id, data=data, at=now)
    try:
        ledger.write(seen, [note], compose)
    except Unmet:
        return  # somebody else, or an earlier try of ours, made it so


def tenant_of(item: Item) -> Tenant:
    """Return a tenant that was read together with other items."""
    assert isinstance(item, TenantItem)
    return Tenant(
        tenant_id=item.pk.removeprefix(keys.of_tenant("")),
        name=item.name,
        version=item.version,
        time_zone=item.time_zone,
        language=item.language,
        country=item.country,
        approver_emails=tuple(item.approver_emails),
    )


def _register(tenant: Tenant, note: Note) -> None:
    change = Change()
    change.add("tenant", _tenant_item(tenant))
    ledger.begin(change, tenant.tenant_id, [note])
    change.commit()


def _write_changed(tenant: Tenant, before: Tenant, note: Note, seen: ledger.Tip) -> None:
    as_read = (
        (TenantItem.name == before.name)
        & (TenantItem.version == before.version)
        & (TenantItem.time_zone == before.time_zone)
        & (TenantItem.language == before.language)
        & (TenantItem.country == before.country)
        & (TenantItem.approver_emails == list(before.approver_emails))
    )
    ledger.write(seen, [note], lambda change, _: change.put("tenant", _tenant_item(tenant), as_read))


def _facts(tenant: Tenant) -> dict[str, str | int]:
    """Return what the ledger keeps of a tenant: mail addresses only as their hash, since nothing leaves a ledger."""
    addresses = "\n".join(tenant.approver_emails)
    return {
        "name": tenant.name,
        "version": tenant.version,
        "time_zone": tenant.time_zone,
        "language": tenant.language,
        "country": tenant.country,
        "approvers": len(tenant.approver_emails),
        "approver_emails_sha256": sha256(addresses.encode()).hexdigest(),
    }


def _tenant_item(tenant: Tenant) -> TenantItem:
    return TenantItem(
        *keys.tenant(tenant.tenant_id),
        name=tenant.name,
        version=tenant.version,
        time_zone=tenant.time_zone,
        language=tenant.language,
        country=tenant.country,
        approver_emails=list(tenant.approver_emails),
    )
