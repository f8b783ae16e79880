"""Stores the ends that time has caused: each exactly once, however often and however late the clean-up runs.

No access check depends on it. An end is stored a minute after it came, when every earlier action has been answered: a
grant given in the last second may prolong a login, and a ledger entry is never taken back.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.errors import TenantUnknown
from guestkey.rules.grants import Grant, State, ended
from guestkey.rules.logins import next_due_at
from guestkey.rules.requests import State as RequestState
from guestkey.store.access import doors, grant_ends, grants, live_keys, logins, migration, settling
from guestkey.store.access.doors import DoorItem
from guestkey.store.access.grants import GrantItem
from guestkey.store.access.logins import LoginItem
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item, UnknownItem, remove_due
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction, TransactionConflict, single_write
from guestkey.store.dynamodb.unreadable import Unreadable, expect
from guestkey.store.ledger import digests, due, leaving, ledger, voidings
from guestkey.store.ledger.digests import DigestItem
from guestkey.store.ledger.due import DueItem
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import people
from guestkey.store.registry.people import LeftItem
from guestkey.store.requests import requests
from guestkey.store.requests.requests import RequestItem, ViewRequestItem

FINAL_AFTER = timedelta(minutes=1)
"""Age at which an end is final. No function that serves a caller runs that long."""


class CleanupOutcome(StrEnum):
    """Result of processing one due item."""

    GRANT_ENDED = "grants_ended"
    REVIEW_DUE = "reviews_due"
    REQUEST_EXPIRED = "requests_expired"
    LOGIN_ENDED = "logins_ended"
    LOGIN_OPEN = "logins_open"
    AGENT_LEFT = "agents_left"
    VOIDED = "voidings"
    DIGEST_DUE = "digests_due"
    NOTHING = "nothing"


def process_due(due_item: DueItem, now: datetime) -> CleanupOutcome:
    """Process a due item: store the end that time has caused, if any.

    Raises Busy where the tenant's ledger stays contended. A damaged item raises an error of any kind.
    """
    item = find(Item, due_item.key)
    if isinstance(item, UnknownItem):
        raise Unreadable(due_item.key)
    if item is None or item.due_at != due_item.due_at:
        return CleanupOutcome.NOTHING
    return _PROCESS[type(item)](item, due_item, now)


def process_swept(live_key: Key, now: datetime) -> CleanupOutcome:
    """Process the grant whose live key DynamoDB has deleted by its time to live."""
    item = find(Item, keys.grant(keys.tenant_id_in(live_key.pk), keys.id_in(live_key.sk)))
    return _process_grant(item, now) if item else CleanupOutcome.NOTHING


def _process_grant(item: Item, now: datetime) -> CleanupOutcome:
    found, final = grants.grant_of(item), now - FINAL_AFTER
    [grant] = grants.as_they_are([found], doors.of_tenant(found.tenant_id))
    if grant.state(final) is State.ENDED:
        return _end(grant, now)
    if grant.state(final) is State.LIVE and grant.review_at and grant.review_at <= final:
        return _ask_for_review(grant, now)
    return CleanupOutcome.NOTHING


def _end(grant: Grant, now: datetime) -> CleanupOutcome:

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        grant_ends.record(transaction, grant, now)

    with suppress(ConditionFailed):
        ledger.write(_read_state(grant.tenant_id), [ended(grant, now)], add_writes, yields_to_users=True)
        return CleanupOutcome.GRANT_ENDED
    return CleanupOutcome.NOTHING


def _ask_for_review(grant: Grant, now: datetime) -> CleanupOutcome:
    """Mark the grant, which makes the stream send the notice. The grant is unchanged, so there is no ledger entry.

    One that a user has kept meanwhile is due at another time.
    """
    is_unmarked = GrantItem.due_at.exists() & GrantItem.revoked_at.does_not_exist()
    is_unmarked &= GrantItem.review_at == grant.review_at
    item = GrantItem(*keys.grant(grant.tenant_id, grant.grant_id))
    with suppress(ConditionFailed, TransactionConflict):
        with single_write():
            item.update([GrantItem.review_notified_at.set(now), *remove_due()], condition=is_unmarked)
        return CleanupOutcome.REVIEW_DUE
    return CleanupOutcome.NOTHING


def _process_request(item: Item, _: DueItem, now: datetime) -> CleanupOutcome:
    [request] = requests.with_leavings([requests.request_of(item)])
    if request.closed_as is RequestState.WITHDRAWN:
        requests.close_for_leaver(request, now)
    if request.closed_as or request.state(now - FINAL_AFTER) is not RequestState.EXPIRED:
        return CleanupOutcome.NOTHING
    requests.expire(request, now)
    return CleanupOutcome.REQUEST_EXPIRED


def _process_login(item: Item, due_item: DueItem, now: datetime) -> CleanupOutcome:
    login, final = logins.login_of(item), now - FINAL_AFTER
    agent, tenant_id = people.agent(login.agent_id), login.tenant_id
    if agent is None:
        raise Unreadable(keys.agent(login.agent_id))
    [current] = settling.settle_by(live_keys.of_tenant(tenant_id), {agent.agent_id: agent}, tenant_id, [login], final)
    if current.ended_at is None or current.ended_at > final:
        migration.put_missing(item)
        due.postpone(due_item, next_due_at(current, now))
        return CleanupOutcome.LOGIN_OPEN
    with suppress(ConditionFailed):
        logins.save_end(current, _read_state(tenant_id), now)
        return CleanupOutcome.LOGIN_ENDED
    return CleanupOutcome.NOTHING


def _process_leaving(item: Item, _: DueItem, now: datetime) -> CleanupOutcome:
    leaving.write_down(expect(LeftItem, item), now)
    return CleanupOutcome.AGENT_LEFT


def _process_voidings(item: Item, _: DueItem, now: datetime) -> CleanupOutcome:
    assert isinstance(item, DoorItem)
    voidings.write_down(item, now)
    return CleanupOutcome.VOIDED


def _close_digest(item: Item, now: datetime) -> CleanupOutcome:
    item = expect(DigestItem, item)
    return CleanupOutcome.DIGEST_DUE if digests.close(item, now) else CleanupOutcome.NOTHING


_PROCESS: dict[type[Item], Callable[[Item, DueItem, datetime], CleanupOutcome]] = {
    GrantItem: lambda item, _, now: _process_grant(item, now),
    LoginItem: _process_login,
    RequestItem: _process_request,
    ViewRequestItem: _process_request,
    LeftItem: _process_leaving,
    DoorItem: _process_voidings,
    DigestItem: lambda item, _, now: _close_digest(item, now),
}
"""The function for each kind of item that may be due."""


def _read_state(tenant_id: str) -> LedgerState:
    state = ledger.read_state(tenant_id)
    if state is None:
        raise TenantUnknown
    return state
