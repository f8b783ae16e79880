"""Logins in the table: recorded in one transaction with the conditions that allow them, ended, listed and counted."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest
import time_machine
from botocore.awsrequest import AWSResponse

from guestkey.errors import AgentInactive, Busy, NotFound, TooManyRequests
from guestkey.rules.access import Action, Open, decide
from guestkey.rules.logins import MAX_LOGINS_AN_HOUR, End, Login, enter
from guestkey.store.access import grant_lists, live_keys, logins, refusals, settling
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.transaction import ConditionFailed
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from tests import factories, table
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, CARLA, DORA, EMIL, SVEN, Caller
from tests.store import wire
from tests.store.wire import Request, Send

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def load_context(agent: Caller = SVEN, tenant_id: str = "acme") -> logins.LoginContext:
    return logins.load_context(agent.id, tenant_id, None, factories.now())


def prepared_login(agent: Caller = SVEN, id: str = "01J") -> tuple[Login, logins.LoginContext]:
    """Return a login before it is stored, and its context."""
    context = load_context(agent)
    decision = decide(context.live, context.agent, Action.VIEW, factories.now())
    assert isinstance(decision, Open)
    login = enter(
        login_id=id,
        tenant_id="acme",
        agent=context.agent,
        grant=decision.grant,
        access=decision.access,
        may_export=decision.may_export,
        reason="The import stands still",
        reason_salt=factories.SALT,
        ticket="T-1",
        now=factories.now(),
    )
    return login, context


def log_in(login: Login, context: logins.LoginContext) -> None:
    logins.save(login, context, None)


def refuse(agent: Caller = SVEN, tenant_id: str = "acme") -> None:
    logins.record_refusal(load_context(agent, tenant_id), factories.now())


def overview(behind: str | None = None, tenant_id: str = "acme") -> list[Login]:
    return [login for _, login in logins.overview(tenant_id, factories.now(), behind, 2)]


def ledger_state() -> LedgerState:
    state = ledger.read_state("acme")
    assert state
    return state


def login_entries() -> list[tuple[str, object]]:
    """Return the types of acme's ledger entries about logins, each with the number of refusals it reports."""
    entries = [entry for entry in ledger.entries_after("acme", 0, 1000) if entry.what.value.startswith("login.")]
    return [(entry.what.value, entry.data.get("refusals_before")) for entry in entries]


def stored(*recorded: Login) -> list[Login]:
    """Return the logins as they are stored, with the numbers of their entries."""
    found = {login.login_id: login for login in logins.find_many("acme", [login.login_id for login in recorded])}
    return [found[login.login_id] for login in recorded]


def settled(*recorded: Login) -> list[Login]:
    return settling.settle("acme", stored(*recorded), factories.now())


# --- The context of a login ------------------------------------------------------------------------------------------


def test_the_context_of_svens_login_has_the_agent_the_live_keys_and_the_ledger_state():
    grant = factories.grant("support")

    found = load_context()

    assert found.agent.name == "Sven Brandt"
    assert [key.grant_id for key in found.live.keys] == [grant.grant_id]
    assert found.ledger == ledger.read_state("acme")
    assert found.refusals == []


def test_an_unregistered_tenant_has_no_ledger():
    assert load_context(tenant_id="nobody").ledger is None


@pytest.mark.parametrize("agent", [EMIL, SVEN.but(sub="nobody")])
def test_an_inactive_or_unknown_agent_is_refused(agent):
    with pytest.raises(AgentInactive):
        load_context(agent)


# --- Recording -------------------------------------------------------------------------------------------------------


def test_a_login_reads_as_it_was_recorded():
    factories.grant(SVEN)
    login, context = prepared_login()

    log_in(login, context)

    assert logins.find_one("acme", "01J") == login
    assert logins.find_one("globex", "01J") is None
    assert login_entries() == [("login.recorded", 0)]


def test_recording_a_login_takes_three_concurrent_reads_and_one_write():
    factories.grant(SVEN)

    with wire.in_rounds(3, 1):
        body = {"tenant_id": "acme", "reason": "The import stands still"}
        answer = call("POST", "/v1/support/logins", body, caller=SVEN, headers={"Idempotency-Key": "abc"})

    assert answer.status == 201


def test_a_grant_revoked_before_the_login_is_stored_fails_the_write():
    grant = factories.grant(SVEN)
    waiting = prepared_login()
    factories.revoked(grant)

    with pytest.raises(ConditionFailed):
        log_in(*waiting)
    assert logins.find_one("acme", "01J") is None


