"""The only source of the current time. Tests freeze it.

It belongs to the lower one of the two rings that ask the time; the rules get moments as values.
Durations, such as a deadline or the milliseconds of a log line, are measured with monotonic clocks instead.
"""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return this moment in UTC, in whole seconds as the HTTP API writes times."""
    return datetime.now(UTC).replace(microsecond=0)


def epoch_seconds() -> float:
    """Return this moment in seconds since the epoch, with fractions: for claims that last a second."""
    return time.time()
