"""Changes of call-backs by an agent or the vendor's backend: each has a reason, which the customer reads."""

from datetime import datetime
from functools import partial

from guestkey.edge import slot_choice
from guestkey.edge.bodies.callbacks import CancelInput, SupportMoveInput
from guestkey.edge.http import ids
from guestkey.edge.http.problem import fault
from guestkey.errors import DeskUnknown, InputInvalid, SlotNotOffered, SlotTaken
from guestkey.rules import callbacks as rules
from guestkey.rules.callbacks import Callback, Reason
from guestkey.rules.ledger import By, What
from guestkey.rules.people import Agent
from guestkey.store.callbacks import callbacks, changes, desks
from guestkey.store.registry import people

MOVING = (DeskUnknown, SlotNotOffered, SlotTaken)


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


def _reason(text: str) -> Reason:
    return Reason(text=text, salt=ids.new_salt())
