"""Patch of DynamoDB's time to live: the service deletes expired items and writes a stream record for each."""

import asyncio
import threading
import time
from contextvars import ContextVar
from typing import Any

from local.patches.internals import app, dynamodb, responses

SWEEP_SECONDS = 1.0
# All requests wait during a sweep, which looks at every item. The pause is 30 times as long: the sweeps take 3 % of the
# time.
PAUSE_FACTOR = 30
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
MAX_EXPIRED_SECONDS = 5 * 365 * 24 * 3600
SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_by_the_service = ContextVar("by_the_service", default=False)


def sweep_like_dynamodb() -> None:
    """Delete expired items every second, or less often if there are many items, with the stream record of AWS.

    AWS deletes within days, writes a `REMOVE` record with DynamoDB as `userIdentity`, and ignores values that are no
    Numbers or more than five years old. 1.5.33 sweeps once a minute, writes no record, and deletes such items as well;
    `internals` prevents the start of its sweep. Drop the patch when ministack writes the record and has a setting for
    the interval.
    """
    build = dynamodb._build_change_record

    def build_and_sign(*args: Any, **options: Any) -> dict[str, Any]:
        # The identity is set while the record is built, because a poller can read the record once it is in the stream.
        record: dict[str, Any] = build(*args, **options)
        return record | {"userIdentity": SERVICE} if _by_the_service.get() else record

    dynamodb._build_change_record = build_and_sign
    threading.Thread(target=_sweep_for_ever, daemon=True, name="guestkey-ttl-sweep").start()


def _sweep_for_ever() -> None:
    pause = SWEEP_SECONDS
    while True:
        time.sleep(pause)
        if app._MAIN_LOOP is not None:
            # The sweep runs on the event loop that handles requests, so that no write happens between reading an item
            # and deleting it.
            seconds = asyncio.run_coroutine_threadsafe(_timed_sweep(), app._MAIN_LOOP).result()
            pause = max(SWEEP_SECONDS, PAUSE_FACTOR * seconds)


async def _timed_sweep() -> float:
    """Sweep, and return how many seconds it took."""
    started = time.monotonic()
    sweep()
    return time.monotonic() - started


def sweep() -> None:
    """Delete all items that have expired, with a stream record for each."""
    _by_the_service.set(True)
    for (account, region, name), setting in list(dynamodb._ttl_settings.all_items()):
        table = dynamodb._tables.get_scoped(account, region, name)
        if table is None or setting["TimeToLiveStatus"] != "ENABLED":
            continue
        responses.set_request_account_id(account)
        responses.set_request_region(region)
        for pk, sk in _expired(table, setting["AttributeName"], time.time()):
            item = dynamodb._remove_item(table, pk, sk)
            dynamodb._emit_stream_event(name, "REMOVE", item, None)


def _expired(table: dict[str, Any], attribute: str, now: float) -> list[tuple[str, str]]:
    return [
        (pk, sk)
        for pk, by_sk in table["items"].items()
        for sk, item in by_sk.items()
        if (number := item.get(attribute, {}).get("N")) is not None and now - MAX_EXPIRED_SECONDS < float(number) <= now
    ]
