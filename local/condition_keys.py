"""The condition keys of IAM that requests to DynamoDB and SES carry: for the local stack, and for tests of policies.

DynamoDB checks each write of a transaction as the single write that it would be, with `EnclosingOperation`. AWS does
not say whether it then sees the keys and attributes of that write or of all writes with the same action. The policies
of the template decide alike in both cases, because they name one list for each action.
"""

import re
from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any, NamedTuple

LEADING_KEYS, ATTRIBUTES = "dynamodb:LeadingKeys", "dynamodb:Attributes"
ENCLOSING_OPERATION, FROM_ADDRESS = "dynamodb:EnclosingOperation", "ses:FromAddress"
OF_A_TRANSACTION = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
TRANSACTIONS = {"TransactWriteItems", "TransactGetItems"}
_FIRST_KEY = re.compile(r"[#\w]+ = (:\w+)")
"""The condition on the partition key, the first of a query."""

_EXPRESSIONS = {"UpdateExpression", "ConditionExpression", "FilterExpression", "ProjectionExpression"}
_PLAIN_NAME = re.compile(r"(?<![#:.\w])[A-Za-z_]\w*(?![\w(])(?!\s*\()")
"""A name that stands in an expression itself, not in `ExpressionAttributeNames`, and is no function."""
_WORDS = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"}


class Check(NamedTuple):
    """One permission that a request needs: the action, the queried index if there is one, and the condition keys."""

    action: str
    index_name: str | None
    keys: dict[str, list[str]]


def of_dynamodb(operation: str, request: dict[str, Any]) -> Iterator[Check]:
    """Yield what DynamoDB checks for a request to a table whose partition key is `PK`."""
    if operation not in TRANSACTIONS:
        yield Check(f"dynamodb:{operation}", request.get("IndexName"), dict(_keys(request)))
        return
    for item in request["TransactItems"]:
        for kind, part in item.items():
            keys = {**dict(_keys(part)), ENCLOSING_OPERATION: [operation]}
            yield Check(OF_A_TRANSACTION[kind], None, keys)


def sender_of(request: dict[str, Any]) -> str:
    """Return the address in `From` of a mail, which SES compares with `ses:FromAddress`."""
    return parseaddr(request.get("FromEmailAddress", ""))[1]


def _keys(request: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    leading = list(_leading(request))
    if leading:
        yield LEADING_KEYS, leading
    named = {*request.get("Item", {}), *request.get("Key", {}), *request.get("ExpressionAttributeNames", {}).values()}
    for expression in _EXPRESSIONS & request.keys():
        named.update(set(_PLAIN_NAME.findall(request[expression])) - _WORDS)
    if named:
        yield ATTRIBUTES, sorted(named)


def _leading(request: dict[str, Any]) -> Iterator[str]:
    for batch in request.get("RequestItems", {}).values():
        if isinstance(batch, dict):  # of reads; no function may write in batches
            yield from sorted({key["PK"]["S"] for key in batch["Keys"] if "PK" in key})
    key = request.get("Key") or request.get("Item") or {}
    if "PK" in key:
        yield key["PK"]["S"]
    if found := _FIRST_KEY.search(request.get("KeyConditionExpression", "")):
        yield request["ExpressionAttributeValues"][found[1]]["S"]
