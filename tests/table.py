"""The table on moto, created from the template's own resource, and access to its raw items.

A transaction on moto takes milliseconds for each of its items: a test that needs many items should `put` them directly.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import patch_client
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from guestkey import settings
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import client, retry
from tests import calls, moto_requests, moto_speed, stack

Raw = dict[str, dict[str, Any]]
"""An item in DynamoDB's own form: `{"PK": {"S": "TENANT#acme"}, ...}`."""

CONFLICT = ClientError({"Error": {"Code": "TransactionConflictException", "Message": ""}}, "UpdateItem")
"""The answer to a single write while a transaction is in progress on its item."""

moto_speed.install()


@contextmanager
def on_moto() -> Iterator[None]:
    """Give an empty table for this test alone, and let tries follow each other without pauses. Takes milliseconds."""
    patch_client(_client())  # the client may have been created before moto was imported
    moto_requests.unsigned(_client())
    now = lambda: time.monotonic()  # noqa: E731, PLW0108 # some tests replace it later
    without_pauses = SimpleNamespace(monotonic=now, sleep=lambda seconds: None)
    with mock_aws(), patch.object(retry, "time", without_pauses):
        restore(_empty())
        yield


@cache
def _empty() -> Table:
    properties = stack.value_of(stack.resource("Table"), stack.parameters(Stage="development"))
    # moto has neither TTL nor restores; `tests/test_template.py` tests that the template has both.
    del properties["TimeToLiveSpecification"], properties["PointInTimeRecoverySpecification"]
    properties["StreamSpecification"]["StreamEnabled"] = True  # implied by the view type in CloudFormation
    del properties["SSESpecification"]  # moto would create a 2,048-bit key for each table
    _client().create_table(TableName=settings.TABLE_NAME, **properties)
    return picture()


def picture() -> Table:
    """Return a snapshot of the whole table, for `restore`."""
    return moto_speed.snapshot(_table())


def restore(picture: Table) -> None:
    """Replace the table by a snapshot, which stays as it is."""
    _tables()[settings.TABLE_NAME] = moto_speed.snapshot(picture)
    desks.clear_cache()  # the cache holds the desk of the replaced table


def clear() -> None:
    """Empty the table."""
    restore(_empty())


def items(pk: str | None = None, sk_begins: str = "") -> list[Raw]:
    """Return the raw items of one partition, or of all, sorted by their keys."""
    found: list[Raw] = moto_speed.copied([item.to_json()["Attributes"] for item in _table().all_items()])
    shown = [item for item in found if pk in (None, item["PK"]["S"]) and item["SK"]["S"].startswith(sk_begins)]
    return sorted(shown, key=lambda item: (item["PK"]["S"], item["SK"]["S"]))


def put(raw: list[Raw]) -> None:
    """Put raw items, without conditions."""
    for item in raw:
        _table().put_item(moto_speed.copied(item))  # moto adds to a set in place


def drop(key: tuple[str, str]) -> None:
    """Delete an item, as the table's TTL might."""
    _client().delete_item(TableName=settings.TABLE_NAME, Key={"PK": {"S": key[0]}, "SK": {"S": key[1]}})


def forget_stream() -> None:
    """Forget the records of the stream so far. Their list is copied before each transaction."""
    shard = _table().stream_shard
    assert shard
    shard.items.clear()


def one(key: tuple[str, str]) -> Raw | None:
    """Return the raw item at a key of `guestkey.store.dynamodb.keys`, or None."""
    return next((item for item in items(key[0], key[1]) if item["SK"]["S"] == key[1]), None)


@contextmanager
def unchanged() -> Iterator[None]:
    """Fail if an item changes. A priority claim on a ledger's head does not count, because it expires in a second."""
    before = _without_priority_claims()
    yield
    assert _without_priority_claims() == before


@contextmanager
def meanwhile(*acts: Callable[[], object], at: str = "TransactWriteItems") -> Iterator[None]:
    """Run an act at the worst moment: after all reads, right before the first write is sent.

    Each further act runs before the next try. The writes of an act itself are not interrupted.
    """
    waiting, under_way = list(acts), False

    def interrupt(**_: Any) -> None:
        nonlocal under_way
        if waiting and not under_way:
            under_way = True
            with calls.as_running(None):
                waiting.pop(0)()
            under_way = False

    with _hooked(at, interrupt):
        yield
    assert not waiting, f"{len(waiting)} of {len(acts)} acts did not run: too few calls of {at}"


@contextmanager
def failing(error: Exception, *, at: str = "*") -> Iterator[None]:
    """Let every request to DynamoDB, or every request of one operation, fail before it is sent."""

    def fail(**_: Any) -> None:
        raise error

    with _hooked(at, fail):
        yield


@contextmanager
def _hooked(operation: str, hook: Callable[..., None]) -> Iterator[None]:
    name = "before-call.dynamodb" if operation == "*" else f"before-call.dynamodb.{operation}"
    _client().meta.events.register_first(name, hook)
    try:
        yield
    finally:
        _client().meta.events.unregister(name, hook)


def _without_priority_claims() -> list[Raw]:
    return [{name: value for name, value in item.items() if name != "wanted_until"} for item in items()]


def _table() -> Table:
    return _tables()[settings.TABLE_NAME]


def _tables() -> dict[str, Table]:
    return dynamodb_backends[stack.ACCOUNT][stack.REGION].tables


def _client() -> Any:
    return client.connection().client
