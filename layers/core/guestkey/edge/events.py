"""The way out to the stack's EventBridge bus: each ledger entry as an event, for whoever subscribes."""

import boto3

from guestkey import settings
from guestkey.edge import aws, log
from guestkey.rules.ledger import Entry, to_line

SOURCE = "guestkey"

bus = boto3.client("events", config=aws.PROMPT)


class NotTaken(log.Discreet):
    """The bus did not take an event. Its text is the code that says why."""


def publish(entry: Entry) -> None:
    """Put an entry on the bus as it stands in the ledger. Raises NotTaken.

    One that comes again is known by `tenant_id` and `seq`.
    """
    answer = bus.put_events(
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
        raise NotTaken(answer["Entries"][0].get("ErrorCode", "no reason given"))
