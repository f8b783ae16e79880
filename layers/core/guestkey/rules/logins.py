"""A login: one recorded entry of an agent into a tenant. No record, no entry.

A login ends when the agent ends it, or at the first moment at which no live grant covers the person. That second end is
computed on reading. From the tenant's history it is exact (`end_of_access`). A check reads live keys only; if they do
not show whether access was ever interrupted, the check treats the login as over (`is_open`), and the agent records a
new one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.rules.grants import Grant, LiveKey
from guestkey.rules.ledger import Position
from guestkey.rules.people import Agent, Grantee, GranteeType

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
    incarnation: int = 1
    """The person behind the agent's id at that moment."""
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


@dataclass(frozen=True)
class AccessEnd:
    """The first moment after a login at which no grant covers the person, None if none is known, and its cause.

    `until` is the last end by the clock among the grants that covered the person since the login. Revokes and changes
    of the agent need no clock: they have happened when they are stored.
    """

    at: datetime | None
    cause: EndCause = EndCause.TIME
    until: datetime | None = None

    def has_come(self, now: datetime) -> bool:
        """Say whether access is over."""
        return self.at is not None and (self.until is None or self.until <= now)


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
        incarnation=agent.incarnation,
        memberships=tuple(agent.membership(id) or 0 for id in agent.departments),
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
    if not agent.is_active or not grantee.covers(agent) or not _covered_at_login(grantee, login):
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


def end_of_access(login: Login, grants: Iterable[Grant], agent: Agent, left_at: datetime | None = None) -> AccessEnd:
    """Return the end of the access of a login.

    `grants` is the tenant's history around and after the login, in any order. `agent` is the present record, and
    `left_at` the moment at which the person of the login turned inactive, if another one is behind the id now.
    """
    covered = _Covered(login)
    spans = [span for span in _spans(login, grants, agent, left_at) if span.outlasts(login.recorded)]
    waiting = sorted(spans, key=lambda span: span.start.at)
    while left := [span for span in waiting if not covered.extend(span)]:
        # Numbers and times have no common order: a span may be met only after one that began later.
        if len(left) == len(waiting):
            break
        waiting = left
    return covered.end


def settled(login: Login, over: AccessEnd, now: datetime) -> Login:
    """Return the login as of `now`: ended at the end of access if that has come, otherwise open."""
    if login.ended_at is not None:
        return login
    if not over.has_come(now):
        return replace(login, access_ends_at=over.at)
    return replace(login, ended_at=over.at, end=End.ACCESS_OVER, end_cause=over.cause, access_ends_at=over.at)


def next_due_at(login: Login, now: datetime) -> datetime:
    """Return when to check an open login next: at the end of its access by time, or earlier.

    A revoke or a change of the agent does not notify open logins, so a login is checked again after a quarter of its
    age, between 5 minutes and 1 day: the end of a young login is stored soon, and a login under a permanent grant costs
    one read a day.
    """
    pause = min(max((now - login.logged_in_at) // 4, MIN_DUE_PAUSE), MAX_DUE_PAUSE)
    pause -= timedelta(microseconds=pause.microseconds)
    return min(now + pause, login.access_ends_at or now + pause)


@dataclass(frozen=True, kw_only=True)
class _Span:
    """The time in which one grant covered the person of a login: to its revoke, or to `end`; None is without end."""

    start: Position
    end: datetime | None
    cause: EndCause
    revoked: Position | None = None

    def outlasts(self, position: Position) -> bool:
        """Say whether the span had not ended when that happened."""
        if self.revoked:
            return not self.revoked.precedes(position)
        return self.end is None or position.at <= self.end


class _Covered:
    """The time from a login on that spans cover without a gap."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._latest: dict[bool, _Span] = {}
        """The span that ends last of those that were revoked, and of the others."""
        self.end = AccessEnd(login.logged_in_at)

    def extend(self, span: _Span) -> bool:
        """Add a span that begins before the login, or before the end of another. Return whether it does."""
        is_met = not self._login.recorded.precedes(span.start)
        if not is_met and not any(found.outlasts(span.start) for found in self._latest.values()):
            return False
        kind = span.revoked is not None
        found = self._latest.get(kind)
        if found is None or _ends_later(span, found):
            self._latest[kind] = span
        self.end = self._with(span)
        return True

    def _with(self, span: _Span) -> AccessEnd:
        at, until = self.end.at, self.end.until
        if at is None or span.end is None:
            return AccessEnd(None)
        end = max(span.end, self._login.logged_in_at)
        if span.cause is EndCause.TIME:
            until = max(end, until or end)
        return AccessEnd(end, span.cause, until) if end >= at else replace(self.end, until=until)


def _ends_later(span: _Span, other: _Span) -> bool:
    if span.revoked and other.revoked:
        return other.revoked.precedes(span.revoked)
    return other.end is not None and (span.end is None or span.end > other.end)


def _spans(login: Login, grants: Iterable[Grant], agent: Agent, left_at: datetime | None) -> Iterator[_Span]:
    """Yield the time in which each grant covered the person of the login."""
    for grant in grants:
        cause = EndCause.REVOKED if grant.revoked else EndCause.TIME
        span = _Span(start=grant.given, end=grant.over_at, cause=cause, revoked=grant.revoked)
        if has_covered_since(login, grant.grantee, agent):
            yield span
        elif _covered_at_login(grant.grantee, login):
            has_left = login.incarnation != agent.incarnation
            until = (left_at if has_left else None) or agent.changed_at
            cause = EndCause.AGENT_LEFT if has_left else EndCause.DEPARTMENT_LEFT
            yield span if span.end and span.end < until else replace(span, end=until, cause=cause, revoked=None)
        if _covers_by_change(grant.grantee, login, agent):
            joined = Position(None, agent.changed_at)
            yield span if grant.granted_at >= joined.at else replace(span, start=joined)


def _covers_by_change(grantee: Grantee, login: Login, agent: Agent) -> bool:
    """Say whether a department that the agent joined after the login covers the agent.

    Joining anew, after leaving, continues no login. In logins from before numbers that cannot be told.
    """
    if not agent.is_active or login.incarnation != agent.incarnation or not grantee.covers(agent):
        return False
    cannot_be_told = login.memberships is None and agent.changed_at > login.logged_in_at
    return cannot_be_told or not _covered_at_login(grantee, login)


def _covered_at_login(grantee: Grantee, login: Login) -> bool:
    if grantee.type is GranteeType.AGENT:
        return grantee.id == login.agent_id and grantee.incarnation == login.incarnation
    return grantee.id in login.departments
