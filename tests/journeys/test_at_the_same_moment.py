"""Concurrent callers, over real connections and against the real template, because moto is not atomic.

Every load here is bounded in count and in time. "After" always means: the request started after the other one's answer
had arrived, on one monotonic clock.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.journeys.calls import Caller, check_of, grant_to, login_at, refusal, success
from tests.journeys.concurrency import Stamped, at_once, connections, stamped
from tests.journeys.world import Tenant, World, avoid_the_end_of_the_hour
from tests.rows_and_columns import probes, rounds

Measured = Callable[[str], None]

CHECKS, GRANTS, LOGINS = "/v1/vendor/checks", "/v1/grants", "/v1/support/logins"
PRODUCTS = rounds(100, gate=8)
FAR_FUTURE = "4102444800"  # 2100, so that the item does not expire during the test


def repeat(job: Callable[[], httpx.Response], enough: Event, *, more: int = 2, seconds: float = 30) -> list[Stamped]:
    """Repeat the job until `enough` is set, then `more` times."""
    results, deadline = [], time.monotonic() + seconds
    while not enough.is_set():
        assert time.monotonic() < deadline, "the job was not stopped in time"
        results.append(stamped(job))
    return results + [stamped(job) for _ in range(more)]


def _times(number: int, job: Callable[[], httpx.Response]) -> list[Stamped]:
    return [stamped(job) for _ in range(number)]


# ------------------------------------------------------------------ access ends at once


def test_no_check_that_starts_after_the_revokes_answer_is_allowed(
    world: World, acme: Tenant, measured: Measured
) -> None:
    grant_id = acme.lets_in("sven")
    login_id = acme.is_entered_by(world.sven)
    orders = [check_of(acme.tenant_id, "sven"), check_of(acme.tenant_id, "sven", login_id=login_id)]
    revoked = Event()
    with connections(world.backend, PRODUCTS) as products, ThreadPoolExecutor(max_workers=PRODUCTS) as threads:
        at_once([partial(product.post, CHECKS, orders[0]) for product in products])  # a cold start is slow
        asking = [
            threads.submit(repeat, partial(product.post, CHECKS, order), revoked)
            for product, order in zip(products, orders * (PRODUCTS // 2), strict=True)
        ]
        time.sleep(1)
        revoke = stamped(lambda: acme.anna.delete(f"{GRANTS}/{grant_id}"))
        revoked.set()
        checks = [check for client in asking for check in client.result(timeout=60)]

    success(revoke.answer)
    before = [success(check.answer)["allowed"] for check in checks if check.ended < revoke.started]
    after = [success(check.answer) for check in checks if check.started > revoke.ended]
    measured(
        f"revoke among {PRODUCTS} clients: {len(checks)} checks, {len(before)} answered before, {len(after)} started "
        f"after the revoke's answer, {sum(check['allowed'] for check in after)} of them allowed; revoke took "
        f"{revoke.seconds * 1000:.0f} ms"
    )
    assert len(before) >= PRODUCTS and all(before)
    assert len(after) >= PRODUCTS
    assert not any(check["allowed"] for check in after)
    assert {check["reason"] for check in after} == {"no_live_grant"}


def test_no_login_that_starts_after_the_revokes_answer_is_recorded(acme: Tenant) -> None:
    world = acme.world
    agents = [world.new_agent("support") for _ in range(8)]
    grant_id = acme.lets_in_all_of("support")
    revoked, order = Event(), login_at(acme.tenant_id)
    with connections(world.sven, len(agents)) as lines, ThreadPoolExecutor(max_workers=len(agents)) as threads:
        callers = [agent.caller.over(line.client) for agent, line in zip(agents, lines, strict=True)]
        entering = [threads.submit(repeat, partial(caller.post, LOGINS, order), revoked) for caller in callers]
        time.sleep(0.5)
        revoke = stamped(lambda: acme.anna.delete(f"{GRANTS}/{grant_id}"))
        revoked.set()
        logins = [login for agent in entering for login in agent.result(timeout=60)]

    success(revoke.answer)
    after = [login for login in logins if login.started > revoke.ended]
    assert len(after) >= len(agents)
    assert {refusal(login.answer) for login in after} == {(403, "no_live_grant")}
    whats = acme.ledger().whats()
    assert "login.recorded" not in whats[whats.index("grant.revoked") :]
    recorded = {login.answer.json()["login_id"] for login in logins if login.answer.status_code == 201}
    assert recorded == set(acme.ledger().about("login.recorded"))


def test_an_agent_who_leaves_a_department_loses_access_with_the_answer_and_one_who_joins_gets_it(acme: Tenant) -> None:
    world = acme.world
    department = world.new_department()
    agent = world.new_agent(department)
    acme.lets_in_all_of(department)
    order = check_of(acme.tenant_id, agent.agent_id)
    for departments, is_in in (([], False), ([department], True), ([], False)):
        changed = Event()
        with connections(world.backend, 10) as products, ThreadPoolExecutor(max_workers=10) as threads:
            asking = [threads.submit(repeat, partial(product.post, CHECKS, order), changed) for product in products]
            time.sleep(0.2)
            change = stamped(partial(agent.put, departments=departments))
            changed.set()
            checks = [check for client in asking for check in client.result(timeout=60)]
        after = [success(check.answer)["allowed"] for check in checks if check.started > change.ended]
        assert len(after) >= 10
        assert set(after) == {is_in}


# ------------------------------------------------------------------ the end of a grant does not depend on TTL


def test_an_expired_grant_still_in_the_table_gives_no_access(acme: Tenant) -> None:
    world = acme.world
    grants = [acme.lets_in("sven", may_export=True), acme.lets_in_all_of("support")]
    login_id = acme.is_entered_by(world.sven)
    ended_at = (datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for grant_id in grants:
        for kind in ("LIVE#", "GRANT#"):
            acme.change(f"{kind}{grant_id}", ends_at={"S": ended_at}, ttl={"N": FAR_FUTURE})

    with connections(world.backend, 20) as products:
        orders = [
            check_of(acme.tenant_id, "sven", action, **more)
            for action in ("enter", "export")
            for more in ({}, {"login_id": login_id})
        ] * 5
        jobs = [partial(product.post, CHECKS, order) for product, order in zip(products, orders, strict=True)]
        answers = [success(answer) for answer in at_once(jobs)]

    assert {(answer["allowed"], answer["reason"]) for answer in answers} == {(False, "no_live_grant")}
    assert refusal(world.sven.post(LOGINS, login_at(acme.tenant_id))) == (403, "no_live_grant")
    places = success(world.sven.get("/v1/support/access?limit=100"))["items"]
    assert acme.tenant_id not in [place["tenant_id"] for place in places]
    assert success(acme.anna.get(f"{GRANTS}?state=live"))["items"] == []
    assert {grant["state"] for grant in acme.all_of(GRANTS)} == {"ended"}
    assert success(acme.anna.get("/v1/logins"))["items"][0]["end"] == "access_over"
    assert all(acme.item(f"LIVE#{grant_id}") for grant_id in grants), (
        "the table has expired a live key that the test needs"
    )


def test_a_grant_ends_on_the_second_though_its_item_stays(acme: Tenant) -> None:
    world, grant_id = acme.world, acme.lets_in("sven")
    order = check_of(acme.tenant_id, "sven")
    ends_at = (datetime.now(UTC) + timedelta(seconds=4)).replace(microsecond=0)
    acme.change(f"LIVE#{grant_id}", ends_at={"S": ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")}, ttl={"N": FAR_FUTURE})

    checks: list[tuple[datetime, datetime, bool]] = []
    while datetime.now(UTC) < ends_at + timedelta(seconds=1):
        started = datetime.now(UTC)
        allowed = success(world.backend.post(CHECKS, order))["allowed"]
        checks.append((started, datetime.now(UTC), allowed))
        time.sleep(0.01)

    before = [allowed for _, ended, allowed in checks if ended < ends_at]
    after = [allowed for started, _, allowed in checks if started >= ends_at]
    assert len(before) >= 10 and all(before)
    assert len(after) >= 10 and not any(after)
    assert acme.item(f"LIVE#{grant_id}")


# ------------------------------------------------------------------ one ledger, many writers

WRITERS, CHANGES = 16, rounds(50, gate=5)


def test_many_changes_by_sixteen_writers_leave_a_ledger_without_fork_or_gap(
    acme: Tenant, tmp_path: Path, measured: Measured
) -> None:
    names = ["anna", "giulia", "carla", "dimitri"]
    started = time.monotonic()
    with connections(acme.anna, WRITERS) as clients:
        users = [acme.user("anna", names[n % 4]).over(client.client) for n, client in enumerate(clients)]
        histories = at_once([partial(_gives_and_revokes, user) for user in users])
    seconds = time.monotonic() - started

    answers = [change for history in histories for change in history]
    assert len(answers) == WRITERS * CHANGES
    statuses = Counter(f"{change.answer.request.method} {change.answer.status_code}" for change in answers)
    slowest = max(change.seconds for change in answers)
    measured(
        f"{WRITERS} writers x {CHANGES} changes: {seconds:.1f} s, {len(answers) / seconds:.0f} changes/s, "
        f"slowest {slowest:.2f} s, {dict(statuses)}"
    )
    assert statuses == {"POST 201": WRITERS * CHANGES * 3 // 5, "DELETE 200": WRITERS * CHANGES * 2 // 5}

    ledger = acme.ledger()
    verified = ledger.verify(tmp_path)
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout
    assert [entry["seq"] for entry in ledger.entries] == list(range(1, 1 + WRITERS * CHANGES + 1))
    granted = {change.answer.json()["grant_id"] for change in answers if change.answer.status_code == 201}
    revoked = {change.answer.json()["grant_id"] for change in answers if change.answer.status_code == 200}
    assert Counter(ledger.about("grant.given")) == Counter(granted)
    assert Counter(ledger.about("grant.revoked")) == Counter(revoked)
    states = {grant["grant_id"]: grant["state"] for grant in acme.all_of(f"{GRANTS}?limit=100")}
    assert states == {id: "revoked" if id in revoked else "live" for id in granted}
    live = {grant["grant_id"] for grant in acme.all_of(f"{GRANTS}?state=live&limit=100")}
    assert live == granted - revoked


def _gives_and_revokes(user: Caller) -> list[Stamped]:
    """Give three grants and revoke two of them, until all changes are made."""
    done = []
    for _ in range(CHANGES // 5):
        grants = [stamped(lambda: user.post(GRANTS, grant_to("agent", "sven"))) for _ in range(3)]
        ids = [grant.answer.json().get("grant_id") for grant in grants]
        done += grants + [stamped(partial(user.delete, f"{GRANTS}/{id}")) for id in ids[:2]]
    return done


FLOOD_PER_SECOND, FLOODERS, ROUNDS = 50, 25, rounds(8, gate=3)
AT_ONCE_SECONDS = 3.0


@pytest.mark.parametrize("kind", probes("recorded", rest=["refused"]))
def test_many_writes_by_agents_do_not_delay_a_users_revoke(
    acme: Tenant, tmp_path: Path, measured: Measured, kind: str
) -> None:
    agent = acme.world.new_agent("support")
    if kind == "refused":
        agents = [agent] * FLOODERS
    else:  # one agent alone would reach the hourly limit within two seconds
        agents = [agent, *(acme.world.new_agent("support") for _ in range(FLOODERS - 1))]
        acme.lets_in_all_of("support")
    victims = [acme.lets_in("dora") for _ in range(ROUNDS)]
    over, order = Event(), login_at(acme.tenant_id)
    with connections(agent.caller, FLOODERS) as lines, ThreadPoolExecutor(max_workers=FLOODERS) as threads:
        started = time.monotonic()
        callers = [agent.caller.over(line.client) for agent, line in zip(agents, lines, strict=True)]
        load = [threads.submit(_paced, caller, order, over) for caller in callers]
        revokes, grants = [], []
        for victim in victims:
            time.sleep(random.uniform(0.3, 0.6))
            revokes.append(stamped(partial(acme.anna.delete, f"{GRANTS}/{victim}")))
            grants.append(stamped(lambda: acme.anna.post(GRANTS, grant_to("agent", "dora"))))
        over.set()
        seconds = time.monotonic() - started
        logins = [login for paced in load for login in paced.result(timeout=60)]

    statuses = Counter(login.status_code for login in logins)
    measured(
        f"revoke while {kind} logins pour in ({len(logins) / seconds:.0f}/s, {dict(statuses)}): "
        f"{_milliseconds(revokes)}; grant: {_milliseconds(grants)}"
    )
    assert [success(revoke.answer)["state"] for revoke in revokes] == ["revoked"] * ROUNDS
    assert all(grant.answer.status_code == 201 for grant in grants)
    assert max(revoke.seconds for revoke in revokes) < AT_ONCE_SECONDS
    assert statuses.keys() <= ({403} if kind == "refused" else {201, 429})
    ledger = acme.ledger()
    assert ledger.verify(tmp_path).returncode == 0
    assert len(ledger.about("login.recorded")) == statuses[201]
    refused = Counter(ledger.about("login.refused"))
    assert all(times <= 2 for times in refused.values()), "at most one entry an hour, and the run may span two hours"


def _paced(agent: Caller, order: dict[str, str], over: Event) -> list[httpx.Response]:
    """Post logins at this agent's share of the load, at most the hourly limit and for half a minute."""
    answers, next_at = [], time.monotonic()
    for _ in range(60):
        if over.is_set() or time.monotonic() > next_at + 30:
            break
        answers.append(agent.post(LOGINS, order))
        next_at += FLOODERS / FLOOD_PER_SECOND
        time.sleep(max(0.0, next_at - time.monotonic()))
    return answers


