"""GET /v1/about: the tenant's product version and customer name."""

import pytest

from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, CARLA, SVEN, Caller
from tests.rows_and_columns import each_row


def get(*, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/about", caller=caller)


@pytest.mark.parametrize(
    "caller", [ANNA, BEN, ANNA.acting()], ids=["anna", "ben, without the right", "acting for anna"]
)
def test_every_user_of_acme_sees_its_name_and_version(caller: Caller) -> None:
    answer = get(caller=caller)

    assert answer.status == 200
    assert answer.body == {
        "tenant_id": "acme",
        "name": "Acme Immobilien GmbH",
        "customer_name": "acme",
        "version": "Enterprise 24.3",
        "time_zone": "Europe/Berlin",
        "country": "DE",
    }


def test_a_customer_name_that_the_vendor_registered_is_shown_beside_the_id() -> None:
    factories.tenant("acme", customer_name="Acme Immo")

    body = get().body
    assert (body["tenant_id"], body["customer_name"]) == ("acme", "Acme Immo")


def test_a_tenant_stored_before_there_were_customer_names_has_its_id() -> None:
    stored = table.one(keys.tenant("acme"))
    assert stored
    table.put([{name: value for name, value in stored.items() if name != "customer_name"}])

    assert get().body["customer_name"] == "acme"


def test_carla_sees_globex() -> None:
    assert get(caller=CARLA).body["name"] == "Globex Inc."


def test_a_change_shows_at_once() -> None:
    factories.tenant("acme", name="Acme SE")

    assert get().body["name"] == "Acme SE"


def test_an_unregistered_tenant_is_unknown() -> None:
    answer = get(caller=ANNA.but(tenant_id="nobody"))

    assert (answer.status, answer.code) == (404, "tenant_unknown")


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"
