"""A login: one recorded entry of an agent into a tenant. No record, no entry.

A login ends when the agent ends it, or at the first moment at which no live grant covers the agent. That second end is
computed on reading. From the tenant's history it is exact (`over_at`). A check reads live keys only; if they do not
show whether access was ever interrupted, the check treats the login as over (`is_open`), and the agent records a new
one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.rules.grants import Grant, LiveKey
from guestkey.rules.people import Agent, Grantee, GranteeType

MAX_LOGINS_AN_HOUR = 60
"""Limit of logins that one agent records at one tenant in a UTC hour."""
MIN_DUE_PAUSE, MAX_DUE_PAUSE = timedelta(minutes=5), timedelta(days=1)


class End(StrEnum):
    """Cause of the end of a login."""

    LOGGED_OUT = "logged_out"
    ACCESS_OVER = "access_over"


@dataclass(frozen=True, kw_only=True)
class Login:
    """One recorded entry; it always names the person. Times are aware, UTC, whole seconds."""

    tenant_id: str
    login_id: str
    agent_id: str
    agent_name: str
    departments: tuple[str, ...]
    reason: str
    reason_salt: str | None = None
    """The salt of the reason's hash in the ledger; None in a login from before there were salts."""
    ticket: str | None
    may_export: bool
    logged_in_at: datetime
    grant_id: str
    access_ends_at: datetime | None
    """The end of the named grant, which ends last of all that covered the agent; None for a permanent grant."""
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
    reason_salt: str,
    ticket: str | None,
    now: datetime,
) -> Login:
    """Return a login of this agent under this grant. Without a ticket of its own it takes over the grant's."""
    return Login(
        tenant_id=tenant_id,
        login_id=login_id,
        agent_id=agent.agent_id,
        agent_name=agent.name,
        departments=agent.departments,
        reason=reason,
        reason_salt=reason_salt,
        ticket=ticket or grant.ticket,
        may_export=may_export,
        logged_in_at=now,
        grant_id=grant.grant_id,
        access_ends_at=grant.ends_at,
    )


def log_out(login: Login, now: datetime) -> Login:
    """Return the login as ended by its agent. An ended login stays the same."""
    return login if login.ended_at else replace(login, ended_at=now, end=End.LOGGED_OUT)


def is_open(login: Login, covering: Iterable[LiveKey], agent: Agent) -> bool:
    """Say whether the grants that cover the agent now prove that access was never interrupted since this login.

    A grant that was live at the login and is still live proves it. So does a grant given before the end of the grant
    named by the login, unless the tenant revoked a grant in between, which may have been the named one. After a change
    of the agent's departments or activity there is no proof.
    """
    if login.ended_at is not None or not is_unchanged(agent, login):
        return False
    return any(_proves_access(login, key) for key in covering)


def is_unchanged(agent: Agent, login: Login) -> bool:
    """Say whether each grant that covers the agent now has covered it since the login, whenever the grant was live."""
    return agent.changed_at <= login.logged_in_at and set(agent.departments) == set(login.departments)


def _proves_access(login: Login, key: LiveKey) -> bool:
    if key.granted_at <= login.logged_in_at:
        return True
    if login.access_ends_at is not None and key.granted_at > login.access_ends_at:
        return False
    return key.revoked_before_at is None or key.revoked_before_at < login.logged_in_at


def over_at(login: Login, grants: Iterable[Grant], agent: Agent) -> datetime | None:
    """Return the first moment after the login at which no grant covers the agent; None if none is known.

    `grants` is the tenant's history around and after the login, in any order. `agent` is the present record; until its
    `changed_at` the departments stored in the login count.
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
    """Return the login as of `now`: ended at `over`, the end of access, if that has passed, otherwise open."""
    if login.ended_at is not None:
        return login
    if over is not None and over <= now:
        return replace(login, ended_at=over, end=End.ACCESS_OVER, access_ends_at=over)
    return replace(login, access_ends_at=over)


def next_due_at(login: Login, now: datetime) -> datetime:
    """Return when to check an open login next: at the end of its access by time, or earlier.

    A revoke or a change of the agent does not notify open logins, so a login is checked again after a quarter of its
    age, between 5 minutes and 1 day: the end of a young login is stored soon, and a login under a permanent grant costs
    one read a day.
    """
    pause = min(max((now - login.logged_in_at) // 4, MIN_DUE_PAUSE), MAX_DUE_PAUSE)
    pause -= timedelta(microseconds=pause.microseconds)
    return min(now + pause, login.access_ends_at or now + pause)


def _spans(login: Login, grants: Iterable[Grant], agent: Agent) -> Iterable[tuple[datetime, datetime | None]]:
    """Yield start and end of the time in which each grant covered the agent."""
    changed_at = agent.changed_at
    for grant in grants:
        then = _covered_at_login(grant.grantee, login)
        now = agent.is_active and grant.grantee.covers(agent)
        if then and now:
            yield grant.granted_at, grant.over_at
        elif then:
            yield grant.granted_at, min(grant.over_at or changed_at, changed_at)
        elif now:
            yield max(grant.granted_at, changed_at), grant.over_at


def _covered_at_login(grantee: Grantee, login: Login) -> bool:
    if grantee.type is GranteeType.AGENT:
        return grantee.id == login.agent_id
    return grantee.id in login.departments
