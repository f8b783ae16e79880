"""The path of the route that API Gateway authorized: the only path on which a function acts.

The gateway authorizes a route key and its path parameters. The raw path can differ from them: an escaped slash, the
base path of a custom domain, or the name of a stage. So it decides nothing.
"""

import re

from guestkey.edge.http.problem import Event
from guestkey.errors import NotFound

VALUE = re.compile(r"[\w .~()'!*:@,;=+&$<>\[\]|^-]+")
"""Characters of a path parameter. No id and no day has others.

A slash would extend the path, and the gateway leaves a percent sign in a doubly escaped value only.
"""
MAX_VALUE_BYTES = 512
"""No id is nearly as long. The concrete path is part of an idempotency record's key, which DynamoDB limits."""
VARIABLE = re.compile(r"\{(\w+)\}")


def template_of(event: Event) -> tuple[str, str]:
    """Return the method and the path of the authorized route, with its variables: `GET`, `/v1/grants/{grant_id}`."""
    method, _, path = str(event.get("routeKey")).partition(" ")
    return method, path


def parameters_of(event: Event) -> dict[str, str]:
    """Return the values of the authorized route's variables.

    Raises NotFound if one is missing or has characters that no id has.
    """
    given = event.get("pathParameters") or {}
    values = {name: given.get(name) for name in VARIABLE.findall(template_of(event)[1])}
    return {name: _valid(value) for name, value in values.items()}


def concrete_of(event: Event) -> str:
    """Return method and path of the request with the values of the variables, as `DELETE /v1/grants/01K…`."""
    method, path = template_of(event)
    values = parameters_of(event)
    return f"{method} {VARIABLE.sub(lambda variable: values[variable[1]], path)}"


def _valid(value: object) -> str:
    if not isinstance(value, str) or not VALUE.fullmatch(value) or len(value.encode()) > MAX_VALUE_BYTES:
        raise NotFound
    return value
