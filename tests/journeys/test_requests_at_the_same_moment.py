"""Requests that several callers answer, send or make concurrently: one outcome, and a matching ledger."""

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from httpx import Response

from tests.journeys.calls import Caller, refusal, request_to, success
from tests.journeys.concurrency import Stamped, at_once, connections, stamped
from tests.journeys.world import Agent, Tenant, World, avoid_the_end_of_the_hour
from tests.rows_and_columns import rounds

Measured = Callable[[str], None]
Act = Callable[["PendingRequest"], Response]

ASK, ANSWER = "/v1/support/requests", "/v1/requests"
ROUNDS, APPROVERS = rounds(30, gate=2), rounds(100, gate=16)
CLOSED_BY = {"approved": "request.approved", "declined": "request.declined", "withdrawn": "request.withdrawn"}


@dataclass(frozen=True)
class PendingRequest:
    """The only request of a new tenant, still pending."""

    tenant: Tenant
    agent: Agent
    request_id: str

    @classmethod
    def at(cls, world: World) -> "PendingRequest":
        tenant, agent = world.new_tenant(), world.new_agent("support")
        return cls(tenant, agent, tenant.is_asked_by(agent.caller))

    def approve(self, by: Caller | None = None) -> Response:
        return (by or self.tenant.anna).post(f"{ANSWER}/{self.request_id}/approve", {})

    def decline(self, by: Caller | None = None) -> Response:
        return (by or self.tenant.user("giulia")).post(f"{ANSWER}/{self.request_id}/decline", {"note": "No"})

    def withdraw(self) -> Response:
        return self.agent.caller.delete(f"{ASK}/{self.request_id}")

    def send(self) -> Response:
        return self.agent.caller.post(f"{ASK}/{self.request_id}/send")

    def state(self) -> str:
        return str(success(self.tenant.anna.get(f"{ANSWER}/{self.request_id}"))["state"])

    def expires_at(self, at: datetime) -> None:
        """Set the end of the request to another time."""
        text = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.tenant.change(f"REQUEST#{self.request_id}", expires_at={"S": text}, due_at={"S": text})

    def require_one_outcome(self) -> str:
        """Assert that the shown state, the ledger and the grants agree on the outcome, and return it."""
        shown, ledger = success(self.tenant.anna.get(f"{ANSWER}/{self.request_id}")), self.tenant.ledger()
        grants = success(self.tenant.anna.get("/v1/grants"))["items"]
        closings = [entry for entry in ledger.entries if entry["what"] in CLOSED_BY.values()]
        assert [entry["what"] for entry in closings] == [
            CLOSED_BY[state] for state in CLOSED_BY if state == shown["state"]
        ]
        assert [entry["about"] for entry in closings] == [self.request_id] * len(closings)
        is_approved = shown["state"] == "approved"
        assert [grant["grant_id"] for grant in grants] == ([shown["grant_id"]] if is_approved else [])
        assert ledger.about("grant.given") == [grant["grant_id"] for grant in grants]
        assert self.tenant.world.allows(self.tenant.tenant_id, self.agent.agent_id) is is_approved
        return str(shown["state"])


# ------------------------------------------------------------------ many approvals


def test_many_approvals_at_once_make_one_grant(world: World, measured: Measured) -> None:
    request = PendingRequest.at(world)
    users = ["anna", "giulia", "dimitri", "carla"]
    started = time.monotonic()
    with connections(request.tenant.anna, APPROVERS) as lines:
        approvers = [request.tenant.user("anna", users[n % 4]).over(line.client) for n, line in enumerate(lines)]
        approvals = at_once([partial(stamped, partial(request.approve, approver)) for approver in approvers])
    seconds = time.monotonic() - started

    statuses = Counter(approval.answer.status_code for approval in approvals)
    measured(f"{APPROVERS} approvals at once: {dict(statuses)} in {seconds:.1f} s, {_slowest(approvals)}")
    assert statuses == {201: 1, 409: APPROVERS - 1}
    (grant,) = (success(one.answer, 201) for one in approvals if one.answer.status_code == 201)
    lost = [one.answer for one in approvals if one.answer.status_code == 409]
    assert {refusal(answer) for answer in lost} == {(409, "request_closed")}
    assert {(answer.json()["state"], answer.json()["grant_id"]) for answer in lost} == {("approved", grant["grant_id"])}
    assert request.require_one_outcome() == "approved"
    assert len([item for item in request.tenant.items() if item["SK"]["S"].startswith("LIVE#")]) == 1


