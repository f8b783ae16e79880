"""Scheduled clean-up: records expired grants, requests and logins every five minutes, the longest overdue first.

Items that one run leaves over remain due for the next. DynamoDB deletes live keys some time after their end, and the
table's stream delivers those deletions to this function. A record that fails is retried and finally dead-lettered; the
grant remains due, and the schedule finds it.

The same schedule stores the support desk's public holidays, because the library for them is slow to load.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from collections import Counter
from datetime import timedelta
from traceback import extract_tb
from typing import Any

from pynamodb.exceptions import PynamoDBException

from guestkey.edge import holidays, log, metrics
from guestkey.errors import Busy
from guestkey.store import clock
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.transaction import OutcomeUnknown, is_unavailable
from guestkey.store.ledger import due, expiry
from guestkey.store.ledger.due import DueItem
from guestkey.store.ledger.expiry import CleanupOutcome

MAX_ITEMS = 5_000
"""Limit of items in one run."""
MIN_MILLISECONDS_LEFT = 30_000
"""With less time left no item is started: it may have to wait for a contended ledger and for DynamoDB."""
POSTPONED_BY = timedelta(hours=1)
"""Delay after which an item that could not be processed is due again."""
WAITING, FAILED, STOPPED, YEARS_WRITTEN = "waiting", "failed", "stopped", "years_written"


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Process deleted live keys when the table's stream invokes the function, and otherwise all due items."""
    if "Records" in event:
        return process_swept(event["Records"])
    clean_up(context)
    return None


def clean_up(context: Any, limit: int = MAX_ITEMS) -> None:
    """Process due items until none is left or the run is long enough; then store the desk's public holidays."""
    outcomes: Counter[str] = Counter()
    contended: set[str] = set()
    for item in due.until(clock.now() - expiry.FINAL_AFTER):
        processed = outcomes.total() - outcomes[WAITING]
        if processed == limit or context.get_remaining_time_in_millis() < MIN_MILLISECONDS_LEFT:
            outcomes[STOPPED] = 1
            break
        outcomes[WAITING if item.key.pk in contended else _process(item, contended)] += 1
    outcomes += _store_holidays()
    metrics.count("CleanupRuns", **outcomes)


def process_swept(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Process the grants whose live keys were deleted, each by itself, and return the records that failed."""
    outcomes: Counter[str] = Counter()
    failed = []
    for record in records:
        change = record["dynamodb"]
        live_key = Key(change["Keys"]["PK"]["S"], change["Keys"]["SK"]["S"])
        try:
            outcomes[expiry.process_swept(live_key, clock.now())] += 1
        except Exception as error:  # noqa: BLE001 # any error concerns this one record only
            _log_failure(live_key, error)
            failed.append({"itemIdentifier": change["SequenceNumber"]})
    log.outcome(swept=len(records), failed=len(failed), **outcomes)
    return {"batchItemFailures": failed}


def _process(item: DueItem, contended: set[str]) -> str:
    """Return the outcome of one item. While the tenant's ledger or DynamoDB is busy, all items of the tenant wait."""
    now = clock.now()
    try:
        outcome: str = expiry.process_due(item, now)
    except Exception as error:  # noqa: BLE001 # an item that cannot be processed must not stop the others
        if _is_busy(error):
            contended.add(item.key.pk)
            return WAITING
        _log_failure(item.key, error)
        outcome = FAILED
    if outcome in {CleanupOutcome.NOTHING, FAILED}:
        due.postpone(item, now + POSTPONED_BY)
    return outcome


def _store_holidays() -> Counter[str]:
    """Return the number of years whose holidays were stored. While DynamoDB is busy the next run does it."""
    try:
        return +Counter({YEARS_WRITTEN: len(holidays.store_missing(clock.now()))})
    except Exception as error:  # noqa: BLE001 # any error concerns the desk only
        if _is_busy(error):
            return Counter()
        _log_failure(keys.desk(), error)
        return Counter({FAILED: 1})


def _is_busy(error: Exception) -> bool:
    return isinstance(error, Busy | OutcomeUnknown) or (isinstance(error, PynamoDBException) and is_unavailable(error))


def _log_failure(key: Key, error: Exception) -> None:
    """Log the item and the place in our code, never the error's message, which may quote the item."""
    place = extract_tb(error.__traceback__)[-1]
    log.outcome(
        code="not_handled", item=f"{key.pk} {key.sk}", error=type(error).__name__, line=f"{place.name}:{place.lineno}"
    )


cold_start.end_cold_start(open_client)
