"""Live keys: what a check needs of each grant that nobody revoked.

The table may sweep one after its end; its `ends_at` decides meanwhile. An index finds them by grantee; each find is
confirmed on its live key.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from guestkey.rules.grants import Grant, LiveKey
from guestkey.rules.people import Agent, Grantee, GranteeType
from guestkey.store import keys
from guestkey.store.table import InstantAttribute, Item, find_all


class LiveItem(Item, discriminator="live_key"):
    """What a check needs of a grant."""

    grantee_type = UnicodeAttribute()
    grantee_id = UnicodeAttribute()
    grantee_name = UnicodeAttribute()
    may_export = BooleanAttribute()
    granted_at = InstantAttribute()
    ends_at = InstantAttribute(null=True)
    revoked_before_at = InstantAttribute(null=True)


def of_tenant(tenant_id: str) -> Iterator[LiveKey]:
    """Yield the live keys of a tenant, strongly consistent; some may be over, and count no more."""
    items = LiveItem.query(keys.of_tenant(tenant_id), LiveItem.sk.startswith(keys.LIVE), consistent_read=True)
    yield from (_key_of(item) for item in items)


def tenants_of(agent: Agent, shard: int, behind: str) -> Iterator[tuple[str, str]]:
    """Yield (tenant_id, grant_id) of the live keys that the index has for the agent, in one shard, behind a tenant.

    They come by tenant. The index may lag: confirm each on its live key.
    """
    grantees = [(GranteeType.AGENT, agent.agent_id), *((GranteeType.DEPARTMENT, id) for id in agent.departments)]
    sources = (_in_index(keys.by_grantee(type, id, shard), behind) for type, id in grantees)
    yield from heapq.merge(*sources)


def confirm(pairs: Iterable[tuple[str, str]]) -> dict[str, list[LiveKey]]:
    """Return the live keys, read strongly consistent, of up to a hundred (tenant_id, grant_id), by tenant."""
    found = find_all(keys.live(tenant_id, grant_id) for tenant_id, grant_id in pairs)
    by_tenant: dict[str, list[LiveKey]] = {}
    for key, item in found.items():
        by_tenant.setdefault(key.pk.removeprefix(keys.of_tenant("")), []).append(_key_of(item))
    return by_tenant


def condition(at: datetime) -> Condition:
    """Return the condition that a live key is there and not over, for a transaction that relies on it."""
    live: Condition = LiveItem.pk.exists() & (LiveItem.ends_at.does_not_exist() | (LiveItem.ends_at > at))
    return live


def _in_index(partition: str, behind: str) -> Iterator[tuple[str, str]]:
    # "$" is the character after "#": nothing of the tenant itself, everything of those behind it
    after = LiveItem.by_grantee_sort > f"{behind}$" if behind else None
    for item in LiveItem.found_by_grantee.query(partition, after):
        tenant_id, _, grant_id = item.by_grantee_sort.partition("#")
        yield tenant_id, grant_id


def item_of(grant: Grant, revoked_before_at: datetime | None) -> LiveItem:
    """Return the live key of a grant about to be given."""
    shard = keys.grantee_shard(grant.tenant_id)
    return LiveItem(
        *keys.live(grant.tenant_id, grant.grant_id),
        grantee_type=grant.grantee.type.value,
        grantee_id=grant.grantee.id,
        grantee_name=grant.grantee.name,
        may_export=grant.may_export,
        granted_at=grant.granted_at,
        ends_at=grant.ends_at,
        revoked_before_at=revoked_before_at,
        by_grantee=keys.by_grantee(grant.grantee.type, grant.grantee.id, shard),
        by_grantee_sort=f"{grant.tenant_id}#{grant.grant_id}",
        ttl=int(grant.ends_at.timestamp()) if grant.ends_at else None,
    )


def _key_of(item: Item) -> LiveKey:
    assert isinstance(item, LiveItem)
    return LiveKey(
        grant_id=item.sk.removeprefix(keys.LIVE),
        grantee=Grantee(type=GranteeType(item.grantee_type), id=item.grantee_id, name=item.grantee_name),
        may_export=item.may_export,
        granted_at=item.granted_at,
        ends_at=item.ends_at,
        revoked_before_at=item.revoked_before_at,
    )