def _milliseconds(some: list[Stamped]) -> str:
    times = sorted(one.seconds * 1000 for one in some)
    return f"median {times[len(times) // 2]:.0f} ms, slowest {times[-1]:.0f} ms of {len(times)}"


# ------------------------------------------------------------------ the right is removed meanwhile


@pytest.mark.parametrize("round", range(rounds(6, gate=1)))
def test_a_removed_right_stops_every_concurrent_grant(world: World, round: int) -> None:
    acme = world.new_tenant()
    with connections(acme.user("ben"), 10) as bens:
        taken = Event()

        def grant_until_taken(ben: Caller) -> list[Stamped]:
            return repeat(lambda: ben.post(GRANTS, grant_to("agent", "sven")), taken, more=2)

        with ThreadPoolExecutor(max_workers=10) as threads:
            granting = [threads.submit(grant_until_taken, ben) for ben in bens]
            time.sleep(random.uniform(0.02, 0.4))
            put = stamped(lambda: acme.put_right("ben", may_grant=False))
            taken.set()
            grants = [grant for ben in granting for grant in ben.result(timeout=60)]

    after = [grant for grant in grants if grant.started > put.ended]
    assert len(after) >= 10
    assert {refusal(grant.answer) for grant in after} == {(403, "right_missing")}
    assert {grant.answer.status_code for grant in grants} <= {201, 403}
    ledger = acme.ledger()
    whats = ledger.whats()
    assert whats.count("right.changed") == 1
    assert "grant.given" not in whats[whats.index("right.changed") :]
    answered = {grant.answer.json()["grant_id"] for grant in grants if grant.answer.status_code == 201}
    assert {grant["grant_id"] for grant in acme.all_of(f"{GRANTS}?state=live&limit=100")} == answered
    assert set(ledger.about("grant.given")) == answered


