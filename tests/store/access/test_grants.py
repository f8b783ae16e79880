"""Grants in the table: given and revoked in one transaction each, found by whoever may see them."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import time_machine
from botocore.awsrequest import AWSResponse

from guestkey.errors import Busy, GranteeUnknown, GrantEnded, NotFound, RightMissing, TenantUnknown, TooManyGrants
from guestkey.rules.grants import MAX_LIVE_GRANTS, Grant, State, give
from guestkey.rules.people import GranteeType, Person
from guestkey.rules.periods import Period
from guestkey.store.access import grants, live_keys
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
NOBODY = ANNA.but(tenant_id="nobody")


def ground(by: Caller = ANNA, type: GranteeType = GranteeType.AGENT, id: str = "sven") -> grants.GrantContext:
    return grants.load_context(factories.user(by), type, id, None, factories.now())


def new(id: str = "01J", *, period: Period = Period.ONE_HOUR) -> tuple[Grant, grants.GrantContext]:
    """Return a grant of Anna's to Sven that is not kept yet, and the head it would be written behind."""
    stands_on = ground()
    grant = give(
        grant_id=id,
        by=factories.user(ANNA),
        grantee=stands_on.grantee,
        period=period,
        tenant=stands_on.tenant,
        may_export=False,
        now=factories.now(),
    )
    return grant, stands_on


def live(tenant_id: str = "acme") -> list[str]:
    return [key.grant_id for key in live_keys.of_tenant(tenant_id)]


def head() -> ledger.LedgerState:
    found = ledger.read_state("acme")
    assert found
    return found


def partition(operation: dict[str, object]) -> str:
    key = operation.get("Key") or operation["Item"]
    assert isinstance(key, dict)
    return str(key["PK"]["S"])


# --- What giving stands on -------------------------------------------------------------------------------------------


def test_anna_may_let_sven_in():
    found = ground()

    assert (found.grantee.type, found.grantee.id, found.grantee.name) == (GranteeType.AGENT, "sven", "Sven Brandt")
    assert (found.tenant.name, found.tenant.time_zone) == ("Acme Immobilien GmbH", "Europe/Berlin")
    assert found.ledger.head == head().head


@pytest.mark.parametrize(
    ("by", "id", "refusal"),
    [
        (BEN, "sven", RightMissing),
        (BEN, "nobody", RightMissing),
        (NOBODY, "sven", TenantUnknown),
        (ANNA, "nobody", GranteeUnknown),
        (ANNA, "emil", GranteeUnknown),
        (ANNA, "support", GranteeUnknown),
    ],
)
def test_what_stands_in_the_way_is_said_early(by, id, refusal):
    with pytest.raises(refusal):
        ground(by, id=id)


# --- Giving ----------------------------------------------------------------------------------------------------------


def test_a_grant_reads_as_it_was_kept():
    grant, stands_on = new()

    grants.save(grant, stands_on, None)

    assert grants.find_one("acme", "01J") == grant
    assert live() == ["01J"]
    assert head().live_at_most == 1


def test_the_live_key_remembers_when_the_tenant_last_revoked_anything(world):
    factories.grant(SVEN)
    world.shift(SECOND)
    factories.revoked(factories.grant(SVEN))
    world.shift(SECOND)
    factories.grant(SVEN)

    assert [key.revoked_before_at for key in live_keys.of_tenant("acme")] == [None, MONDAY_NOON + SECOND]


def test_only_a_permanent_grant_is_kept_findable():
    factories.grant(SVEN)
    permanent = factories.grant(SVEN, period="permanent")

    [lasting] = table.items("TENANT#acme", keys.PERMANENT)

    assert lasting["SK"]["S"] == f"LASTING#{permanent.grant_id}"
    assert "ttl" not in lasting
    assert list(grants.permanent("acme", keys.LAST, 10)) == [permanent]


def test_a_right_taken_away_a_moment_ago_counts():
    grant, stands_on = new()
    factories.right(ANNA, may_grant=False)

    with pytest.raises(ConditionFailed):
        grants.save(grant, stands_on, None)
    assert live() == []


def test_an_id_that_is_taken_elsewhere_is_a_bug():
    factories.grant(SVEN)
    [item] = table.items("TENANT#acme", keys.LIVE)
    table.put([item | {"SK": {"S": "LIVE#01J"}}])
    grant, stands_on = new()

    with pytest.raises(ConditionFailed):
        grants.save(grant, stands_on, None)


