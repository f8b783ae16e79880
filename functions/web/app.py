"""GET /activate and GET /assets/{name}: the page behind the link of an activation mail, and what it is made of.

Anyone may look, and looking changes nothing: there is no table here, no secret and no caller. Nothing of a request's
headers reaches an answer; only whether it comes compressed depends on them. What lies in `web/` is served as it is, but
without comments and indentation, and for two things that are put in when the function starts: names that carry a hash
of the content, and the settings. What lies in `texts/` is cut to what one page shows in one language.
"""

import base64
import gzip
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
TEXTS = Path(__file__).parent / "texts"
SURFACES = ("activate", "panel", "desk")
"""Each has texts of its own, beside those that all share."""
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
MENTION = re.compile(r"(\./|assets/)([a-z.-]+(?:" + "|".join(map(re.escape, KINDS)) + "))")
"""How one file names another, in the page and in the modules."""
GZIP = re.compile(r"gzip(\s*;\s*q=(1(\.0*)?|0\.0*[1-9]\d*))?", re.IGNORECASE)
"""How somebody who reads it says so in Accept-Encoding."""
COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*(?s:.)*?\*/)\n", re.MULTILINE)
"""A comment that has its lines to itself: a seventh of what would be sent."""
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
"""What only whoever changes a file looks at."""
CATALOGUE = re.compile(r"([a-z]+)\.([a-z]{2})(-[a-z]{2})?\.js")
"""How a module names the texts of a page in a language: `activate.de.js`, `panel.de-ch.js`."""


@cache
def content(name: str) -> str:
    """Return a file as it is served: the files it mentions are called by their public names."""
    if named := CATALOGUE.fullmatch(name):
        said = json.dumps(texts(*named.groups("")), ensure_ascii=False, separators=(",", ":"))
        return f"export default {said};\n"
    written = INDENT.sub("", COMMENT.sub("", (WEB / name).read_text("utf-8")))
    return MENTION.sub(lambda found: found[1] + public_name(found[2]), written)


@cache
def public_name(name: str) -> str:
    """Return the name that a file is served under. It changes with the content, and with that of all it mentions."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content(name).encode()).hexdigest()[:10]}.{ending}"


def texts(surface: str, language: str, region: str) -> dict[str, Any]:
    """Return all texts that a surface shows in a language, a region's own in place of the language's."""
    catalogue = _read(language)
    if region:
        catalogue = _merged(catalogue, _read(language + region))
    return _merged(catalogue["shared"], catalogue[surface])


@cache
def _read(tag: str) -> dict[str, Any]:
    catalogue: dict[str, Any] = json.loads((TEXTS / f"{tag}.json").read_text("utf-8"))
    return catalogue


def _merged(texts: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    own = {
        name: _merged(texts.get(name, {}), text) if isinstance(text, dict) else text for name, text in others.items()
    }
    return texts | own


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
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FOR_US = {**ALWAYS, "Cross-Origin-Resource-Policy": "same-origin"}
FOR_YEARS, FOR_MINUTES = "public, max-age=31536000, immutable", "public, max-age=300"
ENTRIES = ("panel.js", "desk.js")
"""What a vendor's pages name in their script tags: by names that stay."""


def asset(name: str, body: str, kept: str) -> Answer:
    """Return a file that pages are made of, also those of a vendor's product elsewhere."""
    return {
        "statusCode": 200,
        "headers": {
            **ALWAYS,
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Content-Type": KINDS[Path(name).suffix],
            "Cache-Control": kept,
            "Vary": "Accept-Encoding, Origin",
        },
        "body": body,
    }


@cache
def _zipped(body: str) -> str:
    return base64.b64encode(gzip.compress(body.encode(), mtime=0)).decode()


def compressed(answer: Answer) -> Answer:
    """Return the answer as it goes to whoever reads gzip, which API Gateway does not make by itself."""
    return answer | {
        "headers": answer["headers"] | {"Content-Encoding": "gzip"},
        "body": _zipped(answer["body"]),
        "isBase64Encoded": True,
    }


PAGE = {
    "statusCode": 200,
    "headers": {
        **FOR_US,
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    },
    "body": page(),
}
FILES = [
    *(file.name for file in WEB.iterdir() if file.suffix in KINDS),
    *(f"{surface}.{file.stem}.js" for file in TEXTS.iterdir() for surface in SURFACES),
]
ASSETS = {
    **{public_name(name): asset(name, content(name), FOR_YEARS) for name in FILES},
    **{name: asset(name, f'import "./{public_name(name)}";\n', FOR_MINUTES) for name in ENTRIES},
}
# As `guestkey.edge.http` would say it, which brings along what talks to the table.
NOTHING = {
    "statusCode": 404,
    "headers": {**FOR_US, "Content-Type": "application/problem+json", "Cache-Control": "no-store"},
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
    if found is not NOTHING and _reads_gzip(event):
        found = compressed(found)
    log.outcome(
        route=route,
        status=found["statusCode"],
        code=NotFound.code if found is NOTHING else None,
        request_id=event.get("requestContext", {}).get("requestId"),
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
    return {"isBase64Encoded": False} | found | ({"body": ""} if method == "HEAD" else {})


def _reads_gzip(event: dict[str, Any]) -> bool:
    accepted = (event.get("headers") or {}).get("accept-encoding") or ""
    return any(GZIP.fullmatch(coding.strip()) for coding in accepted.split(","))


ready()
