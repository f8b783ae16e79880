"""Every key of the three indexes.

    index        PK                              SK                       holds
    by_grantee   <TYPE>#<id>#<shard of tenant>   <tenant_id>#<grant_id>   live keys
    by_grantee   IN#<agent_id>                   <tenant_id>#<login_id>   open logins
    directory    DIRECTORY                       <type>#<id>              active agents, departments
    due          DUE#<shard of tenant>           <due_at>                 all that the clean-up must process

No decision reads an index: it lags behind the table.
"""

from hashlib import sha256

from guestkey.rules.people import GranteeType
from guestkey.store.dynamodb.keys import OPEN_LOGIN

DIRECTORY, DUE = "DIRECTORY", "DUE#"

GRANTEE_SHARDS = 4
"""Partitions of the index over which the live keys of one grantee are spread: every tenant may name one department."""
DUE_SHARDS = 4
"""Partitions of the *due* index. One clean-up reads all of them."""


def grantee_shard(tenant_id: str) -> int:
    """Return the shard of a tenant's live keys; it does not depend on the grantee."""
    return _shard(tenant_id, GRANTEE_SHARDS)


def by_grantee(type: GranteeType, id: str, shard: int) -> str:
    return f"{type.upper()}#{id}#{shard}"


def open_logins_of(agent_id: str) -> str:
    return OPEN_LOGIN + agent_id


def by_grantee_sort(tenant_id: str, id: str) -> str:
    """Return the sort key of a live key or an open login: its tenant and the id of the grant or the login."""
    return f"{tenant_id}#{id}"


def by_grantee_in(sort: str) -> tuple[str, str]:
    tenant_id, _, id = sort.partition("#")
    return tenant_id, id


def directory_sort(type: GranteeType, id: str) -> str:
    return f"{type}#{id}"


def due_on(tenant_id: str) -> str:
    """Return the partition of the *due* index that holds a tenant's items."""
    return due(_shard(tenant_id, DUE_SHARDS))


def due(shard: int) -> str:
    return f"{DUE}{shard}"


def _shard(tenant_id: str, shards: int) -> int:
    return sha256(tenant_id.encode()).digest()[0] % shards
