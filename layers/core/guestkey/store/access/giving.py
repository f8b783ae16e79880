"""Giving a grant: the state that it depends on, and how it is stored."""

from dataclasses import dataclass
from datetime import datetime

from guestkey.errors import GranteeUnknown, RightMissing, TenantUnknown
from guestkey.rules.door import Door
from guestkey.rules.grants import Grant
from guestkey.rules.people import Grantee, GranteeType, Tenant, User
from guestkey.rules.policy import Policy
from guestkey.store.access import grants, policies
from guestkey.store.dynamodb import idempotency, keys
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import people, tenants


@dataclass(frozen=True, kw_only=True)
class GrantContext:
    """State loaded before a grant is written: tenant, grantee, door, policy and ledger state, in one round trip."""

    user: User
    tenant: Tenant
    grantee: Grantee
    door: Door
    policy: Policy
    ledger: LedgerState


def load_context(
    user: User, grantee_type: GranteeType, grantee_id: str, record: IdempotencyRecord | None, now: datetime
) -> GrantContext:
    """Return the state that a new grant depends on.

    Raises RightMissing, TenantUnknown, GranteeUnknown, or ReplayResponse for a request answered before.
    """
    right, tenant = keys.right(user.tenant_id, user.user_id), keys.tenant(user.tenant_id)
    grantee, head = keys.grantee(grantee_type, grantee_id), keys.ledger(user.tenant_id)
    barring = policies.keys_of(user.tenant_id)
    found = find_all([right, tenant, grantee, head, *barring, *idempotency.record_keys(record)])
    state = ledger.state_in(found, user.tenant_id)
    if not tenants.holds_right_by(user, found.get(right)):
        raise RightMissing
    if state is None or tenant not in found:
        raise TenantUnknown
    named = people.grantee_of(found.get(grantee))
    if named is None:
        raise GranteeUnknown
    idempotency.replay(record, found, now)
    door, policy = policies.read_in(found, user.tenant_id)
    return GrantContext(
        user=user,
        tenant=tenants.tenant_of(found[tenant]),
        grantee=named,
        door=door,
        policy=policy,
        ledger=state,
    )


def save(grant: Grant, context: GrantContext, record: IdempotencyRecord | None) -> None:
    """Store a new grant and its ledger entry in one transaction. Raises the errors of `write_new`."""
    grants.write_new(grant, context.user, context.door, context.ledger, record)
