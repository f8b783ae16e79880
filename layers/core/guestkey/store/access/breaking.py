"""Live grants that could not be given any more: a tighter rule does not end them, unless a check can tell."""

from datetime import datetime

from guestkey.rules.policy import NO_RULES, Policy, forbidding
from guestkey.store.access import grant_lists

BATCH = 100
"""Grants that one request reads."""


def breaking(tenant_id: str, policy: Policy, now: datetime) -> list[str]:
    """Return the ids of the live grants that could not be given any more under the rules that count now, in order."""
    rules = policy.rules_at(now)
    if rules == NO_RULES:
        return []
    live = [grant for _, grant in grant_lists.live_now(tenant_id, now, None, BATCH)]
    return sorted(
        grant.grant_id
        for grant in live
        if forbidding(rules, grant.grantee.type, grant.grantee.id, grant.period, grant.access, grant.may_export)
    )
