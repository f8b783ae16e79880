"""The faster parts of moto have the results of DynamoDB where sharing or remembering could change them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from guestkey import settings
from guestkey.store.dynamodb import client
from tests import moto_requests, table

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


def test_answers_without_the_layers_of_moto_equal_those_with_them(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = {"L": [{"M": {"raw": {"B": b"\x00\xff"}, "none": {"NULL": True}}}, {"BS": [b"\x01"]}, {"BOOL": False}]}
    key = {"PK": {"S": "b"}, "SK": {"S": "1"}}
    queried = {"TableName": NAME, "KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": {":pk": key["PK"]}}
    fails = {"ConditionExpression": "attribute_not_exists(PK)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    put = {"TableName": NAME, "Item": key | {"deep": deep, "raw": {"B": b"\xfe"}}}

    def answers() -> list[Any]:
        dynamodb.put_item(**put)
        found = [
            dynamodb.get_item(TableName=NAME, Key=key, ReturnConsumedCapacity="TOTAL"),
            dynamodb.get_item(TableName=NAME, Key=OTHER),
            dynamodb.query(**queried),
            dynamodb.query(**queried, Limit=1),
            dynamodb.batch_get_item(RequestItems={NAME: {"Keys": [key, KEY]}}),
            dynamodb.update_item(**update(ReturnValues="ALL_NEW", ExpressionAttributeValues=VALUES)),
        ]
        for call, more in (
            (dynamodb.put_item, put | fails),
            (dynamodb.transact_write_items, {"TransactItems": [{"Put": put | fails}]}),
            (dynamodb.update_item, update(UpdateExpression="SET PK = :text")),
            (dynamodb.query, queried | {"IndexName": "nowhere"}),
        ):
            with pytest.raises(ClientError) as refused:
                call(**more)
            found.append(refused.value.response)
        return [{name: part for name, part in one.items() if name != "ResponseMetadata"} for one in found]

    quick = answers()
    dynamodb.put_item(TableName=NAME, Item=ITEM)
    for changed, name, former in moto_requests.REPLACED:
        monkeypatch.setattr(changed, name, former)

    assert answers() == quick
    assert quick[0]["Item"]["deep"] == deep
