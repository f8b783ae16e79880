"""The one source of the current time. Tests stop it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return this moment in UTC, in whole seconds as the contract writes times."""
    return datetime.now(UTC).replace(microsecond=0)
