"""Requests in the table: the record, how it is found, and how it is closed exactly once.

`asking` makes requests, `approvals` answers them. Expiry follows from the clock; the clean-up stores it later.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import batched

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.errors import NotFound
from guestkey.rules import requests as rules
from guestkey.rules.ledger import By, ByType, Note, What
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Agent, other_name
from guestkey.rules.requests import MAX_LIFE, Request, State
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, Texts, epoch, remove_due
from guestkey.store.dynamodb.reads import find, find_all, first_id_at, newest_first
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.dynamodb.unreadable import expect, readable
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import ownership, people
from guestkey.store.registry.people import Person


class RequestItem(Item, discriminator="request"):
    """One request, with the addresses it is mailed to."""

    agent_id = UnicodeAttribute()
    agent_name = UnicodeAttribute()
    incarnation = NumberAttribute(default=1)
    is_software = BooleanAttribute(null=True)
    accountable_id = UnicodeAttribute(null=True)
    accountable_name = UnicodeAttribute(null=True)
    recipients = Texts()
    reason = UnicodeAttribute()
    reason_salt = UnicodeAttribute(null=True)
    ticket = UnicodeAttribute(null=True)
    period = UnicodeAttribute()
    access = UnicodeAttribute(null=True)
    may_export = BooleanAttribute()
    requested_at = InstantAttribute()
    expires_at = InstantAttribute()
    mail = UnicodeAttribute()
    counted_as = UnicodeAttribute(null=True)
    """The mark of the latest try that counted a repeated sending."""
    closed_as = UnicodeAttribute(null=True)
    answered_at = InstantAttribute(null=True)
    answered_by_id = UnicodeAttribute(null=True)
    answered_by_name = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    note_salt = UnicodeAttribute(null=True)
    grant_id = UnicodeAttribute(null=True)


class ViewRequestItem(RequestItem, discriminator="view_request"):
    """A request to view only. Code of before, which would let the agent change, cannot read and so not approve it."""

    access = UnicodeAttribute()


def expire(request: Request, now: datetime) -> None:
    """Store that a request has expired. A request that was closed before, or stored as expired, stays as it is."""
    is_unanswered = RequestItem.closed_as.does_not_exist() & (RequestItem.expires_at <= now)
    with suppress(ConditionFailed):
        write_closed(rules.expire(request), What.REQUEST_EXPIRED, By(type=ByType.SYSTEM), is_unanswered, now)


def one_more_waiting(state: LedgerState) -> LedgerState:
    """Return the facts on the ledger head after a request was made."""
    return replace(state, requests_waiting=waiting(state) + 1)


def one_less_waiting(state: LedgerState) -> LedgerState:
    """Return the facts on the ledger head after a request was closed."""
    return replace(state, requests_waiting=max(0, waiting(state) - 1))


def waiting(state: LedgerState) -> int:
    """Return how many requests are stored as unanswered; expired ones count until the clean-up.

    The head has the number. Where a version before wrote the head last they are counted, which holds for an unmoved
    head.
    """
    if state.requests_waiting is not None:
        return state.requests_waiting
    begins, is_waiting = RequestItem.sk.startswith(keys.REQUEST), RequestItem.closed_as.does_not_exist()
    return RequestItem.count(keys.of_tenant(state.tenant_id), begins, is_waiting, consistent_read=True)


def find_one(tenant_id: str, request_id: str) -> Request:
    """Return one request, strongly consistent. Raises NotFound."""
    item = find(RequestItem, keys.request(tenant_id, request_id))
    if item is None:
        raise NotFound
    return with_leavings([request_of(item)])[0]


def find_own(agent: Agent, request_id: str) -> Request:
    """Return one of an agent's own requests, not one of an earlier person of this id. Raises NotFound."""
    request = find_one(ownership.tenant_of(keys.own_request(agent.agent_id, request_id)), request_id)
    if request.incarnation != agent.incarnation:
        raise NotFound
    return request


def of_agent(agent: Agent, behind: str | None, batch: int) -> Iterator[tuple[str, Request]]:
    """Yield an agent's own requests, newest first, each with its position in the list."""
    for some in batched(ownership.requests_before(agent.agent_id, behind or keys.LAST, batch), batch):
        found = find_all(some)
        read = readable(request_of, (found[key] for key in some if key in found))
        own = (_with_present_name(request, agent) for request in read if request.incarnation == agent.incarnation)
        yield from ((request.request_id, request) for request in own)


