"""Agents, customers and the vendor who change one call-back at the same moment, over real connections.

After each test the table is compared, and the mails and invitations of each tenant with the ledger's entries.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from local import sample
from tests.edge import calendars, post
from tests.journeys import mailbox
from tests.journeys.calls import Caller, call_of, refusal, success
from tests.journeys.concurrency import Job, at_once
from tests.journeys.seats import QUARTER, require_seats_equal_bookings
from tests.journeys.world import Tenant, World
from tests.rows_and_columns import rounds

Measured = Callable[[str], None]

ROUNDS = rounds(10, gate=2)  # a user books and moves twenty calls an hour
CALLBACKS, SUPPORT = "/v1/callbacks", "/v1/support/callbacks"
REASON = {"reason": "Two colleagues are ill"}
IN_QUEUE = "Wir rufen Sie an, sobald jemand frei ist"
SUBJECTS = {
    "callback.booked": "Ihr Rückruf vom Support ist gebucht",
    "callback.moved": "Ihr Rückruf vom Support hat einen neuen Termin",
    "callback.cancelled": "Ihr Rückruf vom Support ist abgesagt",
    "callback.stranded": "Bitte wählen Sie einen neuen Termin für Ihren Rückruf",
}
DESK_ZONE = ZoneInfo(sample.DESK["time_zone"])


@pytest.fixture(autouse=True)
def _the_table_and_the_mails_agree(world: World, acme: Tenant, globex: Tenant) -> Iterator[None]:
    yield
    require_seats_equal_bookings(world)
    for tenant in (acme, globex):
        require_mails_follow_the_ledger(tenant)


def require_mails_follow_the_ledger(tenant: Tenant) -> None:
    """Fail unless each entry of which the customer is told was mailed once, with the invitation of its version."""
    entries = [entry for entry in tenant.ledger().entries if entry["what"] in SUBJECTS]
    told = [one for one in entries if one["what"] != "callback.stranded" or one["data"]["cause"]]
    mails = map(mailbox.read, mailbox.mails_after(tenant, len(told)) if told else [])
    assert Counter(map(told_by, mails)) == Counter(map(told_of, told))


def told_of(entry: dict[str, Any]) -> tuple[str, str, int | None]:
    """Return head, subject and SEQUENCE of the mail of an entry: no SEQUENCE where no calendar has the call."""
    what, data = entry["what"], entry["data"]
    has_event = what != "callback.stranded" and (data.get("starts_at") or data.get("earlier_starts_at"))
    is_in_queue = what in {"callback.booked", "callback.moved"} and data["starts_at"] is None
    subject = IN_QUEUE if is_in_queue else SUBJECTS[what]
    return f"{entry['seq']}:{entry['hash']}", subject, data["version"] if has_event else None


def told_by(mail: post.Read) -> tuple[str, str, int | None]:
    (head,) = mail.headers["guestkey-head"]
    return head, mailbox.kind_of(mail), calendars.of(mail).sequence if mail.calendars else None


@pytest.fixture
def hours(world: World) -> Iterator[str]:
    """The beginnings of free hours of the desk, which no test has used."""
    world.clean_up()  # stores the holidays, without which no slot is offered
    found = success(world.caller("carla").get("/v1/slots?topic=question&days=14"))["items"]
    starts = [slot["starts_at"] for slot in found if slot["free"] == sample.DESK["lines"]]
    # A warm function may still know the desk of an earlier test, which was open around the clock.
    local = [datetime.fromisoformat(at).astimezone(DESK_ZONE) for at in starts if at.endswith(":00:00Z")]
    return iter([f"{at.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}" for at in local if is_worked(at)][::-1])


def is_worked(at: datetime) -> bool:
    return at.weekday() < len(sample.WORKING_DAYS) and 9 <= at.hour < 17


def caller_of(tenant: Tenant) -> Caller:
    """Return Anna, whose mails go to an address of this tenant."""
    return tenant.user("anna", email=f"anna@{tenant.tenant_id}.example")


def books(tenant: Tenant, starts_at: str | None = None) -> str:
    callback_id: str = success(caller_of(tenant).post(CALLBACKS, call_of(starts_at=starts_at)), 201)["callback_id"]
    return callback_id


def open_of(tenant: Tenant) -> Any:
    return success(tenant.anna.get(f"{CALLBACKS}/open"))


def result(answer: httpx.Response) -> str:
    """Return "done", or the code of a refusal; any other answer fails the test."""
    return "done" if answer.status_code < 300 else refusal(answer)[1]


# ------------------------------------------------------------------ taken calls


def test_of_a_release_a_hand_on_and_a_close_one_counts(world: World, acme: Tenant, measured: Measured) -> None:
    after = {
        "release": ["done", "not_yours", "not_yours"],
        "hand": ["not_yours", "done", "not_yours"],
        "close": ["callback_closed", "callback_closed", "done"],
    }
    first: Counter[str] = Counter()
    for _ in range(ROUNDS):
        path = f"{SUPPORT}/{books(acme)}"
        success(world.sven.post(f"{path}/take"))
        answers = at_once(
            [
                partial(world.sven.post, f"{path}/release"),
                partial(world.sven.post, f"{path}/hand", {"agent_id": "dora"}),
                partial(world.sven.post, f"{path}/close", {"outcome": "reached"}),
            ]
        )

        (won,) = [name for name, results in after.items() if results == list(map(result, answers))]
        first[won] += 1
        if won != "close":
            shown = open_of(acme)
            taker = shown["agent"] and shown["agent"]["id"]
            assert (shown["state"], taker) == (("waiting", None) if won == "release" else ("taken", "dora"))
            success(acme.anna.delete(f"{CALLBACKS}/{shown['callback_id']}"))
    whats = Counter(acme.ledger().whats())
    assert {what: whats[f"callback.{what}"] for what in ("released", "handed", "closed")} == {
        "released": first["release"],
        "handed": first["hand"],
        "closed": first["close"],
    }
    measured(f"release, hand on and close at once: {ROUNDS} rounds, of which counted {dict(first)}")


def test_of_two_agents_who_wait_for_a_release_one_gets_the_call(world: World, acme: Tenant) -> None:
    colleagues = [world.dora, world.new_agent("support").caller]
    for _ in range(ROUNDS):
        callback_id = books(acme)
        path, is_released = f"{SUPPORT}/{callback_id}", Event()
        success(world.sven.post(f"{path}/take"))

        def release(path: str = path, is_released: Event = is_released) -> httpx.Response:
            answer = world.sven.post(f"{path}/release")
            is_released.set()
            return answer

        def take(agent: Caller, path: str = path, is_released: Event = is_released) -> httpx.Response:
            was_released = False
            while not was_released:
                was_released = is_released.is_set()
                if result(answer := agent.post(f"{path}/take")) == "done":
                    break
            return answer

        jobs: list[Job] = [release, *(partial(take, agent) for agent in colleagues)]
        released, *taken = at_once(jobs)
        assert sorted(map(result, taken)) == ["already_taken", "done"]
        assert success(released)["agent"] is None
        (winner,) = [success(answer)["agent"]["id"] for answer in taken if answer.status_code == 200]
        assert open_of(acme)["agent"]["id"] == winner
        success(acme.anna.delete(f"{CALLBACKS}/{callback_id}"))
    whats = Counter(acme.ledger().whats())
    assert (whats["callback.taken"], whats["callback.released"]) == (2 * ROUNDS, ROUNDS)


def test_an_agents_cancellation_beside_the_customers_move_leaves_it_cancelled(
    world: World, acme: Tenant, hours: Iterator[str]
) -> None:
    anna = caller_of(acme)
    for number in range(ROUNDS):
        callback_id, to = books(acme, next(hours)), None if number % 2 else next(hours)
        cancelled, moved = at_once(
            [
                partial(world.sven.call, "DELETE", f"{SUPPORT}/{callback_id}", REASON),
                partial(anna.call, "PATCH", f"{CALLBACKS}/{callback_id}", {"starts_at": to}),
            ]
        )

        was_moved = result(moved) == "done"
        assert was_moved or result(moved) == "callback_closed"
        shown = success(cancelled)
        assert (shown["state"], shown["version"], shown["reason"]) == ("cancelled", 1 + was_moved, REASON["reason"])
        assert result(anna.get(f"{CALLBACKS}/open")) == "no_callback"


# ------------------------------------------------------------------ an hour that is closed


def test_an_hour_closes_while_its_call_moves_away_and_another_customer_books_it(
    world: World, acme: Tenant, globex: Tenant, hours: Iterator[str]
) -> None:
    anna, other = caller_of(acme), caller_of(globex)
    for _ in range(ROUNDS):
        starts_at, to = next(hours), next(hours)
        callback_id = books(acme, starts_at)
        begins = datetime.fromisoformat(starts_at).astimezone(DESK_ZONE)
        part = {"from": f"{begins:%H:%M}", "until": f"{begins + 4 * QUARTER:%H:%M}"}
        day = f"/v1/vendor/closures/{begins:%Y-%m-%d}"
        of_others = {*success(world.backend.delete(day))["stranded"]}  # calls that other tests have left behind
        closed, moved, booked = at_once(
            [
                partial(world.backend.put, day, {"name": "Power failure", **part}),
                partial(anna.call, "PATCH", f"{CALLBACKS}/{callback_id}", {"starts_at": to}),
                partial(other.post, CALLBACKS, call_of(starts_at=starts_at)),
            ]
        )
        success(moved)
        assert result(booked) in {"done", "slot_not_offered"}
        stranded = {*success(closed)["stranded"]} - of_others
        shown = open_of(acme)
        assert (shown["starts_at"], shown["stranded_by"], shown["version"]) == (to, None, 1)
        if booked.status_code == 201:
            world.clean_up()  # marks a booking by a function that did not yet know of the closure
            assert open_of(globex)["stranded_by"] == "closed"
            success(other.delete(f"{CALLBACKS}/{open_of(globex)['callback_id']}"))
        assert stranded <= {callback_id, booked.json().get("callback_id")}
        assert {*success(world.backend.delete(day))["stranded"]} == of_others
        success(anna.delete(f"{CALLBACKS}/{callback_id}"))