def test_a_grant_that_ends_before_the_login_is_stored_fails_the_write(world):
    """The live key may still be in the table: the transaction also checks the key's own end."""
    factories.grant(SVEN)
    login, context = prepared_login()
    world.shift(HOUR)

    with pytest.raises(ConditionFailed):
        log_in(replace(login, logged_in_at=factories.now()), context)


@pytest.mark.parametrize(
    ("to", "move"),
    [
        ("support", lambda: factories.agent("sven", "development")),
        ("support", lambda: factories.agent("sven", "support", is_active=False)),
        (SVEN, lambda: factories.agent("sven", "support", is_active=False)),
    ],
)
def test_an_agent_who_left_before_the_login_is_stored_fails_the_write(to, move):
    factories.grant(to)
    waiting = prepared_login()
    move()

    with pytest.raises(ConditionFailed):
        log_in(*waiting)


def test_a_login_is_not_stored_on_a_record_of_the_agent_that_has_changed():
    factories.grant(SVEN)
    waiting = prepared_login()
    factories.agent("sven", "development")

    with pytest.raises(ConditionFailed, match="agent"):
        log_in(*waiting)

    assert logins.find_one("acme", "01J") is None


def test_the_61st_login_in_an_hour_is_refused(world):
    factories.grant(SVEN, period="today")
    factories.login(SVEN)
    [counter] = table.items("AGENT#sven", "COUNT#login")
    table.put([counter | {"number": {"N": str(MAX_LOGINS_AN_HOUR - 1)}}])
    world.shift(2 * MINUTE)
    log_in(*prepared_login(id="60"))

    with pytest.raises(TooManyRequests) as refused:
        log_in(*prepared_login(id="61"))

    assert refused.value.members == {"retry_after": 58 * 60}
    assert logins.find_one("acme", "61") is None
    factories.grant("development")
    factories.login(DORA)
    world.shift(58 * MINUTE)
    log_in(*prepared_login(id="62"))


def test_an_unexpected_failed_condition_is_a_bug():
    factories.grant(SVEN)
    waiting = prepared_login()

    def script(request: Request, send: Send) -> AWSResponse:
        return wire.failing(400, "TransactionCanceledException", _only_of("AGENT#sven", "OWN#", request))

    with wire.through(script), pytest.raises(ConditionFailed) as unmet:
        log_in(*waiting)
    assert list(unmet.value.failed) == ["own"]


def _only_of(pk: str, sk: str, request: Request) -> list[str | None]:
    found = [operation.get("Key") or operation["Item"] for _, operation in request.items]
    return [
        "ConditionalCheckFailed" if key["PK"]["S"] == pk and key["SK"]["S"].startswith(sk) else None for key in found
    ]


# --- Refusing --------------------------------------------------------------------------------------------------------


def test_the_first_refusal_in_an_hour_is_a_ledger_entry_and_later_ones_are_counted():
    for _ in range(4):
        refuse()

    assert login_entries() == [("login.refused", 0)]
    [counter] = table.items("AGENT#sven", "COUNT#refused")
    assert (counter["number"], counter["reported"]) == ({"N": "4"}, {"N": "1"})


def test_the_next_entry_reports_the_counted_refusals(world):
    for _ in range(4):
        refuse()
    factories.grant(SVEN)
    factories.login(SVEN)
    factories.login(SVEN)
    refuse()
    world.shift(HOUR)
    refuse()
    world.shift(HOUR)
    refuse()

    assert login_entries() == [
        ("login.refused", 0),
        ("login.recorded", 3),
        ("login.recorded", 0),
        ("login.refused", 1),
        ("login.refused", 0),
    ]


def test_refusals_are_read_strongly_consistent():
    with wire.watched() as came:
        refusals.of_agent("sven", "acme")

    assert [(request.operation, request.body.get("ConsistentRead")) for request in came] == [("Query", True)]


def test_refusals_are_counted_per_agent_and_tenant():
    for agent, tenant_id in [(SVEN, "acme"), (DORA, "acme"), (SVEN, "globex"), (SVEN, "acme")]:
        refuse(agent, tenant_id)

    assert login_entries() == [("login.refused", 0), ("login.refused", 0)]
    assert len(table.items(sk_begins="COUNT#refused")) == 3


