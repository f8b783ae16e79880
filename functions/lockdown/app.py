"""/v1/lockdown: a customer locks all access to the account with one press, and lifts the lock."""

from guestkey import cold_start

cold_start.begin_cold_start()

from guestkey.edge.bodies.lockdown import LiftInput, LockInput
from guestkey.edge.http import ids, routes
from guestkey.edge.responses.lockdown import Lift, Lock
from guestkey.errors import RightMissing, TenantClosed, TenantUnknown, TooManyRequests
from guestkey.rules.lockdown import lift, lock
from guestkey.store import clock
from guestkey.store.access import lockdown
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact

app = routes.resolver()

LOCKING = (RightMissing, TenantUnknown, TenantClosed)
LIFTING = (*LOCKING, TooManyRequests)


@routes.route(app, "PUT /v1/lockdown", "Lock your account", "lockdown", *LOCKING)
def lock_account(body: LockInput) -> Lock:
    """Lock support out: from the response on no agent is in, and nothing can be given. Repeating changes nothing."""
    user, now, salt = routes.user(app), clock.now(), ids.new_salt()
    locked = transact(
        load=lambda: lockdown.load_context(user),
        decide=lambda context: lock(context.door, context.last, by=user, reason=body.reason, reason_salt=salt, now=now),
        save=lambda locked, context: lockdown.save_lock(locked, context, now),
    )
    return Lock.of(locked)


@routes.route(app, "DELETE /v1/lockdown", "Lift the lock of your account", "lockdown", *LIFTING)
def lift_lock(body: LiftInput) -> Lift:
    """Lift the lock. All grants given before it end, unless `keep_grants` is true. Repeating changes nothing.

    The response is about the last lock: its members are null if the account was never locked.
    """
    user, now = routes.user(app), clock.now()
    lifted = transact(
        load=lambda: lockdown.load_context(user),
        decide=lambda context: lift(context.door, context.last, by=user, keep_grants=body.keep_grants, now=now),
        save=lambda lifted, context: lockdown.save_lift(lifted, context, now),
    )
    return Lift.of(lifted)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
