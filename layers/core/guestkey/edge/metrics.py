"""Metrics for the alarms, as log lines in CloudWatch's embedded metric format.

The check reports unreadable items as well, so this needs no framework.
"""

from typing import Any

from guestkey import settings
from guestkey.edge import log
from guestkey.store import clock

NAMESPACE = "Guestkey"


def count(name: str, **facts: Any) -> None:
    """Add one to a metric of this stack. The facts are written into the same log line."""
    metric = {"Namespace": NAMESPACE, "Dimensions": [["stack"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    embedded = {"Timestamp": int(clock.epoch_seconds() * 1000), "CloudWatchMetrics": [metric]}
    log.outcome(**{"_aws": embedded, "stack": settings.STACK_NAME, name: [1.0]}, **facts)
