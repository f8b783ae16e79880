"""Date back the items of a tenant and its agents, as if everything had happened earlier.

A test cannot wait for three days. Every time is moved, and so are the ids, which begin with their time; ledger entries
are not changed.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ulid import ULID

from tests.journeys.world import Agent, Tenant, World

FAR_FUTURE = "4102444800"  # 2100, so that the item does not expire during the test
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
OF_A_TENANT = ("LIVE#", "GRANT#", "LASTING#", "LOGIN#", "REQUEST#", "LEDGER")
OF_AN_AGENT = ("PROFILE", "OWN#")

Item = dict[str, dict[str, Any]]


def date_back(tenant: Tenant, by: timedelta, *agents: Agent, keys_expire: bool = False) -> dict[str, str]:
    """Date everything of the tenant back by that time, and return the new id of each old one.

    Live keys stay in the table after their end, unless `keys_expire`.
    """
    world = tenant.world
    before = list(_items(world, f"TENANT#{tenant.tenant_id}", OF_A_TENANT))
    for agent in agents:
        before += _items(world, f"AGENT#{agent.agent_id}", OF_AN_AGENT)
    ids = {id: _moved(id, by) for id in {found for item in before for found in re.findall(r"#(\w{26})$", _sk(item))}}
    text = json.dumps(before)
    for old, new in ids.items():
        text = text.replace(old, new)
    after: list[Item] = json.loads(MOMENT.sub(lambda at: _earlier(at[0], by), text))
    for item in after:
        if "ttl" in item:
            ends = int(item["ttl"]["N"]) - int(by.total_seconds())
            item["ttl"] = {"N": str(ends) if keys_expire else FAR_FUTURE}
    for item in before:
        world.dynamodb.delete_item(TableName=world.table, Key={"PK": item["PK"], "SK": item["SK"]})
    for item in after:
        world.dynamodb.put_item(TableName=world.table, Item=item)
    return ids


def _items(world: World, pk: str, kinds: tuple[str, ...]) -> list[Item]:
    pages = world.dynamodb.get_paginator("query").paginate(
        TableName=world.table,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        ConsistentRead=True,
    )
    return [item for page in pages for item in page["Items"] if _sk(item).startswith(kinds)]


def _sk(item: Item) -> str:
    return str(item["SK"]["S"])


def _moved(id: str, by: timedelta) -> str:
    return str(ULID.from_datetime(ULID.from_str(id).datetime - by))[:10] + id[10:]


def _earlier(moment: str, by: timedelta) -> str:
    return (datetime.fromisoformat(moment) - by).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
