"""GET /v1/about: the tenant's product version and customer name."""

import pytest

from tests import factories, invalid_inputs
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, CARLA, SVEN, Caller


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
        "version": "Enterprise 24.3",
        "time_zone": "Europe/Berlin",
        "country": "DE",
    }


def test_carla_sees_globex() -> None:
    assert get(caller=CARLA).body["name"] == "Globex Inc."


def test_a_change_shows_at_once() -> None:
    factories.tenant("acme", name="Acme SE")

    assert get().body["name"] == "Acme SE"


def test_an_unregistered_tenant_is_unknown() -> None:
    answer = get(caller=ANNA.but(tenant_id="nobody"))

    assert (answer.status, answer.code) == (404, "tenant_unknown")


@pytest.mark.parametrize("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"