# ------------------------------------------------------------------ Idempotency-Key


@pytest.mark.parametrize("round", range(rounds(3, gate=1)))
def test_the_same_key_posted_twenty_times_at_once_makes_one_grant(acme: Tenant, round: int) -> None:
    order = grant_to("agent", "sven", period="2h")
    with connections(acme.anna, 20) as annas:
        answers = at_once([partial(anna.post, GRANTS, order, key="once") for anna in annas])

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert acme.ledger().about("grant.given") == [answers[0].json()["grant_id"]]
    assert len(success(acme.anna.get(f"{GRANTS}?state=live"))["items"]) == 1


def test_the_same_key_posted_twenty_times_at_once_makes_one_login(acme: Tenant) -> None:
    agent = acme.world.new_agent("support")
    acme.lets_in_all_of("support")
    with connections(agent.caller, 20) as selves:
        order = login_at(acme.tenant_id)
        answers = at_once([partial(one.post, LOGINS, order, key="once") for one in selves])

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert acme.ledger().about("login.recorded") == [answers[0].json()["login_id"]]


def test_of_two_concurrent_bodies_with_the_same_key_one_is_stored_and_the_other_refused(acme: Tenant) -> None:
    bodies = [grant_to("agent", "sven"), grant_to("agent", "dora")] * 10
    with connections(acme.anna, 20) as annas:
        jobs = [partial(anna.post, GRANTS, body, key="once") for anna, body in zip(annas, bodies, strict=True)]
        answers = at_once(jobs)

    won = [answer.content for answer in answers if answer.status_code == 201]
    lost = [refusal(answer) for answer in answers if answer.status_code != 201]
    assert (len(won), len(set(won))) == (10, 1)
    assert lost == [(422, "idempotency_key_reused")] * 10
    assert len(acme.ledger().about("grant.given")) == 1