def test_a_first_refusal_that_yields_to_a_user_is_counted_and_reported_by_the_next_entry(world):
    ledger.claim_priority("acme")
    refuse()
    assert login_entries() == []
    world.shift(SECOND)

    refuse()

    assert login_entries() == [("login.refused", 1)]


def test_of_two_logins_at_one_moment_only_one_reports_the_refusals():
    for _ in range(4):
        refuse()
    factories.grant(SVEN)
    with table.meanwhile(lambda: factories.login(SVEN)):
        factories.login(SVEN)

    assert login_entries() == [("login.refused", 0), ("login.recorded", 3), ("login.recorded", 0)]


def test_a_login_that_loses_the_report_tells_of_the_refusals_that_came_since(world):
    for _ in range(3):
        refuse()
    factories.grant(SVEN)
    world.shift(SECOND)

    def log_in_and_refuse() -> None:
        factories.login(SVEN)
        logins.record_refusal(load_context(), factories.now())

    with table.meanwhile(log_in_and_refuse):
        factories.login(SVEN)

    assert login_entries() == [("login.refused", 0), ("login.recorded", 2), ("login.recorded", 1)]


def test_a_refusal_while_a_login_reports_stays_unreported():
    for _ in range(3):
        refuse()
    factories.grant(SVEN)
    waiting = prepared_login()
    refuse()
    log_in(*waiting)
    factories.login(SVEN)

    assert login_entries() == [("login.refused", 0), ("login.recorded", 2), ("login.recorded", 1)]


def test_a_refusal_reports_nothing_that_a_login_reports_meanwhile(world):
    ledger.claim_priority("acme")
    refuse()  # counted only: the ledger was claimed
    world.shift(2 * SECOND)
    factories.grant(SVEN)
    with table.meanwhile(lambda: factories.login(SVEN)):
        refuse()
    refuse()

    assert login_entries() == [("login.recorded", 1), ("login.refused", 1)]


def test_the_first_entry_of_an_hour_reports_only_what_no_login_has_reported(world):
    ledger.claim_priority("acme")
    refuse()
    world.shift(2 * SECOND)
    factories.grant(SVEN)
    factories.login(SVEN)
    refuse()

    assert login_entries() == [("login.recorded", 1), ("login.refused", 0)]


def test_a_counter_that_dynamodb_deleted_meanwhile_is_not_created_anew():
    for _ in range(3):
        refuse()
    factories.grant(SVEN)
    [counter] = table.items("AGENT#sven", "COUNT#refused")
    with table.meanwhile(lambda: table.drop((counter["PK"]["S"], counter["SK"]["S"]))):
        factories.login(SVEN)

    assert table.items("AGENT#sven", "COUNT#refused") == []
    assert login_entries() == [("login.refused", 0), ("login.recorded", 0)]


def test_at_most_ten_hours_of_refusals_are_reported_in_one_entry(world):
    """A transaction holds at most 100 writes, so the next entry reports the rest."""
    for _ in range(12):
        refuse()
        refuse()
        ledger.claim_priority("acme")  # no entry reports them yet
        world.shift(HOUR)
    counters = table.items("AGENT#sven", "COUNT#refused")
    table.put([{**counter, "reported": {"N": "1"}} for counter in counters])
    factories.grant(SVEN)

    factories.login(SVEN)
    factories.login(SVEN)

    assert [before for what, before in login_entries() if what == "login.recorded"] == [10, 2]


def test_a_refusal_at_an_unregistered_tenant_is_not_stored():
    refuse(tenant_id="nobody")

    assert table.items(sk_begins="COUNT#") == []
    assert table.items("TENANT#nobody") == []


@pytest.mark.parametrize("status", [400, 500])
def test_a_refusal_that_cannot_be_counted_raises_no_error(status):
    refuse()

    def script(request: Request, send: Send) -> AWSResponse:
        if request.operation != "TransactWriteItems":
            return send()
        code, reasons = ("TransactionCanceledException", ["TransactionConflict"]) if status == 400 else ("", None)
        return wire.failing(status, code or "InternalServerError", reasons)

    with wire.through(script):
        refuse()

    assert login_entries() == [("login.refused", 0)]


# --- Ending ----------------------------------------------------------------------------------------------------------


