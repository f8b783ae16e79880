"""Due items of all tenants, found through the index, the longest overdue first.

Nothing is decided here. The index lags behind the table and may name a finished item: read the item before acting.
"""

import heapq
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from guestkey.rules.instants import instant
from guestkey.store.dynamodb import index_keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Due, Item
from guestkey.store.dynamodb.transaction import ConditionFailed, TransactionConflict, single_write

BATCH = 100


class DueItem(NamedTuple):
    """The key of a due item, and since when it is due."""

    key: Key
    due_at: datetime


def until(at: datetime, since: datetime | None = None) -> Iterator[DueItem]:
    """Yield the items of all shards that are due by some moment, the longest overdue first, or those due since one."""
    within = Item.due_at.between(since, at) if since else Item.due_at <= at
    shards = (_of_shard(shard, within) for shard in range(index_keys.DUE_SHARDS))
    yield from heapq.merge(*shards, key=lambda due: due.due_at)


def postpone(due: DueItem, to: datetime) -> None:
    """Make an item due at another moment, unless its due time was changed or removed meanwhile."""
    with suppress(ConditionFailed, TransactionConflict), single_write():
        Item._get_connection().update_item(*due.key, actions=[Item.due_at.set(to)], condition=Item.due_at == due.due_at)


def _of_shard(shard: int, within: Condition) -> Iterator[DueItem]:
    # A query of models asks for the item's kind, which the index does not project.
    query = {"range_key_condition": within, "index_name": Due.Meta.index_name, "limit": BATCH}
    return ResultIterator(Item._get_connection().query, [index_keys.due(shard)], query, map_fn=_due_item)


def _due_item(raw: dict[str, Any]) -> DueItem:
    return DueItem(key=Key(raw["PK"]["S"], raw["SK"]["S"]), due_at=instant(raw["due_at"]["S"]))
