"""The origins of a developer's own pages, which may call the API of the local stack."""

import re
from urllib.parse import urlsplit

from local.faults import Fault

SETTING = "GUESTKEY_ORIGINS"
DEFAULT_PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:]+\]")


def parse(text: str) -> tuple[str, ...]:
    """Return the origins in a text, which separates them by blanks or commas, as browsers send them.

    Raises Fault for any other entry.
    """
    return tuple(dict.fromkeys(_origin(entry) for entry in re.split(r"[\s,]+", text) if entry))


def _origin(entry: str) -> str:
    try:
        parts = urlsplit(entry)
        port = parts.port
    except ValueError:
        raise _fault(entry) from None
    # The address that a development server prints ends with a slash.
    scheme, host = parts.scheme, parts.netloc.lower().removesuffix(f":{port}")
    if scheme not in DEFAULT_PORTS or not HOST.fullmatch(host) or entry.removesuffix("/").count("/") != 2:
        raise _fault(entry)
    if parts.query or parts.fragment:
        raise _fault(entry)
    return f"{scheme}://{host}" + ("" if port in {None, DEFAULT_PORTS[scheme]} else f":{port}")


def _fault(entry: str) -> Fault:
    return Fault(f"{SETTING} must have origins such as http://localhost:5173, separated by blanks, not {entry!r}")
