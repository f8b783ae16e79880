"""Compares each request that a handler sends to DynamoDB with the role that the template gives its function.

Neither moto nor the local stack enforces the roles, so a missing permission would be seen on AWS only.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from guestkey.store.dynamodb import client
from tests import calls, stack

TABLE = "Table.Arn"
OF_A_TRANSACTION = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}


@contextmanager
def enforced() -> Iterator[None]:
    """Fail where a running function sends a request that its role does not allow."""
    events = client.connection().client.meta.events
    events.register_first("before-call.dynamodb", _check)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb", _check)


def _check(model: Any, params: dict[str, Any], **_: Any) -> None:
    folder = calls.running[-1] if calls.running else None
    if folder is not None:
        missing = _needed(model.name, json.loads(params["body"])) - _allowed(folder)
        assert not missing, f"the role of {folder} does not allow {sorted(missing)}"


def _needed(operation: str, body: dict[str, Any]) -> set[tuple[str, str]]:
    if operation == "TransactWriteItems":
        return {(OF_A_TRANSACTION[kind], TABLE) for item in body["TransactItems"] for kind in item}
    index = body.get("IndexName")
    return {(f"dynamodb:{operation}", f"{TABLE}/index/{index}" if index else TABLE)}


@cache
def _allowed(folder: str) -> frozenset[tuple[str, str]]:
    """Return each allowed action with its resource."""
    (properties,) = (
        found for found in stack.of_type("AWS::Serverless::Function").values() if stack.folder_of(found) == folder
    )
    statements = [statement for policy in properties.get("Policies", []) for statement in policy["Statement"]]
    return frozenset(
        (action, resource) for one in statements for action in one["Action"] for resource in _resources(one["Resource"])
    )


def _resources(declared: Any) -> list[str]:
    found = stack.value_of(declared, stack.parameters())
    return found if isinstance(found, list) else [found]
