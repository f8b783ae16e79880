"""Stores what ended with a person who turned inactive: grants, pending requests, open logins.

No decision depends on it: each compares the agent's number by itself. It is resumable at any point, and each end is
stored once.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from itertools import batched, groupby, islice

from guestkey import settings
from guestkey.errors import Busy
from guestkey.rules import grants as rules
from guestkey.rules.grants import Grant, GrantEnd
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Data, Note, What
from guestkey.rules.people import GranteeType
from guestkey.store.access import doors, grant_ends, grants, live_keys, logins, own_logins
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.models import Item, epoch, remove_due
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction, single_write
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import ownership
from guestkey.store.registry.people import LeftItem
from guestkey.store.requests import requests

GRANTS_AT_ONCE = 20
"""Grants that one transaction ends: each takes up to four of its hundred writes."""
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
        _end_logins(tenant_id, [login_id for _, login_id in login_ids], incarnation, now)
    for tenant_id, grant_ids in groupby(_live_grants(agent_id), key=lambda pair: pair[0]):
        door = doors.of_tenant(tenant_id)
        for some in batched((grant_id for _, grant_id in grant_ids), GRANTS_AT_ONCE):
            found = grants.find_many(tenant_id, some, door).values()
            theirs = [one for one in found if one.grantee.incarnation == incarnation]
            ended = [one for one in theirs if one.end(now) is GrantEnd.AGENT_LEFT]
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
    """Store the ends of grants that name the person, with one entry for each and, once in a ledger, for the person.

    Return whether that is done. If another writer was first, or the ledger is busy, the next run ends what is left. The
    bound of live grants stays as it is: a count at the limit may have left these grants out already.
    """
    if not ended:
        return True
    state = ledger.read_state(tenant_id)
    assert state
    grantee, left_at = ended[0].grantee, ended[0].left_at
    assert left_at
    told = keys.left_told(tenant_id, grantee.id, grantee.incarnation)
    notes = [rules.ended(grant, now) for grant in ended]
    data: Data = {"incarnation": grantee.incarnation, "left_at": text_of(left_at)}
    leaving = Note(what=What.AGENT_LEFT, by=BY_SYSTEM, about=grantee.id, data=data, at=now)
    is_told = find(ToldItem, told) is not None

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        if not is_told:
            transaction.add("told", ToldItem(*told, ttl=epoch(now + settings.RETENTION)))
        for grant in ended:
            grant_ends.record(transaction, grant, now)

    entries = notes if is_told else [leaving, *notes]
    try:
        ledger.write(state, entries, add_writes, yields_to_users=True)
    except (ConditionFailed, Busy):
        return False
    return True


def _end_logins(tenant_id: str, login_ids: list[str], incarnation: int, now: datetime) -> None:
    found = logins.find_many(tenant_id, login_ids)
    theirs = [login for login in found if login.incarnation == incarnation and login.ended_at is None]
    for login in logins.settle(tenant_id, theirs, now):
        state = ledger.read_state(tenant_id)
        assert state
        with suppress(ConditionFailed, Busy):
            logins.save_end(login, state, now)
