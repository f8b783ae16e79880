"""Every key of the table: the chart lists the keys that the functions make, and ids sort by their time."""

import inspect
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ulid import ULID

from guestkey.rules.instants import text_of
from guestkey.rules.people import GranteeType
from guestkey.rules.periods import Period
from guestkey.store.dynamodb import index_keys, keys, reads
from guestkey.store.dynamodb.keys import Key
from guestkey.store.ledger import notices
from tests import factories, table
from tests.factories import LONG_AGO, MONDAY_NOON
from tests.identity_providers import EXTERNAL
from tests.personas import ANNA, CARLA, SVEN

MADE = {
    "tenant": keys.tenant("acme"),
    "right by name": keys.right("acme", "ben"),
    "live key of a grant": keys.live("acme", "01J"),
    "door": keys.door("acme"),
    "grant (history)": keys.grant("acme", "01J"),
    "permanent grant, findable": keys.permanent_grant("acme", "01J"),
    "request": keys.request("acme", "01J"),
    "login": keys.login("acme", "01J"),
    "open login": keys.open_login("acme", "01J"),
    "ledger head": keys.ledger("acme"),
    "ledger entry": keys.entry("acme", 7),
    "notice sent": keys.notice("acme", "01J", "granted"),
    "approvers at a change": keys.approvers("acme", 7),
    "choice of notices": keys.notice_choice("acme"),
    "digest of a day": keys.digest("acme", date(2026, 12, 25)),
    "open callback": keys.open_callback("acme"),
    "callback": keys.callback("acme", "01J"),
    "tenant of a callback": keys.callback_tenant("01J"),
    "slot": keys.slot(datetime(2026, 12, 25, 12, 0, tzinfo=UTC)),
    "waiting callback": keys.waiting("01J"),
    "desk": keys.desk(),
    "closed day of the desk": keys.closed(date(2026, 12, 25)),
    "extra hours of a day": keys.opening(date(2026, 12, 25)),
    "year with its holidays": keys.closed_year(2026),
    "agent": keys.agent("sven"),
    "department": keys.department("support"),
    "when a person left": keys.left("sven", 7),
    "ledger says that they left": keys.left_told("acme", "sven", 7),
    "tenant of an own login": keys.own_login("sven", "01J"),
    "tenant of an own request": keys.own_request("sven", "01J"),
    "tenant of a taken callback": keys.own_callback("sven", "01J"),
    "pending requests": keys.pending("sven", "acme"),
    "counter": keys.counter("refused", "sven", "acme", MONDAY_NOON),
    "counter of a later person": keys.counter("refused", "sven", "acme", MONDAY_NOON, 7),
    "counter of an agent": keys.counter_of_agent("refused", "sven", MONDAY_NOON),
    "counter of a tenant": keys.counter_of_tenant("refused", "acme", MONDAY_NOON),
    "counter of a user": keys.counter_of_user("refused", "acme", "ben", MONDAY_NOON),
    "lock of an account": keys.lock("acme", 7),
    "policy": keys.policy("acme"),
    "migration": keys.migration(),
    "idempotency record": keys.idempotency("tenant", "acme#anna", "POST /v1/grants", "abc"),
}
FILLED = {
    "<tenant_id>": "acme",
    "<user_id>": "ben",
    "<grant_id>": "01J",
    "<login_id>": "01J",
    "<request_id>": "01J",
    "<callback_id>": "01J",
    "<start>": "12:00",
    "<seq, 12 digits>": "000000000007",
    "<incarnation, 6 digits>": "000007",
    "<incarnation>": "000007",
    "<nth>": "7",
    "<agent_id>": "sven",
    "<about>": "01J",
    "<notice>": "granted",
    "<date>": "2026-12-25",
    "<year>": "2026",
    "<what>": "refused",
    "<hour>": "2026112312",
    "<audience>": "tenant",
    "<caller>": "acme#anna",
    "<route>": "POST /v1/grants",
    "<sha256 of key>": sha256(b"abc").hexdigest(),
}
"""Values of the chart's variables in MADE; `<id>` is that of the agent or the department."""

MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)


def chart() -> dict[str, Key]:
    """Return the rows of the chart, with the variables replaced as in MADE and combined rows split."""
    rows: dict[str, Key] = {}
    first, _ = (inspect.getdoc(keys) or "").split("Ids are ULIDs")
    for line in first.splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if len(cells) == 4 and cells[0] != "item":
            rows |= dict(_apart(*cells[:3]))
    return rows


def _apart(item: str, pk: str, sk: str) -> list[tuple[str, Key]]:
    if item == "ledger head, entry":
        head, entry = sk.split(", ", 1)
        return [("ledger head", _filled(pk, head)), ("ledger entry", _filled(pk, entry))]
    if item == "agent, department":
        agent, department = pk.split(", ")
        return [("agent", _filled(agent, sk, "sven")), ("department", _filled(department, sk, "support"))]
    return [(item, _filled(pk, sk, "sven"))]


