"""Every five minutes what time has ended is written down, the longest due first. Nobody has to wait for it.

What one run leaves is still due in the next. The table itself sweeps live keys some time after their end, and its
stream brings those here too. A record that fails is tried again and at last parked, but nothing hangs on it: its grant
stays due all the while, and the schedule finds it.

The same schedule writes the support desk's public holidays, since the library that knows them is slow to load.
"""

from collections import Counter
from datetime import timedelta
from traceback import extract_tb
from typing import Any

from pynamodb.exceptions import PynamoDBException

from guestkey.edge import clock, closed_days, log, metrics, ready
from guestkey.errors import Busy
from guestkey.store import due, ends, keys, table
from guestkey.store.due import Reminder
from guestkey.store.ends import Came
from guestkey.store.keys import Key

MOST_LOOKS = 5_000
"""At how many things one run looks."""
SPARE_MILLISECONDS = 30_000
"""With less time left no look begins: one may have to wait for a contended ledger, and for DynamoDB."""
PUT_OFF = timedelta(hours=1)
"""For how long what cannot be handled is out of the others' way."""
WAITING, FAILED, STOPPED, YEARS_WRITTEN = "waiting", "failed", "stopped", "years_written"


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Look at what the table has swept where its stream tells of it, and else at all that is due."""
    if "Records" in event:
        return look_at_swept(event["Records"])
    clean_up(context)
    return None


def clean_up(context: Any, most: int = MOST_LOOKS) -> None:
    """Look at what is due until there is no more of it, or it was enough for one run; then at the desk's calendar."""
    came: Counter[str] = Counter()
    contended: set[str] = set()
    for reminder in due.until(clock.now() - ends.SETTLED_AFTER):
        looks = came.total() - came[WAITING]
        if looks == most or context.get_remaining_time_in_millis() < SPARE_MILLISECONDS:
            came[STOPPED] = 1
            break
        came[WAITING if reminder.key.pk in contended else _look(reminder, contended)] += 1
    came += _keep_calendar()
    metrics.count("CleanupRuns", **came)


def look_at_swept(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Look at the grants whose live keys were swept, each for itself, and return which records failed."""
    came: Counter[str] = Counter()
    failed = []
    for record in records:
        told = record["dynamodb"]
        live_key = Key(told["Keys"]["PK"]["S"], told["Keys"]["SK"]["S"])
        try:
            came[ends.look_at_swept(live_key, clock.now())] += 1
        except Exception as error:  # noqa: BLE001 # whatever it is, it is the matter of this one record
            _log_failure(live_key, error)
            failed.append({"itemIdentifier": told["SequenceNumber"]})
    log.outcome(swept=len(records), failed=len(failed), **came)
    return {"batchItemFailures": failed}


def _look(reminder: Reminder, contended: set[str]) -> str:
    """Return what came of it. Where the tenant's ledger, or DynamoDB, has no time now, all of that tenant waits."""
    now = clock.now()
    try:
        came: str = ends.look(reminder, now)
    except Exception as error:  # noqa: BLE001 # one that cannot be handled must not be in all others' way
        if _is_busy(error):
            contended.add(reminder.key.pk)
            return WAITING
        _log_failure(reminder.key, error)
        came = FAILED
    if came in {Came.NOTHING, FAILED}:
        due.put_off(reminder, now + PUT_OFF)
    return came


def _keep_calendar() -> Counter[str]:
    """Return how many years of public holidays were written. While DynamoDB has no time that waits for the next run."""
    try:
        return +Counter({YEARS_WRITTEN: len(closed_days.keep_up(clock.now()))})
    except Exception as error:  # noqa: BLE001 # whatever it is, it is the matter of the desk alone
        if _is_busy(error):
            return Counter()
        _log_failure(keys.desk(), error)
        return Counter({FAILED: 1})


def _is_busy(error: Exception) -> bool:
    return isinstance(error, Busy) or (isinstance(error, PynamoDBException) and table.is_unavailable(error))


def _log_failure(key: Key, error: Exception) -> None:
    """Log on what it failed and where in our code, never what the error says: it may quote the item."""
    place = extract_tb(error.__traceback__)[-1]
    log.outcome(
        code="not_handled", item=f"{key.pk} {key.sk}", error=type(error).__name__, line=f"{place.name}:{place.lineno}"
    )


ready()
