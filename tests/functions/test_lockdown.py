"""PUT and DELETE /v1/lockdown: a customer locks all access at once, and lifts the lock."""

import json
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
import time_machine

from guestkey.rules.ledger import salted_digest
from guestkey.rules.lockdown import MAX_LIFTS_AN_HOUR
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.unreadable import Unreadable
from tests import factories, table
from tests.calls import Answer, call
from tests.doors import next_number, put_door
from tests.functions.test_order import check, enter, entered, give
from tests.notify import Notify, text_of_mail
from tests.personas import ANNA, BACKEND, BEN, CARLA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row

ANNA_LOCKED = {
    "locked_at": "2026-11-23T12:00:00Z",
    "locked_by": {"user_id": "anna", "name": "Anna Albrecht"},
    "reason": None,
    "reason_salt": None,
}
LOCKED, UNLOCKED = "Der Zugang zu Ihrem Konto ist gesperrt", "Die Sperre Ihres Kontos ist aufgehoben"
NEVER = {"unlocked_at": None, "unlocked_by": None, "kept_grants": None}


def lock(body: Any = None, *, caller: Caller = ANNA) -> Answer:
    return call("PUT", "/v1/lockdown", body, caller=caller)


def lift(body: Any = None, *, caller: Caller = ANNA) -> Answer:
    return call("DELETE", "/v1/lockdown", body, caller=caller)


def entries() -> list[dict[str, Any]]:
    said = call("GET", "/v1/ledger", caller=GIULIA, query={"limit": 100}).text
    return [json.loads(line) for line in said.splitlines()]


def stored_door() -> dict[str, Any]:
    stored = table.one(keys.door("acme"))
    assert stored
    return stored


# ------------------------------------------------------------------ it works


def test_from_the_answer_of_a_lock_on_nobody_is_in_and_nothing_is_given() -> None:
    give()
    login, asked = entered(), factories.requested()

    answer = lock()

    assert (answer.status, answer.body) == (200, ANNA_LOCKED)
    assert (check(), check(login), enter().code) == ("locked", "locked", "policy_forbids")
    assert call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "dora"}}, caller=ANNA).code == "locked_down"
    assert call("POST", f"/v1/requests/{asked.request_id}/approve", {}, caller=ANNA).code == "locked_down"
    assert (
        call("POST", "/v1/support/requests", {"tenant_id": "acme", "reason": "It stands still"}, caller=SVEN).status
        == 201
    )


def test_a_lift_ends_what_was_given_before_and_counts_at_once(world: time_machine.Traveller) -> None:
    grant_id = give()
    login = entered()
    lock()
    world.shift(timedelta(minutes=5))

    answer = lift(caller=GIULIA)

    giulia = {"user_id": "giulia", "name": "Giulia Galli"}
    assert (answer.status, answer.body) == (
        200,
        {"unlocked_at": "2026-11-23T12:05:00Z", "unlocked_by": giulia, "kept_grants": False},
    )
    assert (check(), check(login)) == ("no_live_grant", "no_live_grant")
    assert call("GET", f"/v1/grants/{grant_id}", caller=ANNA).body["end"] == "locked"
    give()
    assert check() == "granted"
    assert check(login) == "no_login"


def test_a_lift_that_keeps_grants_lets_new_logins_in_and_no_old_one() -> None:
    grant_id = give()
    login = entered()
    lock()

    assert lift({"keep_grants": True}).body["kept_grants"] is True

    assert (check(), check(login)) == ("granted", "no_login")
    assert call("GET", f"/v1/grants/{grant_id}", caller=ANNA).body["state"] == "live"
    assert check(entered()) == "granted"


def test_the_ledger_has_the_lock_with_the_hash_of_its_reason_and_the_lift() -> None:
    body = lock({"reason": "An  alarm "}).body
    lift({"keep_grants": True}, caller=GIULIA)

    locked, unlocked = entries()[-2:]
    assert (locked["what"], locked["by"], locked["about"]) == (
        "access.locked",
        {"type": "user", "id": "anna"},
        "acme",
    )
    assert locked["data"] == {"reason_sha256": salted_digest(body["reason"], body["reason_salt"])}
    assert (unlocked["what"], unlocked["by"]["id"]) == ("access.unlocked", "giulia")
    assert unlocked["data"] == {"keep_grants": True, "locked_seq": locked["seq"]}


# ------------------------------------------------------------------ twice


def test_locking_twice_answers_the_same_and_writes_nothing(world: time_machine.Traveller) -> None:
    first = lock({"reason": "An alarm"})
    before = table.items()
    world.shift(timedelta(minutes=5))

    assert lock({"reason": "Another one"}, caller=GIULIA).body == first.body
    assert table.items() == before


def test_lifting_twice_answers_the_same_and_ends_nothing_that_was_given_since() -> None:
    lock()
    first = lift()
    give()

    assert lift(caller=GIULIA).body == first.body
    assert check() == "granted"


