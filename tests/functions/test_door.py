"""The door of a tenant bars all of its grants and logins at once, for every reader."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine

from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ends, ledger
from guestkey.store.ledger import voidings as voiding_ends
from tests import factories, table
from tests.calls import call
from tests.doors import close, lock, next_number, put_door, unlock, voidings
from tests.factories import MONDAY_NOON
from tests.functions.test_order import check, enter, entered, give, shown
from tests.personas import ANNA, BACKEND, CARLA, SVEN

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LATER = MONDAY_NOON + MINUTE
REQUEST = {"tenant_id": "acme", "reason": "It stands still"}


def grant_shown(grant_id: str, at: datetime = LATER) -> tuple[str, str | None]:
    with time_machine.travel(at, tick=False):
        one = call("GET", f"/v1/grants/{grant_id}", caller=ANNA).body
        listed = call("GET", "/v1/grants", caller=ANNA).body["items"]
    [in_list] = [item for item in listed if item["grant_id"] == grant_id]
    assert (in_list["state"], in_list["end"]) == (one["state"], one["end"])
    return one["state"], one["end"]


def live_list() -> list[str]:
    items = call("GET", "/v1/grants", caller=ANNA, query={"state": "live"}).body["items"]
    return [item["grant_id"] for item in items]


def access() -> list[str]:
    return [one["tenant_id"] for one in call("GET", "/v1/support/access", caller=SVEN).body["items"]]


def try_to_give() -> Any:
    return call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=ANNA)


def try_to_approve(request_id: str) -> Any:
    return call("POST", f"/v1/requests/{request_id}/approve", {}, caller=ANNA)


@pytest.fixture(autouse=True)
def _a_minute_later(world: time_machine.Traveller) -> None:
    world.move_to(LATER, tick=False)


@pytest.fixture
def grant() -> str:
    return give(period="1w")


# ------------------------------------------------------------------ what bars, at every reader


def test_behind_a_locked_door_nobody_enters_and_nothing_is_given(grant: str) -> None:
    login, asked = entered(), factories.requested()
    lock(LATER)

    assert (check(), check(login)) == ("locked", "locked")
    assert (enter().code, enter().body["rule"]) == ("policy_forbids", "locked")
    assert access() == []
    assert try_to_give().code == try_to_approve(asked.request_id).code == "locked_down"
    assert (shown(login, LATER)["end"], shown(login, LATER)["end_cause"]) == ("access_over", "locked")
    assert shown(login, LATER)["ended_at"] == "2026-11-23T12:01:00Z"
    assert grant_shown(grant) == ("live", None), "a lift may keep it"


def test_a_locked_door_leaves_requests_declines_and_revokes_as_they_are(grant: str) -> None:
    lock(LATER)

    assert call("POST", "/v1/support/requests", REQUEST, caller=SVEN).status == 201
    asked = factories.requested()
    assert call("POST", f"/v1/requests/{asked.request_id}/decline", {}, caller=ANNA).status == 200
    assert call("DELETE", f"/v1/grants/{grant}", caller=ANNA).status == 200


def test_a_lifted_lock_that_keeps_grants_lets_new_logins_in_and_no_old_one(grant: str) -> None:
    login = entered()
    lock(LATER)
    unlock(LATER, keep_grants=True)

    assert (check(), check(login)) == ("granted", "no_login")
    new = entered(LATER)
    assert check(new) == "granted"
    assert shown(new, LATER)["ended_at"] is None
    assert shown(login, LATER)["end_cause"] == "locked"


def test_what_a_voiding_ended_is_over_with_its_moment_and_word(grant: str) -> None:
    permanent, login = give({"type": "department", "id": "support"}, "permanent"), entered()
    lock(LATER)
    unlock(LATER)

    assert (check(), check(login)) == ("no_live_grant", "no_live_grant")
    assert enter(LATER).code == "no_live_grant"
    assert access() == live_list() == []
    assert grant_shown(grant) == grant_shown(permanent) == ("ended", "locked")
    assert shown(login, LATER)["end_cause"] == "locked"
    assert call("DELETE", f"/v1/grants/{grant}", caller=ANNA).code == "grant_ended"

    again = try_to_give().body["grant_id"]
    assert check() == "granted"
    assert check(login) == "no_login"
    assert live_list() == [again]
    assert grant_shown(again) == ("live", None)


def test_a_revoke_after_a_lock_leaves_the_end_of_the_login_as_it_was(grant: str) -> None:
    login = entered()
    lock(LATER)
    with time_machine.travel(LATER + MINUTE, tick=False):
        assert call("DELETE", f"/v1/grants/{grant}", caller=ANNA).status == 200

    told = shown(login, LATER + HOUR)
    assert (told["ended_at"], told["end_cause"]) == ("2026-11-23T12:01:00Z", "locked")


def test_a_revoke_before_a_lock_ended_the_login(grant: str) -> None:
    login = entered()
    assert call("DELETE", f"/v1/grants/{grant}", caller=ANNA).status == 200
    lock(LATER + MINUTE)

    told = shown(login, LATER + HOUR)
    assert (told["ended_at"], told["end_cause"]) == ("2026-11-23T12:01:00Z", "revoked")


def test_a_door_that_is_locked_and_closed_says_locked_to_checks_and_closed_to_logins(grant: str) -> None:
    put_door(locked=True, closed=True)

    assert check() == "locked"
    assert enter().code == try_to_give().code == "tenant_closed"


def test_a_closed_door_ends_everything(grant: str) -> None:
    login, asked = entered(), factories.requested()
    close(LATER)

    assert (check(), check(login)) == ("no_live_grant", "no_live_grant")
    assert enter().code == try_to_give().code == try_to_approve(asked.request_id).code == "tenant_closed"
    assert enter().status == 410
    assert access() == live_list() == []
    assert grant_shown(grant) == ("ended", "closed")
    assert shown(login, LATER)["end_cause"] == "closed"


def test_a_voiding_of_grants_alone_ends_the_logins_under_them(grant: str) -> None:
    login, seq = entered(), next_number()
    put_door(void_before=seq, voidings=voidings((seq, LATER, "locked")))
    give()

    assert check() == "granted"
    assert check(login) == "no_login", "the new grant bridges nothing"
    assert shown(login, LATER)["end_cause"] == "locked"


def test_grants_from_before_numbers_are_void_as_well(grant: str) -> None:
    items = table.items(keys.of_tenant("acme"))
    login = entered()
    table.put([{name: value for name, value in item.items() if name != "granted_seq"} for item in items])
    put_door(void_before=1, voidings=voidings((1, LATER, "locked")))

    assert (check(), check(login)) == ("no_live_grant", "no_live_grant")
    assert grant_shown(grant) == ("ended", "locked")


def test_what_ended_before_a_voiding_keeps_its_end() -> None:
    by_time, revoked = give(), give()
    call("DELETE", f"/v1/grants/{revoked}", caller=ANNA)
    later, seq = MONDAY_NOON + 2 * HOUR, next_number()
    put_door(void_before=seq, voidings=voidings((seq, later, "locked")))

    assert grant_shown(by_time, later) == ("ended", "time")
    assert grant_shown(revoked, later) == ("revoked", "revoked")


def test_a_grant_voided_in_the_second_of_its_end_and_its_login_were_ended_by_time() -> None:
    given, login = give(), entered()
    end, seq = MONDAY_NOON + HOUR, next_number()
    put_door(void_before=seq, voidings=voidings((seq, end, "locked")))

    assert grant_shown(given, end) == ("ended", "time")
    assert shown(login, end)["end_cause"] == "time"


def test_of_several_voidings_the_first_behind_a_record_ended_it(grant: str) -> None:
    first = next_number()
    second = give(period="1w")
    last = next_number()
    told = voidings((first, LATER, "closed"), (last, LATER + MINUTE, "locked"))
    put_door(void_before=last, voidings=told)

    assert grant_shown(grant, LATER + HOUR) == ("ended", "closed")
    assert grant_shown(second, LATER + HOUR) == ("ended", "locked")


def test_the_clean_up_writes_down_the_end_of_a_voided_grant(grant: str, clean_up: Callable[[], object]) -> None:
    unlock(LATER)
    with time_machine.travel(MONDAY_NOON + timedelta(days=8), tick=False):
        clean_up()

        [ended] = [one for one in ledger.entries_after("acme", 0, 100) if one.what == "grant.ended"]
        assert ended.data["end"] == "locked"
    table.drop(keys.door("acme"))
    assert grant_shown(grant, MONDAY_NOON + timedelta(days=8)) == ("ended", "locked"), "it is stored"


@pytest.fixture
def clean_up_after(world: time_machine.Traveller, clean_up: Callable[[], object]) -> Callable[[datetime], None]:
    """Runs the clean-up two minutes after a moment."""

    def run(moment: datetime) -> None:
        world.move_to(moment + 2 * MINUTE, tick=False)
        clean_up()

    return run


def written() -> list[tuple[str, str, str | None]]:
    """Return the ends in the ledger: what ended, which one, and at what moment or through what."""
    entries = ledger.entries_after("acme", 0, 200)
    ends = [one for one in entries if one.what in ("grant.ended", "login.ended")]
    return [(one.what, one.about, str(one.data.get("end"))) for one in ends]


def test_two_minutes_after_a_voiding_all_ends_are_written_down_once(
    grant: str, clean_up: Callable[[], object], clean_up_after: Callable[[datetime], None]
) -> None:
    many = [give({"type": "department", "id": "support"}, "permanent") for _ in range(ends.GRANTS_AT_ONCE)]
    login = entered()
    lock(LATER)
    unlock(LATER)
    clean_up_after(LATER)

    told = written()
    assert sorted(told) == sorted(
        [("login.ended", login, "access_over"), *(("grant.ended", one, "locked") for one in [grant, *many])]
    )
    clean_up()
    assert written() == told
    assert "due" not in table.items(*keys.door("acme"))[0]
    assert not table.items(keys.of_tenant("acme"), keys.OPEN_LOGIN)
    table.drop(keys.door("acme"))
    assert grant_shown(many[0], LATER + HOUR) == ("ended", "locked"), "it is stored"
    assert shown(login, LATER + HOUR)["end_cause"] == "locked"


def test_a_lock_that_keeps_grants_ends_the_logins_alone(grant: str, clean_up_after: Callable[[datetime], None]) -> None:
    login = entered()
    lock(LATER)
    clean_up_after(LATER)

    assert written() == [("login.ended", login, "access_over")]
    assert grant_shown(grant) == ("live", None)


def test_what_time_ended_before_a_voiding_is_left_to_its_own_end(
    grant: str, world: time_machine.Traveller, clean_up_after: Callable[[datetime], None]
) -> None:
    short = give()
    world.move_to(MONDAY_NOON + HOUR, tick=False)
    unlock(MONDAY_NOON + HOUR)
    clean_up_after(MONDAY_NOON + HOUR)

    assert sorted(written()) == sorted([("grant.ended", grant, "locked"), ("grant.ended", short, "None")])


def test_where_time_ended_all_before_a_voiding_nothing_more_is_written(
    world: time_machine.Traveller, clean_up_after: Callable[[datetime], None]
) -> None:
    short = give()
    world.move_to(MONDAY_NOON + HOUR, tick=False)
    unlock(MONDAY_NOON + HOUR)
    clean_up_after(MONDAY_NOON + HOUR)

    assert written() == [("grant.ended", short, "None")]
    assert "due" not in table.items(*keys.door("acme"))[0]


def test_while_the_ledger_is_contended_the_ends_wait(
    grant: str, clean_up: Callable[[], object], world: time_machine.Traveller
) -> None:
    unlock(LATER)
    world.move_to(LATER + 2 * MINUTE, tick=False)
    ledger.claim_priority("acme")
    clean_up()
    assert written() == []
    world.move_to(LATER + 3 * MINUTE, tick=False)
    clean_up()

    assert written() == [("grant.ended", grant, "locked")]


def test_one_run_ends_a_limited_number_of_logins_and_the_next_completes(
    grant: str,
    clean_up: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
    clean_up_after: Callable[[datetime], None],
) -> None:
    monkeypatch.setattr(voiding_ends, "MAX_LOGINS", 1)
    monkeypatch.setattr(voiding_ends, "LOGINS_AT_ONCE", 1)
    logins = sorted([entered(), entered(LATER)])
    lock(LATER)
    clean_up_after(LATER)
    assert len(written()) == 1
    assert "due" in table.items(*keys.door("acme"))[0]
    for _ in range(2):
        clean_up()

    assert sorted(about for _, about, _ in written()) == logins
    assert "due" not in table.items(*keys.door("acme"))[0]


@pytest.mark.parametrize("busy", ["of_grants", "of_logins"])
def test_ends_that_could_not_be_written_are_left_to_the_next_run(
    grant: str, clean_up: Callable[[], object], world: time_machine.Traveller, busy: str
) -> None:
    login = entered()
    unlock(LATER)
    world.move_to(LATER + 2 * MINUTE, tick=False)
    with patch(f"guestkey.store.ledger.ends.{busy}", return_value=False):
        clean_up()
    assert "due" in table.items(*keys.door("acme"))[0]
    clean_up()

    assert sorted(written()) == [("grant.ended", grant, "locked"), ("login.ended", login, "access_over")]
    assert "due" not in table.items(*keys.door("acme"))[0]


def test_a_door_that_is_written_meanwhile_stays_due(
    grant: str, clean_up: Callable[[], object], world: time_machine.Traveller
) -> None:
    unlock(LATER)
    world.move_to(LATER + 2 * MINUTE, tick=False)
    with table.meanwhile(lambda: put_door(version=3, void_before=99, voidings=voidings((99, LATER, "locked")))):
        clean_up()

    assert "due" in table.items(*keys.door("acme"))[0]


def test_a_door_of_a_newer_form_stays_due(clean_up_after: Callable[[datetime], None]) -> None:
    put_door(form={"N": "3"}, void_before=9, voidings=voidings((9, LATER, "locked")))
    clean_up_after(LATER)

    assert table.items(*keys.door("acme"))[0]["due_at"] == {"S": "2026-11-23T13:03:00Z"}


def test_logins_from_before_open_login_items_are_ended_too(
    grant: str, clean_up_after: Callable[[datetime], None]
) -> None:
    login = entered()
    table.drop(keys.open_login("acme", login))
    table.drop(keys.migration())
    unlock(LATER)
    clean_up_after(LATER)

    assert ("login.ended", login, "access_over") in written()


# ------------------------------------------------------------------ what is not understood


@pytest.mark.parametrize(
    "door",
    [
        {"form": {"N": "3"}},
        {"form": {"S": "1"}},
        {"kind": "policy"},
        {"kind": None},
        {"version": 0},
        {"void_before": {"S": "soon"}},
        {"voidings": {"S": '[{"seq":1}]'}},
    ],
    ids=str,
)
def test_a_door_that_is_not_understood_bars_everything(grant: str, door: dict[str, Any]) -> None:
    login, asked = entered(), factories.requested()
    put_door(**door)

    assert (check(), check(login)) == ("locked", "locked")
    assert enter().code == "policy_forbids"
    assert access() == []
    assert try_to_give().code == try_to_approve(asked.request_id).code == "locked_down"
    assert live_list() == [] or grant_shown(grant) == ("live", None)


@pytest.mark.parametrize("sort_key", ["LIVE#!ELSE", "LIVE#01J00000000000000000000000", "LIVE#~"])
@pytest.mark.parametrize(
    "kind", [{}, {"kind": {"S": "barrier"}}, {"kind": {"S": "grant"}}], ids=["none", "new", "other"]
)
def test_an_item_beside_the_live_keys_that_is_not_understood_refuses(
    grant: str, sort_key: str, kind: dict[str, Any]
) -> None:
    login = entered()
    table.put([{"PK": {"S": keys.of_tenant("acme")}, "SK": {"S": sort_key}, **kind}])

    assert (check(), check(login)) == ("locked", "locked")
    assert enter().code == "policy_forbids"
    assert live_list() == []


def test_the_door_of_one_tenant_bars_no_other(grant: str) -> None:
    call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=CARLA)
    lock(LATER)

    asked = {"tenant_id": "globex", "agent_id": "sven", "action": "enter"}
    assert call("POST", "/v1/vendor/checks", asked, caller=BACKEND).body["allowed"]
    assert access() == ["globex"]


# ------------------------------------------------------------------ a door that moves meanwhile


def test_a_login_that_read_the_door_before_a_lock_is_refused(grant: str) -> None:
    with table.meanwhile(lambda: lock(LATER)):
        assert enter(LATER).code == "policy_forbids"
    assert not [one for one in ledger.entries_after("acme", 0, 100) if one.what == "login.recorded"]


def test_a_grant_or_an_approval_that_read_the_door_before_a_lock_is_refused() -> None:
    asked = factories.requested()
    with table.meanwhile(lambda: lock(LATER)):
        assert try_to_give().code == "locked_down"
    put_door(version=2)
    with table.meanwhile(lambda: put_door(version=3, locked=True)):
        assert try_to_approve(asked.request_id).code == "locked_down"
    assert not [one for one in ledger.entries_after("acme", 0, 100) if one.what == "grant.given"]


def test_a_door_of_a_lower_version_than_the_head_knows_opens_nothing(grant: str) -> None:
    """The door was read before its writer's transaction, and the head after it."""
    put_door()
    [head] = table.items(*keys.ledger("acme"))
    table.put([head | {"door": {"N": "2"}}])

    assert enter(LATER).status == 503
    assert try_to_give().status == 503