@pytest.mark.parametrize("round", range(rounds(3, gate=1)))
def test_the_same_key_approves_once_and_all_twenty_answers_are_the_same(world: World, round: int) -> None:
    request = PendingRequest.at(world)
    with connections(request.tenant.anna, 20) as annas:
        path = f"{ANSWER}/{request.request_id}/approve"
        answers = at_once([partial(anna.post, path, {"period": "2h"}, key="once") for anna in annas])

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert request.require_one_outcome() == "approved"


def test_the_same_key_makes_one_request_and_one_mail(world: World) -> None:
    tenant, agent = world.new_tenant(), world.new_agent("support")
    order = request_to(tenant.tenant_id)
    with connections(agent.caller, 20) as selves:
        answers = at_once([partial(one.post, ASK, order, key="once") for one in selves])
    later = success(agent.caller.post(ASK, order, key="once"), 201)

    assert {answer.status_code for answer in answers} == {201}
    # Answers given while the mail is being sent show the state before SES has accepted it.
    sent_answers = [answer.json() | {"mail": "sent"} for answer in answers]
    assert all(answer == later for answer in sent_answers)
    assert tenant.ledger().about("request.made") == [later["request_id"]]
    assert len(tenant.activation_mails()) == 1


# ------------------------------------------------------------------ two at once

Rivals = dict[str, Act]
RIVALS: dict[str, Rivals] = {
    "approve and decline": {"approved": PendingRequest.approve, "declined": PendingRequest.decline},
    "approve and withdraw": {"approved": PendingRequest.approve, "withdrawn": PendingRequest.withdraw},
    "all three": {
        "approved": PendingRequest.approve,
        "declined": PendingRequest.decline,
        "withdrawn": PendingRequest.withdraw,
    },
}


@pytest.mark.parametrize("rivals", RIVALS.values(), ids=list(RIVALS))
def test_of_concurrent_answers_one_succeeds(world: World, measured: Measured, rivals: Rivals) -> None:
    outcomes: Counter[str] = Counter()
    for _ in range(ROUNDS):
        request = PendingRequest.at(world)
        answers = dict(zip(rivals, at_once([partial(_soon, act, request) for act in rivals.values()]), strict=True))

        outcome = request.require_one_outcome()
        outcomes[outcome] += 1
        for state, answer in answers.items():
            if state == outcome:
                assert answer.status_code == (201 if state == "approved" else 200)
            else:
                assert refusal(answer) == (409, "request_closed")
                assert answer.json()["state"] == outcome
    measured(f"{' or '.join(rivals)} at once: {dict(outcomes)}")
    assert outcomes.keys() <= rivals.keys()


def _soon(act: Act, request: PendingRequest) -> Response:
    """Act after a short random delay: without it the slower kind of call would always come second."""
    time.sleep(random.uniform(0, 0.04))
    return act(request)


def test_an_approval_at_the_end_of_a_request_succeeds_or_is_too_late(
    world: World, tmp_path: Path, measured: Measured
) -> None:
    all_requests = [PendingRequest.at(world) for _ in range(ROUNDS)]
    over_at = (datetime.now(UTC) + timedelta(seconds=3)).replace(microsecond=0)
    for request in all_requests:
        request.expires_at(over_at)
    with connections(world.backend, ROUNDS) as lines:
        approvals = at_once(
            [partial(_approve_about, over_at, request, line) for request, line in zip(all_requests, lines, strict=True)]
        )
    time.sleep(max(0.0, (over_at - datetime.now(UTC)).total_seconds()))

    outcomes: Counter[str] = Counter()
    for request, (started_at, ended_at, answer) in zip(all_requests, approvals, strict=True):
        outcome = request.require_one_outcome()
        outcomes[outcome] += 1
        if outcome == "approved":
            assert answer.status_code == 201
            assert started_at < over_at
        else:
            assert (outcome, refusal(answer)) == ("expired", (410, "request_expired"))
            assert ended_at >= over_at
    measured(f"{ROUNDS} approvals about the moment at which the requests expire: {dict(outcomes)}")
    _clean_up_among_approvals(world, all_requests, over_at - timedelta(days=1))
    assert all_requests[0].tenant.ledger().verify(tmp_path).returncode == 0


