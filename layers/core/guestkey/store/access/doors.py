"""The door of a tenant in the table. It sorts before every live key, so one query reads both.

A writer sets its own attributes, leaves all others as they are, and moves `door` on the ledger head to the version in
the same transaction; grants, approvals and logins compare that. With a voiding it makes the door due, and the clean-up
writes down what ended. A door is never deleted, its versions begin at 1. One that this code does not understand bars
everything.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey.rules.door import NO_DOOR, NO_DOOR_RULES, NOT_UNDERSTOOD, Door, DoorRules, Voiding, Word
from guestkey.rules.instants import instant, text_of
from guestkey.rules.levels import AccessLevel
from guestkey.rules.weekly_hours import WeeklyHours
from guestkey.store.dynamodb import index_keys, keys, unreadable
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import Unreadable, expect

if TYPE_CHECKING:
    from guestkey.store.ledger.ledger import LedgerState  # a check, which reads doors, loads no ledger

FORM, FORM_WITH_RULES = 1, 2
"""Forms of the item. Code of before does not know the rules of a policy: a door with rules bars everything for it."""

RULES = ("export_never", "max_access", "hours", "zone", "ticket_required")
"""Attributes of the door that are rules of the policy. An absent one is off."""


class DoorItem(Item, discriminator="door"):
    """The door of a tenant."""

    form = NumberAttribute()
    version = NumberAttribute()
    is_locked = BooleanAttribute(default=False, attr_name="locked")
    is_closed = BooleanAttribute(default=False, attr_name="closed")
    void_before = NumberAttribute(default=0)
    logins_void_before = NumberAttribute(default=0)
    voidings = JSONAttribute(null=True)
    login_voidings = JSONAttribute(null=True)
    """The last ten voidings of grants and of logins, oldest first, each `{seq, at, word}`."""
    policy_version = NumberAttribute(default=0)
    export_never = BooleanAttribute(null=True)
    max_access = UnicodeAttribute(null=True)
    hours = JSONAttribute(null=True)
    zone = UnicodeAttribute(null=True)
    ticket_required = BooleanAttribute(null=True)
    next_rules = JSONAttribute(null=True)
    """Looser rules, with these names, and `counts_from`."""


def door_of(item: Item | None) -> Door:
    """Return the door of an item at its key. Without an item nothing is barred."""
    if item is None:
        return NO_DOOR
    with suppress(Unreadable, ArithmeticError, KeyError, TypeError, ValueError):
        item = _of_known_form(item)
        return Door(
            version=_positive(item.version),
            is_locked=item.is_locked,
            is_closed=item.is_closed,
            void_before=int(item.void_before),
            logins_void_before=int(item.logins_void_before),
            voidings=_voidings(item.voidings),
            login_voidings=_voidings(item.login_voidings),
            policy_version=int(item.policy_version),
            rules=_rules({name: getattr(item, name) for name in RULES}),
            next_rules=_next_rules(item.next_rules),
        )
    unreadable.note(Key(item.pk, item.sk))
    return NOT_UNDERSTOOD


def of_tenant(tenant_id: str) -> Door:
    """Return the tenant's door, strongly consistent."""
    return door_of(find(Item, keys.door(tenant_id)))


def update_lock(transaction: Transaction, tenant_id: str, before: Door, after: Door, now: datetime) -> None:
    """Add the move of a door by a lock or a lift, on condition that it has not moved meanwhile.

    A door with a new voiding is due at once. The write is named `door`.
    """
    actions: list[Action] = [
        DoorItem.is_locked.set(after.is_locked),
        DoorItem.void_before.set(after.void_before),
        DoorItem.voidings.set(_stored(after.voidings)),
    ]
    _update(transaction, tenant_id, before, after, actions, now)


