"""A write is done and its answer gets lost: it takes effect exactly once and the caller gets a success.
The request itself gets lost, on every try: nothing is stored, and the caller hears that we are busy.

Each write is done twice from the same table, once undisturbed and once with its answer lost. Afterwards both tables,
the ledger included, and both answers are the same except for random values: ids, and the hashes over them.
"""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from guestkey import settings
from guestkey.edge.http.problem import problem
from guestkey.errors import Busy
from guestkey.rules.grants import MAX_LIVE_GRANTS
from guestkey.rules.ledger import to_line
from guestkey.rules.requests import MailState, Request
from guestkey.rules.verify import verify
from guestkey.store.dynamodb import idempotency, keys
from guestkey.store.dynamodb.client import connection
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.ledger import ledger
from guestkey.store.requests import asking, requests
from local import sample
from tests import factories, table
from tests.calls import Answer, LambdaContext, call, handler
from tests.calls import answer as answered
from tests.edge import post
from tests.factories import MONDAY_NOON, TUESDAY_AT_TEN
from tests.personas import ANNA, BACKEND, SVEN
from tests.rows_and_columns import IS_NIGHTLY
from tests.store import wire

KEY = {"Idempotency-Key": "a-key-of-hers"}
HOUR = timedelta(hours=1)
SOON = MONDAY_NOON + timedelta(minutes=45)
"""A slot that may be taken: it begins in less than an hour."""
ACME = {
    "name": "Acme Immobilien GmbH",
    "version": "Enterprise 24.4",
    "time_zone": "Europe/Berlin",
    "language": "de",
    "country": "DE",
    "approver_emails": ["anna@acme.example", "giulia@acme.example"],
}

Do = Callable[[], Answer]
Loss = Callable[[], AbstractContextManager[None]]

# --- The writes: each prepares the table and returns the call to make ------------------------------------------------


def give(**order: Any) -> Callable[[], Do]:
    body = {"grantee": {"type": "agent", "id": "sven"}, **order}
    return lambda: lambda: call("POST", "/v1/grants", body, caller=ANNA)


def give_with_a_key() -> Do:
    body = {"grantee": {"type": "agent", "id": "sven"}}
    return lambda: call("POST", "/v1/grants", body, caller=ANNA, headers=KEY)


def revoke(period: str = "1h") -> Callable[[], Do]:
    def prepared() -> Do:
        given = factories.grant(SVEN, period=period, at=MONDAY_NOON - HOUR / 2)
        return lambda: call("DELETE", f"/v1/grants/{given.grant_id}", caller=ANNA)

    return prepared


def log_in(**headers: str) -> Callable[[], Do]:
    def prepared() -> Do:
        factories.grant(SVEN, at=MONDAY_NOON - HOUR / 2)
        body = {"tenant_id": "acme", "reason": "The import stands still"}
        return lambda: call("POST", "/v1/support/logins", body, caller=SVEN, headers=headers)

    return prepared


def log_in_after_refusals() -> Do:
    for hours in (2, 2, 1, 1, 1):
        with time_machine.travel(MONDAY_NOON - hours * HOUR, tick=False):
            assert refuse()().status == 403
    return log_in()()


def end_the_login() -> Do:
    factories.grant(SVEN, at=MONDAY_NOON - HOUR / 2)
    entered = factories.login(SVEN, at=MONDAY_NOON - HOUR / 4)
    return lambda: call("POST", f"/v1/support/logins/{entered.login_id}/end", caller=SVEN)


def refuse() -> Do:
    body = {"tenant_id": "acme", "reason": "The import stands still"}
    return lambda: call("POST", "/v1/support/logins", body, caller=SVEN)


def refuse_first_in_the_hour_after_others() -> Do:
    for _ in range(3):
        with time_machine.travel(MONDAY_NOON - HOUR, tick=False):
            assert refuse()().status == 403
    return refuse()


def refuse_again() -> Do:
    assert refuse()().status == 403
    return refuse()


ASKED = {"tenant_id": "acme", "reason": "The import stands still", "period": "4h", "may_export": True}


def ask(**headers: str) -> Callable[[], Do]:
    return lambda: lambda: call("POST", "/v1/support/requests", ASKED, caller=SVEN, headers=headers)


