"""How many requests of one agent at one tenant wait for an answer, counted by time in the write that makes one more.

The tenant's answers touch nothing here: that a request was closed is found out when there would be too many.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from guestkey.errors import TooManyRequests
from guestkey.rules.instants import instant, text_of
from guestkey.rules.requests import LONGEST_LIFE, MOST_PENDING, Request
from guestkey.store import keys
from guestkey.store.table import Change, Item, Texts


class PendingItem(Item, discriminator="pending"):
    """The requests that may be pending, each as `<when it expires>#<request_id>`."""

    requests = Texts()


def of(item: Item | None) -> list[str]:
    """Return what was read together with other items."""
    return list(item.requests) if isinstance(item, PendingItem) else []


def read(agent_id: str, tenant_id: str) -> list[str]:
    """Return what is kept, strongly consistent."""
    try:
        return of(PendingItem.get(*keys.pending(agent_id, tenant_id), consistent_read=True))
    except PendingItem.DoesNotExist:
        return []


def with_one_more(
    kept: list[str], request: Request, are_open: Callable[[Iterable[str]], set[str]], now: datetime
) -> list[str]:
    """Return what is to be kept once the request is made. `are_open` tells which of some ids nobody closed.

    Raises TooManyRequests until the first of those that wait expires.
    """
    waiting = [one for one in kept if _expires_at(one) > now]
    if len(waiting) >= MOST_PENDING:
        still = are_open(_id(one) for one in waiting)
        waiting = [one for one in waiting if _id(one) in still]
    if len(waiting) >= MOST_PENDING:
        first = min(_expires_at(one) for one in waiting)
        raise TooManyRequests(
            f"{MOST_PENDING} of your requests to this customer wait for an answer.",
            retry_after=int((first - now).total_seconds()),
        )
    return [*waiting, f"{text_of(request.expires_at)}#{request.request_id}"]


def put(change: Change, request: Request, before: list[str], after: list[str]) -> None:
    """Add to a change what counts the request, if nobody made another one meanwhile. What is kept is never empty."""
    item = PendingItem(
        *keys.pending(request.agent_id, request.tenant_id),
        requests=after,
        ttl=int((request.requested_at + LONGEST_LIFE).timestamp()),
    )
    as_read = PendingItem.requests == before if before else PendingItem.pk.does_not_exist()
    change.put("pending", item, as_read)


def _expires_at(one: str) -> datetime:
    return instant(one.partition("#")[0])


def _id(one: str) -> str:
    return one.partition("#")[2]
