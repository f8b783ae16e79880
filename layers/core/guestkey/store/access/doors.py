"""The door of a tenant in the table. It sorts before every live key, so one query reads both.

A writer sets its own attributes, leaves all others as they are, and moves `door` on the ledger head to the version in
the same transaction; grants, approvals and logins compare that. With a voiding it makes the door due, and the clean-up
writes down what ended. A door is never deleted, its versions begin at 1. One that this code does not understand bars
everything.
"""

from contextlib import suppress
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute
from pynamodb.expressions.update import Action

from guestkey.rules.door import NO_DOOR, NOT_UNDERSTOOD, Door, Voiding, Word
from guestkey.rules.instants import instant, text_of
from guestkey.store.dynamodb import index_keys, keys, unreadable
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.dynamodb.unreadable import Unreadable, expect

FORM = 1
"""Form of the item. A newer version raises it with each restriction that this code would not know."""


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
        )
    unreadable.note(Key(item.pk, item.sk))
    return NOT_UNDERSTOOD


def of_tenant(tenant_id: str) -> Door:
    """Return the tenant's door, strongly consistent."""
    return door_of(find(Item, keys.door(tenant_id)))


def update(transaction: Transaction, tenant_id: str, before: Door, after: Door, now: datetime) -> None:
    """Add the move of a door from one version to the next, on condition that it has not moved meanwhile.

    A door with a new voiding is due at once. The write is named `door`.
    """
    actions: list[Action] = [
        DoorItem.kind.set(DoorItem),
        DoorItem.form.set(FORM),
        DoorItem.version.set(after.version),
        DoorItem.is_locked.set(after.is_locked),
        DoorItem.void_before.set(after.void_before),
        DoorItem.logins_void_before.set(after.logins_void_before),
        DoorItem.voidings.set(_stored(after.voidings)),
        DoorItem.login_voidings.set(_stored(after.login_voidings)),
    ]
    if (after.voidings, after.login_voidings) != (before.voidings, before.login_voidings):
        actions += [DoorItem.due.set(index_keys.due_on(tenant_id)), DoorItem.due_at.set(now)]
    is_unmoved = DoorItem.version == before.version if before.version else DoorItem.pk.does_not_exist()
    transaction.update("door", DoorItem(*keys.door(tenant_id)), actions, is_unmoved)


def _stored(voidings: tuple[Voiding, ...]) -> list[dict[str, int | str]]:
    return [{"seq": one.seq, "at": text_of(one.at), "word": one.word.value} for one in voidings]


def _of_known_form(item: Item) -> DoorItem:
    door = expect(DoorItem, item)
    if door.form != FORM:
        raise ValueError("a newer version wrote this door")
    return door


def _positive(version: float | None) -> int:
    number = int(version or 0)
    if number < 1:
        raise ValueError("versions of doors begin at 1")
    return number


def _voidings(stored: list[dict[str, str]] | None) -> tuple[Voiding, ...]:
    return tuple(Voiding(seq=int(one["seq"]), at=instant(one["at"]), word=Word(one["word"])) for one in stored or [])
