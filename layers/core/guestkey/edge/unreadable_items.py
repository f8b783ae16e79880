"""Reports items of the table that cannot be read, by their keys, for the log and for the alarm."""

from guestkey.edge import metrics
from guestkey.store.dynamodb import unreadable


def report() -> None:
    """Write one line, and count 1, for each such item that was met since the last report."""
    for key in unreadable.take():
        metrics.count("UnreadableItems", code="item_unreadable", item=" ".join(key))
