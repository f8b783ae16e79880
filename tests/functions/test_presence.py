"""GET /v1/presence: the agents who are in a customer's account now, for every user of it, and what a poll costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pynamodb.exceptions import GetError

from guestkey.store.access import migration
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, table
from tests.calls import Answer, LambdaContext, call, handler
from tests.doors import close, lock, put_door
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, SVEN, Caller
from tests.store import wire

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ETAG = "if-none-match"


def look(caller: Caller = ANNA, etag: str | None = None) -> Answer:
    return call("GET", "/v1/presence", caller=caller, headers={ETAG: etag} if etag else None)


def names(caller: Caller = ANNA) -> list[str]:
    answer = look(caller)
    assert answer.status == 200, answer.text
    return [one["agent"]["name"] for one in answer.body["items"]]


def etag_of(answer: Answer) -> str:
    etag = answer.headers["etag"]
    assert isinstance(etag, str)
    return etag


@pytest.fixture
def inside(world: time_machine.Traveller) -> str:
    """Sven is in since noon, under a grant of an hour. Return the id of his login."""
    factories.grant(SVEN)
    return factories.login(ticket="T-1").login_id


# ------------------------------------------------------------------ who is in, and who sees what


def test_an_empty_account_is_empty(world: time_machine.Traveller) -> None:
    assert look().body == {"items": [], "locked": None, "next_change_at": None}


def test_a_user_with_the_right_sees_reason_ticket_and_grants(inside: str) -> None:
    also = factories.grant("support", period="permanent")

    [given] = [one["grant_id"] for one in call("GET", "/v1/grants", caller=ANNA).body["items"] if one["ends_at"]]
    assert look().body == {
        "items": [
            {
                "login_id": inside,
                "agent": {
                    "id": "sven",
                    "name": "Sven Brandt",
                    "kind": "person",
                    "accountable": None,
                    "departments": ["support"],
                },
                "department_names": ["Support"],
                "since": "2026-11-23T12:00:00Z",
                "access_ends_at": None,
                "reason": "The import stands still",
                "ticket": "T-1",
                "grant_ids": sorted([given, also.grant_id]),
            }
        ],
        "locked": None,
        "next_change_at": None,
    }


def test_a_user_without_the_right_sees_who_since_when_and_until_when(inside: str) -> None:
    [seen] = look(BEN).body["items"]

    assert (seen["agent"]["id"], seen["since"], seen["access_ends_at"]) == (
        "sven",
        "2026-11-23T12:00:00Z",
        "2026-11-23T13:00:00Z",
    )
    assert (seen["reason"], seen["ticket"], seen["grant_ids"]) == (None, None, None)


def test_a_token_that_acts_for_somebody_and_another_customer_see_nothing(inside: str) -> None:
    assert look(ANNA.acting()).code == "acting_for_another"
    assert call("GET", "/v1/pulse", caller=ANNA.acting()).code == "acting_for_another"
    assert names(CARLA) == []
    assert look(ANNA.but(tenant_id="initech")).code == "tenant_unknown"
    assert call("GET", "/v1/pulse", caller=ANNA.but(tenant_id="initech")).code == "tenant_unknown"


def test_the_last_to_come_is_first_and_two_logins_of_one_agent_are_two(world: time_machine.Traveller) -> None:
    for who in (SVEN, DORA):
        factories.grant(who)
    for who in (SVEN, DORA, SVEN):
        world.shift(SECOND)
        factories.login(who)

    assert names() == ["Sven Brandt", "Dora Vogel", "Sven Brandt"]


def test_the_present_record_of_the_agent_is_shown(inside: str) -> None:
    factories.agent("sven", "support", name="Sven Brandt-Weber")

    assert names() == ["Sven Brandt-Weber"]


# ------------------------------------------------------------------ every end


def test_leaving_and_every_end_of_access_is_seen_at_once(world: time_machine.Traveller) -> None:
    grant = factories.grant(SVEN)
    factories.logged_out(factories.login())
    assert names() == []
    factories.login()
    assert names() == ["Sven Brandt"]
    factories.revoked(grant)
    assert names() == []


def test_the_clock_ends_it_at_the_very_second(inside: str, world: time_machine.Traveller) -> None:
    first = look()
    assert first.body["next_change_at"] == "2026-11-23T13:00:00Z"

    world.move_to(MONDAY_NOON + HOUR - SECOND, tick=False)
    assert (names(), look(etag=etag_of(first)).status) == (["Sven Brandt"], 304)
    world.move_to(MONDAY_NOON + HOUR, tick=False)
    answer = look(etag=etag_of(first))
    assert (answer.status, answer.body) == (200, {"items": [], "locked": None, "next_change_at": None})


def test_the_end_of_one_of_several_grants_changes_the_answer(inside: str, world: time_machine.Traveller) -> None:
    factories.grant("support", period="permanent")
    first = look()
    assert (len(first.body["items"][0]["grant_ids"]), first.body["next_change_at"]) == (2, None)

    world.move_to(MONDAY_NOON + HOUR - SECOND, tick=False)
    assert look(etag=etag_of(first)).status == 304
    world.move_to(MONDAY_NOON + HOUR, tick=False)
    assert len(look(etag=etag_of(first)).body["items"][0]["grant_ids"]) == 1


def test_a_longer_grant_moves_the_next_change(inside: str, world: time_machine.Traveller) -> None:
    factories.grant("support", period="2h")

    assert look().body["next_change_at"] == "2026-11-23T14:00:00Z"


def test_who_leaves_the_vendor_or_the_department_is_out(inside: str, world: time_machine.Traveller) -> None:
    factories.grant("development")
    factories.login(DORA)
    factories.agent("sven", "support", is_active=False)
    factories.agent("dora", "support")

    assert names() == []


@pytest.mark.parametrize("bars", [lock, close])
def test_a_door_that_bars_empties_the_account(inside: str, world: time_machine.Traveller, bars: Any) -> None:
    before = look()
    world.shift(MINUTE)
    bars(factories.now())

    after = look(etag=etag_of(before))
    assert (after.status, after.body["items"]) == (200, [])


def test_an_end_that_is_stored_takes_the_item_away(inside: str, world: time_machine.Traveller) -> None:
    assert [item["SK"]["S"] for item in table.items("TENANT#acme", "IN#")] == [f"IN#{inside}"]
    call("POST", f"/v1/support/logins/{inside}/end", caller=SVEN)

    assert table.items("TENANT#acme", "IN#") == []


# ------------------------------------------------------------------ polling


def test_an_unchanged_answer_costs_three_requests_and_has_no_body(inside: str) -> None:
    first = look()
    with wire.watched() as sent:
        again = look(etag=etag_of(first))

    assert (again.status, again.text, again.headers["etag"]) == (304, "", etag_of(first))
    assert sorted(request.operation for request in sent) == ["BatchGetItem", "BatchGetItem", "Query"]


def test_without_an_open_login_it_costs_two(world: time_machine.Traveller) -> None:
    first = look()
    with wire.watched() as sent:
        assert look(etag=etag_of(first)).status == 304

    assert sorted(request.operation for request in sent) == ["BatchGetItem", "Query"]


def test_a_pulse_costs_one(inside: str) -> None:
    first = call("GET", "/v1/pulse", caller=BEN)
    with wire.watched() as sent:
        again = call("GET", "/v1/pulse", caller=BEN, headers={ETAG: etag_of(first)})

    assert (again.status, again.text, again.headers["etag"]) == (304, "", etag_of(first))
    assert [request.operation for request in sent] == ["GetItem"]


def test_every_change_gives_another_answer(inside: str, world: time_machine.Traveller) -> None:
    changes = [
        lambda: factories.grant(DORA),
        lambda: factories.login(DORA),
        lambda: factories.agent("sven", "support", name="Sven B."),
        lambda: factories.agent("sven", "support", "development", name="Sven B."),
        lambda: factories.right(ANNA, may_grant=False),
        put_door,
        lambda: call("POST", f"/v1/support/logins/{inside}/end", caller=SVEN),
    ]
    seen = [etag_of(look())]
    for change in changes:
        change()
        answer = look(etag=seen[-1])
        assert answer.status == 200
        seen.append(etag_of(answer))

    assert len(set(seen)) == len(seen)


def test_what_happens_at_another_customer_changes_nothing(inside: str) -> None:
    before = look()
    factories.grant(SVEN, by=CARLA)
    factories.login(SVEN, "globex")

    assert look(etag=etag_of(before)).status == 304


@pytest.mark.parametrize("form", ["{}", "W/{}", '"abc", {}', '"abc",W/{}'])
def test_the_etag_is_known_in_every_form_of_the_header(inside: str, form: str) -> None:
    assert look(etag=form.format(etag_of(look()))).status == 304


@pytest.mark.parametrize("made_up", ["*", "", "abc", '"abc"', '"abc-99999999999"', '"', "\u00e4", '"' * 3000])
def test_another_header_gives_the_whole_answer(inside: str, made_up: str) -> None:
    assert look(etag=made_up).status == 200


def test_an_etag_is_for_one_user_with_or_without_the_right(inside: str) -> None:
    assert look(BEN, etag_of(look(ANNA))).status == 200
    assert look(ANNA, etag_of(look(BEN))).status == 200


def test_a_failure_is_no_empty_account(inside: str) -> None:
    with table.failing(GetError(), at="BatchGetItem"), pytest.raises(GetError):
        look()


def test_a_login_between_the_reads_is_in_the_next_answer(inside: str) -> None:
    factories.grant(DORA)
    with table.meanwhile(lambda: factories.login(DORA), at="Query"):
        first = look()

    assert look(etag=etag_of(first)).status == 200
    assert names() == ["Dora Vogel", "Sven Brandt"]


# ------------------------------------------------------------------ requests that wait


def waiting(tenant_id: str = "acme") -> int:
    said = call("GET", "/v1/pulse", caller=BEN if tenant_id == "acme" else CARLA).body
    state = ledger.read_state(tenant_id)
    assert state
    assert said["seq"] == state.head.seq
    number = said["requests_waiting"]
    assert isinstance(number, int)
    return number


def test_a_request_counts_until_it_is_closed_in_every_way(world: time_machine.Traveller) -> None:
    asked = [factories.requested(SVEN), factories.requested(DORA), factories.requested(SVEN), factories.requested(DORA)]
    assert (waiting(), waiting("globex")) == (4, 0)

    factories.approved(asked[0])
    assert waiting() == 3
    factories.declined(asked[1])
    assert waiting() == 2
    factories.withdrawn(asked[2])
    assert waiting() == 1
    world.shift(timedelta(hours=24))
    assert waiting() == 1  # the clean-up has not run
    world.shift(MINUTE)
    handler("cleanup")({}, LambdaContext())
    assert waiting() == 0


def test_a_request_of_a_leaver_counts_until_the_clean_up(world: time_machine.Traveller) -> None:
    factories.requested(SVEN)
    factories.agent("sven", "support", is_active=False)
    assert waiting() == 1
    world.shift(2 * MINUTE)
    handler("cleanup")({}, LambdaContext())

    assert waiting() == 0


def by_the_version_before(act: Callable[[], object]) -> None:
    """Let a function of the version before write the head: it leaves the number and its mark as they are."""
    before = table.one(keys.ledger("acme")) or {}
    act()
    head = table.one(keys.ledger("acme")) or {}
    kept = {name: before[name] for name in ("requests_waiting", "waiting_seq") if name in before}
    rest = {name: value for name, value in head.items() if name not in {"requests_waiting", "waiting_seq"}}
    table.put([rest | kept])


@pytest.mark.parametrize("has_number", [True, False])
def test_what_the_version_before_changed_is_counted(world: time_machine.Traveller, has_number: bool) -> None:
    asked = [factories.requested(SVEN), factories.requested(DORA)]
    if not has_number:
        head = table.one(keys.ledger("acme")) or {}
        table.put([{name: value for name, value in head.items() if name not in {"requests_waiting", "waiting_seq"}}])
    by_the_version_before(lambda: factories.requested(SVEN))
    assert waiting() == 3
    factories.grant(SVEN)
    assert waiting() == 3
    by_the_version_before(lambda: factories.declined(asked[0]))
    assert waiting() == 2

    factories.declined(asked[1])
    assert waiting() == 1
    stored = table.one(keys.ledger("acme")) or {}
    assert (stored["requests_waiting"], stored["waiting_seq"]) == ({"N": "1"}, stored["seq"])
    with wire.watched() as sent:
        assert waiting() == 1
    assert "Query" not in {request.operation for request in sent}


def test_a_change_beside_requests_keeps_the_number(world: time_machine.Traveller) -> None:
    factories.requested(SVEN)
    factories.revoked(factories.grant(SVEN))

    assert waiting() == 1


def test_a_new_customer_has_none(world: time_machine.Traveller) -> None:
    factories.tenant("initech")
    head = table.one(keys.ledger("initech"))
    assert head
    assert head["requests_waiting"] == {"N": "0"}


# ------------------------------------------------------------------ logins from before


def from_before(*login_ids: str) -> None:
    """Make the table as the version before left it: no items of these logins, and no migration."""
    for login_id in login_ids:
        table.drop(keys.open_login("acme", login_id))
    table.drop(keys.migration())


def run_cleanup() -> None:
    handler("cleanup")({}, LambdaContext())


def progress() -> table.Raw:
    found = table.one(keys.migration())
    assert found
    return found


def test_a_login_from_before_is_shown_at_once_and_gets_its_item(world: time_machine.Traveller) -> None:
    factories.grant(SVEN, period="permanent")
    old = factories.login().login_id
    factories.logged_out(factories.login())
    from_before(old)
    assert names() == ["Sven Brandt"]

    run_cleanup()
    assert table.items("TENANT#acme", "IN#") == []  # functions of the version before may still run
    factories.login()
    assert names() == ["Sven Brandt"] * 2
    world.shift(migration.WAITS - SECOND)
    run_cleanup()
    assert "completed_at" not in progress()
    world.shift(SECOND)
    run_cleanup()
    assert len(table.items("TENANT#acme", "IN#")) == 2
    assert names() == ["Sven Brandt"] * 2
    assert "completed_at" in progress()
    with wire.watched() as sent:
        look()
    assert not [request for request in sent if "LOGIN#" in str(request.body.get("ExpressionAttributeValues"))]


def test_the_migration_goes_on_where_it_stood(world: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.grant(SVEN, period="permanent")
    old = [factories.login(at=MONDAY_NOON + number * SECOND).login_id for number in range(5)]
    from_before(*old)
    world.shift(MINUTE)
    migration.go_on(factories.now(), lambda: True)
    world.shift(migration.WAITS)
    monkeypatch.setattr(migration, "BATCH", 2)
    answers = iter([True, False])

    assert migration.go_on(factories.now(), lambda: next(answers)) == 2
    assert "completed_at" not in progress()
    assert migration.go_on(factories.now(), lambda: True) == 3
    assert "completed_at" in progress()
    assert [item["SK"]["S"] for item in table.items("TENANT#acme", "IN#")] == sorted(
        f"IN#{login_id}" for login_id in old
    )
    with table.unchanged():
        assert migration.go_on(factories.now(), lambda: True) == 0


def test_a_login_that_ends_during_the_migration_gets_no_item(world: time_machine.Traveller) -> None:
    factories.grant(SVEN, period="permanent")
    old = factories.login()
    from_before(old.login_id)
    migration.go_on(factories.now(), lambda: True)
    world.shift(migration.WAITS)
    with table.meanwhile(lambda: factories.logged_out(old)):
        assert migration.go_on(factories.now(), lambda: True) == 0

    assert table.items("TENANT#acme", "IN#") == []
    assert "completed_at" in progress()


def test_a_login_that_the_migration_missed_gets_its_item_when_it_is_due(world: time_machine.Traveller) -> None:
    """After a rollback and a second upgrade the migration is complete, and an older function may have recorded it."""
    factories.grant(SVEN, period="permanent")
    login_id = factories.login().login_id
    table.drop(keys.open_login("acme", login_id))
    assert names() == []

    world.shift(7 * MINUTE)
    run_cleanup()
    assert names() == ["Sven Brandt"]
    world.shift(7 * MINUTE)
    run_cleanup()
    assert names() == ["Sven Brandt"]


def test_a_damaged_login_does_not_stop_the_migration(world: time_machine.Traveller) -> None:
    factories.grant(SVEN, period="permanent")
    bad, good = factories.login().login_id, factories.login().login_id
    from_before(bad, good)
    damaged = table.one(keys.login("acme", bad)) or {}
    table.put([damaged | {"logged_in_at": {"S": "x"}}])
    migration.go_on(factories.now(), lambda: True)
    world.shift(migration.WAITS)

    assert migration.go_on(factories.now(), lambda: True) == 1
    assert [item["SK"]["S"] for item in table.items("TENANT#acme", "IN#")] == [f"IN#{good}"]
    assert "completed_at" in progress()


def test_the_item_of_a_login_is_swept_after_the_login(inside: str) -> None:
    item, login = table.one(keys.open_login("acme", inside)) or {}, table.one(keys.login("acme", inside)) or {}

    assert int(item["ttl"]["N"]) == int(login["ttl"]["N"]) + 30 * 24 * 3600


def test_no_vendor_can_read_it(inside: str) -> None:
    assert look(BACKEND).code in {"claims_missing", "claim_invalid"}
