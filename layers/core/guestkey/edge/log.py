"""One structured line for the outcome of each request and each record: ids of tenants and agents, routes, codes.

Never the event, a token, a mail address (which a user's id may be), a telephone number, or a reason.
"""

import json
from collections.abc import Mapping
from typing import Any

Said = Mapping[str, str | int]
"""What the log may say: ids, names of our own, numbers."""


class Discreet(Exception):
    """A failure whose text names nobody and quotes nothing: it may be logged."""


def outcome(**facts: Any) -> None:
    """Write one line of JSON to where Lambda collects logs."""
    print(json.dumps({name: fact for name, fact in facts.items() if fact is not None}), flush=True)