def test_revoking_twenty_times_at_once_revokes_once_and_all_answers_are_the_same(acme: Tenant) -> None:
    grant_id = acme.lets_in("sven", period="permanent")
    with connections(acme.anna, 20) as annas:
        answers = at_once([partial(anna.delete, f"{GRANTS}/{grant_id}") for anna in annas])

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert acme.ledger().about("grant.revoked") == [grant_id]


# ------------------------------------------------------------------ limits


def test_sixty_logins_an_hour_are_recorded_however_many_come_at_once(acme: Tenant) -> None:
    avoid_the_end_of_the_hour(30)
    agent, order = acme.world.new_agent("support"), login_at(acme.tenant_id)
    acme.lets_in_all_of("support")
    with connections(agent.caller, 10) as selves:
        batches = at_once([partial(_times, 7, partial(one.post, LOGINS, order)) for one in selves])

    answers = [login.answer for batch in batches for login in batch]
    too_many = [answer for answer in answers if answer.status_code != 201]
    assert {refusal(answer) for answer in too_many} == {(429, "too_many_requests")}
    assert len(too_many) == 10
    left = 3600 - time.time() % 3600
    assert all(-1 <= int(answer.headers["Retry-After"]) - left <= 30 for answer in too_many)
    assert len(acme.ledger().about("login.recorded")) == 60


