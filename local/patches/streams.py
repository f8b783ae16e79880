"""Patches of DynamoDB streams: their records survive a restart, and a consumer loses none while the emulator starts."""

import asyncio
import copy
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import hypercorn.asyncio

from local.patches.internals import dynamodb, eventbridge, lambda_svc, responses, scheduler

Record = dict[str, Any]
Mapping = dict[str, Any]
Result = dict[str, Any]
Save = Callable[[], dict[str, Any]]
Load = Callable[[dict[str, Any]], None]

# Two further entries in the saved state of DynamoDB.
RECORDS, POSITIONS = "guestkey_stream_records", "guestkey_stream_positions"
LAMBDA_POSITIONS = "dynamodb_stream_positions"
# A stop and a reset wait so long for running functions. `local.processes` kills a process after 15 seconds.
MAX_WAIT_SECONDS = 8.0

_begun, _stopping = threading.Event(), threading.Event()
_passing = threading.Lock()
"""Held while batches are delivered."""
_running: set[object] = set()
"""One object for each running call of a function."""
_returned: Counter[str] = Counter()
"""How often a consumer has returned a record, by the record's sequence number."""


def keep_undelivered_records() -> None:
    """Save the records that a consumer has not processed, together with the positions of the consumers.

    AWS keeps records for 24 hours, and a position fits its stream at any time. 1.5.33 saves the positions and no
    record, so that after a restart a consumer gets nothing until as many changes are written as before. Records and
    positions are saved in the file of the tables, because after a crash they must be of the same moment. Drop the patch
    when ministack saves the records.
    """
    dynamodb.get_state = _saving_streams(dynamodb.get_state)
    dynamodb.load_persisted_state = _loading_streams(dynamodb.load_persisted_state)
    lambda_svc.load_persisted_state = _ignoring_positions(lambda_svc.load_persisted_state)


def work_while_serving() -> None:
    """Call functions for records and schedules from the first request to the signal to stop, and not otherwise.

    AWS is always there. 1.5.33 calls functions while it loads its state and after it has closed its port; such a
    function reaches neither the table nor a queue. At the signal to stop, running functions are completed first, so
    that a restart repeats no batch. Drop the patch when ministack waits in both cases.
    """
    poll = lambda_svc._poll_dynamodb_streams

    def poll_if_serving() -> bool:
        with _passing:
            return _is_serving() and poll()

    lambda_svc._poll_dynamodb_streams = poll_if_serving
    scheduler._tick_schedules = _if_serving(scheduler._tick_schedules)
    eventbridge._tick_scheduled_rules = _if_serving(eventbridge._tick_scheduled_rules)
    lambda_svc._execute_function = _counted(lambda_svc._execute_function)
    serve = hypercorn.asyncio.serve

    async def serve_and_complete(app: Any, config: Any) -> None:
        await serve(app, config, shutdown_trigger=_stopped)

    hypercorn.asyncio.serve = serve_and_complete  # type: ignore[assignment] # its stub names the parameters


def repeat_returned_records() -> None:
    """Deliver a record again that a consumer has returned, and those after it.

    AWS continues with the first record in `batchItemFailures`, until `MaximumRetryAttempts`; then the record goes to
    the failure destination. 1.5.33 reads the answer for queues only, so that the record is lost. Drop the patch when
    ministack reads it for streams.
    """
    execute = lambda_svc._execute_function

    def execute_and_read_answer(function: dict[str, Any], event: Any) -> Result:
        result: Result = execute(function, event)
        records = event.get("Records", []) if isinstance(event, dict) else []
        if result.get("error") or not (records and records[0].get("eventSource") == "aws:dynamodb"):
            return result
        stream = records[0].get("eventSourceARN", "")
        mapping, at = _mapping_of(function, stream), _returned_of(records, result.get("body"))
        if mapping is None or at is None:
            return result
        _returned[_number_of(records[at])] += 1
        if 0 <= int(mapping.get("MaximumRetryAttempts", -1)) < _returned[_number_of(records[at])]:
            lambda_svc._send_ddb_stream_failure_record(
                mapping, function, [records[at]], stream, result, "RetryAttemptsExhausted"
            )
            at += 1
        if at == len(records):
            return result
        _continue_at(mapping, _number_of(records[at]))
        return result | {"error": True, "body": {"errorType": "ReturnedRecord"}}

    lambda_svc._execute_function = execute_and_read_answer


def begin() -> None:
    """Allow calls of functions. The first request shows that the state is loaded and that the port is open."""
    _begun.set()


