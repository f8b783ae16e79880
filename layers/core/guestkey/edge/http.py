"""HTTP as every function speaks it: who asks, a body one can trust, and every refusal as problem+json (RFC 9457).

Standard library only: the check, whose start nobody waits for, stands on this alone; the others on `routes`, which puts
a framework between. What is not a refusal is a bug: it reaches Lambda, which logs the trace and answers 500.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from pynamodb.exceptions import PynamoDBException

from guestkey import errors
from guestkey.edge import body, callers, log, ready
from guestkey.store import table

Event = dict[str, Any]
Answer = dict[str, Any]

STATUS: dict[type[errors.Refused], int] = {
    errors.JsonInvalid: 400,
    errors.RightMissing: 403,
    errors.ActingForAnother: 403,
    errors.ClaimsMissing: 403,
    errors.AgentInactive: 403,
    errors.NoLiveGrant: 403,
    errors.SlotsNotOffered: 403,
    errors.NotYours: 403,
    errors.NotFound: 404,
    errors.GranteeUnknown: 404,
    errors.TenantUnknown: 404,
    errors.NoCallback: 404,
    errors.DeskUnknown: 404,
    errors.GrantEnded: 409,
    errors.TooManyGrants: 409,
    errors.RequestClosed: 409,
    errors.CallbackOpen: 409,
    errors.CallbackClosed: 409,
    errors.SlotTaken: 409,
    errors.AlreadyTaken: 409,
    errors.RequestExpired: 410,
    errors.NotJson: 415,
    errors.InputInvalid: 422,
    errors.CursorInvalid: 422,
    errors.DepartmentUnknown: 422,
    errors.ExportNotAsked: 422,
    errors.SlotNotOffered: 422,
    errors.RecipientUnknown: 422,
    errors.IdempotencyKeyReused: 422,
    errors.TooManyRequests: 429,
    errors.Busy: 503,
}
"""Which status each refusal becomes."""


def serve(
    work: Callable[[Event, Any, Any, callers.Caller], Answer],
    before_input: Callable[[callers.Caller], None] = lambda caller: None,
) -> Callable[[Event, Any], Answer]:
    """Return the Lambda handler around `work`, which gets the event, its context, the parsed body and the caller.

    `before_input` may refuse the caller. It runs only when the input is refused, so that whoever may not be here at all
    hears that first and everybody else pays for no reading.
    """

    def lambda_handler(event: Event, context: Any) -> Answer:
        started = time.perf_counter()
        caller, code = None, None
        try:
            caller = callers.caller(event)
            try:
                answer = work(event, context, body.read(event), caller)
            except (errors.JsonInvalid, errors.NotJson, errors.InputInvalid):
                before_input(caller)
                raise
        except (errors.Refused, PynamoDBException, table.Uncertain, table.Contended) as error:
            refusal = _refusal(error)
            answer, code = problem(refusal), refusal.code
        answer["headers"].setdefault("Cache-Control", "no-store")
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

    ready()
    return lambda_handler


def problem(refusal: errors.Refused) -> Answer:
    """Return a refusal as RFC 9457 has it; `code` and the refusal's own members are ours."""
    members = dict(refusal.members)
    retry_after = members.pop("retry_after", None)
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    shown = {
        "type": f"urn:guestkey:problem:{refusal.code}",
        "title": refusal.title,
        "status": STATUS[type(refusal)],
        "detail": refusal.detail,
        "code": refusal.code,
        **members,
    }
    return json_answer(STATUS[type(refusal)], shown, headers, content_type="application/problem+json")


def fault(detail: str, *path: object, place: str = "#") -> dict[str, str]:
    """Return one fault of an input: what is wrong, never what was sent, and a pointer to it (RFC 6901)."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return {"pointer": "/".join([place, *steps]), "detail": detail}


def json_answer(
    status: int, shown: Any, headers: dict[str, str] | None = None, content_type: str = "application/json"
) -> Answer:
    """Return an answer as API Gateway takes it."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, **(headers or {})},
        "body": text_of(shown),
        "isBase64Encoded": False,
    }


def text_of(shown: Any) -> str:
    """Return JSON as every answer of ours is written."""
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _refusal(error: Exception) -> errors.Refused:
    """Return what to tell the caller. A fault that is not AWS being unavailable is a bug, and is raised again."""
    if isinstance(error, errors.Refused):
        return error
    if isinstance(error, PynamoDBException) and not table.is_unavailable(error):
        raise error
    return errors.Busy(retry_after=1)
