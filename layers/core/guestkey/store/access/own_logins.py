"""An agent's own logins at all tenants: first those that are open now, then the others, each newest first."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import batched, islice

from guestkey.rules.limits import ULID
from guestkey.rules.logins import Login
from guestkey.rules.people import Agent
from guestkey.store.access import live_keys, logins, migration, open_logins, settling
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.reads import find, find_all, side_by_side
from guestkey.store.dynamodb.unreadable import readable
from guestkey.store.registry import ownership

NEWEST = 25
"""Number of newest logins that are looked at besides those in the index, which may lag behind them."""
BATCH = 100
OPEN = "open"
"""Marks a position in the first part of the list."""
POSITION = re.compile(rf"({OPEN})?:{ULID.pattern}")


def of_agent(
    agent: Agent, behind: str | None, batch: int, only_open: bool, now: datetime
) -> Iterator[tuple[str, Login]]:
    """Yield the agent's logins as of `now`, each with its position in the list.

    A login that ends while the list is paged may be listed a second time, as ended.
    """
    part, _, below = (behind or f"{OPEN}:{keys.LAST}").rpartition(":")
    are_open = _open(agent, now)
    if part == OPEN:
        yield from ((f"{OPEN}:{login.login_id}", login) for login in are_open if login.login_id < below)
        below = keys.LAST
    if only_open:
        return
    listed = {login.login_id for login in are_open}
    for some in batched(ownership.logins_before(agent.agent_id, below, batch), batch):
        others = _read(agent, [pair for pair in some if pair[1] not in listed], now)
        yield from ((f":{login.login_id}", login) for login in others)


def may_be_open(agent_id: str) -> set[tuple[str, str]]:
    """Return tenant and id of an agent's logins, also of earlier persons of the id, among them all open ones."""
    indexed, newest, progress = side_by_side(
        lambda: list(open_logins.of_agent(agent_id)),
        lambda: list(islice(ownership.logins_before(agent_id, keys.LAST, NEWEST), NEWEST)),
        lambda: find(Item, keys.migration()),
    )
    if not migration.is_complete(progress):
        newest = list(ownership.logins_before(agent_id, keys.LAST, BATCH))
    return {*indexed, *newest}


def _open(agent: Agent, now: datetime) -> list[Login]:
    """Return the agent's logins that are open now, newest first."""
    pairs = sorted(may_be_open(agent.agent_id), key=lambda pair: pair[1], reverse=True)
    return [login for login in _read(agent, pairs, now) if login.ended_at is None]


def _read(agent: Agent, pairs: Iterable[tuple[str, str]], now: datetime) -> list[Login]:
    """Return the logins as of `now`, in the given order, without those of an earlier person of the agent's id."""
    wanted = [keys.login(*pair) for pair in pairs]
    found = find_all(wanted)
    stored = readable(logins.login_of, (found[key] for key in wanted if key in found))
    own = [login for login in stored if login.incarnation == agent.incarnation]
    settled, by_agent = {login.login_id: login for login in own}, {agent.agent_id: agent}
    for tenant_id in {login.tenant_id for login in own if login.ended_at is None}:
        theirs = [login for login in own if login.tenant_id == tenant_id]
        for login in settling.settle_by(live_keys.of_tenant(tenant_id), by_agent, tenant_id, theirs, now):
            settled[login.login_id] = login
    return [settled[login.login_id] for login in own]
