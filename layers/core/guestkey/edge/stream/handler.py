"""The Lambda handler of the table's stream: each record by itself is tried three times, then sent to the dead letters.

No record is lost. A record that cannot even be sent to the dead-letter queue is reported to Lambda, which delivers it
again; dead letters are processed again when an operator asks for it. So a record may be repeated at any time, and every
action must allow for that.
"""

import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from guestkey.edge import log, unreadable_items
from guestkey.edge.log import LogFields
from guestkey.edge.stream import dead_letters
from guestkey.store.dynamodb.retry import growing_pauses, retry
from guestkey.store.ledger import stream
from guestkey.store.ledger.stream import Record, StreamEvent

Event = dict[str, Any]
Answer = dict[str, Any]
Action = Callable[[StreamEvent], LogFields]
"""Processes an event and returns fields for the log."""

MAX_ACTION_TRIES = 3
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 1.0
PATIENCE = timedelta(seconds=20)
"""After this time no failed action is tried again."""
MAX_RECORD_TIME = timedelta(seconds=115)
"""Longest processing of one record, when every service answers at the last moment. A batch must fit into the
function's timeout."""
REDRIVE = {"redrive": True}
"""The event that makes the function process its dead letters."""


class Outcome(StrEnum):
    """Result of processing a record."""

    DONE = "done"
    DEAD_LETTERED = "dead_lettered"
    RETURNED = "returned"
    """Lambda delivers the record again."""


def serve(*actions: Action) -> Callable[[Event, Any], Answer]:
    """Return the Lambda handler that runs each action for each event. A failed action does not stop the others."""

    def lambda_handler(event: Event, context: Any) -> Answer:
        if event == REDRIVE:
            return _redrive(actions, context)

        def fail(record: Record, cause: str) -> Outcome:
            try:
                dead_letters.send(record, cause, context.function_name)
            except (BotoCoreError, ClientError):
                return Outcome.RETURNED
            return Outcome.DEAD_LETTERED

        returned = [record for record in event["Records"] if _process(actions, record, fail) is Outcome.RETURNED]
        return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in returned]}

    return lambda_handler


def _redrive(actions: tuple[Action, ...], context: Any) -> dict[str, int]:
    """Process the dead letters and return how many are done, and how many stay."""
    counted = {Outcome.DONE: 0, Outcome.DEAD_LETTERED: 0}
    for letter in dead_letters.receive(context.function_name):
        outcome = Outcome.DEAD_LETTERED
        if letter.record is not None:
            outcome = _process(actions, letter.record, lambda record, cause: Outcome.DEAD_LETTERED)
        if outcome is Outcome.DONE:
            dead_letters.delete(letter)
        counted[outcome] += 1
        if timedelta(milliseconds=context.get_remaining_time_in_millis()) < MAX_RECORD_TIME:
            break
    return {outcome.value: number for outcome, number in counted.items()}


def _process(actions: tuple[Action, ...], record: Record, fail: Callable[[Record, str], Outcome]) -> Outcome:
    """Run each action for one record, log the outcome, and return it."""
    started = time.perf_counter()
    event = stream.read(record)
    if event is None:
        return Outcome.DONE
    fields: dict[str, str | int] = {}
    causes: list[str] = []
    for action in actions:
        patience = PATIENCE.total_seconds() - (time.perf_counter() - started)
        try:
            fields |= _with_retries(action, event, patience)
        except Exception as error:  # noqa: BLE001 # an error of one record must not stop the others
            causes.append(_cause(error))
    cause = "; ".join(causes)
    outcome = fail(record, cause) if causes else Outcome.DONE
    unreadable_items.report()
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    log.outcome(**event.log_fields, **fields, outcome=outcome, cause=cause or None, milliseconds=milliseconds)
    return outcome


def _with_retries(action: Action, event: StreamEvent, patience_seconds: float) -> LogFields:
    """Return the log fields of an action, tried again if it failed. The error of the last try is raised."""
    pauses = growing_pauses(MAX_ACTION_TRIES, first=FIRST_PAUSE_SECONDS, most=MAX_PAUSE_SECONDS)
    return retry(
        lambda _: action(event),
        pauses,
        on=(Exception,),
        patience_seconds=patience_seconds,
        final=lambda error: error,
    )


def _cause(error: Exception) -> str:
    """Return kind and place of an error without its message, which may quote text that a person typed."""
    found = error.__cause__ if isinstance(error.__cause__, PynamoDBException) else error
    cause = found.cause if isinstance(found, PynamoDBException) else found
    code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
    detail = str(error) if isinstance(error, log.LoggableError) else code
    place = traceback.extract_tb(error.__traceback__)[-1]
    return " ".join(filter(None, [type(error).__name__, detail, f"at {Path(place.filename).name}:{place.lineno}"]))