def test_lifting_what_was_never_locked_changes_nothing() -> None:
    give()
    before = table.items()

    answer = lift()

    assert (answer.status, answer.body) == (200, NEVER)
    assert table.items() == before
    assert check() == "granted"


def test_versions_of_the_door_count_from_one_and_stand_on_the_head() -> None:
    for number, move in enumerate((lock, lift, lock), start=1):
        move()
        [head] = table.items(*keys.ledger("acme"))
        assert head["door"] == stored_door()["version"] == {"N": str(number)}


# ------------------------------------------------------------------ what others see


def test_every_user_sees_the_lock_and_only_right_holders_its_reason() -> None:
    locked = lock({"reason": "An alarm"}).body
    present = call("GET", "/v1/presence", caller=GIULIA).body

    assert present["locked"] == locked
    assert call("GET", "/v1/presence", caller=BEN).body["locked"] == ANNA_LOCKED
    assert call("GET", "/v1/support/tenants/acme", caller=SVEN).body["locked"] is True
    assert call("GET", "/v1/presence", caller=CARLA).body["locked"] is None

    lift()
    assert call("GET", "/v1/presence", caller=BEN).body["locked"] is None
    assert call("GET", "/v1/support/tenants/acme", caller=SVEN).body["locked"] is False


def test_a_poll_from_before_a_lock_is_answered_anew() -> None:
    routes = ("/v1/presence", "/v1/pulse")
    before = {path: call("GET", path, caller=BEN).headers["etag"] for path in routes}
    lock()

    for path, etag in before.items():
        assert call("GET", path, caller=BEN, headers={"If-None-Match": etag}).status == 200


def test_a_lock_whose_record_is_lost_is_shown_with_its_time_and_can_be_lifted() -> None:
    lock()
    seq = next_number() - 1
    table.drop(keys.lock("acme", seq))

    assert call("GET", "/v1/presence", caller=BEN).body["locked"] == ANNA_LOCKED | {"locked_by": None}
    assert lock().body == ANNA_LOCKED | {"locked_by": None}
    assert lift().body["unlocked_by"]["user_id"] == "anna"
    assert check() == "no_live_grant"


def test_the_clean_up_writes_down_what_a_lock_and_its_lift_ended(clean_up: Any, world: time_machine.Traveller) -> None:
    grant_id = give()
    entered()
    lock()
    world.shift(timedelta(minutes=2))
    clean_up()
    lift()
    world.shift(timedelta(minutes=2))
    clean_up()

    said = [(one["what"], one["data"].get("end")) for one in entries()[-4:]]
    assert [what for what, _ in said] == ["access.locked", "login.ended", "access.unlocked", "grant.ended"]
    assert entries()[-1]["about"] == grant_id
    assert "due" not in stored_door()


# ------------------------------------------------------------------ mails


def test_lock_and_lift_are_mailed_at_once_to_all_approvers_also_to_the_one_who_acted(notify: Notify) -> None:
    lock({"reason": "An alarm"})
    lift({"keep_grants": True}, caller=GIULIA)
    again = notify.new()
    notify.deliver(again)
    notify.deliver(again)

    approvers = ("anna@acme.example", "giulia@acme.example")
    assert notify.mailed == [(address, subject) for subject in (LOCKED, UNLOCKED) for address in approvers]
    locked, _, unlocked, _ = [text_of_mail(mail).replace("\r\n", "\n") for mail in notify.mails]
    assert "\n- Gesperrt von: Anna Albrecht · anna\n" in locked
    assert "\n- Grund: „An alarm“\n" in locked
    assert "\n- Sperre aufgehoben von: Giulia Galli · giulia\n" in unlocked
    assert "\n- Vorher erlaubte Zugänge: bleiben erlaubt\n" in unlocked
    assert set(notify.published) == {"access.locked", "access.unlocked"}


def test_a_lock_whose_record_is_lost_is_mailed_with_the_id_of_the_user(notify: Notify) -> None:
    lock({"reason": "An alarm"})
    table.drop(keys.lock("acme", next_number() - 1))
    notify.deliver()

    written = text_of_mail(notify.mails[0]).replace("\r\n", "\n")
    assert "\n- Gesperrt von: anna · anna\n" in written
    assert "Grund" not in written


# ------------------------------------------------------------------ while others are down

MESSAGE_REJECTED = (HTTPStatus.BAD_REQUEST, "MessageRejected", "no")