def test_the_500th_live_grant_is_given_once_and_the_501st_never(acme: Tenant) -> None:
    first = acme.lets_in("sven", period="permanent")
    _copy_live_grants(acme, first, 494)  # together with the first there are 495

    with connections(acme.anna, 12) as annas:
        answers = at_once([partial(anna.post, GRANTS, grant_to("agent", "sven")) for anna in annas])

    granted = [answer.json()["grant_id"] for answer in answers if answer.status_code == 201]
    assert len(granted) == 5
    assert {refusal(answer) for answer in answers if answer.status_code != 201} == {(409, "too_many_grants")}
    success(acme.anna.delete(f"{GRANTS}/{granted[0]}"))
    acme.lets_in("sven")
    assert refusal(acme.anna.post(GRANTS, grant_to("agent", "sven"))) == (409, "too_many_grants")


def _copy_live_grants(tenant: Tenant, grant_id: str, copies: int) -> None:
    """Write that many more live keys directly into the table, because giving them one by one would take a minute."""
    world, pattern = tenant.world, tenant.item(f"LIVE#{grant_id}")
    assert pattern
    items = [pattern | {"SK": {"S": f"LIVE#{grant_id[:-6]}{number:06d}"}} for number in range(copies)]
    for start in range(0, copies, 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        assert not world.dynamodb.batch_write_item(RequestItems={world.table: puts})["UnprocessedItems"]
    tenant.change("LEDGER", live_at_most={"N": str(copies + 1)})


# ------------------------------------------------------------------ tenants do not block each other

EACH = rounds(10, gate=4)  # grants of each client


def test_tenants_granting_the_same_department_at_once_never_conflict(world: World, measured: Measured) -> None:
    department = world.new_department()
    tenants = [world.new_tenant() for _ in range(4)]
    with ThreadPoolExecutor(max_workers=1) as threads, connections(world.backend, 8) as clients:
        over = Event()
        # The shared item changes all the time, so that a condition on it would fail now and then.
        names = (f"Desk {number}" for number in count())
        renaming = threads.submit(repeat, lambda: world.put_department(department, next(names)), over)
        annas = [tenant.anna.over(client.client) for tenant, client in zip(tenants * 2, clients, strict=True)]
        order = grant_to("department", department)
        batches = at_once([partial(_times, EACH, partial(anna.post, GRANTS, order)) for anna in annas])
        over.set()
        renames = renaming.result(timeout=60)

    grants = [grant for batch in batches for grant in batch]
    measured(
        f"4 tenants grant one department, {8 * EACH} at once, {len(renames)} renames meanwhile: {_milliseconds(grants)}"
    )
    assert {grant.answer.status_code for grant in grants} == {201}
    assert {rename.answer.status_code for rename in renames} == {200}
    assert [len(tenant.ledger().about("grant.given")) for tenant in tenants] == [2 * EACH] * 4
