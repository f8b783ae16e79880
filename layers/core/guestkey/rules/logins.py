"""A login: one recorded entry of an agent into a tenant. No record, no entry.

The agent may end a login; the moment at which no live grant covers the agent ends it too. That second end is computed
on reading. Whoever reads the tenant's history gets it exact (`over_at`); a check reads only what is live and, where
that cannot tell whether access was ever interrupted, takes the login for over (`is_open`): the agent records a new
one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.rules.grants import Grant, LiveKey
from guestkey.rules.people import Agent, Grantee, GranteeType

MAX_LOGINS_AN_HOUR = 60
"""How many logins one agent may record at one tenant in a UTC hour."""
MIN_LOOK_PAUSE, MAX_LOOK_PAUSE = timedelta(minutes=5), timedelta(days=1)


class End(StrEnum):
    """How a login ended."""

    LOGGED_OUT = "logged_out"
    ACCESS_OVER = "access_over"


@dataclass(frozen=True, kw_only=True)
class Login:
    """One entry, with the person always named. Times are aware, UTC, whole seconds."""

    tenant_id: str
    login_id: str
    agent_id: str
    agent_name: str
    departments: tuple[str, ...]
    reason: str
    ticket: str | None
    may_export: bool
    logged_in_at: datetime
    grant_id: str
    access_ends_at: datetime | None
    """The end of the grant named, which is the last to end of all that covered the agent; None for a permanent one."""
    ended_at: datetime | None = None
    end: End | None = None


def enter(
    *,
    login_id: str,
    tenant_id: str,
    agent: Agent,
    grant: LiveKey,
    may_export: bool,
    reason: str,
    ticket: str | None,
    now: datetime,
) -> Login:
    """Return the login that lets this agent in under this grant."""
    return Login(
        tenant_id=tenant_id,
        login_id=login_id,
        agent_id=agent.agent_id,
        agent_name=agent.name,
        departments=agent.departments,
        reason=reason,
        ticket=ticket,
        may_export=may_export,
        logged_in_at=now,
        grant_id=grant.grant_id,
        access_ends_at=grant.ends_at,
    )


def log_out(login: Login, now: datetime) -> Login:
    """Return the login as its agent ended it; one that is over already stays as it is."""
    return login if login.ended_at else replace(login, ended_at=now, end=End.LOGGED_OUT)


def is_open(login: Login, covering: Iterable[LiveKey], agent: Agent) -> bool:
    """Say whether the live grants that cover the agent now have surely covered it ever since this login.

    A grant that was live at the login and still is proves it. So does one given before the end of the grant that the
    login names, unless the tenant revoked something in between: that may have been the named grant. Once the agent's
    departments or activity changed, nothing proves it any more.
    """
    if login.ended_at is not None or not is_unchanged(agent, login):
        return False
    return any(_continues(login, key) for key in covering)


def is_unchanged(agent: Agent, login: Login) -> bool:
    """Say whether a grant that covers the agent now covered it at every moment since the login at which it was live."""
    return agent.changed_at <= login.logged_in_at and set(agent.departments) == set(login.departments)


def _continues(login: Login, key: LiveKey) -> bool:
    if key.granted_at <= login.logged_in_at:
        return True
    if login.access_ends_at is not None and key.granted_at > login.access_ends_at:
        return False
    return key.revoked_before_at is None or key.revoked_before_at < login.logged_in_at


def over_at(login: Login, grants: Iterable[Grant], agent: Agent) -> datetime | None:
    """Return the first moment after the login at which no grant covered the agent; None if none is known to come.

    `grants` is the tenant's history around and after the login, in any order. `agent` is the record as it is now;
    until its `changed_at` the departments of the login counted.
    """
    reached = login.logged_in_at
    for start, end in sorted(_spans(login, grants, agent), key=lambda span: span[0]):
        if start > reached:
            break
        if end is None:
            return None
        reached = max(reached, end)
    return reached


def settled(login: Login, over: datetime | None, now: datetime) -> Login:
    """Return the login as it reads at `now`, given when access is over: ended by that, or open until then."""
    if login.ended_at is not None:
        return login
    if over is not None and over <= now:
        return replace(login, ended_at=over, end=End.ACCESS_OVER, access_ends_at=over)
    return replace(login, access_ends_at=over)


def next_look_at(login: Login, now: datetime) -> datetime:
    """Return when to look next whether an open login is over: when its access ends by time, or well before.

    Nobody is told when a revoke, or the agent's leaving, ends it. So it is looked at after a quarter of its age: a
    young login that is over is soon written down, and one under a permanent grant costs a look a day.
    """
    pause = min(max((now - login.logged_in_at) // 4, MIN_LOOK_PAUSE), MAX_LOOK_PAUSE)
    pause -= timedelta(microseconds=pause.microseconds)
    return min(now + pause, login.access_ends_at or now + pause)


def _spans(login: Login, grants: Iterable[Grant], agent: Agent) -> Iterable[tuple[datetime, datetime | None]]:
    """Yield from when until when each grant covered the agent."""
    changed_at = agent.changed_at
    for grant in grants:
        then = _covered_then(grant.grantee, login)
        now = agent.is_active and grant.grantee.covers(agent)
        if then and now:
            yield grant.granted_at, grant.over_at
        elif then:
            yield grant.granted_at, min(grant.over_at or changed_at, changed_at)
        elif now:
            yield max(grant.granted_at, changed_at), grant.over_at


def _covered_then(grantee: Grantee, login: Login) -> bool:
    if grantee.type is GranteeType.AGENT:
        return grantee.id == login.agent_id
    return grantee.id in login.departments
