"""DELETE /v1/grants/{grant_id}: a customer revokes a grant, with effect at once."""

from guestkey import cold_start

cold_start.begin_cold_start()

from guestkey.edge.http import ids, routes
from guestkey.edge.responses.grants import Grant
from guestkey.errors import GrantEnded, NotFound, RightMissing
from guestkey.rules.grants import revoke
from guestkey.store import clock
from guestkey.store.access import grants
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact

app = routes.resolver()


@routes.route(app, "DELETE /v1/grants/{grant_id}", "Revoke a grant", "grants", RightMissing, NotFound, GrantEnded)
def revoke_grant(grant_id: str) -> Grant:
    """Revoke a grant. No check that starts after the response is allowed by it. Revoking twice is the same as once."""
    user, now = routes.user(app), clock.now()
    revoked = transact(
        load=lambda: grants.load_for_revoke(user, ids.valid_id(grant_id)),
        decide=lambda context: revoke(context.grant, user, now),
        save=grants.save_revoked,
    )
    return Grant.of(revoked, now)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
