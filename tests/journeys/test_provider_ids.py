"""Ids in the shapes of eight identity providers, each for a tenant, a user, an agent and a department, over HTTP.

Paths are percent-encoded, tokens carry the ids, and the vendor registers them with `guestkey_client`.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from guestkey_client import Agent, Department, Entry, Guestkey, NoEntry, Refused, Right
from guestkey_client import Tenant as TenantRecord
from tests.identity_providers import SHAPES
from tests.journeys.calls import grant_to, login_at, refusal, success
from tests.journeys.world import Tenant, World, tenant_of
from tests.rows_and_columns import probes

IDS = {provider: ids[0] for provider, ids in SHAPES.items()} | {
    "Auth0, organisation": "org_AbCdEf123",
    "Cognito, name": "sven+1@vendor.example",
    "Entra ID, pairwise": SHAPES["Entra ID"][1],
}
ENCODED = ("Auth0", "Cognito", "Cognito, name")
"""Providers whose ids have characters that a path encodes; the gate takes only these."""


@pytest.fixture(scope="module")
def guestkey(world: World) -> Iterator[Guestkey]:
    """The client of the vendor's backend."""
    with Guestkey(world.stack.url, lambda: world.stack.token("backend")) as guestkey:
        yield guestkey


@pytest.mark.parametrize("provider", probes(*ENCODED, rest=[name for name in IDS if name not in ENCODED]))
def test_an_id_is_registered_granted_checked_entered_listed_exported_and_verified(
    world: World, guestkey: Guestkey, tmp_path: Path, provider: str
) -> None:
    id = IDS[provider]
    facts = tenant_of("x", name=f"Tenant {id}", approver_emails=["anna@acme.example"])
    guestkey.put(TenantRecord(tenant_id=id, **facts))
    guestkey.put(Department(department_id=id, name=f"Group {id}"))
    guestkey.put(Agent(agent_id=id, name=f"Agent {id}", email="sven@vendor.example", departments=[id], active=True))
    guestkey.put(Right(tenant_id=id, user_id=id, may_grant=False, changed_by=id))
    tenant = Tenant(world, id)
    user, agent = tenant.user("anna", user_id=id), world.caller("sven", sub=id)
    assert refusal(user.post("/v1/grants", grant_to("agent", id))) == (403, "right_missing")
    guestkey.put(Right(tenant_id=id, user_id=id, may_grant=True, changed_by=id))
    me = success(user.get("/v1/me"))
    assert (me["tenant_id"], me["user_id"], me["may_grant"]) == (id, id, True)
    assert success(agent.get(f"/v1/support/tenants/{quote(id, safe='')}"))["tenant_id"] == id
    found = success(user.get("/v1/directory"))
    assert id in {one["id"] for one in found["departments"]} and id in {one["id"] for one in found["agents"]}

    by_department = success(user.post("/v1/grants", grant_to("department", id)), 201)
    by_agent = success(user.post("/v1/grants", grant_to("agent", id)), 201)
    assert guestkey.may_begin(tenant_id=id, agent_id=id).allowed
    login = success(agent.post("/v1/support/logins", login_at(id)), 201)
    entry = Entry(tenant_id=id, agent_id=id, login_id=login["login_id"])
    assert guestkey.let_in(entry).allowed
    (place,) = success(agent.get("/v1/support/access"))["items"]
    assert (place["tenant_id"], len(place["grant_ids"])) == (id, 2)

    listed = [(grant["grantee"]["type"], grant["grantee"]["id"]) for grant in tenant.all_of("/v1/grants?limit=1")]
    assert sorted(listed) == [("agent", id), ("department", id)]
    (login,) = tenant.all_of("/v1/logins")
    assert (login["agent"]["id"], login["agent"]["departments"]) == (id, [id])
    for path in ("/v1/grants.csv", "/v1/logins.csv"):
        assert f'"{id}"' in user.get(path).text.replace("\"'", '"')
    for grant in (by_department, by_agent):
        revoked = success(user.delete(f"/v1/grants/{grant['grant_id']}"))
        assert revoked["revoked_by"]["user_id"] == id
    with pytest.raises(NoEntry, match="no_live_grant"):
        guestkey.let_in(entry)

    ledger = tenant.ledger(limit=3)
    assert {one["tenant_id"] for one in ledger.entries} == {id}
    verified = ledger.verify(tmp_path)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert f"of the ledger of {id}." in verified.stdout


def test_a_path_is_decoded_once_and_a_plus_is_a_plus(world: World) -> None:
    for path in ("plus+plus", "plus%2Bplus"):
        answer = world.backend.put(f"/v1/vendor/departments/{path}", {"name": "Plus"})
        assert success(answer)["id"] == "plus+plus"
    twice = world.backend.put("/v1/vendor/departments/auth0%257Ctwice", {"name": "Twice"})
    assert twice.status_code in (404, 422)
    assert world.item("DEPARTMENT#auth0|twice", "PROFILE") is None


@pytest.mark.parametrize("id", ["~acme", "|acme", "a#b", "a/b", "a" * 129])
def test_an_id_of_another_form_is_refused(world: World, guestkey: Guestkey, id: str) -> None:
    assert refusal(world.caller("anna", tenant_id=id).get("/v1/me")) == (403, "claim_invalid")
    assert refusal(world.caller("sven", sub=id).get("/v1/support/access")) == (403, "claim_invalid")
    with pytest.raises(Refused) as refused:
        guestkey.put(Department(department_id=id, name="Another form"))
    assert refused.value.status in (404, 422)
