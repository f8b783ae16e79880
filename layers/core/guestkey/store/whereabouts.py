"""Where an agent may enter now: found through the index, each confirmed on its live keys.

The index may lag, so a grant just given may be missing for a moment; nothing that is over or revoked is ever listed.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, groupby

from guestkey.rules.access import covering, named
from guestkey.rules.people import Agent
from guestkey.store import keys, livekeys, tenants


@dataclass(frozen=True, kw_only=True)
class Place:
    """A tenant that lets the agent in: the union of the live grants named."""

    tenant_id: str
    name: str
    ends_at: datetime | None
    may_export: bool
    grant_ids: list[str]


def lets_in(tenant_id: str, agent: Agent, at: datetime) -> bool:
    """Say whether the tenant lets the agent in, strongly consistent."""
    return bool(covering(livekeys.of_tenant(tenant_id), agent, at))


def among(tenant_ids: Collection[str], agent: Agent, at: datetime) -> set[str]:
    """Return which of many tenants let the agent in: found through the index, and not asked one by one."""
    shards = sorted({keys.grantee_shard(tenant_id) for tenant_id in tenant_ids})
    found = (pair for shard in shards for pair in livekeys.tenants_of(agent, shard, "") if pair[0] in tenant_ids)
    return {
        tenant_id
        for some in batched(found, 100)
        for tenant_id, live in livekeys.confirm(some).items()
        if covering(live, agent, at)
    }


def open_to(agent: Agent, behind: str | None, batch: int, at: datetime) -> Iterator[tuple[str, Place]]:
    """Yield each place with its position in the list, from behind a position on; `batch` tenants are read at a time."""
    shard, _, tenant_id = (behind or "0:").partition(":")
    for number in range(int(shard), keys.GRANTEE_SHARDS):
        found = livekeys.tenants_of(agent, number, tenant_id if number == int(shard) else "")
        by_tenant = groupby(found, key=lambda pair: pair[0])
        for some in batched(((tenant_id, list(pairs)) for tenant_id, pairs in by_tenant), batch):
            names = tenants.tenant_names(tenant_id for tenant_id, _ in some)
            live = livekeys.confirm(pair for _, pairs in some for pair in pairs)
            for tenant_id, _ in some:
                cover = covering(live.get(tenant_id, []), agent, at)
                if cover:
                    yield (
                        f"{number}:{tenant_id}",
                        Place(
                            tenant_id=tenant_id,
                            name=names.get(tenant_id, tenant_id),
                            ends_at=named(cover).ends_at,
                            may_export=any(key.may_export for key in cover),
                            grant_ids=sorted(key.grant_id for key in cover),
                        ),
                    )
