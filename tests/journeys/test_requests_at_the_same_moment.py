"""Requests that several people answer, send or make at once: one outcome, and the ledger tells the same story."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from httpx import Response

from tests.journeys.calls import Caller, given, refusal, request_to
from tests.journeys.concurrency import Stamped, at_once, connections, stamped
from tests.journeys.world import Agent, Tenant, World, stay_clear_of_the_hour, tenant_of

Measured = Callable[[str], None]
Act = Callable[["Asked"], Response]

ASK, ANSWER = "/v1/support/requests", "/v1/requests"
ROUNDS = 30
CLOSED_BY = {"approved": "request.approved", "declined": "request.declined", "withdrawn": "request.withdrawn"}


@dataclass(frozen=True)
class Asked:
    """A request that waits, at a tenant that has no other."""

    tenant: Tenant
    agent: Agent
    request_id: str

    @classmethod
    def at(cls, world: World) -> "Asked":
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
        return str(given(self.tenant.anna.get(f"{ANSWER}/{self.request_id}"))["state"])

    def expires_at(self, at: datetime) -> None:
        """Have the request's life end at another moment."""
        text = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.tenant.change(f"REQUEST#{self.request_id}", expires_at={"S": text}, due_at={"S": text})

    def require_one_story(self) -> str:
        """Fail unless what is shown, the ledger and the grants say the same of how it ended, and return that."""
        shown, ledger = given(self.tenant.anna.get(f"{ANSWER}/{self.request_id}")), self.tenant.ledger()
        grants = given(self.tenant.anna.get("/v1/grants"))["items"]
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


# ------------------------------------------------------------------ approved a hundred times


def test_a_hundred_approvals_at_once_make_one_grant(world: World, measured: Measured) -> None:
    asked = Asked.at(world)
    users = ["anna", "giulia", "dimitri", "carla"]
    started = time.monotonic()
    with connections(asked.tenant.anna, 100) as lines:
        approvers = [asked.tenant.user("anna", users[n % 4]).over(line.client) for n, line in enumerate(lines)]
        approvals = at_once([partial(stamped, partial(asked.approve, approver)) for approver in approvers])
    seconds = time.monotonic() - started

    statuses = Counter(approval.answer.status_code for approval in approvals)
    measured(f"100 approvals at once: {dict(statuses)} in {seconds:.1f} s, {_slowest(approvals)}")
    assert statuses == {201: 1, 409: 99}
    (grant,) = (given(one.answer, 201) for one in approvals if one.answer.status_code == 201)
    lost = [one.answer for one in approvals if one.answer.status_code == 409]
    assert {refusal(answer) for answer in lost} == {(409, "request_closed")}
    assert {(answer.json()["state"], answer.json()["grant_id"]) for answer in lost} == {("approved", grant["grant_id"])}
    assert asked.require_one_story() == "approved"
    assert len([item for item in asked.tenant.items() if item["SK"]["S"].startswith("LIVE#")]) == 1


@pytest.mark.parametrize("round", range(3))
def test_the_same_key_approves_once_and_all_twenty_hear_the_same(world: World, round: int) -> None:
    asked = Asked.at(world)
    with connections(asked.tenant.anna, 20) as annas:
        path = f"{ANSWER}/{asked.request_id}/approve"
        answers = at_once([partial(anna.post, path, {"period": "2h"}, key="once") for anna in annas])

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert asked.require_one_story() == "approved"


def test_the_same_key_asks_once_and_mails_once(world: World) -> None:
    tenant, agent = world.new_tenant(), world.new_agent("support")
    order = request_to(tenant.tenant_id)
    with connections(agent.caller, 20) as selves:
        answers = at_once([partial(one.post, ASK, order, key="once") for one in selves])
    later = given(agent.caller.post(ASK, order, key="once"), 201)

    assert {answer.status_code for answer in answers} == {201}
    # Whoever asks while the mail is on its way hears what is true until SES has taken it.
    heard = [answer.json() | {"mail": "sent"} for answer in answers]
    assert all(answer == later for answer in heard)
    assert tenant.ledger().about("request.made") == [later["request_id"]]
    assert len(tenant.activation_mails()) == 1


# ------------------------------------------------------------------ two at once

