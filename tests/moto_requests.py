"""Answers a request to DynamoDB without the layers that moto has for all services. `tests/moto_speed.py` installs it.

For each request moto searches its service by address, builds two requests of other libraries from it, reads headers,
region and account, and walks through the shapes of AWS's model in both directions, although the body is JSON in both.
That took more time than the request's own work on the table.
"""

import json
from base64 import b64decode, b64encode
from functools import cache
from typing import Any, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.parsers import BaseJSONParser
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

SHORT = {
    "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactGetItems", "TransactWriteItems", "UpdateItem",
}  # fmt: skip
"""Operations whose answers hold attribute values, numbers and texts only."""
TARGET = "DynamoDB_20120810."
REPLACED: list[tuple[type, str, Any]] = [
    (changed, name, vars(changed)[name])
    for changed, name in ((BotocoreStubber, "__call__"), (BaseJSONParser, "_handle_structure"))
]
"""The replaced methods: their classes, names and former code."""


def install() -> None:
    """Answer in this way in this process."""
    setattr(BotocoreStubber, "__call__", _answer)  # noqa: B010 # mypy allows no assignment to a method
    setattr(BaseJSONParser, "_handle_structure", _handle_structure)  # noqa: B010 # as above


def unsigned(client: Any) -> None:
    """Let a client send its requests without a signature, which moto does not check."""
    client.meta.events.unregister("request-created.dynamodb", client._request_signer.handler)


_at_length = BotocoreStubber.__call__


def _answer(self: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **more: Any) -> AWSResponse | None:
    target, operation = _target(request)
    if not self.enabled or operation not in SHORT:
        return _at_length(self, event_name, request, **more)
    handler = DynamoHandler()
    handler.headers = {"x-amz-target": target, "Content-Type": "application/x-amz-json-1.0"}
    handler.querystring = {}
    handler.response_headers = {}
    handler.region, handler.current_account = _region(request.url), DEFAULT_ACCOUNT_ID
    handler.body = handler.params = json.loads(cast(bytes, request.body), object_hook=_read)
    status, body = _status_and_body(handler, operation)
    return AWSResponse(request.url, status, HTTPHeaders(), MockRawResponse(body))


def _status_and_body(handler: DynamoHandler, operation: str) -> tuple[int, str | bytes]:
    try:
        return 200, _text_of(operation, getattr(handler, _name(operation))())
    except ServiceException as failure:
        status, _, body = handler.serialized(ActionResult(failure))
        return status, body
    except HTTPException as failure:
        return cast(int, failure.code), cast(str, failure.description)


def _target(request: AWSPreparedRequest) -> tuple[str, str]:
    target = request.headers.get("X-Amz-Target", b"")
    text = target.decode() if isinstance(target, bytes) else target
    return text, text.removeprefix(TARGET)


@cache
def _region(url: str) -> str:
    return url.split(".")[1]


@cache
def _name(operation: str) -> str:
    return camelcase_to_underscores(operation)


@cache
def _members(operation: str) -> frozenset[str]:
    return frozenset(get_service_model("dynamodb").operation_model(operation).output_shape.members)


def _text_of(operation: str, answer: ActionResult) -> str:
    found, members = cast(dict[str, Any], answer.result), _members(operation)
    shown = {name: value for name, value in found.items() if name in members and value is not None}
    return json.dumps(shown, default=_written)


def _read(part: dict[str, Any]) -> dict[str, Any]:
    """Return an object of JSON; if it is an attribute value of bytes, with its bytes."""
    if len(part) == 1:
        if isinstance(text := part.get("B"), str):
            return {"B": b64decode(text)}
        if isinstance(texts := part.get("BS"), list):
            return {"BS": [b64decode(text) for text in texts]}
    return part


def _written(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(type(value))


_walked = vars(BaseJSONParser)["_handle_structure"]


def _handle_structure(self: BaseJSONParser, shape: Any, value: Any) -> Any:
    """Return an attribute value as it stands in JSON, except for bytes."""
    return _value(value) if shape.name == "AttributeValue" and value else _walked(self, shape, value)


def _value(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return {kind: {name: _value(part) for name, part in content.items()}}
        case "L":
            return {kind: [_value(part) for part in content]}
        case "B":
            return {kind: b64decode(content)}
        case "BS":
            return {kind: [b64decode(part) for part in content]}
    return value
