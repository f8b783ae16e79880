"""The path of the authorized route, from the route key and the path parameters and nothing else."""

from typing import Any

import pytest

from guestkey.edge.http import paths
from guestkey.errors import NotFound
from tests.rows_and_columns import each_row

RIGHT = "PUT /v1/vendor/tenants/{tenant_id}/users/{user_id}/right"


def event(route: Any, given: Any = None) -> dict[str, Any]:
    return {"routeKey": route, "rawPath": "/v1/me", "pathParameters": given}


def test_the_template_is_that_of_the_route_key() -> None:
    assert paths.template_of(event(RIGHT)) == ("PUT", RIGHT[4:])


@each_row("route", [None, "", "$default"])
def test_an_event_without_a_route_has_no_path(route: Any) -> None:
    assert paths.template_of(event(route))[1] == ""


def test_the_values_are_those_of_the_gateway() -> None:
    given = {"tenant_id": "acme", "user_id": "auth0|a@b.example:1+~=", "other": "a/b"}

    assert paths.parameters_of(event(RIGHT, given)) == {"tenant_id": "acme", "user_id": "auth0|a@b.example:1+~="}
    assert paths.concrete_of(event(RIGHT, given)) == ("PUT /v1/vendor/tenants/acme/users/auth0|a@b.example:1+~=/right")
    assert paths.concrete_of(event("GET /v1/me")) == "GET /v1/me"


@each_row(
    "value",
    [
        "",
        "a/b",
        "a%2Fb",
        "%61",
        "a?b",
        "a#b",
        "a\\b",
        "a\nb",
        "anna\n",
        "\x00",
        "a\u2028b",
        "{user_id}",
        None,
        7,
        ["a"],
    ],
    ids=ascii,
)
def test_a_value_with_other_characters_than_an_id_is_not_found(value: Any) -> None:
    for given in ({"tenant_id": "acme", "user_id": value}, {"tenant_id": value, "user_id": "anna"}):
        with pytest.raises(NotFound):
            paths.parameters_of(event(RIGHT, given))


@each_row("given", [None, {}, {"tenant_id": "acme"}, {"tenant_id": "acme", "User_id": "anna"}], ids=str)
def test_a_missing_value_is_not_found(given: Any) -> None:
    with pytest.raises(NotFound):
        paths.concrete_of(event(RIGHT, given))
