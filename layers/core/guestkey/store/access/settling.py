"""Settles logins: a login whose access is over has ended, whether or not its end is stored.

Live keys tell it where they can, the tenant's history of grants otherwise.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from guestkey.rules.access import covering, named
from guestkey.rules.access_end import AccessEnd, end_by_door, end_by_hours, end_of_access, settled
from guestkey.rules.door import Door
from guestkey.rules.grants import LiveKeys, under
from guestkey.rules.logins import Login, covers_since
from guestkey.rules.people import Agent
from guestkey.rules.periods import MAX_PERIOD
from guestkey.store.access import grants, live_keys
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.reads import first_id_at
from guestkey.store.registry import people
from guestkey.store.registry.people import Person

BATCH = 1_000
"""Number of grants read in one request when the end of a login is computed from the history."""
ID_LAG = timedelta(minutes=1)
"""An id is created after the moment that its record holds. No function runs longer than this."""


def settle(tenant_id: str, stored: list[Login], now: datetime) -> list[Login]:
    """Return the logins as of `now`. A login whose access is over has ended, even if no end is stored."""
    unended = [login for login in stored if login.ended_at is None]
    if not unended:
        return stored
    agents = people.agents({login.agent_id for login in unended})
    return settle_by(live_keys.of_tenant(tenant_id), agents, tenant_id, stored, now)


def settle_by(
    live: LiveKeys, agents: Mapping[str, Agent], tenant_id: str, stored: list[Login], now: datetime
) -> list[Login]:
    """Return the logins as of `now`, by the tenant's live keys and the records of their agents.

    A login whose agent's record cannot be read is returned as it was stored.
    """
    unended = [login for login in stored if login.ended_at is None and login.agent_id in agents]
    ends: dict[str, AccessEnd] = {}
    unclear: list[Login] = []
    for login in unended:
        agent = agents[login.agent_id]
        cover = covering(live, agent, now)
        if any(covers_since(login, key, agent) for key in cover):
            ends_at = named(cover).ends_at
            ends[login.login_id] = AccessEnd(ends_at, until=ends_at)
        else:
            unclear.append(login)
    ends |= _ends_by_history(tenant_id, unclear, agents, live.door, now)
    return [
        settled(one, _end(one, ends[one.login_id], live.door), now) if one.login_id in ends else one for one in stored
    ]


def _end(login: Login, over: AccessEnd, door: Door) -> AccessEnd:
    """Return the end of access where the hours of a login, or a voiding, may have come first."""
    return end_by_door(login, end_by_hours(login, over), door)


def _ends_by_history(
    tenant_id: str, unclear: list[Login], agents: Mapping[str, Agent], door: Door, now: datetime
) -> dict[str, AccessEnd]:
    """Return the end of access for each login, computed from all grants given while the login may have lasted.

    While one of these grants cannot be read, no end is known: it would be written down, and never taken back.
    """
    if not unclear:
        return {}
    earliest = min(login.logged_in_at for login in unclear) - MAX_PERIOD
    left_at = people.leavings(map(_person, unclear))
    permanent = list(grants.permanent(tenant_id, keys.LAST, BATCH))
    up_to = max(login.access_ends_at or now for login in unclear)
    while True:
        first, last = first_id_at(earliest), first_id_at(up_to + ID_LAG)
        found = [*permanent, *grants.history(tenant_id, first, last, BATCH)]
        given = [under(door, grant) for grant in found if grant]
        if len(given) < len(found):
            return {login.login_id: AccessEnd(None) for login in unclear}
        ends = {
            login.login_id: end_of_access(login, given, agents[login.agent_id], left_at.get(_person(login)))
            for login in unclear
        }
        reached = max(end.at or now for end in ends.values())
        if min(reached, now) <= up_to:
            return ends
        up_to = reached


def _person(login: Login) -> Person:
    return login.agent_id, login.incarnation
