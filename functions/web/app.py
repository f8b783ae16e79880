"""GET /activate, /assets/{name} and /{proxy+}: the activation page, the panel, the badge, the desk, and their files.

The last route takes every path without a route of its own, because security gateways rewrite the link to the page.

All files are built when the function starts and are the same for every caller: the function has no access to the
table and no secret, and of a request's headers only Accept-Encoding has an effect.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

import json
import re
import time
from pathlib import Path
from typing import Any

from guestkey import settings
from guestkey.edge import log
from guestkey.edge.web import responses
from guestkey.edge.web.bundle import Bundle
from guestkey.edge.web.headers import CACHE_FOR_A_YEAR, CACHE_FOR_MINUTES
from guestkey.errors import NotFound

FOLDER = Path(__file__).parent
SURFACES = ("activate", "panel", "ledger", "desk")
"""The page, the panel, its check of the ledger, the desk; each has texts of its own beside the shared ones."""
LATER = ("panel.later", "panel.lock", "badge")
"""Parts with texts of their own only: the panel's tabs but the first, its lockdown, and the badge."""
ENTRIES = ("panel.js", "desk.js", "badge.js")
"""Modules that a vendor's pages load by script tags, under names that stay the same."""
ACTIVATION = re.compile("activate.*", re.IGNORECASE | re.DOTALL)
MAX_DEPTH = 8
"""Slashes in the path of the page beyond which its files are not found."""
ATTRIBUTE_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
"""The replacements of `html.escape`, whose module is slow to import at a cold start."""


def activation_page(bundle: Bundle) -> str:
    """Return the page behind the link of an activation mail, with the sign-in settings in an attribute."""
    sign_in = {
        "issuer": settings.TENANT_ISSUER,
        "client_id": settings.SIGN_IN_CLIENT_ID,
        "scope": settings.SIGN_IN_SCOPE,
        "token": settings.SIGN_IN_TOKEN,
    }
    return bundle.content("activate.html").replace("{sign-in}", json.dumps(sign_in).translate(ATTRIBUTE_ESCAPES))


def activation_pages(bundle: Bundle) -> list[responses.Response]:
    """Return the page for each depth of its address: a link that was rewritten has further slashes in its path."""
    page = activation_page(bundle)
    return [responses.page(page.replace('"assets/', f'"{"../" * depth}assets/')) for depth in range(MAX_DEPTH + 1)]


def assets(bundle: Bundle) -> dict[str, responses.Response]:
    """Return the response for each file by public name, and for each entry a module that imports its current file."""
    public = {name: bundle.public_name(name) for name in bundle.names}
    return {
        **{
            public_name: responses.asset(name, bundle.content(name), cache=CACHE_FOR_A_YEAR)
            for name, public_name in public.items()
        },
        **{
            entry: responses.asset(entry, f'import "./{public[entry]}";\n', cache=CACHE_FOR_MINUTES)
            for entry in ENTRIES
        },
    }


def activation(path: str) -> responses.Response:
    """Return the activation page for its own path and for what security gateways make of a link to it, or a 404."""
    return PAGES[min(path.count("/"), MAX_DEPTH)] if ACTIVATION.fullmatch(path) else NOT_FOUND


BUNDLE = Bundle(sources=FOLDER / "web", catalogues=FOLDER / "texts", surfaces=SURFACES, later=LATER)
PAGES = activation_pages(BUNDLE)
ASSETS = assets(BUNDLE)
NOT_FOUND = responses.not_found()


def lambda_handler(event: dict[str, Any], context: Any) -> responses.Response:
    """Return the page, one of its files, or a 404 problem."""
    started = time.perf_counter()
    route = str(event.get("routeKey"))
    method, _, path = route.partition(" ")
    parameters = event.get("pathParameters") or {}
    name = parameters.get("name") or ""
    if path == "/assets/{name}":
        response = ASSETS.get(name, NOT_FOUND)
    else:
        response = activation(path.removeprefix("/") if path == "/activate" else parameters.get("proxy") or "")
    is_found = response is not NOT_FOUND
    if is_found and responses.accepts_gzip(event):
        response = responses.compressed(response)
    log.outcome(
        route=route,
        status=response["statusCode"],
        code=None if is_found else NotFound.code,
        request_id=event.get("requestContext", {}).get("requestId"),
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
    return {"isBase64Encoded": False} | response | ({"body": ""} if method == "HEAD" else {})


cold_start.end_cold_start()
