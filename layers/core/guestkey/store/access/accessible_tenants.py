"""Tenants that an agent may enter now: found through the index, each confirmed on its live keys.

The index may lag, so a grant that was just given may be missing for a moment. Ended and revoked grants are never
listed.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, groupby

from guestkey.rules.access import letting_in, named, union
from guestkey.rules.levels import AccessLevel
from guestkey.rules.limits import EXTERNAL_ID
from guestkey.rules.people import Agent
from guestkey.store.access import live_keys
from guestkey.store.dynamodb import index_keys
from guestkey.store.registry import tenants

BATCH = 100
POSITION = re.compile(rf"[0-{index_keys.GRANTEE_SHARDS - 1}]:{EXTERNAL_ID.pattern}")
"""Shard of the index and tenant."""


@dataclass(frozen=True, kw_only=True)
class AccessibleTenant:
    """A tenant that the agent may enter: the union of the live grants with these ids."""

    tenant_id: str
    name: str
    ends_at: datetime | None
    access: AccessLevel
    may_export: bool
    grant_ids: list[str]


def may_enter(tenant_id: str, agent: Agent, at: datetime) -> bool:
    """Say whether the agent may enter the tenant, strongly consistent."""
    return bool(letting_in(live_keys.of_tenant(tenant_id), agent, at))


def which_of(tenant_ids: Collection[str], agent: Agent, at: datetime) -> set[str]:
    """Return which of many tenants the agent may enter. They are found through the index, not read one by one."""
    shards = sorted({index_keys.grantee_shard(tenant_id) for tenant_id in tenant_ids})
    found = (pair for shard in shards for pair in live_keys.tenants_of(agent, shard, "") if pair[0] in tenant_ids)
    return {
        tenant_id
        for some in batched(found, BATCH)
        for tenant_id, live in live_keys.confirm(some).items()
        if letting_in(live, agent, at)
    }


def of_agent(agent: Agent, behind: str | None, batch: int, at: datetime) -> Iterator[tuple[str, AccessibleTenant]]:
    """Yield each tenant with its position, beginning after `behind`; `batch` tenants are read at a time."""
    shard, _, tenant_id = (behind or "0:").partition(":")
    for number in range(int(shard), index_keys.GRANTEE_SHARDS):
        found = live_keys.tenants_of(agent, number, tenant_id if number == int(shard) else "")
        by_tenant = groupby(found, key=lambda pair: pair[0])
        for some in batched(((tenant_id, list(pairs)) for tenant_id, pairs in by_tenant), batch):
            registered = tenants.registered(tenant_id for tenant_id, _ in some)
            live = live_keys.confirm(pair for _, pairs in some for pair in pairs)
            for tenant_id, _ in some:
                cover = letting_in(live[tenant_id], agent, at) if tenant_id in live else []
                if cover:
                    yield (
                        f"{number}:{tenant_id}",
                        AccessibleTenant(
                            tenant_id=tenant_id,
                            name=registered[tenant_id].name if tenant_id in registered else tenant_id,
                            ends_at=named(cover).ends_at,
                            access=union(cover),
                            may_export=any(key.may_export for key in cover),
                            grant_ids=sorted(key.grant_id for key in cover),
                        ),
                    )
