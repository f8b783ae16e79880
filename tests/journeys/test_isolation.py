"""What a function may do to the table, and what no log may ever hold."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.emulator import REGION
from tests.journeys.calls import check_of, given, grant_to, login_at, refusal
from tests.journeys.contract import ROUTES, Route, Scene
from tests.journeys.world import Tenant, World, agent_of, tenant_of

READING = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"}
READERS = {"CheckFunction", "OverviewFunction"}


def roles(world: World) -> dict[str, str]:
    """Return each function's role as deployed, by the function's name in the template."""
    functions = world.deployment.client("lambda").list_functions()["Functions"]
    return {function["FunctionName"].split("-")[1]: function["Role"] for function in functions}


def statements(world: World, role: str) -> Iterator[dict[str, Any]]:
    """Yield what the template's own policies of a role say."""
    iam, name = world.deployment.client("iam"), role.rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        yield from iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]


def as_function(world: World, role: str) -> Any:
    """Return a client of the table that may do what the function may."""
    assumed = world.deployment.client("sts").assume_role(RoleArn=role, RoleSessionName="journeys")["Credentials"]
    make: Any = boto3.client
    return make(
        "dynamodb",
        endpoint_url=world.stack.url,
        region_name=REGION,
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
    )


def test_every_function_of_the_template_has_a_role_of_its_own(world: World) -> None:
    assert len(set(roles(world).values())) == len(roles(world)) >= 6


def test_no_role_may_scan_and_none_may_do_everything(world: World) -> None:
    for name, role in roles(world).items():
        for statement in statements(world, role):
            assert statement["Effect"] == "Allow"
            for action in statement["Action"]:
                assert "*" not in action, name
                assert action.split(":")[1] not in {"Scan", "BatchWriteItem", "PartiQLSelect", "DeleteTable"}, name
            if statement["Action"] != ["ses:SendEmail"]:  # which names the sender SES knows is the vendor's affair
                assert "*" not in str(statement["Resource"]).replace("/index/", ""), name


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reading_function_has_permission_to_read_and_no_other(world: World, name: str) -> None:
    actions = {action for statement in statements(world, roles(world)[name]) for action in statement["Action"]}

    assert actions <= READING


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reading_function_can_read_and_whatever_it_tries_to_write_is_denied(
    world: World, acme: Tenant, name: str
) -> None:
    table, key = world.table, {"PK": {"S": f"TENANT#{acme.tenant_id}"}, "SK": {"S": "PROFILE"}}
    dynamodb = as_function(world, roles(world)[name])
    item = key | {"kind": {"S": "forged"}}
    writes: dict[str, Callable[[], object]] = {
        "put": lambda: dynamodb.put_item(TableName=table, Item=item),
        "update": lambda: dynamodb.update_item(TableName=table, Key=key, UpdateExpression="SET a = PK"),
        "delete": lambda: dynamodb.delete_item(TableName=table, Key=key),
        "batch": lambda: dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}}]}),
        "transaction": lambda: dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": table, "Item": item}}]
        ),
        "scan": lambda: dynamodb.scan(TableName=table),
        "statement": lambda: dynamodb.execute_statement(Statement=f'DELETE FROM "{table}"'),
        "drop": lambda: dynamodb.delete_table(TableName=table),
    }

    assert dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]["kind"] == {"S": "tenant"}
    for write in writes.values():
        with pytest.raises(ClientError, match="AccessDenied"):
            write()
    assert given(acme.anna.get("/v1/about"))["tenant_id"] == acme.tenant_id


def test_the_functions_that_write_cannot_read_the_whole_table_either(world: World) -> None:
    for role in roles(world).values():
        with pytest.raises(ClientError, match="AccessDenied"):
            as_function(world, role).scan(TableName=world.table)


CANARY = "canary7f3a"


