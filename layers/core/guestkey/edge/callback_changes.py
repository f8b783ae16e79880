"""Moves, corrections and cancellations of call-backs: by the customer, by an agent, by the vendor's backend.

A change by an agent or the backend has a reason, which the customer reads.
"""

from datetime import datetime
from functools import partial

from guestkey.edge import phones, slot_choice
from guestkey.edge.bodies.callbacks import CancelInput, MoveInput, SupportMoveInput
from guestkey.edge.http import ids
from guestkey.edge.http.problem import fault
from guestkey.errors import DeskUnknown, InputInvalid, SlotNotOffered, SlotTaken
from guestkey.rules import callbacks as rules
from guestkey.rules.callbacks import Callback, Correction, Reason
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.people import Agent, User
from guestkey.store.callbacks import callbacks, changes, desks
from guestkey.store.registry import people, tenants

MOVING = (DeskUnknown, SlotNotOffered, SlotTaken)


def move_by_user(user: User, callback_id: str, body: MoveInput, now: datetime) -> Callback:
    """Move or correct an open call-back of the user's tenant.

    Raises NotFound, CallbackClosed, SlotsNotOffered, TooManyRequests, InputInvalid and the refusals in MOVING.
    """
    current = desks.current(now)
    if body.starts_at:
        slot_choice.require_choice(user, current)
    before = callbacks.find_one(user.tenant_id, callback_id)
    correction = _correction(body, user.tenant_id)

    def rule(callback: Callback) -> Callback:
        slot = slot_choice.slot_for(callback, current, body.starts_at, now) if body.is_move else callback.slot
        return rules.move(callback, slot, now, correction=correction)

    by, lines = By(type=ByType.USER, id=user.user_id), current.desk.lines
    with slot_choice.describing_conflicts(current, before.topic, body.starts_at, now):
        return changes.change(user.tenant_id, callback_id, What.CALLBACK_MOVED, by, rule, now, lines)


def move_by_support(callback_id: str, body: SupportMoveInput, by: By, now: datetime) -> Callback:
    """Move any customer's open call-back. Support may choose a slot for a customer of any language.

    Raises NotFound, CallbackClosed and the refusals in MOVING.
    """
    tenant_id, current = callbacks.tenant_of(callback_id), desks.current(now)
    before, reason = callbacks.find_one(tenant_id, callback_id), _reason(body.reason)

    def rule(callback: Callback) -> Callback:
        return rules.move(callback, slot_choice.slot_for(callback, current, body.starts_at, now), now, reason=reason)

    with slot_choice.describing_conflicts(current, before.topic, body.starts_at, now):
        return changes.change(tenant_id, callback_id, What.CALLBACK_MOVED, by, rule, now, current.desk.lines)


def cancel_by_support(callback_id: str, body: CancelInput, by: By, now: datetime) -> Callback:
    """Cancel any customer's open call-back. Raises NotFound and CallbackClosed."""
    rule = partial(rules.cancel, now=now, reason=_reason(body.reason))
    tenant_id = callbacks.tenant_of(callback_id)
    return changes.change(tenant_id, callback_id, What.CALLBACK_CANCELLED, by, rule, now)


def colleague(agent_id: str) -> Agent:
    """Return the active agent to whom a call-back is handed on. Raises InputInvalid."""
    found = people.agent(agent_id)
    if found is None or not found.is_active:
        raise InputInvalid(errors=[fault("unknown or inactive agent", "agent_id")])
    return found


def _correction(body: MoveInput, tenant_id: str) -> Correction:
    """Return what a body puts right. The tenant's country is read for a number only. Raises InputInvalid."""
    phone = shown = None
    if body.phone is not None:
        country = tenants.tenant(tenant_id).country
        phone = phones.e164(body.phone, country)
        shown = phones.national(phone, country)
    return Correction(phone=phone, phone_shown=shown, description=body.description, description_salt=ids.new_salt())


def _reason(text: str) -> Reason:
    return Reason(text=text, salt=ids.new_salt())
