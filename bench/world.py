"""A DynamoDB table in this process, by moto, for the benchmarks that count requests and measure no concurrency."""

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
    """Create the table of the store and yield a separate client that reads it."""
    with mock_aws():
        patch_client(wire.client())
        Item.create_table(billing_mode="PAY_PER_REQUEST")
        yield boto3.client("dynamodb")


def fill(items: Iterable[Raw]) -> None:
    """Write items directly into moto's memory, because writing 100,000 items through its API takes minutes."""
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][boto3.client("dynamodb").meta.region_name]
    for item in items:
        backend.put_item(Item.Meta.table_name, dict(item))
