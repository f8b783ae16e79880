"""Grants in the table: given and revoked in one transaction each, visible to the tenant's users only."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import time_machine
from botocore.awsrequest import AWSResponse

from guestkey.errors import Busy, GranteeUnknown, GrantEnded, NotFound, RightMissing, TenantUnknown, TooManyGrants
from guestkey.rules.door import NO_DOOR
from guestkey.rules.grants import MAX_LIVE_GRANTS, Grant, State, give
from guestkey.rules.ledger import Position
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import GranteeType, Person, address_hash
from guestkey.rules.periods import Period
from guestkey.rules.policy import NO_RULES
from guestkey.store.access import giving, grant_lists, grants, live_keys
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.transaction import ConditionFailed
from guestkey.store.ledger import ledger
from tests import factories, table
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, GIULIA, SVEN, Caller
from tests.store import wire
from tests.store.wire import Request, Send

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
UNREGISTERED = ANNA.but(tenant_id="nobody")


def context(by: Caller = ANNA, type: GranteeType = GranteeType.AGENT, id: str = "sven") -> giving.GrantContext:
    return giving.load_context(factories.user(by), type, id, None, factories.now())


def new(id: str = "01J", *, period: Period = Period.ONE_HOUR) -> tuple[Grant, giving.GrantContext]:
    """Return a grant by Anna to Sven before it is stored, and the context to store it with."""
    grant_context = context()
    grant = give(
        door=NO_DOOR,
        rules=NO_RULES,
        grant_id=id,
        by=factories.user(ANNA),
        grantee=grant_context.grantee,
        period=period,
        tenant=grant_context.tenant,
        access=AccessLevel.CHANGE,
        may_export=False,
        now=factories.now(),
    )
    return grant, grant_context


def live(tenant_id: str = "acme") -> list[str]:
    return [key.grant_id for key in live_keys.of_tenant(tenant_id).keys]


def head() -> ledger.LedgerState:
    found = ledger.read_state("acme")
    assert found
    return found


def partition(operation: dict[str, object]) -> str:
    key = operation.get("Key") or operation["Item"]
    assert isinstance(key, dict)
    return str(key["PK"]["S"])


# --- The context of a grant ------------------------------------------------------------------------------------------


def test_anna_may_grant_access_to_sven():
    found = context()

    assert (found.grantee.type, found.grantee.id, found.grantee.name) == (GranteeType.AGENT, "sven", "Sven Brandt")
    assert (found.tenant.name, found.tenant.time_zone) == ("Acme Immobilien GmbH", "Europe/Berlin")
    assert found.ledger.head == head().head


@pytest.mark.parametrize(
    ("by", "id", "refusal"),
    [
        (BEN, "sven", RightMissing),
        (BEN, "nobody", RightMissing),
        (UNREGISTERED, "sven", TenantUnknown),
        (ANNA, "nobody", GranteeUnknown),
        (ANNA, "emil", GranteeUnknown),
        (ANNA, "support", GranteeUnknown),
    ],
)
def test_loading_the_context_raises_the_reason_for_a_refusal(by, id, refusal):
    with pytest.raises(refusal):
        context(by, id=id)


# --- Giving ----------------------------------------------------------------------------------------------------------


def test_a_grant_reads_as_it_was_stored():
    grant, grant_context = new()

    giving.save(grant, grant_context, None)

    assert grant_lists.find_one("acme", "01J") == grant
    assert live() == ["01J"]
    assert head().live_at_most == 1


def test_the_live_key_stores_when_the_tenant_last_revoked_a_grant(world):
    factories.grant(SVEN)
    world.shift(SECOND)
    factories.revoked(factories.grant(SVEN))
    world.shift(SECOND)
    factories.grant(SVEN)

    assert [key.revoked_before_at for key in live_keys.of_tenant("acme").keys] == [None, MONDAY_NOON + SECOND]


def test_only_a_permanent_grant_gets_a_second_item_in_the_list_of_permanent_grants():
    factories.grant(SVEN)
    permanent = factories.grant(SVEN, period="permanent")

    [permanent_item] = table.items("TENANT#acme", keys.PERMANENT)

    assert permanent_item["SK"]["S"] == f"LASTING#{permanent.grant_id}"
    assert "ttl" not in permanent_item
    assert list(grants.permanent("acme", keys.LAST, 10)) == [permanent]


def test_a_right_removed_after_the_context_was_loaded_fails_the_write():
    grant, grant_context = new()
    factories.right(ANNA, may_grant=False)

    with pytest.raises(ConditionFailed):
        giving.save(grant, grant_context, None)
    assert live() == []


def test_a_duplicate_grant_id_is_a_bug():
    factories.grant(SVEN)
    [item] = table.items("TENANT#acme", keys.LIVE)
    table.put([item | {"SK": {"S": "LIVE#01J"}}])
    grant, grant_context = new()

    with pytest.raises(ConditionFailed):
        giving.save(grant, grant_context, None)


@pytest.mark.parametrize(("type", "id"), [("department", "support"), ("agent", "sven")])
def test_grants_of_two_tenants_to_the_same_grantee_do_not_conflict(type, id):
    """A condition on the shared agent or department would make the two transactions conflict."""
    with wire.watched() as sent:
        for who in (ANNA, CARLA):
            call("POST", "/v1/grants", {"grantee": {"type": type, "id": id}}, caller=who)

    annas, carlas = [
        {partition(operation) for _, operation in request.items}
        for request in sent
        if request.operation == "TransactWriteItems"
    ]
    assert (annas, carlas) == ({"TENANT#acme"}, {"TENANT#globex"})
    assert {key.grantee.id for tenant_id in ("acme", "globex") for key in live_keys.of_tenant(tenant_id).keys} == {id}


# --- At most 500 live grants -----------------------------------------------------------------------------------------


def fill(number: int, *, live_at_most: int, ends_at: datetime = MONDAY_NOON + HOUR) -> None:
    """Put live keys, and a ledger head that counts `live_at_most` of them."""
    factories.grant(SVEN)
    [item] = table.items("TENANT#acme", keys.LIVE)
    end = {"ends_at": {"S": f"{ends_at:%Y-%m-%dT%H:%M:%SZ}"}}
    table.put([item | end | {"SK": {"S": f"LIVE#{index:026}"}} for index in range(number - 1)])
    [found] = table.items("TENANT#acme", "LEDGER")
    table.put([found | {"live_at_most": {"N": str(live_at_most)}}])


def test_the_head_counts_grants_and_revokes():
    first, _ = factories.grant(SVEN), factories.grant(DORA)
    factories.revoked(first)

    assert head().live_at_most == 1


def test_below_the_limit_the_live_keys_are_not_counted():
    fill(2, live_at_most=MAX_LIVE_GRANTS - 1)

    with wire.watched() as sent:
        factories.grant(SVEN)

    assert "Query" not in {request.operation for request in sent}
    assert head().live_at_most == MAX_LIVE_GRANTS


def test_at_the_limit_the_live_keys_are_counted_and_ended_ones_do_not_count():
    fill(3, live_at_most=MAX_LIVE_GRANTS, ends_at=MONDAY_NOON)  # two of the three have ended

    factories.grant(SVEN)

    assert head().live_at_most == 2


@pytest.mark.slow
def test_the_501st_live_grant_is_refused():
    fill(MAX_LIVE_GRANTS, live_at_most=MAX_LIVE_GRANTS)
    grant, grant_context = new()

    with pytest.raises(TooManyGrants):
        giving.save(grant, grant_context, None)
    assert len(live()) == MAX_LIVE_GRANTS


# --- Revoking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["1h", "permanent"])
def test_a_revoked_grant_is_deleted_from_the_live_keys_and_stays_in_the_history(world, period):
    grant = factories.grant(SVEN, period=period)
    world.shift(SECOND)

    revoked = factories.revoked(grant, by=GIULIA)

    assert live() == []
    assert revoked == replace(
        grant,
        revoked_at=MONDAY_NOON + SECOND,
        revoked_by=Person(user_id="giulia", name="Giulia Galli"),
        revoked_by_address=address_hash("giulia@acme.example"),
    )
    assert grant_lists.find_one("acme", grant.grant_id) == revoked
    assert list(grants.permanent("acme", keys.LAST, 10)) == ([revoked] if period == "permanent" else [])
    assert factories.what_happened() == ["grant.given", "grant.revoked"]


def test_revoking_a_permanent_grant_sets_its_ttl():
    factories.revoked(factories.grant(SVEN, period="permanent"))

    [permanent_item] = table.items("TENANT#acme", keys.PERMANENT)
    [stored] = table.items("TENANT#acme", keys.GRANT)
    assert permanent_item["ttl"] == stored["ttl"] == {"N": str(int((MONDAY_NOON + 400 * DAY).timestamp()))}


def test_revoking_twice_returns_the_same_grant_and_writes_nothing(world):
    first = factories.revoked(factories.grant(SVEN))
    world.shift(2 * HOUR)

    assert factories.revoked(first, by=GIULIA) == first
    assert factories.what_happened() == ["grant.given", "grant.revoked"]


def test_an_expired_grant_cannot_be_revoked(world):
    grant = factories.grant(SVEN)
    world.shift(HOUR)

    with pytest.raises(GrantEnded):
        factories.revoked(grant)


def test_a_grant_whose_live_key_was_removed_early_can_still_be_revoked():
    """The table may expire a live key only after its end, but no decision relies on that."""
    grant = factories.grant(SVEN)
    live_keys.LiveKeyItem(*keys.live("acme", grant.grant_id)).delete()

    assert factories.revoked(grant).state(MONDAY_NOON) is State.REVOKED


@pytest.mark.parametrize(("by", "refusal"), [(BEN, RightMissing), (CARLA, NotFound), (UNREGISTERED, NotFound)])
def test_a_refused_revoke_raises_the_reason_and_changes_nothing(by, refusal):
    grant = factories.grant(SVEN)

    with pytest.raises(refusal):
        factories.revoke(factories.user(by), grant.grant_id, factories.now())
    assert live() == [grant.grant_id]


def just_before_the_write(act: object) -> wire.Script:
    """Return a script that calls `act` once, between the read and the write."""
    done = count()

    def script(request: Request, send: Send) -> AWSResponse:
        if request.operation == "TransactWriteItems" and next(done) == 0:
            assert callable(act)
            act()
        return send()

    return script


def test_a_right_removed_while_anna_revokes_fails_the_revoke():
    grant = factories.grant(SVEN)

    with (
        wire.through(just_before_the_write(lambda: factories.right(ANNA, may_grant=False))),
        pytest.raises(RightMissing),
    ):
        factories.revoked(grant)
    assert live() == [grant.grant_id]


def test_of_two_concurrent_revokes_one_is_recorded_and_both_return_it():
    grant = factories.grant(SVEN)
    by_giulia = []

    with wire.through(just_before_the_write(lambda: by_giulia.append(factories.revoked(grant, by=GIULIA)))):
        by_anna = factories.revoked(grant, by=ANNA)

    assert [by_anna] == by_giulia
    assert by_anna.revoked_by == Person(user_id="giulia", name="Giulia Galli")
    assert factories.what_happened() == ["grant.given", "grant.revoked"]


def test_revoking_a_grant_whose_condition_fails_on_every_try_is_busy():
    grant = factories.grant(SVEN)

    def script(request: Request, send: Send) -> AWSResponse:
        is_write = request.operation == "TransactWriteItems"
        return wire.failing(400, "TransactionCanceledException", ["ConditionalCheckFailed"]) if is_write else send()

    with wire.through(script), pytest.raises(Busy):
        factories.revoked(grant)


def test_an_earlier_revoke_stored_later_does_not_move_the_latest_revoke_back(world):
    """Whether access was interrupted is judged by the latest revoke, so its time must not move back."""
    first, second = factories.grant(SVEN), factories.grant(SVEN)

    factories.revoked(first, at=MONDAY_NOON + 5 * SECOND)
    factories.revoked(second, at=MONDAY_NOON + SECOND)

    latest = head().revoked
    assert latest == Position(head().head.seq, MONDAY_NOON + 5 * SECOND)


# --- Number of requests ----------------------------------------------------------------------------------------------


def test_giving_a_grant_takes_one_read_and_one_write():
    with wire.in_rounds(1, 1):
        answer = call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=ANNA)

    assert answer.status == 201


def test_giving_a_grant_with_an_idempotency_key_takes_no_additional_request():
    with wire.in_rounds(1, 1):
        body = {"grantee": {"type": "agent", "id": "sven"}}
        answer = call("POST", "/v1/grants", body, caller=ANNA, headers={"Idempotency-Key": "abc"})

    assert answer.status == 201


@pytest.mark.parametrize("period", ["1h", "permanent"])
def test_revoking_takes_the_read_of_grant_and_agent_and_one_write(period):
    grant = factories.grant(SVEN, period=period)

    with wire.in_rounds(1, 1, 1):
        answer = call("DELETE", f"/v1/grants/{grant.grant_id}", caller=ANNA)

    assert answer.status == 200


def test_a_check_takes_two_concurrent_reads_for_any_number_of_grants():
    for _ in range(20):
        factories.grant(SVEN)

    with wire.in_rounds(2) as sent:
        order = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
        answer = call("POST", "/v1/vendor/checks", order, caller=BACKEND)

    assert answer.body["allowed"]
    assert all(request.body["ConsistentRead"] is True for request in sent)
    assert not any("IndexName" in request.body for request in sent)


def test_a_check_of_a_login_takes_three_concurrent_reads():
    factories.grant(SVEN)
    entered = factories.login(SVEN)

    with wire.in_rounds(3) as sent:
        order = {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "login_id": entered.login_id}
        answer = call("POST", "/v1/vendor/checks", order, caller=BACKEND)

    assert answer.body["allowed"]
    assert all(request.body["ConsistentRead"] is True for request in sent)


# --- Finding ---------------------------------------------------------------------------------------------------------


def test_a_grant_of_another_tenant_is_not_found():
    grant = factories.grant(SVEN)

    with pytest.raises(NotFound):
        grant_lists.find_one("globex", grant.grant_id)


def test_several_grants_are_found_by_their_ids():
    first, second = factories.grant(SVEN), factories.grant("support", period="permanent")

    found = grants.find_many("acme", [first.grant_id, second.grant_id, "01J"], NO_DOOR)

    assert found == {first.grant_id: first, second.grant_id: second}


def test_live_keys_are_read_in_pages_with_strongly_consistent_reads():
    with wire.watched() as sent:
        live_keys.of_tenant("acme")

    assert [(request.operation, request.body["ConsistentRead"]) for request in sent] == [("Query", True)]


# --- The overview ----------------------------------------------------------------------------------------------------

START = MONDAY_NOON - 184 * DAY


def overview(behind: str | None = None, *, start: datetime = START) -> list[Grant]:
    return [grant for _, grant in grant_lists.overview("acme", start, factories.now(), behind, 2)]


def history_of_a_year() -> dict[str, Grant]:
    """Return Anna's grants of one year, given and revoked, by the case that each stands for."""
    noon = MONDAY_NOON
    grants_made = {
        "old and over": factories.grant(SVEN, at=noon - 300 * DAY),
        "old, permanent, revoked long ago": factories.grant(SVEN, period="permanent", at=noon - 299 * DAY),
        "old, permanent, revoked yesterday": factories.grant(SVEN, period="permanent", at=noon - 298 * DAY),
        "old and permanent": factories.grant(SVEN, period="permanent", at=noon - 297 * DAY),
        "over just before": factories.grant(SVEN, period="1h", at=START - HOUR),
        "given before, over within": factories.grant(SVEN, period="1mo", at=START - 20 * DAY),
        "given within": factories.grant(SVEN, at=noon - 100 * DAY),
        "permanent, revoked": factories.grant(SVEN, period="permanent", at=noon - 90 * DAY),
        "permanent": factories.grant(SVEN, period="permanent", at=noon - 80 * DAY),
        "revoked": factories.grant(SVEN, period="1mo", at=noon - 5 * DAY),
        "live": factories.grant(SVEN, at=noon - HOUR / 2),
    }
    for example, at in {
        "old, permanent, revoked long ago": START - SECOND,
        "old, permanent, revoked yesterday": noon - DAY,
        "permanent, revoked": noon - 2 * DAY,
        "revoked": noon - DAY,
    }.items():
        grants_made[example] = factories.revoked(grants_made[example], at=at)
    return grants_made


