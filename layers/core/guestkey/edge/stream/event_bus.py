"""The stack's EventBridge bus, on which every ledger entry is published as an event."""

from functools import cache
from typing import Any

import boto3

from guestkey import settings
from guestkey.edge import aws, log
from guestkey.rules.ledger import Entry, to_line

SOURCE = "guestkey"


class NotAccepted(log.LoggableError):
    """Raised when the bus does not accept an event. The message is the error code of EventBridge."""


@cache
def client() -> Any:
    """Return the client of EventBridge."""
    return boto3.client("events", config=aws.CLIENT_CONFIG)


def publish(entry: Entry) -> None:
    """Publish a ledger entry as it is stored. Subscribers recognise a repeat by `tenant_id` and `seq`.

    Raises NotAccepted.
    """
    answer = client().put_events(
        Entries=[
            {
                "EventBusName": settings.EVENT_BUS,
                "Source": SOURCE,
                "DetailType": entry.what.value,
                "Time": entry.at,
                "Detail": to_line(entry),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise NotAccepted(answer["Entries"][0].get("ErrorCode", "no reason given"))
