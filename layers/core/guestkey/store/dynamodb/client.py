"""The DynamoDB client of the process. A handler opens it at the end of its cold start; otherwise the first use does."""

from functools import cache
from typing import Any

from botocore.config import Config

from guestkey.store.dynamodb import reads
from guestkey.store.dynamodb.models import Item


def open_client() -> None:
    """Open the client and the threads of parallel reads, which pynamodb would do inside the first request."""
    _ = connection().client
    reads.start_threads()


@cache
def connection() -> Any:
    """Return pynamodb's connection to the table.

    Without a fixed user agent botocore composes one for every request, which takes a twentieth of the request's CPU.
    """
    opened = Item._get_connection().connection
    opened.session.set_default_client_config(Config(user_agent="guestkey"))
    return opened
