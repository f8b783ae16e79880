"""Items that this code cannot read: damaged, or of a kind that only a newer version knows.

A decision that needs such an item fails. A list leaves it out, because one item must not take the list away from every
reader. Either way its key is noted here, and the function that met it reports the key (`edge/unreadable_items.py`).
"""

from collections.abc import Callable, Iterable, Iterator

from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item, UnknownItem, required_attributes

_noted: dict[Key, None] = {}


class Unreadable(Exception):
    """Raised where an item is needed that cannot be read. Its key is noted."""

    def __init__(self, key: Key) -> None:
        self.key = key
        note(key)
        super().__init__("an item of the table cannot be read")


def expect[I: Item](kind: type[I], item: Item) -> I:
    """Return an item as one of its kind. Raises Unreadable if it is none, or lacks an attribute of its own kind.

    As an `Item` each can be read.
    """
    own = Item if kind is Item else type(item)
    if isinstance(item, kind) and required_attributes(own) <= item.attribute_values.keys():
        return item
    raise Unreadable(Key(item.pk, item.sk))


def readable[A, B](read: Callable[[A], B], found: Iterable[A]) -> Iterator[B]:
    """Yield the value that `read` returns for each item found, without the items that cannot be read."""
    values = (read_or_none(read, one) for one in found)
    return (value for value in values if value is not None)


def read_or_none[A, B](read: Callable[[A], B], item: A) -> B | None:
    """Return the value that `read` returns for an item, or None if the item cannot be read."""
    try:
        return read(item)
    except Unreadable:
        return None


def items_of[I: Item](kind: type[I], found: Iterable[Item]) -> Iterator[I]:
    """Yield the items found as those of their kind, without those that cannot be read."""
    return readable(lambda item: expect(kind, item), found)


def is_unknown(item: Item) -> bool:
    """Say whether an item cannot be read as any kind. Its key is noted then."""
    if not isinstance(item, UnknownItem):
        return False
    note(Key(item.pk, item.sk))
    return True


def note(key: Key) -> None:
    """Note an item that cannot be read."""
    _noted[key] = None


def take() -> list[Key]:
    """Return the keys noted since the last call, each once."""
    taken = list(_noted)
    _noted.clear()
    return taken
