"""Records written through the client are those that the functions store. The functions run on moto."""

import pytest

from guestkey.store.registry import people, tenants
from guestkey_client import Agent, Department, Desk, Guestkey, Refused, Right, Tenant
from local import sample
from tests import calls, factories
from tests.client.fake_server import URL, Call, FakeServer, response
from tests.personas import BACKEND
from tests.rows_and_columns import each_row

pytestmark = pytest.mark.usefixtures("world")

INITECH = Tenant(
    tenant_id="initech",
    name="Initech Ltd",
    version="Enterprise 24.3",
    time_zone="Europe/London",
    language="en",
    country="GB",
    approver_emails=["peter@initech.example"],
)


@pytest.fixture
def guestkey() -> Guestkey:
    return Guestkey(URL, lambda: "a-token", transport=calls.transport(BACKEND))


def test_a_tenant_is_registered_and_its_users_right_taken_and_given_back(guestkey: Guestkey) -> None:
    guestkey.put(INITECH)
    assert tenants.tenant("initech").approver_emails == ("peter@initech.example",)

    guestkey.put(Right(tenant_id="initech", user_id="auth0|milton@x:1", may_grant=False))
    assert factories.holds_right("initech", "auth0|milton@x:1") is False
    guestkey.put(Right(tenant_id="initech", user_id="auth0|milton@x:1", may_grant=True, changed_by="peter"))
    assert factories.holds_right("initech", "auth0|milton@x:1") is True


def test_an_agent_is_registered_in_a_registered_department(guestkey: Guestkey) -> None:
    guestkey.put(Department(department_id="night", name="Night shift"))
    guestkey.put(
        Agent(agent_id="nora", name="Nora Nacht", email="nora@vendor.example", departments=("night",), active=True)
    )
    nora = people.agent("nora")

    assert nora and (nora.name, nora.departments, nora.is_active) == ("Nora Nacht", ("night",), True)


def test_the_desk_is_read_back_unchanged(guestkey: Guestkey) -> None:
    guestkey.put(Desk(record=sample.DESK | {"lines": 3}))

    assert guestkey.desk().record["lines"] == 3
    guestkey.put(guestkey.desk())


def test_a_refusal_has_its_code_and_names_every_fault(guestkey: Guestkey) -> None:
    with pytest.raises(Refused) as unknown:
        guestkey.put(Right(tenant_id="nobody", user_id="anna", may_grant=False))
    assert (unknown.value.status, unknown.value.code) == (404, "tenant_unknown")

    with pytest.raises(Refused) as refused:
        guestkey.put(Desk(record=sample.DESK | {"lines": 0, "country": "Germany"}))
    assert refused.value.code == "input_invalid"
    assert {fault["pointer"] for fault in refused.value.problem["errors"]} >= {"#/lines", "#/country"}


def test_an_id_with_any_characters_is_one_segment_of_the_path(call: Call) -> None:
    server = FakeServer([response(200, {})])
    call(server, "put", Right(tenant_id="acme/../globex", user_id="a/b?c#d", may_grant=True))

    assert server.sent[0].url.raw_path == b"/v1/vendor/tenants/acme%2F..%2Fglobex/users/a%2Fb%3Fc%23d/right"


@each_row("body", [[], None, b"<html>"])
def test_a_malformed_desk_record_is_an_error(call: Call, body: object) -> None:
    with pytest.raises(Exception, match="no record of a support desk"):
        call(FakeServer([response(200, body)]), "desk")
    assert call(FakeServer([response(200, sample.DESK)]), "desk").record == sample.DESK
