"""The DynamoDB client of the process. A handler opens it at the end of its cold start; otherwise the first use does."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.config import Config

from guestkey.store import clock
from guestkey.store.dynamodb import reads
from guestkey.store.dynamodb.models import Item

MAX_IDLE_SECONDS = 30.0
"""How long connections may be idle and are used again. SDKs of AWS allow a minute."""


@dataclass
class _Connections:
    """The open connections of the client, and the time of the last invocation that may have used them."""

    used_at: float = 0.0


_connections = _Connections()


def open_client() -> None:
    """Open the client and the threads of parallel reads, which pynamodb would do inside the first request."""
    _ = connection().client
    reads.start_threads()
    _connections.used_at = clock.epoch_seconds()


def drop_idle_connections() -> None:
    """Close the connections if the function was idle for long. A handler calls it first.

    Lambda freezes a function between two invocations, and a connection may be lost meanwhile without a sign. A request
    on it would wait for the read time-out of two seconds before it is sent again. The time is that of the clock,
    because monotonic clocks may stop during a freeze.
    """
    last, now = _connections.used_at, clock.epoch_seconds()
    _connections.used_at = now
    if now - last > MAX_IDLE_SECONDS and connection.cache_info().currsize:
        connection().client.close()


@cache
def connection() -> Any:
    """Return pynamodb's connection to the table.

    Without a fixed user agent botocore composes one for every request, which takes a twentieth of the request's CPU.
    """
    opened = Item._get_connection().connection
    opened.session.set_default_client_config(Config(user_agent="guestkey"))
    return opened
