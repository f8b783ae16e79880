"""Maps an agent's logins, requests and taken call-backs to the tenants that hold them."""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute

from guestkey.errors import NotFound
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.reads import find, newest_first
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import items_of


class OwnershipItem(Item, discriminator="own"):
    """The tenant of one login or request of the agent, or of a call-back while the agent has taken it."""

    tenant_id = UnicodeAttribute()


def put(transaction: Transaction, key: keys.Key, tenant_id: str, ttl: int | None) -> None:
    """Add the tenant of a login, request or call-back of the agent. Its write is named `own`."""
    transaction.put("own", OwnershipItem(*key, tenant_id=tenant_id, ttl=ttl))


def remove(transaction: Transaction, key: keys.Key) -> None:
    """Add the removal of an item that the agent no longer owns."""
    transaction.delete("no longer own", OwnershipItem(*key))


def callbacks_of(agent_id: str) -> list[tuple[str, str]]:
    """Return tenant and id of the call-backs that the agent has taken, in the order of booking."""
    begin = keys.own_callback(agent_id, "")
    items = OwnershipItem.query(begin.pk, OwnershipItem.sk.startswith(begin.sk), consistent_read=True)
    return [(item.tenant_id, item.sk.removeprefix(keys.OWN_CALLBACK)) for item in items_of(OwnershipItem, items)]


def tenant_of(key: keys.Key) -> str:
    """Return the tenant that holds the login or request. Raises NotFound if it is not the agent's own."""
    item = find(OwnershipItem, key)
    if item is None:
        raise NotFound
    return item.tenant_id


def logins_before(agent_id: str, below_id: str, batch: int) -> Iterator[tuple[str, str]]:
    """Yield tenant and id of the agent's own logins before `below_id`, newest first."""
    begin = keys.own_login(agent_id, "")
    for item in items_of(OwnershipItem, newest_first(OwnershipItem, begin.pk, begin.sk, "", below_id, batch)):
        yield item.tenant_id, item.sk.removeprefix(keys.OWN_LOGIN)


def requests_before(agent_id: str, below_id: str, batch: int) -> Iterator[keys.Key]:
    """Yield the keys of the agent's own requests before `below_id`, newest first."""
    begin = keys.own_request(agent_id, "")
    for item in items_of(OwnershipItem, newest_first(OwnershipItem, begin.pk, begin.sk, "", below_id, batch)):
        yield keys.request(item.tenant_id, item.sk.removeprefix(keys.OWN_REQUEST))
