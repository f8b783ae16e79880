"""Response bodies of the lockdown."""

from typing import Self

from guestkey.edge.responses.people import Person
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import lockdown


class Lock(Response):
    """The lock of an account. `reason_salt` is the salt of the reason's hash in the ledger.

    `locked_by` is null if the record of the lock cannot be read. `reason` is null for users without the right.
    """

    locked_at: Instant | None
    locked_by: Person | None
    reason: str | None
    reason_salt: str | None

    @classmethod
    def of(cls, lock: lockdown.Lock, holds_right: bool = True) -> Self:
        """Return the part of the lock that the user may see."""
        return cls.read(lock) if holds_right else cls.read(lock, reason=None, reason_salt=None)


class Lift(Response):
    """The last lift of a lock: its time, its user, and whether it kept the grants given before."""

    unlocked_at: Instant | None
    unlocked_by: Person | None
    kept_grants: bool | None

    @classmethod
    def of(cls, lock: lockdown.Lock | None) -> Self:
        """Return the lift of the tenant's last lock, without any values if there was none."""
        if lock is None:
            return cls(unlocked_at=None, unlocked_by=None, kept_grants=None)
        return cls.read(lock, unlocked_at=lock.lifted_at, unlocked_by=lock.lifted_by)
