"""Agents who leave and come back, and users without the right who ask all the time, over real connections."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import httpx

from tests.journeys.calls import Caller, check_of, grant_to, login_at, refusal, success
from tests.journeys.concurrency import Stamped, ask_until, at_once, connections, stamped
from tests.journeys.world import Tenant, World
from tests.rows_and_columns import rounds

Measured = Callable[[str], None]

CHECKS, GRANTS, LOGINS = "/v1/vendor/checks", "/v1/grants", "/v1/support/logins"
LEAVINGS, PRODUCTS = rounds(50, gate=3), 8
ASKED = 5  # requests are limited by the hour
CLAIMS_PER_SECOND, SECONDS = 20, rounds(30, gate=4)
AT_ONCE_SECONDS = 1.0


def test_who_leaves_and_comes_back_at_once_has_no_access_by_what_named_them_before(
    world: World, acme: Tenant, measured: Measured
) -> None:
    agent = world.new_agent()
    order = check_of(acme.tenant_id, agent.agent_id)
    checks = allowed = 0
    with connections(world.backend, PRODUCTS) as products, ThreadPoolExecutor(max_workers=PRODUCTS) as threads:
        for number in range(LEAVINGS):
            grant_id = acme.lets_in(agent.agent_id)
            login_id = acme.is_entered_by(agent.caller)
            request_id = acme.is_asked_by(agent.caller) if number < ASKED else None
            over = Event()
            asking = [threads.submit(ask_until, over, partial(product.post, CHECKS, order)) for product in products]
            left = stamped(partial(agent.put, active=False))
            back = stamped(partial(agent.put, active=True))
            time.sleep(0.2)
            over.set()
            after = [one for client in asking for one in client.result(timeout=60) if one.started > left.ended]

            assert (left.answer.status_code, back.answer.status_code) == (200, 200)
            assert len(after) >= PRODUCTS
            checks += len(after)
            allowed += sum(success(one.answer)["allowed"] for one in after)
            within = check_of(acme.tenant_id, agent.agent_id, login_id=login_id)
            assert success(world.backend.post(CHECKS, within))["reason"] == "no_live_grant"
            assert refusal(agent.caller.post(LOGINS, login_at(acme.tenant_id))) == (403, "no_live_grant")
            assert success(acme.anna.get(f"{GRANTS}/{grant_id}"))["end"] == "agent_left"
            if request_id:
                assert refusal(acme.anna.post(f"/v1/requests/{request_id}/approve", {})) == (409, "request_closed")
    measured(f"{LEAVINGS} leavings: {checks} checks started after the answer, {allowed} of them allowed")
    assert allowed == 0


def test_leaving_a_department_and_joining_it_within_a_second_ends_the_login(world: World, acme: Tenant) -> None:
    department = world.new_department()
    agent = world.new_agent(department)
    acme.lets_in_all_of(department)
    login_id = acme.is_entered_by(agent.caller)
    order = check_of(acme.tenant_id, agent.agent_id, login_id=login_id)
    assert success(world.backend.post(CHECKS, order))["allowed"]

    for departments in ([], [department]):
        success(agent.put(departments=departments))

    assert success(world.backend.post(CHECKS, order))["reason"] == "no_login"
    again = check_of(acme.tenant_id, agent.agent_id, login_id=acme.is_entered_by(agent.caller))
    assert success(world.backend.post(CHECKS, again))["allowed"]


def test_a_user_without_the_right_who_asks_all_the_time_delays_nobody(
    world: World, acme: Tenant, measured: Measured
) -> None:
    agent = world.new_agent("support")
    success(acme.put_right("ben", may_grant=False))
    acme.lets_in_all_of("support")
    victim, over, asks = acme.lets_in("dora"), Event(), 4
    acme.is_entered_by(agent.caller)
    with connections(acme.user("ben"), asks) as bens, ThreadPoolExecutor(max_workers=asks + 1) as threads:
        # A cold start is slow.
        at_once([partial(ben.post, GRANTS, grant_to("agent", "sven")) for ben in bens])
        success(acme.anna.delete(f"{GRANTS}/{acme.lets_in('dora')}"))
        asking = [threads.submit(_paced, ben, over, asks / CLAIMS_PER_SECOND) for ben in bens]
        entering = threads.submit(_log_in_for, agent.caller, login_at(acme.tenant_id))
        time.sleep(SECONDS / 2)
        revoke = stamped(lambda: acme.anna.delete(f"{GRANTS}/{victim}"))
        logins = entering.result(timeout=120)
        over.set()
        refused = [answer for ben in asking for answer in ben.result(timeout=60)]

    slowest = max(login.seconds for login in logins)
    measured(
        f"a user without the right asks {len(refused)} times in {SECONDS} s: {len(logins)} logins, the slowest after "
        f"{slowest * 1000:.0f} ms; a revoke meanwhile took {revoke.seconds * 1000:.0f} ms"
    )
    assert {refusal(answer) for answer in refused} == {(403, "right_missing")}
    assert {login.answer.status_code for login in logins} == {201}
    assert success(revoke.answer)["state"] == "revoked"
    assert max(slowest, revoke.seconds) < AT_ONCE_SECONDS


def _paced(ben: Caller, over: Event, every: float) -> list[httpx.Response]:
    answers, next_at = [], time.monotonic()
    while not over.is_set():
        answers.append(ben.post(GRANTS, grant_to("agent", "sven")))
        next_at += every
        time.sleep(max(0.0, next_at - time.monotonic()))
    return answers


def _log_in_for(caller: Caller, order: dict[str, str]) -> list[Stamped]:
    until, answers = time.monotonic() + SECONDS, []
    while time.monotonic() < until:
        answers.append(stamped(partial(caller.post, LOGINS, order)))
        time.sleep(SECONDS / 20)
    return answers
