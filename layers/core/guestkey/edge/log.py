"""One structured log line for the outcome of each request and each record: ids of tenants and agents, routes, codes.

It never holds the event, a token, an e-mail address, a telephone number, or a reason. An id may be an e-mail address: a
user's id is never logged, and the id of a tenant or agent only as a hash if it may be one.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from traceback import extract_tb
from typing import Any

LogFields = Mapping[str, str | int]
"""Fields that may be logged: ids, fixed names, numbers."""
HASH_DIGITS = 16
"""Enough to tell the ids of one stack apart."""
_WITH_AT = re.compile(r"[^\s#]*@[^\s#]*")
"""An id with an `@`, alone or as a part of a key."""


class LoggableError(Exception):
    """An error whose message contains no personal data and may be logged."""


def outcome(**fields: Any) -> None:
    """Write one line of JSON to standard output, from which Lambda collects logs. Absent fields are left out."""
    print(json.dumps({name: _shown(field) for name, field in fields.items() if field is not None}), flush=True)


def failed(key: tuple[str, str], error: Exception) -> None:
    """Log the key of an item and the place in our code, never the error's message, which may quote the item."""
    place = extract_tb(error.__traceback__)[-1]
    outcome(code="not_handled", item=" ".join(key), error=type(error).__name__, line=f"{place.name}:{place.lineno}")


def _shown(field: Any) -> Any:
    """Return a field with the beginning of a SHA-256 in place of each id that may be an e-mail address."""
    return _WITH_AT.sub(_hash, field) if isinstance(field, str) else field


def _hash(found: re.Match[str]) -> str:
    return f"sha256:{sha256(found[0].encode()).hexdigest()[:HASH_DIGITS]}"
