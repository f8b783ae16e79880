"""The faster parts of moto have the results of DynamoDB where sharing or remembering could change them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from guestkey import settings
from guestkey.store.dynamodb import client
from tests import table

NAME = settings.TABLE_NAME
KEY = {"PK": {"S": "a"}, "SK": {"S": "1"}}
OTHER = {"PK": {"S": "a"}, "SK": {"S": "2"}}
ITEM = KEY | {"number": {"N": "1"}, "names": {"SS": ["x"]}, "map": {"M": {"in": {"S": "old"}}}}
EXPRESSION = "SET #map.#in = :text ADD #number :one, #names :names"
NAMES = {"#map": "map", "#in": "in", "#number": "number", "#names": "names"}
VALUES = {":text": {"S": "new"}, ":one": {"N": "1"}, ":names": {"SS": ["y"]}}


@pytest.fixture
def dynamodb(table: None) -> Any:
    found = client.connection().client
    found.put_item(TableName=NAME, Item=ITEM)
    return found


def update(**more: Any) -> dict[str, Any]:
    return {
        "TableName": NAME,
        "Key": KEY,
        "UpdateExpression": EXPRESSION,
        "ExpressionAttributeNames": NAMES,
        "ExpressionAttributeValues": VALUES,
    } | more


def test_a_failed_transaction_leaves_items_records_and_pictures_as_they_were(dynamodb: Any) -> None:
    before, picture = table.items(), table.picture()
    check = {"TableName": NAME, "Key": OTHER, "ConditionExpression": "attribute_exists(PK)"}

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.transact_write_items(TransactItems=[{"Update": update()}, {"ConditionCheck": check}])
    assert table.items() == before

    dynamodb.transact_write_items(TransactItems=[{"Update": update()}])
    (after,) = table.items()
    assert (after["number"], after["map"]) == ({"N": "2"}, {"M": {"in": {"S": "new"}}})
    assert sorted(after["names"]["SS"]) == ["x", "y"]
    for _ in range(2):
        table.restore(picture)
        assert table.items() == before
        dynamodb.update_item(**update())
        assert table.items() == [after]


def test_a_remembered_expression_is_applied_with_other_names_and_values(dynamodb: Any) -> None:
    condition = "#what = :value"
    for number, is_met in (("1", True), ("2", False), ("1", True)):
        how = {
            "Key": KEY,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#what": "number"},
            "ExpressionAttributeValues": {":value": {"N": number}},
        }
        item = {"ConditionCheck": {"TableName": NAME} | how}
        if is_met:
            dynamodb.transact_write_items(TransactItems=[item])
        else:
            with pytest.raises(ClientError, match="ConditionalCheckFailed"):
                dynamodb.transact_write_items(TransactItems=[item])


def test_an_expression_that_passed_is_refused_with_names_that_collide_or_are_of_a_key(dynamodb: Any) -> None:
    expression, values = "SET #one = :a, #two = :b", {":a": {"S": "a"}, ":b": {"S": "b"}}

    def put(one: str, two: str) -> None:
        names = {"#one": one, "#two": two}
        dynamodb.update_item(
            **update(UpdateExpression=expression, ExpressionAttributeNames=names, ExpressionAttributeValues=values)
        )

    put("p", "q")
    put("q", "p")
    with pytest.raises(ClientError, match="overlap"):
        put("p", "p")
    with pytest.raises(ClientError, match="part of the key"):
        put("p", "SK")
    (item,) = table.items()
    assert (item["p"], item["q"]) == ({"S": "b"}, {"S": "a"})
