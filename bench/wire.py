"""What goes over the wire between a function and DynamoDB: which requests, which of them side by side, at which price.

botocore says when a request begins and ends. While it is watched, each takes as long as it would over a network, so
that requests which do not wait for one another overlap.
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
    """One request to DynamoDB."""

    operation: str
    asked: dict[str, Any]
    began: float
    ended: float = inf
    read_units: float = 0.0
    write_units: float = 0.0


def client() -> BaseClient:
    """Return the one client through which all of Guestkey talks to DynamoDB."""
    found: BaseClient = Item._get_connection().connection.client
    return found


class Wire:
    """The client's wire, watched; `plain` is another client, to see the table with before and after a write."""

    def __init__(self, plain: DynamoDBClient) -> None:
        self._plain = plain
        described = plain.describe_table(TableName=Item.Meta.table_name)["Table"]
        self._indexes = [weights.Index.of(dict(index)) for index in described.get("GlobalSecondaryIndexes", [])]
        self._seen: list[Request] | None = None
        client().meta.events.register("provide-client-params.dynamodb", self._begin)
        client().meta.events.register("after-call.dynamodb", self._end)

    @contextmanager
    def watched(self) -> Iterator[list[Request]]:
        """Yield the list in which every request from now on will stand."""
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
        places = weights.touched(request.operation, request.asked)
        if "Error" not in parsed:
            request.read_units = weights.read_units(request.operation, request.asked, parsed)
        request.write_units = weights.write_units(request.operation, places, before, self._items(places), self._indexes)

    def _items(self, places: list[weights.Place]) -> dict[weights.Place, weights.Item]:
        found = {}
        for place in places:
            key: Any = {"PK": {"S": place.pk}, "SK": {"S": place.sk}}
            answer: Any = self._plain.get_item(TableName=Item.Meta.table_name, Key=key, ConsistentRead=True)
            if "Item" in answer:
                found[place] = answer["Item"]
        return found


def one_after_another(requests: list[Request]) -> int:
    """Return the longest chain of requests of which each began when the one before had ended."""
    length, free_at = 0, -inf
    for request in sorted(requests, key=lambda request: request.ended):
        if request.began >= free_at:
            length, free_at = length + 1, request.ended
    return length
