"""/v1/notices: a customer reads and chooses which notices come at once and which in the digest of the day."""

from guestkey import cold_start

cold_start.begin_cold_start()

from guestkey.edge.bodies.notices import NoticesInput
from guestkey.edge.http import routes
from guestkey.edge.responses.notices import Notices
from guestkey.errors import RightMissing, TenantUnknown, TooManyRequests
from guestkey.store import clock
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact
from guestkey.store.registry import notice_choices

app = routes.resolver()


@routes.route(app, "GET /v1/notices", "Show the choice of notices", "notices", RightMissing, TenantUnknown)
def show_notices() -> Notices:
    """Return which notices to your approvers are mailed at once, and which come in the digest of the day."""
    return Notices.of(notice_choices.load_context(routes.user(app)).choice)


@routes.route(app, "PUT /v1/notices", "Choose notices", "notices", RightMissing, TenantUnknown, TooManyRequests)
def put_notices(body: NoticesInput) -> Notices:
    """Choose which notices come in the digest of the day. All approvers are mailed about the change at once."""
    user, now = routes.user(app), clock.now()
    return Notices.of(
        transact(
            load=lambda: notice_choices.load_context(user),
            decide=lambda context: context.choice.changed(body.chosen()),
            save=lambda choice, context: notice_choices.save(choice, context, now),
        )
    )


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
