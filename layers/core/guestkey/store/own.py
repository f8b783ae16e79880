"""At which tenants an agent's own logins and requests lie: the agent's routes know only their ids."""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute

from guestkey.errors import NotFound
from guestkey.store import keys
from guestkey.store.table import Item, newest_first


class OwnItem(Item, discriminator="own"):
    """At which tenant a thing of the agent's own lies."""

    tenant_id = UnicodeAttribute()


def item(key: keys.Key, tenant_id: str, ttl: int) -> OwnItem:
    """Return what is kept beside the thing itself."""
    return OwnItem(*key, tenant_id=tenant_id, ttl=ttl)


def tenant_of(key: keys.Key) -> str:
    """Return where the thing lies. Raises NotFound for what is not the agent's own."""
    try:
        return OwnItem.get(*key, consistent_read=True).tenant_id
    except OwnItem.DoesNotExist:
        raise NotFound from None


def requests_before(agent_id: str, below_id: str, batch: int) -> Iterator[keys.Key]:
    """Yield where the agent's own requests before `below_id` lie, newest first."""
    begin = keys.own_request(agent_id, "")
    for item in newest_first(OwnItem, begin.pk, begin.sk, "", below_id, batch):
        yield keys.request(item.tenant_id, item.sk.removeprefix(begin.sk))
