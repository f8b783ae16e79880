"""Grants as users see them: the activation overview of the last months, those that are live now, and a single one.

Each grantee has the present name beside the one that the customer consented to, where they differ.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched, chain

from guestkey.errors import NotFound
from guestkey.rules.door import Door
from guestkey.rules.grants import Grant, LiveKey
from guestkey.rules.instants import MOMENT, instant, text_of
from guestkey.rules.limits import ULID
from guestkey.rules.logins import Login
from guestkey.rules.people import Agent, Person, Tenant
from guestkey.rules.periods import MAX_PERIOD, months_before
from guestkey.store.access import doors, live_keys
from guestkey.store.access.grants import as_they_are, grant_of, history, permanent, without_leavers
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.reads import find_all, first_id_at
from guestkey.store.dynamodb.unreadable import readable
from guestkey.store.registry import people
from guestkey.store.registry.people import agent_of

MONTHS_SHOWN = 6
PERMANENT_PART, OTHER_PART = "lasting", "rest"
"""The two parts of the activation overview, as positions in the list name them."""
POSITION = re.compile(rf"(?P<at>{MOMENT})\|({PERMANENT_PART}|{OTHER_PART}):{ULID.pattern}")
"""In the activation overview."""
LIVE_POSITION = re.compile(rf"[01]:{ULID.pattern}")
"""In the list of live grants."""


def overview(
    tenant_id: str, start: datetime, at: datetime, behind: str | None, batch: int
) -> Iterator[tuple[str, Grant]]:
    """Yield every grant that was live at any moment since `start`, each with its position in the list.

    First the permanent grants that were live at `at`, then the rest, each part newest first, beginning after the
    position `behind`. A grant that ends by time was given at most MAX_PERIOD before its end; older ones are permanent.
    """
    door = doors.of_tenant(tenant_id)
    part, _, last = (behind or f"{PERMANENT_PART}:{keys.LAST}").partition(":")
    if part == PERMANENT_PART:
        for grant in _settled(permanent(tenant_id, last, batch), door, batch):
            if _is_permanent_and_live(grant, at):
                yield f"{PERMANENT_PART}:{grant.grant_id}", grant
        last = keys.LAST
    oldest = first_id_at(start - MAX_PERIOD)
    rest = chain(history(tenant_id, oldest, last, batch), permanent(tenant_id, min(oldest, last), batch))
    for grant in _settled(rest, door, batch):
        if grant.was_live_since(start) and not _is_permanent_and_live(grant, at):
            yield f"{OTHER_PART}:{grant.grant_id}", grant


def overview_pages(
    tenant: Tenant, now: datetime, behind: str | None, batch: int, since: datetime | None = None
) -> Iterator[tuple[str, Grant]]:
    """Yield the activation overview of the last six months, or since a later moment.

    A position also holds the time of the first page.

    So all pages belong to the same list.
    """
    asked_at, _, position = (behind or f"{text_of(now)}|").partition("|")
    at = instant(asked_at)
    start = months_before(at, MONTHS_SHOWN, tenant.zone)
    start = max(start, since or start)
    for place, grant in overview(tenant.tenant_id, start, at, position or None, batch):
        yield f"{asked_at}|{place}", grant


def live_now(tenant_id: str, at: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, Grant]]:
    """Yield the live grants with their positions in the list: permanent grants first, each part newest first."""
    live = live_keys.of_tenant(tenant_id)
    found = without_leavers(key for key in live.keys if key.is_live(at))
    ranked = sorted(((_rank(key), key.grant_id) for key in found), reverse=True)
    ahead = [(rank, grant_id) for rank, grant_id in ranked if behind is None or f"{rank}:{grant_id}" < behind]
    for some in batched(ahead, batch):
        stored = find_all(keys.grant(tenant_id, grant_id) for _, grant_id in some)
        shown = {grant.grant_id: grant for grant in as_shown(readable(grant_of, stored.values()), live.door)}
        yield from ((f"{rank}:{grant_id}", shown[grant_id]) for rank, grant_id in some if grant_id in shown)


def find_one(tenant_id: str, grant_id: str) -> Grant:
    """Return one grant. Raises NotFound."""
    key, door = keys.grant(tenant_id, grant_id), keys.door(tenant_id)
    found = find_all([key, door])
    if key not in found:
        raise NotFound
    return as_shown([grant_of(found[key])], doors.door_of(found.get(door)))[0]


def as_shown(read: Iterable[Grant], door: Door) -> list[Grant]:
    """Return up to a hundred grants as they are, each grantee with the present name where it differs."""
    grants = list(read)
    now = people.registered(grant.grantee for grant in grants)
    return [replace(one, grantee=now.shown(one.grantee)) for one in as_they_are(grants, door, now.agents)]


def with_accountable(grant: Grant) -> Grant:
    """Return a grant with the person accountable now, if its grantee is software. Others cost no request."""
    if not grant.grantee.is_software:
        return grant
    return replace(grant, grantee=people.registered([grant.grantee]).shown(grant.grantee))


@dataclass(frozen=True)
class BesideLogins:
    """The facts that a list of logins shows beside them."""

    givers: dict[str, Person]
    """Who gave each grant, by the grant's id; grants that are no longer kept are missing."""
    agents: dict[str, Agent]
    """The present records of the agents, by the agent's id."""


def beside(tenant_id: str, logins: Iterable[Login]) -> BesideLogins:
    """Return the facts beside these logins: a page of fifty costs one request."""
    shown = list(logins)
    grant_keys = {keys.grant(tenant_id, one.grant_id) for one in shown}
    agent_keys = {keys.agent(one.agent_id) for one in shown}
    found = find_all(grant_keys | agent_keys)
    given = readable(grant_of, (found[key] for key in grant_keys & found.keys()))
    agents = readable(agent_of, (found[key] for key in agent_keys & found.keys()))
    return BesideLogins(
        {grant.grant_id: grant.granted_by for grant in given}, {agent.agent_id: agent for agent in agents}
    )


def _settled(grants: Iterable[Grant | None], door: Door, batch: int) -> Iterator[Grant]:
    for some in batched(grants, batch):
        yield from as_shown(filter(None, some), door)


def _is_permanent_and_live(grant: Grant, at: datetime) -> bool:
    return grant.is_permanent and grant.granted_at <= at and (grant.over_at is None or grant.over_at > at)


def _rank(key: LiveKey) -> int:
    return 0 if key.ends_at else 1
