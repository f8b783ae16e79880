"""A grant: one permission for one grantee to enter one tenant.

A grant's `state` follows from the clock, its revoke, the leaving of its agent and voidings; it is not stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from guestkey.errors import GrantEnded
from guestkey.rules.door import Door, Voiding
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Data, Note, Position, What
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Grantee, Person, Tenant, User
from guestkey.rules.periods import Period, end_of, review_at
from guestkey.rules.policy import Rules, require_allowed

MAX_LIVE_GRANTS = 500
"""Limit of live grants of one tenant. A check reads all of them, so their number bounds its cost."""
MAX_GRANTS_AN_HOUR = 200
"""Limit of grants that one user gives in a UTC hour, approvals included. Revoking and declining have no limit."""


class State(StrEnum):
    """State of a grant at some moment."""

    LIVE = "live"
    REVOKED = "revoked"
    ENDED = "ended"


class GrantEnd(StrEnum):
    """Cause of the end of a grant."""

    TIME = "time"
    REVOKED = "revoked"
    AGENT_LEFT = "agent_left"
    CLOSED = "closed"
    LOCKED = "locked"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One grant, with its revoke if there was one. Times are aware, UTC, whole seconds."""

    tenant_id: str
    grant_id: str
    grantee: Grantee
    period: Period
    access: AccessLevel = AccessLevel.CHANGE
    """Grants from before there were levels have none stored: they allow changes."""
    may_export: bool
    granted_at: datetime
    granted_by: Person
    ends_at: datetime | None
    review_at: datetime | None
    revoked_at: datetime | None = None
    revoked_by: Person | None = None
    request_id: str | None = None
    ticket: str | None = None
    """The ticket of the request that the grant answers. A login under the grant takes it over."""
    granted_by_address: str | None = None
    revoked_by_address: str | None = None
    """Hashes of the addresses of the two users, who need no mail about their own act."""
    left_at: datetime | None = None
    """When the agent whom it names turned inactive. Consent is for a person, so that ends the grant."""
    voided: Voiding | None = None
    """What ended all grants of the tenant at once, this one among them."""
    granted_seq: int | None = field(default=None, compare=False)
    revoked_seq: int | None = field(default=None, compare=False)
    """Numbers of its ledger entries; None before it is stored, and in grants from before numbers."""

    @property
    def may_automate(self) -> bool:
        """Whether a department's grant covers software as well."""
        return self.grantee.may_automate

    @property
    def is_permanent(self) -> bool:
        """Whether the grant has no end by time."""
        return self.ends_at is None

    @property
    def given(self) -> Position:
        """When it was given, in the order of the ledger."""
        return Position(self.granted_seq, self.granted_at)

    @property
    def cut_off(self) -> Position | None:
        """When a revoke or a voiding ended it, in the order of the ledger; None if none did."""
        if self.revoked_at:
            return Position(self.revoked_seq, self.revoked_at)
        return self.voided.position if self.voided and self.cause_of_end is GrantEnd(self.voided.word) else None

    @property
    def over_at(self) -> datetime | None:
        """The first moment at which the grant is no longer live; None while none is known."""
        void_at = self.voided.at if self.voided else None
        return self.revoked_at or min((at for at in (self.left_at, void_at, self.ends_at) if at), default=None)

    def state(self, at: datetime) -> State:
        """Return the state at that moment. The end is exclusive; a revoked grant stays revoked after its end."""
        if self.revoked_at is not None:
            return State.REVOKED
        if self.voided:
            return State.ENDED
        return State.ENDED if self.over_at is not None and self.over_at <= at else State.LIVE

    def end(self, at: datetime) -> GrantEnd | None:
        """Return the cause of the grant's end, or None for a grant that is live at that moment."""
        return None if self.state(at) is State.LIVE else self.cause_of_end

    @property
    def cause_of_end(self) -> GrantEnd:
        """The cause of the grant's end as far as it is known, come or to come."""
        if self.revoked_at:
            return GrantEnd.REVOKED
        if self.over_at == self.ends_at:
            return GrantEnd.TIME
        return GrantEnd(self.voided.word) if self.voided and self.over_at == self.voided.at else GrantEnd.AGENT_LEFT

    def is_review_due(self, at: datetime) -> bool:
        """Say whether the grant is live at that moment and its review is due."""
        return self.review_at is not None and self.review_at <= at and self.state(at) is State.LIVE

    def was_live_since(self, start: datetime) -> bool:
        """Say whether the grant was live at any moment from `start` on."""
        return self.over_at is None or self.over_at > start


@dataclass(frozen=True, kw_only=True)
class LiveKey:
    """The part of an unrevoked grant that a check reads."""

    grant_id: str
    grantee: Grantee
    access: AccessLevel = AccessLevel.CHANGE
    may_export: bool
    granted_at: datetime
    ends_at: datetime | None
    revoked_before_at: datetime | None
    """Time of the tenant's last revoke of any grant before this grant was given; None if there was none."""
    ticket: str | None = None
    granted_seq: int | None = field(default=None, compare=False)
    revoked_before_seq: int | None = field(default=None, compare=False)
    """Numbers of the ledger entries of this grant and of that revoke; None in keys from before numbers."""

    @property
    def given(self) -> Position:
        """When the grant was given, in the order of the ledger."""
        return Position(self.granted_seq, self.granted_at)

    @property
    def revoked_before(self) -> Position | None:
        """The tenant's last revoke before this grant was given, in the order of the ledger; None if there was none."""
        return Position(self.revoked_before_seq, self.revoked_before_at) if self.revoked_before_at else None

    def is_live(self, at: datetime) -> bool:
        """Say whether the key counts: until before its end, whether or not DynamoDB has deleted it.

        A key with a number has begun, whatever the reader's clock says: it is stored.
        """
        has_begun = self.granted_seq is not None or self.granted_at <= at
        return has_begun and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True)
