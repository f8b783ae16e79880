"""Requests in the table: what each is, how they are found, and how one is closed, once, by whoever is first.

Made by `store/asking`, answered by `store/answers`. That one has expired is told by the clock; the clean-up writes it
down later.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import batched

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.errors import NotFound
from guestkey.rules import requests as rules
from guestkey.rules.ledger import By, ByType, Note, What
from guestkey.rules.people import Person
from guestkey.rules.periods import Period
from guestkey.rules.requests import LONGEST_LIFE, Fate, Request, State
from guestkey.store import keys, ledger, own
from guestkey.store.table import Change, InstantAttribute, Item, Texts, Unmet, due_no_more, find_all, newest_first


class RequestItem(Item, discriminator="request"):
    """One request, with the addresses it is mailed to."""

    agent_id = UnicodeAttribute()
    agent_name = UnicodeAttribute()
    recipients = Texts()
    reason = UnicodeAttribute()
    period = UnicodeAttribute()
    may_export = BooleanAttribute()
    requested_at = InstantAttribute()
    expires_at = InstantAttribute()
    mail = UnicodeAttribute()
    counted_as = UnicodeAttribute(null=True)
    """The mark of the try that last counted mails sent again."""
    closed_as = UnicodeAttribute(null=True)
    answered_at = InstantAttribute(null=True)
    answered_by_id = UnicodeAttribute(null=True)
    answered_by_name = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    grant_id = UnicodeAttribute(null=True)


def expire(request: Request, now: datetime) -> None:
    """Write down that a request has expired. One that somebody closed, or wrote down before, stays as it is."""
    unanswered = RequestItem.closed_as.does_not_exist() & (RequestItem.expires_at <= now)
    try:
        write_closed(rules.expire(request), What.REQUEST_EXPIRED, By(type=ByType.SYSTEM), unanswered, now)
    except Unmet:
        return


def find(tenant_id: str, request_id: str) -> Request:
    """Return one request, strongly consistent. Raises NotFound."""
    try:
        return request_of(RequestItem.get(*keys.request(tenant_id, request_id), consistent_read=True))
    except RequestItem.DoesNotExist:
        raise NotFound from None


def find_own(agent_id: str, request_id: str) -> Request:
    """Return one of an agent's own requests. Raises NotFound."""
    return find(own.tenant_of(keys.own_request(agent_id, request_id)), request_id)


def of_agent(agent_id: str, behind: str | None, batch: int) -> Iterator[tuple[str, Request]]:
    """Yield an agent's own requests, newest first, each with its position in the list."""
    for some in batched(own.requests_before(agent_id, behind or keys.LAST, batch), batch):
        found = find_all(some)
        yield from ((r.request_id, r) for r in (request_of(found[key]) for key in some if key in found))


def of_tenant(tenant_id: str, behind: str | None, batch: int) -> Iterator[tuple[str, Request]]:
    """Yield a tenant's requests, newest first, each with its position in the list."""
    yield from _between(tenant_id, "", behind or keys.LAST, batch)


def pending_at(tenant_id: str, now: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, Request]]:
    """Yield those of a tenant's requests that wait for an answer. None that is older than the longest life does."""
    oldest = keys.first_id_at(now - LONGEST_LIFE)
    for position, request in _between(tenant_id, oldest, behind or keys.LAST, batch):
        if request.state(now) is State.PENDING:
            yield position, request


def standing(now: datetime) -> Condition:
    """Return the condition that a request waits for an answer."""
    waits: Condition = RequestItem.closed_as.does_not_exist() & (RequestItem.expires_at > now)
    return waits


def close(change: Change, closed: Request, condition: Condition) -> None:
    """Add to a change what closes a request."""
    assert closed.closed_as
    actions: list[Action] = [RequestItem.closed_as.set(closed.closed_as.value), *due_no_more()]
    if closed.answered_by and closed.answered_at:
        actions += [
            RequestItem.answered_at.set(closed.answered_at),
            RequestItem.answered_by_id.set(closed.answered_by.user_id),
            RequestItem.answered_by_name.set(closed.answered_by.name),
        ]
    if closed.note:
        actions.append(RequestItem.note.set(closed.note))
    if closed.grant_id:
        actions.append(RequestItem.grant_id.set(closed.grant_id))
    item = RequestItem(*keys.request(closed.tenant_id, closed.request_id))
    change.update("request", item, actions, condition)


def write_closed(closed: Request, what: What, by: By, condition: Condition, now: datetime) -> None:
    """Close a request on behalf of its agent or of nobody, with a ledger entry. Raises Unmet for the condition."""
    tip = ledger.tip(closed.tenant_id)
    assert tip
    note = Note(what=what, by=by, about=closed.request_id, data={}, at=now)
    ledger.write(tip, [note], lambda change, _: close(change, closed, condition), stands_back=True)


def item_of(request: Request) -> RequestItem:
    """Return a request about to be made."""
    return RequestItem(
        *keys.request(request.tenant_id, request.request_id),
        agent_id=request.agent_id,
        agent_name=request.agent_name,
        recipients=list(request.recipients),
        reason=request.reason,
        period=request.period.value,
        may_export=request.may_export,
        requested_at=request.requested_at,
        expires_at=request.expires_at,
        mail=request.mail.value,
        due=keys.due_on(request.tenant_id),
        due_at=request.expires_at,
        ttl=ttl_of(request),
    )


def ttl_of(request: Request) -> int:
    """Return when the table may sweep a request, in seconds since the epoch."""
    return int((request.expires_at + settings.RETENTION).timestamp())


def request_of(item: Item) -> Request:
    """Return a request that was read together with other items."""
    assert isinstance(item, RequestItem)
    by = Person(user_id=item.answered_by_id, name=item.answered_by_name) if item.answered_by_id else None
    return Request(
        tenant_id=item.pk.removeprefix(keys.of_tenant("")),
        request_id=item.sk.removeprefix(keys.REQUEST),
        agent_id=item.agent_id,
        agent_name=item.agent_name,
        recipients=tuple(item.recipients),
        reason=item.reason,
        period=Period(item.period),
        may_export=item.may_export,
        requested_at=item.requested_at,
        expires_at=item.expires_at,
        mail=Fate(item.mail),
        closed_as=State(item.closed_as) if item.closed_as else None,
        answered_at=item.answered_at,
        answered_by=by,
        note=item.note,
        grant_id=item.grant_id,
    )


def _between(tenant_id: str, first_id: str, below_id: str, batch: int) -> Iterator[tuple[str, Request]]:
    items = newest_first(RequestItem, keys.of_tenant(tenant_id), keys.REQUEST, first_id, below_id, batch)
    yield from ((request.request_id, request) for request in map(request_of, items))
