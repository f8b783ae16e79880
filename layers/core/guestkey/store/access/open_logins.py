"""Open logins: one small item each, so that one query finds the agents who may be in a tenant's account.

The item is put in the transaction that records the login, and deleted in the one that stores its end. It tells only
that no end is stored: whether access is over is told by `settling.settle`.
"""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute

from guestkey.rules.logins import Login
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import items_of

OUTLIVES_SECONDS = 30 * 24 * 3600
"""DynamoDB may sweep an expired login days late."""


class OpenLoginItem(Item, discriminator="open_login"):
    """A login whose end is not stored."""

    agent_id = UnicodeAttribute()


def put(transaction: Transaction, login: Login, ttl: int) -> None:
    """Add the item of a login that has no end, and has no item yet. Its write is named `open`.

    `ttl` is that of the login: the item is swept later, so that TTL hides no login that can still be open.
    """
    item = OpenLoginItem(
        *keys.open_login(login.tenant_id, login.login_id),
        agent_id=login.agent_id,
        by_grantee=index_keys.open_logins_of(login.agent_id),
        by_grantee_sort=index_keys.by_grantee_sort(login.tenant_id, login.login_id),
        ttl=ttl + OUTLIVES_SECONDS,
    )
    transaction.add("open", item)


def delete(transaction: Transaction, tenant_id: str, login_id: str) -> None:
    """Add the deletion of the item of a login whose end is stored. Its write is named `open`."""
    transaction.delete("open", OpenLoginItem(*keys.open_login(tenant_id, login_id)))


def is_there(tenant_id: str, login_id: str) -> bool:
    """Say whether a login has its item, strongly consistent."""
    return find(OpenLoginItem, keys.open_login(tenant_id, login_id)) is not None


def of_tenant(tenant_id: str) -> dict[str, str | None]:
    """Return the agent of each of the tenant's logins without a stored end, by login id, strongly consistent.

    The agent is None where the item cannot be read: its key still says that the login is open.
    """
    begins = OpenLoginItem.sk.startswith(keys.OPEN_LOGIN)
    found = list(OpenLoginItem.query(keys.of_tenant(tenant_id), begins, consistent_read=True))
    agents = {item.sk: item.agent_id for item in items_of(OpenLoginItem, found)}
    return {keys.id_in(item.sk): agents.get(item.sk) for item in found}


def of_agent(agent_id: str) -> Iterator[tuple[str, str]]:
    """Yield tenant and id of an agent's logins without a stored end, those of a tenant one after another.

    The index may lag: a login of the last moment may be missing, one that ended may still be there.
    """
    for item in OpenLoginItem.found_by_grantee.query(index_keys.open_logins_of(agent_id)):
        yield index_keys.by_grantee_in(item.by_grantee_sort)
