"""A locked door against clients that check and agents who enter, over real connections. The test writes the door."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import Any

from tests.journeys.calls import check_of, login_at, refusal, success
from tests.journeys.concurrency import ask_until, connections
from tests.journeys.world import Tenant, World
from tests.rows_and_columns import rounds

CHECKS, LOGINS, GRANTS = "/v1/vendor/checks", "/v1/support/logins", "/v1/grants"
LOCKS, PRODUCTS, ENTERING = rounds(20, gate=2), 6, 2


def put_door(world: World, tenant: Tenant, version: int, *, is_locked: bool, void: tuple[str, ...] = ()) -> None:
    """Write the door and its version on the ledger head in one transaction, as its writers will."""
    pk = {"S": f"TENANT#{tenant.tenant_id}"}
    head_key = {"PK": pk, "SK": {"S": "LEDGER"}}
    while True:
        head = world.dynamodb.get_item(TableName=world.table, Key=head_key, ConsistentRead=True)["Item"]
        seq, at = int(head["seq"]["N"]) + 1, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {"S": json.dumps([{"seq": seq, "at": at, "word": "locked"}])}
        door: dict[str, Any] = {"PK": pk, "SK": {"S": "LIVE#!DOOR"}, "kind": {"S": "door"}, "form": {"N": "1"}}
        door |= {"version": {"N": str(version)}, "locked": {"BOOL": is_locked}}
        for name, voidings in (("void_before", "voidings"), ("logins_void_before", "login_voidings")):
            door |= {name: {"N": str(seq)}, voidings: told} if name in void else {}
        move = {
            "TableName": world.table,
            "Key": head_key,
            "UpdateExpression": "SET door = :door",
            "ConditionExpression": "seq = :seq",
            "ExpressionAttributeValues": {":door": {"N": str(version)}, ":seq": head["seq"]},
        }
        try:
            world.dynamodb.transact_write_items(
                TransactItems=[{"Put": {"TableName": world.table, "Item": door}}, {"Update": move}]
            )
        except world.dynamodb.exceptions.TransactionCanceledException:
            continue
        return


def test_no_check_and_no_login_that_starts_after_a_lock_is_allowed(
    world: World, measured: Callable[[str], None]
) -> None:
    checks = logins = entered = 0
    for _ in range(LOCKS):
        tenant, agent = world.new_tenant(), world.new_agent()
        tenant.lets_in(agent.agent_id)
        order, over = check_of(tenant.tenant_id, agent.agent_id), Event()
        with (
            connections(world.backend, PRODUCTS) as products,
            connections(agent.caller, ENTERING) as agents,
            ThreadPoolExecutor(max_workers=PRODUCTS + ENTERING) as threads,
        ):
            asking = [threads.submit(ask_until, over, partial(product.post, CHECKS, order)) for product in products]
            entering = [
                threads.submit(ask_until, over, partial(one.post, LOGINS, login_at(tenant.tenant_id))) for one in agents
            ]
            time.sleep(0.2)
            put_door(world, tenant, 1, is_locked=True, void=("logins_void_before",))
            locked_at = time.monotonic()
            time.sleep(0.3)
            over.set()
            asked = [one for client in asking for one in client.result(timeout=60)]
            tried = [one for client in entering for one in client.result(timeout=60)]

        after = [success(one.answer) for one in asked if one.started > locked_at]
        late = [one.answer for one in tried if one.started > locked_at]
        assert {(one["allowed"], one["reason"]) for one in after} == {(False, "locked")}
        assert {refusal(one) for one in late} == {(403, "policy_forbids")}
        recorded = [success(one.answer, 201)["login_id"] for one in tried if one.answer.status_code == 201]
        assert recorded
        for login_id in recorded:
            within = check_of(tenant.tenant_id, agent.agent_id, login_id=login_id)
            assert success(world.backend.post(CHECKS, within))["reason"] == "locked"
        checks, logins, entered = checks + len(after), logins + len(late), entered + len(recorded)
    measured(f"{LOCKS} locks: {checks} checks and {logins} logins after them, 0 allowed; {entered} logins before them")


def test_a_lift_ends_what_was_given_before_and_a_new_grant_lets_in(world: World) -> None:
    tenant, agent = world.new_tenant(), world.new_agent()
    grant_id = tenant.lets_in(agent.agent_id)
    login_id = tenant.is_entered_by(agent.caller)
    put_door(world, tenant, 1, is_locked=True, void=("logins_void_before",))
    grant = {"grantee": {"type": "agent", "id": agent.agent_id}}
    assert refusal(tenant.anna.post(GRANTS, grant)) == (409, "locked_down")
    assert success(agent.caller.get("/v1/support/access"))["items"] == []

    put_door(world, tenant, 2, is_locked=False, void=("void_before", "logins_void_before"))
    order = check_of(tenant.tenant_id, agent.agent_id)
    assert success(world.backend.post(CHECKS, order))["reason"] == "no_live_grant"
    assert success(tenant.anna.get(f"{GRANTS}/{grant_id}"))["end"] == "locked"
    [login] = success(tenant.anna.get("/v1/logins"))["items"]
    assert (login["login_id"], login["end_cause"]) == (login_id, "locked")

    tenant.lets_in(agent.agent_id)
    assert success(world.backend.post(CHECKS, order))["allowed"]
    within = check_of(tenant.tenant_id, agent.agent_id, login_id=login_id)
    assert success(world.backend.post(CHECKS, within))["reason"] == "no_login"
