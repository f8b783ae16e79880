"""Routes with their OpenAPI text, on Powertools' validating resolver. Every function but the check uses it."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pynamodb.exceptions import PynamoDBException

from guestkey.edge.http import body, callers, claims, paths
from guestkey.edge.http.etags import Unchanged
from guestkey.edge.http.problem import Answer, Event, fault, json_answer, json_text
from guestkey.edge.http.serve import serve as serve_work
from guestkey.edge.responses.response import Response
from guestkey.errors import InputInvalid, NotFound, Refused
from guestkey.rules.limits import MAX_KEY_LENGTH
from guestkey.rules.people import User
from guestkey.store.dynamodb import keys, retry
from guestkey.store.dynamodb.idempotency import IdempotencyRecord, ReplayResponse
from guestkey.store.dynamodb.transaction import OutcomeUnknown, TransactionConflict
from guestkey.store.registry import people

KEY_HEADER = "idempotency-key"
REFUSALS, ACCEPTED = "x-guestkey-refusals", "x-guestkey-accepted"

Handler = Callable[..., Any]


class Resolver(APIGatewayHttpResolver):
    """Powertools' resolver, with the values of path parameters as API Gateway authorized them.

    The path that it matches is the route's own, with names instead of values: no value can select another route.
    """

    def _convert_matches_into_route_keys(self, match: re.Match[str]) -> dict[str, str]:
        return paths.parameters_of(self.current_event.raw_event)


def resolver() -> APIGatewayHttpResolver:
    """Return a resolver that validates input and serialises responses with `json_text`."""
    app = Resolver(enable_validation=True, serializer=json_text)

    # Powertools leaves its exception handlers and its context untyped.
    @app.exception_handler([Refused, ReplayResponse, Unchanged, PynamoDBException, TransactionConflict, OutcomeUnknown])  # type: ignore[untyped-decorator]
    def pass_on(error: Exception) -> Any:
        raise error  # `serve` turns it into a response; without this handler the resolver would log it as a bug

    @app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
    def refuse_input(error: RequestValidationError) -> Any:
        raise InputInvalid(errors=[_fault(found) for found in error.errors()])

    @app.not_found
    def refuse_path(error: NotFoundError) -> Any:
        raise NotFound

    return app


def serve(app: APIGatewayHttpResolver) -> Callable[[Event, Any], Answer]:
    """Return the Lambda handler for a resolver's routes."""

    def work(event: Event, context: Any, parsed: Any, caller: callers.Caller) -> Answer:
        if not isinstance(parsed, dict | None):  # Powertools would use the first item of a list
            raise InputInvalid(errors=[fault("Input should be an object")])
        app.append_context(caller=caller, body=parsed)  # type: ignore[no-untyped-call]
        try:
            return app.resolve(_as_authorized(_as_json(event)), context)
        except ReplayResponse as replayed:
            return json_answer(201, json.loads(replayed.response))
        except Unchanged as unchanged:
            return {"statusCode": 304, "headers": {"ETag": unchanged.etag}, "body": ""}

    return serve_work(work, before_input=_refuse_inactive)


def transact[C, R, S: Response](
    app: APIGatewayHttpResolver,
    *,
    load: Callable[[IdempotencyRecord | None], C],
    decide: Callable[[C], R],
    save: Callable[[R, C, IdempotencyRecord | None], None],
    respond: Callable[[R], S],
    tries: int = retry.MAX_TRIES,
) -> S:
    """Run the change of the current request at most once for its Idempotency-Key, and return its response.

    `load` reads the idempotency record with the context and may raise ReplayResponse. `save` stores the record, which
    holds the response, in the transaction of the change. Without the header both get None.
    """
    record = idempotency_record(app)

    def save_response(result: R, context: C) -> None:
        save(result, context, record and record.with_response(respond(result).as_text()))

    return respond(retry.transact(load=lambda: load(record), decide=decide, save=save_response, tries=tries))


