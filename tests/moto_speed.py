"""Replaces seven slow parts of moto by faster ones with the same results. `tests/table.py` installs them.

Together they took more than half of the time of a test. Remove each when moto itself does better.
"""

import copy
import pickle
from base64 import b64encode
from functools import cache
from typing import Any

from moto.core import models as core
from moto.core import responses
from moto.core.common_models import BaseModel
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb import models as dynamodb
from moto.dynamodb.models.dynamo_type import Item, LimitedSizeDict
from moto.dynamodb.models.table import Table


class _OneCopy:
    """Replaces the module `copy` in moto, which copies the table for each item of a transaction before the first write.

    One copy is enough, because the table does not change in between.
    """

    _of: tuple[Table, int] | None = None
    _copy: Table

    def clear(self) -> None:
        """Forget the copy: its table may get as many records again that are others."""
        self._of = None

    def deepcopy(self, thing: object) -> object:
        if not isinstance(thing, Table):
            return copy.deepcopy(thing)
        assert thing.stream_shard  # each change adds a record to the stream
        now = thing, len(thing.stream_shard.items)
        if self._of != now:
            self._of, self._copy = now, copied(thing)
        return self._copy


one_copy = _OneCopy()


def copied[T](thing: T) -> T:
    """Return a deep copy. `pickle` takes half the time of `copy`."""
    same: T = pickle.loads(pickle.dumps(thing))
    return same


def install() -> None:
    """Replace the slow parts in this process, by setattr where mypy allows no assignment to a method."""
    vars(dynamodb)["copy"] = one_copy
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
    # Each request looks at all members of the class that answers it.
    vars(responses)["method_names_from_class"] = cache(method_names_from_class)


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