class LiveKeys:
    """The live keys of a tenant and its door, as they were read together. Keys of voided grants are left out."""

    keys: tuple[LiveKey, ...]
    door: Door

    @classmethod
    def behind(cls, door: Door, keys: Iterable[LiveKey]) -> "LiveKeys":
        """Return the keys that no voiding ended."""
        return cls(tuple(key for key in keys if not door.voiding_of_grant(key.granted_seq)), door)


def under(door: Door, grant: Grant) -> Grant:
    """Return the grant as it is: over if a voiding ended it."""
    voiding = door.voiding_of_grant(grant.granted_seq)
    if voiding is None or grant.voided:
        return grant
    return replace(grant, voided=replace(voiding, at=max(voiding.at, grant.granted_at)))


def give(
    *,
    door: Door,
    rules: Rules,
    grant_id: str,
    by: User,
    grantee: Grantee,
    period: Period,
    tenant: Tenant,
    access: AccessLevel,
    may_export: bool,
    now: datetime,
    request_id: str | None = None,
    ticket: str | None = None,
) -> Grant:
    """Return a grant that starts now. Its end is fixed here: a later change of the tenant's time zone does not move it.

    `request_id` is the request that the grant answers, if any, and `ticket` the request's. Raises LockedDown,
    TenantClosed, or PolicyForbids for a grant that one of the tenant's `rules` forbids.
    """
    door.require_open()
    require_allowed(rules, grantee=grantee, period=period, access=access, may_export=may_export, by=by)
    ends_at = end_of(period, now, tenant.zone)
    return Grant(
        tenant_id=by.tenant_id,
        grant_id=grant_id,
        grantee=grantee,
        period=period,
        access=access,
        may_export=may_export,
        granted_at=now,
        granted_by=by.person,
        ends_at=ends_at,
        review_at=review_at(now, tenant.zone) if ends_at is None else None,
        request_id=request_id,
        granted_by_address=by.address_hash,
        ticket=ticket,
    )


def revoke(grant: Grant, by: User, now: datetime) -> Grant:
    """Return the revoked grant. Revoking twice returns the same grant. Raises GrantEnded if it had ended before."""
    match grant.state(now):
        case State.REVOKED:
            return grant
        case State.ENDED:
            raise GrantEnded
        case State.LIVE:
            return replace(grant, revoked_at=now, revoked_by=by.person, revoked_by_address=by.address_hash)
        case never:
            assert_never(never)


def keep(grant: Grant, zone: ZoneInfo, now: datetime) -> Grant:
    """Return the grant with its next review, 180 calendar days from now. One whose review is not due stays as it is.

    Raises GrantEnded if it is over.
    """
    if grant.state(now) is not State.LIVE:
        raise GrantEnded
    return replace(grant, review_at=review_at(now, zone)) if grant.is_review_due(now) else grant


def given(grant: Grant) -> Note:
    """Return the ledger entry's content for a new grant."""
    return Note(
        what=What.GRANT_GIVEN,
        by=By(type=ByType.USER, id=grant.granted_by.user_id),
        about=grant.grant_id,
        data={
            "grantee_type": grant.grantee.type.value,
            "grantee_id": grant.grantee.id,
            "period": grant.period.value,
            "access": grant.access.value,
            "may_automate": grant.may_automate,
            "may_export": grant.may_export,
            "ends_at": text_of(grant.ends_at) if grant.ends_at else None,
            "request_id": grant.request_id,
        },
        at=grant.granted_at,
    )


def ended(grant: Grant, now: datetime) -> Note:
    """Return the ledger entry's content for the end of a grant: by time, or by the cause that it names."""
    data: Data = {"ends_at": text_of(grant.ends_at) if grant.ends_at else None}
    if (cause := grant.end(now)) and cause is not GrantEnd.TIME:
        data = {**data, "end": cause.value}
    return Note(what=What.GRANT_ENDED, by=By(type=ByType.SYSTEM), about=grant.grant_id, data=data, at=now)


def kept(grant: Grant, by: User, now: datetime) -> Note:
    """Return the ledger entry's content for a permanent grant that a user keeps after its review."""
    assert grant.review_at
    actor = By(type=ByType.USER, id=by.user_id)
    data: Data = {"review_at": text_of(grant.review_at)}
    return Note(what=What.GRANT_KEPT, by=actor, about=grant.grant_id, data=data, at=now)


def revoked(grant: Grant) -> Note:
    """Return the ledger entry's content for a revoked grant."""
    assert grant.revoked_at and grant.revoked_by
    by = By(type=ByType.USER, id=grant.revoked_by.user_id)
    return Note(what=What.GRANT_REVOKED, by=by, about=grant.grant_id, data={}, at=grant.revoked_at)
