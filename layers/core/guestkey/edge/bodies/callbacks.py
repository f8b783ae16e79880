"""Request bodies of call-backs."""

from pydantic import Field

from guestkey.edge.http.inputs import Description, Input, Moment, Note, Phone, Slug
from guestkey.rules.callbacks import Outcome


class CallbackInput(Input):
    """Topic, description and number; at a slot, or without one from the queue as soon as an agent is free."""

    topic: Slug
    description: Description
    phone: Phone
    starts_at: Moment | None = None


class MoveInput(Input):
    """Another slot, or with `null` the queue."""

    starts_at: Moment | None


class CloseInput(Input):
    """How the call ended, and a note about it for the vendor."""

    outcome: Outcome = Field(strict=False)
    note: Note | None = None
