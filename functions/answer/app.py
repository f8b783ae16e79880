"""/v1/requests: a customer sees who asks to be let in, and approves or declines."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field, StrictBool

from guestkey.edge import clock, ids, pages, routes
from guestkey.edge.inputs import Input, Note
from guestkey.edge.pages import Cursor, Limit
from guestkey.edge.shapes import Grant, Page, Request
from guestkey.errors import (
    Busy,
    CursorInvalid,
    ExportNotAsked,
    GranteeUnknown,
    IdempotencyKeyReused,
    NotFound,
    RequestClosed,
    RequestExpired,
    RightMissing,
    TenantUnknown,
    TooManyGrants,
)
from guestkey.rules import requests as rules
from guestkey.rules.periods import Period
from guestkey.store import answers, requests

TRIES = 3
"""How often a request is read again that changed between reading and answering."""

app = routes.resolver()


class Approval(Input):
    """For how long instead, and whether data may be exported; what is left out is as the agent asked."""

    period: Period | None = Field(default=None, strict=False)
    may_export: StrictBool | None = None


class Refusal(Input):
    """What the agent may read about why."""

    note: Note | None = None


@app.get(
    "/v1/requests",
    summary="Who asks to be let in?",
    tags=["requests"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, CursorInvalid),
)
def list_requests(
    state: Annotated[Literal["pending"] | None, Query()] = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[Request]:
    """List support's requests to your account, newest first."""
    user, now = routes.user(app), clock.now()
    scope = pages.scope(user.tenant_id, "requests", state or "")
    behind = pages.position(cursor, scope)
    answers.holder_at(user)
    if state:
        found = requests.pending_at(user.tenant_id, now, behind, limit + 1)
    else:
        found = requests.of_tenant(user.tenant_id, behind, limit + 1)
    return Page.of(found, limit, scope, lambda request: Request.of(request, now))


@app.get(
    "/v1/requests/<request_id>",
    summary="Show a request",
    tags=["requests"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, NotFound),
)
def show_request(request_id: str) -> Request:
    """Show one request to your account. Looking at it changes nothing."""
    user = routes.user(app)
    answers.holder_at(user)
    return Request.of(requests.find(user.tenant_id, ids.known_form(request_id)), clock.now())


@app.post(
    "/v1/requests/<request_id>/approve",
    status_code=201,
    summary="Approve a request",
    tags=["requests"],
    openapi_extensions=routes.refuses(
        RightMissing,
        NotFound,
        GranteeUnknown,
        RequestClosed,
        RequestExpired,
        ExportNotAsked,
        TooManyGrants,
        IdempotencyKeyReused,
    ),
)
def approve_request(request_id: str, order: Approval) -> Grant:
    """Let the agent who asks in, from now on. Export may be dropped, never added."""
    user, once, now = routes.user(app), routes.once(app), clock.now()
    grant_id = ids.new_id()
    for _ in range(TRIES):
        ground = answers.ground(user, ids.known_form(request_id), once, now)
        rules.require_pending(ground.request, now)
        approved, grant = rules.approve(
            ground.request,
            by=user,
            grantee=answers.grantee(ground.request),
            tenant=ground.tenant,
            grant_id=grant_id,
            period=order.period,
            may_export=order.may_export,
            now=now,
        )
        shown = Grant.of(grant, now)
        try:
            answers.approve(approved, grant, ground, once and once.answering(shown.as_text()))
        except answers.Overtaken:
            continue
        return shown
    raise Busy(retry_after=1)


@app.post(
    "/v1/requests/<request_id>/decline",
    summary="Decline a request",
    tags=["requests"],
    openapi_extensions=routes.refuses(RightMissing, NotFound, RequestClosed, RequestExpired),
)
def decline_request(request_id: str, order: Refusal) -> Request:
    """Keep the agent who asks out. The note is for the agent."""
    user, now = routes.user(app), clock.now()
    for _ in range(TRIES):
        ground = answers.ground(user, ids.known_form(request_id), None, now)
        declined = rules.decline(ground.request, by=user, note=order.note, now=now)
        try:
            answers.decline(declined, user, ground)
        except answers.Overtaken:
            continue
        return Request.of(declined, now)
    raise Busy(retry_after=1)


lambda_handler = routes.serve(app)
