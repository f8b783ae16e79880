"""The customer's policy in the table: one item, with the rules that count and the looser ones that wait.

What waits counts by the clock, so nothing has to run for it. The part that checks follow is on the door, too, in the
same transaction. The door has the policy's version: a policy that was read beside another version is read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from guestkey.errors import RightMissing, TenantUnknown
from guestkey.rules.door import NOT_UNDERSTOOD, Door
from guestkey.rules.instants import instant, text_of
from guestkey.rules.people import Person, Tenant, User
from guestkey.rules.policy import MAX_LOOSENINGS_AN_HOUR, NO_POLICY, Policy, Waiting, door_after
from guestkey.rules.policy_form import form_of, rules_of, told
from guestkey.store.access import doors
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import InstantAttribute, Item
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.retry import MAX_TRIES, TryAgain, growing_pauses, retry
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.dynamodb.unreadable import Unreadable, expect
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import tenants


class PolicyItem(Item, discriminator="policy"):
    """The policy of a tenant."""

    version = NumberAttribute()
    rules = JSONAttribute()
    waiting = JSONAttribute(null=True)
    """Looser rules, when they count, and who wanted them: `{rules, counts_from, by_id, by_name}`."""
    changed_at = InstantAttribute()
    changed_by_id = UnicodeAttribute()
    changed_by_name = UnicodeAttribute()


@dataclass(frozen=True, kw_only=True)
class PolicyContext:
    """State loaded before the policy is shown or changed: user, tenant, policy, door and ledger state."""

    user: User
    tenant: Tenant
    policy: Policy
    door: Door
    ledger: LedgerState


def load_context(user: User) -> PolicyContext:
    """Return the state that a change of the policy depends on, in one round trip.

    Raises RightMissing, TenantUnknown, or Unreadable for a policy or a door that this version does not understand:
    neither may be overwritten.
    """
    tenant_id = user.tenant_id
    right, tenant, head = keys.right(tenant_id, user.user_id), keys.tenant(tenant_id), keys.ledger(tenant_id)
    found = find_all([right, tenant, head, *keys_of(tenant_id)])
    state = ledger.state_in(found, tenant_id)
    if not tenants.holds_right_by(user, found.get(right)):
        raise RightMissing
    if state is None or tenant not in found:
        raise TenantUnknown
    door, policy = read_in(found, tenant_id)
    if door is NOT_UNDERSTOOD:
        raise Unreadable(keys.door(tenant_id))
    return PolicyContext(user=user, tenant=tenants.tenant_of(found[tenant]), policy=policy, door=door, ledger=state)


def load(user: User) -> PolicyContext:
    """Return the present policy of a user who holds the right. Raises the errors of `load_context`, or Busy."""
    return retry(lambda _: load_context(user), growing_pauses(MAX_TRIES), on=())


def keys_of(tenant_id: str) -> list[Key]:
    """Return the keys of the door and of the policy, which are read together."""
    return [keys.door(tenant_id), keys.policy(tenant_id)]


def read_in(found: Mapping[Key, Item], tenant_id: str) -> tuple[Door, Policy]:
    """Return the door and the policy that were read together, of one version.

    Items of one request are not of one moment: where a change of the policy came between them, it raises TryAgain.
    Beside a door that cannot be read, which bars everything, no rule is read. A policy that cannot be read raises
    Unreadable.
    """
    door_key, key = keys_of(tenant_id)
    door, item = doors.door_of(found.get(door_key)), found.get(key)
    if door is NOT_UNDERSTOOD:
        return door, NO_POLICY
    policy = policy_of(item) if item else NO_POLICY
    if policy.version != door.policy_version:
        raise TryAgain
    return door, policy


def policy_of(item: Item) -> Policy:
    """Return the policy of an item. Raises Unreadable if this version does not understand it."""
    stored = expect(PolicyItem, item)
    try:
        return Policy(
            version=int(stored.version),
            stored=rules_of(stored.rules),
            waiting=_waiting(stored.waiting) if stored.waiting else None,
            changed_at=stored.changed_at,
            changed_by=Person(user_id=stored.changed_by_id, name=stored.changed_by_name),
        )
    except (KeyError, TypeError, ValueError):
        raise Unreadable(Key(item.pk, item.sk)) from None


def save(policy: Policy, context: PolicyContext, now: datetime) -> None:
    """Store a change of the policy with the door and the ledger entries, in one transaction.

    An unchanged policy writes nothing. No check that starts after the answer is decided by the rules before. Raises
    TooManyRequests above the user's limit of the hour, ConditionFailed when the right or the door has changed, or Busy.
    """
    before, user = context.policy, context.user
    if policy is before:
        return
    tenant_id, is_looser = user.tenant_id, policy.waiting not in (None, before.waiting)
    counter = keys.counter_of_user(counters.RULED, tenant_id, user.user_id, now)

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        tenants.check_right(transaction, user)
        door = door_after(context.door, policy, before, state.next_seq, now)
        doors.update_rules(transaction, tenant_id, context.door, door, now)
        transaction.put("policy", _item(policy, tenant_id), _is_as_read(before))
        if is_looser:
            counters.count(transaction, counter, MAX_LOOSENINGS_AN_HOUR, now)

    notes = told(policy, before, tenant_id, now)
    try:
        ledger.write(context.ledger, notes, add_writes, door=context.door, next_state=doors.moved)
    except ConditionFailed as error:
        counters.refuse_at_limit(error, now)
        raise


def _is_as_read(before: Policy) -> Condition:
    unchanged: Condition = PolicyItem.version == before.version
    return unchanged if before.version else PolicyItem.pk.does_not_exist()


def _item(policy: Policy, tenant_id: str) -> PolicyItem:
    assert policy.changed_at and policy.changed_by
    waiting = policy.waiting
    return PolicyItem(
        *keys.policy(tenant_id),
        version=policy.version,
        rules=form_of(policy.stored),
        waiting=waiting
        and {
            "rules": form_of(waiting.rules),
            "counts_from": text_of(waiting.counts_from),
            "by_id": waiting.by.user_id,
            "by_name": waiting.by.name,
        },
        changed_at=policy.changed_at,
        changed_by_id=policy.changed_by.user_id,
        changed_by_name=policy.changed_by.name,
    )


def _waiting(stored: Mapping[str, object]) -> Waiting:
    form = dict(stored)
    rules, counts_from = form.pop("rules"), form.pop("counts_from")
    by = Person(user_id=str(form.pop("by_id")), name=str(form.pop("by_name")))
    if form or not isinstance(rules, Mapping):
        raise ValueError("a newer version wrote this policy")
    return Waiting(rules=rules_of(rules), counts_from=instant(str(counts_from)), by=by)
