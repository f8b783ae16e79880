"""The end of a login's access: the first moment at which no live grant covers the person.

It is exact, because it is computed from the tenant's history, and told in the order of the ledger.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from guestkey.rules.door import Door
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Position
from guestkey.rules.logins import End, EndCause, Login, has_covered_since
from guestkey.rules.people import Agent, Grantee


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


def end_by_door(login: Login, over: AccessEnd, door: Door) -> AccessEnd:
    """Return the end of access where a voiding may have come first. A voiding has happened when it is stored."""
    voiding = door.voiding_of_login(login.recorded_seq)
    if voiding is None:
        return over
    if over.at is not None and over.at <= voiding.at:
        return replace(over, until=None)
    return AccessEnd(max(voiding.at, login.logged_in_at), EndCause(voiding.word))


def end_by_hours(login: Login, over: AccessEnd) -> AccessEnd:
    """Return the end of access where the customer's hours may end before it."""
    if login.hours_end is None or (over.at is not None and over.at <= login.hours_end):
        return over
    return AccessEnd(login.hours_end, EndCause.HOURS, login.hours_end)


def settled(login: Login, over: AccessEnd, now: datetime) -> Login:
    """Return the login as of `now`: ended at the end of access if that has come, otherwise open."""
    if login.ended_at is not None:
        return login
    if not over.has_come(now):
        return replace(login, access_ends_at=over.at)
    return replace(login, ended_at=over.at, end=End.ACCESS_OVER, end_cause=over.cause, access_ends_at=over.at)


@dataclass(frozen=True, kw_only=True)
class _Span:
    """The time in which one grant covered the person of a login: to the change that cut it off, or to `end`."""

    start: Position
    end: datetime | None
    cause: EndCause
    cut_off: Position | None = None

    def outlasts(self, position: Position) -> bool:
        """Say whether the span had not ended when that happened."""
        if self.cut_off:
            return not self.cut_off.precedes(position)
        return self.end is None or position.at <= self.end


class _Covered:
    """The time from a login on that spans cover without a gap."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._latest: dict[bool, _Span] = {}
        """The span that ends last of those that were cut off, and of the others."""
        self.end = AccessEnd(login.logged_in_at)

    def extend(self, span: _Span) -> bool:
        """Add a span that begins before the login, or before the end of another. Return whether it does."""
        is_met = not self._login.recorded.precedes(span.start)
        if not is_met and not any(found.outlasts(span.start) for found in self._latest.values()):
            return False
        kind = span.cut_off is not None
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
    if span.cut_off and other.cut_off:
        return other.cut_off.precedes(span.cut_off)
    return other.end is not None and (span.end is None or span.end > other.end)


def _spans(login: Login, grants: Iterable[Grant], agent: Agent, left_at: datetime | None) -> Iterator[_Span]:
    """Yield the time in which each grant covered the person of the login."""
    for grant in grants:
        cause = EndCause(grant.cause_of_end)
        span = _Span(start=grant.given, end=grant.over_at, cause=cause, cut_off=grant.cut_off)
        if has_covered_since(login, grant.grantee, agent):
            yield span
        elif grant.grantee.covers(login):
            has_left = login.incarnation != agent.incarnation
            until = (left_at if has_left else None) or agent.changed_at
            cause = EndCause.AGENT_LEFT if has_left else EndCause.DEPARTMENT_LEFT
            yield span if span.end and span.end < until else replace(span, end=until, cause=cause, cut_off=None)
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
    return cannot_be_told or not grantee.covers(login)