def _filled(pk: str, sk: str, id: str = "") -> Key:
    for variable, value in (FILLED | {"<id>": id}).items():
        pk, sk = pk.replace(variable, value), sk.replace(variable, value)
    return Key(pk, sk)


# --- The chart -------------------------------------------------------------------------------------------------------


def test_the_chart_lists_the_keys_that_the_functions_make():
    assert chart() == MADE


def test_the_chart_lists_every_function_that_makes_a_key():
    makers_of_keys = {
        name
        for name, function in inspect.getmembers(keys, inspect.isfunction)
        if inspect.signature(function).return_annotation is Key
    }

    assert makers_of_keys == {
        "agent", "approvers", "callback", "callback_tenant", "closed", "closed_year", "counter",
        "counter_of_agent", "counter_of_tenant", "counter_of_user", "department", "desk", "digest", "door",
        "entry", "grant", "grantee", "idempotency", "ledger", "left", "left_told", "live", "lock", "login", "migration",
        "notice", "notice_choice", "open_callback", "open_login", "opening", "own_callback", "own_login",
        "own_request", "pending", "permanent_grant", "policy", "request", "right", "slot", "tenant", "waiting",
    }  # fmt: skip
    assert keys.grantee(GranteeType.AGENT, "sven") == keys.agent("sven")
    assert keys.grantee(GranteeType.DEPARTMENT, "support") == keys.department("support")


def test_every_item_of_the_table_has_a_key_of_the_chart():
    grant = factories.grant(SVEN, period="permanent")
    login = factories.login(SVEN)
    notices.of_login("acme", grant.grant_id, login.login_id, "support_in", factories.now())
    factories.requested(SVEN)
    factories.callback(ANNA, MONDAY_NOON + timedelta(hours=3))
    factories.callback(CARLA)

    varying = "sven|support|acme|ben|01J|0{11}7|granted|refused|2026112312|12:00|2026-12-25|2026"
    shapes = [(re.sub(varying, ".+", key.pk), re.sub(varying, ".+", key.sk)) for key in MADE.values()]
    for item in table.items():
        assert any(re.fullmatch(pk, item["PK"]["S"]) and re.fullmatch(sk, item["SK"]["S"]) for pk, sk in shapes), item


def test_all_keys_are_distinct():
    assert len(set(MADE.values())) == len(MADE)


def test_a_counter_is_found_by_the_prefix_of_its_sort_key():
    assert keys.counter("refused", "sven", "acme", MONDAY_NOON).sk.startswith(keys.counters_of("refused", "acme"))
    assert not keys.counter("refused", "sven", "acme-2", MONDAY_NOON).sk.startswith(keys.counters_of("refused", "acme"))


def test_a_counter_covers_one_utc_hour():
    hour = [keys.counter("login", "sven", "acme", MONDAY_NOON + timedelta(minutes=minutes)) for minutes in (0, 59, 60)]

    assert hour[0] == hour[1] != hour[2]


