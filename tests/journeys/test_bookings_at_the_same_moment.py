"""Concurrent bookings of call-backs, over real connections and against the real template, because moto is not atomic.

The desk is open around the clock here, so that every round has its own slot. After each test the table is compared: the
holders of seats must be the booked call-backs, in both directions.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from guestkey.store.callbacks.desks import CACHED_FOR
from local import sample
from tests.journeys.calls import Caller, connection, refusal, success
from tests.journeys.concurrency import Job, at_once
from tests.journeys.seats import require_seats_equal_bookings
from tests.journeys.world import Tenant, World
from tests.rows_and_columns import probes, rounds

Measured = Callable[[str], None]

CALLBACKS, ROUNDS, CROWD = "/v1/callbacks", rounds(10, gate=1), rounds(200, gate=24)
PAIRS = rounds(20, gate=4)  # of two callers
SELVES, AGENTS, LOST = rounds(50, gate=16), rounds(20, gate=10), rounds(20, gate=10)
QUARTER = timedelta(minutes=15)
AROUND_THE_CLOCK = {
    day: [{"from": "00:00", "until": "24:00"}] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
}


def order(starts_at: str | None = None, topic: str = "question") -> dict[str, Any]:
    return {"topic": topic, "description": "The import hangs", "phone": "+49 241 44686122", "starts_at": starts_at}


def outcome(answer: httpx.Response) -> str:
    """Return "booked", or the code of a refusal; any other answer fails the test."""
    return "booked" if answer.status_code == 201 else refusal(answer)[1]


class Desk:
    """The support desk of these tests, with two lines at first, and with unused slots."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._slots: list[str] = []
        self._write_years()
        self._write(2)

    def put(self, lines: int) -> None:
        """Give the desk that many lines, and wait until the cache of every warm function has expired."""
        if lines != self._lines:
            self._write(lines)
        time.sleep(max(0.0, self._expires_at - time.monotonic()))
        if not self._slots:
            found = success(self.world.caller("carla").get("/v1/slots?topic=consultation&days=14"))["items"]
            self._slots = [slot["starts_at"] for slot in found if slot["starts_at"].endswith(":00:00Z")]

    def slot(self) -> str:
        """Return the start of an unused slot; the rest of its hour is unused as well."""
        return self._slots.pop(0)

    def _write(self, lines: int) -> None:
        desk = sample.DESK | {"hours": AROUND_THE_CLOCK, "lead_minutes": 24 * 60, "lines": lines}
        success(self.world.backend.put("/v1/vendor/desk", desk))
        self._lines = lines
        self._expires_at = time.monotonic() + CACHED_FOR.total_seconds() + 1

    def _write_years(self) -> None:
        """Mark the years' public holidays as written; the tests of cleanup cover how they are written."""
        year = datetime.now(UTC).year
        for one in (year, year + 1):
            item = {"PK": "DESK", "SK": f"CLOSED#{one}", "kind": "closed_year", "country": "DE", "subdivision": "NW"}
            raw = {name: {"S": value} for name, value in (item | {"source": "test"}).items()}
            self.world.dynamodb.put_item(TableName=self.world.table, Item=raw)


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[Desk]:
    yield Desk(world)
    success(world.backend.put("/v1/vendor/desk", sample.DESK))


@pytest.fixture(scope="module")
def crowd(world: World) -> Iterator[list[Caller]]:
    """A crowd of users of as many tenants, each on its own connection, with every function started."""
    with ExitStack() as open_clients:
        people = []
        for _ in range(CROWD):
            client = open_clients.enter_context(connection(world.stack.url, most=1))
            people.append(world.new_tenant().anna.over(client))
        at_once([partial(anna.get, f"{CALLBACKS}/open") for anna in people])
        yield people


@pytest.fixture(autouse=True)
def _seats_equal_bookings(world: World) -> Iterator[None]:
    yield
    require_seats_equal_bookings(world)


def cancel_all(people: list[Caller], answers: list[httpx.Response]) -> None:
    for anna, answer in zip(people, answers, strict=True):
        if answer.status_code == 201:
            success(anna.delete(f"{CALLBACKS}/{answer.json()['callback_id']}"))


# ------------------------------------------------------------------ the last place
# The gate has two lines only, because each change of the desk waits for the caches.