def send_again() -> Do:
    request = factories.requested(at=MONDAY_NOON - HOUR / 2)
    return lambda: call("POST", f"/v1/support/requests/{request.request_id}/send", caller=SVEN)


def withdraw() -> Do:
    request = factories.requested(at=MONDAY_NOON - HOUR / 2)
    return lambda: call("DELETE", f"/v1/support/requests/{request.request_id}", caller=SVEN)


def approve(period: str = "1h", **headers: str) -> Callable[[], Do]:
    def prepared() -> Do:
        request = factories.requested(period=period, at=MONDAY_NOON - HOUR / 2)
        return lambda: call("POST", f"/v1/requests/{request.request_id}/approve", caller=ANNA, headers=headers)

    return prepared


def decline(**body: str) -> Callable[[], Do]:
    def prepared() -> Do:
        request = factories.requested(at=MONDAY_NOON - HOUR / 2)
        return lambda: call("POST", f"/v1/requests/{request.request_id}/decline", body, caller=ANNA)

    return prepared


def showing(request: Request, act: Callable[[], None]) -> Do:
    """Return a call that does something without a route, and then shows the request."""

    def do() -> Answer:
        act()
        return call("GET", f"/v1/requests/{request.request_id}", caller=ANNA)

    return do


def save_mail_state(*, with_a_key: bool = False) -> Callable[[], Do]:
    def prepared() -> Do:
        record = IdempotencyRecord(
            key=keys.idempotency("support", "sven", "POST /v1/support/requests", "k"), fingerprint="of the body"
        )
        request = factories.requested(mail=MailState.FAILED, at=MONDAY_NOON - HOUR / 2)
        change = Transaction()
        idempotency.store_response(change, record.with_response('"failed"'), MONDAY_NOON)
        change.commit()
        response = record.with_response('"sent"') if with_a_key else None
        return showing(request, lambda: asking.save_mail_state(request, MailState.SENT, response))

    return prepared


def expire() -> Do:
    request = factories.requested(at=MONDAY_NOON - 24 * HOUR)
    return showing(request, lambda: requests.expire(request, MONDAY_NOON))


def put_tenant(tenant_id: str) -> Callable[[], Do]:
    return lambda: lambda: call("PUT", f"/v1/vendor/tenants/{tenant_id}", ACME, caller=BACKEND)


def put_right(user_id: str, *, may_grant: bool) -> Callable[[], Do]:
    path = f"/v1/vendor/tenants/acme/users/{user_id}/right"
    return lambda: lambda: call("PUT", path, {"may_grant": may_grant, "changed_by": "carol"}, caller=BACKEND)


def put_department(department_id: str) -> Callable[[], Do]:
    return lambda: lambda: call("PUT", f"/v1/vendor/departments/{department_id}", {"name": "Night"}, caller=BACKEND)


def put_agent(agent_id: str, *departments: str, active: bool = True) -> Callable[[], Do]:
    body = {"name": "Sven B.", "email": "sven@vendor.example", "departments": list(departments), "active": active}
    return lambda: lambda: call("PUT", f"/v1/vendor/agents/{agent_id}", body, caller=BACKEND)


ASK = {"topic": "technical", "description": "The import stands still", "phone": "+49 241 44686122"}


def book(starts_at: str | None = None, **headers: str) -> Callable[[], Do]:
    return lambda: lambda: call("POST", "/v1/callbacks", ASK | {"starts_at": starts_at}, caller=ANNA, headers=headers)


def book_the_last_place() -> Do:
    factories.seats(TUESDAY_AT_TEN, 1)
    return book("2026-11-24T09:00:00Z")()


def book_again_after_the_last_was_over() -> Do:
    factories.callback(ANNA, MONDAY_NOON - HOUR, at=MONDAY_NOON - 6 * HOUR)
    return book()()


def move(starts_at: str | None, *, waiting: bool = False) -> Callable[[], Do]:
    def prepared() -> Do:
        callback = factories.callback(
            ANNA, None if waiting else TUESDAY_AT_TEN, topic="technical", at=MONDAY_NOON - HOUR / 2
        )
        factories.seats(TUESDAY_AT_TEN + HOUR, 1)
        return lambda: call("PATCH", f"/v1/callbacks/{callback.callback_id}", {"starts_at": starts_at}, caller=ANNA)

    return prepared


