"""The records of the table's stream, each handled alone: tried three times, then parked, while the others go on.

Nothing is lost on the way. What cannot even be parked is reported to Lambda, which hands it over again, and what was
parked is taken back when somebody asks for it. So a record may come again at any time, and every act must bear that.
"""

import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from guestkey.edge import clock, log, parking, ready
from guestkey.edge.log import Said
from guestkey.store import changes
from guestkey.store.changes import News, Record
from guestkey.store.table import pauses

Event = dict[str, Any]
Answer = dict[str, Any]
Act = Callable[[News], Said]

TRIES = 3
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 1.0
"""At most so many seconds before the second try, and before the third."""
PATIENCE = timedelta(seconds=20)
"""After this no failed act on a record is tried again."""
LONGEST = timedelta(seconds=115)
"""How long a record may take at the worst, every service answering at its last moment. A batch must fit into the
function's time."""
REDRIVE = {"redrive": True}
"""What the function is invoked with to take back what it parked."""


class Outcome(StrEnum):
    """What became of a record."""

    DONE = "done"
    PARKED = "parked"
    STUCK = "stuck"
    """Lambda will hand it over again."""


def serve(*acts: Act) -> Callable[[Event, Any], Answer]:
    """Return the Lambda handler that does each of these acts about each change; one that fails stops no other."""

    def lambda_handler(event: Event, context: Any) -> Answer:
        if event == REDRIVE:
            return _take_back(acts, context)

        def keep(record: Record, cause: str) -> Outcome:
            try:
                parking.park(record, cause, context.function_name)
            except (BotoCoreError, ClientError):
                return Outcome.STUCK
            return Outcome.PARKED

        stuck = [record for record in event["Records"] if _handle(acts, record, keep) is Outcome.STUCK]
        return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in stuck]}

    ready()
    return lambda_handler


def _take_back(acts: tuple[Act, ...], context: Any) -> dict[str, int]:
    """Handle what was parked and return how much is done, and how much stays."""
    counted = {Outcome.DONE: 0, Outcome.PARKED: 0}
    for message in parking.parked(context.function_name):
        outcome = Outcome.PARKED
        if message.record is not None:
            outcome = _handle(acts, message.record, lambda record, cause: Outcome.PARKED)
        if outcome is Outcome.DONE:
            parking.take_out(message)
        counted[outcome] += 1
        if timedelta(milliseconds=context.get_remaining_time_in_millis()) < LONGEST:
            break
    return {outcome.value: number for outcome, number in counted.items()}


def _handle(acts: tuple[Act, ...], record: Record, keep: Callable[[Record, str], Outcome]) -> Outcome:
    """Do each act about one record, log what became of it, and return that."""
    started, deadline = time.perf_counter(), clock.now() + PATIENCE
    news = changes.read(record)
    if news is None:
        return Outcome.DONE
    said: dict[str, str | int] = {}
    causes: list[str] = []
    for act in acts:
        try:
            said |= _tried(act, news, deadline)
        except Exception as error:  # noqa: BLE001 # whatever is wrong with one record must not stop the others
            causes.append(_cause(error))
    cause = "; ".join(causes)
    outcome = keep(record, cause) if causes else Outcome.DONE
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    log.outcome(**news.named, **said, outcome=outcome, cause=cause or None, milliseconds=milliseconds)
    return outcome


def _tried(act: Act, news: News, deadline: datetime) -> Said:
    """Return what an act said, tried again if it failed. What goes wrong at the last try is raised."""
    *early, last = pauses(TRIES, first=FIRST_PAUSE, most=LONGEST_PAUSE)
    for pause in early:
        time.sleep(pause)
        try:
            return act(news)
        except Exception:  # as below; what the last try raises is heard
            if clock.now() > deadline:
                raise
    time.sleep(last)
    return act(news)


def _cause(error: Exception) -> str:
    """Return what went wrong and where, without the error's own words: they may quote what somebody typed."""
    cause = error.cause if isinstance(error, PynamoDBException) else error
    code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
    said = str(error) if isinstance(error, log.Discreet) else code
    place = traceback.extract_tb(error.__traceback__)[-1]
    return " ".join(filter(None, [type(error).__name__, said, f"at {Path(place.filename).name}:{place.lineno}"]))