def test_of_many_bookings_of_a_cancelled_slot_one_succeeds(
    desk: Desk, acme: Tenant, globex: Tenant, crowd: list[Caller]
) -> None:
    desk.put(2)
    for _ in range(rounds(5, gate=1)):
        starts_at, is_free = desk.slot(), Event()
        on_the_other_line = globex.anna.post(CALLBACKS, order(starts_at))
        callback_id = success(acme.anna.post(CALLBACKS, order(starts_at)), 201)["callback_id"]

        def cancel(callback_id: str = callback_id, is_free: Event = is_free) -> httpx.Response:
            time.sleep(0.2)
            answer = acme.anna.delete(f"{CALLBACKS}/{callback_id}")
            is_free.set()
            return answer

        def retry_until_booked(anna: Caller, starts_at: str = starts_at, is_free: Event = is_free) -> httpx.Response:
            deadline, was_free = time.monotonic() + 60, False
            while not was_free and time.monotonic() < deadline:
                was_free = is_free.is_set()
                answer = anna.post(CALLBACKS, order(starts_at))
                if outcome(answer) != "slot_taken":
                    break
            return answer

        jobs: list[Job] = [cancel, *(partial(retry_until_booked, anna) for anna in crowd)]
        cancelled, *answers = at_once(jobs)
        assert success(cancelled)["state"] == "cancelled"
        assert Counter(map(outcome, answers)) == {"booked": 1, "slot_taken": CROWD - 1}
        cancel_all([globex.anna, *crowd], [on_the_other_line, *answers])


@pytest.mark.parametrize("lines", probes(2, rest=[1, 5]))
def test_of_concurrent_bookings_of_a_slot_as_many_succeed_as_there_are_lines(
    desk: Desk, crowd: list[Caller], lines: int, measured: Measured
) -> None:
    desk.put(lines)
    seconds = 0.0
    for _ in range(ROUNDS):
        starts_at = desk.slot()
        began = time.monotonic()
        answers = at_once([partial(anna.post, CALLBACKS, order(starts_at)) for anna in crowd])
        seconds += time.monotonic() - began

        assert Counter(map(outcome, answers)) == {"booked": lines, "slot_taken": CROWD - lines}
        for answer in answers:
            if answer.status_code == 409:
                offered = [slot["starts_at"] for slot in answer.json()["next"]]
                assert len(offered) == 3 and offered == sorted(offered) and offered[0] > starts_at
        cancel_all(crowd, answers)
    measured(
        f"the last place, {lines} lines: {ROUNDS} rounds of {CROWD} at once, each time {lines} booked and "
        f"{CROWD - lines} answered 409; {ROUNDS * CROWD / seconds:.0f} answers a second"
    )


def test_concurrent_bookings_of_overlapping_half_hours_never_exceed_the_lines(desk: Desk, crowd: list[Caller]) -> None:
    desk.put(2)
    for _ in range(rounds(3, gate=1)):
        begins = datetime.fromisoformat(desk.slot())
        times = [f"{begins + QUARTER * number:%Y-%m-%dT%H:%M:%SZ}" for number in range(3)]
        answers = at_once(
            [partial(anna.post, CALLBACKS, order(times[number % 3], "technical")) for number, anna in enumerate(crowd)]
        )

        booked = Counter(answer.json()["starts_at"] for answer in answers if outcome(answer) == "booked")
        assert booked[times[0]] + booked[times[1]] <= 2 >= booked[times[1]] + booked[times[2]]
        assert 2 <= booked.total() <= 4, "a booking was refused although its seats were free"
        cancel_all(crowd, answers)


# ------------------------------------------------------------------ one call-back at a time


def test_of_two_users_who_book_two_slots_at_once_one_gets_a_call_back(desk: Desk, acme: Tenant) -> None:
    desk.put(2)
    for number in range(PAIRS):
        anna, giulia = acme.anna, acme.user("carla", "giulia")
        second = None if number % 2 else desk.slot()
        jobs = [partial(anna.post, CALLBACKS, order(desk.slot())), partial(giulia.post, CALLBACKS, order(second))]
        answers = at_once(jobs)

        assert sorted(map(outcome, answers)) == ["booked", "callback_open"]
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert lost.json()["callback"] == won.json()
        success(anna.delete(f"{CALLBACKS}/{won.json()['callback_id']}"))
    assert acme.ledger().whats().count("callback.booked") == PAIRS


def test_many_concurrent_bookings_of_one_tenant_make_one_call_back(desk: Desk, acme: Tenant) -> None:
    desk.put(2)
    people = [acme.user("anna", f"user-{number}") for number in range(SELVES)]
    answers = at_once([partial(user.post, CALLBACKS, order(desk.slot())) for user in people])

    assert Counter(map(outcome, answers)) == {"booked": 1, "callback_open": SELVES - 1}


# ------------------------------------------------------------------ moved and taken


def test_a_concurrent_move_and_cancellation_have_one_outcome(desk: Desk, acme: Tenant) -> None:
    desk.put(2)
    outcomes: Counter[str] = Counter()
    for number in range(PAIRS):
        user = acme.user("anna", f"user-{number}")
        callback_id = success(user.post(CALLBACKS, order(desk.slot())), 201)["callback_id"]
        to = {"starts_at": None if number % 2 else desk.slot()}
        moved, cancelled = at_once(
            [
                partial(user.call, "PATCH", f"{CALLBACKS}/{callback_id}", to),
                partial(acme.user("ben").delete, f"{CALLBACKS}/{callback_id}"),
            ]
        )

        was_moved = moved.status_code == 200
        assert was_moved or refusal(moved) == (409, "callback_closed")
        shown = success(cancelled)
        assert (shown["state"], shown["version"]) == ("cancelled", 2 if was_moved else 1)
        outcomes["moved before" if was_moved else "cancelled before"] += 1
        assert refusal(acme.anna.get(f"{CALLBACKS}/open")) == (404, "no_callback")
    assert acme.ledger().whats().count("callback.moved") == outcomes["moved before"]


