"""Lists show the present name of an agent or department beside the one that the customer consented to (rule 3)."""

import csv
import io
from typing import Any

import pytest

from guestkey.store.dynamodb import keys
from tests import factories, table
from tests.calls import call
from tests.functions.test_put_agent import SVENS, put
from tests.personas import ANNA, BACKEND, DORA, SVEN, Caller
from tests.rows_and_columns import each_row

NAMES = ("Sven Brandt", "Svenja Falk")


def renamed(agent_id: str = "sven", **as_: Any) -> None:
    assert put(SVENS | {"name": "Svenja Falk"} | as_, agent_id).status == 200


def names_in(path: str, member: str, caller: Caller = ANNA) -> list[tuple[str, str | None]]:
    answer = call("GET", path, caller=caller)
    assert answer.status == 200, answer.text
    found = answer.body.get("items", [answer.body])
    return [(one[member]["name"], one[member]["present_name"]) for one in found]


@pytest.fixture
def of_sven(world: object) -> tuple[str, str]:
    """Sven was let in, came in and asks for more. Returns the ids of the grant and the request."""
    grant_id = factories.grant(SVEN, period="permanent").grant_id
    factories.login(SVEN)
    return grant_id, factories.requested(SVEN).request_id


PLACES: list[tuple[str, str, Caller]] = [
    ("/v1/grants", "grantee", ANNA),
    ("/v1/grants?state=live", "grantee", ANNA),
    ("/v1/grants?q=sven", "grantee", ANNA),
    ("/v1/grants/{grant_id}", "grantee", ANNA),
    ("/v1/requests", "agent", ANNA),
    ("/v1/requests?state=pending", "agent", ANNA),
    ("/v1/requests/{request_id}", "agent", ANNA),
    ("/v1/support/requests", "agent", SVEN),
    ("/v1/logins", "agent", ANNA),
]


@each_row(("path", "member", "caller"), PLACES)
def test_each_list_shows_both_names_where_they_differ(
    of_sven: tuple[str, str], path: str, member: str, caller: Caller
) -> None:
    grant_id, request_id = of_sven
    place = path.format(grant_id=grant_id, request_id=request_id)
    renamed(name="Sven Brandt")
    assert names_in(place, member, caller) == [("Sven Brandt", None)]

    renamed()
    assert names_in(place, member, caller) == [NAMES]


@pytest.mark.usefixtures("of_sven")
def test_the_name_of_a_person_who_follows_under_the_id_is_shown_beside_that_of_the_leaver() -> None:
    renamed(name="Sven Brandt", active=False)
    renamed(name="Max Falk")

    for path, member in (("/v1/grants", "grantee"), ("/v1/requests", "agent"), ("/v1/logins", "agent")):
        assert names_in(path, member) == [("Sven Brandt", "Max Falk")]
    [grant] = call("GET", "/v1/grants", caller=ANNA).body["items"]
    assert grant["end"] == "agent_left"


def test_a_department_is_shown_with_its_present_name_too(world: object) -> None:
    factories.grant("support")
    factories.revoked(factories.grant("development"))
    put_department = call("PUT", "/v1/vendor/departments/support", {"name": "First line"}, caller=BACKEND)
    assert put_department.status == 200

    assert names_in("/v1/grants", "grantee") == [("Development", None), ("Support", "First line")]


@pytest.mark.usefixtures("of_sven")
def test_an_approval_and_a_new_grant_are_for_the_present_name() -> None:
    renamed()
    factories.grant(SVEN)

    assert names_in("/v1/grants", "grantee") == [NAMES, ("Svenja Falk", None)]


@pytest.mark.usefixtures("of_sven")
def test_the_csv_for_people_has_a_column_and_that_for_machines_stays() -> None:
    renamed()
    for what, name in (("grants", "Für"), ("logins", "Mitarbeiter")):
        sheet = call("GET", f"/v1/{what}.csv?dialect=excel&language=de", caller=ANNA).text.removeprefix("\ufeff")
        [row] = csv.DictReader(io.StringIO(sheet), delimiter=";")
        assert (row[name], row["Heutiger Name"]) == NAMES
        assert "Svenja" not in call("GET", f"/v1/{what}.csv", caller=ANNA).text


@pytest.mark.usefixtures("of_sven")
def test_a_record_that_is_gone_or_cannot_be_read_has_no_present_name() -> None:
    [item] = table.items("AGENT#sven", "PROFILE")
    table.put([{name: value for name, value in item.items() if name != "email"}])
    assert names_in("/v1/grants", "grantee") == names_in("/v1/logins", "agent") == [("Sven Brandt", None)]

    table.drop(keys.agent("sven"))
    assert names_in("/v1/grants", "grantee") == names_in("/v1/requests", "agent") == [("Sven Brandt", None)]


def test_names_of_others_are_not_mixed_up(world: object) -> None:
    factories.grant(SVEN)
    factories.grant(DORA)
    renamed()

    assert names_in("/v1/grants", "grantee") == [("Dora Vogel", None), NAMES]
