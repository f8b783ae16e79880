"""GET /v1/support/tenants/{tenant_id}: the approvers of a tenant. Limit of unknown names: `test_request_limits.py`."""

import pytest

from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row


def get(tenant_id: str = "acme", *, caller: Caller = SVEN) -> Answer:
    return call("GET", f"/v1/support/tenants/{tenant_id}", caller=caller)


def test_sven_sees_the_approvers_of_acme() -> None:
    answer = get()

    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body == {
        "tenant_id": "acme",
        "name": "Acme Immobilien GmbH",
        "country": "DE",
        "language": "de",
        "approver_emails": ["anna@acme.example", "giulia@acme.example"],
        "locked": False,
        "policy_version": 0,
    }


def test_any_agent_may_read_any_tenant_with_or_without_access() -> None:
    factories.grant()

    assert get("globex").body["approver_emails"] == ["carla@globex.example"]


def test_a_tenant_may_have_no_approvers() -> None:
    factories.tenant("initech", approver_emails=())

    assert get("initech").body["approver_emails"] == []


def test_reading_changes_nothing() -> None:
    with table.unchanged():
        get()


def test_an_unregistered_tenant_is_unknown() -> None:
    answer = get("nobody")

    assert (answer.status, answer.code) == (404, "tenant_unknown")
    assert table.items("TENANT#nobody") == []


@pytest.mark.parametrize("tenant_id", ["x%20y", "a" * 129, "%2e%2e", "~acme", "%7Cacme"])
def test_a_malformed_tenant_id_is_unknown(tenant_id: str) -> None:
    assert (get(tenant_id).status, get(tenant_id).text) == (404, get("nobody").text)


@each_row("tenant_id", ["%00", "acme%0A", "acme%23LEDGER", "acme%2Flogins"])
def test_an_id_that_no_path_can_contain_is_not_looked_up(tenant_id: str) -> None:
    with table.unchanged():
        assert (get(tenant_id).status, get(tenant_id).code) == (404, "not_found")


@each_row("caller", [EMIL, SVEN.but(sub="nobody"), ANNA], ids=["inactive", "unknown", "a user's id"])
@each_row("tenant_id", ["acme", "nobody", "x%20y"])
def test_only_an_active_agent_is_accepted_and_this_is_checked_first(caller: Caller, tenant_id: str) -> None:
    with table.unchanged():
        answer = get(tenant_id, caller=caller)

    assert (answer.status, answer.code) == (403, "agent_inactive")


def test_a_token_that_acts_for_sven_is_refused() -> None:
    assert get(caller=SVEN.acting()).code == "acting_for_another"


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"
