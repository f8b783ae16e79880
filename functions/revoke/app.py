"""DELETE /v1/grants/{grant_id}: a customer locks support out again, at once."""

from guestkey.edge import clock, ids, routes
from guestkey.edge.shapes import Grant
from guestkey.errors import GrantEnded, NotFound, RightMissing
from guestkey.store import grants

app = routes.resolver()


@app.delete(
    "/v1/grants/<grant_id>",
    summary="Lock support out",
    tags=["grants"],
    openapi_extensions=routes.refuses(RightMissing, NotFound, GrantEnded),
)
def revoke_grant(grant_id: str) -> Grant:
    """Revoke a grant. No check that starts after this answer is allowed by it. Revoking twice answers the same."""
    now = clock.now()
    return Grant.of(grants.end_early(routes.user(app), ids.known_form(grant_id), now), now)


lambda_handler = routes.serve(app)
