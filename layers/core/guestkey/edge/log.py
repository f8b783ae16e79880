"""One structured log line for the outcome of each request and each record: ids of tenants and agents, routes, codes.

It never holds the event, a token, an e-mail address (which a user's id may be), a telephone number, or a reason.
"""

import json
from collections.abc import Mapping
from typing import Any

LogFields = Mapping[str, str | int]
"""Fields that may be logged: ids, fixed names, numbers."""


class LoggableError(Exception):
    """An error whose message contains no personal data and may be logged."""


def outcome(**fields: Any) -> None:
    """Write one line of JSON to standard output, from which Lambda collects logs. Absent fields are left out."""
    print(json.dumps({name: field for name, field in fields.items() if field is not None}), flush=True)
