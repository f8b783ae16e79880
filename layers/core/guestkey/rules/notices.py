"""Delivery of notices to a tenant's approvers: at once, or in the digest of the day. No kind can be switched off.

The tenant's right-holders choose for some kinds. Access that opens widely, entries, locks, and changes of recipients
are always mailed at once: an intruder must not be able to delay them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from guestkey.rules.grants import Grant, GrantEnd
from guestkey.rules.ledger import By, ByType, Entry, Note, What
from guestkey.rules.people import User


class Delivery(StrEnum):
    """When a notice is mailed."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"


class NoticeKind(StrEnum):
    """The kind of a notice to the approvers, as the API names it."""

    GRANTED = "granted"
    REVOKED = "revoked"
    ENDED = "ended"
    """By time."""
    AGENT_LEFT = "agent_left"
    REVIEW = "review"
    SUPPORT_IN = "support_in"
    """The first login of a person under a grant on a day."""
    LATER_LOGINS = "later_logins"
    """All logins after the first."""
    APPROVERS_CHANGED = "approvers_changed"
    RIGHT_CHANGED = "right_changed"
    NOTICES_CHANGED = "notices_changed"
    LOCKED = "locked"
    UNLOCKED = "unlocked"


MAX_CHOICES_AN_HOUR = 20
"""Limit of changes of the choice that one user makes in a UTC hour: each is mailed to all approvers at once."""

DEFAULTS: dict[NoticeKind, Delivery] = dict.fromkeys(NoticeKind, Delivery.IMMEDIATE) | {
    NoticeKind.ENDED: Delivery.DIGEST,
    NoticeKind.LATER_LOGINS: Delivery.DIGEST,
}
CHOOSABLE = frozenset({NoticeKind.GRANTED, NoticeKind.REVOKED, NoticeKind.ENDED, NoticeKind.AGENT_LEFT})
"""The kinds whose delivery the tenant chooses. All others are always delivered as `DEFAULTS` says."""


@dataclass(frozen=True, kw_only=True)
class NoticeChoice:
    """A tenant's choice: the kinds that come in the digest, of those that can be chosen."""

    in_digest: tuple[NoticeKind, ...] = (NoticeKind.ENDED,)
    """Sorted."""

    @property
    def kinds(self) -> dict[NoticeKind, Delivery]:
        """The delivery of every kind."""
        chosen = {kind: Delivery.DIGEST if kind in self.in_digest else Delivery.IMMEDIATE for kind in sorted(CHOOSABLE)}
        return DEFAULTS | chosen

    def changed(self, kinds: Mapping[NoticeKind, Delivery]) -> "NoticeChoice":
        """Return the choice after a change of some kinds. Kinds that cannot be chosen stay as they are."""
        wanted = {**self.kinds, **kinds}
        return NoticeChoice(in_digest=tuple(kind for kind in sorted(CHOOSABLE) if wanted[kind] is Delivery.DIGEST))

    def delivery(self, kind: NoticeKind, grant: Grant) -> Delivery:
        """Return the delivery of a notice about a grant.

        A grant with export, or without an end, opens more than others: that it was given is always mailed at once. So
        is an end by closing the account. An end by a lock is delivered as one by time: the lift is mailed at once.
        """
        if kind is NoticeKind.GRANTED and (grant.may_export or grant.is_permanent):
            return Delivery.IMMEDIATE
        if kind is NoticeKind.ENDED and grant.cause_of_end is GrantEnd.CLOSED:
            return Delivery.IMMEDIATE
        return self.kinds[kind]


OF_GRANT = {
    What.GRANT_GIVEN: NoticeKind.GRANTED,
    What.GRANT_REVOKED: NoticeKind.REVOKED,
    What.GRANT_ENDED: NoticeKind.ENDED,
}


def kind_of(entry: Entry) -> NoticeKind:
    """Return the kind of notice of an entry about a grant."""
    return NoticeKind.AGENT_LEFT if entry.data.get("end") == GrantEnd.AGENT_LEFT else OF_GRANT[entry.what]


BY_DEFAULT = NoticeChoice()
"""The choice of a tenant that has chosen nothing."""


def note_of(choice: NoticeChoice, by: User, now: datetime) -> Note:
    """Return the ledger entry's content for a new choice: the delivery of each kind that can be chosen."""
    data = {kind.value: choice.kinds[kind].value for kind in sorted(CHOOSABLE)}
    by_user = By(type=ByType.USER, id=by.user_id)
    return Note(what=What.NOTICES_CHANGED, by=by_user, about=by.tenant_id, data=data, at=now)
