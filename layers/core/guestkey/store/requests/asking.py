"""The agent's side of requests: made within limits, mailed, withdrawn.

A request, its recipients, its counters and its ledger entry are one transaction. Its e-mails are sent afterwards.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from guestkey.errors import TenantUnknown
from guestkey.rules import requests as rules
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Data, Note, What, salted_digest
from guestkey.rules.people import Agent, Tenant
from guestkey.rules.policy import Policy
from guestkey.rules.requests import MAX_PENDING, MailState, Request
from guestkey.store.access import policies
from guestkey.store.dynamodb import idempotency, keys
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.retry import MAX_TRIES, TryAgain, growing_pauses, retry
from guestkey.store.dynamodb.transaction import ConditionFailed, OutcomeUnknown, Transaction, TransactionConflict
from guestkey.store.dynamodb.unreadable import expect
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import people, tenants
from guestkey.store.requests import pending, rate_limits, requests
from guestkey.store.requests.requests import RequestItem

MAX_ASKING_TRIES = MAX_PENDING + 1
"""Each lost race leaves one more pending request: after MAX_PENDING of them the limit is reached."""


@dataclass(frozen=True, kw_only=True)
class AskingContext:
    """State loaded before a request is written: agent, tenant, ledger state and pending requests, in one round trip."""

    agent: Agent
    tenant: Tenant
    policy: Policy
    is_locked: bool
    """Whether the customer has locked all access. A request can be made, and waits."""
    ledger: LedgerState
    pending: list[str]


def load_context(agent_id: str, tenant_id: str, record: IdempotencyRecord | None, now: datetime) -> AskingContext:
    """Return the state that a new request depends on.

    Raises AgentInactive, TenantUnknown (which is counted), ReplayResponse, or TooManyRequests for guessing.
    """
    agent, tenant, head = keys.agent(agent_id), keys.tenant(tenant_id), keys.ledger(tenant_id)
    waiting, unknown = keys.pending(agent_id, tenant_id), rate_limits.unknown(agent_id, now)
    found = find_all(
        [agent, tenant, head, *policies.keys_of(tenant_id), waiting, unknown, *idempotency.record_keys(record)]
    )
    active = people.active_agent_of(found.get(agent))
    if tenant not in found:
        rate_limits.count_unknown(agent_id, now)
        raise TenantUnknown
    idempotency.replay(record, found, now, active.incarnation)
    rate_limits.refuse_guessing(found.get(unknown), now)
    door, policy = policies.read_in(found, tenant_id)
    return AskingContext(
        agent=active,
        tenant=tenants.tenant_of(found[tenant]),
        policy=policy,
        is_locked=door.is_locked,
        ledger=ledger.state_of(found[head]),
        pending=pending.of(found.get(waiting)),
    )


def load(agent_id: str, tenant_id: str, now: datetime) -> AskingContext:
    """Return the state for an agent who only looks. Raises the errors of `load_context`, or Busy."""
    return retry(lambda _: load_context(agent_id, tenant_id, None, now), growing_pauses(MAX_TRIES), on=())


def save(request: Request, context: AskingContext, record: IdempotencyRecord | None) -> None:
    """Store a request with its ledger entry, and count the request and its sending.

    Raises TooManyRequests, ConditionFailed when the agent made another request meanwhile, or Busy.
    """
    now = request.requested_at
    after = pending.with_one_more(context.pending, request, lambda ids: _open(request, ids), now)

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        requests.add(transaction, request)
        pending.put(transaction, request, context.pending, after)
        rate_limits.count_sending(transaction, request.agent_id, request.tenant_id, now)
        idempotency.store_response(transaction, record, now, request.incarnation)

    data: Data = {
        "period": request.period.value,
        "access": request.access.value,
        "may_export": request.may_export,
        "expires_at": text_of(request.expires_at),
        "reason_sha256": salted_digest(request.reason, request.reason_salt),
        "recipients": len(request.recipients),
    }
    by = By(type=ByType.AGENT, id=request.agent_id)
    note = Note(what=What.REQUEST_MADE, by=by, about=request.request_id, data=data, at=now)
    try:
        ledger.write(
            context.ledger,
            [note],
            add_writes,
            idempotent_write="request",
            yields_to_users=True,
            next_state=requests.one_more_waiting,
        )
    except ConditionFailed as error:
        if "idempotency" not in error.failed:
            rate_limits.refuse_sending(error, now)
        raise


def count_again(request: Request, now: datetime) -> None:
    """Count that a pending request is mailed again. Raises TooManyRequests, RequestClosed, RequestExpired or Busy.

    The mark recognises a try that was stored although its answer was lost, so that it is counted once.
    """
    mark = token_hex(8)
    item = RequestItem(*keys.request(request.tenant_id, request.request_id))
    is_uncounted = RequestItem.counted_as.does_not_exist() | (RequestItem.counted_as != mark)

    def count(_: int) -> None:
        transaction = Transaction()
        actions = [RequestItem.counted_as.set(mark)]
        transaction.update("request", item, actions, requests.is_pending(now) & is_uncounted)
        rate_limits.count_sending(transaction, request.agent_id, request.tenant_id, now)
        try:
            transaction.commit()
        except ConditionFailed as error:
            if raw := error.failed.get("request"):
                found = expect(RequestItem, RequestItem.from_raw_data(raw))
                if found.counted_as == mark:
                    return
                rules.require_pending(requests.request_of(found), now)
            rate_limits.refuse_sending(error, now)
            raise TryAgain from error

    retry(count, growing_pauses(MAX_TRIES), on=(TransactionConflict, OutcomeUnknown))


def save_mail_state(request: Request, state: MailState, record: IdempotencyRecord | None) -> None:
    """Store whether the e-mails were sent, in the stored response too. If that fails, both remain `failed`."""
    transaction = Transaction()
    item = RequestItem(*keys.request(request.tenant_id, request.request_id))
    transaction.update("request", item, [RequestItem.mail.set(state.value)], RequestItem.pk.exists())
    idempotency.update_response(transaction, record, request.incarnation)
    with suppress(ConditionFailed, TransactionConflict, OutcomeUnknown):
        transaction.commit()


def save_withdrawn(withdrawn: Request, before: Request, now: datetime) -> None:
    """Store that the agent withdrew a request; a request that was withdrawn before stays as it is.

    Raises ConditionFailed if it was answered meanwhile, or Busy.
    """
    if withdrawn == before:
        return
    by = By(type=ByType.AGENT, id=withdrawn.agent_id)
    requests.write_closed(withdrawn, What.REQUEST_WITHDRAWN, by, requests.is_pending(now), now)


def _open(new: Request, request_ids: Iterable[str]) -> set[str]:
    """Return those of these requests that are not closed, and not of an earlier person of the agent's id."""
    found = requests.find_many(keys.request(new.tenant_id, id) for id in request_ids)
    return {one.request_id for one in found if one.closed_as is None and one.incarnation == new.incarnation}
