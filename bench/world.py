"""A table in this process, kept by moto: what the parts use that count and do not race."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import boto3
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID, patch_client
from moto.dynamodb.models import dynamodb_backends
from types_boto3_dynamodb import DynamoDBClient

from bench import wire
from bench.samples import Raw
from guestkey.store.dynamodb.models import Item


@contextmanager
def table() -> Iterator[DynamoDBClient]:
    """Make the table as the store describes it, and yield a client of our own to look into it."""
    with mock_aws():
        patch_client(wire.client())
        Item.create_table(billing_mode="PAY_PER_REQUEST")
        yield boto3.client("dynamodb")


def fill(items: Iterable[Raw]) -> None:
    """Put items into moto's own memory: a hundred thousand of them over its API would take minutes."""
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][boto3.client("dynamodb").meta.region_name]
    for item in items:
        backend.put_item(Item.Meta.table_name, dict(item))
