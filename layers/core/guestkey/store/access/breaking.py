"""Live grants that could not be given any more: a tighter rule does not end them, unless a check can tell."""

from datetime import datetime
from itertools import batched

from guestkey.rules.grants import Grant, State
from guestkey.rules.policy import NO_RULES, Rules, forbidding
from guestkey.store.access import grants, live_keys
from guestkey.store.access.policies import PolicyContext

MAX_READ = 100
"""Grants that one request reads."""


def breaking(context: PolicyContext, now: datetime) -> list[str]:
    """Return the ids of the live grants that could not be given any more under the rules that count now, in order."""
    rules = context.policy.rules_at(now)
    if rules == NO_RULES:
        return []
    live = [key.grant_id for key in live_keys.of_tenant(context.user.tenant_id).keys if key.is_live(now)]
    given: list[Grant] = []
    for some in batched(live, MAX_READ):
        given += grants.find_many(context.user.tenant_id, some, context.door).values()
    return sorted(grant.grant_id for grant in given if grant.state(now) is State.LIVE and _is_forbidden(rules, grant))


def _is_forbidden(rules: Rules, grant: Grant) -> bool:
    grantee = grant.grantee
    name = forbidding(rules, grantee.type, grantee.id, grant.period, grant.access, grant.may_export)
    return name is not None
