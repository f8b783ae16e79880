"""Response bodies of call-backs, topics, slots and the desk's day."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import ConfigDict, Field

from guestkey.edge.responses.people import Person
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import callbacks, desk
from guestkey.rules.people import Tenant


class Topic(Response):
    """A topic of call-backs, and how long one takes."""

    id: str
    name: str
    minutes: int

    @classmethod
    def of(cls, topic: desk.Topic, locale: str | None) -> Self:
        """Return the topic with its name in that language."""
        return cls.read(topic, id=topic.topic_id, name=topic.name(locale))


class Topics(Response):
    """All topics of call-backs."""

    items: list[Topic]


class FreeSlot(Response):
    """A time at which you can be called, and the number of call-backs that can still be booked for it."""

    starts_at: Instant
    ends_at: Instant
    free: int


class Slots(Response):
    """Times at which you can be called; `time_zone` is the support desk's."""

    time_zone: str
    items: list[FreeSlot]


class CallbackAgent(Response):
    """The agent who calls."""

    id: str
    name: str


class CallbackMail(StrEnum):
    """Whether mails about a call-back, with its invitation, go to the user who booked it."""

    FOLLOWS = "follows"
    NONE = "none"


class Callback(Response):
    """A call-back that the customer asked for, at a slot or from the queue.

    `mail` is `none` if the token of the user who booked it had no address that can be mailed. `reason` is that of the
    last change, if support made it. Each `…_salt` is the salt of a text's hash in the ledger. With `stranded_by` the
    desk cannot keep the time any more: the customer is asked to choose again.
    """

    callback_id: str
    kind: callbacks.Kind
    state: callbacks.State
    topic: str
    description: str
    description_salt: str | None
    phone: str
    phone_shown: str
    starts_at: Instant | None
    ends_at: Instant | None
    requested_at: Instant
    requested_by: Person
    agent: CallbackAgent | None
    mail: CallbackMail
    reason: str | None
    reason_salt: str | None
    stranded_by: callbacks.Stranding | None
    version: int

    @classmethod
    def of(cls, callback: callbacks.Callback, at: datetime) -> Self:
        """Return the call-back with its state at that moment."""
        return cls.read(callback, **_computed(callback, at))


class TenantCallback(Callback):
    """A call-back for the vendor's backend: with its tenant."""

    tenant_id: str

    @classmethod
    def for_vendor(cls, callback: callbacks.Callback, at: datetime) -> Self:
        """Return the call-back with its state at that moment."""
        return cls.read(callback, **_computed(callback, at))


class CallbackCustomer(Response):
    """The customer who waits for a call. `customer_name` is the name that its users type at sign-in."""

    name: str
    customer_name: str
    country: str
    time_zone: str


class SupportCallback(TenantCallback):
    """A call-back for agents: with its tenant, and whether they may enter it now.

    `language` is that of the user who booked it, or else the customer's. `customer` is null if none is registered.
    """

    customer: CallbackCustomer | None
    language: str | None
    may_enter: bool

    @classmethod
    def for_agent(cls, callback: callbacks.Callback, at: datetime, *, tenant: Tenant | None, may_enter: bool) -> Self:
        """Return the call-back with its state at that moment."""
        return cls.read(
            callback,
            **_computed(callback, at),
            customer=tenant and CallbackCustomer.read(tenant),
            language=callback.locale or (tenant and tenant.language),
            may_enter=may_enter,
        )


class DeskDay(Response):
    """The call-backs booked for a day, by time; the queue, first in first; those that the agent has taken, of any day.

    A call-back that the agent has taken is in one of the other lists, too, unless it is booked for another day.
    `topics` are those that the desk offers now: a call-back about another one can move to the queue only.
    """

    booked: list[SupportCallback]
    waiting: list[SupportCallback]
    taken: list[SupportCallback]
    topics: list[Topic]


class Closure(Response):
    """A day on which the vendor closed the support desk, in whole or in part, or no longer does.

    `callback_ids` are the open call-backs booked for the day, `stranded` all those whose time the desk cannot keep.
    """

    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True, validate_by_name=True)

    day: date
    name: str | None
    begin: str | None = Field(alias="from")
    until: str | None
    callback_ids: list[str]
    stranded: list[str]


class ExtraHours(Response):
    """Extra hours of a day of the support desk, or none, and all call-backs whose time the desk cannot keep."""

    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True, validate_by_name=True)

    day: date
    begin: str | None = Field(alias="from")
    until: str | None
    stranded: list[str]


def _computed(callback: callbacks.Callback, at: datetime) -> dict[str, Any]:
    taken_by, slot = callback.taken_by, callback.slot
    return {
        "state": callback.state(at),
        "starts_at": slot and slot.starts_at,
        "ends_at": slot and slot.ends_at,
        "mail": CallbackMail.FOLLOWS if callback.email else CallbackMail.NONE,
        "agent": taken_by and CallbackAgent(id=taken_by.agent_id, name=taken_by.name),
    }
