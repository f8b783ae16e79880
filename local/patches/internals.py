"""The one door to ministack's insides. It has no types and no public interface for this: what the patches touch is
what `tests/local` pins.

Import it only after the emulator's settings stand in the environment: ministack reads them when it is imported.
"""

import threading
from importlib import import_module


def _without_thread(name: str) -> None:
    """Import the DynamoDB service without the thread of that name, which it starts while it is being imported."""
    start = threading.Thread.start

    def start_others(thread: threading.Thread) -> None:
        if thread.name != name:
            start(thread)

    threading.Thread.start = start_others  # type: ignore[method-assign, assignment]  # put back two lines below
    try:
        import_module("ministack.services.dynamodb")
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


# Its own TTL sweep deletes without a stream record and would race ours (patches/ttl.py) to the expired items.
OWN_TTL_SWEEP = "dynamodb-ttl-reaper"
_without_thread(OWN_TTL_SWEEP)

# The modules have no types; everything reached through them is Any.
from ministack import app  # noqa: E402
from ministack.core import iam_actions, lambda_runtime, responses  # noqa: E402
from ministack.services import (  # noqa: E402
    apigateway,
    dynamodb,
    eventbridge,
    lambda_svc,
    scheduler,
    ses,
    ses_v2,
)
from ministack.services.cloudformation import changesets, handlers, provisioners  # noqa: E402

__all__ = [
    "apigateway",
    "app",
    "changesets",
    "dynamodb",
    "eventbridge",
    "handlers",
    "iam_actions",
    "lambda_runtime",
    "lambda_svc",
    "provisioners",
    "responses",
    "scheduler",
    "ses",
    "ses_v2",
]