SHOWN = [
    "permanent",
    "old and permanent",
    "live",
    "revoked",
    "permanent, revoked",
    "given within",
    "given before, over within",
    "old, permanent, revoked yesterday",
]


def test_the_overview_shows_the_live_permanent_ones_and_then_the_rest_each_newest_first():
    grants_made = history_of_a_year()

    assert overview() == [grants_made[example] for example in SHOWN]


def test_the_overview_continues_from_any_position():
    history_of_a_year()
    positions = [position for position, _ in grant_lists.overview("acme", START, factories.now(), None, 2)]

    for index, position in enumerate(positions):
        rest = [place for place, _ in grant_lists.overview("acme", START, factories.now(), position, 2)]
        assert rest == positions[index + 1 :], position


def test_a_permanent_grant_revoked_between_two_pages_does_not_appear_twice(world):
    """The moment at which the listing began decides which grants belong to its first part."""
    older, newer = [factories.grant(SVEN, period="permanent", at=MONDAY_NOON - days * DAY) for days in (2, 1)]
    began = factories.now()
    [(position, first), *_] = grant_lists.overview("acme", START, began, None, 2)
    world.shift(SECOND)
    factories.revoked(older)

    rest = [grant.grant_id for _, grant in grant_lists.overview("acme", START, began, position, 2)]

    assert (first, rest) == (newer, [older.grant_id])


