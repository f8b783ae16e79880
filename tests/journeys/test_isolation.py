"""Permissions of the functions on the table."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.deployment import STACK_NAME
from local.emulator import REGION
from tests.journeys.calls import success
from tests.journeys.world import Tenant, World

READING = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"}
READERS = {"CheckFunction", "AccountFunction", "HistoryFunction"}
ON_ALL_RESOURCES = (["ses:SendEmail", "ses:SendRawEmail"], ["dynamodb:ListStreams"])
"""Actions on all resources: the sender that SES verifies belongs to the vendor, and ListStreams has no resource."""


def roles(world: World) -> dict[str, str]:
    """Return the deployed role of each function, by the function's name in the template."""
    functions = world.deployment.client("lambda").list_functions()["Functions"]
    return {function["FunctionName"].split("-")[1]: function["Role"] for function in functions}


def statements(world: World, role: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of the template's policies for a role."""
    iam, name = world.deployment.client("iam"), role.rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        yield from iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]


def as_function(world: World, role: str) -> Any:
    """Return a DynamoDB client with the role's permissions."""
    assumed = world.deployment.client("sts").assume_role(RoleArn=role, RoleSessionName="journeys")["Credentials"]
    make: Any = boto3.client
    return make(
        "dynamodb",
        endpoint_url=world.stack.url,
        region_name=REGION,
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
    )


def test_every_function_of_the_template_has_its_own_role(world: World) -> None:
    assert len(set(roles(world).values())) == len(roles(world)) >= 6


def test_no_role_may_scan_or_has_wildcards(world: World) -> None:
    for name, role in roles(world).items():
        for statement in statements(world, role):
            assert statement["Effect"] == "Allow"
            for action in statement["Action"]:
                assert "*" not in action, name
                assert action.split(":")[1] not in {"Scan", "BatchWriteItem", "PartiQLSelect", "DeleteTable"}, name
            if statement["Action"] not in ON_ALL_RESOURCES:
                resources = str(statement["Resource"])
                for own_wildcard in ("/stream/*", f":schedule/{STACK_NAME}/*"):
                    resources = resources.replace(own_wildcard, "")
                assert "*" not in resources, name


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reading_function_has_only_read_permissions(world: World, name: str) -> None:
    actions = {action for statement in statements(world, roles(world)[name]) for action in statement["Action"]}

    assert actions <= READING


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reading_function_can_read_and_every_write_is_denied(world: World, acme: Tenant, name: str) -> None:
    table, key = world.table, {"PK": {"S": f"TENANT#{acme.tenant_id}"}, "SK": {"S": "PROFILE"}}
    dynamodb = as_function(world, roles(world)[name])
    item = key | {"kind": {"S": "forged"}}
    writes: dict[str, Callable[[], object]] = {
        "put": lambda: dynamodb.put_item(TableName=table, Item=item),
        "update": lambda: dynamodb.update_item(TableName=table, Key=key, UpdateExpression="SET a = PK"),
        "delete": lambda: dynamodb.delete_item(TableName=table, Key=key),
        "batch": lambda: dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}}]}),
        "transaction": lambda: dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": table, "Item": item}}]
        ),
        "scan": lambda: dynamodb.scan(TableName=table),
        "statement": lambda: dynamodb.execute_statement(Statement=f'DELETE FROM "{table}"'),
        "drop": lambda: dynamodb.delete_table(TableName=table),
    }

    assert dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]["kind"] == {"S": "tenant"}
    for write in writes.values():
        with pytest.raises(ClientError, match="AccessDenied"):
            write()
    assert success(acme.anna.get("/v1/about"))["tenant_id"] == acme.tenant_id


def test_no_function_can_scan_the_table(world: World) -> None:
    for role in roles(world).values():
        with pytest.raises(ClientError, match="AccessDenied"):
            as_function(world, role).scan(TableName=world.table)


FORGED = {
    "kind": "live_key",
    "grantee_type": "agent",
    "grantee_id": "mallory",
    "grantee_name": "Mallory",
    "granted_at": "2026-11-23T12:00:00Z",
}


@pytest.mark.parametrize("name", ["BookingFunction", "LoginRecordFunction", "RevokeFunction", "CleanupFunction"])
def test_a_function_that_writes_cannot_forge_a_live_key_or_change_one(world: World, acme: Tenant, name: str) -> None:
    grant_id = acme.lets_in("sven")
    dynamodb = as_function(world, roles(world)[name])
    partition = {"S": f"TENANT#{acme.tenant_id}"}
    item = {"PK": partition, "SK": {"S": "LIVE#forged"}, **{name: {"S": value} for name, value in FORGED.items()}}
    update = {
        "TableName": world.table,
        "Key": {"PK": partition, "SK": {"S": f"LIVE#{grant_id}"}},
        "UpdateExpression": "SET grantee_id = :mallory",
        "ExpressionAttributeValues": {":mallory": {"S": "mallory"}},
    }

    for together in ([{"Put": {"TableName": world.table, "Item": item}}], [{"Update": update}]):
        with pytest.raises(ClientError, match="AccessDenied"):
            dynamodb.transact_write_items(TransactItems=together)
    assert not world.allows(acme.tenant_id, "mallory")
    assert world.allows(acme.tenant_id, "sven")
