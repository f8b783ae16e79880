"""The notify function in one process, with its input from the table's stream and its output to SES and the bus."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests import bus, stream
from tests.calls import LambdaContext, handler
from tests.edge import post
from tests.edge.post import Refusal


@dataclass
class Notify:
    """The notify function, with its input from the table's stream and its output to SES and the bus."""

    mails: list[post.Sent] = field(default_factory=list)
    events: list[bus.Published] = field(default_factory=list)
    refused_events: list[str] = field(default_factory=list)
    """Error codes of the bus for the next events, one for each event."""
    refuse: Callable[[str], Refusal | None] = lambda address: None
    time_left: timedelta = timedelta(minutes=10)
    """Remaining time of the invocation."""
    position: int = field(default_factory=stream.position)

    def refusal(self, address: str) -> Refusal | None:
        """Return the current refusal of SES for an address."""
        return self.refuse(address)

    def new(self) -> list[stream.Record]:
        """Return the stream records since the last call."""
        found = stream.since(self.position)
        self.position = stream.position()
        return found

    def deliver(self, given: list[stream.Record] | None = None) -> list[str]:
        """Invoke the function with records, by default the new ones, and return the reported failures."""
        answer = self.invoke({"Records": self.new() if given is None else given})
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def redrive(self) -> dict[str, int]:
        """Invoke the function to redrive the dead-letter queue."""
        counted: dict[str, int] = self.invoke({"redrive": True})
        return counted

    def invoke(self, event: Any) -> Any:
        context = LambdaContext(milliseconds=int(self.time_left.total_seconds() * 1000))
        return handler("notify")(json.loads(json.dumps(event)), context)

    @property
    def mailed(self) -> list[tuple[str, str]]:
        """Recipient and kind of each mail that reached SES, refused or not: the fixed text of its subject."""
        return [(mail["Destination"]["ToAddresses"][0], post.kind_in(subject_of(mail))) for mail in self.mails]

    @property
    def published(self) -> list[str]:
        """The kinds of events that the bus accepted."""
        return [event["DetailType"] for event in self.events]


def subject_of(mail: post.Sent) -> str:
    (subject,) = post.read(post.as_mailed(mail)).headers["subject"]
    return subject


def text_of_mail(mail: post.Sent) -> str:
    return post.read(post.as_mailed(mail)).text