def test_the_overview_reads_back_far_enough_for_the_longest_period():
    """The longest period: a month of 31 days plus the hour that occurs twice in October."""
    longest = factories.grant(SVEN, period="1mo", at=datetime(2026, 10, 5, 10, tzinfo=UTC))

    assert longest.ends_at == datetime(2026, 11, 5, 11, tzinfo=UTC)
    assert overview(start=longest.ends_at - SECOND) == [longest]
    assert overview(start=longest.ends_at) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_overview_is_every_grant_that_was_live_at_any_moment_since(seed):
    chance, grants_made = random.Random(seed), []
    for _ in range(25):
        at = MONDAY_NOON - chance.choice([150, 220, 400]) * chance.random() * DAY
        grant = factories.grant(
            "support", period=chance.choice(["1h", "1mo", "permanent"]), at=at.replace(microsecond=0)
        )
        revoked_at = grant.granted_at + chance.randrange(300) * DAY
        if revoked_at <= MONDAY_NOON and grant.state(revoked_at) is State.LIVE:
            grant = factories.revoked(grant, at=revoked_at)
        grants_made.append(grant)
    counting = [grant for grant in grants_made if grant.over_at is None or grant.over_at > START]
    assert len(counting) not in {0, len(grants_made)}

    shown = overview()

    newest_first = sorted(counting, key=lambda grant: grant.grant_id, reverse=True)
    assert shown == sorted(newest_first, key=lambda grant: not (grant.is_permanent and grant.revoked_at is None))