def with_leavings(read: Iterable[Request]) -> list[Request]:
    """Return requests as they are: a pending one whose agent has left is closed, written down or not."""
    requests = list(read)
    now = people.agents({request.agent_id for request in requests})
    left_at = people.leavings((_person(request) for request in requests if not request.closed_as), now)
    shown = [_with_present_name(request, now.get(request.agent_id)) for request in requests]
    return [rules.close_for_leaver(one, left_at[_person(one)]) if _person(one) in left_at else one for one in shown]


def close_for_leaver(closed: Request, now: datetime) -> None:
    """Store that a request was closed because its agent left. A request that was closed before stays as it is."""
    with suppress(ConditionFailed):
        write_closed(
            closed, What.REQUEST_WITHDRAWN, By(type=ByType.SYSTEM), RequestItem.closed_as.does_not_exist(), now
        )


def _with_present_name(request: Request, agent: Agent | None) -> Request:
    return replace(request, present_name=other_name(request.agent_name, agent))


def _person(request: Request) -> Person:
    return request.agent_id, request.incarnation


def find_many(some: Iterable[keys.Key]) -> list[Request]:
    """Return the existing ones of up to a hundred requests as they were stored."""
    return list(readable(request_of, find_all(some).values()))


def of_tenant(tenant_id: str, behind: str | None, batch: int) -> Iterator[tuple[str, Request]]:
    """Yield a tenant's requests, newest first, each with its position in the list."""
    yield from _between(tenant_id, "", behind or keys.LAST, batch)


def pending_at(tenant_id: str, now: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, Request]]:
    """Yield a tenant's pending requests, newest first, each with its position. None is older than MAX_LIFE."""
    oldest = first_id_at(now - MAX_LIFE)
    for position, request in _between(tenant_id, oldest, behind or keys.LAST, batch):
        if request.state(now) is State.PENDING:
            yield position, request


def is_pending(now: datetime) -> Condition:
    """Return the condition that a request is pending."""
    pending: Condition = RequestItem.closed_as.does_not_exist() & (RequestItem.expires_at > now)
    return pending


def close(transaction: Transaction, closed: Request, condition: Condition) -> None:
    """Add the closing of a request. Its write is named `request`."""
    assert closed.closed_as
    actions: list[Action] = [RequestItem.closed_as.set(closed.closed_as.value), *remove_due()]
    if closed.answered_by and closed.answered_at:
        actions += [
            RequestItem.answered_at.set(closed.answered_at),
            RequestItem.answered_by_id.set(closed.answered_by.user_id),
            RequestItem.answered_by_name.set(closed.answered_by.name),
        ]
    if closed.note and closed.note_salt:
        actions += [RequestItem.note.set(closed.note), RequestItem.note_salt.set(closed.note_salt)]
    if closed.grant_id:
        actions.append(RequestItem.grant_id.set(closed.grant_id))
    item = RequestItem(*keys.request(closed.tenant_id, closed.request_id))
    transaction.update("request", item, actions, condition)


def write_closed(closed: Request, what: What, by: By, condition: Condition, now: datetime) -> None:
    """Close a request for its agent or for the system, with a ledger entry. Raises ConditionFailed or Busy."""
    state = ledger.read_state(closed.tenant_id)
    assert state
    note = Note(what=what, by=by, about=closed.request_id, data={}, at=now)
    ledger.write(
        state,
        [note],
        lambda transaction, _: close(transaction, closed, condition),
        yields_to_users=True,
        next_state=one_less_waiting,
    )


def add(transaction: Transaction, request: Request) -> None:
    """Add a new request and its owner. The writes are named `request` and `own`."""
    transaction.add("request", _item(request))
    own = keys.own_request(request.agent_id, request.request_id)
    ownership.put(transaction, own, request.tenant_id, _ttl(request))


def request_of(item: Item) -> Request:
    """Return the request of an item that was read together with others."""
    item = expect(RequestItem, item)
    return value_of(Request, item, tenant_id=keys.tenant_id_in(item.pk), request_id=keys.id_in(item.sk))


def _between(tenant_id: str, first_id: str, below_id: str, batch: int) -> Iterator[tuple[str, Request]]:
    items = newest_first(RequestItem, keys.of_tenant(tenant_id), keys.REQUEST, first_id, below_id, batch)
    for some in batched(readable(request_of, items), batch):
        yield from ((request.request_id, request) for request in with_leavings(some))


def _item(request: Request) -> RequestItem:
    kind = ViewRequestItem if request.access is AccessLevel.VIEW else RequestItem
    return kind(
        *keys.request(request.tenant_id, request.request_id),
        **attributes_of(request, kind),
        due=index_keys.due_on(request.tenant_id),
        due_at=request.expires_at,
        ttl=_ttl(request),
    )


def _ttl(request: Request) -> int:
    return epoch(request.expires_at + settings.RETENTION)
