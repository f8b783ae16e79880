"""The first deployment with Cognito pools on an emulator, and its smoke test with users who signed in there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.rehearsal import AGENT_ID, TENANT_ID
from tests.deploy.operators import NIGHTLY, Operator, line, rehearsing
from tests.pools import add_user, sign_in

pytestmark = NIGHTLY


@dataclass(frozen=True)
class Deployed:
    """A stack that `make first-deploy` has deployed, and the output of the command."""

    url: str
    operator: Operator
    said: str


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with rehearsing(tmp_path_factory.mktemp("pools"), with_pools=True) as (made, operator):
        code, said = operator.types(["make", "first-deploy"])
        assert code == 0, said
        yield Deployed(made.url, operator, said)


def test_a_stack_with_pools_is_deployed_and_the_backends_token_comes_from_its_pool(
    deployed: Deployed, measured: Callable[[str], None]
) -> None:
    operator, said = deployed.operator, deployed.said
    assert "FAIL" not in said
    assert line(said, "issuers") == "ok     issuers: the stack creates Cognito pools"
    assert f"registering the customer {TENANT_ID} and the agent {AGENT_ID}" in said
    assert line(said, "token of vendor").startswith("ok")
    assert line(said, "check").startswith("ok")
    assert line(said, "first granted login").startswith("note")  # no user and no agent has a token yet
    file = Path(operator.environment["GUESTKEY_DEPLOYMENT"])
    assert 'CreateUserPools = "yes"' in file.read_text()
    measured(f"first-deploy with pools on the local stack: {said.rpartition('after ')[2].split(' minutes')[0]} minutes")


def test_a_user_and_an_agent_of_the_pools_get_through_the_smoke_test(deployed: Deployed) -> None:
    url, operator = deployed.url, deployed.operator
    cognito, outputs = operator.client("cognito-idp"), operator.outputs()
    facts = {"custom:tenant_id": TENANT_ID, "name": "Una User", "email": "una@vendor.example"}
    add_user(cognito, outputs["TenantPoolId"], "una", facts)
    add_user(cognito, outputs["SupportPoolId"], AGENT_ID, {})
    tokens = {
        "TENANT_TOKEN": sign_in(url, outputs["TenantPoolId"], outputs["TenantPoolClientId"], "una"),
        # The pool requires a second factor. AWS asks for it here, the emulator gives the tokens without.
        "SUPPORT_TOKEN": sign_in(url, outputs["SupportPoolId"], outputs["SupportPoolClientId"], AGENT_ID),
    }
    code, said = operator.runs("smoke", **tokens)

    assert code == 0, said
    for kind in ("tenant", "support", "vendor"):
        assert line(said, f"token of {kind}").startswith("ok"), kind
    assert "the check says yes while the grant is live" in said
    assert "the check says no after it was revoked" in said


def test_the_preflight_of_a_deployed_stack_with_pools_is_green(deployed: Deployed) -> None:
    code, said = deployed.operator.runs("preflight")

    assert code == 0, said
    assert line(said, "stack") == "ok     stack: guestkey exists and is UPDATE_COMPLETE"
