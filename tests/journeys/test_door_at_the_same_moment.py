"""A lock of an account against clients that check and agents who enter, over real connections."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

from tests.journeys.calls import check_of, login_at, refusal, success
from tests.journeys.concurrency import ask_until, connections
from tests.journeys.world import Tenant, World
from tests.rows_and_columns import rounds

CHECKS, LOGINS, GRANTS, LOCKDOWN = "/v1/vendor/checks", "/v1/support/logins", "/v1/grants", "/v1/lockdown"
LOCKS, PRODUCTS, ENTERING = rounds(50, gate=2), rounds(100, gate=6), 2
MIN_CHECKS, PAUSE_SECONDS = rounds(10_000, gate=1), 0.3
MIN_CHECKS_AFTER_A_LOCK = MIN_CHECKS // LOCKS
"""Checks that start after the answer of the lock, in each round."""
SECONDS_A_CHECK = 0.03
"""A generous guess of the time of one check among many, on two cores."""


def lock(tenant: Tenant) -> None:
    """Lock the tenant's account, and return when the answer is there."""
    assert success(tenant.anna.put(LOCKDOWN))["locked_by"]["user_id"] == "anna"


def lift(tenant: Tenant) -> None:
    assert success(tenant.anna.delete(LOCKDOWN))["kept_grants"] is False


def test_no_check_and_no_login_that_starts_after_a_lock_is_allowed(
    world: World, measured: Callable[[str], None]
) -> None:
    checks = logins = entered = 0
    for _ in range(LOCKS):
        tenant, agent = world.new_tenant(), world.new_agent()
        tenant.lets_in(agent.agent_id)
        before = tenant.is_entered_by(agent.caller)
        order, over = check_of(tenant.tenant_id, agent.agent_id), Event()
        with (
            connections(world.backend, PRODUCTS) as products,
            connections(agent.caller, ENTERING) as agents,
            ThreadPoolExecutor(max_workers=PRODUCTS + ENTERING) as threads,
        ):
            asking = [threads.submit(ask_until, over, partial(product.post, CHECKS, order)) for product in products]
            entering = [
                threads.submit(ask_until, over, partial(one.post, LOGINS, login_at(tenant.tenant_id))) for one in agents
            ]
            time.sleep(0.2)
            lock(tenant)
            locked_at = time.monotonic()
            time.sleep(max(PAUSE_SECONDS, MIN_CHECKS_AFTER_A_LOCK * SECONDS_A_CHECK))
            over.set()
            asked = [one for client in asking for one in client.result(timeout=60)]
            tried = [one for client in entering for one in client.result(timeout=60)]

        after = [success(one.answer) for one in asked if one.started > locked_at]
        late = [one.answer for one in tried if one.started > locked_at]
        assert {(one["allowed"], one["reason"]) for one in after} == {(False, "locked")}
        assert {refusal(one) for one in late} == {(403, "policy_forbids")}
        recorded = [before, *(success(one.answer, 201)["login_id"] for one in tried if one.answer.status_code == 201)]
        for login_id in recorded:
            within = check_of(tenant.tenant_id, agent.agent_id, login_id=login_id)
            assert success(world.backend.post(CHECKS, within))["reason"] == "locked"
        checks, logins, entered = checks + len(after), logins + len(late), entered + len(recorded)
    assert checks >= MIN_CHECKS
    measured(f"{LOCKS} locks: {checks} checks and {logins} logins after them, 0 allowed; {entered} logins before them")


def test_a_lift_ends_what_was_given_before_and_a_new_grant_lets_in(world: World) -> None:
    tenant, agent = world.new_tenant(), world.new_agent()
    grant_id = tenant.lets_in(agent.agent_id)
    login_id = tenant.is_entered_by(agent.caller)
    lock(tenant)
    grant = {"grantee": {"type": "agent", "id": agent.agent_id}}
    assert refusal(tenant.anna.post(GRANTS, grant)) == (409, "locked_down")
    assert success(agent.caller.get("/v1/support/access"))["items"] == []

    lift(tenant)
    order = check_of(tenant.tenant_id, agent.agent_id)
    assert success(world.backend.post(CHECKS, order))["reason"] == "no_live_grant"
    assert success(tenant.anna.get(f"{GRANTS}/{grant_id}"))["end"] == "locked"
    [login] = success(tenant.anna.get("/v1/logins"))["items"]
    assert (login["login_id"], login["end_cause"]) == (login_id, "locked")

    tenant.lets_in(agent.agent_id)
    assert success(world.backend.post(CHECKS, order))["allowed"]
    within = check_of(tenant.tenant_id, agent.agent_id, login_id=login_id)
    assert success(world.backend.post(CHECKS, within))["reason"] == "no_login"
