"""The one mapping between values of the rules and items: by field name.

A field of a value is the item's attribute of the same name. A nested value is spread over attributes that begin with
the field's name: `granted_by.user_id` is stored as `granted_by_id`. Attributes that the item lacks come from its key.
Enumerations are stored as their values, tuples as lists, absent values not at all. Where an attribute may be missing,
neither is its field's default, and an item without the attribute reads as the default. A field with the metadata
`READ_BESIDE` is of another item: it is neither stored nor read here.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin

from guestkey.rules.people import READ_BESIDE
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.unreadable import Unreadable

UNPREFIXED = frozenset({"slot"})
"""Nested values whose attributes are stored under their own names."""


@dataclass(frozen=True)
class _Field:
    """One field of a value: its name, the type without None, whether None is allowed, and the default."""

    name: str
    type: Any
    is_optional: bool
    default: Any
    """None if there is none."""


def attributes_of(value: object, kind: type[Item]) -> dict[str, Any]:
    """Return the attributes of an item of that kind that represent the value."""
    known = kind.get_attributes()
    flat = {name: found for name, found in _flattened(value, "").items() if name in known}
    return {
        name: part
        for name, (part, default) in flat.items()
        if part is not None and not (known[name].null and part == default)
    }


def value_of[V](kind: type[V], item: Item, **of_key: str) -> V:
    """Return the value that an item represents. `of_key` gives the fields that are stored in its key.

    Raises Unreadable for an item with a value that its field does not know.
    """
    try:
        return cast("V", _built(kind, item, "", of_key))
    except (TypeError, ValueError):
        raise Unreadable(Key(item.pk, item.sk)) from None


def _flattened(value: object, prefix: str) -> dict[str, tuple[Any, Any]]:
    """Return the plain parts of a value by the names of their attributes, each with its default."""
    flat: dict[str, tuple[Any, Any]] = {}
    for field in _fields(type(value)):  # type: ignore[arg-type] # mypy takes the hash of a class for that of an object
        part = getattr(value, field.name)
        if is_dataclass(field.type):
            flat |= _flattened(part, _prefix(field)) if part is not None else {}
        else:
            flat[_attribute(prefix, field.name)] = _plain(part), _plain(field.default)
    return flat


def _built(kind: type, item: Item, prefix: str, of_key: Mapping[str, str]) -> Any:
    given: dict[str, Any] = {}
    for field in _fields(kind):
        if not prefix and field.name in of_key:
            given[field.name] = of_key[field.name]
        elif is_dataclass(field.type):
            given[field.name] = _nested(field, item)
        else:
            given[field.name] = _read(field, getattr(item, _attribute(prefix, field.name)))
    return kind(**given)


def _nested(field: _Field, item: Item) -> Any:
    names = [_attribute(_prefix(field), inner.name) for inner in _fields(field.type)]
    if field.is_optional and all(getattr(item, name) is None for name in names):
        return None
    return _built(cast("type", field.type), item, _prefix(field), {})


def _prefix(field: _Field) -> str:
    return "" if field.name in UNPREFIXED else f"{field.name}_"


def _attribute(prefix: str, name: str) -> str:
    return f"{prefix}id" if prefix and name.endswith("_id") else prefix + name


def _plain(part: Any) -> Any:
    match part:
        case Enum():
            return part.value
        case tuple():
            return list(part)
        case _:
            return part


def _read(field: _Field, stored: Any) -> Any:
    if stored is None:
        return field.default
    if get_origin(field.type) is tuple:
        return tuple(stored)
    if field.type is int or (isinstance(field.type, type) and issubclass(field.type, Enum)):
        return field.type(stored)
    return stored


@cache
def _fields(kind: type) -> tuple[_Field, ...]:
    return tuple(
        _field(one.name, one.type, None if one.default is MISSING else one.default)
        for one in fields(kind)
        if one.metadata != READ_BESIDE
    )


def _field(name: str, declared: Any, default: Any) -> _Field:
    if isinstance(declared, UnionType):
        (inner,) = (part for part in get_args(declared) if part is not NoneType)
        return _Field(name, inner, is_optional=True, default=default)
    return _Field(name, declared, is_optional=False, default=default)