def _clean_up_among_approvals(world: World, all_requests: list[PendingRequest], expired_at: datetime) -> None:
    """Run cleanup twice concurrently with new approvals of expired requests; assert that no state changes."""
    before = [request.state() for request in all_requests]
    for request in all_requests:
        request.expires_at(expired_at)
    jobs: list[Callable[[], Response | None]] = [world.clean_up, world.clean_up]
    _, _, *answers = at_once(jobs + [request.approve for request in all_requests])
    world.clean_up()

    for request, state, answer in zip(all_requests, before, answers, strict=True):
        is_approved = state == "approved"
        assert answer is not None
        assert refusal(answer) == ((409, "request_closed") if is_approved else (410, "request_expired"))
        assert request.require_one_outcome() == state
        assert request.tenant.ledger().about("request.expired") == ([] if is_approved else [request.request_id])


def _approve_about(moment: datetime, request: PendingRequest, line: Caller) -> tuple[datetime, datetime, Response]:
    """Approve at a random time from a second before the moment to shortly after it."""
    wait = (moment - datetime.now(UTC)).total_seconds() + random.uniform(-1.0, 0.2)
    time.sleep(max(0.0, wait))
    started_at = datetime.now(UTC)
    answer = request.approve(request.tenant.anna.over(line.client))
    return started_at, datetime.now(UTC), answer


# ------------------------------------------------------------------ the right is removed meanwhile

BENS, EACH = 8, rounds(5, gate=2)


@pytest.mark.parametrize("round", range(rounds(3, gate=1)))
def test_a_removed_right_stops_every_concurrent_approval(world: World, round: int) -> None:
    acme = world.new_tenant()
    agents = [world.new_agent("support") for _ in range(BENS)]
    waiting = at_once([partial(_ask_some, acme, agent) for agent in agents])
    with connections(acme.user("ben"), BENS) as bens, ThreadPoolExecutor(max_workers=BENS) as threads:
        taken = Event()
        approving = [threads.submit(_approve_until, taken, ben, ids) for ben, ids in zip(bens, waiting, strict=True)]
        time.sleep(random.uniform(0.02, 0.3))
        try:
            put = stamped(lambda: acme.put_right("ben", may_grant=False))
        finally:
            taken.set()
        approvals = [approval for ben in approving for approval in ben.result(timeout=60)]

    after = [approval for approval in approvals if approval.started > put.ended]
    assert len(after) >= BENS
    assert {refusal(approval.answer) for approval in after} == {(403, "right_missing")}
    assert {approval.answer.status_code for approval in approvals} <= {201, 403, 409}
    ledger = acme.ledger()
    whats = ledger.whats()
    assert whats.count("right.changed") == 1
    assert not {"request.approved", "grant.given"} & set(whats[whats.index("right.changed") :])
    granted = {approval.answer.json()["grant_id"] for approval in approvals if approval.answer.status_code == 201}
    requests = acme.all_of(f"{ANSWER}?limit=100")
    assert {request["grant_id"] for request in requests if request["state"] == "approved"} == granted
    assert set(ledger.about("grant.given")) == granted
    assert Counter(request["state"] for request in requests)["pending"] == BENS * EACH - len(granted)


def _ask_some(tenant: Tenant, agent: Agent) -> list[str]:
    return [tenant.is_asked_by(agent.caller) for _ in range(EACH)]


