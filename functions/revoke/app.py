"""A customer ends a grant at once, or keeps a permanent one when its review is due."""

from guestkey import cold_start

cold_start.begin_cold_start()

from contextlib import suppress
from datetime import datetime

from guestkey.edge.http import ids, routes
from guestkey.edge.responses.grants import Grant
from guestkey.edge.responses.policy import Revoked
from guestkey.errors import GrantEnded, NotFound, RightMissing, TenantUnknown
from guestkey.rules import grants as rules
from guestkey.rules.people import User
from guestkey.store import clock
from guestkey.store.access import breaking, grants, keeping, policies
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact

app = routes.resolver()

MAX_REVOKED = 20
"""Grants that one call revokes, each in a transaction of its own."""


@routes.route(app, "DELETE /v1/grants/{grant_id}", "Revoke a grant", "grants", RightMissing, NotFound, GrantEnded)
def revoke_grant(grant_id: str) -> Grant:
    """Revoke a grant. No check that starts after the response is allowed by it. Revoking twice is the same as once."""
    user, now = routes.user(app), clock.now()
    return Grant.of(_revoked(user, ids.valid_id(grant_id), now), now)


@routes.route(app, "POST /v1/grants/{grant_id}/keep", "Keep a grant", "grants", RightMissing, NotFound, GrantEnded)
def keep_grant(grant_id: str) -> Grant:
    """Keep a permanent grant whose review is due: the next one is 180 days away. Keeping twice is the same as once."""
    user, now = routes.user(app), clock.now()
    kept = transact(
        load=lambda: keeping.load(user, ids.valid_id(grant_id)),
        decide=lambda context: rules.keep(context.grant, context.zone, now),
        save=lambda kept, context: keeping.save(kept, context, now),
    )
    return Grant.of(kept, now)


@routes.route(
    app, "POST /v1/policy/breaking/revoke", "Revoke what breaks a rule", "policy", RightMissing, TenantUnknown
)
def revoke_breaking() -> Revoked:
    """Revoke up to 20 live grants that could not be given any more. Call again while some are left."""
    user, now = routes.user(app), clock.now()
    found = breaking.breaking(user.tenant_id, policies.load(user).policy, now)
    for grant_id in found[:MAX_REVOKED]:
        with suppress(GrantEnded):
            _revoked(user, grant_id, now)
    return Revoked(revoked=found[:MAX_REVOKED], left=len(found[MAX_REVOKED:]))


def _revoked(user: User, grant_id: str, now: datetime) -> rules.Grant:
    return transact(
        load=lambda: grants.load_for_change(user, grant_id),
        decide=lambda context: rules.revoke(context.grant, user, now),
        save=grants.save_revoked,
    )


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
