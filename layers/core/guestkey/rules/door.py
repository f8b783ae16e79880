"""The door of a tenant: what bars all of its grants and logins at once.

It is stored beside the live keys, so the query of a check reads it with them. `is_locked` is the customer's lockdown,
`is_closed` the end of the tenant. A voiding ends what was recorded before it, told by ledger numbers: a record without
a number was recorded before every voiding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from guestkey.errors import LockedDown, TenantClosed
from guestkey.rules.ledger import Position
from guestkey.rules.levels import AccessLevel
from guestkey.rules.weekly_hours import WeeklyHours

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
MAX_VOIDINGS = 10
"""Voidings of grants, and of logins, that a door remembers. The ends of earlier ones were written down long ago."""


class Word(StrEnum):
    """Cause of a voiding."""

    LOCKED = "locked"
    CLOSED = "closed"
    HOURS = "hours"


@dataclass(frozen=True, kw_only=True)
class DoorRules:
    """The part of the customer's policy that checks and logins follow."""

    export_never: bool = False
    max_access: AccessLevel | None = None
    hours: WeeklyHours | None = None
    ticket_required: bool = False


NO_DOOR_RULES = DoorRules()


@dataclass(frozen=True, kw_only=True)
class Voiding:
    """One voiding: the number and the time of its ledger entry, and its cause."""

    seq: int
    at: datetime
    word: Word

    @property
    def position(self) -> Position:
        """When it came, in the order of the ledger."""
        return Position(self.seq, self.at)


@dataclass(frozen=True, kw_only=True)
class Door:
    """What is barred. A tenant without a stored door has one of version 0, which bars nothing."""

    version: int = 0
    is_locked: bool = False
    is_closed: bool = False
    void_before: int = 0
    """Grants with a lower number, or without one, are over."""
    logins_void_before: int = 0
    """Logins with a lower number, or without one, are over."""
    voidings: tuple[Voiding, ...] = ()
    login_voidings: tuple[Voiding, ...] = ()
    """The last voidings of grants and of logins, in the order of the ledger."""
    policy_version: int = 0
    """Version of the customer's policy; 0 without one."""
    rules: DoorRules = NO_DOOR_RULES
    next_rules: tuple[DoorRules, datetime] | None = None
    """Looser rules, and the moment from which they count."""

    def rules_at(self, at: datetime) -> DoorRules:
        """Return the rules that count at a moment."""
        return self.next_rules[0] if self.next_rules and self.next_rules[1] <= at else self.rules

    def is_outside_hours(self, at: datetime) -> bool:
        """Say whether the customer lets no agent in at this time of the week, under any grant."""
        hours = self.rules_at(at).hours
        return hours is not None and not hours.include(at)

    @property
    def is_barred(self) -> bool:
        """Whether nobody may enter, whatever is granted."""
        return self.is_locked or self.is_closed

    def voiding_of_grant(self, granted_seq: int | None) -> Voiding | None:
        """Return the voiding that ended the grant with this number, or None."""
        return self._voiding(granted_seq, self.void_before, self.voidings)

    def voiding_of_login(self, recorded_seq: int | None) -> Voiding | None:
        """Return the voiding that ended the login with this number, or None. One of all grants ends logins as well."""
        of_logins = self._voiding(recorded_seq, self.logins_void_before, self.login_voidings)
        found = [voiding for voiding in (of_logins, self.voiding_of_grant(recorded_seq)) if voiding]
        return min(found, key=lambda voiding: voiding.seq, default=None)

    @property
    def last_lock(self) -> Voiding | None:
        """The voiding of logins by the last lock, lifted or not; None if the tenant never locked its account."""
        return next((one for one in reversed(self.login_voidings) if one.word is Word.LOCKED), None)

    def locked(self, seq: int, at: datetime) -> "Door":
        """Return the door after a lock with this number: it ends every login that was recorded before it."""
        return replace(
            self,
            version=self.version + 1,
            is_locked=True,
            logins_void_before=seq,
            login_voidings=_with(self.login_voidings, Voiding(seq=seq, at=at, word=Word.LOCKED)),
        )

    def lifted(self, seq: int, at: datetime, keep_grants: bool) -> "Door":
        """Return the door after the lift of a lock: it ends every grant given before it, unless they are kept."""
        lifted = replace(self, version=self.version + 1, is_locked=False)
        if keep_grants:
            return lifted
        return replace(
            lifted,
            void_before=seq,
            voidings=_with(self.voidings, Voiding(seq=seq, at=at, word=Word.LOCKED)),
        )

    def with_rules(
        self,
        rules: DoorRules,
        next_rules: tuple[DoorRules, datetime] | None,
        policy_version: int,
        *,
        ends_logins: tuple[int, datetime] | None,
    ) -> "Door":
        """Return the door with a new version of the policy. `ends_logins` is the number and time of what ends them."""
        door = replace(
            self, version=self.version + 1, rules=rules, next_rules=next_rules, policy_version=policy_version
        )
        if ends_logins is None:
            return door
        seq, at = ends_logins
        voiding = Voiding(seq=seq, at=at, word=Word.HOURS)
        return replace(door, logins_void_before=seq, login_voidings=_with(self.login_voidings, voiding))

    def require_not_closed(self) -> None:
        """Raise TenantClosed where the tenant's account is over."""
        if self.is_closed:
            raise TenantClosed

    def require_open(self) -> None:
        """Raise TenantClosed or LockedDown where nothing can be given."""
        self.require_not_closed()
        if self.is_locked:
            raise LockedDown

    def _voiding(self, seq: int | None, void_before: int, last: Sequence[Voiding]) -> Voiding | None:
        if not void_before or (seq is not None and seq >= void_before):
            return None
        unknown = Voiding(seq=void_before, at=LONG_AGO, word=Word.CLOSED if self.is_closed else Word.LOCKED)
        return next((voiding for voiding in last if seq is None or voiding.seq > seq), unknown)


def _with(voidings: tuple[Voiding, ...], voiding: Voiding) -> tuple[Voiding, ...]:
    return (*voidings, voiding)[-MAX_VOIDINGS:]


NO_DOOR = Door()
NOT_UNDERSTOOD = Door(is_locked=True)
"""In place of a door of an unknown form, or beside an item of an unknown kind: a newer version may bar something."""