@pytest.mark.parametrize(("type", "id"), [("department", "support"), ("agent", "sven")])
def test_two_tenants_that_let_the_same_grantee_in_do_not_meet(type, id):
    """A condition on the shared agent or department would make the two transactions collide."""
    with wire.watched() as came:
        for who in (ANNA, CARLA):
            call("POST", "/v1/grants", {"grantee": {"type": type, "id": id}}, caller=who)

    annas, carlas = [
        {partition(operation) for _, operation in request.items}
        for request in came
        if request.operation == "TransactWriteItems"
    ]
    assert (annas, carlas) == ({"TENANT#acme"}, {"TENANT#globex"})
    assert {key.grantee.id for tenant_id in ("acme", "globex") for key in live_keys.of_tenant(tenant_id)} == {id}


# --- Not more than 500 -----------------------------------------------------------------------------------------------


def fill(number: int, *, live_at_most: int, ends_at: datetime = MONDAY_NOON + HOUR) -> None:
    """Put live keys, and a head that counts so many."""
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

    with wire.watched() as came:
        factories.grant(SVEN)

    assert "Query" not in {request.operation for request in came}
    assert head().live_at_most == MAX_LIVE_GRANTS


def test_at_the_limit_they_are_and_what_has_ended_makes_room():
    fill(3, live_at_most=MAX_LIVE_GRANTS, ends_at=MONDAY_NOON)  # of the three, two ended

    factories.grant(SVEN)

    assert head().live_at_most == 2


@pytest.mark.slow
def test_500_live_grants_are_enough():
    fill(MAX_LIVE_GRANTS, live_at_most=MAX_LIVE_GRANTS)
    grant, stands_on = new()

    with pytest.raises(TooManyGrants):
        grants.save(grant, stands_on, None)
    assert len(live()) == MAX_LIVE_GRANTS


# --- Revoking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["1h", "permanent"])
def test_a_revoked_grant_is_gone_from_the_live_keys_and_kept_in_the_history(world, period):
    grant = factories.grant(SVEN, period=period)
    world.shift(SECOND)

    revoked = factories.revoked(grant, by=GIULIA)

    assert live() == []
    assert revoked == replace(
        grant, revoked_at=MONDAY_NOON + SECOND, revoked_by=Person(user_id="giulia", name="Giulia Galli")
    )
    assert grants.find_one("acme", grant.grant_id) == revoked
    assert list(grants.permanent("acme", keys.LAST, 10)) == ([revoked] if period == "permanent" else [])
    assert factories.what_happened() == ["grant.given", "grant.revoked"]


def test_revoking_a_permanent_grant_lets_the_table_sweep_it_one_day():
    factories.revoked(factories.grant(SVEN, period="permanent"))

    [lasting] = table.items("TENANT#acme", keys.PERMANENT)
    [kept] = table.items("TENANT#acme", keys.GRANT)
    assert lasting["ttl"] == kept["ttl"] == {"N": str(int((MONDAY_NOON + 400 * DAY).timestamp()))}


def test_revoking_twice_answers_the_same_and_writes_nothing(world):
    first = factories.revoked(factories.grant(SVEN))
    world.shift(2 * HOUR)

    assert factories.revoked(first, by=GIULIA) == first
    assert factories.what_happened() == ["grant.given", "grant.revoked"]


def test_a_grant_that_time_ended_cannot_be_revoked(world):
    grant = factories.grant(SVEN)
    world.shift(HOUR)

    with pytest.raises(GrantEnded):
        factories.revoked(grant)


def test_a_grant_whose_live_key_was_swept_too_early_is_revoked_all_the_same():
    """The table may sweep a key only after its end, but nothing that decides relies on it."""
    grant = factories.grant(SVEN)
    live_keys.LiveKeyItem(*keys.live("acme", grant.grant_id)).delete()

    assert factories.revoked(grant).state(MONDAY_NOON) is State.REVOKED


@pytest.mark.parametrize(("by", "refusal"), [(BEN, RightMissing), (CARLA, NotFound), (NOBODY, NotFound)])
def test_whoever_may_not_revoke_is_told_why(by, refusal):
    grant = factories.grant(SVEN)

    with pytest.raises(refusal):
        factories.revoke(factories.user(by), grant.grant_id, factories.now())
    assert live() == [grant.grant_id]


def just_before_the_write(act: object) -> wire.Script:
    """Return the script in which something happens between reading and writing, once."""
    done = count()

    def script(request: Request, send: Send) -> AWSResponse:
        if request.operation == "TransactWriteItems" and next(done) == 0:
            assert callable(act)
            act()
        return send()

    return script


