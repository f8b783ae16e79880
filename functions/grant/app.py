"""POST /v1/grants: a customer grants access to an agent or a department."""

from guestkey import cold_start

cold_start.begin_cold_start()

from dataclasses import replace

from guestkey import settings
from guestkey.edge.bodies.grants import GrantInput
from guestkey.edge.http import ids, routes
from guestkey.edge.responses.grants import Grant
from guestkey.errors import (
    GranteeUnknown,
    IdempotencyKeyReused,
    LockedDown,
    PolicyForbids,
    RightMissing,
    TenantClosed,
    TenantUnknown,
    TooManyGrants,
    TooManyRequests,
)
from guestkey.rules.grants import give
from guestkey.store import clock
from guestkey.store.access import giving
from guestkey.store.dynamodb.client import open_client

app = routes.resolver()


@routes.route(
    app,
    "POST /v1/grants",
    "Give a grant",
    "grants",
    RightMissing,
    TenantUnknown,
    GranteeUnknown,
    TooManyGrants,
    LockedDown,
    PolicyForbids,
    TenantClosed,
    IdempotencyKeyReused,
    TooManyRequests,
    status=201,
)
def grant_access(body: GrantInput) -> Grant:
    """Grant an agent or a department access to your account, from now until the period is over."""
    user, now, grant_id = routes.user(app), clock.now(), ids.new_id()
    return routes.transact(
        app,
        load=lambda record: giving.load_context(user, body.grantee.type, body.grantee.id, record, now),
        decide=lambda context: give(
            door=context.door,
            rules=context.policy.rules_at(now),
            grant_id=grant_id,
            by=user,
            grantee=replace(context.grantee, may_automate=body.may_automate),
            period=body.period,
            tenant=context.tenant,
            access=body.access or settings.DEFAULT_ACCESS,
            may_export=body.may_export,
            now=now,
        ),
        save=giving.save,
        respond=lambda grant: Grant.of(grant, now),
    )


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
