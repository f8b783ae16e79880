"""A fake of the stack's EventBridge bus: it keeps the published entries, as EventBridge received them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from guestkey.edge.stream import event_bus
from tests.edge.post import Raw

EVENT = "before-send.events.PutEvents"
Published = dict[str, Any]


@contextmanager
def taking(refusals: list[str] | None = None) -> Iterator[list[Published]]:
    """Give the published entries, in order. The bus refuses once for each code in `refusals`, and uses them up."""
    taken: list[Published] = []

    def answer(request: Any, **_: Any) -> Any:  # botocore's stubs have no type for a handler that returns a response
        entries = json.loads(request.body)["Entries"]
        if refusals:
            said = {"FailedEntryCount": len(entries), "Entries": [{"ErrorCode": refusals.pop(0)} for _ in entries]}
        else:
            said = {"FailedEntryCount": 0, "Entries": [{"EventId": "0100"} for _ in entries]}
            taken.extend(entries)
        return AWSResponse(request.url, HTTPStatus.OK, HTTPHeaders(), Raw(json.dumps(said).encode()))

    event_bus.client().meta.events.register_first(EVENT, answer)
    try:
        yield taken
    finally:
        event_bus.client().meta.events.unregister(EVENT, answer)
