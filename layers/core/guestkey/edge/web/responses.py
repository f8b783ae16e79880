"""Responses of the web function in the form API Gateway expects: page, asset, 404 problem, and their gzip form."""

import base64
import gzip
import re
from functools import cache
from pathlib import Path
from typing import Any

from guestkey.edge.http.problem import PROBLEM_TYPE, json_text, problem_body
from guestkey.edge.web.bundle import MEDIA_TYPES
from guestkey.edge.web.headers import REVALIDATE, asset_headers, page_headers
from guestkey.errors import NotFound

Response = dict[str, Any]
_ACCEPTS_GZIP = re.compile(r"gzip(\s*;\s*q=(1(\.0*)?|0\.0*[1-9]\d*))?", re.IGNORECASE)
"""A coding of Accept-Encoding that allows gzip."""


def page(body: str) -> Response:
    """Return an HTML page."""
    headers = page_headers("text/html; charset=utf-8", cache=REVALIDATE, Vary="Accept-Encoding")
    return {"statusCode": 200, "headers": headers, "body": body}


def asset(name: str, body: str, *, cache: str) -> Response:
    """Return a file that pages load; the ending of its name decides the media type."""
    headers = asset_headers(MEDIA_TYPES[Path(name).suffix], cache=cache)
    return {"statusCode": 200, "headers": headers, "body": body}


def not_found() -> Response:
    """Return the 404 problem."""
    return {
        "statusCode": NotFound.status,
        "headers": page_headers(PROBLEM_TYPE, cache="no-store"),
        "body": json_text(problem_body(NotFound())),
    }


def compressed(response: Response) -> Response:
    """Return the response in gzip form. API Gateway does not compress responses of an HTTP API."""
    return response | {
        "headers": response["headers"] | {"Content-Encoding": "gzip"},
        "body": _gzip(response["body"]),
        "isBase64Encoded": True,
    }


def accepts_gzip(event: dict[str, Any]) -> bool:
    """Return whether the request's Accept-Encoding names gzip."""
    accepted = (event.get("headers") or {}).get("accept-encoding") or ""
    return any(_ACCEPTS_GZIP.fullmatch(coding.strip()) for coding in accepted.split(","))


@cache
def _gzip(body: str) -> str:
    return base64.b64encode(gzip.compress(body.encode(), mtime=0)).decode()