@given(MOMENTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_a_quarter_hour_is_read_from_its_key(at):
    minute = at.replace(second=0)

    assert keys.slot_start(keys.slot(minute)) == minute


def test_stored_responses_are_separated_by_audience_caller_route_and_key():
    found_keys = {
        keys.idempotency("tenant", "anna", "POST /v1/grants", "abc"),
        keys.idempotency("support", "anna", "POST /v1/grants", "abc"),
        keys.idempotency("tenant", "ben", "POST /v1/grants", "abc"),
        keys.idempotency("tenant", "anna", "POST /v1/other", "abc"),
        keys.idempotency("tenant", "anna", "POST /v1/grants", "abd"),
    }

    assert len(found_keys) == 5


# --- Ids from outside ------------------------------------------------------------------------------------------------


@given(EXTERNAL)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_an_id_is_read_from_its_key_unchanged(id):
    assert keys.tenant_id_in(keys.tenant(id).pk) == id
    assert keys.id_in(keys.right("acme", id).sk) == id
    assert index_keys.by_grantee_in(index_keys.by_grantee_sort(id, "01J")) == (id, "01J")


@given(EXTERNAL, EXTERNAL)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_two_ids_never_have_the_same_key(one, other):
    makers: list[Callable[[str], Key]] = [
        keys.tenant, keys.agent, keys.department, partial(keys.right, "acme"), partial(keys.pending, "sven"),
        partial(keys.counter, "login", "sven", at=MONDAY_NOON),
        lambda id: keys.idempotency("support", id, "POST /v1/support/logins", "a-key"),
        lambda id: keys.Key(
            index_keys.by_grantee(GranteeType.AGENT, id, 0), index_keys.directory_sort(GranteeType.AGENT, id)
        ),
    ]  # fmt: skip

    for make in makers:
        assert (make(one) == make(other)) is (one == other)
    assert (keys.counter("login", "sven", one, MONDAY_NOON).sk.startswith(keys.counters_of("login", other))) is (
        one == other
    )


@given(EXTERNAL, EXTERNAL)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_the_index_by_grantee_sorts_by_tenant_and_a_range_begins_after_all_grants_of_one(one, other):
    first, last = (
        index_keys.by_grantee_sort(one, reads.first_id_at(LONG_AGO)),
        index_keys.by_grantee_sort(other, "7" + "Z" * 25),
    )

    assert (first < last) is (one <= other)
    assert (last > one + keys.AFTER_SEPARATOR) is (other > one)


@given(EXTERNAL)
@example("z" + "~" * 127)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_every_id_sorts_between_nothing_and_the_last(id):
    assert "" < id < keys.LAST


# --- Order -----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10**12 - 1), st.integers(1, 10**12 - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_entries_sort_by_their_numbers(one, other):
    assert (keys.entry("acme", one).sk < keys.entry("acme", other).sk) == (one < other)


def test_the_ledger_head_sorts_outside_the_entries_and_no_other_item_sorts_between_them():
    entries = sorted([keys.entry("acme", 1).sk, keys.entry("acme", 10**12 - 1).sk])

    assert not any(entries[0] < key.sk < entries[1] for key in MADE.values() if key != MADE["ledger entry"])


@given(MOMENTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_the_first_id_of_a_moment_is_the_time_part_of_its_ulids(at):
    assert reads.first_id_at(at) == str(ULID.from_datetime(at))[:10]


@given(MOMENTS, st.integers(0, 999))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_the_first_id_of_a_moment_sorts_between_earlier_ids_and_those_of_that_moment(at, milliseconds):
    made_then = str(ULID.from_datetime(at + timedelta(milliseconds=milliseconds)))
    made_before = str(ULID.from_datetime(at - timedelta(milliseconds=1 + milliseconds)))

    assert made_before < reads.first_id_at(at) < made_then < keys.LAST


def test_ids_sort_in_the_order_in_which_they_are_made(world):
    ids = []
    for _ in range(5):
        ids.append(factories.grant(SVEN).grant_id)
        world.shift(timedelta(milliseconds=1))

    assert ids == sorted(ids)


# --- Shards ----------------------------------------------------------------------------------------------------------


def test_the_live_keys_of_a_tenant_share_a_shard_and_tenants_use_all_shards():
    shards = [index_keys.grantee_shard(f"tenant-{number}") for number in range(200)]

    assert shards == [index_keys.grantee_shard(f"tenant-{number}") for number in range(200)]
    assert set(shards) == set(range(index_keys.GRANTEE_SHARDS))


@pytest.mark.parametrize(
    ("type", "id", "partition"),
    [(GranteeType.AGENT, "sven", "AGENT#sven#2"), (GranteeType.DEPARTMENT, "x", "DEPARTMENT#x#2")],
)
def test_the_index_spreads_a_grantee_over_partitions(type, id, partition):
    assert index_keys.by_grantee(type, id, 2) == partition


def test_the_due_items_of_a_tenant_share_a_shard_and_tenants_use_all_shards():
    shards = {index_keys.due_on(f"tenant-{number}") for number in range(200)}

    assert shards == {index_keys.due(shard) for shard in range(index_keys.DUE_SHARDS)}


def test_a_grant_is_due_at_its_end_and_a_revoked_one_is_not():
    given_to = factories.grant(SVEN, by=ANNA)
    [before] = table.items("TENANT#acme", keys.GRANT)

    factories.revoked(given_to, by=ANNA)

    [after] = table.items("TENANT#acme", keys.GRANT)
    assert (before["due"]["S"], before["due_at"]["S"]) == (
        index_keys.due_on("acme"),
        text_of(given_to.granted_at + timedelta(hours=1)),
    )
    assert after.keys().isdisjoint({"due", "due_at"})


def test_a_permanent_grant_is_due_for_its_review_and_its_second_item_never():
    given_to = factories.grant(SVEN, by=ANNA, period=Period.PERMANENT)

    [found_keys] = table.items("TENANT#acme", keys.GRANT)
    [again] = table.items("TENANT#acme", keys.PERMANENT)

    assert found_keys["due_at"]["S"] == text_of(given_to.granted_at + timedelta(days=180, hours=-1))
    assert "due" not in again


def test_a_live_key_is_indexed_by_its_grantee_and_tenant():
    given_to = factories.grant("support", by=ANNA)

    [live] = table.items("TENANT#acme", keys.LIVE)

    assert live["by_grantee"]["S"] == f"DEPARTMENT#support#{index_keys.grantee_shard('acme')}"
    assert live["by_grantee_sort"]["S"] == f"acme#{given_to.grant_id}"
