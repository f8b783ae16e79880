"""/v1/policy: a customer sets rules for what may be granted and when agents may enter."""

from guestkey import cold_start

cold_start.begin_cold_start()

from collections.abc import Callable
from datetime import datetime

from guestkey.edge.bodies.policy import PolicyInput
from guestkey.edge.http import routes
from guestkey.edge.responses.policy import Policy
from guestkey.errors import PolicyChanged, RightMissing, TenantUnknown, TooManyRequests
from guestkey.rules import policy as rules
from guestkey.rules.people import User
from guestkey.store import clock
from guestkey.store.access import breaking, policies
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact

app = routes.resolver()

SHOWING = (RightMissing, TenantUnknown)
CHANGING = (*SHOWING, PolicyChanged, TooManyRequests)


@routes.route(app, "GET /v1/policy", "Show your policy", "policy", *SHOWING)
def show_policy() -> Policy:
    """Return the rules that count now, the looser ones that wait, and the live grants that break a rule."""
    user, now = routes.user(app), clock.now()
    return _answer(user, policies.load(user).policy, now)


@routes.route(app, "PUT /v1/policy", "Change your policy", "policy", *CHANGING, accepted="looser rules wait")
def change_policy(body: PolicyInput) -> Policy:
    """Replace all rules. Tighter ones count from the response on; looser ones wait 24 hours, and the status is 202.

    All approvers are mailed at once. Each user with the right can withdraw what waits.
    """
    user, now = routes.user(app), clock.now()

    def change(context: policies.PolicyContext) -> rules.Policy:
        wanted = body.rules.rules(context.policy.wanted_at(now).hours, context.tenant.time_zone)
        return rules.change(context.policy, body.version, wanted, by=user, now=now)

    return _changed(user, change, now)


@routes.route(app, "DELETE /v1/policy/waiting", "Withdraw looser rules", "policy", *SHOWING)
def withdraw_waiting() -> Policy:
    """Withdraw the looser rules that wait. Where nothing waits, nothing changes."""
    user, now = routes.user(app), clock.now()
    return _changed(user, lambda context: rules.withdraw(context.policy, by=user, now=now), now)


def _changed(user: User, decide: Callable[[policies.PolicyContext], rules.Policy], now: datetime) -> Policy:
    changed = transact(
        load=lambda: policies.load_context(user),
        decide=decide,
        save=lambda policy, context: policies.save(policy, context, now),
    )
    answer = _answer(user, changed, now)
    return routes.accepted(answer) if answer.waiting else answer


def _answer(user: User, policy: rules.Policy, now: datetime) -> Policy:
    return Policy.of(policy, breaking.breaking(user.tenant_id, policy, now), now)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
