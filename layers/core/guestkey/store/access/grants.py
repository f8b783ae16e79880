"""Grants in the table: a live key that decides, and a history record.

Revoking deletes the live key, and DynamoDB may delete it after its end; until then its `ends_at` decides. The history
record is complete; that of a permanent grant is stored under a second key as well, so that it is found however old it
is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.errors import NotFound, RightMissing, TooManyGrants
from guestkey.rules import grants as rules
from guestkey.rules.door import Door
from guestkey.rules.grants import MAX_GRANTS_AN_HOUR, MAX_LIVE_GRANTS, Grant, LiveKey
from guestkey.rules.ledger import Note, Position
from guestkey.rules.people import Agent, User
from guestkey.store.access import doors, live_keys
from guestkey.store.dynamodb import counters, idempotency, index_keys, keys
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch, remove_due
from guestkey.store.dynamodb.reads import find_all, newest_first
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.dynamodb.unreadable import expect, read_or_none, readable
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import people, tenants
from guestkey.store.registry.people import Person


class GrantItem(Item, discriminator="grant"):
    """The complete record of a grant. A permanent grant is stored under two keys, with the same attributes."""

    grant_id = UnicodeAttribute()
    grantee_type = UnicodeAttribute()
    grantee_id = UnicodeAttribute()
    grantee_name = UnicodeAttribute()
    grantee_incarnation = NumberAttribute(default=1)
    grantee_may_automate = BooleanAttribute(null=True)
    grantee_is_software = BooleanAttribute(null=True)
    period = UnicodeAttribute()
    access = UnicodeAttribute(null=True)
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
    granted_by_address = UnicodeAttribute(null=True)
    revoked_by_address = UnicodeAttribute(null=True)
    left_at = InstantAttribute(null=True)
    voided_seq = NumberAttribute(null=True)
    voided_at = InstantAttribute(null=True)
    voided_word = UnicodeAttribute(null=True)
    granted_seq = NumberAttribute(null=True)
    revoked_seq = NumberAttribute(null=True)
    end_recorded_at = InstantAttribute(null=True, attr_name="ended_told_at")
    review_notified_at = InstantAttribute(null=True, attr_name="review_told_at")


@dataclass(frozen=True, kw_only=True)
class ChangeContext:
    """State loaded before a grant is revoked or kept: the grant, the door and the ledger state, in one round trip."""

    user: User
    grant: Grant
    door: Door
    ledger: LedgerState


def write_new(
    grant: Grant,
    user: User,
    door: Door,
    state: LedgerState,
    record: IdempotencyRecord | None,
    *,
    extra_writes: Callable[[Transaction], None] = lambda transaction: None,
    extra_entries: Sequence[Note] = (),
    next_state: Callable[[LedgerState], LedgerState] = lambda state: state,
) -> None:
    """Store a grant and its ledger entry in one transaction, with `extra_writes` and, ahead of it, `extra_entries`.

    Raises TooManyGrants, TooManyRequests above the user's limit of the hour, ConditionFailed (the right was taken away,
    another request was first), or Busy.
    """
    now, tenant_id, grant_id = grant.granted_at, grant.tenant_id, grant.grant_id
    counter = keys.counter_of_user(counters.GIVEN, tenant_id, user.user_id, now)

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        numbered = replace(grant, granted_seq=state.next_seq + len(extra_entries))
        tenants.check_right(transaction, user)
        history = _item(numbered, keys.grant(tenant_id, grant_id))
        history.due, history.due_at = index_keys.due_on(tenant_id), grant.ends_at or grant.review_at
        transaction.add("history", history)
        if grant.is_permanent:
            transaction.add("permanent", _item(numbered, keys.permanent_grant(tenant_id, grant_id)))
        live_keys.add(transaction, numbered, state.revoked)
        extra_writes(transaction)
        idempotency.store_response(transaction, record, now)
        counters.count(transaction, counter, MAX_GRANTS_AN_HOUR, now)

    try:
        ledger.write(
            state,
            [*extra_entries, rules.given(grant)],
            add_writes,
            idempotent_write="history",
            door=door,
            next_state=lambda state: replace(next_state(state), live_at_most=_live_grants(grant, state) + 1),
        )
    except ConditionFailed as error:
        counters.refuse_at_limit(error, now)
        raise


def load_for_change(user: User, grant_id: str) -> ChangeContext:
    """Return the state that revoking or keeping a grant depends on. Raises RightMissing or NotFound."""
    right, key = keys.right(user.tenant_id, user.user_id), keys.grant(user.tenant_id, grant_id)
    door_key = keys.door(user.tenant_id)
    found = find_all([right, key, door_key, keys.ledger(user.tenant_id)])
    state = ledger.state_in(found, user.tenant_id)
    if not tenants.holds_right_by(user, found.get(right)):
        raise RightMissing
    if state is None or key not in found:
        raise NotFound
    door = doors.door_of(found.get(door_key))
    [grant] = as_they_are([grant_of(found[key])], door)
    return ChangeContext(user=user, grant=grant, door=door, ledger=state)


def save_revoked(revoked: Grant, context: ChangeContext) -> None:
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
    if revoked.revoked_by_address:
        actions.append(GrantItem.revoked_by_address.set(revoked.revoked_by_address))
    is_live = GrantItem.revoked_at.does_not_exist() & (GrantItem.ends_at.does_not_exist() | (GrantItem.ends_at > at))

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        numbered = [*actions, GrantItem.revoked_seq.set(state.next_seq)]
        tenants.check_right(transaction, context.user)
        live_keys.delete(transaction, tenant_id, grant_id)
        history = GrantItem(*keys.grant(tenant_id, grant_id))
        transaction.update("history", history, [*numbered, *remove_due()], is_live)
        if revoked.is_permanent:
            permanent = GrantItem(*keys.permanent_grant(tenant_id, grant_id))
            transaction.update("permanent", permanent, numbered, is_live)

    def next_state(state: LedgerState) -> LedgerState:
        latest = max(at, state.revoked.at if state.revoked else at)  # one with a later time may have been stored first
        bound = max(0, state.live_at_most - 1)
        return replace(state, live_at_most=bound, revoked=Position(state.next_seq, latest))

    ledger.write(context.ledger, [rules.revoked(revoked)], add_writes, next_state=next_state)


def find_many(tenant_id: str, grant_ids: Iterable[str], door: Door) -> dict[str, Grant]:
    """Return the existing ones of up to a hundred grants, by id."""
    found = find_all(keys.grant(tenant_id, grant_id) for grant_id in grant_ids)
    return {grant.grant_id: grant for grant in as_they_are(readable(grant_of, found.values()), door)}


def as_they_are(read: Iterable[Grant], door: Door, agents: Mapping[str, Agent] | None = None) -> list[Grant]:
    """Return grants of a tenant as they are, whether or not the clean-up has written it down.

    One whose agent has left is over since that moment, and so is one that a voiding of the door has ended. `agents`
    are the records of the agents if they were read before.
    """
    grants = [rules.under(door, grant) for grant in read]
    left_at = people.leavings((_person(grant) for grant in grants if _may_end_by_leaving(grant)), agents)
    return [replace(one, left_at=left_at.get(_person(one))) if _may_end_by_leaving(one) else one for one in grants]


def _may_end_by_leaving(grant: Grant) -> bool:
    return grant.grantee.agent_id is not None and not (grant.revoked_at or grant.left_at)


def _person(grant: Grant | LiveKey) -> Person:
    return grant.grantee.id, grant.grantee.incarnation


def history(tenant_id: str, first_id: str, below_id: str, batch: int) -> Iterator[Grant | None]:
    """Yield the grants from `first_id` on and before `below_id`, newest first, None for one that cannot be read."""
    return _between(tenant_id, keys.GRANT, first_id, below_id, batch)


def permanent(tenant_id: str, below_id: str, batch: int) -> Iterator[Grant | None]:
    """Yield the permanent grants before `below_id` in the same way, revoked or not."""
    return _between(tenant_id, keys.PERMANENT, "", below_id, batch)


def grant_of(item: Item) -> Grant:
    """Return the grant of an item that was read together with others. Raises Unreadable."""
    return value_of(Grant, expect(GrantItem, item), tenant_id=keys.tenant_id_in(item.pk))


def _live_grants(grant: Grant, state: LedgerState) -> int:
    """Return the number of live grants beside a new one, or an upper bound of it. Raises TooManyGrants.

    At the limit they are counted: some may have ended by time. The new grant may be among them, if an earlier try was
    stored and its answer was lost. A grant that a faster request gave a moment later counts as well.
    """
    bound = state.live_at_most
    if bound >= MAX_LIVE_GRANTS:
        live = live_keys.of_tenant(grant.tenant_id)
        others = without_leavers(key for key in live.keys if key.grant_id != grant.grant_id)
        bound = sum(key.ends_at is None or key.ends_at > grant.granted_at for key in others)
    if bound >= MAX_LIVE_GRANTS:
        raise TooManyGrants
    return bound


def without_leavers(live: Iterable[LiveKey]) -> list[LiveKey]:
    """Return the keys without those of agents who have left."""
    found = list(live)
    left_at = people.leavings(_person(key) for key in found if key.grantee.agent_id)
    return [key for key in found if key.grantee.agent_id is None or _person(key) not in left_at]


def _between(tenant_id: str, kind: str, first_id: str, below_id: str, batch: int) -> Iterator[Grant | None]:
    found = newest_first(GrantItem, keys.of_tenant(tenant_id), kind, first_id, below_id, batch)
    return (read_or_none(grant_of, item) for item in found)


def _item(grant: Grant, key: keys.Key) -> GrantItem:
    ttl = epoch(grant.ends_at + settings.RETENTION) if grant.ends_at else None
    return GrantItem(*key, **attributes_of(grant, GrantItem), ttl=ttl)
