"""A vendor's product made of the examples in the docs, with the running stack."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from guestkey_client import Agent, ClientCredentials, Department, Desk, Entry, Guestkey, NoEntry, Refused, Right
from local import machines, sample
from local.issuer import SCOPES, TOKEN, Caller
from tests import product
from tests.journeys.calls import grant_to, refusal, success
from tests.journeys.world import Tenant, World
from tests.product import Get


@pytest.fixture
def guestkey(world: World) -> Iterator[Guestkey]:
    """The client of the vendor's backend, with a token of the local issuer's token endpoint."""
    token_url = f"{world.stack.issuer.url(Caller.VENDOR)}{TOKEN}"
    auth = ClientCredentials(token_url, machines.CLIENT_ID, machines.CLIENT_SECRET, " ".join(SCOPES))
    with Guestkey(world.stack.url, auth) as guestkey:
        yield guestkey


@pytest.mark.parametrize("serve", [product.with_fastapi, product.with_django])
def test_after_a_revoke_the_next_request_to_the_guarded_entry_is_refused(
    acme: Tenant, serve: Callable[[str, str], AbstractContextManager[Get]]
) -> None:
    world = acme.world
    grant_id = acme.lets_in("sven")
    sven = Entry(tenant_id=acme.tenant_id, agent_id="sven", login_id=acme.is_entered_by(world.sven))

    with serve(world.stack.url, world.stack.token("backend")) as get:
        assert get("/invoices", sven) == (200, b"[4711]")
        assert refused(get("/invoices.csv", sven)) == "export_not_granted"
        assert refused(get("/invoices", replace(sven, login_id=None))) == "no_login"
        assert refused(get("/invoices", replace(sven, login_id="no-login-id"))) == "unavailable"
        assert refused(get("/invoices", replace(sven, agent_id="dora"))) == "no_live_grant"

        success(acme.anna.delete(f"/v1/grants/{grant_id}"))
        assert refused(get("/invoices", sven)) == "no_live_grant"
        assert get("/invoices", None) == (200, b"[4711]")


@pytest.mark.parametrize("serve", [product.with_fastapi, product.with_django])
def test_a_product_without_the_scope_refuses_every_agent(
    acme: Tenant, serve: Callable[[str, str], AbstractContextManager[Get]]
) -> None:
    world = acme.world
    acme.lets_in("sven")
    sven = Entry(tenant_id=acme.tenant_id, agent_id="sven", login_id=acme.is_entered_by(world.sven))

    with serve(world.stack.url, world.stack.token("backend", scope="guestkey/registry")) as get:
        assert refused(get("/invoices", sven)) == "unavailable"


def refused(answer: tuple[int, bytes]) -> str:
    status, body = answer
    assert status == 403
    reason: str = json.loads(body)["reason"]
    return reason


def test_a_registered_agent_can_enter_until_deactivated(acme: Tenant, guestkey: Guestkey) -> None:
    department_id, agent_id = f"d-{secrets.token_hex(6)}", f"a-{secrets.token_hex(6)}"
    nora = Agent(
        agent_id=agent_id, name="Nora Nacht", email="nora@vendor.example", departments=[department_id], active=True
    )
    guestkey.put(Department(department_id=department_id, name="Night shift"))
    guestkey.put(nora)
    acme.lets_in_all_of(department_id)
    assert guestkey.may_begin(tenant_id=acme.tenant_id, agent_id=agent_id).allowed

    login_id = acme.is_entered_by(acme.world.caller("sven", sub=agent_id))
    entry = Entry(tenant_id=acme.tenant_id, agent_id=agent_id, login_id=login_id)
    assert guestkey.let_in(entry).grant_id

    guestkey.put(replace(nora, active=False))
    with pytest.raises(NoEntry, match="agent_inactive"):
        guestkey.let_in(entry)


def test_a_user_whose_right_the_backend_removes_cannot_grant_access(acme: Tenant, guestkey: Guestkey) -> None:
    guestkey.put(Right(tenant_id=acme.tenant_id, user_id="auth0|ben@x:1", may_grant=False, changed_by="anna"))
    ben = acme.user("ben", user_id="auth0|ben@x:1")
    assert refusal(ben.post("/v1/grants", grant_to("agent", "sven"))) == (403, "right_missing")

    guestkey.put(Right(tenant_id=acme.tenant_id, user_id="auth0|ben@x:1", may_grant=True))
    success(ben.post("/v1/grants", grant_to("agent", "sven")), 201)


def test_the_desk_reads_as_it_was_put_and_a_refusal_names_its_faults(guestkey: Guestkey) -> None:
    guestkey.put(Desk(record=sample.DESK))
    assert guestkey.desk() == Desk(record=sample.DESK)

    with pytest.raises(Refused) as refused:
        guestkey.put(Desk(record=sample.DESK | {"lines": 0}))
    assert (refused.value.status, refused.value.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in refused.value.problem["errors"]] == ["#/lines"]
