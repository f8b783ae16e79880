"""Request bodies of the choice of notices."""

from typing import Annotated, Literal

from pydantic import Field

from guestkey.edge.http.inputs import Input
from guestkey.rules.notices import Delivery, NoticeKind

Chosen = Annotated[Delivery | None, Field(strict=False)]


class NoticeKindsInput(Input):
    """The delivery of some kinds of notices; all others keep theirs. Eight kinds have one delivery only."""

    granted: Chosen = None
    revoked: Chosen = None
    ended: Chosen = None
    agent_left: Chosen = None
    review: Literal["immediate"] | None = None
    support_in: Literal["immediate"] | None = None
    later_logins: Literal["digest"] | None = None
    approvers_changed: Literal["immediate"] | None = None
    right_changed: Literal["immediate"] | None = None
    notices_changed: Literal["immediate"] | None = None
    locked: Literal["immediate"] | None = None
    unlocked: Literal["immediate"] | None = None


class NoticesInput(Input):
    """A change of the choice of notices."""

    kinds: NoticeKindsInput

    def chosen(self) -> dict[NoticeKind, Delivery]:
        """Return the delivery of each kind that is named."""
        return {NoticeKind(kind): Delivery(how) for kind, how in self.kinds.model_dump(exclude_none=True).items()}