def cancel(starts_at: datetime | None) -> Callable[[], Do]:
    def prepared() -> Do:
        callback = factories.callback(ANNA, starts_at, at=MONDAY_NOON - HOUR / 2)
        return lambda: call("DELETE", f"/v1/callbacks/{callback.callback_id}", caller=ANNA)

    return prepared


def take(starts_at: datetime | None) -> Callable[[], Do]:
    def prepared() -> Do:
        callback = factories.callback(ANNA, starts_at, at=MONDAY_NOON - 3 * HOUR)
        return lambda: call("POST", f"/v1/support/callbacks/{callback.callback_id}/take", caller=SVEN)

    return prepared


def close(starts_at: datetime | None) -> Callable[[], Do]:
    def prepared() -> Do:
        taken = factories.taken(
            factories.callback(ANNA, starts_at, at=MONDAY_NOON - 3 * HOUR), at=MONDAY_NOON - HOUR / 4
        )
        body = {"outcome": "reached", "note": "It runs again"}
        return lambda: call("POST", f"/v1/support/callbacks/{taken.callback_id}/close", body, caller=SVEN)

    return prepared


def let_time_end(prepare: Callable[[], object]) -> Callable[[], Do]:
    """Prepare something, and let cleanup record that its time has ended."""

    def prepared() -> Do:
        with time_machine.travel(MONDAY_NOON - 30 * HOUR, tick=False):
            prepare()

        def clean_up() -> Answer:
            return Answer(200, handler("cleanup")({}, LambdaContext()), {}, "")

        return clean_up

    return prepared


def put_closure() -> Do:
    return lambda: call("PUT", "/v1/vendor/closures/2026-12-04", {"name": "Works outing"}, caller=BACKEND)


def delete_closure() -> Do:
    assert put_closure()().status == 200
    return lambda: call("DELETE", "/v1/vendor/closures/2026-12-04", caller=BACKEND)


def guess() -> Do:
    return lambda: call("POST", "/v1/support/requests", ASKED | {"tenant_id": "nobody"}, caller=SVEN)


def a_login_under_a_revoked_grant() -> None:
    grant = factories.grant(SVEN, period="permanent")
    factories.login(SVEN)
    factories.revoked(grant)


def lock_account() -> Do:
    return lambda: call("PUT", "/v1/lockdown", {"reason": "An alarm"}, caller=ANNA)


def lift_lock() -> Do:
    lock_account()()
    return lambda: call("DELETE", "/v1/lockdown", {"keep_grants": True}, caller=ANNA)


