"""The queue of records that could not be handled. Each waits there, with the cause, until somebody has it handled
again: see `records`.

A record names users and whom a grant lets in: the queue is encrypted, and none of it is logged.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from guestkey import settings
from guestkey.edge import aws, clock
from guestkey.rules.instants import text_of
from guestkey.store.changes import Record

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

MOST_AT_ONCE = 10

queue = boto3.client("sqs", config=aws.PROMPT)


@dataclass(frozen=True, kw_only=True)
class Parked:
    """A message of the queue. `record` is None where it was not this function that parked it."""

    handle: str
    record: Record | None


def park(record: Record, cause: str, function: str) -> None:
    """Keep a record that this function could not handle. The cause names nobody."""
    said = {"function": function, "parked_at": text_of(clock.now()), "cause": cause, "record": record}
    queue.send_message(QueueUrl=settings.PARKED_RECORDS_URL, MessageBody=json.dumps(said))


def parked(function: str) -> Iterator[Parked]:
    """Yield the messages that are there, each once: what is not taken out stays hidden for the queue's own time."""
    while messages := _some():
        for message in messages:
            yield Parked(handle=message["ReceiptHandle"], record=_record(message["Body"], function))


def take_out(parked: Parked) -> None:
    """Delete a message whose record is handled."""
    queue.delete_message(QueueUrl=settings.PARKED_RECORDS_URL, ReceiptHandle=parked.handle)


def _some() -> "Sequence[MessageTypeDef]":
    return queue.receive_message(QueueUrl=settings.PARKED_RECORDS_URL, MaxNumberOfMessages=MOST_AT_ONCE).get(
        "Messages", ()
    )


def _record(body: str, function: str) -> Record | None:
    """Return the record, if this function parked it: the queue is Lambda's as well, which writes what it gave up."""
    try:
        match json.loads(body):
            case {"function": by, "record": dict(record)} if by == function:
                return record
    except ValueError:
        pass
    return None
