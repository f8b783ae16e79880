"""Lists of grants: the activation overview of the last months, and the grants that are live now."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import batched, chain

from guestkey.rules.door import Door
from guestkey.rules.grants import Grant, LiveKey
from guestkey.rules.instants import MOMENT, instant, text_of
from guestkey.rules.limits import ULID
from guestkey.rules.people import Person, Tenant
from guestkey.rules.periods import MAX_PERIOD, months_before
from guestkey.store.access import doors, live_keys
from guestkey.store.access.grants import as_they_are, find_many, grant_of, history, permanent, without_leavers
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.reads import find_all, first_id_at
from guestkey.store.dynamodb.unreadable import readable

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
        shown = find_many(tenant_id, (grant_id for _, grant_id in some), live.door)
        yield from ((f"{rank}:{grant_id}", shown[grant_id]) for rank, grant_id in some if grant_id in shown)


def givers(tenant_id: str, grant_ids: Iterable[str]) -> dict[str, Person]:
    """Return the users who gave these grants, by the grant's id; grants that are no longer kept are missing."""
    found = find_all(keys.grant(tenant_id, grant_id) for grant_id in set(grant_ids))
    return {grant.grant_id: grant.granted_by for grant in readable(grant_of, found.values())}


def _settled(grants: Iterable[Grant | None], door: Door, batch: int) -> Iterator[Grant]:
    for some in batched(grants, batch):
        yield from as_they_are(filter(None, some), door)


def _is_permanent_and_live(grant: Grant, at: datetime) -> bool:
    return grant.is_permanent and grant.granted_at <= at and (grant.over_at is None or grant.over_at > at)


def _rank(key: LiveKey) -> int:
    return 0 if key.ends_at else 1
