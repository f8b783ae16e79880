"""The local stack once in another region, and once with the Cognito pools that the template makes."""

import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local import build
from local.stack import Stack
from tests.journeys import stacks
from tests.journeys.calls import Caller, connection, grant_to, refusal, success
from tests.journeys.world import World, tenant_of

pytestmark = pytest.mark.nightly("it starts a stack of its own")
REGION = "eu-central-1"
SCOPES = "guestkey/check guestkey/registry guestkey/rights"
PASSWORD = f"Aa1!{secrets.token_hex(8)}"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A stack in another region than that of all other journeys."""
    made = Stack(tmp_path_factory.mktemp("elsewhere"), *stacks.free_ports(2), region=REGION)
    with stacks.running(made) as stack, connection(stack.url) as client:
        yield World(stack, client)


def test_in_another_region_everything_is_in_that_region_and_a_grant_is_given_mailed_and_revoked(
    elsewhere: World,
) -> None:
    tenant = elsewhere.new_tenant(approver_emails=["giulia@vendor.example"])
    grant_id = tenant.lets_in("sven")
    assert elsewhere.allows(tenant.tenant_id, "sven")
    tenant.is_entered_by(elsewhere.sven)
    success(tenant.anna.delete(f"/v1/grants/{grant_id}"))

    assert not elsewhere.allows(tenant.tenant_id, "sven")
    for function in elsewhere.lambda_.list_functions()["Functions"]:
        assert function["FunctionArn"].split(":")[3] == REGION
    elsewhere.clean_up()
    assert elsewhere.dynamodb.describe_table(TableName=elsewhere.table)["Table"]["TableArn"].split(":")[3] == REGION


# ------------------------------------------------------------------ pools


@pytest.fixture(scope="module")
def with_pools(elsewhere: World) -> World:
    """The same stack, updated to the pools that the template makes. The tokens of the local issuer are void then."""
    parameters = elsewhere.stack.parameters() | {"CreateUserPools": "yes"}
    outputs = elsewhere.deployment.deploy(build.BUILT, build.ARCHIVES, parameters)
    elsewhere.outputs.update(outputs)
    return elsewhere


def signed_in(world: World, kind: str, user: str, **attributes: str) -> Caller:
    """Create a user of a pool as an administrator does, and sign the user in. Returns a caller with the ID token."""
    cognito = world.deployment.client("cognito-idp")
    pool, client = world.outputs[f"{kind}PoolId"], world.outputs[f"{kind}PoolClientId"]
    given = [{"Name": name.replace("__", ":"), "Value": value} for name, value in attributes.items()]
    cognito.admin_create_user(UserPoolId=pool, Username=user, UserAttributes=given, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=user, Password=PASSWORD, Permanent=True)
    # The template's client takes no password without SRP, so a second way in is opened for this test.
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    cognito.update_user_pool_client(UserPoolId=pool, ClientId=client, ExplicitAuthFlows=flows)
    said: Any = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": PASSWORD},
    )
    return Caller(world.client, said["AuthenticationResult"]["IdToken"])


def backend(world: World) -> Caller:
    """Return the backend with a token of its client credentials."""
    cognito = world.deployment.client("cognito-idp")
    client = cognito.describe_user_pool_client(
        UserPoolId=world.outputs["VendorPoolId"], ClientId=world.outputs["VendorPoolClientId"]
    )["UserPoolClient"]
    said = httpx.post(
        f"{world.stack.url}/oauth2/token",
        auth=(client["ClientId"], client["ClientSecret"]),
        data={"grant_type": "client_credentials", "scope": SCOPES},
        trust_env=False,
    )
    return Caller(world.client, success(said)["access_token"])


def test_with_pools_a_user_an_agent_and_the_backend_sign_in_there_and_a_grant_is_given_and_revoked(
    with_pools: World,
) -> None:
    world, vendor = with_pools, backend(with_pools)
    success(vendor.put("/v1/vendor/tenants/pooled", tenant_of("pooled")))
    success(vendor.put("/v1/vendor/departments/pooled", {"name": "Pooled"}))
    agent = {"name": "Pat", "email": "pat@vendor.example", "departments": ["pooled"], "active": True}
    success(vendor.put("/v1/vendor/agents/pat", agent))
    user = signed_in(world, "Tenant", "uma", email="uma@pooled.example", name="Uma", custom__tenant_id="pooled")
    pat = signed_in(world, "Support", "pat", email="pat@vendor.example", name="Pat")

    assert success(user.get("/v1/me"))["user_id"] == "uma"
    granted = success(user.post("/v1/grants", grant_to("agent", "pat")), 201)
    success(pat.post("/v1/support/logins", {"tenant_id": "pooled", "reason": "The import"}), 201)
    success(user.delete(f"/v1/grants/{granted['grant_id']}"))
    check = {"tenant_id": "pooled", "agent_id": "pat", "action": "enter"}
    assert success(vendor.post("/v1/vendor/checks", check))["allowed"] is False


def test_with_pools_the_tokens_of_another_issuer_and_of_another_pool_are_refused(with_pools: World) -> None:
    assert with_pools.caller("anna").get("/v1/me").status_code == 401
    assert backend(with_pools).get("/v1/me").status_code == 401
    stranger = signed_in(with_pools, "Tenant", "eve", email="eve@pooled.example", name="Eve")
    assert refusal(stranger.get("/v1/me")) == (403, "claims_missing")
