"""Stores what ended with a person who turned inactive: grants, pending requests, open logins, taken call-backs.

No decision depends on it: each compares the agent's number by itself. It is resumable at any point, and each end is
stored once.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from itertools import batched, groupby, islice

from guestkey import settings
from guestkey.rules.grants import Grant, GrantEnd
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Data, Note, What
from guestkey.rules.people import GranteeType
from guestkey.store.access import doors, grants, live_keys, logins, own_logins
from guestkey.store.callbacks import changes
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.models import Item, epoch, remove_due
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction, single_write
from guestkey.store.ledger import ends
from guestkey.store.registry import ownership
from guestkey.store.registry.people import LeftItem
from guestkey.store.requests import requests

MAX_GRANTS = 400
"""Limit of grants in one run, so that a leaver named by thousands of tenants leaves time for the others."""
NEWEST = 100
"""Number of the agent's newest requests that are looked at. Older ones have expired."""
BY_SYSTEM = By(type=ByType.SYSTEM)


class ToldItem(Item, discriminator="left_told"):
    """A tenant's ledger says that this person left."""


def write_down(item: LeftItem, now: datetime) -> None:
    """Store everything that ended with the person, and take the record out of the *due* index. Raises Busy."""
    agent_id, incarnation, is_whole, number = item.agent_id, int(item.incarnation), True, 0
    asked = requests.find_many(islice(ownership.requests_before(agent_id, keys.LAST, NEWEST), NEWEST))
    own = [request for request in asked if request.incarnation == incarnation]
    for before, request in zip(own, requests.with_leavings(own), strict=True):
        if request != before:
            requests.close_for_leaver(request, now)
    for tenant_id, login_ids in groupby(sorted(own_logins.may_be_open(agent_id)), key=lambda pair: pair[0]):
        found = logins.find_many(tenant_id, [login_id for _, login_id in login_ids])
        theirs = [login for login in found if login.incarnation == incarnation]
        is_whole &= ends.of_logins(tenant_id, theirs, now)
    for tenant_id, callback_id in ownership.callbacks_of(agent_id):
        changes.release_from((agent_id, incarnation), tenant_id, callback_id, now)
    for tenant_id, grant_ids in groupby(_live_grants(agent_id), key=lambda pair: pair[0]):
        door = doors.of_tenant(tenant_id)
        for some in batched((grant_id for _, grant_id in grant_ids), ends.GRANTS_AT_ONCE):
            named = grants.find_many(tenant_id, some, door).values()
            own_grants = [one for one in named if one.grantee.incarnation == incarnation]
            ended = [one for one in own_grants if one.end(now) is GrantEnd.AGENT_LEFT]
            if (number := number + len(ended)) > MAX_GRANTS:
                return
            is_whole &= _end(tenant_id, ended, now)
    if not is_whole:
        return
    with suppress(ConditionFailed), single_write():
        LeftItem(item.pk, item.sk).update(remove_due(), condition=LeftItem.due.exists())


def _live_grants(agent_id: str) -> Iterable[tuple[str, str]]:
    """Yield tenant and grant of the live keys that name the agent, those of a tenant one after another."""
    for shard in range(index_keys.GRANTEE_SHARDS):
        yield from live_keys.of_grantee(GranteeType.AGENT, agent_id, shard)


def _end(tenant_id: str, ended: list[Grant], now: datetime) -> bool:
    """Store the ends of grants that name the person, and once in a ledger that the person left.

    Return whether it was stored.
    """
    if not ended:
        return True
    grantee, left_at = ended[0].grantee, ended[0].left_at
    assert left_at
    told = keys.left_told(tenant_id, grantee.id, grantee.incarnation)
    data: Data = {"incarnation": grantee.incarnation, "left_at": text_of(left_at)}
    leaving = Note(what=What.AGENT_LEFT, by=BY_SYSTEM, about=grantee.id, data=data, at=now)
    is_told = find(ToldItem, told) is not None

    def add_told(transaction: Transaction) -> None:
        if not is_told:
            transaction.add("told", ToldItem(*told, ttl=epoch(now + settings.RETENTION)))

    return ends.of_grants(tenant_id, ended, now, first=[] if is_told else [leaving], add_others=add_told)
