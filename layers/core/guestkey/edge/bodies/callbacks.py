"""Request bodies of call-backs."""

from pydantic import Field

from guestkey.edge.http.inputs import Description, ExternalId, Input, Moment, Note, Phone, Reason, Slug
from guestkey.rules.callbacks import Outcome


class CallbackInput(Input):
    """Topic, description and number; without `starts_at` the call-back joins the queue."""

    topic: Slug
    description: Description
    phone: Phone
    starts_at: Moment | None = None


class MoveInput(Input):
    """Another slot, or the queue with `null`; a number or description put right. Absent members stay unchanged."""

    starts_at: Moment | None = None
    phone: Phone | None = None
    description: Description | None = None

    @property
    def is_move(self) -> bool:
        """Whether the body names a time, or the queue."""
        return "starts_at" in self.model_fields_set


class SupportMoveInput(Input):
    """Another slot, or the queue with `null`, and the reason, which the customer is mailed."""

    starts_at: Moment | None
    reason: Reason


class CancelInput(Input):
    """The reason of a cancellation, which the customer is mailed."""

    reason: Reason


class HandInput(Input):
    """The colleague who calls."""

    agent_id: ExternalId


class CloseInput(Input):
    """Outcome of the call, and a note for the vendor."""

    outcome: Outcome = Field(strict=False)
    note: Note | None = None
