"""Imports the OpenAPI document of an HTTP API into authorizers, integrations and routes, as API Gateway does.

It supports the parts that SAM writes: JWT and Lambda authorizers, Lambda proxy integrations, scopes and CORS.
"""

import json
from http import HTTPStatus
from typing import Any

Document = dict[str, Any]

ANY_METHOD = "x-amazon-apigateway-any-method"
METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", ANY_METHOD})


def import_into(gateway: Any, api_id: str, body: Document | str) -> None:
    """Replace the API's routes, integrations, authorizers and CORS settings by those of the document."""
    document: Document = json.loads(body) if isinstance(body, str) else body
    gateway._routes[api_id], gateway._integrations[api_id], gateway._authorizers[api_id] = {}, {}, {}
    if cors := document.get("x-amazon-apigateway-cors"):
        gateway._apis[api_id]["corsConfiguration"] = cors
    authorizers = _create_authorizers(gateway, api_id, document)
    integrations: dict[str, str] = {}
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            if method not in METHODS or "x-amazon-apigateway-integration" not in operation:
                continue
            integration = operation["x-amazon-apigateway-integration"]
            same = json.dumps(integration, sort_keys=True)
            if same not in integrations:
                integrations[same] = _create_integration(gateway, api_id, integration)
            security = operation.get("security", document.get("security", []))
            route = {
                "routeKey": _route_key(method, path),
                "target": f"integrations/{integrations[same]}",
                **_authorization(security, authorizers),
            }
            _accepted(gateway._create_route(api_id, route))


def _create_authorizers(gateway: Any, api_id: str, document: Document) -> dict[str, tuple[str, str]]:
    """Create the document's authorizers. Return, by name, the id and the authorization type for its routes."""
    created = {}
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        if (written := scheme.get("x-amazon-apigateway-authorizer")) is None:
            continue
        sources = written.get("identitySource", "$request.header.Authorization")
        sources = [source.strip() for source in sources.split(",")] if isinstance(sources, str) else sources
        order: Document = {"name": name, "identitySource": sources}
        if written["type"] == "jwt":
            order |= {"authorizerType": "JWT", "jwtConfiguration": _jwt(written["jwtConfiguration"])}
        else:
            order |= {"authorizerType": "REQUEST", **_lambda_authorizer(written)}
        made = _accepted(gateway._create_authorizer(api_id, order))
        created[name] = (made["authorizerId"], "JWT" if order["authorizerType"] == "JWT" else "CUSTOM")
    return created


def _jwt(written: Document) -> Document:
    audience = written.get("audience", [])
    return {"issuer": written["issuer"], "audience": audience if isinstance(audience, list) else [audience]}


def _lambda_authorizer(written: Document) -> Document:
    return {
        "authorizerUri": written["authorizerUri"],
        "authorizerPayloadFormatVersion": str(written.get("authorizerPayloadFormatVersion", "2.0")),
        "enableSimpleResponses": written.get("enableSimpleResponses", False),
        "authorizerResultTtlInSeconds": int(written.get("authorizerResultTtlInSeconds", 300)),
    }


def _create_integration(gateway: Any, api_id: str, written: Document) -> str:
    order = {
        "integrationType": written["type"].upper(),
        "integrationUri": written["uri"],
        "integrationMethod": written.get("httpMethod", "POST"),
        "payloadFormatVersion": str(written.get("payloadFormatVersion", "2.0")),
    }
    return str(_accepted(gateway._create_integration(api_id, order))["integrationId"])


def _route_key(method: str, path: str) -> str:
    if path.lstrip("/") == "$default":
        return "$default"
    return f"{'ANY' if method == ANY_METHOD else method.upper()} {path}"


def _authorization(security: list[dict[str, list[str]]], authorizers: dict[str, tuple[str, str]]) -> Document:
    """Return a route's authorizer settings. They are empty for an open route, for which SAM writes `NONE`."""
    for requirement in security:
        for name, scopes in requirement.items():
            if name in authorizers:
                authorizer_id, kind = authorizers[name]
                return {"authorizationType": kind, "authorizerId": authorizer_id, "authorizationScopes": scopes}
    return {}


def _accepted(answer: tuple[int, dict[str, str], bytes]) -> Document:
    status, _, body = answer
    if status >= HTTPStatus.BAD_REQUEST:
        message = f"the emulator refused a part of the API's OpenAPI document: {body.decode()}"
        raise ValueError(message)
    made: Document = json.loads(body)
    return made
