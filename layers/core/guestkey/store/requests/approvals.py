"""The tenant's side of requests: approved or declined once, by a user who holds the right at that moment."""

from dataclasses import dataclass, replace
from datetime import datetime

from guestkey.errors import GranteeUnknown, NotFound, RightMissing
from guestkey.rules.door import Door
from guestkey.rules.ledger import By, ByType, Data, Note, What, salted_digest
from guestkey.rules.people import Grantee, Tenant, User, grantee
from guestkey.rules.policy import Policy
from guestkey.rules.requests import Approval, Request
from guestkey.store.access import grants, policies
from guestkey.store.dynamodb import idempotency, keys
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import people, tenants
from guestkey.store.requests import requests

MAX_ANSWER_TRIES = 3
"""Tries of an answer when the request or the right changes between reading and writing."""


@dataclass(frozen=True, kw_only=True)
class ApprovalContext:
    """State loaded before a request is answered, in one round trip, and then the agent who asks."""

    user: User
    request: Request
    """As it is: closed if the person who asks has left."""
    asks: Grantee | None
    """The person who asks; None if the agent's record cannot be read."""
    tenant: Tenant
    door: Door
    policy: Policy
    ledger: LedgerState

    @property
    def agent(self) -> Grantee:
        """The person whom an approval lets in. Raises GranteeUnknown if the agent's record cannot be read."""
        if self.asks is None:
            raise GranteeUnknown
        return self.asks


def require_right(user: User) -> Tenant:
    """Return the tenant of a user who holds the right. Raises TenantUnknown, or RightMissing with `ask`."""
    try:
        return tenants.require_right(user)
    except RightMissing:
        raise RightMissing(ask=_others(user, tenants.tenant(user.tenant_id))) from None


def _others(user: User, tenant: Tenant) -> list[str]:
    """Return the tenant's approver addresses without the user's own."""
    own = (user.email or "").casefold()
    return [address for address in tenant.approver_emails if address.casefold() != own]


def load_context(user: User, request_id: str, record: IdempotencyRecord | None, now: datetime) -> ApprovalContext:
    """Return the state that an answer depends on. Raises RightMissing, NotFound or ReplayResponse."""
    right, tenant = keys.right(user.tenant_id, user.user_id), keys.tenant(user.tenant_id)
    request, head = keys.request(user.tenant_id, request_id), keys.ledger(user.tenant_id)
    barring = policies.keys_of(user.tenant_id)
    found = find_all([right, tenant, request, head, *barring, *idempotency.record_keys(record)])
    state = ledger.state_in(found, user.tenant_id)
    if not tenants.holds_right_by(user, found.get(right)):
        raise RightMissing(ask=_others(user, tenants.tenant_of(found[tenant])) if tenant in found else [])
    if state is None or request not in found:
        raise NotFound
    idempotency.replay(record, found, now)
    asked, (door, policy) = requests.request_of(found[request]), policies.read_in(found, user.tenant_id)
    agent = people.agent(asked.agent_id)
    is_same_person = agent is not None and agent.incarnation == asked.incarnation
    return ApprovalContext(
        user=user,
        request=asked if is_same_person else requests.with_leavings([asked])[0],
        asks=replace(grantee(agent), incarnation=asked.incarnation) if agent else None,
        tenant=tenants.tenant_of(found[tenant]),
        door=door,
        policy=policy,
        ledger=state,
    )


def save_approved(approval: Approval, context: ApprovalContext, record: IdempotencyRecord | None) -> None:
    """Store the grant and close the request, with a ledger entry for each.

    Raises TooManyGrants, TooManyRequests, ConditionFailed when the right or the request has changed, or Busy.
    """
    approved, grant = approval.request, approval.grant
    note = _note(approved, What.REQUEST_APPROVED, {"grant_id": grant.grant_id})

    def close(transaction: Transaction) -> None:
        requests.close(transaction, approved, requests.is_pending(grant.granted_at))

    grants.write_new(
        grant,
        context.user,
        context.door,
        context.ledger,
        record,
        extra_writes=close,
        extra_entries=[note],
        next_state=requests.one_less_waiting,
    )


def save_declined(declined: Request, context: ApprovalContext) -> None:
    """Close the request without a grant.

    Raises ConditionFailed when the right or the request has changed, unless an earlier try was stored, or Busy.
    """
    assert declined.answered_at and declined.answered_by
    at = declined.answered_at
    note = _note(declined, What.REQUEST_DECLINED, {"note_sha256": salted_digest(declined.note, declined.note_salt)})

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        tenants.check_right(transaction, context.user)
        requests.close(transaction, declined, requests.is_pending(at))

    try:
        ledger.write(context.ledger, [note], add_writes, next_state=requests.one_less_waiting)
    except ConditionFailed as error:
        if not _is_stored(declined, error):
            raise


def _is_stored(answered: Request, error: ConditionFailed) -> bool:
    """Say whether the request was closed by an earlier try. The state of its e-mails may have changed meanwhile."""
    raw = error.failed.get("request")
    found = requests.request_of(requests.RequestItem.from_raw_data(raw)) if raw else None
    return found is not None and replace(found, mail=answered.mail) == answered


def _note(answered: Request, what: What, data: Data) -> Note:
    assert answered.answered_at and answered.answered_by
    by = By(type=ByType.USER, id=answered.answered_by.user_id)
    return Note(what=what, by=by, about=answered.request_id, data=data, at=answered.answered_at)