async def forget() -> dict[str, int]:
    """Drop all records, after the running batch, so that no consumer gets them, and return their number."""
    is_held = await _becomes_true(lambda: _passing.acquire(blocking=False))
    dropped = 0
    for account, region, table in _streams():
        end = dynamodb.stream_end_position(table, account_id=account, region=region)
        dropped += len(dynamodb._stream_records.pop_scoped(account, region, table))
        dynamodb._stream_trimmed.set_scoped(account, region, table, end)
    if is_held:
        _passing.release()
    return {"dropped": dropped}


def _saving_streams(save: Save) -> Save:
    def save_with_streams() -> dict[str, Any]:
        # The positions are read first: one that has moved meanwhile only repeats a record.
        with lambda_svc._dynamodb_stream_positions_lock:
            positions = copy.deepcopy(lambda_svc._dynamodb_stream_positions)
        kept = responses.AccountRegionScopedDict()
        for account, region, table in _streams():
            records = dynamodb._stream_records.get_scoped(account, region, table)
            start = dynamodb._stream_trimmed.get_scoped(account, region, table, 0)
            first = _first_needed(account, region, table, positions, start, start + len(records))
            undelivered = copy.deepcopy(records[first - start :])
            kept.set_scoped(account, region, table, {"start": first, "records": undelivered})
        return save() | {RECORDS: kept, POSITIONS: positions}

    return save_with_streams


def _loading_streams(load: Load) -> Load:
    def load_with_streams(data: dict[str, Any]) -> None:
        load(data)
        if RECORDS in data:
            for (account, region, table), stream in data[RECORDS].all_items():
                dynamodb._stream_records.set_scoped(account, region, table, stream["records"])
                dynamodb._stream_trimmed.set_scoped(account, region, table, stream["start"])
            lambda_svc._dynamodb_stream_positions.update(data[POSITIONS])

    return load_with_streams


def _ignoring_positions(load: Load) -> Load:
    def load_without_positions(data: dict[str, Any]) -> None:
        load(data | {LAMBDA_POSITIONS: {}})

    return load_without_positions


def _is_serving() -> bool:
    return _begun.is_set() and not _stopping.is_set()


def _if_serving(tick: Callable[[], None]) -> Callable[[], None]:
    def tick_if_serving() -> None:
        if _is_serving():
            tick()

    return tick_if_serving


def _counted(execute: Callable[..., Result]) -> Callable[..., Result]:
    def execute_and_count(function: dict[str, Any], event: Any) -> Result:
        call = object()
        _running.add(call)
        try:
            return execute(function, event)
        finally:
            _running.remove(call)

    return execute_and_count


async def _stopped() -> None:
    """Wait for a signal to stop, and then for the running functions."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    _stopping.set()
    await _becomes_true(lambda: not (_passing.locked() or _running))


async def _becomes_true(condition: Callable[[], bool]) -> bool:
    """Wait until a condition is true, at most some seconds. Running functions need this event loop meanwhile."""
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while not (is_true := condition()) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    return is_true


def _streams() -> list[tuple[str, str, str]]:
    """Return account, region and table of each stream with records."""
    return [scope for scope, _ in dynamodb._stream_records.all_items()]


def _first_needed(account: str, region: str, table: str, positions: Any, start: int, end: int) -> int:
    """Return the lowest position of the consumers of a table's stream; without a consumer, its end."""
    found = dynamodb._tables.get_scoped(account, region, table)
    stream = found and found.get("LatestStreamArn")
    needed: list[int] = [
        positions.get_scoped(account, region, mapping["UUID"], start)
        for _, _, mapping in lambda_svc._iter_all_esms()
        if mapping.get("EventSourceArn") == stream
    ]
    return max(start, min([*needed, end]))


def _returned_of(records: list[Record], answer: Any) -> int | None:
    """Return the index of the first record that the consumer has returned; 0 if it names one that it did not get."""
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return None
    names = {failure.get("itemIdentifier") for failure in failures}
    return next((index for index, record in enumerate(records) if _number_of(record) in names), 0)


def _mapping_of(function: dict[str, Any], stream: str) -> Mapping | None:
    """Return the mapping of a stream to a function, if the function's answers name failed records."""
    return next(
        (
            mapping
            for _, _, mapping in lambda_svc._iter_all_esms()
            if mapping.get("EventSourceArn") == stream
            and mapping.get("FunctionName") == function["config"]["FunctionName"]
            and "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", [])
        ),
        None,
    )


def _continue_at(mapping: Mapping, number: str) -> None:
    """Set the position of a consumer to the record with this sequence number."""
    table = mapping["EventSourceArn"].split("/stream/")[0].rpartition("/")[2]
    start = dynamodb.stream_start_position(table)
    for index, record in enumerate(dynamodb.stream_live_records(table)):
        if _number_of(record) == number:
            with lambda_svc._dynamodb_stream_positions_lock:
                lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = start + index


def _number_of(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])
