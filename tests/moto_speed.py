"""Replaces slow parts of moto by faster ones with the same results. `tests/table.py` installs them.

Together they took more than half of the time of a test. Remove each when moto itself does better.
"""

import copy
import pickle
from base64 import b64encode
from collections import defaultdict
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from moto.core import models as core
from moto.core import responses
from moto.core.common_models import BaseModel
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb import models as dynamodb
from moto.dynamodb.comparisons import FuncIn
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table

from tests import moto_expressions, moto_requests


class _Copy:
    """Replaces the module `copy` in moto, which copies the table for each item of a transaction before the first write.

    A copy of the table shares the items, because `_update_item` leaves an item that others may hold as it is.
    """

    def deepcopy(self, thing: object) -> object:
        return snapshot(thing) if isinstance(thing, Table) else copy.deepcopy(thing)


def snapshot(table: Table) -> Table:
    """Return a table with the same items and the same records in its stream. It takes microseconds."""
    same, shard = copy.copy(table), copy.copy(table.stream_shard)
    assert shard  # the template's table has a stream
    same.items = defaultdict(dict, {key: dict(partition) for key, partition in table.items.items()})
    shard.table, shard.items = same, [*shard.items]
    same.stream_shard = shard
    return same


def copied[T](thing: T) -> T:
    """Return a deep copy. `pickle` takes half the time of `copy`."""
    same: T = pickle.loads(pickle.dumps(thing))
    return same


def install() -> None:
    """Replace the slow parts in this process, by setattr where mypy allows no assignment to a method."""
    vars(dynamodb)["copy"] = _Copy()
    setattr(DynamoDBBackend, "update_item", _update_item)  # noqa: B010 # as above
    # The size of an item is summed up again for each of its attributes; no test stores an item of 400 KB.
    setattr(LimitedSizeDict, "__setitem__", dict.__setitem__)  # noqa: B010 # as above
    # Each start of moto makes 1,300 objects for users of the library `requests`. botocore does not need them.
    core.RESPONSES_METHODS.clear()
    # For each attribute of an item, ten kinds of values are looked up under eight names each.
    setattr(BaseJSONSerializer, "_serialize_type_structure", _serialize_type_structure)  # noqa: B010 # as above
    # For a dashboard, all values are kept until moto ends: hundreds for each restored table.
    setattr(BaseModel, "__new__", lambda cls, *_, **__: object.__new__(cls))  # noqa: B010 # as above
    # A query sorts all items first, with a wrapper around each key and each comparison.
    setattr(Table, "all_items", _all_items)  # noqa: B010 # as above
    # A value's kind is looked up under five names before it is found to be a text.
    setattr(DynamoType, "cast_value", property(_cast_value))  # noqa: B010 # as above
    setattr(DynamoType, "size", _size)  # noqa: B010 # as above
    # A query of a partition walks through the whole table.
    setattr(Table, "query", _query)  # noqa: B010 # as above
    # The attribute is read again for each value of a list. PynamoDB sends the names of all classes of items.
    setattr(FuncIn, "expr", _is_in)  # noqa: B010 # as above
    # Each request looks at all members of the class that answers it.
    vars(responses)["method_names_from_class"] = cache(method_names_from_class)
    # Each body is read as a form, too.
    vars(responses)["parse_qsl"] = lambda text, **how: [] if text.startswith("{") else parse_qsl(text, **how)
    moto_expressions.install()
    moto_requests.install()


_slowly_updated = DynamoDBBackend.update_item
_slowly_measured = DynamoType.size
_slowly_queried = Table.query
_slowly_cast = DynamoType.cast_value.fget  # type: ignore[attr-defined] # mypy takes it for a value


def _update_item(self: DynamoDBBackend, table_name: str, key: dict[str, Any], *how: Any, **more: Any) -> Item:
    """Update a copy of the item, because moto changes it in place and snapshots of the table share it."""
    table = self.get_table(table_name)
    of_partition, of_item = self.get_keys_value(table, key)
    if item := table.get_item(of_partition, of_item):
        table.items[of_partition][of_item] = copy.deepcopy(item)
    return _slowly_updated(self, table_name, key, *how, **more)


def _is_in(self: FuncIn, item: Item | None) -> bool:
    return self.attr.expr(item) in [one.expr(item) for one in self.possible_values]


def _cast_value(self: DynamoType) -> Any:
    return self.value if self.type == "S" else _slowly_cast(self)


def _size(self: DynamoType) -> int:
    return len(self.value.encode()) if self.type == "S" else _slowly_measured(self)


def _query(self: Table, hash_key: DynamoType, *how: Any, **more: Any) -> Any:
    """Query a copy of the table that has this partition only, unless an index is queried."""
    *_, index_name, _is_consistent, _filter = how
    table = self
    if not index_name:
        table = copy.copy(self)
        table.items = defaultdict(dict, {hash_key: dict(self.items.get(hash_key, {}))})
    return _slowly_queried(table, hash_key, *how, **more)


def _all_items(self: Table) -> list[Item]:
    """Return all items in the order of their keys, which are strings. Other threads may write meanwhile."""
    items = [item for of_partition in list(self.items.values()) for item in list(of_partition.values())]
    return sorted(items, key=lambda item: (item.hash_key.value, item.range_key.value if item.range_key else ""))


_slowly = BaseJSONSerializer._serialize_type_structure


def _serialize_type_structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name == "AttributeValue" and key and type(value) is dict:
        self._default_serialize(serialized, _plain(value), shape, key)
    else:
        _slowly(self, serialized, value, shape, key)


def _plain(value: Any) -> Any:
    """Return an attribute value as it is in JSON: bytes in Base64."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value
