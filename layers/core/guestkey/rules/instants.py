"""Text form of moments in the API and the table: RFC 3339, UTC, `Z`, whole seconds."""

from datetime import UTC, datetime

MOMENT = r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
"""The form of such a text. Years 2000 to 2999: arithmetic with moments fails at the limits of `datetime`."""


def text_of(at: datetime) -> str:
    """Return an aware moment as `2026-11-22T14:00:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> datetime:
    """Return the aware moment that `text_of` wrote."""
    return datetime.fromisoformat(text)
