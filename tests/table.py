"""The one table on moto, made from the template's own resource, and its items as they lie there.

Each transaction on moto copies the whole table first: what a test needs many of is better put than written.
"""

import copy
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from moto import mock_aws
from moto.core.models import patch_client
from moto.dynamodb import models as moto_models
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from guestkey import settings
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import client
from tests import stack

Raw = dict[str, dict[str, Any]]
"""An item as DynamoDB has it: `{"PK": {"S": "TENANT#acme"}, ...}`."""


class _OneCopy:
    """The module `copy`, as moto uses it. Before a transaction it copies the table for each item of it, and nothing
    happens in between: once will do. Drop it when moto copies once.
    """

    _of: tuple[Table, int] | None = None
    _copy: Table

    def deepcopy(self, thing: object) -> object:
        if not isinstance(thing, Table):
            return copy.deepcopy(thing)
        assert thing.stream_shard  # each change has a record there
        now = thing, len(thing.stream_shard.items)
        if self._of != now:
            self._of, self._copy = now, _copied(thing)
        return self._copy


vars(moto_models)["copy"] = _OneCopy()


@contextmanager
def on_moto() -> Iterator[None]:
    """Give an empty table that nobody else sees. Costs a few milliseconds."""
    patch_client(_client())  # it was made when `guestkey.store` was imported, perhaps before moto was
    with mock_aws():
        restore(_empty())
        yield


@cache
def _empty() -> bytes:
    properties = stack.value_of(stack.resource("Table"), stack.parameters(Stage="development"))
    # Moto sweeps nothing and restores nothing; `tests/test_template.py` sees that the template has both.
    del properties["TimeToLiveSpecification"], properties["PointInTimeRecoverySpecification"]
    properties["StreamSpecification"]["StreamEnabled"] = True  # CloudFormation says it by the view type alone
    del properties["SSESpecification"]  # moto would make a key of 2,048 bits for each table
    _client().create_table(TableName=settings.TABLE_NAME, **properties)
    return picture()


def picture() -> bytes:
    """Return the whole table as it is now, for `restore`."""
    return pickle.dumps(_table())


def restore(picture: bytes) -> None:
    """Make the table what it was."""
    _tables()[settings.TABLE_NAME] = pickle.loads(picture)
    desks.clear_cache()  # what a warm function keeps is of another table


def items(pk: str | None = None, sk_begins: str = "") -> list[Raw]:
    """Return the raw items there are, of one partition or of all, by their keys."""
    found: list[Raw] = [_copied(item.to_json()["Attributes"]) for item in _table().all_items()]
    shown = [item for item in found if pk in (None, item["PK"]["S"]) and item["SK"]["S"].startswith(sk_begins)]
    return sorted(shown, key=lambda item: (item["PK"]["S"], item["SK"]["S"]))


def put(raw: list[Raw]) -> None:
    """Put raw items, without asking anybody."""
    for item in raw:
        _table().put_item(_copied(item))  # moto adds to a set where it lies


def drop(key: tuple[str, str]) -> None:
    """Take an item out, as the table's sweeper might."""
    _client().delete_item(TableName=settings.TABLE_NAME, Key={"PK": {"S": key[0]}, "SK": {"S": key[1]}})


def one(key: tuple[str, str]) -> Raw | None:
    """Return the raw item at a key of `guestkey.store.keys`, if it is there."""
    return next((item for item in items(key[0], key[1]) if item["SK"]["S"] == key[1]), None)


@contextmanager
def unchanged() -> Iterator[None]:
    """Fail if anything in the table changes. A wish on a ledger's head is no change: it is gone within a second."""
    before = _without_wishes()
    yield
    assert _without_wishes() == before


@contextmanager
def meanwhile(*acts: Callable[[], object], at: str = "TransactWriteItems") -> Iterator[None]:
    """Let something happen at the worst moment: when all is read, right before the first write is sent.

    Of several acts the next comes before the next try. What an act itself writes is not interrupted.
    """
    waiting, under_way = list(acts), False

    def interrupt(**_: Any) -> None:
        nonlocal under_way
        if waiting and not under_way:
            under_way = True
            waiting.pop(0)()
            under_way = False

    with _hooked(at, interrupt):
        yield
    assert not waiting, f"{len(waiting)} of {len(acts)} acts never had their {at}"


@contextmanager
def failing(error: Exception, *, at: str = "*") -> Iterator[None]:
    """Let every request to DynamoDB, or every one of a kind, fail before it is sent."""

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


def _without_wishes() -> list[Raw]:
    return [{name: value for name, value in item.items() if name != "wanted_until"} for item in items()]


def _copied[T](thing: T) -> T:
    """Return a deep copy, which `pickle` makes in half the time that `copy` takes."""
    same: T = pickle.loads(pickle.dumps(thing))
    return same


def _table() -> Table:
    return _tables()[settings.TABLE_NAME]


def _tables() -> dict[str, Table]:
    return dynamodb_backends[stack.ACCOUNT][stack.REGION].tables


def _client() -> Any:
    return client.connection().client
