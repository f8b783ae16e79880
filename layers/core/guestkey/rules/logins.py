"""A login: one recorded entry of an agent into a tenant. No record, no entry.

A login ends when the agent ends it, or at the first moment at which no live grant covers the person. That second end is
computed on reading. From the tenant's history it is exact (`rules/access_end.py`). A check reads live keys only; if
they do not show whether access was ever interrupted, the check treats the login as over (`is_open`), and the agent
records a new one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.rules.door import NO_DOOR_RULES, DoorRules
from guestkey.rules.grants import LiveKey
from guestkey.rules.ledger import Position
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Accountable, Agent, Grantee, GranteeType
from guestkey.rules.policy import require_ticket

MAX_LOGINS_AN_HOUR = 60
"""Limit of logins that one agent records at one tenant in a UTC hour."""
MIN_DUE_PAUSE, MAX_DUE_PAUSE = timedelta(minutes=5), timedelta(days=1)


class End(StrEnum):
    """Kind of the end of a login."""

    LOGGED_OUT = "logged_out"
    ACCESS_OVER = "access_over"


class EndCause(StrEnum):
    """Cause of the end of access."""

    TIME = "time"
    REVOKED = "revoked"
    AGENT_LEFT = "agent_left"
    DEPARTMENT_LEFT = "department_left"
    CLOSED = "closed"
    LOCKED = "locked"
    HOURS = "hours"


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
    access: AccessLevel = AccessLevel.CHANGE
    """The union of the grants that covered the agent at that moment, as is `may_export`."""
    may_export: bool
    logged_in_at: datetime
    grant_id: str
    access_ends_at: datetime | None
    """The end of the named grant, which ends last of all that covered the agent; None for a permanent grant."""
    hours_end: datetime | None = None
    """The first moment outside the customer's hours as they were at the login. Looser hours never move it."""
    incarnation: int = 1
    """The person behind the agent's id at that moment."""
    is_software: bool = False
    accountable: Accountable | None = None
    """The person who was accountable for the software at that moment."""
    memberships: tuple[int, ...] | None = None
    """For each department the number at which the membership began; None in logins from before numbers."""
    ended_at: datetime | None = None
    end: End | None = None
    end_cause: EndCause | None = None
    recorded_seq: int | None = field(default=None, compare=False)
    """Number of its ledger entry; None before it is stored, and in logins from before numbers."""

    @property
    def recorded(self) -> Position:
        """When it was recorded, in the order of the ledger."""
        return Position(self.recorded_seq, self.logged_in_at)

    def is_within_hours(self, at: datetime) -> bool:
        """Say whether the hours have not ended in which the login was recorded."""
        return self.hours_end is None or at < self.hours_end


def enter(
    *,
    login_id: str,
    tenant_id: str,
    agent: Agent,
    grant: LiveKey,
    access: AccessLevel,
    may_export: bool,
    reason: str,
    reason_salt: str,
    ticket: str | None,
    now: datetime,
    rules: DoorRules = NO_DOOR_RULES,
) -> Login:
    """Return a login of this agent under this grant. Without a ticket of its own it takes over the grant's.

    The login ends with the hours of the customer's `rules`. Raises PolicyForbids where they require a ticket.
    """
    ticket = ticket or grant.ticket
    require_ticket(rules, ticket)
    return Login(
        tenant_id=tenant_id,
        login_id=login_id,
        agent_id=agent.agent_id,
        agent_name=agent.name,
        departments=agent.departments,
        incarnation=agent.incarnation,
        is_software=agent.is_software,
        accountable=agent.accountable,
        memberships=tuple(agent.membership(id) or 0 for id in agent.departments),
        reason=reason,
        reason_salt=reason_salt,
        ticket=ticket,
        access=access,
        may_export=may_export,
        logged_in_at=now,
        grant_id=grant.grant_id,
        access_ends_at=grant.ends_at,
        hours_end=rules.hours.first_outside(now) if rules.hours else None,
    )


def log_out(login: Login, now: datetime) -> Login:
    """Return the login as ended by its agent. An ended login stays the same."""
    return login if login.ended_at else replace(login, ended_at=now, end=End.LOGGED_OUT)


def is_open(login: Login, covering: Iterable[LiveKey], agent: Agent) -> bool:
    """Say whether the grants that cover the agent now prove that access was never interrupted since this login.

    A grant that was live at the login and is still live proves it. So does a grant given before the end of the grant
    named by the login, unless the tenant revoked a grant in between, which may have been the named one, or the agent
    left a department, by whose grant the agent may have come in.
    """
    if login.ended_at is not None:
        return False
    return any(covers_since(login, key, agent) or _bridges(login, key, agent) for key in covering)


def covers_since(login: Login, key: LiveKey, agent: Agent) -> bool:
    """Say whether a live grant, given before the login, has covered the agent ever since."""
    return not login.recorded.precedes(key.given) and has_covered_since(login, key.grantee, agent)


def has_covered_since(login: Login, grantee: Grantee, agent: Agent) -> bool:
    """Say whether a grant for this grantee has covered the agent ever since the login, whenever the grant was live.

    It must be the same person, and under a department's grant the same membership: leaving and joining again ends the
    login, joining another department ends nothing.
    """
    if not agent.is_active or not grantee.covers(agent) or not grantee.covers(login):
        return False
    if login.incarnation != agent.incarnation:
        return False
    return grantee.type is GranteeType.AGENT or _is_same_membership(login, grantee.id, agent)


def _is_same_membership(login: Login, department_id: str, agent: Agent) -> bool:
    if login.memberships is None:
        return agent.changed_at <= login.logged_in_at
    began = dict(zip(login.departments, login.memberships, strict=True))
    return began[department_id] == agent.membership(department_id)


def _bridges(login: Login, key: LiveKey, agent: Agent) -> bool:
    """Say whether a live grant, given after the login, was surely given before the access of the login was over."""
    if not has_covered_since(login, key.grantee, agent):
        return False
    if login.access_ends_at is not None and key.granted_at > login.access_ends_at:
        return False
    if not all(_is_same_membership(login, department_id, agent) for department_id in login.departments):
        return False
    revoked = key.revoked_before
    if revoked is None or not revoked.precedes(login.recorded):
        return revoked is None
    # A revoke without a number may have come after a login of the same second.
    return revoked.seq is not None or revoked.at < login.logged_in_at


def next_due_at(login: Login, now: datetime) -> datetime:
    """Return when to check an open login next: at the end of its access by time or of the hours, or earlier.

    A revoke or a change of the agent does not notify open logins, so a login is checked again after a quarter of its
    age, between 5 minutes and 1 day: the end of a young login is stored soon, and a login under a permanent grant costs
    one read a day.
    """
    pause = min(max((now - login.logged_in_at) // 4, MIN_DUE_PAUSE), MAX_DUE_PAUSE)
    pause -= timedelta(microseconds=pause.microseconds)
    return min([now + pause, *(end for end in (login.access_ends_at, login.hours_end) if end)])
