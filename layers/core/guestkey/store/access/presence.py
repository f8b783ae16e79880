"""The agents who are in a tenant's account now: the logins without a stored end, settled by the clock.

It informs and decides nothing. Everything but the time on which the answer depends is read with three requests, so
that an unchanged answer costs no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from guestkey.errors import TenantUnknown
from guestkey.rules.access import covering
from guestkey.rules.door import Door
from guestkey.rules.grants import LiveKeys
from guestkey.rules.lockdown import Lock
from guestkey.rules.logins import Login
from guestkey.rules.people import Agent, User
from guestkey.store.access import doors, live_keys, lockdown, logins, migration, open_logins, settling
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.reads import find_all, side_by_side
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import people, tenants

MARK_DIGITS = 32


@dataclass(frozen=True, kw_only=True)
class PresenceContext:
    """What the answer depends on besides the time."""

    holds_right: bool
    ledger: LedgerState
    door: Door
    open: Mapping[str, str | None]
    """The agent of each login without a stored end, by login id, as far as one can be read."""
    agents: Mapping[str, Agent]

    @property
    def mark(self) -> str:
        """A digest that is equal as long as the answer depends on the same facts."""
        agents = [self.agents[agent_id] for agent_id in sorted(self.agents)]
        facts = (self.holds_right, self.ledger.head, self.ledger.door, self.door, sorted(self.open), agents)
        return sha256(repr(facts).encode()).hexdigest()[:MARK_DIGITS]


@dataclass(frozen=True, kw_only=True)
class Inside:
    """An agent's open login, the agent's present record, and the grants that cover the agent now."""

    login: Login
    agent: Agent
    department_names: list[str]
    grant_ids: list[str]
    changes_at: datetime | None
    """The first end by the clock of one of these grants, or of the access."""


def load_context(user: User) -> PresenceContext:
    """Return what the answer to a user depends on, strongly consistent. Raises TenantUnknown."""
    right, head, progress = keys.right(user.tenant_id, user.user_id), keys.ledger(user.tenant_id), keys.migration()
    door = keys.door(user.tenant_id)
    found, open_by_id = side_by_side(
        lambda: find_all([right, head, progress, door]), lambda: open_logins.of_tenant(user.tenant_id)
    )
    state = ledger.state_in(found, user.tenant_id)
    if state is None:
        raise TenantUnknown
    if None in open_by_id.values() or not migration.is_complete(found.get(progress)):
        open_by_id |= migration.open_in(user.tenant_id)
    return PresenceContext(
        holds_right=tenants.holds_right_by(user, found.get(right)),
        ledger=state,
        door=doors.door_of(found.get(door)),
        open=open_by_id,
        agents=people.agents({agent_id for agent_id in open_by_id.values() if agent_id}),
    )


def inside(context: PresenceContext, now: datetime) -> list[Inside]:
    """Return the agents who are in as of `now`, the last to come first.

    A login that cannot be read, or whose agent cannot, is left out: no check allows it either.
    """
    if not context.open:
        return []
    tenant_id = context.ledger.tenant_id
    stored, live = side_by_side(
        lambda: logins.find_many(tenant_id, context.open), lambda: live_keys.of_tenant(tenant_id)
    )
    settled = settling.settle_by(live, context.agents, tenant_id, stored, now)
    present = [login for login in settled if login.ended_at is None and login.agent_id in context.agents]
    names = people.names_of_departments(id for one in present for id in context.agents[one.agent_id].departments)
    present.sort(key=lambda login: login.login_id, reverse=True)
    return [_inside(login, context.agents[login.agent_id], names, live, now) for login in present]


def lock(context: PresenceContext) -> Lock | None:
    """Return the lock of the account with its record, which is read only while it is locked."""
    return lockdown.last_lock(context.ledger.tenant_id, context.door) if context.door.is_locked else None


def _inside(login: Login, agent: Agent, names: Mapping[str, str], live: LiveKeys, now: datetime) -> Inside:
    cover = covering(live, agent, now)
    ends = [end for end in (login.access_ends_at, *(key.ends_at for key in cover)) if end]
    return Inside(
        login=login,
        agent=agent,
        department_names=[names[id] for id in agent.departments if id in names],
        grant_ids=sorted(key.grant_id for key in cover),
        changes_at=min(ends, default=None),
    )
