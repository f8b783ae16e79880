"""GET /activate and GET /assets/{name}: the page behind the link of an activation mail, and what it is made of.

Anyone may look, and looking changes nothing: there is no table here, no secret and no caller. Nothing of a request's
headers reaches an answer. What lies in `web/` is served as it is, but for two things that are put in when the function
starts: names that carry a hash of the content, and the settings.
"""

import hashlib
import html
import json
import re
import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from guestkey import settings
from guestkey.edge import log, ready
from guestkey.errors import NotFound

Answer = dict[str, Any]

WEB = Path(__file__).parent / "web"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
MENTION = re.compile(r"(\./|assets/)([a-z.-]+(?:" + "|".join(map(re.escape, KINDS)) + "))")
"""How one file names another, in the page and in the modules."""


@cache
def content(name: str) -> str:
    """Return a file as it is served: the files it mentions are called by their public names."""
    return MENTION.sub(lambda found: found[1] + public_name(found[2]), (WEB / name).read_text("utf-8"))


@cache
def public_name(name: str) -> str:
    """Return the name that a file is served under. It changes with the content, and with that of all it mentions."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content(name).encode()).hexdigest()[:16]}.{ending}"


def page() -> str:
    """Return the page, told how its users sign in."""
    sign_in = {
        "issuer": settings.TENANT_ISSUER,
        "client_id": settings.SIGN_IN_CLIENT_ID,
        "scope": settings.SIGN_IN_SCOPE,
        "token": settings.SIGN_IN_TOKEN,
    }
    return content("activate.html").replace("{sign-in}", html.escape(json.dumps(sign_in)))


def content_policy() -> str:
    """Return what the page may load and whom it may ask: this origin, and those where users sign in."""
    asked = {"'self'": None} | {_origin(url): None for url in (settings.TENANT_ISSUER, settings.SIGN_IN_ORIGIN)}
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src {' '.join(asked)}",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


ALWAYS = {
    "Content-Security-Policy": content_policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = {
    "statusCode": 200,
    "headers": {**ALWAYS, "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"},
    "body": page(),
}
ASSETS = {
    public_name(file.name): {
        "statusCode": 200,
        "headers": {
            **ALWAYS,
            "Content-Type": KINDS[file.suffix],
            "Cache-Control": "public, max-age=31536000, immutable",
        },
        "body": content(file.name),
    }
    for file in WEB.iterdir()
    if file.suffix in KINDS
}
# As `guestkey.edge.http` would say it, which brings along what talks to the table.
NOTHING = {
    "statusCode": 404,
    "headers": {**ALWAYS, "Content-Type": "application/problem+json", "Cache-Control": "no-store"},
    "body": json.dumps(
        {
            "type": f"urn:guestkey:problem:{NotFound.code}",
            "title": NotFound.title,
            "status": 404,
            "detail": NotFound.title,
            "code": NotFound.code,
        },
        separators=(",", ":"),
    ),
}


def lambda_handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer with the page, with one of its files, or with a 404."""
    started = time.perf_counter()
    route = str(event.get("routeKey"))
    method, _, path = route.partition(" ")
    name = (event.get("pathParameters") or {}).get("name") or ""
    found = {"/activate": PAGE, "/assets/{name}": ASSETS.get(name, NOTHING)}.get(path, NOTHING)
    log.outcome(
        route=route,
        status=found["statusCode"],
        code=NotFound.code if found is NOTHING else None,
        request_id=event.get("requestContext", {}).get("requestId"),
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
    return found | {"isBase64Encoded": False} | ({"body": ""} if method == "HEAD" else {})


ready()
