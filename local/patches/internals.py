"""The modules of ministack that the patches change. They are untyped and private; `tests/local` pins the parts used.

Import this module only after the emulator's settings are set in the environment, because ministack reads them on
import.
"""

import threading
from importlib import import_module


def _without_thread(name: str) -> None:
    """Import the DynamoDB service, but do not start the thread of this name, which the service starts on import."""
    start = threading.Thread.start

    def start_others(thread: threading.Thread) -> None:
        if thread.name != name:
            start(thread)

    threading.Thread.start = start_others  # type: ignore[method-assign, assignment]  # restored in `finally`
    try:
        import_module("ministack.services.dynamodb")
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


# The TTL sweep of ministack deletes without a stream record, and would compete with the sweep in patches/ttl.py.
OWN_TTL_SWEEP = "dynamodb-ttl-reaper"
_without_thread(OWN_TTL_SWEEP)

# They are imported after the patch above. The modules are untyped, so mypy treats their contents as Any.
from ministack import app  # noqa: E402
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, responses  # noqa: E402
from ministack.services import (  # noqa: E402
    apigateway,
    dynamodb,
    eventbridge,
    lambda_svc,
    scheduler,
    ses,
    ses_v2,
)
from ministack.services.cloudformation import changesets, handlers, provisioners, stacks  # noqa: E402

__all__ = [
    "apigateway",
    "app",
    "changesets",
    "dynamodb",
    "eventbridge",
    "handlers",
    "iam_actions",
    "iam_evaluator",
    "lambda_runtime",
    "lambda_svc",
    "provisioners",
    "responses",
    "scheduler",
    "ses",
    "ses_v2",
    "stacks",
]