# --- Live grants -----------------------------------------------------------------------------------------------------


def live_now(behind: str | None = None) -> list[str]:
    return [grant.grant_id for _, grant in grant_lists.live_now("acme", factories.now(), behind, 2)]


def test_live_grants_are_listed_permanent_ones_first_each_newest_first(world):
    with time_machine.travel(MONDAY_NOON - 2 * HOUR, tick=False):
        factories.grant(SVEN)
    grants_made = []
    for period in ("1h", "permanent", "1h", "permanent", "1h"):
        grants_made.append(factories.grant(SVEN, period=period).grant_id)
        world.shift(SECOND)
    factories.revoked(grant_lists.find_one("acme", grants_made[2]))

    assert live_now() == [grants_made[3], grants_made[1], grants_made[4], grants_made[0]]


def test_the_list_of_live_grants_continues_from_any_position(world):
    for period in ("1h", "permanent", "1h", "permanent", "1h"):
        factories.grant(SVEN, period=period)
        world.shift(SECOND)
    positions = [position for position, _ in grant_lists.live_now("acme", factories.now(), None, 2)]

    for index, position in enumerate(positions):
        rest = [place for place, _ in grant_lists.live_now("acme", factories.now(), position, 2)]
        assert rest == positions[index + 1 :], position


def test_a_live_key_without_a_grant_item_is_not_listed():
    first, second = factories.grant(SVEN), factories.grant(SVEN)
    grants.GrantItem(*keys.grant("acme", first.grant_id)).delete()

    assert live_now() == [second.grant_id]
