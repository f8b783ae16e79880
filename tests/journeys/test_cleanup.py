"""Cleanup on the running stack: never, once, often, concurrently, three days late, and by the stream.

Its schedule, which fires in this stack too, is disabled during each test, so that the test decides when it runs.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.calls import check_of, success
from tests.journeys.concurrency import at_once, stamped
from tests.journeys.past import date_back
from tests.journeys.world import Agent, Tenant, World
from tests.rows_and_columns import probes, rounds

Measured = Callable[[str], None]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENDS = ("grant.ended", "request.expired", "login.ended")
PATIENCE_SECONDS = 20
ENDED = rounds(60, gate=12)


@pytest.fixture(autouse=True)
def schedule(world: World) -> Iterator[None]:
    """Disable the schedule of cleanup during a test."""
    events = world.deployment.client("events")
    [rule] = events.list_rule_names_by_target(TargetArn=world.cleanup["FunctionArn"])["RuleNames"]
    events.disable_rule(Name=rule)
    yield
    events.enable_rule(Name=rule)


def ends_of(tenant: Tenant) -> Counter[tuple[str, str]]:
    """Return how often the ledger records each end by the system."""
    entries = tenant.ledger().entries
    return Counter((e["what"], e["about"]) for e in entries if e["what"] in ENDS and e["by"]["type"] == "system")


class Story:
    """A tenant with grants to three agents in several ways, logins and requests."""

    def __init__(self, tenant: Tenant) -> None:
        world = tenant.world
        self.tenant, department = tenant, world.new_department()
        self.sven, self.dora, self.tina = world.new_agent(department), world.new_agent(), world.new_agent()
        tenant.lets_in(self.sven.agent_id, may_export=True)
        tenant.lets_in_all_of(department, period="2h")
        tenant.lets_in(self.dora.agent_id, period="1w")
        revoked = tenant.lets_in(self.dora.agent_id, period="permanent")
        tenant.lets_in(self.sven.agent_id, period="permanent")
        tenant.lets_in(self.tina.agent_id)
        self.entered = [
            (self.sven, tenant.is_entered_by(self.sven.caller)),
            (self.sven, tenant.is_entered_by(self.sven.caller)),
            (self.dora, tenant.is_entered_by(self.dora.caller)),
            (self.tina, tenant.is_entered_by(self.tina.caller)),
        ]
        success(tenant.anna.delete(f"/v1/grants/{revoked}"))
        success(self.sven.caller.post(f"/v1/support/logins/{self.entered[1][1]}/end"))
        order = {"tenant_id": tenant.tenant_id, "reason": "The import hangs"}
        success(self.dora.caller.post("/v1/support/requests", order), 201)
        declined = success(self.sven.caller.post("/v1/support/requests", order), 201)["request_id"]
        success(tenant.anna.post(f"/v1/requests/{declined}/decline", {}))

    @property
    def agents(self) -> list[Agent]:
        return [self.sven, self.dora, self.tina]

    def date_back(self, by: timedelta, **how: bool) -> None:
        """Date everything of the story back by that time."""
        ids = date_back(self.tenant, by, *self.agents, **how)
        self.entered = [(agent, ids[login_id]) for agent, login_id in self.entered]

    def answers(self) -> list[Any]:
        """Return the answers of every check and list that the product, the customer and the agents can call."""
        tenant, answers = self.tenant, []
        for agent in self.agents:
            for login_id in [None, *(login_id for who, login_id in self.entered if who is agent)]:
                login = {"login_id": login_id} if login_id else {}
                for action in ("enter", "export"):
                    order = check_of(tenant.tenant_id, agent.agent_id, action, **login)
                    answers.append(success(tenant.world.backend.post("/v1/vendor/checks", order)))
            answers += [success(agent.caller.get(f"/v1/support/{name}")) for name in ("access", "requests")]
        for name in ("grants", "grants?state=live", "logins", "requests", "requests?state=pending"):
            answers.append(success(tenant.anna.get(f"/v1/{name}")))
        return [*answers, tenant.anna.get("/v1/grants.csv").text, tenant.anna.get("/v1/logins.csv").text]


@pytest.fixture
def story(acme: Tenant) -> Story:
    return Story(acme)


# ------------------------------------------------------------------ never, once, often


@pytest.mark.parametrize("later", probes(200 * DAY, rest=[62 * MINUTE, 5 * HOUR, 3 * DAY]))
def test_every_answer_is_the_same_whether_it_ran_never_once_or_often(
    story: Story, tmp_path: Path, later: timedelta
) -> None:
    world, tenant = story.tenant.world, story.tenant
    story.date_back(later)
    never = story.answers()
    assert not ends_of(tenant)

    world.clean_up()
    once, ends = story.answers(), ends_of(tenant)
    for _ in range(rounds(19, gate=2)):
        world.clean_up()

    assert once == story.answers() == never
    assert ends == ends_of(tenant)
    assert ends and set(ends.values()) == {1}
    assert tenant.ledger().verify(tmp_path).returncode == 0


def test_three_days_late_each_end_is_recorded_once_with_its_own_time(story: Story) -> None:
    tenant = story.tenant
    story.date_back(3 * DAY)
    started = datetime.now(UTC).replace(microsecond=0)
    tenant.world.clean_up()

    entries_of_ends = [
        entry for entry in tenant.ledger().entries if entry["what"] in ENDS and entry["by"]["type"] == "system"
    ]
    assert Counter(entry["what"] for entry in entries_of_ends) == {
        "grant.ended": 3,
        "login.ended": 1,
        "request.expired": 1,
    }
    assert {entry["by"]["id"] for entry in entries_of_ends} == {None}
    assert all(datetime.fromisoformat(entry["at"]) >= started for entry in entries_of_ends)
    grants = {grant["grant_id"]: grant["ends_at"] for grant in tenant.all_of("/v1/grants")}
    logins = {login["login_id"]: login["ended_at"] for login in tenant.all_of("/v1/logins")}
    for entry in entries_of_ends:
        match entry["what"]:
            case "grant.ended":
                assert entry["data"] == {"ends_at": grants[entry["about"]]}
            case "login.ended":
                assert entry["data"] == {"end": "access_over", "ended_at": logins[entry["about"]]}


def test_a_review_is_recorded_and_the_grant_stays_live(story: Story) -> None:
    tenant = story.tenant
    story.date_back(200 * DAY)
    before = story.answers()
    tenant.world.clean_up()
    [lasting] = [grant for grant in tenant.all_of("/v1/grants?state=live") if grant["period"] == "permanent"]

    marked = tenant.item(f"GRANT#{lasting['grant_id']}")
    assert marked and marked["review_told_at"]["S"] > lasting["review_at"]
    tenant.world.clean_up()
    assert tenant.item(f"GRANT#{lasting['grant_id']}") == marked
    assert story.answers() == before
    assert tenant.world.allows(tenant.tenant_id, story.sven.agent_id)


# ------------------------------------------------------------------ concurrency


def test_four_concurrent_runs_record_each_end_once(world: World, tmp_path: Path, measured: Measured) -> None:
    tenants = [world.new_tenant() for _ in range(3)]
    given_ids = {tenant.tenant_id: [tenant.lets_in("sven") for _ in range(ENDED // 3)] for tenant in tenants}
    ids = {tenant.tenant_id: date_back(tenant, 3 * DAY) for tenant in tenants}

    started = time.monotonic()
    at_once([world.clean_up] * 4)
    seconds = time.monotonic() - started
    world.clean_up()

    measured(f"4 runs at once end {ENDED} grants of 3 tenants in {seconds:.1f} s, {ENDED / seconds:.0f}/s")
    for tenant in tenants:
        expected = {("grant.ended", ids[tenant.tenant_id][grant_id]): 1 for grant_id in given_ids[tenant.tenant_id]}
        assert ends_of(tenant) == expected
        assert tenant.ledger().verify(tmp_path).returncode == 0


def test_a_users_revoke_does_not_wait_for_cleanup_and_both_outcomes_agree(
    acme: Tenant, tmp_path: Path, measured: Measured
) -> None:
    for _ in range(ENDED):
        acme.lets_in("sven")
    ids = date_back(acme, 3 * DAY)
    live = [acme.lets_in("dora") for _ in range(12)]

    def revoke_all() -> list[Any]:
        return [stamped(partial(acme.anna.delete, f"/v1/grants/{grant_id}")) for grant_id in live]

    def clean_up() -> list[Any]:
        acme.world.clean_up()
        return []

    revokes, _ = at_once([revoke_all, clean_up])
    acme.world.clean_up()

    slowest = max(revoke.seconds for revoke in revokes)
    measured(f"12 revokes while {ENDED} ends are written into the same ledger: slowest {slowest * 1000:.0f} ms")
    assert [revoke.answer.status_code for revoke in revokes] == [200] * len(live)
    assert slowest < 3
    ledger = acme.ledger()
    assert ledger.verify(tmp_path).returncode == 0
    assert sorted(ledger.about("grant.revoked")) == sorted(live)
    assert sorted(ledger.about("grant.ended")) == sorted(ids.values())


# ------------------------------------------------------------------ items that the table expires


def test_a_live_key_that_the_table_expires_is_recorded_without_the_schedule(story: Story) -> None:
    tenant = story.tenant
    story.date_back(5 * HOUR, keys_expire=True)
    later = (datetime.now(UTC) + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    over = [grant["grant_id"] for grant in tenant.all_of("/v1/grants") if grant["state"] == "ended"]
    for grant_id in over:
        tenant.change(f"GRANT#{grant_id}", due_at={"S": later})

    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(ends_of(tenant)) < len(over):
        assert time.monotonic() < deadline, "the stream did not deliver the end in time"
        time.sleep(0.2)

    assert ends_of(tenant) == {("grant.ended", grant_id): 1 for grant_id in over}
    assert len(over) == 3
    assert not any(tenant.item(f"LIVE#{grant_id}") for grant_id in over)
    tenant.world.clean_up()
    assert set(ends_of(tenant).values()) == {1}
