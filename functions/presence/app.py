"""/v1/presence, /v1/pulse: every user of a customer sees the agents who are in now, and whether anything changed.

Both are polled: an answer that is unchanged is 304, and costs three requests to the table, or one.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header

from guestkey.edge.http import etags, routes
from guestkey.edge.responses.presence import Presence, Pulse
from guestkey.errors import TenantUnknown
from guestkey.store import clock
from guestkey.store.access import presence
from guestkey.store.dynamodb.client import open_client
from guestkey.store.ledger import ledger
from guestkey.store.requests import requests

app = routes.resolver()

IfNoneMatch = Annotated[str | None, Header()]


@routes.route(app, "GET /v1/presence", "Show the agents in your account", "presence", TenantUnknown)
def show_presence(if_none_match: IfNoneMatch = None) -> Response[Presence]:
    """Return the agents who are in your account now. Reasons and grants are shown to users with the right only."""
    context = presence.load_context(routes.user(app))
    now = clock.now()
    etags.require_change(if_none_match, context.mark, now)
    found = presence.inside(context, now)
    changes = [one.changes_at for one in found if one.changes_at]
    etag = etags.etag(context.mark, min(changes, default=None))
    return _answer(Presence.of(found, presence.lock(context), context.holds_right), etag)


@routes.route(app, "GET /v1/pulse", "Show whether anything changed", "presence", TenantUnknown)
def show_pulse(if_none_match: IfNoneMatch = None) -> Response[Pulse]:
    """Return the number of the ledger's last entry and of the requests that wait. It changes with the ledger."""
    state = ledger.read_state(routes.user(app).tenant_id)
    if state is None:
        raise TenantUnknown
    pulse = Pulse(seq=state.head.seq, requests_waiting=requests.waiting(state))
    mark = f"{pulse.seq}.{pulse.requests_waiting}"
    etags.require_change(if_none_match, mark, clock.now())
    return _answer(pulse, etags.etag(mark))


def _answer[T](body: T, etag: str) -> Response[T]:
    return Response(status_code=200, content_type="application/json", body=body, headers={"ETag": etag})


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