def test_no_token_no_address_and_no_reason_is_ever_logged(world: World) -> None:
    """Each text that a person typed carries a canary; what was refused must be as quiet as the rest."""
    address = f"{CANARY}-anna@example.com"
    tenant = world.new_tenant(name=f"{CANARY}-name", approver_emails=[address])
    agent = world.new_agent("support", name=f"{CANARY}-agent", email=f"{CANARY}-agent@example.com")
    anna = tenant.user("anna", user_id=address, name=f"{CANARY}-Anna", email=address)
    grant_id = given(anna.post("/v1/grants", grant_to("agent", agent.agent_id), key=f"{CANARY}-key"), 201)["grant_id"]
    order = login_at(tenant.tenant_id, f"{CANARY} reason", ticket=f"{CANARY}-ticket")
    login_id = given(agent.caller.post("/v1/support/logins", order), 201)["login_id"]
    tenant.put_right(address, may_grant=True)
    given(anna.get(f"/v1/directory?q={CANARY}"))
    for path in ("grants", "logins", "grants.csv", "logins.csv", "ledger", "me", "about", f"grants/{grant_id}"):
        assert anna.get(f"/v1/{path}").status_code == 200
    given(agent.caller.get("/v1/support/access"))
    given(agent.caller.post(f"/v1/support/logins/{login_id}/end"))
    assert world.allows(tenant.tenant_id, agent.agent_id)

    too_long, forged = f"{CANARY}{'x' * 600}", f"{CANARY}\u0000"
    refused = [
        agent.caller.post("/v1/support/logins", login_at(tenant.tenant_id, too_long)),
        agent.caller.post("/v1/support/logins", login_at(tenant.tenant_id, forged)),
        agent.caller.post("/v1/support/logins", {CANARY: CANARY}),
        agent.caller.post("/v1/support/logins", content=f'{{"{CANARY}":'.encode()),
        anna.post("/v1/grants", grant_to("agent", f"{CANARY}-nobody")),
        anna.post("/v1/grants", grant_to("agent", agent.agent_id), key=f"{CANARY} spaced"),
        anna.get(f"/v1/grants?cursor={CANARY}"),
        anna.get(f"/v1/grants/{CANARY}"),
        tenant.user("anna", act={"sub": CANARY}).get("/v1/grants"),
        tenant.user("anna", user_id=f"{CANARY} {CANARY}").get("/v1/grants"),
        world.caller("sven", sub=f"{CANARY}-agent-unknown").get("/v1/support/access?limit=0"),
        world.backend.put(f"/v1/vendor/tenants/{tenant.tenant_id}", tenant_of("x", approver_emails=[f"{address},b"])),
        world.backend.put(f"/v1/vendor/agents/{agent.agent_id}", agent_of("x", departments=[f"{CANARY}-department"])),
        world.backend.post("/v1/vendor/checks", check_of(f"{CANARY} {CANARY}", "sven")),
    ]
    assert all(refusal(answer)[0] < 500 for answer in refused)
    assert anna.over(anna.client).get(f"/v1/grants?token={CANARY}").status_code == 200
    anna.delete(f"/v1/grants/{grant_id}")

    logs = world.logs()
    assert any(tenant.tenant_id in said for said in logs.values()), "the functions' log was not found"
    for name, said in logs.items():
        # The agent that nobody registered is an id, which a log may hold: it is the token's `sub`, not a text.
        assert CANARY not in said.replace(f"{CANARY}-agent-unknown", ""), name
        assert "eyJ" not in said, name  # how every token begins
        assert "Bearer" not in said, name


CLOSING_TOO = {"POST /v1/requests/{request}/decline", "DELETE /v1/support/requests/{request}"}
"""What closes a request, beside approving it."""


def test_a_run_logs_one_line_for_each_outcome_and_no_trace_of_a_bug(world: World) -> None:
    """Run behind hundreds of hostile requests, it also says that none of them met a bug."""
    scene = Scene.set_up(world)
    answers = [scene.ask(route) for route in _asked_in_order()]
    assert all(answer.status_code < 300 for answer in answers)

    logs = world.logs()
    lines = [json.loads(line) for said in logs.values() for line in said.splitlines() if line.startswith('{"route"')]
    outcomes = [line for line in lines if line.get("tenant_id") == scene.tenant.tenant_id]
    assert {line["route"].split()[0] for line in outcomes} == {"GET", "POST", "DELETE"}
    assert all(line["status"] < 500 for line in lines if line.get("code") != "busy")
    for name, said in logs.items():
        assert "Traceback" not in said, name
        assert "[ERROR]" not in said, name


def _asked_in_order() -> list[Route]:
    """Return the routes, the one that locks Sven out last, and of those that close the request only one."""
    others = [route for route in ROUTES if route.call not in CLOSING_TOO]
    return sorted(others, key=lambda route: (route.method == "DELETE", "{request}" in route.path))
