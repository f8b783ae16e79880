"""A customer ends a grant at once, or keeps a permanent one when its review is due."""

from guestkey import cold_start

cold_start.begin_cold_start()

from guestkey.edge.http import ids, routes
from guestkey.edge.responses.grants import Grant
from guestkey.errors import GrantEnded, NotFound, RightMissing
from guestkey.rules.grants import keep, revoke
from guestkey.store import clock
from guestkey.store.access import grants, keeping
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact

app = routes.resolver()


@routes.route(app, "DELETE /v1/grants/{grant_id}", "Revoke a grant", "grants", RightMissing, NotFound, GrantEnded)
def revoke_grant(grant_id: str) -> Grant:
    """Revoke a grant. No check that starts after the response is allowed by it. Revoking twice is the same as once."""
    user, now = routes.user(app), clock.now()
    revoked = transact(
        load=lambda: grants.load_for_change(user, ids.valid_id(grant_id)),
        decide=lambda context: revoke(context.grant, user, now),
        save=grants.save_revoked,
    )
    return Grant.of(revoked, now)


@routes.route(app, "POST /v1/grants/{grant_id}/keep", "Keep a grant", "grants", RightMissing, NotFound, GrantEnded)
def keep_grant(grant_id: str) -> Grant:
    """Keep a permanent grant whose review is due: the next one is 180 days away. Keeping twice is the same as once."""
    user, now = routes.user(app), clock.now()
    kept = transact(
        load=lambda: keeping.load(user, ids.valid_id(grant_id)),
        decide=lambda context: keep(context.grant, context.zone, now),
        save=lambda kept, context: keeping.save(kept, context, now),
    )
    return Grant.of(kept, now)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
