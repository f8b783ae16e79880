"""Writes docs/openapi.json from the routes of all functions: `make openapi`. With --check it only compares the file.

The check function imports no framework, so this module describes its route; a test compares the description with the
inputs that the function accepts.
"""

import importlib.util
import inspect
import json
import sys
from collections import defaultdict
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import Field
from samtranslator.yaml_helper import yaml_parse

from guestkey import errors
from guestkey.edge.http import routes
from guestkey.edge.http.callers import OPEN_TO_ACTING, OPEN_TO_ANYONE
from guestkey.edge.http.claims import SCOPES
from guestkey.edge.http.inputs import ExternalId, Input, LoginId
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import callbacks, grants, requests
from guestkey.rules.access import Action, Reason
from guestkey.rules.levels import AccessLevel
from guestkey.rules.limits import MAX_KEY_LENGTH

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENT = PROJECT / "docs" / "openapi.json"

ALWAYS = (errors.Busy,)
WITH_TOKEN = (errors.ClaimsMissing, errors.ClaimInvalid, errors.ActingForAnother)
WITH_INPUT = (errors.InputInvalid,)
WITH_PATH = (errors.NotFound,)
WITH_BODY = (errors.JsonInvalid, errors.NotJson, errors.InputInvalid)
FOR_AGENTS = (errors.AgentInactive,)
FOR_BACKENDS = (errors.ScopeMissing,)
SCHEMES = {"/v1/support/": "support", "/v1/vendor/": "vendor", "/v1/": "tenant"}

CALLERS = {
    "tenant": "Token of a tenant's user, from the tenant issuer.",
    "support": "Token of an agent, from the support issuer.",
    "vendor": "Token of the vendor's backend, from the vendor issuer, with the listed scopes.",
}
OTHER_TYPES = {"/v1/grants.csv": "text/csv", "/v1/logins.csv": "text/csv", "/v1/ledger": "application/jsonl"}
NEXT_PAGE = {
    "Link": {
        "description": "The next page, relative to this route (RFC 8288). Absent on the last page.",
        "schema": {"type": "string", "pattern": '^<\\?[^>]+>; rel="next"$'},
    }
}
HEAD = {
    "Guestkey-Head": {
        "description": "The ledger's head at that moment: the number of its last entry, and the hash of that entry.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+:[0-9a-f]{64}$"},
    }
}
ETAG = {
    "ETag": {
        "description": "Names this answer. Sent as `If-None-Match`, it makes an unchanged answer a 304.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[A-Za-z0-9_.-]+"$'},
    }
}
POLLED = {"/v1/presence", "/v1/pulse"}
HEADERS = {"/v1/grants.csv": NEXT_PAGE, "/v1/logins.csv": NEXT_PAGE, "/v1/ledger": HEAD | NEXT_PAGE}
HEADERS |= dict.fromkeys(POLLED, ETAG)
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}}
WITH_RETRY_AFTER = {errors.Busy.status, errors.TooManyRequests.status}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A request with the same key and body within 24 hours returns the response of the first request.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": "^[!-~]+$"},
}
STATES = {callbacks.State: "CallbackState", grants.State: "GrantState", requests.State: "RequestState"}
"""The schema name of each state in the document, because all of the classes are named `State`."""
PROBLEM = {
    "title": "Problem",
    "description": "A refusal (RFC 9457). The meaning of a `code` never changes; further members depend on the `code`.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(refusal.code for refusal in errors.Refused.__subclasses__())},
        "errors": {
            "type": "array",
            "description": "With `input_invalid`: the list of all faults.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "scope": {
            "type": ["string", "null"],
            "description": "With `scope_missing`: the scope that the route requires.",
        },
        "callback": {
            "description": "With `callback_open`: the customer's open call-back.",
            "$ref": "#/components/schemas/Callback",
        },
        "next": {
            "type": "array",
            "description": "With `slot_taken`: up to three free slots, those after the wanted time first.",
            "items": {"$ref": "#/components/schemas/FreeSlot"},
        },
    },
}

