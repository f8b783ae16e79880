"""Response bodies of the choice of notices."""

from typing import Self

from guestkey.edge.responses.response import Response
from guestkey.rules import notices
from guestkey.rules.notices import Delivery


class NoticeKinds(Response):
    """The delivery of each kind of notice: at once, or in the digest of the day."""

    granted: Delivery
    revoked: Delivery
    ended: Delivery
    agent_left: Delivery
    review: Delivery
    support_in: Delivery
    later_logins: Delivery
    approvers_changed: Delivery
    right_changed: Delivery
    notices_changed: Delivery
    locked: Delivery
    unlocked: Delivery


class Notices(Response):
    """How your approvers hear of support access. A permanent grant, or one with export, is always mailed at once."""

    kinds: NoticeKinds

    @classmethod
    def of(cls, choice: notices.NoticeChoice) -> Self:
        """Return the delivery of every kind by a choice."""
        return cls(kinds=NoticeKinds.model_validate({kind.value: how for kind, how in choice.kinds.items()}))