WRITES: dict[str, Callable[[], Do]] = {
    "a grant": give(),
    "a grant with an Idempotency-Key": give_with_a_key,
    "a permanent grant": give(period="permanent"),
    "a grant to a department": give(grantee={"type": "department", "id": "support"}),
    "a revoke": revoke(),
    "a revoke of a permanent grant": revoke("permanent"),
    "a login": log_in(),
    "a login with an Idempotency-Key": log_in(**KEY),
    "a login that reports refusals": log_in_after_refusals,
    "the end of a login": end_the_login,
    "the end of a grant": let_time_end(factories.grant),
    "the end of a request": let_time_end(factories.requested),
    "the end of access": let_time_end(a_login_under_a_revoked_grant),
    "an hour's first refusal": refuse,
    "a first refusal that reports others": refuse_first_in_the_hour_after_others,
    "a request": ask(),
    "a request with an Idempotency-Key": ask(**KEY),
    "mails sent again": send_again,
    "the state of the mails": save_mail_state(),
    "the state of the mails, in a stored response too": save_mail_state(with_a_key=True),
    "a withdrawal": withdraw,
    "an expired request": expire,
    "an approval": approve(),
    "a permanent approval": approve("permanent"),
    "an approval with an Idempotency-Key": approve(**KEY),
    "a decline": decline(),
    "a decline with a note": decline(note="Not today"),
    "a new tenant": put_tenant("initech"),
    "a changed tenant": put_tenant("acme"),
    "a right taken away": put_right("anna", may_grant=False),
    "a right given back": put_right("ben", may_grant=True),
    "a new department": put_department("night"),
    "a renamed department": put_department("support"),
    "a new agent": put_agent("tina", "support"),
    "a renamed agent": put_agent("sven", "support"),
    "an agent of another department": put_agent("sven", "development"),
    "an agent who leaves": put_agent("sven", "support", active=False),
    "a lock of the account": lock_account,
    "the lift of a lock": lift_lock,
    "a slot booked": book("2026-11-24T09:00:00Z"),
    "a slot booked with an Idempotency-Key": book("2026-11-24T09:00:00Z", **KEY),
    "the last place of a slot": book_the_last_place,
    "a place in the queue": book(),
    "a call-back after a closed one": book_again_after_the_last_was_over,
    "a move to another slot": move("2026-11-24T11:00:00Z"),
    "a move to the last place of a slot that overlaps": move("2026-11-24T09:15:00Z"),
    "a move to the last place of a slot": move("2026-11-24T10:00:00Z"),
    "a move to the queue": move(None),
    "a move from the queue": move("2026-11-24T10:00:00Z", waiting=True),
    "a slot cancelled": cancel(TUESDAY_AT_TEN),
    "a place in the queue given up": cancel(None),
    "a booked call-back taken": take(SOON),
    "a waiting call-back taken": take(None),
    "a booked call-back closed": close(SOON),
    "a waiting call-back closed": close(None),
}
PUTS: dict[str, Callable[[], Do]] = {
    "a desk": lambda: lambda: call("PUT", "/v1/vendor/desk", sample.DESK | {"lines": 3}, caller=BACKEND),
    "a closure": put_closure,
    "a closure taken back": delete_closure,
    "an unknown tenant that is counted": guess,
}
"""Writes that may be stored twice: their answers get lost without harm."""
LOSSES: dict[str, Loss] = {
    "botocore sends it again": wire.botocore_sends_it_again,
    "DynamoDB recognises the token": wire.dynamodb_knows_the_token,
    "every resend gets lost": wire.every_resend_gets_lost,
    "every answer is a 500": wire.every_answer_is_a_500,
    "lost above botocore": wire.lost_above_botocore,
}


# --- Comparing -------------------------------------------------------------------------------------------------------


