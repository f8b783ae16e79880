"""What is due, found through the index: the longest due first, of all tenants.

Nothing is decided here. The index lags behind the table and may still name what is done: whoever acts reads the item.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.exceptions import UpdateError
from pynamodb.pagination import ResultIterator

from guestkey.rules.instants import instant
from guestkey.store import keys
from guestkey.store.keys import Key
from guestkey.store.table import LOST_RACE, Due, Item, code_of

READ_AT_ONCE = 100


class Reminder(NamedTuple):
    """That something is due, and since when."""

    key: Key
    due_at: datetime


def until(at: datetime) -> Iterator[Reminder]:
    """Yield what was due by some moment, the longest due first, whichever shard it lies in."""
    shards = (_of_shard(shard, at) for shard in range(keys.DUE_SHARDS))
    yield from heapq.merge(*shards, key=lambda reminder: reminder.due_at)


def put_off(reminder: Reminder, to: datetime) -> None:
    """Let it be due at another moment, unless somebody else has moved it, or taken it out of sight, meanwhile."""
    try:
        Item._get_connection().update_item(
            *reminder.key, actions=[Item.due_at.set(to)], condition=Item.due_at == reminder.due_at
        )
    except UpdateError as error:
        if code_of(error) not in LOST_RACE:
            raise


def _of_shard(shard: int, at: datetime) -> Iterator[Reminder]:
    # Not as models: a query of those asks for their kind, which the index does not hold.
    asked = {"range_key_condition": Item.due_at <= at, "index_name": Due.Meta.index_name, "limit": READ_AT_ONCE}
    return ResultIterator(Item._get_connection().query, [keys.due(shard)], asked, map_fn=_reminder)


def _reminder(raw: dict[str, Any]) -> Reminder:
    return Reminder(key=Key(raw["PK"]["S"], raw["SK"]["S"]), due_at=instant(raw["due_at"]["S"]))
