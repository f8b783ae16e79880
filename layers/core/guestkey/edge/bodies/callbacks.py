"""Request bodies of call-backs."""

from pydantic import Field

from guestkey.edge.http.inputs import Description, Input, Moment, Note, Phone, Slug
from guestkey.rules.callbacks import Outcome


class CallbackInput(Input):
    """Topic, description and number; without `starts_at` the call-back joins the queue."""

    topic: Slug
    description: Description
    phone: Phone
    starts_at: Moment | None = None


class MoveInput(Input):
    """Another slot, or the queue with `null`."""

    starts_at: Moment | None


class CloseInput(Input):
    """Outcome of the call, and a note for the vendor."""

    outcome: Outcome = Field(strict=False)
    note: Note | None = None
