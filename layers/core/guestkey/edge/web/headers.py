"""HTTP headers of the pages and their files: content security policy, caching, compression."""

from typing import Any

from guestkey import settings
from guestkey.edge.http.problem import SECURITY_HEADERS

CACHE_FOR_A_YEAR = "public, max-age=31536000, immutable"
"""For a file whose name changes with its content."""
CACHE_FOR_MINUTES = "public, max-age=300"
"""For a file whose name stays the same."""
REVALIDATE = "no-cache"
"""For the page: the browser asks for it on each visit."""


def content_security_policy() -> str:
    """Return the policy: code, styles and pictures of this origin only; requests also to the sign-in's origins."""
    origins = [_origin(url) for url in (settings.TENANT_ISSUER, settings.SIGN_IN_ORIGIN) if url]
    connect = dict.fromkeys(["'self'", *origins])
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src {' '.join(connect)}",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def page_headers(content_type: str, *, cache: str, **more: str) -> dict[str, Any]:
    """Return the headers of a response that only pages of this origin may use."""
    return _headers("same-origin", content_type, cache) | more


def asset_headers(content_type: str, *, cache: str) -> dict[str, Any]:
    """Return the headers of a file that pages of other origins load too: a vendor's product embeds the panel."""
    return _headers("cross-origin", content_type, cache) | {"Vary": "Accept-Encoding, Origin"}


def _headers(resource_policy: str, content_type: str, cache: str) -> dict[str, Any]:
    return SECURITY_HEADERS | {
        "Content-Security-Policy": content_security_policy(),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": resource_policy,
        "Content-Type": content_type,
        "Cache-Control": cache,
    }


def _origin(url: str) -> str:
    """Return scheme and host of a URL from the settings. Not by urllib, whose import is slow at a cold start."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