def test_a_right_that_goes_while_anna_revokes_counts():
    grant = factories.grant(SVEN)

    with (
        wire.through(just_before_the_write(lambda: factories.right(ANNA, may_grant=False))),
        pytest.raises(RightMissing),
    ):
        factories.revoked(grant)
    assert live() == [grant.grant_id]


def test_of_two_who_revoke_at_the_same_time_one_is_named_and_both_hear_the_same():
    grant = factories.grant(SVEN)
    by_giulia = []

    with wire.through(just_before_the_write(lambda: by_giulia.append(factories.revoked(grant, by=GIULIA)))):
        by_anna = factories.revoked(grant, by=ANNA)

    assert [by_anna] == by_giulia
    assert by_anna.revoked_by == Person(user_id="giulia", name="Giulia Galli")
    assert factories.what_happened() == ["grant.given", "grant.revoked"]


def test_a_grant_that_never_stands_still_cannot_be_revoked_just_now():
    grant = factories.grant(SVEN)

    def script(request: Request, send: Send) -> AWSResponse:
        is_write = request.operation == "TransactWriteItems"
        return wire.failing(400, "TransactionCanceledException", ["ConditionalCheckFailed"]) if is_write else send()

    with wire.through(script), pytest.raises(Busy):
        factories.revoked(grant)


def test_a_revoke_that_was_asked_for_earlier_but_stored_later_does_not_turn_time_back(world):
    """Whether a login was interrupted is judged by the latest revoke: it must not seem older than it is."""
    first, second = factories.grant(SVEN), factories.grant(SVEN)

    factories.revoked(first, at=MONDAY_NOON + 5 * SECOND)
    factories.revoked(second, at=MONDAY_NOON + SECOND)

    assert head().revoked_at == MONDAY_NOON + 5 * SECOND


# --- How many requests -----------------------------------------------------------------------------------------------


def test_giving_is_two_reads_side_by_side_and_one_write():
    with wire.in_rounds(2, 1):
        answer = call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=ANNA)

    assert answer.status == 201


def test_giving_with_a_key_is_no_request_more():
    with wire.in_rounds(2, 1):
        body = {"grantee": {"type": "agent", "id": "sven"}}
        answer = call("POST", "/v1/grants", body, caller=ANNA, headers={"Idempotency-Key": "abc"})

    assert answer.status == 201


@pytest.mark.parametrize("period", ["1h", "permanent"])
def test_revoking_is_two_reads_side_by_side_and_one_write(period):
    grant = factories.grant(SVEN, period=period)

    with wire.in_rounds(2, 1):
        answer = call("DELETE", f"/v1/grants/{grant.grant_id}", caller=ANNA)

    assert answer.status == 200


def test_a_check_is_two_reads_side_by_side_however_much_was_granted():
    for _ in range(20):
        factories.grant(SVEN)

    with wire.in_rounds(2) as came:
        order = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
        answer = call("POST", "/v1/vendor/checks", order, caller=BACKEND)

    assert answer.body["allowed"]
    assert all(request.body["ConsistentRead"] is True for request in came)
    assert not any("IndexName" in request.body for request in came)


def test_a_check_of_a_login_is_three_reads_side_by_side():
    factories.grant(SVEN)
    entered = factories.login(SVEN)

    with wire.in_rounds(3) as came:
        order = {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "login_id": entered.login_id}
        answer = call("POST", "/v1/vendor/checks", order, caller=BACKEND)

    assert answer.body["allowed"]
    assert all(request.body["ConsistentRead"] is True for request in came)


# --- Finding ---------------------------------------------------------------------------------------------------------


def test_a_grant_of_another_tenant_is_not_found():
    grant = factories.grant(SVEN)

    with pytest.raises(NotFound):
        grants.find_one("globex", grant.grant_id)


def test_several_grants_are_found_by_their_ids():
    first, second = factories.grant(SVEN), factories.grant("support", period="permanent")

    found = grants.find_many("acme", [first.grant_id, second.grant_id, "01J"])

    assert found == {first.grant_id: first, second.grant_id: second}


def test_live_keys_are_read_strongly_consistent_and_by_pages():
    with wire.watched() as came:
        list(live_keys.of_tenant("acme"))

    assert [(request.operation, request.body["ConsistentRead"]) for request in came] == [("Query", True)]


# --- The overview ----------------------------------------------------------------------------------------------------

