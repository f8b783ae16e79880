"""The Lambda handler of every function with routes: it reads caller and body, and answers refusals.

It needs only the standard library, because the check, whose cold start callers wait for, uses nothing else; the other
functions add a framework in `routes`. Any other error is a bug: Lambda logs it and answers 500.
"""

import time
from collections.abc import Callable
from typing import Any

from pynamodb.exceptions import PynamoDBException

from guestkey import errors
from guestkey.edge import log, unreadable_items
from guestkey.edge.http import body, callers
from guestkey.edge.http.problem import SECURITY_HEADERS, Answer, Event, problem
from guestkey.store.dynamodb.client import drop_idle_connections
from guestkey.store.dynamodb.retry import RETRY_AFTER_SECONDS
from guestkey.store.dynamodb.transaction import OutcomeUnknown, TransactionConflict, is_unavailable

Work = Callable[[Event, Any, Any, callers.Caller], Answer]
"""Function that answers a request, from the event, its context, the parsed body and the caller."""


def serve(
    work: Work, before_input: Callable[[callers.Caller], None] = lambda caller: None
) -> Callable[[Event, Any], Answer]:
    """Return the Lambda handler around `work`.

    `before_input` may refuse the caller. It runs only if the input is refused: a caller without access gets that
    refusal first, and accepted requests need no additional read.
    """

    def lambda_handler(event: Event, context: Any) -> Answer:
        started = time.perf_counter()
        drop_idle_connections()
        caller, code = None, None
        try:
            caller = callers.caller(event)
            try:
                answer = work(event, context, body.read(event), caller)
            except (errors.JsonInvalid, errors.NotJson, errors.InputInvalid):
                before_input(caller)
                raise
        except (errors.Refused, PynamoDBException, OutcomeUnknown, TransactionConflict) as error:
            refusal = _refusal(error)
            answer, code = problem(refusal), refusal.code
        finally:
            unreadable_items.report()
        answer["headers"] = {**SECURITY_HEADERS, "Cache-Control": "no-store"} | answer["headers"]
        log.outcome(
            route=event.get("routeKey"),
            status=answer["statusCode"],
            code=code,
            tenant_id=getattr(caller, "tenant_id", None),
            agent_id=getattr(caller, "agent_id", None),
            request_id=event.get("requestContext", {}).get("requestId"),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )
        return answer

    return lambda_handler


def _refusal(error: Exception) -> errors.Refused:
    """Return the refusal for an error. A database error other than unavailability is a bug, and is raised again."""
    if isinstance(error, errors.Refused):
        return error
    if isinstance(error, PynamoDBException) and not is_unavailable(error):
        raise error
    return errors.Busy(retry_after=RETRY_AFTER_SECONDS)