def _approve_until(enough: Event, ben: Caller, request_ids: list[str]) -> list[Stamped]:
    """Approve one request after another, the last one repeatedly until `enough` is set, and then twice more."""
    results = []
    for number in count():
        request_id = request_ids[min(number, EACH - 1)]
        was_enough = enough.is_set()
        results.append(stamped(partial(ben.post, f"{ANSWER}/{request_id}/approve", {})))
        if was_enough:
            return [*results, stamped(partial(ben.post, f"{ANSWER}/{request_id}/approve", {}))]
    raise AssertionError


# ------------------------------------------------------------------ limits

ASKING, RESENDS = rounds(30, gate=16), rounds(60, gate=26)  # at once


@pytest.mark.parametrize("round", range(rounds(6, gate=1)))
def test_of_many_concurrent_requests_five_are_pending(world: World, round: int) -> None:
    tenant, agent = world.new_tenant(), world.new_agent("support")
    with connections(agent.caller, ASKING) as selves:
        answers = at_once([partial(one.post, ASK, request_to(tenant.tenant_id)) for one in selves])

    assert Counter(answer.status_code for answer in answers) == {201: 5, 429: ASKING - 5}
    _require_too_many(answers)
    assert len(success(tenant.anna.get(f"{ANSWER}?state=pending"))["items"]) == 5
    assert len(tenant.ledger().about("request.made")) == 5
    assert len(tenant.activation_mails()) == 5


def test_many_concurrent_resends_do_not_exceed_the_hourly_limit(world: World, measured: Measured) -> None:
    avoid_the_end_of_the_hour(30)
    request = PendingRequest.at(world)
    with connections(request.agent.caller, RESENDS) as selves:
        answers = at_once([partial(one.post, f"{ASK}/{request.request_id}/send") for one in selves])

    statuses = Counter(answer.status_code for answer in answers)
    mails = len(request.tenant.activation_mails())
    measured(f"a request sent again {RESENDS} times at once: {dict(statuses)}, {mails} mails with the first")
    assert statuses == {200: 19, 429: RESENDS - 19}
    _require_too_many(answers)
    assert mails == 20
    assert request.state() == "pending"


def test_a_tenant_gets_at_most_forty_requests_an_hour_from_concurrent_agents(world: World) -> None:
    avoid_the_end_of_the_hour(30)
    tenant, agents = world.new_tenant(), [world.new_agent("support") for _ in range(12)]
    id = tenant.tenant_id
    with connections(world.sven, len(agents)) as lines:
        selves = [agent.caller.over(line.client) for agent, line in zip(agents, lines, strict=True)]
        batches = at_once([partial(_ask_four_times, one, request_to(id)) for one in selves])

    answers = [answer for batch in batches for answer in batch]
    assert Counter(answer.status_code for answer in answers) == {201: 40, 429: 8}
    _require_too_many(answers)
    assert len(tenant.activation_mails()) == 40


def _ask_four_times(agent: Caller, order: dict[str, str]) -> list[Response]:
    return [agent.post(ASK, order) for _ in range(4)]


def test_of_many_concurrent_lookups_of_unknown_tenants_ten_are_answered(world: World, measured: Measured) -> None:
    avoid_the_end_of_the_hour(30)
    agent = world.new_agent("support")
    with connections(agent.caller, ASKING) as selves:
        answers = at_once([partial(one.post, ASK, request_to(f"not-there-{n}")) for n, one in enumerate(selves)])

    statuses = Counter(answer.status_code for answer in answers)
    measured(f"{ASKING} unknown tenants named at once: {dict(statuses)}")
    assert statuses == {404: 10, 429: ASKING - 10}
    assert {refusal(answer) for answer in answers if answer.status_code == 404} == {(404, "tenant_unknown")}
    _require_too_many(answers)


def _require_too_many(answers: list[Response]) -> None:
    """Assert that each 429 has a Retry-After."""
    turned_away = [answer for answer in answers if answer.status_code == 429]
    assert {refusal(answer) for answer in turned_away} == {(429, "too_many_requests")}
    assert all(0 < int(answer.headers["Retry-After"]) <= 86_400 for answer in turned_away)


def _slowest(some: list[Stamped]) -> str:
    return f"the slowest after {max(one.seconds for one in some):.1f} s"
