"""The clean-up records each expiry once, and no answer of the API depends on it."""

import json
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError
from pynamodb.exceptions import QueryError

from guestkey.rules.instants import instant, text_of
from guestkey.rules.ledger import Entry, to_line
from guestkey.rules.logins import Login
from guestkey.rules.verify import verify
from guestkey.store.access import migration
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.ledger import ledger
from local import sample
from tests import factories, table
from tests.calls import LambdaContext, call, handler
from tests.factories import MONDAY_NOON, what_happened
from tests.personas import ANNA, BACKEND, CARLA, DORA, SVEN, Caller
from tests.rows_and_columns import probes, rounds
from tests.store import wire

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Counts = dict[str, Any]


def deliver_ttl_deletions(*grant_ids: str, tenant_id: str = "acme") -> list[str]:
    """Send it stream records of live keys deleted by TTL, and return the ids of the failed records."""
    records = [
        {
            "eventName": "REMOVE",
            "dynamodb": {
                "Keys": {"PK": {"S": f"TENANT#{tenant_id}"}, "SK": {"S": f"LIVE#{grant_id}"}},
                "SequenceNumber": str(number),
            },
        }
        for number, grant_id in enumerate(grant_ids)
    ]
    answer = handler("cleanup")({"Records": records}, LambdaContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def do_nothing() -> None: ...


def system_entries(tenant_id: str = "acme") -> list[Entry]:
    """Return the entries of a ledger that the system wrote."""
    return [entry for entry in ledger.entries_after(tenant_id, 0, 1_000) if entry.by.type == "system"]


def grant_item(grant_id: str, tenant_id: str = "acme") -> table.Raw:
    found = table.one(keys.grant(tenant_id, grant_id))
    assert found
    return found


def login_item(login_id: str) -> table.Raw:
    found = table.one(keys.login("acme", login_id))
    assert found
    return found


def due_at(item: table.Raw) -> str | None:
    return item["due_at"]["S"] if "due" in item else None


def corrupt(key: keys.Key, **attributes: dict[str, Any]) -> None:
    """Change attributes of an item directly in the table."""
    found = table.one(key)
    assert found
    table.put([found | attributes])


# ------------------------------------------------------------------ grants


def test_the_end_of_a_grant_is_recorded(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant()
    world.move_to(MONDAY_NOON + 65 * MINUTE)

    assert clean_up() == {"grants_ended": 1}

    [entry] = system_entries()
    assert (entry.what, entry.about, entry.by.id) == ("grant.ended", grant.grant_id, None)
    assert (entry.at, entry.data) == (MONDAY_NOON + 65 * MINUTE, {"ends_at": "2026-11-23T13:00:00Z"})
    assert grant_item(grant.grant_id)["ended_told_at"] == {"S": "2026-11-23T13:05:00Z"}
    assert due_at(grant_item(grant.grant_id)) is None


def test_only_the_ledger_and_the_two_marks_change(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant()
    world.shift(2 * HOUR)
    marks = {"ended_told_at", "due", "due_at"}
    before = [item for item in table.items() if item["SK"]["S"] not in {"LEDGER", f"GRANT#{grant.grant_id}"}]
    as_given = {name: value for name, value in grant_item(grant.grant_id).items() if name not in marks}
    clean_up()

    after = [item for item in table.items() if item["SK"]["S"] not in {"LEDGER", f"GRANT#{grant.grant_id}"}]
    assert [item for item in after if not item["SK"]["S"].startswith("ENTRY#") or item in before] == before
    assert {name: value for name, value in grant_item(grant.grant_id).items() if name not in marks} == as_given


@pytest.mark.parametrize("after", [-HOUR, -SECOND, timedelta(0), 59 * SECOND])
def test_no_end_is_recorded_before_it_is_final(world: time_machine.Traveller, clean_up, after: timedelta) -> None:
    """A call that began before the end may still be answered up to a minute later."""
    factories.grant()
    world.move_to(MONDAY_NOON + HOUR + after)
    with table.unchanged():
        assert clean_up() == {}


def test_an_end_is_recorded_one_minute_after_it(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    world.move_to(MONDAY_NOON + HOUR + MINUTE)

    assert clean_up() == {"grants_ended": 1}


def test_twenty_runs_record_an_end_once(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    factories.grant("support", by=CARLA)
    world.shift(2 * HOUR)
    clean_up()
    with table.unchanged():
        for _ in range(19):
            assert clean_up() == {}
            world.shift(5 * MINUTE)

    assert [len(system_entries(tenant_id)) for tenant_id in ("acme", "globex")] == [1, 1]


def test_an_entry_three_days_late_has_the_time_of_writing_and_the_end(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    world.shift(3 * DAY)
    clean_up()

    [entry] = system_entries()
    assert (entry.at, entry.data["ends_at"]) == (MONDAY_NOON + 3 * DAY, "2026-11-23T13:00:00Z")


def test_the_end_of_a_revoked_grant_is_its_revoke(world: time_machine.Traveller, clean_up) -> None:
    factories.revoked(factories.grant())
    world.shift(2 * HOUR)
    with table.unchanged():
        assert clean_up() == {}


def test_a_revoke_during_the_run_wins(world: time_machine.Traveller, clean_up) -> None:
    """A revoke cannot be so late; if it were, the grant would still have only one end."""
    grant = factories.grant()
    world.shift(2 * HOUR)
    with table.meanwhile(lambda: factories.revoked(grant, at=MONDAY_NOON + MINUTE)):
        assert clean_up() == {"nothing": 1}

    assert what_happened() == ["grant.given", "grant.revoked"]


def test_two_runs_at_once_record_an_end_once(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant()
    world.shift(2 * HOUR)
    with table.meanwhile(clean_up):
        assert clean_up() == {"nothing": 1}

    assert what_happened() == ["grant.given", "grant.ended"]
    assert due_at(grant_item(grant.grant_id)) is None


def test_a_ledger_write_during_the_run_causes_a_retry(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    world.shift(2 * HOUR)
    with table.meanwhile(lambda: factories.right(ANNA, may_grant=False)):
        assert clean_up() == {"grants_ended": 1}

    assert what_happened() == ["grant.given", "right.changed", "grant.ended"]


# ------------------------------------------------------------------ permanent grants


def test_the_review_of_a_permanent_grant_is_marked_once_without_an_entry(
    world: time_machine.Traveller, clean_up
) -> None:
    grant = factories.grant(period="permanent")
    world.shift(179 * DAY)
    assert clean_up() == {}
    world.shift(2 * DAY)

    assert clean_up() == {"reviews_due": 1}
    assert clean_up() == {}
    assert grant_item(grant.grant_id)["review_told_at"] == {"S": "2027-05-23T12:00:00Z"}
    assert due_at(grant_item(grant.grant_id)) is None
    assert what_happened() == ["grant.given"]


def test_a_grant_revoked_meanwhile_is_not_marked_for_review(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant(period="permanent")
    world.shift(200 * DAY)
    with table.meanwhile(lambda: factories.revoked(grant), at="UpdateItem"):
        assert clean_up() == {"nothing": 1}

    assert "review_told_at" not in grant_item(grant.grant_id)


def test_a_lost_answer_of_dynamodb_still_marks_it_once(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant(period="permanent")
    world.shift(200 * DAY)

    def script(request: wire.Request, send: wire.Send) -> AWSResponse:
        answer = send()
        if request.operation == "UpdateItem" and request.nth == 1:
            raise ConnectionClosedError(endpoint_url=wire.URL)
        return answer

    with wire.through(script):
        clean_up()
    assert grant_item(grant.grant_id)["review_told_at"] == {"S": "2027-06-11T12:00:00Z"}
    with table.unchanged():
        assert clean_up() == {}


def test_a_review_whose_mark_is_refused_is_put_off(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant(period="permanent")
    world.shift(200 * DAY)

    def script(request: wire.Request, send: wire.Send) -> AWSResponse:
        is_first = request.operation == "UpdateItem" and request.nth == 1
        return wire.failing(400, "AccessDeniedException") if is_first else send()

    with wire.through(script):
        assert clean_up() == {"failed": 1}
    assert due_at(grant_item(grant.grant_id)) == "2027-06-11T13:00:00Z"


def test_a_permanent_grant_can_be_revoked_after_its_review(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant(period="permanent")
    world.shift(200 * DAY)
    clean_up()

    assert factories.revoked(grant).revoked_at == MONDAY_NOON + 200 * DAY


# ------------------------------------------------------------------ requests


def test_the_expiry_of_a_request_is_recorded_once(world: time_machine.Traveller, clean_up) -> None:
    request = factories.requested()
    world.shift(DAY)
    assert clean_up() == {}
    world.shift(MINUTE)

    assert clean_up() == {"requests_expired": 1}
    assert clean_up() == {}
    [entry] = system_entries()
    assert (entry.what, entry.about, entry.at) == ("request.expired", request.request_id, MONDAY_NOON + DAY + MINUTE)


def test_an_approval_during_the_run_wins(world: time_machine.Traveller, clean_up) -> None:
    request = factories.requested()
    world.shift(2 * DAY)

    def approve() -> None:
        world.move_to(MONDAY_NOON + HOUR)
        path = f"/v1/requests/{request.request_id}/approve"
        assert call("POST", path, {}, caller=ANNA).status == 201
        world.move_to(MONDAY_NOON + 2 * DAY)

    with table.meanwhile(approve):
        clean_up()

    assert what_happened() == ["request.made", "request.approved", "grant.given"]
    assert clean_up() == {"grants_ended": 1}


def test_a_closed_but_still_due_request_is_not_changed(world: time_machine.Traveller, clean_up) -> None:
    request = factories.requested()
    corrupt(keys.request("acme", request.request_id), closed_as={"S": "declined"})
    world.shift(2 * DAY)

    assert clean_up() == {"nothing": 1}
    assert what_happened() == ["request.made"]


# ------------------------------------------------------------------ logins


def test_the_end_of_access_ends_a_login(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    login = factories.login()
    world.shift(2 * HOUR)

    assert clean_up() == {"grants_ended": 1, "logins_ended": 1}
    [entry] = [entry for entry in system_entries() if entry.what == "login.ended"]
    assert (entry.about, entry.at) == (login.login_id, MONDAY_NOON + 2 * HOUR)
    assert entry.data == {"end": "access_over", "ended_at": "2026-11-23T13:00:00Z"}
    item = login_item(login.login_id)
    assert (item["end"], item["ended_at"]) == ({"S": "access_over"}, {"S": "2026-11-23T13:00:00Z"})
    assert due_at(item) is None


def test_a_revoke_ends_a_login_and_is_found_within_a_quarter_of_its_age(
    world: time_machine.Traveller, clean_up
) -> None:
    grant = factories.grant(period="permanent")
    login = factories.login()
    world.shift(HOUR)
    assert clean_up() == {"logins_open": 1}
    factories.revoked(grant, at=MONDAY_NOON + HOUR + MINUTE)
    world.shift(HOUR / 4)
    assert clean_up() == {}
    world.shift(MINUTE)

    assert clean_up() == {"logins_ended": 1}
    assert login_item(login.login_id)["ended_at"] == {"S": "2026-11-23T13:01:00Z"}


def test_a_revoke_of_this_minute_waits_until_it_is_final(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant(period="permanent")
    factories.login()
    world.shift(HOUR)
    factories.revoked(grant)

    assert clean_up() == {"logins_open": 1}
    world.shift(HOUR)
    assert clean_up() == {"logins_ended": 1}


def test_an_agent_who_leaves_ends_the_login(world: time_machine.Traveller, clean_up) -> None:
    factories.grant("support", period="today")
    login = factories.login()
    world.shift(MINUTE)
    factories.agent("sven", "development")
    world.shift(HOUR)

    assert clean_up() == {"logins_ended": 1}
    assert login_item(login.login_id)["ended_at"] == {"S": "2026-11-23T12:01:00Z"}


def test_an_open_login_is_checked_at_growing_intervals(world: time_machine.Traveller, clean_up) -> None:
    factories.grant(period="permanent")
    login = factories.login()
    ages = []
    while factories.now() < MONDAY_NOON + 10 * DAY:
        world.move_to(instant(due_at(login_item(login.login_id)) or "") + MINUTE)
        assert clean_up() == {"logins_open": 1}
        ages.append(factories.now() - MONDAY_NOON)
    pauses = [later - earlier for earlier, later in pairwise(ages)]

    assert ages[0] == 6 * MINUTE
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (6 * MINUTE, DAY + MINUTE)
    assert len(ages) < 40
    assert what_happened() == ["grant.given", "login.recorded"]


def test_a_login_that_another_grant_prolongs_is_checked_when_that_one_ends(
    world: time_machine.Traveller, clean_up
) -> None:
    factories.grant()
    login = factories.login()
    world.shift(HOUR / 2)
    factories.grant(period="2h")
    world.move_to(MONDAY_NOON + 2 * HOUR + 20 * MINUTE)
    assert clean_up() == {"grants_ended": 1, "logins_open": 1}
    assert due_at(login_item(login.login_id)) == "2026-11-23T14:30:00Z"
    world.move_to(MONDAY_NOON + 2 * HOUR + 31 * MINUTE)

    assert clean_up() == {"grants_ended": 1, "logins_ended": 1}
    assert login_item(login.login_id)["ended_at"] == {"S": "2026-11-23T14:30:00Z"}


def test_a_grant_given_in_the_last_second_prolongs_a_login_checked_before_it_was_stored(
    world: time_machine.Traveller, clean_up
) -> None:
    factories.grant()
    login = factories.login()
    world.move_to(MONDAY_NOON + HOUR + 30 * SECOND)
    clean_up()
    factories.grant(at=MONDAY_NOON + HOUR)

    order = {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "login_id": login.login_id}
    assert call("POST", "/v1/vendor/checks", order, caller=BACKEND).body["allowed"] is True
    world.shift(MINUTE)
    assert clean_up() == {"grants_ended": 1, "logins_open": 1}
    assert call("POST", "/v1/vendor/checks", order, caller=BACKEND).body["allowed"] is True


def test_a_login_that_sven_ended_is_over_already(world: time_machine.Traveller, clean_up) -> None:
    factories.grant(period="permanent")
    factories.logged_out(factories.login())
    world.shift(2 * HOUR)
    with table.unchanged():
        assert clean_up() == {}


def test_svens_own_end_during_the_run_wins(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    login = factories.login()
    world.shift(2 * HOUR)
    # processed first: its login is checked five minutes after it began
    with table.meanwhile(lambda: factories.logged_out(login, at=MONDAY_NOON + MINUTE)):
        assert clean_up() == {"nothing": 1, "grants_ended": 1}

    assert what_happened().count("login.ended") == 1
    assert login_item(login.login_id)["end"] == {"S": "logged_out"}


# ------------------------------------------------------------------ items that cannot be handled


def corrupted_kind() -> keys.Key:
    key = keys.grant("acme", factories.grant().grant_id)
    corrupt(key, kind={"S": "no such kind"})
    return key


def corrupted_time() -> keys.Key:
    key = keys.grant("acme", factories.grant().grant_id)
    corrupt(key, ends_at={"S": "some time"})
    return key


def wrong_kind() -> keys.Key:
    """A due item of a kind that never becomes due."""
    key = keys.right("acme", "ben")
    corrupt(key, due={"S": index_keys.due_on("acme")}, due_at={"S": "2026-11-23T12:30:00Z"})
    return key


def tenant_gone() -> keys.Key:
    key = keys.grant("globex", factories.grant(by=CARLA).grant_id)
    table.drop(keys.ledger("globex"))
    return key


def agent_gone() -> keys.Key:
    factories.agent("tina", "support")
    factories.grant("support", by=CARLA, period="permanent")
    key = keys.login("globex", factories.login(SVEN.but(sub="tina"), "globex").login_id)
    table.drop(keys.agent("tina"))
    return key


@pytest.mark.parametrize("make_bad_item", [corrupted_kind, corrupted_time, wrong_kind, tenant_gone, agent_gone])
def test_an_item_that_cannot_be_handled_is_logged_and_put_off_and_the_others_are_processed(
    world: time_machine.Traveller, clean_up, capsys: pytest.CaptureFixture[str], make_bad_item: Callable[[], keys.Key]
) -> None:
    key = make_bad_item()
    world.shift(SECOND)
    good = factories.grant(DORA)
    world.shift(2 * HOUR)
    handler("cleanup")({}, LambdaContext())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [logged] = [line for line in lines if line.get("code") == "not_handled"]

    assert logged.keys() == {"code", "item", "error", "line"}
    assert logged["item"] == f"{key.pk} {key.sk}"
    assert (lines[-1]["failed"], lines[-1]["grants_ended"]) == (1, 1)
    assert [entry.about for entry in system_entries() if entry.what == "grant.ended"] == [good.grant_id]
    item = table.one(key)
    assert item and due_at(item) == text_of(factories.now() + HOUR)
    assert clean_up() == {}
    world.shift(HOUR + MINUTE)
    assert clean_up() == {"failed": 1}


def test_an_item_with_too_early_a_due_time_is_put_off_too(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant(period="1w")
    corrupt(keys.grant("acme", grant.grant_id), due_at={"S": "2026-11-23T12:30:00Z"})
    world.shift(HOUR)

    assert clean_up() == {"nothing": 1}
    assert due_at(grant_item(grant.grant_id)) == "2026-11-23T14:00:00Z"


def test_an_item_deleted_after_the_index_was_read_is_skipped(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant()
    world.shift(2 * HOUR)
    # The first GetItem is of the migration.
    with table.meanwhile(do_nothing, lambda: table.drop(keys.grant("acme", grant.grant_id)), at="GetItem"):
        assert clean_up() == {"nothing": 1}

    assert table.one(keys.grant("acme", grant.grant_id)) is None


def test_an_item_processed_after_the_index_was_read_is_skipped(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    world.shift(2 * HOUR)
    with table.meanwhile(do_nothing, clean_up, at="GetItem"):
        assert clean_up() == {"nothing": 1}

    assert what_happened() == ["grant.given", "grant.ended"]


def test_a_tenant_with_a_contended_ledger_is_skipped_and_the_others_are_processed(
    world: time_machine.Traveller, clean_up
) -> None:
    factories.grant()
    factories.login()
    theirs = factories.grant(by=CARLA)
    world.shift(2 * HOUR)

    def script(request: wire.Request, send: wire.Send) -> AWSResponse:
        if request.operation == "TransactWriteItems" and "TENANT#acme" in str(request.body):
            return wire.cancelled(request, "TransactionConflict", "TENANT#acme")
        return send()

    with wire.through(script) as requests_sent:
        assert clean_up() == {"waiting": 2, "grants_ended": 1}
    tries = [request for request in requests_sent if request.is_write and "TENANT#acme" in str(request.body)]
    assert len(tries) == ledger.MAX_WRITE_TRIES, "only one item of that tenant was tried"
    assert [entry.about for entry in system_entries("globex")] == [theirs.grant_id]
    assert clean_up() == {"grants_ended": 1, "logins_ended": 1}


def test_it_yields_to_a_claim_of_priority(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    world.shift(2 * HOUR)
    with wire.watched() as requests_sent:
        ledger.claim_priority("acme")
        assert clean_up() == {"waiting": 1}

    assert not [request for request in requests_sent if request.is_write]


def test_an_item_that_dynamodb_will_not_read_just_now_is_not_put_off(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant()
    world.shift(2 * HOUR)

    def script(request: wire.Request, send: wire.Send) -> AWSResponse:
        return wire.failing(400, "ThrottlingException") if request.operation == "GetItem" else send()

    with wire.through(script):
        assert clean_up() == {"waiting": 1}
    assert due_at(grant_item(grant.grant_id)) == "2026-11-23T13:00:00Z"


def test_an_item_whose_outcome_is_unknown_is_not_put_off(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant(period="permanent")
    world.shift(181 * DAY)

    def script(request: wire.Request, send: wire.Send) -> AWSResponse:
        return wire.failing(500, "InternalServerError") if request.operation == "UpdateItem" else send()

    with wire.through(script) as came:
        assert clean_up() == {"waiting": 1}
    assert len([request for request in came if request.operation == "UpdateItem"]) == wire.ATTEMPTS, "only the mark"
    assert due_at(grant_item(grant.grant_id)) == "2027-05-22T11:00:00Z"
    assert clean_up() == {"reviews_due": 1}


# ------------------------------------------------------------------ bounds


def test_the_longest_due_item_of_all_index_partitions_comes_first(world: time_machine.Traveller, clean_up) -> None:
    tenant_ids = ["initech", "hooli", "umbrella", "wonka", "tyrell"]
    assert len({index_keys.due_on(tenant_id) for tenant_id in tenant_ids}) == index_keys.DUE_SHARDS
    for tenant_id in tenant_ids:
        factories.tenant(tenant_id)
        factories.grant(by=ANNA.but(tenant_id=tenant_id))
        world.shift(SECOND)
    world.shift(2 * HOUR)
    with wire.watched() as requests_sent:
        clean_up()

    entries = [str(request.body) for request in requests_sent if request.operation == "TransactWriteItems"]
    assert [tenant_id for entry in entries for tenant_id in tenant_ids if f"TENANT#{tenant_id}'" in entry] == tenant_ids


def test_a_run_processes_a_maximum_and_the_next_continues(world: time_machine.Traveller, clean_up) -> None:
    for _ in range(5):
        factories.grant()
    world.shift(2 * HOUR)
    app = import_module("functions.cleanup.app")
    for left in (3, 1):
        app.clean_up(LambdaContext(), limit=2)
        assert what_happened().count("grant.ended") == 5 - left

    assert clean_up() == {"grants_ended": 1}


def test_skipped_tenants_do_not_use_up_the_maximum(world: time_machine.Traveller) -> None:
    for _ in range(5):
        factories.grant()
    theirs = factories.grant(by=CARLA)
    world.shift(2 * HOUR)
    ledger.claim_priority("acme")
    with wire.watched():
        import_module("functions.cleanup.app").clean_up(LambdaContext(), limit=2)

    assert [entry.about for entry in system_entries("globex")] == [theirs.grant_id]


def test_migrated_logins_are_no_part_of_the_limit(
    world: time_machine.Traveller, capsys: pytest.CaptureFixture[str]
) -> None:
    factories.grant(period="permanent")
    for login in [factories.login() for _ in range(3)]:
        table.drop(keys.open_login("acme", login.login_id))
    table.drop(keys.migration())
    migration.go_on(factories.now(), lambda: True)
    world.shift(migration.WAITS)
    import_module("functions.cleanup.app").clean_up(LambdaContext(), limit=2)

    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["logins_migrated"], said["logins_open"], said["stopped"]) == (3, 2, 1)


def test_no_item_is_started_shortly_before_the_timeout(world: time_machine.Traveller, clean_up) -> None:
    factories.grant()
    world.shift(2 * HOUR)
    with table.unchanged():
        assert clean_up(LambdaContext(milliseconds=29_999)) == {"stopped": 1}

    assert clean_up(LambdaContext(milliseconds=30_000)) == {"grants_ended": 1}


# ------------------------------------------------------------------ counters


def test_each_run_is_counted_under_the_name_of_the_stack(capsys: pytest.CaptureFixture[str]) -> None:
    handler("cleanup")({}, LambdaContext())

    [line] = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    [directive] = said["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Guestkey",
        "Dimensions": [["stack"]],
        "Metrics": [{"Name": "CleanupRuns", "Unit": "Count"}],
    }
    assert (said["stack"], said["CleanupRuns"]) == ("guestkey", [1.0])


def test_a_run_that_cannot_read_the_index_fails_and_is_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with wire.through(lambda request, send: wire.failing(400, "AccessDeniedException")), pytest.raises(QueryError):
        handler("cleanup")({}, LambdaContext())

    assert "CleanupRuns" not in capsys.readouterr().out


# ------------------------------------------------------------------ live keys deleted by TTL


def test_a_live_key_deleted_by_ttl_records_the_same_end(world: time_machine.Traveller, clean_up) -> None:
    grant = factories.grant()
    world.shift(2 * HOUR)
    table.drop(keys.live("acme", grant.grant_id))

    assert deliver_ttl_deletions(grant.grant_id) == []
    assert [(entry.what, entry.about) for entry in system_entries()] == [("grant.ended", grant.grant_id)]
    with table.unchanged():
        assert deliver_ttl_deletions(grant.grant_id) == []
        assert clean_up() == {}


def test_no_run_is_counted_for_the_streams_records(
    world: time_machine.Traveller, capsys: pytest.CaptureFixture[str]
) -> None:
    """The alarm watches the schedule, because only the schedule finds every due item."""
    grant = factories.grant()
    world.shift(2 * HOUR)
    capsys.readouterr()
    deliver_ttl_deletions(grant.grant_id)

    assert json.loads(capsys.readouterr().out) == {"swept": 1, "failed": 0, "grants_ended": 1}


@pytest.mark.parametrize("later", [30 * MINUTE, HOUR + 30 * SECOND])
def test_a_stream_record_before_the_end_is_final_is_left_to_the_schedule(
    world: time_machine.Traveller, clean_up, later: timedelta
) -> None:
    grant = factories.grant()
    world.shift(later)
    with table.unchanged():
        assert deliver_ttl_deletions(grant.grant_id) == []

    world.shift(HOUR)
    assert clean_up() == {"grants_ended": 1}


def test_a_stream_record_of_a_revoked_or_missing_grant_writes_nothing(world: time_machine.Traveller) -> None:
    revoked = factories.revoked(factories.grant())
    world.shift(2 * HOUR)
    with table.unchanged():
        assert deliver_ttl_deletions(revoked.grant_id, "01M844DZG0NOSUCHGRANT00001") == []


def test_a_failed_stream_record_is_reported_and_the_others_are_processed(
    world: time_machine.Traveller, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = factories.grant(), factories.grant(DORA)
    corrupt(keys.grant("acme", bad.grant_id), period={"S": "for ever and a day"})
    world.shift(2 * HOUR)
    capsys.readouterr()

    assert deliver_ttl_deletions(bad.grant_id, good.grant_id) == ["0"]
    failure, outcome = map(json.loads, capsys.readouterr().out.splitlines())
    assert failure["item"] == f"TENANT#acme LIVE#{bad.grant_id}"
    assert outcome == {"swept": 2, "failed": 1, "grants_ended": 1}
    assert [entry.about for entry in system_entries()] == [good.grant_id]


# ------------------------------------------------------------------ answers do not depend on it


def situations(world: time_machine.Traveller) -> list[Login]:
    """Create grants, logins and revokes of an afternoon at two tenants; return every login."""
    entered: list[Login] = []

    def enter(agent: Caller, tenant_id: str = "acme") -> None:
        entered.append(factories.login(agent, tenant_id))

    factories.grant(SVEN, period="permanent", by=CARLA, at=MONDAY_NOON - 200 * DAY)
    factories.grant("development", may_export=True)
    factories.grant(SVEN)
    enter(SVEN)
    enter(SVEN, "globex")
    enter(DORA)
    world.shift(30 * MINUTE)
    factories.grant("support", period="2h", may_export=True)
    enter(SVEN)
    factories.logged_out(factories.login(SVEN))
    lasting = factories.grant(DORA, period="permanent")
    enter(DORA)
    factories.requested(SVEN)
    factories.requested(DORA, "globex")
    world.shift(20 * MINUTE)
    factories.revoked(lasting)
    world.shift(HOUR)
    factories.grant("development")
    enter(DORA)
    factories.agent("tina", "support")
    tina = SVEN.but(sub="tina")
    enter(tina)
    factories.agent("tina", "support", is_active=False)
    factories.grant(DORA, period="1w", by=CARLA)
    enter(DORA, "globex")
    return entered


def answers(entered: list[Login]) -> list[Any]:
    """Return the answers of every read route for the product, a user and an agent."""
    asked = [
        {"tenant_id": tenant_id, "agent_id": agent_id}
        for tenant_id in ("acme", "globex")
        for agent_id in ("sven", "dora", "tina")
    ]
    asked += [
        {"tenant_id": login.tenant_id, "agent_id": login.agent_id, "login_id": login.login_id} for login in entered
    ]
    orders = [order | {"action": action} for order in asked for action in ("enter", "export")]
    said: list[Any] = [call("POST", "/v1/vendor/checks", order, caller=BACKEND).body for order in orders]
    lists = ("grants", "grants?state=live", "logins", "requests", "requests?state=pending", "grants.csv", "logins.csv")
    for user in (ANNA, CARLA):
        said += [call("GET", f"/v1/{name}", caller=user).body for name in lists]
    for agent in (SVEN, DORA):
        said += [call("GET", f"/v1/support/{name}", caller=agent).body for name in ("access", "requests")]
    return said


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "later",
    probes(pytest.param(3 * DAY, marks=pytest.mark.slow), rest=[MINUTE, 11 * MINUTE, HOUR, 3 * HOUR]),
)
def test_all_answers_are_the_same_after_no_run_one_run_or_many(
    world: time_machine.Traveller, clean_up, later: timedelta
) -> None:
    entered = situations(world)
    world.shift(later)
    before = answers(entered)
    clean_up()
    assert answers(entered) == before
    for _ in range(rounds(19, gate=3)):
        clean_up()
    assert answers(entered) == before


@pytest.mark.no_cover
@pytest.mark.slow
def test_answers_of_later_days_do_not_depend_on_when_it_ran(world: time_machine.Traveller, clean_up) -> None:
    """Compare the answers at the same later moments, with a run and without one."""
    entered = situations(world)
    start, before = factories.now(), table.items()
    moments = [start + later for later in probes(5 * MINUTE, 2 * DAY, rest=[2 * HOUR, 3 * DAY, 4 * DAY])]

    def lived(is_cleaned: bool) -> list[Any]:
        seen = []
        for moment in moments:
            world.move_to(moment)
            if is_cleaned:
                clean_up()
            seen.append(answers(entered))
        return seen

    without = lived(is_cleaned=False)
    assert table.items() == before
    assert lived(is_cleaned=True) == without
    assert table.items() != before


@pytest.mark.slow
def test_each_end_is_in_the_ledger_once_and_the_ledger_verifies(world: time_machine.Traveller, clean_up) -> None:
    situations(world)
    for _ in range(12):
        clean_up()
        world.shift(16 * HOUR)

    for tenant_id in ("acme", "globex"):
        entries = list(ledger.entries_after(tenant_id, 0, 1_000))
        ends = [(entry.what, entry.about) for entry in entries if entry.what.endswith((".ended", ".expired"))]
        assert ends and len(ends) == len(set(ends))
        given = {entry.about for entry in entries if entry.what == "grant.given" and entry.data["ends_at"]}
        assert {about for what, about in ends if what == "grant.ended"} == given
        state = ledger.read_state(tenant_id)
        assert state and verify([f"{to_line(entry)}\n".encode() for entry in entries], state.head).is_clean


# ------------------------------------------------------------------ the desk's calendar


def test_while_dynamodb_is_unavailable_the_calendar_waits_for_the_next_run(clean_up: Callable[..., Counts]) -> None:
    assert call("PUT", "/v1/vendor/desk", sample.DESK | {"subdivision": None}, caller=BACKEND).status == 200

    for operation in ("GetItem", "BatchGetItem", "UpdateItem", "PutItem"):
        with table.failing(ConnectionClosedError(endpoint_url="https://dynamodb"), at=operation):
            assert clean_up() == {}
    assert clean_up() == {"years_written": 2}


def test_it_writes_the_holidays_of_the_desks_location(clean_up: Callable[..., Counts]) -> None:
    moved = sample.DESK | {"country": "AT", "subdivision": None}
    assert call("PUT", "/v1/vendor/desk", moved, caller=BACKEND).status == 200
    assert desks.current(factories.now()).calendar.years == set()

    assert clean_up() == {"years_written": 2}
    assert desks.current(factories.now()).calendar.years == {2026, 2027}
    with table.unchanged():
        assert clean_up() == {}


def test_without_a_desk_it_writes_no_holidays(clean_up: Callable[..., Counts]) -> None:
    table.drop(keys.desk())

    with table.unchanged():
        assert clean_up() == {}


def test_a_calendar_that_cannot_be_written_does_not_stop_the_run(clean_up: Callable[..., Counts]) -> None:
    grant = factories.grant(at=MONDAY_NOON - 2 * HOUR)
    desk = table.one(keys.desk())
    assert desk
    table.put([desk | {"record": {"S": "{}"}}])

    assert clean_up() == {"grants_ended": 1, "failed": 2}, "neither holidays nor stranded call-backs"
    assert "due" not in grant_item(grant.grant_id)
