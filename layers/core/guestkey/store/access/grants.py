"""Grants in the table: a live key that decides, and a history record.

Revoking deletes the live key, and DynamoDB may delete it after its end; until then its `ends_at` decides. The history
record is complete; that of a permanent grant is stored under a second key as well, so that it is found however old it
is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched, chain

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.errors import GranteeUnknown, NotFound, RightMissing, TenantUnknown, TooManyGrants
from guestkey.rules import grants as rules
from guestkey.rules.grants import MAX_GRANTS_AN_HOUR, MAX_LIVE_GRANTS, Grant, LiveKey
from guestkey.rules.instants import instant, text_of
from guestkey.rules.ledger import Note
from guestkey.rules.people import Grantee, GranteeType, Tenant, User
from guestkey.rules.periods import MAX_PERIOD, months_before
from guestkey.store.access import live_keys
from guestkey.store.dynamodb import counters, idempotency, keys
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch, remove_due
from guestkey.store.dynamodb.reads import find, find_all, newest_first, side_by_side
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import people, tenants

MONTHS_SHOWN = 6
PERMANENT_PART, OTHER_PART = "lasting", "rest"
"""The two parts of the activation overview, as positions in the list name them."""


class GrantItem(Item, discriminator="grant"):
    """The complete record of a grant. A permanent grant is stored under two keys, with the same attributes."""

    grant_id = UnicodeAttribute()
    grantee_type = UnicodeAttribute()
    grantee_id = UnicodeAttribute()
    grantee_name = UnicodeAttribute()
    period = UnicodeAttribute()
    may_export = BooleanAttribute()
    granted_at = InstantAttribute()
    granted_by_id = UnicodeAttribute()
    granted_by_name = UnicodeAttribute()
    ends_at = InstantAttribute(null=True)
    review_at = InstantAttribute(null=True)
    revoked_at = InstantAttribute(null=True)
    revoked_by_id = UnicodeAttribute(null=True)
    revoked_by_name = UnicodeAttribute(null=True)
    request_id = UnicodeAttribute(null=True)
    ticket = UnicodeAttribute(null=True)
    end_recorded_at = InstantAttribute(null=True, attr_name="ended_told_at")
    review_notified_at = InstantAttribute(null=True, attr_name="review_told_at")


@dataclass(frozen=True, kw_only=True)
class GrantContext:
    """State loaded before a grant is written: tenant, grantee and ledger state, in one round trip."""

    tenant: Tenant
    grantee: Grantee
    ledger: LedgerState


@dataclass(frozen=True, kw_only=True)
class RevokeContext:
    """State loaded before a grant is revoked: the grant and the ledger state, in one round trip."""

    grant: Grant
    ledger: LedgerState


def load_context(
    user: User, grantee_type: GranteeType, grantee_id: str, record: IdempotencyRecord | None, now: datetime
) -> GrantContext:
    """Return the state that a new grant depends on.

    Raises RightMissing, TenantUnknown, GranteeUnknown, or ReplayResponse for a request answered before.
    """
    right, tenant = keys.right(user.tenant_id, user.user_id), keys.tenant(user.tenant_id)
    grantee = keys.grantee(grantee_type, grantee_id)
    state, found = side_by_side(
        lambda: ledger.claim_priority(user.tenant_id),
        lambda: find_all([right, tenant, grantee, *idempotency.record_keys(record)]),
    )
    if right in found:
        raise RightMissing
    if state is None or tenant not in found:
        raise TenantUnknown
    named = people.grantee_of(found.get(grantee))
    if named is None:
        raise GranteeUnknown
    idempotency.replay(record, found, now)
    return GrantContext(tenant=tenants.tenant_of(found[tenant]), grantee=named, ledger=state)


def save(grant: Grant, context: GrantContext, record: IdempotencyRecord | None) -> None:
    """Store a new grant and its ledger entry in one transaction. Raises the errors of `write_new`."""
    write_new(grant, context.ledger, record)


def write_new(
    grant: Grant,
    state: LedgerState,
    record: IdempotencyRecord | None,
    *,
    extra_writes: Callable[[Transaction], None] = lambda transaction: None,
    extra_entries: Sequence[Note] = (),
) -> None:
    """Store a grant and its ledger entry in one transaction, with `extra_writes` and, ahead of it, `extra_entries`.

    Raises TooManyGrants, TooManyRequests above the user's limit of the hour, ConditionFailed (the right was taken away,
    another request was first), or Busy.
    """
    now, user_id = grant.granted_at, grant.granted_by.user_id
    counter = keys.counter_of_user(counters.GIVEN, grant.tenant_id, user_id, now)

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        tenants.check_right(transaction, grant.tenant_id, user_id)
        history = _item(grant, keys.grant(grant.tenant_id, grant.grant_id))
        history.due, history.due_at = keys.due_on(grant.tenant_id), grant.ends_at or grant.review_at
        transaction.add("history", history)
        if grant.is_permanent:
            transaction.add("permanent", _item(grant, keys.permanent_grant(grant.tenant_id, grant.grant_id)))
        live_keys.add(transaction, grant, state.revoked_at)
        extra_writes(transaction)
        idempotency.store_response(transaction, record, now)
        counters.count(transaction, counter, MAX_GRANTS_AN_HOUR, now)

    try:
        ledger.write(
            state,
            [*extra_entries, rules.given(grant)],
            add_writes,
            idempotent_write="history",
            next_state=lambda state: replace(state, live_at_most=_live_grants(grant, state) + 1),
        )
    except ConditionFailed as error:
        counters.refuse_at_limit(error, now)
        raise


def load_for_revoke(user: User, grant_id: str) -> RevokeContext:
    """Return the state that a revoke depends on. Raises RightMissing or NotFound."""
    right, key = keys.right(user.tenant_id, user.user_id), keys.grant(user.tenant_id, grant_id)
    state, found = side_by_side(
        lambda: ledger.claim_priority(user.tenant_id),
        lambda: find_all([right, key]),
    )
    if right in found:
        raise RightMissing
    if state is None or key not in found:
        raise NotFound
    return RevokeContext(grant=grant_of(found[key]), ledger=state)


def save_revoked(revoked: Grant, context: RevokeContext) -> None:
    """Store that a grant is revoked; a grant that was revoked before stays as it is.

    The live key is deleted in the transaction that writes the ledger entry, so no check that starts after the answer is
    allowed. Raises ConditionFailed when the right or the grant has changed, or Busy.
    """
    if revoked == context.grant:
        return
    assert revoked.revoked_at and revoked.revoked_by
    tenant_id, grant_id, at, by = revoked.tenant_id, revoked.grant_id, revoked.revoked_at, revoked.revoked_by
    actions: list[Action] = [
        GrantItem.revoked_at.set(at),
        GrantItem.revoked_by_id.set(by.user_id),
        GrantItem.revoked_by_name.set(by.name),
        GrantItem.ttl.set(epoch(at + settings.RETENTION)),
    ]
    is_live = GrantItem.revoked_at.does_not_exist() & (GrantItem.ends_at.does_not_exist() | (GrantItem.ends_at > at))

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        tenants.check_right(transaction, tenant_id, by.user_id)
        live_keys.delete(transaction, tenant_id, grant_id)
        history = GrantItem(*keys.grant(tenant_id, grant_id))
        transaction.update("history", history, [*actions, *remove_due()], is_live)
        if revoked.is_permanent:
            permanent = GrantItem(*keys.permanent_grant(tenant_id, grant_id))
            transaction.update("permanent", permanent, actions, is_live)

    def next_state(state: LedgerState) -> LedgerState:
        latest = max(at, state.revoked_at or at)  # a revoke with a later time may have been stored first
        return replace(state, live_at_most=max(0, state.live_at_most - 1), revoked_at=latest)

    ledger.write(context.ledger, [rules.revoked(revoked)], add_writes, next_state=next_state)


def find_one(tenant_id: str, grant_id: str) -> Grant:
    """Return one grant. Raises NotFound."""
    item = find(GrantItem, keys.grant(tenant_id, grant_id))
    if item is None:
        raise NotFound
    return grant_of(item)


def find_many(tenant_id: str, grant_ids: Iterable[str]) -> dict[str, Grant]:
    """Return the existing ones of up to a hundred grants, by id."""
    found = find_all(keys.grant(tenant_id, grant_id) for grant_id in grant_ids)
    return {grant.grant_id: grant for grant in map(grant_of, found.values())}


def overview(
    tenant_id: str, start: datetime, at: datetime, behind: str | None, batch: int
) -> Iterator[tuple[str, Grant]]:
    """Yield every grant that was live at any moment since `start`, each with its position in the list.

    First the permanent grants that were live at `at`, then the rest, each part newest first, beginning after the
    position `behind`. A grant that ends by time was given at most MAX_PERIOD before its end; older ones are permanent.
    """
    part, _, last = (behind or f"{PERMANENT_PART}:{keys.LAST}").partition(":")
    if part == PERMANENT_PART:
        for grant in permanent(tenant_id, last, batch):
            if _is_permanent_and_live(grant, at):
                yield f"{PERMANENT_PART}:{grant.grant_id}", grant
        last = keys.LAST
    oldest = keys.first_id_at(start - MAX_PERIOD)
    for grant in chain(history(tenant_id, oldest, last, batch), permanent(tenant_id, min(oldest, last), batch)):
        if grant.was_live_since(start) and not _is_permanent_and_live(grant, at):
            yield f"{OTHER_PART}:{grant.grant_id}", grant


def overview_pages(tenant: Tenant, now: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, Grant]]:
    """Yield the activation overview of the last six months. A position also holds the time of the first page.

    So all pages belong to the same list.
    """
    asked_at, _, position = (behind or f"{text_of(now)}|").partition("|")
    at = instant(asked_at)
    start = months_before(at, MONTHS_SHOWN, tenant.zone)
    for place, grant in overview(tenant.tenant_id, start, at, position or None, batch):
        yield f"{asked_at}|{place}", grant


def live_now(tenant_id: str, at: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, Grant]]:
    """Yield the live grants with their positions in the list: permanent grants first, each part newest first."""
    ranked = sorted(
        ((_rank(key), key.grant_id) for key in live_keys.of_tenant(tenant_id) if key.is_live(at)), reverse=True
    )
    ahead = [(rank, grant_id) for rank, grant_id in ranked if behind is None or f"{rank}:{grant_id}" < behind]
    for some in batched(ahead, batch):
        found = find_many(tenant_id, (grant_id for _, grant_id in some))
        yield from ((f"{rank}:{grant_id}", found[grant_id]) for rank, grant_id in some if grant_id in found)


def history(tenant_id: str, first_id: str, below_id: str, batch: int) -> Iterator[Grant]:
    """Yield the grants from `first_id` on and before `below_id`, newest first."""
    yield from _between(tenant_id, keys.GRANT, first_id, below_id, batch)


def permanent(tenant_id: str, below_id: str, batch: int) -> Iterator[Grant]:
    """Yield the permanent grants before `below_id`, revoked or not, newest first."""
    yield from _between(tenant_id, keys.PERMANENT, "", below_id, batch)


def grant_of(item: Item) -> Grant:
    """Return the grant of an item that was read together with others."""
    assert isinstance(item, GrantItem)
    return value_of(Grant, item, tenant_id=keys.tenant_id_in(item.pk))


def _live_grants(grant: Grant, state: LedgerState) -> int:
    """Return the number of live grants beside a new one, or an upper bound of it. Raises TooManyGrants.

    At the limit they are counted: some may have ended by time. The new grant may be among them, if an earlier try was
    stored and its answer was lost. A grant that a faster request gave a moment later counts as well.
    """
    bound = state.live_at_most
    if bound >= MAX_LIVE_GRANTS:
        others = (key for key in live_keys.of_tenant(grant.tenant_id) if key.grant_id != grant.grant_id)
        bound = sum(key.ends_at is None or key.ends_at > grant.granted_at for key in others)
    if bound >= MAX_LIVE_GRANTS:
        raise TooManyGrants
    return bound


def _is_permanent_and_live(grant: Grant, at: datetime) -> bool:
    return grant.is_permanent and grant.granted_at <= at and (grant.revoked_at is None or grant.revoked_at > at)


def _rank(key: LiveKey) -> int:
    return 0 if key.ends_at else 1


def _between(tenant_id: str, kind: str, first_id: str, below_id: str, batch: int) -> Iterator[Grant]:
    yield from map(grant_of, newest_first(GrantItem, keys.of_tenant(tenant_id), kind, first_id, below_id, batch))


def _item(grant: Grant, key: keys.Key) -> GrantItem:
    ttl = epoch(grant.ends_at + settings.RETENTION) if grant.ends_at else None
    return GrantItem(*key, **attributes_of(grant, GrantItem), ttl=ttl)