def test_ten_concurrent_moves_leave_the_call_back_in_one_slot(desk: Desk, acme: Tenant) -> None:
    desk.put(2)
    callback_id = success(acme.anna.post(CALLBACKS, order(desk.slot())), 201)["callback_id"]
    people = [acme.user("anna", f"user-{number}") for number in range(10)]
    slots = [desk.slot() for _ in people]
    answers = at_once(
        [
            partial(user.call, "PATCH", f"{CALLBACKS}/{callback_id}", {"starts_at": starts_at})
            for user, starts_at in zip(people, slots, strict=True)
        ]
    )

    shown = success(acme.anna.get(f"{CALLBACKS}/open"))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(success(answer)["version"] for answer in answers) == list(range(1, 11))
    assert (shown["version"], shown["starts_at"] in slots) == (10, True)


def test_of_many_agents_who_take_a_call_back_at_once_one_gets_it(desk: Desk, acme: Tenant) -> None:
    desk.put(2)
    agents = [acme.world.new_agent("support").caller for _ in range(AGENTS)]
    callback_id = success(acme.anna.post(CALLBACKS, order(None)), 201)["callback_id"]
    time.sleep(1.1)  # her priority claim has expired; agents yield to it
    path = f"/v1/support/callbacks/{callback_id}"
    answers = at_once([partial(agent.post, f"{path}/take") for agent in agents])

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AGENTS - 1}
    assert {refusal(answer)[1] for answer in answers if answer.status_code == 409} == {"already_taken"}
    (taker,) = [agent for agent, answer in zip(agents, answers, strict=True) if answer.status_code == 200]
    assert success(taker.post(f"{path}/close", {"outcome": "reached"}))["state"] == "reached"


def test_a_concurrent_cancellation_and_take_leave_it_cancelled(desk: Desk, acme: Tenant) -> None:
    desk.put(2)
    for _ in range(rounds(10, gate=2)):
        callback_id = success(acme.anna.post(CALLBACKS, order(None)), 201)["callback_id"]
        time.sleep(1.1)
        taken, cancelled = at_once(
            [
                partial(acme.world.sven.post, f"/v1/support/callbacks/{callback_id}/take"),
                partial(acme.anna.delete, f"{CALLBACKS}/{callback_id}"),
            ]
        )

        assert taken.status_code == 200 or refusal(taken) == (409, "callback_closed")
        assert success(cancelled)["state"] == "cancelled"
        assert (success(cancelled)["agent"] is not None) == (taken.status_code == 200)


# ------------------------------------------------------------------ lost answers and Idempotency-Key


def test_a_lost_answer_and_a_retry_make_one_booking(desk: Desk, acme: Tenant, measured: Measured) -> None:
    desk.put(2)
    lost = 0
    for number in range(LOST):
        sent, key = order(desk.slot()), f"key-{number}"
        with connection(acme.world.stack.url, most=1) as client:
            client.timeout = httpx.Timeout(5, read=0.04 * (number + 1) / LOST)
            try:
                acme.anna.over(client).post(CALLBACKS, sent, key=key)
            except httpx.ReadTimeout:
                lost += 1
        again = success(acme.anna.post(CALLBACKS, sent, key=key), 201)

        assert success(acme.anna.get(f"{CALLBACKS}/open")) == again
        success(acme.anna.delete(f"{CALLBACKS}/{again['callback_id']}"))
    assert acme.ledger().whats().count("callback.booked") == LOST
    assert lost > 0
    measured(f"a lost answer, then a retry with the same key: {LOST} bookings, {lost} answers lost, {LOST} call-backs")


def test_the_same_key_posted_many_times_at_once_makes_one_call_back(desk: Desk, acme: Tenant) -> None:
    desk.put(2)
    sent = order(desk.slot())
    answers = at_once([partial(acme.anna.post, CALLBACKS, sent, key="once")] * SELVES)

    assert len({success(answer, 201)["callback_id"] for answer in answers}) == 1
    assert acme.ledger().whats().count("callback.booked") == 1


def test_concurrent_bookings_leave_a_valid_ledger(desk: Desk, acme: Tenant, tmp_path: Path) -> None:
    desk.put(2)
    people = [acme.user("anna", f"user-{number}") for number in range(8)]

    def book_and_cancel(user: Caller) -> None:
        for _ in range(rounds(5, gate=2)):
            answer = user.post(CALLBACKS, order(desk.slot()))
            if outcome(answer) == "booked":
                success(user.delete(f"{CALLBACKS}/{answer.json()['callback_id']}"))

    at_once([partial(book_and_cancel, user) for user in people])
    ledger = acme.ledger()
    assert ledger.verify(tmp_path).returncode == 0
    assert ledger.whats().count("callback.booked") == ledger.whats().count("callback.cancelled") > 0