def as_text(thing: Any, known: str) -> str:
    """Return JSON in which ids and hashes made since `known` are masked."""
    text = json.dumps(thing, sort_keys=True)
    made = {
        found for found in re.findall(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b|\b[0-9a-f]{16,}\b", text) if found not in known
    }
    for found in made:
        text = text.replace(found, "…")
    return text


def texts_of(items: list[table.Raw], known: str) -> list[str]:
    """Return every item as text, without `wanted_until`: the priority claim expires within a second."""
    return sorted(
        as_text({name: value for name, value in item.items() if name != "wanted_until"}, known) for item in items
    )


def put_back(before: list[table.Raw]) -> None:
    """Restore the table; unchanged items are not written, because moto keeps a record of every write."""
    now = table.items()
    for item in now:
        if item not in before:
            key = {"PK": item["PK"], "SK": item["SK"]}
            connection().client.delete_item(TableName=settings.TABLE_NAME, Key=key)
    table.put([item for item in before if item not in now])


def ledger_is_sound(tenant_id: str) -> bool:
    lines = [f"{to_line(entry)}\n".encode() for entry in ledger.entries_after(tenant_id, 0, 10_000)]
    state = ledger.read_state(tenant_id)
    return state is not None and verify(lines, state.head).is_clean


def each_write_with_its_losses() -> list[Any]:
    """Return each write with one loss, the losses in turn, because all writes share their way to the table.

    The first write meets every loss; each night every write does.
    """
    pairs = []
    for number, (name, prepared) in enumerate(WRITES.items()):
        kinds = list(LOSSES) if IS_NIGHTLY or number == 0 else [list(LOSSES)[number % len(LOSSES)]]
        pairs.append(pytest.param(prepared, {kind: LOSSES[kind] for kind in kinds}, id=name))
    return pairs


def assert_one_effect(do: Do, losses: dict[str, Loss], subtests: pytest.Subtests) -> None:
    before = table.items()
    known = json.dumps(before)
    undisturbed_answer = do()
    undisturbed_table = texts_of(table.items(), known)
    assert undisturbed_table != texts_of(before, known)

    for name, loss in losses.items():
        put_back(before)
        with subtests.test(name):
            with loss():
                answer = do()

            assert answer.status == undisturbed_answer.status in {200, 201, 403}
            assert as_text(answer.body, known) == as_text(undisturbed_answer.body, known)
            assert texts_of(table.items(), known) == undisturbed_table
            tenants = {item["PK"]["S"].removeprefix("TENANT#") for item in table.items(sk_begins=keys.LEDGER)}
            assert all(ledger_is_sound(tenant_id) for tenant_id in tenants)


# --- Lost answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prepared", "losses"), each_write_with_its_losses())
def test_a_write_with_a_lost_answer_takes_effect_once_and_the_caller_gets_a_success(prepared, losses, subtests):
    assert_one_effect(prepared(), losses, subtests)


def test_a_counted_refusal_with_a_lost_answer_is_counted_once(subtests):
    """The counter relies on the transaction's token alone, which moto ignores: with a resend it would count twice."""
    losses = {name: loss for name, loss in LOSSES.items() if loss is not wire.botocore_sends_it_again}

    assert_one_effect(refuse_again(), losses, subtests)


def test_a_resend_of_the_last_grant_below_the_limit_succeeds(subtests):
    factories.grant(SVEN)
    [live] = table.items(sk_begins=keys.LIVE)
    [head] = table.items("TENANT#acme", keys.LEDGER)
    others = [live | {"SK": {"S": f"{keys.LIVE}{number:026}"}} for number in range(MAX_LIVE_GRANTS - 2)]
    table.put([*others, head | {"live_at_most": {"N": str(MAX_LIVE_GRANTS - 1)}}])

    assert_one_effect(give()(), {"lost above botocore": wire.lost_above_botocore}, subtests)


# --- Lost requests ---------------------------------------------------------------------------------------------------

LOST: dict[str, Loss] = {
    "no change arrives": wire.no_change_arrives,
    "nothing but reads arrives": wire.nothing_but_reads_arrives,
}
REFUSED_ALL_THE_SAME = {"an hour's first refusal", "a first refusal that reports others"}
"""The agent's answer does not depend on whether the refusal can be stored."""
LEFT_AS_IT_WAS = {"the state of the mails", "the state of the mails, in a stored response too"}
"""The mails are out, and the request goes on saying that they failed."""
LEFT_FOR_THE_NEXT_RUN = {"the end of a grant", "the end of a request", "the end of access"}
PRIORITY_IS_OVER = timedelta(seconds=1)
ONLY_UPDATED = {"a closure", "a closure taken back"}


def answer_to(do: Do) -> Answer:
    """Return the answer; an error that no route translates counts as the one that `serve` makes of it."""
    try:
        return do()
    except Busy as busy:
        return answered(problem(busy))


@pytest.mark.no_cover
@pytest.mark.parametrize("name", [*WRITES, *PUTS])
def test_a_lost_request_stores_nothing_and_the_caller_hears_that_we_are_busy(name, world, subtests):
    do = (WRITES | PUTS)[name]()
    for kind, loss in LOST.items():
        if name in ONLY_UPDATED and loss is wire.no_change_arrives:
            continue
        with subtests.test(kind):
            with table.unchanged(), post.fake_ses() as mails, loss():
                answer = answer_to(do)

            if name in REFUSED_ALL_THE_SAME:
                assert (answer.status, answer.code) == (403, "no_live_grant")
            elif name in LEFT_AS_IT_WAS:
                assert (answer.status, answer.body["mail"]) == (200, "failed")
            elif name not in LEFT_FOR_THE_NEXT_RUN:
                assert (answer.status, answer.code) == (503, "busy")
                assert answer.headers["retry-after"] == "1"
            assert mails == []

    before = table.items()
    world.shift(PRIORITY_IS_OVER)
    assert do().status in {200, 201, 403, 404}
    assert table.items() != before
