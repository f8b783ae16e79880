"""Text form of moments in the API and the table: RFC 3339, UTC, `Z`, whole seconds."""

from datetime import UTC, datetime


def text_of(at: datetime) -> str:
    """Return an aware moment as `2026-11-22T14:00:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> datetime:
    """Return the aware moment that `text_of` wrote."""
    return datetime.fromisoformat(text)
