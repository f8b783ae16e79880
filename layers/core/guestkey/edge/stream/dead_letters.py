"""The dead-letter queue: records that could not be processed, each with its cause, until an operator redrives them.

A record names users and grantees: the queue is encrypted, and its content is never logged.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3

from guestkey import settings
from guestkey.edge import aws
from guestkey.rules.instants import text_of
from guestkey.store import clock
from guestkey.store.ledger.stream import Record

MAX_MESSAGES = 10
"""Messages in one answer of SQS; it allows no more."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message of the queue. `record` is None if another sender put it there."""

    handle: str
    record: Record | None


@cache
def client() -> Any:
    """Return the client of SQS."""
    return boto3.client("sqs", config=aws.CLIENT_CONFIG)


def send(record: Record, cause: str, function: str) -> None:
    """Send a failed record to the dead-letter queue, with a cause free of personal data."""
    body = {"function": function, "failed_at": text_of(clock.now()), "cause": cause, "record": record}
    client().send_message(QueueUrl=settings.DEAD_LETTER_QUEUE_URL, MessageBody=json.dumps(body))


def receive(function: str) -> Iterator[DeadLetter]:
    """Yield the visible messages, each once: without `delete` it stays hidden for the queue's visibility timeout."""
    while messages := _some():
        for message in messages:
            yield DeadLetter(handle=message["ReceiptHandle"], record=_record(message["Body"], function))


def delete(letter: DeadLetter) -> None:
    """Delete a message whose record was processed."""
    client().delete_message(QueueUrl=settings.DEAD_LETTER_QUEUE_URL, ReceiptHandle=letter.handle)


def _some() -> Sequence[Any]:
    answer: dict[str, Any] = client().receive_message(
        QueueUrl=settings.DEAD_LETTER_QUEUE_URL, MaxNumberOfMessages=MAX_MESSAGES
    )
    messages: Sequence[Any] = answer.get("Messages", ())
    return messages


def _record(body: str, function: str) -> Record | None:
    """Return the record, if this function sent it: Lambda sends its own messages to the same queue."""
    try:
        match json.loads(body):
            case {"function": by, "record": dict(record)} if by == function:
                return record
    except ValueError:
        pass
    return None