GATEWAY_ANSWER = {
    "title": "GatewayAnswer",
    "description": "A refusal by API Gateway, before Guestkey sees the request. It has no `code`.",
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string"}},
}
BY_GATEWAY = {"application/json": {"schema": {"$ref": "#/components/schemas/GatewayAnswer"}}}


WITHOUT_BODY_TOO = {
    "PUT /v1/lockdown",
    "DELETE /v1/lockdown",
    "POST /v1/requests/{request_id}/approve",
    "POST /v1/requests/{request_id}/decline",
}
"""Routes that take a missing body for an empty one."""


def without_default(schema: dict[str, Any]) -> None:
    """Remove the default from a member's schema, because the member is optional and has no default in the API."""
    del schema["default"]


class CheckInput(Input):
    """The agent, the tenant and the action that the product asks about."""

    tenant_id: ExternalId
    agent_id: ExternalId
    action: Action
    login_id: LoginId = Field(default="", json_schema_extra=without_default)


class CheckAnswer(Response):
    """Whether the agent is allowed, the reason, and, if allowed, the grant that ends last of those that allow it.

    `access` and `may_export` are the union of all grants that cover the agent.
    """

    allowed: bool
    reason: Reason
    grant_id: str | None
    access: AccessLevel | None
    may_export: bool
    ends_at: Instant | None


check_app = routes.resolver()


@check_app.post("/v1/vendor/checks", summary="May this agent view, change or export now?", tags=["checks"])
def check(body: CheckInput) -> CheckAnswer:  # never called: functions/check serves the route
    """Check every support entry. `enter` means `change`.

    Without `login_id`, `allowed` means "may begin"; never admit an agent without it.
    """
    raise AssertionError(body)


def load(function: str) -> ModuleType:
    """Import and return a function's handler module by the name of its folder."""
    path = PROJECT / "functions" / function / "app.py"
    spec = importlib.util.spec_from_file_location(f"functions.{function}.app", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def document() -> dict[str, Any]:
    """Return the whole OpenAPI 3.1 document."""
    apps = [load(folder.name) for folder in sorted((PROJECT / "functions").iterdir()) if (folder / "app.py").exists()]
    described_by = [
        (check_app, sys.modules[__name__]),
        *((module.app, module) for module in apps if hasattr(module, "app")),
    ]
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for app, module in described_by:
        described, own = described_by_itself(app)
        for name, schema in own.items():
            if schemas.setdefault(name, schema) != schema:
                raise ValueError(f"two different schemas are named {name}")
        for path, methods in described.items():
            for method, operation in methods.items():
                operation["operationId"] = operation["operationId"].partition("_v1_")[0]
                operation["description"] = inspect.getdoc(getattr(module, operation["operationId"]))
                paths.setdefault(path, {})[method] = operation
    scopes = scopes_by_route()
    for path, methods in paths.items():
        for method, operation in methods.items():
            finish(operation, f"{method.upper()} {path}", scopes)
    for route in WITHOUT_BODY_TOO:
        method, _, path = route.partition(" ")
        paths[path][method.lower()]["requestBody"]["required"] = False
    for name in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        schemas.pop(name, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Guestkey",
            "version": "1",
            "description": "Customer-controlled support access: an agent can enter only with a customer's live grant.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted((schemas | {"GatewayAnswer": GATEWAY_ANSWER, "Problem": PROBLEM}).items())),
            "securitySchemes": {
                name: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description}
                for name, description in CALLERS.items()
            },
        },
    }


