"""The condition keys of a request, as IAM sees them on AWS."""

from typing import Any

from local import condition_keys
from local.condition_keys import ATTRIBUTES, LEADING_KEYS
from tests.rows_and_columns import each_row

KEY = {"PK": {"S": "TENANT#acme"}, "SK": {"S": "LIVE#one"}}
NAMES = {"ExpressionAttributeNames": {"#0": "ends_at"}}


@each_row(
    "operation, request, attributes",
    [
        ("PutItem", {"Item": KEY | {"note": {"S": "x"}}}, ["PK", "SK", "note"]),
        ("UpdateItem", {"Key": KEY, "UpdateExpression": "SET #0 = :0", **NAMES}, ["PK", "SK", "ends_at"]),
        (
            "UpdateItem",
            {"Key": KEY, "UpdateExpression": "SET a = if_not_exists(b, :0) REMOVE c.d"},
            ["PK", "SK", "a", "b", "c"],
        ),
        (
            "DeleteItem",
            {"Key": KEY, "ConditionExpression": "attribute_exists(a) AND NOT b BETWEEN :0 AND :1"},
            ["PK", "SK", "a", "b"],
        ),
    ],
)
def test_attributes_are_all_names_of_the_item_and_the_expressions(
    operation: str, request: dict[str, Any], attributes: list[str]
) -> None:
    (check,) = condition_keys.of_dynamodb(operation, request)

    assert (check.action, check.keys[LEADING_KEYS]) == (f"dynamodb:{operation}", ["TENANT#acme"])
    assert check.keys[ATTRIBUTES] == attributes


def test_each_write_of_a_transaction_is_checked_as_the_single_write_that_it_would_be() -> None:
    request = {"TransactItems": [{"ConditionCheck": {"Key": KEY}}, {"Put": {"Item": KEY}}, {"Delete": {"Key": KEY}}]}

    found = list(condition_keys.of_dynamodb("TransactWriteItems", request))

    assert [one.action.removeprefix("dynamodb:") for one in found] == ["ConditionCheckItem", "PutItem", "DeleteItem"]
    assert {tuple(one.keys[condition_keys.ENCLOSING_OPERATION]) for one in found} == {("TransactWriteItems",)}


def test_a_read_has_the_partition_of_its_condition_and_of_its_keys() -> None:
    query = {
        "IndexName": "due",
        "KeyConditionExpression": "(#0 = :0 AND #1 < :1)",
        "ExpressionAttributeValues": {":0": {"S": "DUE#1"}, ":1": {"S": "x"}},
    }
    batch = {"RequestItems": {"guestkey": {"Keys": [KEY, {"PK": {"S": "AGENT#sven"}, "SK": {"S": "PROFILE"}}]}}}

    (queried,), (read,) = (
        condition_keys.of_dynamodb("Query", query),
        condition_keys.of_dynamodb("BatchGetItem", batch),
    )
    assert (queried.index_name, queried.keys[LEADING_KEYS]) == ("due", ["DUE#1"])
    assert read.keys[LEADING_KEYS] == ["AGENT#sven", "TENANT#acme"]


@each_row(
    "sender, address",
    [
        ("Support <support@vendor.example>", "support@vendor.example"),
        ("=?utf-8?q?K=C3=A4se?= <support@vendor.example>", "support@vendor.example"),
        ("support@vendor.example", "support@vendor.example"),
        ("", ""),
    ],
)
def test_the_sender_of_a_mail_is_its_address(sender: str, address: str) -> None:
    assert condition_keys.sender_of({"FromEmailAddress": sender}) == address
