"""The seats, the queue and the open keys in the table of a running stack, compared with its call-backs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.journeys.world import World

QUARTER = timedelta(minutes=15)


def require_seats_equal_bookings(world: World) -> None:
    """Fail unless seats, places in the queue and open keys belong to the call-backs of the table, and to no others.

    No test runs until a slot is over, so an open call-back is one without a close.
    """
    items = list(_items(world))
    callbacks = [item for item in items if item["kind"] == "callback"]
    booked = [item for item in callbacks if item.get("starts_at") and item.get("closed_as") != "cancelled"]
    seats = {(item["PK"][6:], item["SK"][5:]): item["holders"] for item in items if item.get("holders")}
    expected_seats: dict[tuple[str, str], set[str]] = {}
    for item in booked:
        starts_at, ends_at = (datetime.fromisoformat(item[name]) for name in ("starts_at", "ends_at"))
        for number in range((ends_at - starts_at) // QUARTER):
            at = starts_at + QUARTER * number
            expected_seats.setdefault((f"{at:%Y-%m-%d}", f"{at:%H:%M}"), set()).add(_holder(item))
    assert seats == expected_seats
    waiting = {_holder(item) for item in callbacks if not item.get("starts_at") and not item.get("closed_as")}
    assert {f"{item['tenant_id']}#{item['SK'][8:]}" for item in items if item["kind"] == "waiting"} == waiting
    unclosed = {_holder(item) for item in callbacks if not item.get("closed_as")}
    open_keys = [item for item in items if item["kind"] == "open_callback"]
    assert {f"{item['PK'][7:]}#{item['callback_id']}" for item in open_keys} == unclosed


def _items(world: World) -> Iterator[dict[str, Any]]:
    kinds = {f":{kind}": {"S": kind} for kind in ("callback", "waiting", "open_callback")}
    pages = world.dynamodb.get_paginator("scan").paginate(
        TableName=world.table,
        ConsistentRead=True,
        FilterExpression=f"#kind IN ({', '.join(kinds)}) OR attribute_exists(holders)",
        ExpressionAttributeNames={"#kind": "kind"},
        ExpressionAttributeValues=kinds,
    )
    for page in pages:
        for item in page["Items"]:
            plain = {name: next(iter(value.values())) for name, value in item.items()}
            yield {"kind": "", **plain} | ({"holders": set(plain["holders"])} if "holders" in plain else {})


def _holder(callback: dict[str, Any]) -> str:
    return f"{callback['PK'][7:]}#{callback['SK'][9:]}"