Rivals = dict[str, Act]
RIVALS: dict[str, Rivals] = {
    "approve and decline": {"approved": Asked.approve, "declined": Asked.decline},
    "approve and withdraw": {"approved": Asked.approve, "withdrawn": Asked.withdraw},
    "all three": {
        "approved": Asked.approve,
        "declined": Asked.decline,
        "withdrawn": Asked.withdraw,
    },
}


@pytest.mark.parametrize("rivals", RIVALS.values(), ids=list(RIVALS))
def test_of_two_who_answer_at_once_one_is_heard(world: World, measured: Measured, rivals: Rivals) -> None:
    outcomes: Counter[str] = Counter()
    for _ in range(ROUNDS):
        asked = Asked.at(world)
        answers = dict(zip(rivals, at_once([partial(_soon, act, asked) for act in rivals.values()]), strict=True))

        outcome = asked.require_one_story()
        outcomes[outcome] += 1
        for state, answer in answers.items():
            if state == outcome:
                assert answer.status_code == (201 if state == "approved" else 200)
            else:
                assert refusal(answer) == (409, "request_closed")
                assert answer.json()["state"] == outcome
    measured(f"{' or '.join(rivals)} at once: {dict(outcomes)}")
    assert outcomes.keys() <= rivals.keys()


def _soon(act: Act, asked: Asked) -> Response:
    """Act within a moment: one act takes longer than another on its way, and would always come second."""
    time.sleep(random.uniform(0, 0.04))
    return act(asked)


def test_who_approves_when_the_life_of_a_request_ends_is_heard_or_too_late(
    world: World, tmp_path: Path, measured: Measured
) -> None:
    all_asked = [Asked.at(world) for _ in range(ROUNDS)]
    over_at = (datetime.now(UTC) + timedelta(seconds=3)).replace(microsecond=0)
    for asked in all_asked:
        asked.expires_at(over_at)
    with connections(world.backend, ROUNDS) as lines:
        approvals = at_once(
            [partial(_approve_about, over_at, asked, line) for asked, line in zip(all_asked, lines, strict=True)]
        )
    time.sleep(max(0.0, (over_at - datetime.now(UTC)).total_seconds()))

    outcomes: Counter[str] = Counter()
    for asked, (started_at, ended_at, answer) in zip(all_asked, approvals, strict=True):
        outcome = asked.require_one_story()
        outcomes[outcome] += 1
        if outcome == "approved":
            assert answer.status_code == 201
            assert started_at < over_at
        else:
            assert (outcome, refusal(answer)) == ("expired", (410, "request_expired"))
            assert ended_at >= over_at
    measured(f"{ROUNDS} approvals about the moment at which the requests expire: {dict(outcomes)}")
    _clean_up_among_approvals(world, all_asked, over_at - timedelta(days=1))
    assert all_asked[0].tenant.ledger().verify(tmp_path).returncode == 0


def _clean_up_among_approvals(world: World, all_asked: list[Asked], expired_at: datetime) -> None:
    """Write down twice at once what has expired while everything is approved anew: nothing becomes another."""
    before = [asked.state() for asked in all_asked]
    for asked in all_asked:
        asked.expires_at(expired_at)
    jobs: list[Callable[[], Response | None]] = [world.clean_up, world.clean_up]
    _, _, *answers = at_once(jobs + [asked.approve for asked in all_asked])
    world.clean_up()

    for asked, state, answer in zip(all_asked, before, answers, strict=True):
        is_approved = state == "approved"
        assert answer is not None
        assert refusal(answer) == ((409, "request_closed") if is_approved else (410, "request_expired"))
        assert asked.require_one_story() == state
        assert asked.tenant.ledger().about("request.expired") == ([] if is_approved else [asked.request_id])


def _approve_about(moment: datetime, asked: Asked, line: Caller) -> tuple[datetime, datetime, Response]:
    """Approve within a second before the moment, or a little behind it."""
    wait = (moment - datetime.now(UTC)).total_seconds() + random.uniform(-1.0, 0.2)
    time.sleep(max(0.0, wait))
    started_at = datetime.now(UTC)
    answer = asked.approve(asked.tenant.anna.over(line.client))
    return started_at, datetime.now(UTC), answer


# ------------------------------------------------------------------ the right, taken away in the middle

BENS, EACH = 8, 5


