"""The pending requests of one agent at one tenant, counted in the transaction that makes one more.

The tenant's answers do not touch this list. Whether a request on it was closed is looked up only at the limit.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from guestkey.errors import TooManyRequests
from guestkey.rules.instants import instant, text_of
from guestkey.rules.requests import MAX_LIFE, MAX_PENDING, Request
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item, Texts, epoch
from guestkey.store.dynamodb.transaction import Transaction


class PendingItem(Item, discriminator="pending"):
    """The requests that may be pending, each as `<expires_at>#<request_id>`."""

    requests = Texts()


def of(item: Item | None) -> list[str]:
    """Return the list of an item that was read together with others."""
    return list(item.requests) if isinstance(item, PendingItem) else []


def with_one_more(
    stored: list[str], request: Request, are_open: Callable[[Iterable[str]], set[str]], now: datetime
) -> list[str]:
    """Return the list with one more request. `are_open` returns those of some ids that are not closed.

    Raises TooManyRequests until the first pending request expires.
    """
    waiting = [entry for entry in map(_parsed, stored) if entry[0] > now]
    if len(waiting) >= MAX_PENDING:
        still = are_open(request_id for _, request_id in waiting)
        waiting = [entry for entry in waiting if entry[1] in still]
    if len(waiting) >= MAX_PENDING:
        first = min(expires_at for expires_at, _ in waiting)
        raise TooManyRequests(
            f"{MAX_PENDING} of your requests to this customer are pending.",
            retry_after=int((first - now).total_seconds()),
        )
    return [_text(*entry) for entry in [*waiting, (request.expires_at, request.request_id)]]


def put(transaction: Transaction, request: Request, before: list[str], after: list[str]) -> None:
    """Add the new list, on condition that it is as it was read. The list is never empty."""
    item = PendingItem(
        *keys.pending(request.agent_id, request.tenant_id),
        requests=after,
        ttl=epoch(request.requested_at + MAX_LIFE),
    )
    is_as_read = PendingItem.requests == before if before else PendingItem.pk.does_not_exist()
    transaction.put("pending", item, is_as_read)


def _text(expires_at: datetime, request_id: str) -> str:
    return f"{text_of(expires_at)}#{request_id}"


def _parsed(entry: str) -> tuple[datetime, str]:
    expires_at, _, request_id = entry.partition("#")
    return instant(expires_at), request_id
