"""The tenant's side of requests: approved or declined once, by a user who holds the right at that very moment."""

from dataclasses import dataclass, replace
from datetime import datetime

from guestkey.errors import GranteeUnknown, NotFound, RightMissing
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import By, ByType, Data, Note, What, digest
from guestkey.rules.people import Grantee, Tenant, User
from guestkey.rules.requests import Request
from guestkey.store import grants, keys, ledger, once, people, requests, tenants
from guestkey.store.once import Once
from guestkey.store.table import Change, Unmet, find_all, side_by_side


class Overtaken(Exception):
    """Somebody closed the request, or took the right, before the answer was stored: read again."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What an answer stands on."""

    request: Request
    tenant: Tenant
    tip: ledger.Tip


def holder_at(user: User) -> Tenant:
    """Return the tenant of a user who may answer. Raises TenantUnknown, or RightMissing with whom to ask instead."""
    try:
        return tenants.holder_at(user)
    except RightMissing:
        raise RightMissing(ask=list(tenants.tenant(user.tenant_id).approver_emails)) from None


def ground(user: User, request_id: str, wanted: Once | None, now: datetime) -> Ground:
    """Read whatever may refuse an answer early: RightMissing, NotFound, or an answer kept before."""
    right, tenant = keys.right(user.tenant_id, user.user_id), keys.tenant(user.tenant_id)
    request = keys.request(user.tenant_id, request_id)
    tip, found = side_by_side(
        lambda: ledger.wish(user.tenant_id),
        lambda: find_all([right, tenant, request, *once.kept_at(wanted)]),
    )
    if right in found:
        raise RightMissing(ask=list(tenants.tenant_of(found[tenant]).approver_emails))
    if tip is None or request not in found:
        raise NotFound
    once.replay(wanted, found, now)
    return Ground(request=requests.request_of(found[request]), tenant=tenants.tenant_of(found[tenant]), tip=tip)


def grantee(request: Request) -> Grantee:
    """Return the agent who asks, if still active, strongly consistent. Raises GranteeUnknown."""
    key = keys.agent(request.agent_id)
    named = people.grantee_of(find_all([key]).get(key))
    if named is None:
        raise GranteeUnknown
    return named


def approve(approved: Request, grant: Grant, at: Ground, wanted: Once | None) -> None:
    """Keep the grant and close the request, with an entry for each.

    Raises Overtaken, TooManyGrants, or the answer another request was given.
    """
    note = _note(approved, What.REQUEST_APPROVED, {"grant_id": grant.grant_id})

    def also(change: Change) -> None:
        requests.close(change, approved, requests.standing(grant.granted_at))

    try:
        grants.add(grant, at.tip, wanted, also=also, notes=[note])
    except (RightMissing, Unmet) as lost:
        raise Overtaken from lost


def decline(declined: Request, by: User, at: Ground) -> None:
    """Close the request without a grant. Raises Overtaken, unless an earlier try of ours was stored after all."""
    assert declined.answered_at
    note = _note(declined, What.REQUEST_DECLINED, {"note_sha256": digest(declined.note) if declined.note else None})
    condition = requests.standing(declined.answered_at)

    def compose(change: Change, _: ledger.Tip) -> None:
        change.check("right", tenants.RightItem, keys.right(by.tenant_id, by.user_id), grants.ABSENT)
        requests.close(change, declined, condition)

    try:
        ledger.write(at.tip, [note], compose)
    except Unmet as lost:
        if not _is_stored(declined, lost):
            raise Overtaken from lost


def _is_stored(answered: Request, unmet: Unmet) -> bool:
    """Say whether the request that was in the way is closed as we meant to; its mail's fate may be told meanwhile."""
    raw = unmet.found.get("request")
    found = requests.request_of(requests.RequestItem.from_raw_data(raw)) if raw else None
    return found is not None and replace(found, mail=answered.mail) == answered


def _note(answered: Request, what: What, data: Data) -> Note:
    assert answered.answered_at and answered.answered_by
    by = By(type=ByType.USER, id=answered.answered_by.user_id)
    return Note(what=what, by=by, about=answered.request_id, data=data, at=answered.answered_at)
