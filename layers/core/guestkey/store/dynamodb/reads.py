"""Strongly consistent reads: many items in one request, ranges newest first, several requests at the same time."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from functools import cache
from typing import Any, overload

from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.unreadable import expect

MAX_THREADS = 2
"""Reads beside the one in the calling thread."""
MAX_READ_AHEAD_SECONDS = 1.0
ON_LAMBDA = "AWS_LAMBDA_INITIALIZATION_TYPE"
"""A variable that Lambda sets."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def find_all(keys: Iterable[Key]) -> dict[Key, Item]:
    """Return the items with these keys, a hundred in one request. A key without an item is missing in the answer.

    Without keys no request is sent. An item that cannot be read is an UnknownItem: `unreadable.expect` refuses it.
    """
    return {Key(item.pk, item.sk): item for item in Item.batch_get(keys, consistent_read=True)}


def find[I: Item](kind: type[I], key: Key) -> I | None:
    """Return one item, or None. Raises Unreadable, unless an item of any kind is asked for."""
    try:
        return expect(kind, kind.get(*key, consistent_read=True))
    except kind.DoesNotExist:
        return None


def newest_first[I: Item](kind: type[I], pk: str, prefix: str, first_id: str, below_id: str, batch: int) -> Iterator[I]:
    """Yield the items under a prefix from `first_id` on and before `below_id`, newest first, unreadable ones too.

    DynamoDB has no condition "at least this and less than that", so the item of `below_id` itself is skipped here.
    """
    if first_id >= below_id:
        return
    within = kind.sk.between(prefix + first_id, prefix + below_id)
    items = kind.query(pk, within, consistent_read=True, scan_index_forward=False, page_size=batch)
    yield from (item for item in items if item.sk != prefix + below_id)


def first_id_at(at: datetime) -> str:
    """Return a text that sorts before the ids created at that moment or later: a ULID's ten characters of time."""
    milliseconds = int(at.timestamp() * 1000)
    return "".join(_CROCKFORD[milliseconds >> shift & 31] for shift in range(45, -1, -5))


@overload
def side_by_side[A, B](first: Callable[[], A], last: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def side_by_side[A, B, C](
    first: Callable[[], A], second: Callable[[], B], last: Callable[[], C], /
) -> tuple[A, B, C]: ...
def side_by_side(*reads: Callable[[], Any]) -> tuple[Any, ...]:
    """Run up to three requests at the same time, the last in the calling thread, and return their results."""
    *ahead, here = reads
    futures = [_threads().submit(read) for read in ahead]
    result = here()
    return *(future.result() for future in futures), result


def start_threads() -> None:
    """Start a thread ahead of the first parallel read."""
    _threads().submit(lambda: None)


def read_ahead(*reads: Callable[[], object]) -> None:
    """Run up to two reads at the end of a cold start, so that the first request finds open connections.

    On Lambda only: a TLS handshake takes 15 to 20 ms of CPU, and the init phase has a whole processor, a request only
    its share of one. The init phase must not fail if DynamoDB cannot be reached, so it waits for a second at most and
    ignores errors: the first request then tries by itself.
    """
    if ON_LAMBDA in os.environ:
        wait([_threads().submit(read) for read in reads], timeout=MAX_READ_AHEAD_SECONDS)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=MAX_THREADS, thread_name_prefix="read")
