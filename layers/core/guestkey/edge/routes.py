"""Routes with their OpenAPI text, on Powertools' validating resolver; every function but the check uses it."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pynamodb.exceptions import PynamoDBException

from guestkey.edge import body, callers, http
from guestkey.errors import InputInvalid, NotFound, Refused
from guestkey.rules.people import User
from guestkey.store import keys, people
from guestkey.store.once import AnsweredBefore, Once
from guestkey.store.table import Contended, Uncertain

KEY_HEADER = "idempotency-key"
LONGEST_KEY = 64
REFUSALS = "x-guestkey-refusals"


def resolver() -> APIGatewayHttpResolver:
    """Return a resolver that validates what comes in and writes JSON as we do."""
    app = APIGatewayHttpResolver(enable_validation=True, serializer=http.text_of)

    # Powertools leaves its exception handlers and its context untyped.
    @app.exception_handler([Refused, AnsweredBefore, PynamoDBException, Contended, Uncertain])  # type: ignore[untyped-decorator]
    def pass_on(error: Exception) -> Any:
        raise error  # `http.serve` answers it; without this the resolver would log it as a bug first

    @app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
    def refuse_input(error: RequestValidationError) -> Any:
        raise InputInvalid(errors=[_fault(found) for found in error.errors()])

    @app.not_found
    def refuse_path(error: NotFoundError) -> Any:
        raise NotFound

    return app


def serve(app: APIGatewayHttpResolver) -> Callable[[http.Event, Any], http.Answer]:
    """Return the Lambda handler for a resolver's routes."""

    def work(event: http.Event, context: Any, sent: Any, caller: callers.Caller) -> http.Answer:
        if not isinstance(sent, dict | None):  # Powertools would take the first of a list
            raise InputInvalid(errors=[http.fault("Input should be an object")])
        if not event["rawPath"].isprintable():  # Powertools' patterns overlook a line break behind an id
            raise NotFound
        app.append_context(caller=caller, sent=sent)  # type: ignore[no-untyped-call]
        try:
            return app.resolve(_as_json(event), context)
        except AnsweredBefore as kept:
            return http.json_answer(201, json.loads(kept.answer))

    return http.serve(work, before_input=_refuse_inactive)


def refuses(*refusals: type[Refused]) -> dict[str, Any]:
    """Return what a route says of itself in the OpenAPI document: how it may refuse, beyond what every route may."""
    return {REFUSALS: [refusal.code for refusal in refusals]}


def user(app: APIGatewayHttpResolver) -> User:
    """Return the tenant's user who sent the request under way."""
    caller = app.context["caller"]
    assert isinstance(caller, User)
    return caller


def is_acting(app: APIGatewayHttpResolver) -> bool:
    """Say whether the token says that its bearer acts for somebody else."""
    return callers.is_acting(app.current_event.raw_event)


def agent_id(app: APIGatewayHttpResolver) -> str:
    """Return the id of the agent who sent the request under way; whether active is not yet said."""
    caller = app.context["caller"]
    assert isinstance(caller, callers.AgentCaller)
    return caller.agent_id


def backend(app: APIGatewayHttpResolver) -> callers.Backend:
    """Return the vendor's backend that sent the request under way."""
    caller = app.context["caller"]
    assert isinstance(caller, callers.Backend)
    return caller


def once(app: APIGatewayHttpResolver) -> Once | None:
    """Return what the request's Idempotency-Key asks for, if it has one: scoped to caller, method and concrete path."""
    event = app.current_event.raw_event
    key = body.header(event, KEY_HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= c <= "~" for c in key):
        detail = f"1 to {LONGEST_KEY} visible ASCII characters"
        raise InputInvalid(errors=[http.fault(detail, place="Idempotency-Key")])
    audience, who = callers.scope(app.context["caller"])
    route = f"{app.current_event.http_method} {app.current_event.path}"
    canonical = json.dumps(app.context["sent"], sort_keys=True, separators=(",", ":"))
    return Once(key=keys.once(audience, who, route, key), fingerprint=sha256(canonical.encode()).hexdigest())


def _as_json(event: http.Event) -> http.Event:
    """Return the event with the one content type that Powertools takes, as it writes it, and never without a body.

    `body.read` has made sure of the type, in any case and with any parameters. No body says as much as an empty object.
    """
    others = {key: value for key, value in (event.get("headers") or {}).items() if key.lower() != "content-type"}
    return event | {"headers": others | {"content-type": "application/json"}, "body": event.get("body") or "{}"}


def _refuse_inactive(caller: callers.Caller) -> None:
    if isinstance(caller, callers.AgentCaller):
        people.active_agent(caller.agent_id)


def _fault(found: dict[str, Any]) -> dict[str, str]:
    place, *path = found["loc"]
    return http.fault(str(found["msg"]), *path, place="#" if place == "body" else str(place))
