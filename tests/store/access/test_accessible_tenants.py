"""Tenants that an agent may enter now: found through the index, confirmed on the live keys."""

from datetime import timedelta

import pytest
from botocore.awsrequest import AWSResponse

from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Agent
from guestkey.store.access import accessible_tenants, live_keys
from guestkey.store.access.accessible_tenants import AccessibleTenant
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.registry import people, tenants
from tests import factories, table
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, CARLA, DORA, SVEN, Caller
from tests.rows_and_columns import probes
from tests.store import wire

HOUR = timedelta(hours=1)
TENANTS = [f"tenant-{letter}" for letter in "abcdefgh"]


def accessible_to(agent: Caller = SVEN, behind: str | None = None, batch: int = 2) -> list[AccessibleTenant]:
    return [place for _, place in found(agent, behind, batch)]


def found(agent: Caller = SVEN, behind: str | None = None, batch: int = 2) -> list[tuple[str, AccessibleTenant]]:
    record = people.agent(agent.id)
    assert isinstance(record, Agent)
    return list(accessible_tenants.of_agent(record, behind, batch, factories.now()))


def user_of(tenant_id: str) -> Caller:
    return ANNA.but(tenant_id=tenant_id)


@pytest.fixture
def eight_tenants(world: object) -> list[str]:
    """Eight tenants that each granted access to Sven or his department; some of them share a shard."""
    for number, tenant_id in enumerate(TENANTS):
        factories.tenant(tenant_id, name=f"Tenant {number}")
        factories.grant(SVEN if number % 2 else "support", by=user_of(tenant_id))
    return TENANTS


def test_without_a_grant_sven_may_enter_no_tenant():
    assert accessible_to() == []


def test_sven_may_enter_the_tenants_that_granted_access_to_him_or_his_department():
    annas, carlas = factories.grant(SVEN, by=ANNA), factories.grant("support", by=CARLA, access="view", may_export=True)
    factories.grant(DORA, by=ANNA)
    factories.grant("development", by=CARLA)

    places = sorted(accessible_to(), key=lambda place: place.tenant_id)

    assert places == [
        AccessibleTenant(
            tenant_id="acme",
            name="Acme Immobilien GmbH",
            ends_at=annas.ends_at,
            access=AccessLevel.CHANGE,
            may_export=False,
            grant_ids=[annas.grant_id],
        ),
        AccessibleTenant(
            tenant_id="globex",
            name="Globex Inc.",
            ends_at=carlas.ends_at,
            access=AccessLevel.VIEW,
            may_export=True,
            grant_ids=[carlas.grant_id],
        ),
    ]


def test_several_grants_of_a_tenant_are_listed_as_one_tenant_with_their_union():
    grants = [
        factories.grant(SVEN, period="2h"),
        factories.grant("support", may_export=True),
        factories.grant(SVEN, period="4h"),
    ]

    [place] = accessible_to()

    assert place.grant_ids == sorted(grant.grant_id for grant in grants)
    assert (place.ends_at, place.may_export) == (MONDAY_NOON + 4 * HOUR, True)


def test_a_permanent_grant_has_no_end():
    factories.grant(SVEN, period="permanent")
    factories.grant(SVEN)

    assert [place.ends_at for place in accessible_to()] == [None]


def test_an_ended_grant_is_not_listed_though_its_live_key_is_still_there(world):
    factories.grant(SVEN)
    world.shift(HOUR)

    assert len(table.items(sk_begins=keys.LIVE)) == 1
    assert accessible_to() == []


def test_a_revoked_grant_is_not_listed_though_the_index_lags(world):
    """The index still names the key, but the key itself is deleted before it is read."""
    factories.grant(SVEN)
    grant = factories.grant(SVEN, by=CARLA)
    done: list[bool] = []

    def script(request: wire.Request, send: wire.Send) -> AWSResponse:
        if request.operation == "BatchGetItem" and done == [True]:
            done.append(False)
            factories.revoked(grant, by=CARLA)
        if "IndexName" in request.body:
            done[:] = done or [True]
        return send()

    with wire.through(script):
        places = accessible_to()

    assert [place.tenant_id for place in places] == ["acme"]


def test_a_tenant_without_a_record_is_listed_by_its_id():
    factories.grant(SVEN)
    tenants.TenantItem(*keys.tenant("acme")).delete()

    assert [place.name for place in accessible_to()] == ["acme"]


def test_an_agent_who_left_the_department_has_no_access():
    factories.grant("support")
    factories.agent("sven", "development")

    assert accessible_to() == []


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_every_tenant_is_listed_once_for_every_batch_size(eight_tenants, batch):
    assert sorted(place.tenant_id for place in accessible_to(batch=batch)) == eight_tenants


def test_the_list_continues_from_any_position(eight_tenants):
    everything = found()

    for index, (position, _) in enumerate(everything):
        assert found(behind=position) == everything[index + 1 :], position


def test_tenants_whose_ids_share_a_prefix_are_kept_apart():
    for tenant_id in ("tenant", "tenant-a", "tenant0", "tenant7"):
        factories.tenant(tenant_id)
        factories.grant(SVEN, by=user_of(tenant_id))
        factories.grant("support", by=user_of(tenant_id))
    record = people.agent("sven")
    assert record
    assert index_keys.grantee_shard("tenant") == index_keys.grantee_shard("tenant7")

    for shard in range(index_keys.GRANTEE_SHARDS):
        pairs = list(live_keys.tenants_of(record, shard, ""))
        ids = [tenant_id for tenant_id, _ in pairs]
        assert pairs == sorted(pairs)
        for tenant_id in set(ids):
            behind = [found for found, _ in live_keys.tenants_of(record, shard, tenant_id)]
            assert behind == [found for found in ids if found > tenant_id]


@pytest.mark.parametrize("batch", probes(3, rest=[1, 100]))
def test_tenants_with_any_characters_in_their_ids_are_listed_once_from_any_position(world, batch):
    ids = [
        "a",
        "A",
        *(f"a{mark}{more}" for mark in "-.:|+=@~_" for more in ("", "b")),
        "a~~",
        "-",
        "_",
        "0:a",
        "a" * 128,
    ]
    for tenant_id in ids:
        factories.tenant(tenant_id)
        factories.grant(SVEN, by=user_of(tenant_id))
        factories.grant("support", by=user_of(tenant_id))

    everything = found(batch=batch)

    assert sorted(place.tenant_id for _, place in everything) == sorted(ids)
    assert {len(place.grant_ids) for _, place in everything} == {2}
    for index, (position, _) in enumerate(everything):
        assert found(behind=position, batch=batch) == everything[index + 1 :], position


def test_live_keys_found_in_the_index_are_confirmed_with_strongly_consistent_reads():
    factories.grant(SVEN)

    with wire.watched() as sent:
        accessible_to()

    confirming = [request for request in sent if request.operation == "BatchGetItem"]
    assert confirming
    assert all(request.body["RequestItems"]["guestkey"]["ConsistentRead"] is True for request in confirming)


def test_live_keys_are_confirmed_by_tenant():
    annas, carlas = factories.grant(SVEN, by=ANNA), factories.grant(SVEN, by=CARLA)
    pairs = [("acme", annas.grant_id), ("globex", carlas.grant_id), ("globex", annas.grant_id)]

    confirmed = live_keys.confirm(pairs)

    assert {tenant_id: [key.grant_id for key in live.keys] for tenant_id, live in confirmed.items()} == {
        "acme": [annas.grant_id],
        "globex": [carlas.grant_id],
    }
