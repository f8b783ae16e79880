"""The customer's lockdown: from its answer on no agent is in, and no grant can be given until a user lifts the lock.

Both count at once. A lock ends all logins; a lift ends all grants given before it, unless the user keeps them.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from guestkey.rules.door import Door
from guestkey.rules.ledger import By, ByType, Note, What, salted_digest
from guestkey.rules.people import Person, User

MAX_LIFTS_AN_HOUR = 20
"""Limit of lifts by one user in a UTC hour, because each is mailed to all approvers. Locks have none of their own."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """One lock of a tenant's account, and its lift if there was one."""

    tenant_id: str
    locked_at: datetime | None
    locked_by: Person | None
    """None, as the time may be, for a lock whose record is lost. It bars everything all the same."""
    reason: str | None = None
    reason_salt: str | None = None
    """The salt of the reason's hash in the ledger; None without a reason."""
    lifted_at: datetime | None = None
    lifted_by: Person | None = None
    kept_grants: bool | None = None
    """Whether the lift kept the grants given before it; None while it is locked."""


def lock(door: Door, last: Lock | None, *, by: User, reason: str | None, reason_salt: str, now: datetime) -> Lock:
    """Return the lock of an account: the present one if it is locked, or else a new one. Raises TenantClosed."""
    door.require_not_closed()
    if door.is_locked and last:
        return last
    return Lock(
        tenant_id=by.tenant_id,
        locked_at=now,
        locked_by=by.person,
        reason=reason,
        reason_salt=reason_salt if reason else None,
    )


def lift(door: Door, last: Lock | None, *, by: User, keep_grants: bool, now: datetime) -> Lock | None:
    """Return the last lock, lifted: by this call, or before. None if the account was never locked.

    Raises TenantClosed.
    """
    door.require_not_closed()
    if last is None or not door.is_locked:
        return last
    return replace(last, lifted_at=now, lifted_by=by.person, kept_grants=keep_grants)


def locked(lock: Lock, by: User, now: datetime) -> Note:
    """Return the ledger entry's content for a lock."""
    data = {"reason_sha256": salted_digest(lock.reason, lock.reason_salt)}
    return Note(what=What.ACCESS_LOCKED, by=_by(by), about=lock.tenant_id, data=data, at=now)


def unlocked(lock: Lock, locked_seq: int | None, by: User, now: datetime) -> Note:
    """Return the ledger entry's content for a lift. `locked_seq` is the number of the lock's entry."""
    data = {"keep_grants": lock.kept_grants, "locked_seq": locked_seq}
    return Note(what=What.ACCESS_UNLOCKED, by=_by(by), about=lock.tenant_id, data=data, at=now)


def _by(user: User) -> By:
    return By(type=ByType.USER, id=user.user_id)