START = MONDAY_NOON - 184 * DAY


def overview(behind: str | None = None, *, start: datetime = START) -> list[Grant]:
    return [grant for _, grant in grants.overview("acme", start, factories.now(), behind, 2)]


def history_of_a_year() -> dict[str, Grant]:
    """Anna's year: what she gave and took back, by what it is an example of."""
    noon = MONDAY_NOON
    made = {
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
        made[example] = factories.revoked(made[example], at=at)
    return made


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
    made = history_of_a_year()

    assert overview() == [made[example] for example in SHOWN]


def test_the_overview_goes_on_from_any_position():
    history_of_a_year()
    positions = [position for position, _ in grants.overview("acme", START, factories.now(), None, 2)]

    for index, position in enumerate(positions):
        rest = [place for place, _ in grants.overview("acme", START, factories.now(), position, 2)]
        assert rest == positions[index + 1 :], position


def test_a_permanent_grant_revoked_between_two_pages_does_not_appear_twice(world):
    """The moment at which the list began decides which ones stand in its first part."""
    older, newer = [factories.grant(SVEN, period="permanent", at=MONDAY_NOON - days * DAY) for days in (2, 1)]
    began = factories.now()
    [(position, first), *_] = grants.overview("acme", START, began, None, 2)
    world.shift(SECOND)
    factories.revoked(older)

    rest = [grant.grant_id for _, grant in grants.overview("acme", START, began, position, 2)]

    assert (first, rest) == (newer, [older.grant_id])


def test_no_grant_that_ends_was_given_so_long_ago_that_the_overview_would_miss_it():
    """The longest there is: a month of 31 days and the hour that the night in October has twice."""
    longest = factories.grant(SVEN, period="1mo", at=datetime(2026, 10, 5, 10, tzinfo=UTC))

    assert longest.ends_at == datetime(2026, 11, 5, 11, tzinfo=UTC)
    assert overview(start=longest.ends_at - SECOND) == [longest]
    assert overview(start=longest.ends_at) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_overview_is_every_grant_that_was_live_at_any_moment_since(seed):
    chance, made = random.Random(seed), []
    for _ in range(25):
        at = MONDAY_NOON - chance.choice([150, 220, 400]) * chance.random() * DAY
        grant = factories.grant(
            "support", period=chance.choice(["1h", "1mo", "permanent"]), at=at.replace(microsecond=0)
        )
        revoked_at = grant.granted_at + chance.randrange(300) * DAY
        if revoked_at <= MONDAY_NOON and grant.state(revoked_at) is State.LIVE:
            grant = factories.revoked(grant, at=revoked_at)
        made.append(grant)
    counting = [grant for grant in made if grant.over_at is None or grant.over_at > START]
    assert len(counting) not in {0, len(made)}

    shown = overview()

    newest_first = sorted(counting, key=lambda grant: grant.grant_id, reverse=True)
    assert shown == sorted(newest_first, key=lambda grant: not (grant.is_permanent and grant.revoked_at is None))


# --- What is live now ------------------------------------------------------------------------------------------------


def live_now(behind: str | None = None) -> list[str]:
    return [grant.grant_id for _, grant in grants.live_now("acme", factories.now(), behind, 2)]


def test_live_grants_are_listed_permanent_ones_first_each_newest_first(world):
    with time_machine.travel(MONDAY_NOON - 2 * HOUR, tick=False):
        factories.grant(SVEN)
    made = []
    for period in ("1h", "permanent", "1h", "permanent", "1h"):
        made.append(factories.grant(SVEN, period=period).grant_id)
        world.shift(SECOND)
    factories.revoked(grants.find_one("acme", made[2]))

    assert live_now() == [made[3], made[1], made[4], made[0]]


def test_the_list_of_live_grants_goes_on_from_any_position(world):
    for period in ("1h", "permanent", "1h", "permanent", "1h"):
        factories.grant(SVEN, period=period)
        world.shift(SECOND)
    positions = [position for position, _ in grants.live_now("acme", factories.now(), None, 2)]

    for index, position in enumerate(positions):
        rest = [place for place, _ in grants.live_now("acme", factories.now(), position, 2)]
        assert rest == positions[index + 1 :], position


def test_a_live_key_whose_history_is_gone_is_not_listed():
    first, second = factories.grant(SVEN), factories.grant(SVEN)
    grants.GrantItem(*keys.grant("acme", first.grant_id)).delete()

    assert live_now() == [second.grant_id]
