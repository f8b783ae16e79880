"""Call-backs in the table: the record, its tenant, and the open key of the tenant who waits.

The open key exists while the tenant waits for a call. After the end of a booked slot it no longer counts, even if
DynamoDB has not deleted it yet: conditions require *absent or over*. An agent who left has not taken a call-back, so
each call-back read is compared with the agent's record; a take copies the agent's incarnation for that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from guestkey import settings
from guestkey.errors import NoCallback, NotFound
from guestkey.rules import callbacks as rules
from guestkey.rules.callbacks import Callback
from guestkey.rules.desk import Desk
from guestkey.rules.hours import begins_at
from guestkey.rules.people import Agent
from guestkey.rules.slots import A_DAY
from guestkey.store.callbacks import seats
from guestkey.store.callbacks.seats import CallbackName
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch
from guestkey.store.dynamodb.reads import find, find_all
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import expect, readable
from guestkey.store.registry import ownership, people


class OpenCallbackItem(Item, discriminator="open_callback"):
    """The tenant waits for a call: until it is closed, or until the end of a booked slot that no agent took."""

    callback_id = UnicodeAttribute()
    ends_at = InstantAttribute(null=True)


class CallbackTenantItem(Item, discriminator="callback_of"):
    """The tenant of a call-back: the agents' routes get only its id."""

    tenant_id = UnicodeAttribute()


class CallbackItem(Item, discriminator="callback"):
    """The complete record of a call-back."""

    topic = UnicodeAttribute()
    description = UnicodeAttribute()
    description_salt = UnicodeAttribute(null=True)
    phone = UnicodeAttribute()
    phone_shown = UnicodeAttribute()
    starts_at = InstantAttribute(null=True)
    ends_at = InstantAttribute(null=True)
    requested_at = InstantAttribute()
    requested_by_id = UnicodeAttribute()
    requested_by_name = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    locale = UnicodeAttribute(null=True)
    taken_by_id = UnicodeAttribute(null=True)
    taken_by_name = UnicodeAttribute(null=True)
    taken_by_incarnation = NumberAttribute(null=True)
    closed_as = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    note_salt = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    reason_salt = UnicodeAttribute(null=True)
    stranded_by = UnicodeAttribute(null=True)
    version = NumberAttribute()


def open_of(tenant_id: str, now: datetime) -> Callback:
    """Return the call-back for which the tenant waits. Raises NoCallback."""
    key = keys.open_callback(tenant_id)
    callback_id = open_id(find_all([key]).get(key), now)
    callback = find_one(tenant_id, callback_id) if callback_id else None
    if callback is None or not callback.is_open(now):
        raise NoCallback
    return callback


def find_one(tenant_id: str, callback_id: str) -> Callback:
    """Return one call-back, strongly consistent. Raises NotFound."""
    item = find(CallbackItem, keys.callback(tenant_id, callback_id))
    if item is None:
        raise NotFound
    [callback] = as_they_are([stored_callback(item)])
    return callback


def find_many(names: Iterable[CallbackName]) -> list[Callback]:
    """Return the existing ones of these call-backs, in the same order."""
    in_order = [keys.callback(tenant_id, callback_id) for tenant_id, callback_id in names]
    found = find_all(in_order)
    return as_they_are(list(readable(stored_callback, (found[key] for key in in_order if key in found))))


def booked_on(desk: Desk, day: date) -> list[Callback]:
    """Return the call-backs whose slot begins on one of the desk's days, by time, strongly consistent."""
    begins, ends = begins_at(desk, day), begins_at(desk, day + A_DAY)
    return rules.of_day(find_many(seats.booked(begins, ends)), begins, ends)


def tenant_of(callback_id: str) -> str:
    """Return the tenant of a call-back. Raises NotFound."""
    item = find(CallbackTenantItem, keys.callback_tenant(callback_id))
    if item is None:
        raise NotFound
    return item.tenant_id


def taken_by(agent: Agent, now: datetime) -> list[Callback]:
    """Return the open call-backs that the agent has taken, in the order of booking, strongly consistent."""
    own = find_many(ownership.callbacks_of(agent.agent_id))
    person = agent.agent_id, agent.incarnation
    return [one for one in own if one.is_open(now) and one.taken_by and one.taken_by.person == person]


def as_they_are(stored: Sequence[Callback]) -> list[Callback]:
    """Return call-backs as they are: an open one of an agent who has left is not taken, written down or not."""
    left = people.leavings(one.taken_by.person for one in stored if one.taken_by and not one.closed_as)
    return [
        replace(one, taken_by=None) if one.taken_by and not one.closed_as and one.taken_by.person in left else one
        for one in stored
    ]


def stored_callback(item: Item) -> Callback:
    """Return the call-back of an item that was read together with others, as it was stored."""
    item = expect(CallbackItem, item)
    return value_of(Callback, item, tenant_id=keys.tenant_id_in(item.pk), callback_id=keys.id_in(item.sk))


def open_id(item: Item | None, now: datetime) -> str | None:
    """Return the call-back of an open key that was read, unless its slot is over."""
    if not isinstance(item, OpenCallbackItem) or (item.ends_at and item.ends_at <= now):
        return None
    return item.callback_id


def put(transaction: Transaction, callback: Callback, condition: Condition, now: datetime) -> None:
    """Add the record of a call-back and its tenant, without a time to live while only an agent can close it."""
    over_at = callback.slot.ends_at if callback.slot and not callback.closed_as else now
    ttl = None if callback.is_open_ended else epoch(over_at + settings.RETENTION)
    key = keys.callback(callback.tenant_id, callback.callback_id)
    transaction.put("callback", CallbackItem(*key, **attributes_of(callback, CallbackItem), ttl=ttl), condition)
    owner = CallbackTenantItem(*keys.callback_tenant(callback.callback_id), tenant_id=callback.tenant_id, ttl=ttl)
    transaction.put("tenant of it", owner)


def open_item(callback: Callback) -> OpenCallbackItem:
    """Return the open key of a call-back. It ends with a slot that no agent took."""
    return OpenCallbackItem(
        *keys.open_callback(callback.tenant_id),
        callback_id=callback.callback_id,
        ends_at=callback.slot.ends_at if callback.slot and not callback.is_open_ended else None,
    )
