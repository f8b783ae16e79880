"""Scheduled clean-up: records expired grants, requests and logins every five minutes, the longest overdue first.

Items that one run leaves over remain due for the next. DynamoDB deletes live keys some time after their end, and the
table's stream delivers those deletions to this function. A record that fails is retried and finally dead-lettered; the
grant remains due, and the schedule finds it.

The same schedule goes on with the migration, stores the support desk's public holidays, because the library for them is
slow to load, and marks call-backs that a change of the desk strands and no request has marked.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pynamodb.exceptions import PynamoDBException

from guestkey.edge import holidays, log, metrics, unreadable_items
from guestkey.errors import Busy
from guestkey.store import clock
from guestkey.store.access import migration
from guestkey.store.callbacks import stranded
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
WAITING, FAILED, STOPPED = "waiting", "failed", "stopped"
YEARS_WRITTEN, LOGINS_MIGRATED, STRANDED = "years_written", "logins_migrated", "callbacks_stranded"


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Process deleted live keys when the table's stream invokes the function, and otherwise all due items."""
    if "Records" in event:
        return process_swept(event["Records"])
    clean_up(context)
    return None


def clean_up(context: Any, limit: int = MAX_ITEMS) -> None:
    """Go on with the migration, process due items until none is left or the run is long enough, store holidays."""

    def has_time() -> bool:
        return bool(context.get_remaining_time_in_millis() >= MIN_MILLISECONDS_LEFT)

    others = _number(LOGINS_MIGRATED, keys.migration(), lambda: migration.go_on(clock.now(), has_time))
    outcomes: Counter[str] = Counter()
    contended: set[str] = set()
    for item in due.until(clock.now() - expiry.FINAL_AFTER):
        if outcomes.total() - outcomes[WAITING] == limit or not has_time():
            outcomes[STOPPED] = 1
            break
        outcomes[WAITING if item.key.pk in contended else _process(item, contended)] += 1
    others += _number(YEARS_WRITTEN, keys.desk(), lambda: len(holidays.store_missing(clock.now())))
    others += _number(STRANDED, keys.desk(), lambda: stranded.make_up(clock.now()))
    unreadable_items.report()
    metrics.count("CleanupRuns", **outcomes + others)


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
            log.failed(live_key, error)
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
        log.failed(item.key, error)
        outcome = FAILED
    if outcome in {CleanupOutcome.NOTHING, FAILED}:
        due.postpone(item, now + POSTPONED_BY)
    return outcome


def _number(name: str, key: Key, work: Callable[[], int]) -> Counter[str]:
    """Return the number that the work on an item returns. While DynamoDB is busy the next run does it."""
    try:
        return +Counter({name: work()})
    except Exception as error:  # noqa: BLE001 # any error concerns this work only
        if _is_busy(error):
            return Counter()
        log.failed(key, error)
        return Counter({FAILED: 1})


def _is_busy(error: Exception) -> bool:
    return isinstance(error, Busy | OutcomeUnknown) or (isinstance(error, PynamoDBException) and is_unavailable(error))


cold_start.end_cold_start(open_client)
