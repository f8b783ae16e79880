"""/v1/requests: a customer lists the requests of agents, and approves or declines them."""

from guestkey import cold_start

cold_start.begin_cold_start()

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey import errors
from guestkey.edge.bodies.grants import ApprovalInput, DeclineInput
from guestkey.edge.http import cursors, ids, routes
from guestkey.edge.http.cursors import Cursor, Limit
from guestkey.edge.responses.grants import Grant
from guestkey.edge.responses.requests import Request
from guestkey.edge.responses.response import Page
from guestkey.errors import CursorInvalid, NotFound, RightMissing, TenantUnknown
from guestkey.rules import requests as rules
from guestkey.rules.limits import ULID
from guestkey.store import clock
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact
from guestkey.store.requests import approvals, requests

app = routes.resolver()

DECLINING = (RightMissing, NotFound, errors.RequestClosed, errors.RequestExpired)
GIVING = (errors.GranteeUnknown, errors.TooManyGrants, errors.LockedDown, errors.PolicyForbids, errors.TenantClosed)
ASKED = (errors.ChangeNotAsked, errors.ExportNotAsked)
APPROVING = (*DECLINING, *GIVING, *ASKED, errors.IdempotencyKeyReused, errors.TooManyRequests)


@routes.route(app, "GET /v1/requests", "List requests", "requests", RightMissing, TenantUnknown, CursorInvalid)
def list_requests(
    state: Annotated[Literal["pending"] | None, Query()] = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[Request]:
    """List support's requests to your account, newest first."""
    user, now = routes.user(app), clock.now()
    scope = cursors.scope(user.tenant_id, "requests", state or "")
    behind = cursors.position(cursor, scope, ULID)
    approvals.require_right(user)
    if state:
        found = requests.pending_at(user.tenant_id, now, behind, limit + 1)
    else:
        found = requests.of_tenant(user.tenant_id, behind, limit + 1)
    return Page.of(found, limit, scope, lambda request: Request.of(request, now))


@routes.route(app, "GET /v1/requests/{request_id}", "Show a request", "requests", RightMissing, TenantUnknown, NotFound)
def show_request(request_id: str) -> Request:
    """Return one request to your account. Reading it does not change it."""
    user = routes.user(app)
    approvals.require_right(user)
    return Request.of(requests.find_one(user.tenant_id, ids.valid_id(request_id)), clock.now())


@routes.route(app, "POST /v1/requests/{request_id}/approve", "Approve a request", "requests", *APPROVING, status=201)
def approve_request(request_id: str, body: ApprovalInput) -> Grant:
    """Grant access to the agent of the request, from now on: with export only if they asked for it and you allow it."""
    user, now, grant_id = routes.user(app), clock.now(), ids.new_id()

    def approve(context: approvals.ApprovalContext) -> rules.Approval:
        return rules.approve(
            context.request,
            door=context.door,
            rules=context.policy.rules_at(now),
            by=user,
            grantee=context.agent,
            tenant=context.tenant,
            grant_id=grant_id,
            period=body.period,
            access=body.access,
            may_export=body.may_export is True,
            now=now,
        )

    return routes.transact(
        app,
        load=lambda record: approvals.load_context(user, ids.valid_id(request_id), record, now),
        decide=approve,
        save=approvals.save_approved,
        respond=lambda approval: Grant.of(approval.grant, now),
        tries=approvals.MAX_ANSWER_TRIES,
    )


@routes.route(app, "POST /v1/requests/{request_id}/decline", "Decline a request", "requests", *DECLINING)
def decline_request(request_id: str, body: DeclineInput) -> Request:
    """Decline the request. The agent may read the note."""
    user, now, salt = routes.user(app), clock.now(), ids.new_salt()
    declined = transact(
        load=lambda: approvals.load_context(user, ids.valid_id(request_id), None, now),
        decide=lambda context: rules.decline(context.request, by=user, note=body.note, note_salt=salt, now=now),
        save=approvals.save_declined,
        tries=approvals.MAX_ANSWER_TRIES,
    )
    return Request.of(declined, now)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
