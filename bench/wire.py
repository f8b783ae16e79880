"""Records the requests of a function to DynamoDB: operation, start, end and capacity units.

The events of botocore report the start and the end of each request. While requests are recorded, each is delayed by
40 ms, as on a network, so that requests that do not wait for each other overlap.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any

from botocore.client import BaseClient
from types_boto3_dynamodb import DynamoDBClient

from bench import weights
from guestkey.store.dynamodb.models import Item

NETWORK_SECONDS = 0.04


@dataclass(kw_only=True)
class Request:
    """One request to DynamoDB, with start and end in seconds and its capacity units."""

    operation: str
    asked: dict[str, Any]
    began: float
    ended: float = inf
    read_units: float = 0.0
    write_units: float = 0.0


def client() -> BaseClient:
    """Return the client through which Guestkey sends all its requests to DynamoDB."""
    found: BaseClient = Item._get_connection().connection.client
    return found


class Wire:
    """Records the requests of Guestkey's client. `plain` is a client that reads items before and after a write."""

    def __init__(self, plain: DynamoDBClient) -> None:
        self._plain = plain
        described = plain.describe_table(TableName=Item.Meta.table_name)["Table"]
        self._indexes = [weights.Index.of(dict(index)) for index in described.get("GlobalSecondaryIndexes", [])]
        self._seen: list[Request] | None = None
        client().meta.events.register("provide-client-params.dynamodb", self._begin)
        client().meta.events.register("after-call.dynamodb", self._end)

    @contextmanager
    def watched(self) -> Iterator[list[Request]]:
        """Yield a list to which every request is appended until the block ends."""
        seen: list[Request] = []
        self._seen = seen
        try:
            yield seen
        finally:
            self._seen = None

    def _begin(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if self._seen is None:
            return
        request = Request(operation=model.name, asked=params, began=time.perf_counter())
        self._seen.append(request)
        context["bench"] = request, self._items(weights.touched(model.name, params))
        time.sleep(NETWORK_SECONDS)

    def _end(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if "bench" not in context:
            return
        request, before = context.pop("bench")
        request.ended = time.perf_counter()
        item_keys = weights.touched(request.operation, request.asked)
        if "Error" not in parsed:
            request.read_units = weights.read_units(request.operation, request.asked, parsed)
        after = self._items(item_keys)
        request.write_units = weights.write_units(request.operation, item_keys, before, after, self._indexes)

    def _items(self, item_keys: list[weights.ItemKey]) -> dict[weights.ItemKey, weights.Item]:
        found = {}
        for item_key in item_keys:
            key: Any = {"PK": {"S": item_key.pk}, "SK": {"S": item_key.sk}}
            answer: Any = self._plain.get_item(TableName=Item.Meta.table_name, Key=key, ConsistentRead=True)
            if "Item" in answer:
                found[item_key] = answer["Item"]
        return found


def sequential(requests: list[Request]) -> int:
    """Return the length of the longest sequence in which each request began after the one before had ended."""
    length, free_at = 0, -inf
    for request in sorted(requests, key=lambda request: request.ended):
        if request.began >= free_at:
            length, free_at = length + 1, request.ended
    return length