def test_sven_ends_his_login(world):
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    world.shift(MINUTE)

    ended = factories.logged_out(entered)

    assert (ended.ended_at, ended.end) == (MONDAY_NOON + MINUTE, End.LOGGED_OUT)
    found = logins.find_one("acme", entered.login_id)
    assert found is not None
    assert (found.ended_at, found.end) == (ended.ended_at, ended.end)
    assert factories.what_happened()[-1] == "login.ended"


def test_ending_a_login_twice_returns_the_same_login_and_writes_nothing(world):
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    first = factories.logged_out(entered)
    world.shift(MINUTE)

    assert factories.logged_out(entered).ended_at == first.ended_at
    assert factories.what_happened().count("login.ended") == 1


def test_a_login_ended_with_its_access_is_returned_unchanged_and_nothing_is_written(world):
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    world.shift(2 * HOUR)

    ended = factories.logged_out(entered)

    assert (ended.ended_at, ended.end) == (MONDAY_NOON + HOUR, End.ACCESS_OVER)
    assert "login.ended" not in factories.what_happened()


def test_an_agent_cannot_end_the_login_of_another_agent():
    factories.grant(SVEN)
    entered = factories.login(SVEN)

    with pytest.raises(NotFound):
        factories.log_out("dora", entered.login_id, factories.now())


def test_a_deleted_login_is_not_found():
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    logins.LoginItem(*keys.login("acme", entered.login_id)).delete()

    with pytest.raises(NotFound):
        factories.logged_out(entered)


def test_two_concurrent_ends_write_one_entry():
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    done = count()

    def script(request: Request, send: Send) -> AWSResponse:
        if request.operation == "TransactWriteItems" and next(done) == 0:
            factories.logged_out(entered)
        return send()

    with wire.through(script):
        factories.logged_out(entered)

    assert factories.what_happened().count("login.ended") == 1


def test_ending_a_login_whose_condition_fails_on_every_try_is_busy():
    factories.grant(SVEN)
    entered = factories.login(SVEN)

    def script(request: Request, send: Send) -> AWSResponse:
        is_write = request.operation == "TransactWriteItems"
        return (
            wire.failing(400, "TransactionCanceledException", [None, "ConditionalCheckFailed"]) if is_write else send()
        )

    with wire.through(script), pytest.raises(Busy):
        factories.logged_out(entered)


# --- Listing ---------------------------------------------------------------------------------------------------------


def test_logins_are_listed_newest_first_and_continue_after_any_of_them(world):
    factories.grant(SVEN)
    entered: list[Login] = []
    for _ in range(5):
        entered.insert(0, factories.login(SVEN))
        world.shift(SECOND)

    assert overview() == entered
    assert overview(entered[1].login_id) == entered[2:]
    assert overview(entered[-1].login_id) == []


# --- How logins read -------------------------------------------------------------------------------------------------


def access_ended_at(login: Login, *, at: datetime) -> datetime | None:
    """Return when access ended according to the login, read at that moment."""
    with time_machine.travel(at, tick=False):
        [read] = settled(login)
        assert (read.end is None) == (read.ended_at is None)
        assert read.ended_at is None or read.end is End.ACCESS_OVER
        return read.ended_at


def test_ended_logins_need_no_read():
    factories.grant(SVEN)
    ended = stored(factories.logged_out(factories.login(SVEN)))

    with wire.watched() as sent:
        assert settling.settle("acme", ended, factories.now()) == ended
    assert sent == []


def test_a_login_under_a_live_grant_is_open_and_has_an_access_end():
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    longer = factories.grant(SVEN, period="4h")

    [read] = settled(entered)

    assert (read.ended_at, read.access_ends_at) == (None, longer.ends_at)


def test_logins_that_the_live_keys_decide_need_no_read_of_the_history():
    factories.grant(SVEN)
    entered = stored(factories.login(SVEN))

    with wire.watched() as sent:
        settling.settle("acme", entered, factories.now())

    assert [request.operation for request in sent] == ["BatchGetItem", "Query"]


@pytest.mark.parametrize("later", [HOUR, HOUR + SECOND, 30 * DAY])
def test_access_ends_with_the_grant_however_much_later_the_login_is_read(later):
    factories.grant(SVEN)

    assert access_ended_at(factories.login(SVEN), at=MONDAY_NOON + later) == MONDAY_NOON + HOUR


