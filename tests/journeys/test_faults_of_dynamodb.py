"""Giving, revoking, entering and booking while DynamoDB throttles, fails, is slow or cuts its answers off.

A proxy stands between four functions and DynamoDB. Under each fault a call has its one effect or none, and its answer
is a success or `503 busy`; the same call afterwards succeeds, with one effect in all, and the ledger verifies.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.journeys import fault_proxy
from tests.journeys.calls import Caller, call_of, grant_to, login_at, refusal
from tests.journeys.fault_proxy import ALWAYS, Faults
from tests.journeys.settings import changed_setting
from tests.journeys.world import Tenant, World
from tests.rows_and_columns import IS_NIGHTLY

SETTING = "AWS_ENDPOINT_URL_DYNAMODB"
FUNCTIONS = ("GrantFunction", "RevokeFunction", "LoginRecordFunction", "BookingFunction")
MAX_SECONDS = 20
"""The time-out of these functions. A function that exceeds it answers nothing, and the gateway an unexplained 500."""
READ, WRITE = "BatchGetItem", "TransactWriteItems"
EVERY_WRITE = "TransactWriteItems UpdateItem"
EVERYTHING = f"{EVERY_WRITE} BatchGetItem GetItem Query"
KINDS = (
    "throttled",
    "index throttled",
    "internal error",
    "unavailable",
    "slow before",
    "slow after",
    "cut before",
    "cut after",
    "cut in the middle",
)
PROBES = [
    ("grant", WRITE, "cut after", 1),
    ("revoke", WRITE, "conflict", ALWAYS),
    ("login", WRITE, "throttled", 1),
    ("book", READ, "unavailable", 1),
]
"""One fault for each journey, in the gate."""


@dataclass(frozen=True)
class Journey:
    """A call that changes something, with the entry that the ledger has of it."""

    tenant_id: str
    entry: str
    caller: Caller
    method: str
    path: str
    body: object = None

    def call(self) -> httpx.Response:
        """Send the call, each time with the same Idempotency-Key. One of an agent is for all tenants."""
        key = None if self.method == "DELETE" else f"key-{self.tenant_id}"
        return self.caller.call(self.method, self.path, self.body, key=key)


def grant(tenant: Tenant) -> Journey:
    return Journey(tenant.tenant_id, "grant.given", tenant.anna, "POST", "/v1/grants", grant_to("agent", "sven"))


def revoke(tenant: Tenant) -> Journey:
    return Journey(tenant.tenant_id, "grant.revoked", tenant.anna, "DELETE", f"/v1/grants/{tenant.lets_in('sven')}")


def login(tenant: Tenant) -> Journey:
    tenant.lets_in("sven")
    body, sven = login_at(tenant.tenant_id), tenant.world.sven
    return Journey(tenant.tenant_id, "login.recorded", sven, "POST", "/v1/support/logins", body)


def book(tenant: Tenant) -> Journey:
    return Journey(tenant.tenant_id, "callback.booked", tenant.anna, "POST", "/v1/callbacks", call_of())


JOURNEYS: dict[str, Callable[[Tenant], Journey]] = {"grant": grant, "revoke": revoke, "login": login, "book": book}
ALL = [
    (name, operation, kind, times)
    for name in JOURNEYS
    for operation in (READ, WRITE)
    for kind in (*KINDS, *(["conflict"] if operation == WRITE else []))
    for times in (1, ALWAYS)
] + [
    (name, operations, kind, ALWAYS)
    for name in JOURNEYS
    for operations in (EVERY_WRITE, EVERYTHING)
    for kind in ("throttled", "unavailable", "slow after")
]


@pytest.fixture(scope="module")
def faults(world: World) -> Iterator[Faults]:
    """The proxy between DynamoDB and the functions of the four journeys."""
    with fault_proxy.running(world.stack.url) as (url, faults), ExitStack() as settings:
        for function in FUNCTIONS:
            settings.enter_context(changed_setting(world, function, SETTING, url))
        yield faults


def effects(tenant: Tenant, journey: Journey) -> int:
    """Return how often the ledger has the journey. The items of the table must say the same."""
    recorded = tenant.ledger().whats().count(journey.entry)
    begins = {"grant.given": "LIVE#", "login.recorded": "LOGIN#", "callback.booked": "CALLBACK#"}
    items = [item["SK"]["S"] for item in tenant.items()]
    if journey.entry in begins:
        assert sum(sk.startswith(begins[journey.entry]) for sk in items) == recorded
    else:
        assert any(sk.startswith("LIVE#") for sk in items) != bool(recorded)
    return recorded


@pytest.mark.parametrize(("name", "operation", "kind", "times"), ALL if IS_NIGHTLY else PROBES)
def test_under_a_fault_a_call_has_one_effect_or_none_and_a_clear_answer(
    faults: Faults, acme: Tenant, tmp_path: Path, name: str, operation: str, kind: str, times: int
) -> None:
    journey = JOURNEYS[name](acme)

    with faults.at(operation, kind, times):
        began = time.monotonic()
        answer = journey.call()
        seconds = time.monotonic() - began

    done = effects(acme, journey)
    if answer.status_code == 503:
        assert refusal(answer) == (503, "busy")
        assert int(answer.headers["Retry-After"]) >= 1
        assert done <= 1
    else:
        assert answer.status_code in {200, 201}, f"{answer.status_code} after {seconds:.1f} s: {answer.text[:300]}"
        assert done == 1
    assert seconds < MAX_SECONDS
    again = journey.call()
    assert again.status_code in {200, 201}, again.text[:300]
    assert effects(acme, journey) == 1
    if answer.status_code != 503:
        assert again.content == answer.content
    verified = acme.ledger().verify(tmp_path)
    assert verified.returncode == 0, verified.stdout
