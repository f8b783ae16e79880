"""Time to live, as DynamoDB does it: an expired item is deleted by the service, and the stream says so."""

import threading
import time
from contextvars import ContextVar
from typing import Any

from local.patches.internals import app, dynamodb, responses

SWEEP_SECONDS = 1.0
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
OLDEST_SECONDS = 5 * 365 * 24 * 3600
SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_by_the_service = ContextVar("by_the_service", default=False)


def sweep_like_dynamodb() -> None:
    """Delete expired items each second and write the stream record of a deletion by the service.

    AWS deletes within days, writes a `REMOVE` record whose `userIdentity` is DynamoDB itself, and leaves alone what is
    no Number or more than five years past. 1.5.33 sweeps once a minute, writes no record, and deletes those as well;
    `internals` keeps its sweep from starting. Drop it when its own writes records and its pace can be set.
    """
    build = dynamodb._build_change_record

    def build_and_sign(*args: Any, **options: Any) -> dict[str, Any]:
        # Signed while it is built: once in the stream a poller may have read it.
        record: dict[str, Any] = build(*args, **options)
        return record | {"userIdentity": SERVICE} if _by_the_service.get() else record

    dynamodb._build_change_record = build_and_sign
    threading.Thread(target=_sweep_for_ever, daemon=True, name="guestkey-ttl-sweep").start()


def _sweep_for_ever() -> None:
    while True:
        time.sleep(SWEEP_SECONDS)
        if app._MAIN_LOOP is not None:
            # On the loop that answers requests, so that no write can come between finding an item and deleting it.
            app._MAIN_LOOP.call_soon_threadsafe(sweep)


def sweep() -> None:
    """Delete what has expired by now."""
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
        if (number := item.get(attribute, {}).get("N")) is not None and now - OLDEST_SECONDS < float(number) <= now
    ]