def test_access_ends_with_the_revoke(world):
    grant = factories.grant(SVEN, period="permanent", at=MONDAY_NOON - 200 * DAY)
    entered = factories.login(SVEN)
    factories.revoked(grant, at=MONDAY_NOON + MINUTE)

    assert access_ended_at(entered, at=MONDAY_NOON + DAY) == MONDAY_NOON + MINUTE


def test_a_permanent_grant_keeps_the_login_open():
    factories.grant(SVEN, period="permanent", at=MONDAY_NOON - 200 * DAY)

    assert access_ended_at(factories.login(SVEN), at=MONDAY_NOON + 100 * DAY) is None


def test_consecutive_grants_prolong_access_to_the_end_of_the_last():
    """Each grant matters only after the end of the one before is known, so the history is read to its end."""
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    factories.grant(SVEN, period="2h", at=MONDAY_NOON + HOUR / 2)
    factories.grant(SVEN, period="4h", at=MONDAY_NOON + 2 * HOUR)
    factories.grant(SVEN, period="4h", at=MONDAY_NOON + 8 * HOUR)

    assert access_ended_at(entered, at=MONDAY_NOON + 5 * HOUR) is None
    assert access_ended_at(entered, at=MONDAY_NOON + 7 * HOUR) == MONDAY_NOON + 6 * HOUR
    assert access_ended_at(entered, at=MONDAY_NOON + 9 * HOUR) == MONDAY_NOON + 6 * HOUR


def test_a_permanent_grant_given_in_time_keeps_the_login_open(world):
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    factories.grant(SVEN, period="permanent", at=MONDAY_NOON + HOUR / 2)

    assert access_ended_at(entered, at=MONDAY_NOON + 50 * DAY) is None


def test_a_gap_between_grants_ends_access_though_a_later_grant_exists(world):
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    factories.grant(SVEN, at=MONDAY_NOON + HOUR + SECOND)

    assert access_ended_at(entered, at=MONDAY_NOON + HOUR + MINUTE) == MONDAY_NOON + HOUR


def test_access_under_a_department_grant_ends_when_the_agent_leaves_the_department():
    factories.grant("support", period="today")
    entered = factories.login(SVEN)
    with time_machine.travel(MONDAY_NOON + MINUTE, tick=False):
        factories.agent("sven", "development")

    assert access_ended_at(entered, at=MONDAY_NOON + HOUR) == MONDAY_NOON + MINUTE


def test_a_grant_to_a_department_that_sven_joined_too_late_does_not_hide_the_gap():
    factories.grant("development", period="today", at=MONDAY_NOON - HOUR)
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    with time_machine.travel(MONDAY_NOON + 2 * HOUR, tick=False):
        factories.agent("sven", "development")

    assert access_ended_at(entered, at=MONDAY_NOON + 3 * HOUR) == MONDAY_NOON + HOUR


def test_a_grant_whose_id_is_later_than_its_start_is_found(world):
    """A handler reads the time before it makes the id, so the id's time may be a little later than `granted_at`."""
    factories.grant(SVEN)
    entered = factories.login(SVEN)
    world.move_to(MONDAY_NOON + HOUR + 5 * SECOND)
    late = grant_lists.find_one("acme", factories.grant(SVEN).grant_id)
    [item] = table.items("TENANT#acme", f"GRANT#{late.grant_id}")
    table.put([item | {"granted_at": {"S": "2026-11-23T13:00:00Z"}}])
    live_keys.LiveKeyItem(*keys.live("acme", late.grant_id)).delete()

    assert access_ended_at(entered, at=MONDAY_NOON + HOUR + MINUTE) is None


def test_several_logins_are_read_together(world):
    factories.grant("support", period="today")
    factories.grant(DORA)
    first, second = factories.login(SVEN), factories.login(DORA)
    ended = factories.logged_out(factories.login(SVEN))
    world.shift(2 * HOUR)

    read = settled(first, ended, second)

    assert [login.login_id for login in read] == [first.login_id, ended.login_id, second.login_id]
    assert [login.end for login in read] == [None, End.LOGGED_OUT, End.ACCESS_OVER]


def test_each_tenant_reads_only_its_own_logins(world):
    factories.grant(SVEN, by=ANNA)
    factories.grant(SVEN, by=CARLA)
    annas, carlas = factories.login(SVEN, "acme"), factories.login(SVEN, "globex")

    assert [login.tenant_id for login in (annas, carlas)] == ["acme", "globex"]
    assert overview(tenant_id="globex") == [carlas]
