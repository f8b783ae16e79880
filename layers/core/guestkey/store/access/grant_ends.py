"""Records the ends of grants that no user revoked. No decision depends on it: each computes the end by itself."""

from datetime import datetime

from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.rules.grants import Grant, GrantEnd
from guestkey.store.access import live_keys
from guestkey.store.access.grants import GrantItem
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import epoch, remove_due
from guestkey.store.dynamodb.transaction import Transaction


def record(transaction: Transaction, grant: Grant, now: datetime) -> None:
    """Add the record of a grant's end, on condition that there is none.

    Its live key is deleted, unless time ended it: then it is left to the table.
    """
    actions: list[Action] = [GrantItem.end_recorded_at.set(now)]
    cause, over_at = grant.end(now), grant.over_at
    if cause is not GrantEnd.TIME:
        assert over_at
        actions.append(GrantItem.ttl.set(epoch(over_at + settings.RETENTION)))
        live_keys.delete(transaction, grant.tenant_id, grant.grant_id)
    if cause is GrantEnd.AGENT_LEFT:
        assert grant.left_at
        actions.append(GrantItem.left_at.set(grant.left_at))
    elif grant.voided:
        actions += [GrantItem.voided_seq.set(grant.voided.seq), GrantItem.voided_at.set(grant.voided.at)]
        actions.append(GrantItem.voided_word.set(grant.voided.word.value))
    is_unrecorded = (
        GrantItem.pk.exists() & GrantItem.end_recorded_at.does_not_exist() & GrantItem.revoked_at.does_not_exist()
    )
    history = GrantItem(*keys.grant(grant.tenant_id, grant.grant_id))
    transaction.update(f"history {grant.grant_id}", history, [*actions, *remove_due()], is_unrecorded)
    if grant.is_permanent:
        permanent = GrantItem(*keys.permanent_grant(grant.tenant_id, grant.grant_id))
        transaction.update(f"permanent {grant.grant_id}", permanent, actions, is_unrecorded)
