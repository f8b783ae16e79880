"""POST /v1/grants: a customer lets an agent or a whole department in."""

from pydantic import Field, StrictBool

from guestkey.edge import clock, ids, routes
from guestkey.edge.inputs import Input, Slug
from guestkey.edge.shapes import Grant
from guestkey.errors import GranteeUnknown, IdempotencyKeyReused, RightMissing, TenantUnknown, TooManyGrants
from guestkey.rules.grants import give
from guestkey.rules.people import GranteeType
from guestkey.rules.periods import DEFAULT_PERIOD, Period
from guestkey.store import grants

app = routes.resolver()


class GranteeNamed(Input):
    """An active agent, or a department."""

    type: GranteeType = Field(strict=False)
    id: Slug


class GrantOrder(Input):
    """Whom to let in, for how long, and whether data may be exported."""

    grantee: GranteeNamed
    period: Period = Field(default=DEFAULT_PERIOD, strict=False)
    may_export: StrictBool = False


@app.post(
    "/v1/grants",
    status_code=201,
    summary="Let support in",
    tags=["grants"],
    openapi_extensions=routes.refuses(RightMissing, TenantUnknown, GranteeUnknown, TooManyGrants, IdempotencyKeyReused),
)
def grant_access(order: GrantOrder) -> Grant:
    """Let an agent or a department into your account, from now until the period is over."""
    user, once, now = routes.user(app), routes.once(app), clock.now()
    ground = grants.ground(user, order.grantee.type, order.grantee.id, once, now)
    grant = give(
        grant_id=ids.new_id(),
        by=user,
        grantee=ground.grantee,
        period=order.period,
        tenant=ground.tenant,
        may_export=order.may_export,
        now=now,
    )
    shown = Grant.of(grant, now)
    grants.add(grant, ground.tip, once and once.answering(shown.as_text()))
    return shown


lambda_handler = routes.serve(app)