def idempotency_record(app: APIGatewayHttpResolver) -> IdempotencyRecord | None:
    """Return the record of the request's Idempotency-Key, if any: its scope is caller, method and concrete path."""
    event = app.current_event.raw_event
    key = body.header(event, KEY_HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not all("!" <= c <= "~" for c in key):
        detail = f"1 to {MAX_KEY_LENGTH} visible ASCII characters"
        raise InputInvalid(errors=[fault(detail, place="Idempotency-Key")])
    audience, caller = callers.scope(app.context["caller"])
    canonical = json.dumps(app.context["body"], sort_keys=True, separators=(",", ":"))
    return IdempotencyRecord(
        key=keys.idempotency(audience, caller, paths.concrete_of(event), key),
        fingerprint=sha256(canonical.encode()).hexdigest(),
    )


def route(
    app: APIGatewayHttpResolver,
    key: str,
    summary: str,
    tag: str,
    *refusals: type[Refused],
    status: int = 200,
    cache_control: str | None = None,
    accepted: str | None = None,
) -> Callable[[Handler], Handler]:
    """Return the decorator of a route, `key` as in the template: `DELETE /v1/grants/{grant_id}`.

    `refusals` names the route's refusals in the OpenAPI document, beyond those of every route, and `accepted` the case
    in which the same body comes with the status 202.
    """
    extensions: dict[str, Any] = {REFUSALS: [refusal.code for refusal in refusals]} if refusals else {}
    extensions |= {ACCEPTED: accepted} if accepted else {}
    method, _, path = key.partition(" ")
    register = getattr(app, method.lower())
    decorate: Callable[[Handler], Handler] = register(
        path.replace("{", "<").replace("}", ">"),
        status_code=status,
        summary=summary,
        tags=[tag],
        cache_control=cache_control,
        openapi_extensions=extensions or None,
    )
    return decorate


def accepted[S: Response](response: S) -> S:
    """Return a response of a route so that its status is 202: a part of the change counts later.

    Powertools takes the status of a tuple, and the type of the body from the route.
    """
    return (response, 202)  # type: ignore[return-value] # the type is for callers: the tuple goes to Powertools


def user(app: APIGatewayHttpResolver) -> User:
    """Return the tenant's user who sent the current request."""
    caller = app.context["caller"]
    assert isinstance(caller, User)
    return caller


def query(app: APIGatewayHttpResolver) -> dict[str, str]:
    """Return the query of the current request without its cursor."""
    given = app.current_event.raw_event.get("queryStringParameters") or {}
    return {name: value for name, value in given.items() if name != "cursor"}


def is_acting(app: APIGatewayHttpResolver) -> bool:
    """Say whether the bearer of the token acts on behalf of another user."""
    return claims.is_acting(claims.claims_of(app.current_event.raw_event))


def agent_id(app: APIGatewayHttpResolver) -> str:
    """Return the id of the agent who sent the current request. The agent may be inactive."""
    caller = app.context["caller"]
    assert isinstance(caller, callers.AgentCaller)
    return caller.agent_id


def backend(app: APIGatewayHttpResolver) -> callers.Backend:
    """Return the vendor's backend that sent the current request."""
    caller = app.context["caller"]
    assert isinstance(caller, callers.Backend)
    return caller


def _as_authorized(event: Event) -> Event:
    """Return the event with the method and path of the authorized route, on which Powertools dispatches."""
    method, path = paths.template_of(event)
    http = event["requestContext"]["http"] | {"method": method, "path": path}
    return event | {"rawPath": path, "requestContext": event["requestContext"] | {"http": http, "stage": "$default"}}


def _as_json(event: Event) -> Event:
    """Return the event with the one content type that Powertools accepts, and never without a body.

    `body.read` has checked the type, in any case and with any parameters. No body means an empty object.
    """
    others = {key: value for key, value in (event.get("headers") or {}).items() if key.lower() != "content-type"}
    return event | {"headers": others | {"content-type": "application/json"}, "body": event.get("body") or "{}"}


def _refuse_inactive(caller: callers.Caller) -> None:
    if isinstance(caller, callers.AgentCaller):
        people.active_agent(caller.agent_id)


def _fault(found: dict[str, Any]) -> dict[str, str]:
    place, *path = found["loc"]
    return fault(str(found["msg"]), *path, place="#" if place == "body" else str(place))