def update_rules(transaction: Transaction, tenant_id: str, before: Door, after: Door, now: datetime) -> None:
    """Add the move of a door by a change of the policy in the same way."""
    actions: list[Action] = [DoorItem.policy_version.set(after.policy_version)]
    flat: dict[str, Any] = _form(after.rules)
    if after.next_rules:
        rules, counts_from = after.next_rules
        flat["next_rules"] = _form(rules) | {"counts_from": text_of(counts_from)}
    for name in (*RULES, "next_rules"):
        attribute = getattr(DoorItem, name)
        actions.append(attribute.set(flat[name]) if flat.get(name) else attribute.remove())
    _update(transaction, tenant_id, before, after, actions, now)


def moved(state: "LedgerState") -> "LedgerState":
    """Return the facts that the ledger head holds after a move of the door."""
    return replace(state, door=state.door + 1)


def _update(
    transaction: Transaction, tenant_id: str, before: Door, after: Door, actions: list[Action], now: datetime
) -> None:
    has_rules = after.rules != NO_DOOR_RULES or after.next_rules is not None
    actions += [
        DoorItem.kind.set(DoorItem),
        DoorItem.form.set(FORM_WITH_RULES if has_rules else FORM),
        DoorItem.version.set(after.version),
        DoorItem.logins_void_before.set(after.logins_void_before),
        DoorItem.login_voidings.set(_stored(after.login_voidings)),
    ]
    if (after.voidings, after.login_voidings) != (before.voidings, before.login_voidings):
        actions += [DoorItem.due.set(index_keys.due_on(tenant_id)), DoorItem.due_at.set(now)]
    is_unmoved = DoorItem.version == before.version if before.version else DoorItem.pk.does_not_exist()
    transaction.update("door", DoorItem(*keys.door(tenant_id)), actions, is_unmoved)


def _form(rules: DoorRules) -> dict[str, Any]:
    """Return rules as they are stored. Hours of no day are stored as well: an absent value is no rule."""
    return {
        "export_never": rules.export_never or None,
        "max_access": rules.max_access and rules.max_access.value,
        "hours": {"week": rules.hours.week} if rules.hours else None,
        "zone": rules.hours and rules.hours.zone,
        "ticket_required": rules.ticket_required or None,
    }


def _rules(form: Mapping[str, Any]) -> DoorRules:
    if form.keys() != set(RULES):
        raise ValueError("a newer version wrote these rules")
    hours, max_access = form["hours"], form["max_access"]
    if any(flag not in (None, True) for flag in (form["export_never"], form["ticket_required"])):
        raise ValueError("this rule is on, or absent")
    return DoorRules(
        export_never=form["export_never"] is True,
        max_access=AccessLevel(max_access) if max_access else None,
        hours=WeeklyHours.of(_known_zone(form["zone"]), hours["week"]) if hours else None,
        ticket_required=form["ticket_required"] is True,
    )


def _known_zone(name: str) -> str:
    ZoneInfo(name)
    return name


def _next_rules(stored: Mapping[str, Any] | None) -> tuple[DoorRules, datetime] | None:
    if stored is None:
        return None
    form = dict(stored)
    counts_from = instant(form.pop("counts_from"))
    return _rules(form), counts_from


def _stored(voidings: tuple[Voiding, ...]) -> list[dict[str, int | str]]:
    return [{"seq": one.seq, "at": text_of(one.at), "word": one.word.value} for one in voidings]


def _of_known_form(item: Item) -> DoorItem:
    door = expect(DoorItem, item)
    if door.form not in (FORM, FORM_WITH_RULES):
        raise ValueError("a newer version wrote this door")
    return door


def _positive(version: float | None) -> int:
    number = int(version or 0)
    if number < 1:
        raise ValueError("versions of doors begin at 1")
    return number


def _voidings(stored: list[dict[str, str]] | None) -> tuple[Voiding, ...]:
    return tuple(Voiding(seq=int(one["seq"]), at=instant(one["at"]), word=Word(one["word"])) for one in stored or [])