@pytest.mark.parametrize(
    "down", [{"ses"}, {"bus"}, {"stream"}, {"clean-up"}, {"ses", "bus", "stream", "clean-up"}], ids=sorted
)
def test_lock_and_lift_work_without_mails_bus_stream_and_clean_up(
    down: set[str], notify: Notify, clean_up: Callable[[], object], world: time_machine.Traveller
) -> None:
    def others_run() -> None:
        notify.refuse = lambda address: MESSAGE_REJECTED if "ses" in down else None
        notify.refused_events[:] = ["InternalFailure"] * 9 if "bus" in down else []
        world.shift(timedelta(minutes=2))
        if "stream" not in down:
            assert notify.deliver() == []
        if "clean-up" not in down:
            clean_up()

    give(period="1w")
    login = entered()
    others_run()
    assert lock().status == 200
    others_run()
    assert (check(), check(login), enter().code) == ("locked", "locked", "policy_forbids")
    assert lift().status == 200
    others_run()
    assert (check(), check(login)) == ("no_live_grant", "no_live_grant")
    give()
    assert check() == "granted"

    down.clear()
    others_run()
    notify.redrive()
    assert {LOCKED, UNLOCKED} <= {subject for _, subject in notify.mailed}
    assert [one["what"] for one in entries()].count("grant.ended") == 1


# ------------------------------------------------------------------ who may not


@each_row(
    "caller, code",
    [(BEN, "right_missing"), (ANNA.but(act={"sub": "sven"}), "acting_for_another")],
)
def test_a_user_without_the_right_and_one_who_acts_for_another_neither_lock_nor_lift(caller: Caller, code: str) -> None:
    before = table.items()
    assert (lock(caller=caller).status, lock(caller=caller).code) == (403, code)
    assert (lift(caller=caller).status, lift(caller=caller).code) == (403, code)
    assert table.items() == before


def test_a_lock_of_another_tenant_is_of_no_effect_here() -> None:
    give()
    lock(caller=CARLA)

    assert check() == "granted"


def take_the_right() -> None:
    call("PUT", "/v1/vendor/tenants/acme/users/anna/right", {"may_grant": False}, caller=BACKEND)


def test_a_tenant_that_is_not_registered_has_nothing_to_lock() -> None:
    assert lock(caller=ANNA.but(tenant_id="nowhere")).code == "tenant_unknown"


def test_a_lock_that_no_record_tells_of_is_lifted() -> None:
    put_door(locked=True)

    assert lift().status == 200
    assert check() == "no_live_grant"


def test_the_lock_of_a_tenant_that_is_gone_is_mailed_to_nobody(notify: Notify) -> None:
    lock()
    table.drop(keys.tenant("acme"))

    assert notify.deliver() == []
    assert notify.mailed == []


@pytest.mark.parametrize("move", [lock, lift])
def test_a_right_taken_away_a_moment_ago_counts(move: Callable[[], Answer]) -> None:
    if move is lift:
        lock()
    version = table.one(keys.door("acme"))
    with table.meanwhile(take_the_right):
        assert move().code == "right_missing"

    assert table.one(keys.door("acme")) == version


def test_of_two_locks_at_one_moment_one_is_stored_and_both_get_its_answer() -> None:
    with table.meanwhile(lambda: lock(caller=GIULIA)):
        answer = lock()

    assert answer.body["locked_by"]["user_id"] == "giulia"
    assert [one["what"] for one in entries()].count("access.locked") == 1


def test_a_grant_that_is_given_while_the_account_is_locked_is_refused() -> None:
    with table.meanwhile(lock):
        answer = call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=ANNA)

    assert answer.code == "locked_down"


# ------------------------------------------------------------------ bad input, and odd states


@each_row(
    "method, body",
    [
        ("PUT", {"reason": "no"}),
        ("PUT", {"reason": "An alarm", "keep_grants": True}),
        ("DELETE", {"keep_grants": "yes"}),
        ("DELETE", {"keep_grants": None}),
    ],
)
def test_bad_input_is_refused_and_nothing_is_stored(method: str, body: Any) -> None:
    before = table.items()
    assert call(method, "/v1/lockdown", body, caller=ANNA).code == "input_invalid"
    assert table.items() == before


def test_a_closed_account_is_neither_locked_nor_lifted() -> None:
    put_door(closed=True)

    assert lock().code == lift().code == "tenant_closed"


def test_a_door_of_a_newer_version_is_neither_locked_nor_lifted() -> None:
    """Its writer may have set a restriction that this version does not know: neither may be confirmed."""
    put_door(form={"N": "3"}, locked=True)
    before = table.items()

    for move in (lock, lift):
        with pytest.raises(Unreadable):
            move()
    assert table.items() == before


def test_lifting_has_a_limit_for_each_user_and_hour_and_locking_has_none() -> None:
    factories.counted_for_user(counters.LIFTED, MAX_LIFTS_AN_HOUR - 1)
    lock()
    assert lift().status == 200

    assert lock().status == 200
    answer = lift()
    assert (answer.status, answer.code) == (429, "too_many_requests")
    assert check() == "locked"
    assert lift(caller=GIULIA).status == 200
