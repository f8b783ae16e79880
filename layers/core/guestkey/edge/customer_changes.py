"""Moves and corrections of a call-back by its customer."""

from datetime import datetime

from guestkey.edge import phones, slot_choice
from guestkey.edge.bodies.callbacks import MoveInput
from guestkey.edge.http import ids
from guestkey.rules import callbacks as rules
from guestkey.rules.callbacks import Callback, Correction
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.people import User
from guestkey.store.callbacks import callbacks, changes, desks
from guestkey.store.registry import tenants


def move(user: User, callback_id: str, body: MoveInput, now: datetime) -> Callback:
    """Move or correct an open call-back of the user's tenant.

    Raises NotFound, CallbackClosed, SlotsNotOffered, TooManyRequests, InputInvalid, DeskUnknown, SlotNotOffered and
    SlotTaken.
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


def _correction(body: MoveInput, tenant_id: str) -> Correction:
    """Return the correction in a body. The tenant's country is read for a number only. Raises InputInvalid."""
    phone = shown = None
    if body.phone is not None:
        country = tenants.tenant(tenant_id).country
        phone = phones.e164(body.phone, country)
        shown = phones.national(phone, country)
    return Correction(phone=phone, phone_shown=shown, description=body.description, description_salt=ids.new_salt())