def described_by_itself(app: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the paths and the schemas of a resolver's routes. A schema name is unique across all functions."""
    text: str = app.get_openapi_json_schema(title="Guestkey", version="1", openapi_version="3.1.0", servers=[])
    own: dict[str, Any] = json.loads(text)["components"]["schemas"]
    names = {name: meant for name, schema in own.items() for state, meant in STATES.items() if is_of(schema, state)}
    for name, meant in names.items():
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/{meant}"')
    described = json.loads(text, object_hook=without_other_keys)
    return described["paths"], {names.get(name, name): s for name, s in described["components"]["schemas"].items()}


def without_other_keys(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a map whose keys have a pattern as refusing other keys, as the product does. Pydantic omits that."""
    return schema | {"additionalProperties": False} if "patternProperties" in schema else schema


def is_of(schema: dict[str, Any], state: type[StrEnum]) -> bool:
    """Return whether the schema describes this enum of states."""
    return schema.get("enum") == [one.value for one in state]


def finish(operation: dict[str, Any], route: str, scopes: dict[str, list[str]]) -> None:
    """Add to an operation its callers, its refusals, its headers and its content type, if that differs from JSON."""
    path = route.partition(" ")[2]
    caller = caller_of(route)
    operation["security"] = [{caller: scopes[route]}] if caller else []
    by_status: dict[int, list[str]] = defaultdict(list)
    for refusal in refusals_of(operation, route, caller):
        by_status[refusal.status].append(refusal.code)
    responses = operation["responses"]
    responses.pop("422", None)
    if case := operation.pop(routes.ACCEPTED, None):
        responses["202"] = responses["200"] | {"description": f"Accepted: {case}."}
    if caller:
        responses["401"] = {"description": "The token is missing or invalid.", "content": {**BY_GATEWAY}}
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": ", ".join(f"`{code}`" for code in sorted(set(codes))),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        if status in WITH_RETRY_AFTER:
            responses[str(status)]["headers"] = RETRY_AFTER
    if errors.IdempotencyKeyReused.code in by_status[errors.IdempotencyKeyReused.status]:
        operation.setdefault("parameters", []).append(KEY)
    if path in OTHER_TYPES:
        responses["200"]["content"] = {OTHER_TYPES[path]: {"schema": {"type": "string"}}}
    if path in HEADERS:
        responses["200"]["headers"] = HEADERS[path]
    if path in POLLED:
        responses["304"] = {"description": "Nothing has changed.", "headers": ETAG}
    operation["responses"] = dict(sorted(responses.items()))


def caller_of(route: str) -> str | None:
    """Return the kind of caller whose token a route requires, or None if the route is open to everyone."""
    path = route.partition(" ")[2]
    named = next(caller for prefix, caller in SCHEMES.items() if path.startswith(prefix))
    return None if route in OPEN_TO_ANYONE else named


def refusals_of(operation: dict[str, Any], route: str, caller: str | None) -> list[type[errors.Refused]]:
    """Return all refusals that a route may answer with."""
    by_code = {refusal.code: refusal for refusal in errors.Refused.__subclasses__()}
    refusals: list[type[errors.Refused]] = [*ALWAYS, *(by_code[code] for code in operation.pop(routes.REFUSALS, []))]
    if caller:
        refusals += WITH_TOKEN
    parameters = operation.get("parameters", [])
    if "requestBody" in operation:
        refusals += WITH_BODY
    elif any(parameter["in"] == "query" or has_a_form(parameter["schema"]) for parameter in parameters):
        refusals += WITH_INPUT
    if any(parameter["in"] == "path" for parameter in parameters):
        refusals += WITH_PATH
    if caller == "support":
        refusals += FOR_AGENTS
    if caller == "vendor":
        refusals += FOR_BACKENDS
    if route in OPEN_TO_ACTING:
        refusals.remove(errors.ActingForAnother)
    return refusals


def has_a_form(schema: dict[str, Any]) -> bool:
    """Return whether a text must have a form to be accepted. An id without one ends in a 404."""
    return not {"pattern", "format"}.isdisjoint(schema)


def scopes_by_route() -> dict[str, list[str]]:
    """Return the required scopes by route of the template. The web pages are not part of the API."""
    resources = yaml_parse((PROJECT / "template.yaml").read_text())["Resources"]
    events = [
        event["Properties"]
        for resource in resources.values()
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    keys = [f"{at['Method']} {at['Path']}" for at in events if at["Path"].startswith("/v1/")]
    return {key: [SCOPES[key]] if key in SCOPES else [] for key in keys}


def main() -> None:
    """Write the document, or, with --check, exit with an error if the file is outdated."""
    text = json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(text)
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
        sys.exit("guestkey: docs/openapi.json does not match the routes; run: make openapi")


if __name__ == "__main__":
    main()
