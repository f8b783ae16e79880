"""Changes of a call-back: the record, its seats, the open key and the ledger entry are one transaction."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition

from guestkey.errors import CallbackClosed, NotFound, SlotTaken
from guestkey.rules.callback_entries import note
from guestkey.rules.callbacks import Callback, Rule
from guestkey.rules.ledger import By, ByType, What
from guestkey.store.callbacks import callbacks, limits, seats
from guestkey.store.callbacks.callbacks import CallbackItem, OpenCallbackItem
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.retry import transact
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import ownership
from guestkey.store.registry.people import Person

MAX_CHANGE_TRIES = 12
"""Tries of a change to a call-back that others change at the same time."""
BY_SYSTEM = By(type=ByType.SYSTEM)


@dataclass(frozen=True, kw_only=True)
class CallbackContext:
    """State loaded before a call-back is changed: the call-back as stored and as it is, and the ledger state."""

    stored: Callback
    callback: Callback
    ledger: LedgerState


def change(tenant_id: str, callback_id: str, what: What, by: By, rule: Rule, now: datetime, lines: int = 0) -> Callback:
    """Apply a rule to a call-back, store the result with its seats and its ledger entry, and return it.

    A result that equals the call-back is not written. Changes by users and agents are counted. Raises NotFound,
    SlotTaken, CallbackClosed, TooManyRequests, the refusals of the rule, or Busy.
    """

    def save(after: Callback, context: CallbackContext) -> None:
        if after != context.callback:
            _save(after, context.callback, context, what, by, now, lines)

    return transact(
        load=lambda: _load(tenant_id, callback_id),
        decide=lambda context: rule(context.callback),
        save=save,
        tries=MAX_CHANGE_TRIES,
    )


def release_from(person: Person, tenant_id: str, callback_id: str, now: datetime) -> None:
    """Store that a call-back is not taken any more, because the person who took it has left.

    A call-back that ended, or that somebody else has taken meanwhile, stays as it is. Raises Busy.
    """

    def save(after: Callback, context: CallbackContext) -> None:
        taken_by = context.stored.taken_by
        if after != context.stored and taken_by and taken_by.person == person:
            _save(after, context.stored, context, What.CALLBACK_RELEASED, BY_SYSTEM, now, 0)

    with suppress(NotFound, CallbackClosed):
        transact(
            load=lambda: _load(tenant_id, callback_id),
            decide=lambda context: context.callback,
            save=save,
            tries=MAX_CHANGE_TRIES,
        )


def _load(tenant_id: str, callback_id: str) -> CallbackContext:
    """Return the state that a change depends on. Raises NotFound."""
    key = keys.callback(tenant_id, callback_id)
    found = find_all([key, keys.ledger(tenant_id)])
    state = ledger.state_in(found, tenant_id)
    if state is None or key not in found:
        raise NotFound
    stored = callbacks.stored_callback(found[key])
    [callback] = callbacks.as_they_are([stored])
    return CallbackContext(stored=stored, callback=callback, ledger=state)


def _save(
    after: Callback, before: Callback, context: CallbackContext, what: What, by: By, now: datetime, lines: int
) -> None:
    """Store a changed call-back. Raises SlotTaken, CallbackClosed, TooManyRequests, or ConditionFailed.

    The open key of a call-back past its time is left to the next booking, which recognises it.
    """
    is_its_own = OpenCallbackItem.callback_id == after.callback_id

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        if after.closed_as:
            transaction.delete("open", OpenCallbackItem(*keys.open_callback(after.tenant_id)), is_its_own)
        elif after.is_open(now):
            transaction.put("open", callbacks.open_item(after), is_its_own)
        callbacks.put(transaction, after, _is_as_read(context.stored), now)
        _pass_on(transaction, context.stored, after)
        seats.shift(transaction, before, after, lines, now)
        limits.count(transaction, after.tenant_id, what, by, now)

    try:
        ledger.write(
            context.ledger,
            [note(after, what, by, now, before)],
            add_writes,
            yields_to_users=by.type in {ByType.AGENT, ByType.SYSTEM},
            may_claim=False,
            before_retry=lambda: seats.refuse_full(before, after, lines),
        )
    except ConditionFailed as error:
        if "callback" in error.failed:
            raise
        if "open" in error.failed:  # by another clock the slot was over, and another call-back is open now
            raise CallbackClosed from None
        counters.refuse_at_limit(error, now)
        raise SlotTaken from error


def _pass_on(transaction: Transaction, before: Callback, after: Callback) -> None:
    """Add the change of the agents' lists of taken call-backs: off one, onto another."""
    earlier, later = before.taken_by, after.taken_by if not after.closed_as else None
    earlier_id, later_id = earlier and earlier.agent_id, later and later.agent_id
    if earlier_id == later_id:
        return
    if earlier_id:
        ownership.remove(transaction, keys.own_callback(earlier_id, after.callback_id))
    if later_id:
        ownership.put(transaction, keys.own_callback(later_id, after.callback_id), after.tenant_id, None)


def _is_as_read(stored: Callback) -> Condition:
    is_as_read: Condition = (CallbackItem.version == stored.version) & CallbackItem.closed_as.does_not_exist()
    is_as_read &= _is(CallbackItem.stranded_by, stored.stranded_by)
    is_as_read &= _is(CallbackItem.taken_by_id, stored.taken_by and stored.taken_by.agent_id)
    is_as_read &= _is(CallbackItem.taken_by_incarnation, stored.taken_by and stored.taken_by.incarnation)
    return is_as_read


def _is(attribute: Attribute[Any], value: Any) -> Condition:
    is_equal: Condition = attribute.does_not_exist() if value is None else attribute == value
    return is_equal