@pytest.mark.parametrize("round", range(3))
def test_a_right_that_was_taken_away_counts_for_every_approval_under_way(world: World, round: int) -> None:
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
    """Approve one after another, the last again and again until told that it is enough, and then twice more."""
    seen = []
    for number in count():
        request_id = request_ids[min(number, EACH - 1)]
        was_enough = enough.is_set()
        seen.append(stamped(partial(ben.post, f"{ANSWER}/{request_id}/approve", {})))
        if was_enough:
            return [*seen, stamped(partial(ben.post, f"{ANSWER}/{request_id}/approve", {}))]
    raise AssertionError


# ------------------------------------------------------------------ limits


@pytest.mark.parametrize("round", range(6))
def test_of_thirty_requests_at_once_five_wait_for_an_answer(world: World, round: int) -> None:
    tenant, agent = world.new_tenant(), world.new_agent("support")
    with connections(agent.caller, 30) as selves:
        answers = at_once([partial(one.post, ASK, request_to(tenant.tenant_id)) for one in selves])

    assert Counter(answer.status_code for answer in answers) == {201: 5, 429: 25}
    _require_too_many(answers)
    assert len(given(tenant.anna.get(f"{ANSWER}?state=pending"))["items"]) == 5
    assert len(tenant.ledger().about("request.made")) == 5
    assert len(tenant.activation_mails()) == 5


def test_of_sixty_mails_sent_again_at_once_no_more_go_out_than_an_hour_allows(world: World, measured: Measured) -> None:
    stay_clear_of_the_hour(30)
    asked = Asked.at(world)
    with connections(asked.agent.caller, 60) as selves:
        answers = at_once([partial(one.post, f"{ASK}/{asked.request_id}/send") for one in selves])

    statuses = Counter(answer.status_code for answer in answers)
    mails = len(asked.tenant.activation_mails())
    measured(f"a request sent again 60 times at once: {dict(statuses)}, {mails} mails with the first")
    assert statuses == {200: 19, 429: 41}
    _require_too_many(answers)
    assert mails == 20
    assert asked.state() == "pending"


def test_a_tenant_gets_forty_mails_an_hour_however_many_agents_ask_at_once(world: World) -> None:
    stay_clear_of_the_hour(30)
    tenant, agents = world.new_tenant(), [world.new_agent("support") for _ in range(6)]
    id = tenant.tenant_id
    given(world.backend.put(f"/v1/vendor/tenants/{id}", tenant_of(id, approver_emails=list(_approvers(id)))))
    with connections(world.sven, len(agents)) as lines:
        selves = [agent.caller.over(line.client) for agent, line in zip(agents, lines, strict=True)]
        batches = at_once([partial(_ask_four_times, one, request_to(id)) for one in selves])

    answers = [answer for batch in batches for answer in batch]
    assert Counter(answer.status_code for answer in answers) == {201: 8, 429: 16}
    _require_too_many(answers)
    assert len(tenant.activation_mails()) == 40


def _approvers(tenant_id: str) -> Iterator[str]:
    yield from (f"approver-{number}@{tenant_id}.example" for number in range(5))


def _ask_four_times(agent: Caller, order: dict[str, str]) -> list[Response]:
    return [agent.post(ASK, order) for _ in range(4)]


def test_of_thirty_unknown_tenants_named_at_once_ten_are_answered(world: World, measured: Measured) -> None:
    stay_clear_of_the_hour(30)
    agent = world.new_agent("support")
    with connections(agent.caller, 30) as selves:
        answers = at_once([partial(one.post, ASK, request_to(f"not-there-{n}")) for n, one in enumerate(selves)])

    statuses = Counter(answer.status_code for answer in answers)
    measured(f"30 unknown tenants named at once: {dict(statuses)}")
    assert statuses == {404: 10, 429: 20}
    assert {refusal(answer) for answer in answers if answer.status_code == 404} == {(404, "tenant_unknown")}
    _require_too_many(answers)


def _require_too_many(answers: list[Response]) -> None:
    """Fail unless all that were turned away for their number say when to come back."""
    turned_away = [answer for answer in answers if answer.status_code == 429]
    assert {refusal(answer) for answer in turned_away} == {(429, "too_many_requests")}
    assert all(0 < int(answer.headers["Retry-After"]) <= 86_400 for answer in turned_away)


def _slowest(some: list[Stamped]) -> str:
    return f"the slowest after {max(one.seconds for one in some):.1f} s"
