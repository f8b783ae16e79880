"""Live keys: the part of each unrevoked grant that a check reads.

DynamoDB may delete one after its end; until then `ends_at` decides. An index finds live keys by grantee; each match is
confirmed on the live key itself.

A key with a restriction that code of before would not know is of a kind of its own: to that code it is an unknown item
beside the live keys, which bars everything (decision 0045).
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from guestkey.rules.door import NOT_UNDERSTOOD, Door
from guestkey.rules.grants import Grant, LiveKey, LiveKeys
from guestkey.rules.ledger import Position
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Agent, GranteeType
from guestkey.store.access import doors
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import Unreadable, expect, readable


class LiveKeyItem(Item, discriminator="live_key"):
    """The live key of a grant."""

    grantee_type = UnicodeAttribute()
    grantee_id = UnicodeAttribute()
    grantee_name = UnicodeAttribute()
    grantee_incarnation = NumberAttribute(default=1)
    grantee_may_automate = BooleanAttribute(null=True)
    grantee_is_software = BooleanAttribute(null=True)
    access = UnicodeAttribute(null=True)
    may_export = BooleanAttribute()
    granted_at = InstantAttribute()
    ends_at = InstantAttribute(null=True)
    granted_seq = NumberAttribute(null=True)
    revoked_before_at = InstantAttribute(null=True)
    revoked_before_seq = NumberAttribute(null=True)
    ticket = UnicodeAttribute(null=True)


class ViewKeyItem(LiveKeyItem, discriminator="view_key"):
    """The live key of a grant that allows to view only."""

    access = UnicodeAttribute()


def of_tenant(tenant_id: str) -> LiveKeys:
    """Return the live keys of a tenant and its door, strongly consistent. Some keys may be past their end.

    A query of models leaves out items of kinds that this code does not know. This one must see them: what is not
    understood bars everything.
    """
    found = {item.sk: item for item in _items(tenant_id)}
    return _behind(found.pop(keys.DOOR, None), found.values())


def voided(tenant_id: str, door: Door) -> list[str]:
    """Return the ids of the grants whose live keys are there, although a voiding of the door ended the grants."""
    found = readable(_live_key, (item for item in _items(tenant_id) if item.sk != keys.DOOR))
    return [key.grant_id for key in found if door.voiding_of_grant(key.granted_seq)]


def tenants_of(agent: Agent, shard: int, behind: str) -> Iterator[tuple[str, str]]:
    """Yield (tenant_id, grant_id) of the agent's live keys in one shard of the index, ordered by tenant.

    Begins after the tenant `behind`. The index may lag: confirm each pair on its live key.
    """
    grantees = [(GranteeType.AGENT, agent.agent_id), *((GranteeType.DEPARTMENT, id) for id in agent.departments)]
    yield from heapq.merge(*(of_grantee(type, id, shard, behind) for type, id in grantees))


def of_grantee(type: GranteeType, id: str, shard: int, behind: str = "") -> Iterator[tuple[str, str]]:
    """Yield (tenant_id, grant_id) of a grantee's live keys in one shard of the index, ordered by tenant."""
    after = LiveKeyItem.by_grantee_sort > behind + keys.AFTER_SEPARATOR if behind else None
    for item in LiveKeyItem.found_by_grantee.query(index_keys.by_grantee(type, id, shard), after):
        yield index_keys.by_grantee_in(item.by_grantee_sort)


def confirm(pairs: Iterable[tuple[str, str]]) -> dict[str, LiveKeys]:
    """Return the live keys of (tenant_id, grant_id), with the door of each tenant, strongly consistent, by tenant."""
    wanted = {keys.live(tenant_id, grant_id): tenant_id for tenant_id, grant_id in pairs}
    found = find_all([*wanted, *(keys.door(tenant_id) for tenant_id in set(wanted.values()))])
    by_tenant: dict[str, list[Item]] = {}
    for key in found.keys() & wanted.keys():
        by_tenant.setdefault(wanted[key], []).append(found[key])
    return {tenant_id: _behind(found.get(keys.door(tenant_id)), live) for tenant_id, live in by_tenant.items()}


def check_live(transaction: Transaction, tenant_id: str, grant_id: str, at: datetime) -> None:
    """Add the condition that a grant is live at that moment. Its write is named `grant`."""
    live: Condition = LiveKeyItem.pk.exists() & (LiveKeyItem.ends_at.does_not_exist() | (LiveKeyItem.ends_at > at))
    transaction.check("grant", LiveKeyItem, keys.live(tenant_id, grant_id), live)


def add(transaction: Transaction, grant: Grant, revoked_before: Position | None) -> None:
    """Add the live key of a new grant, with the tenant's last revoke before it. Its write is named `live`."""
    transaction.add("live", _item(grant, revoked_before))


def delete(transaction: Transaction, tenant_id: str, grant_id: str) -> None:
    """Add the removal of a live key. Its write is named `live`."""
    transaction.delete("live", LiveKeyItem(*keys.live(tenant_id, grant_id)))


def _items(tenant_id: str) -> Iterator[Item]:
    """Yield the door and the live keys of a tenant, and anything else that lies beside them, strongly consistent."""
    query = {"range_key_condition": Item.sk.startswith(keys.LIVE), "consistent_read": True}
    partition = [keys.of_tenant(tenant_id)]
    yield from ResultIterator(Item._get_connection().query, partition, query, map_fn=Item.from_raw_data)


def _behind(door: Item | None, live: Iterable[Item]) -> LiveKeys:
    """Return live keys behind a door; none, behind a door that bars everything, if one of the keys is unreadable."""
    try:
        return LiveKeys.behind(doors.door_of(door), map(_live_key, live))
    except Unreadable:
        return LiveKeys((), NOT_UNDERSTOOD)


def _live_key(item: Item) -> LiveKey:
    return value_of(LiveKey, expect(LiveKeyItem, item), grant_id=keys.id_in(item.sk))


def _item(grant: Grant, revoked_before: Position | None) -> LiveKeyItem:
    shard = index_keys.grantee_shard(grant.tenant_id)
    kind = ViewKeyItem if grant.access is AccessLevel.VIEW else LiveKeyItem
    return kind(
        *keys.live(grant.tenant_id, grant.grant_id),
        **attributes_of(grant, kind),
        revoked_before_at=revoked_before.at if revoked_before else None,
        revoked_before_seq=revoked_before.seq if revoked_before else None,
        by_grantee=index_keys.by_grantee(grant.grantee.type, grant.grantee.id, shard),
        by_grantee_sort=index_keys.by_grantee_sort(grant.tenant_id, grant.grant_id),
        ttl=epoch(grant.ends_at) if grant.ends_at else None,
    )
