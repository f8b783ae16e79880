"""Responses in the form of API Gateway, and refusals as problem+json (RFC 9457)."""

import json
from typing import Any

from guestkey.errors import Refused

Event = dict[str, Any]
"""An event of an HTTP API, payload format 2.0."""
Answer = dict[str, Any]
"""A response in the form of API Gateway."""

PROBLEM_TYPE = "application/problem+json"
SECURITY_HEADERS = {"Strict-Transport-Security": "max-age=63072000", "X-Content-Type-Options": "nosniff"}
"""Headers of every response: browsers use HTTPS only, for two years, and never guess another media type."""


def problem(refusal: Refused) -> Answer:
    """Return a refusal as a response by RFC 9457, with `code` and the refusal's own members."""
    members = dict(refusal.members)
    retry_after = members.pop("retry_after", None)
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return json_answer(refusal.status, problem_body(refusal) | members, headers, content_type=PROBLEM_TYPE)


def problem_body(refusal: Refused) -> dict[str, Any]:
    """Return the members that are common to all problems."""
    return {
        "type": f"urn:guestkey:problem:{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
    }


def fault(detail: str, *path: object, place: str = "#") -> dict[str, str]:
    """Return one fault of an input: a description without the rejected value, and a pointer to it (RFC 6901)."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return {"pointer": "/".join([place, *steps]), "detail": detail}


def json_answer(
    status: int, content: Any, headers: dict[str, str] | None = None, content_type: str = "application/json"
) -> Answer:
    """Return a JSON response in the form of API Gateway."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, **(headers or {})},
        "body": json_text(content),
        "isBase64Encoded": False,
    }


def json_text(content: Any) -> str:
    """Return the JSON text of a response: compact, not escaped to ASCII."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
