"""The OpenAPI document describes the routes of the code, and the routes are those of the template."""

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import validate
from pydantic import ValidationError

from docs import openapi
from guestkey.edge.http import problem
from guestkey.edge.http.callers import OPEN_TO_ANYONE
from guestkey.edge.http.claims import SCOPES
from guestkey.errors import InputInvalid
from guestkey.rules import callbacks, grants, requests
from tests.journeys.contract import ROUTES
from tests.rows_and_columns import each_row


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def test_the_committed_document_is_what_the_routes_say(document: dict[str, Any]) -> None:
    assert json.loads(openapi.DOCUMENT.read_text()) == document


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


def test_every_route_of_the_template_is_described_and_no_other(document: dict[str, Any]) -> None:
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    assert described == set(openapi.scopes_by_route())


@pytest.mark.parametrize(
    ("shape", "state"),
    [("Grant", grants.State), ("Request", requests.State), ("Callback", callbacks.State)],
)
def test_what_is_called_a_state_is_that_of_the_thing(document: dict[str, Any], shape: str, state: Any) -> None:
    schemas = document["components"]["schemas"]
    named = schemas[shape]["properties"]["state"]["$ref"].rpartition("/")[2]

    assert schemas[named]["enum"] == [one.value for one in state]


@each_row(
    "sent",
    [
        {"tenant_id": "acme", "agent_id": "sven", "action": "enter"},
        {"tenant_id": "acme", "agent_id": "sven", "action": "export", "login_id": "01M81V514FBF41VD7CAMV1Y53Y"},
        {"tenant_id": "a" * 64, "agent_id": "0", "action": "enter"},
        {"tenant_id": "a" * 65, "agent_id": "sven", "action": "enter"},
        {"tenant_id": "Acme", "agent_id": "sven", "action": "enter"},
        {"tenant_id": "acme\n", "agent_id": "sven", "action": "enter"},
        {"tenant_id": "acme", "agent_id": "", "action": "enter"},
        {"tenant_id": "acme", "agent_id": "sven", "action": "look"},
        {"tenant_id": "acme", "agent_id": "sven", "action": "enter|export"},
        {"tenant_id": "acme", "agent_id": "sven", "action": None},
        {"tenant_id": "acme", "agent_id": 7, "action": "enter"},
        {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "login_id": None},
        {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "login_id": "81V514"},
        {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "login_id": "Z1M81V514FBF41VD7CAMV1Y53Y"},
        {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "why": "because"},
        {"tenant_id": "acme", "agent_id": "sven", "action": "enter", "a/b~c": "because"},
        {"tenant_id": "acme", "agent_id": "sven"},
        {},
        [],
        "acme",
        None,
    ],
)
def test_the_check_takes_what_its_description_takes_and_names_the_same_places(sent: Any) -> None:
    order = openapi.load("check").validated

    described, taken = None, None
    try:
        openapi.CheckInput.model_validate_json(json.dumps(sent))
    except ValidationError as error:
        described = {problem.fault("", *fault["loc"])["pointer"] for fault in error.errors()}
    try:
        order(sent)
    except InputInvalid as refusal:
        taken = {fault["pointer"] for fault in refusal.members["errors"]}

    assert taken == described


def test_a_map_whose_keys_have_a_pattern_has_no_other_keys(document: dict[str, Any]) -> None:
    """The product refuses other keys, and a schema of `patternProperties` alone allows them."""
    schemas = document["components"]["schemas"]
    maps = {
        f"{name}.{member}": schema
        for name in schemas
        for member, schema in schemas[name].get("properties", {}).items()
        if "patternProperties" in schema
    }

    assert {"DeskInput.numbers", "DeskInput.emails", "TopicInput.names"} <= maps.keys()
    assert [name for name, schema in maps.items() if schema["additionalProperties"] is not False] == []
    assert json.dumps(document).count('"patternProperties"') == len(maps)


def _answers(document: dict[str, Any], status: str) -> dict[str, dict[str, Any]]:
    """Return the descriptions of the answers with a status, by route."""
    return {
        f"{method.upper()} {path}": operation["responses"][status]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if status in operation["responses"]
    }


def test_a_route_with_a_token_describes_the_gateways_answer_without_one(document: dict[str, Any]) -> None:
    described = _answers(document, "401")

    assert described.keys() == set(openapi.scopes_by_route()) - OPEN_TO_ANYONE
    assert all(answer["content"] == openapi.BY_GATEWAY for answer in described.values())


def test_a_route_with_a_scope_describes_the_refusal_without_it(document: dict[str, Any]) -> None:
    refusing = {
        route for route, answer in _answers(document, "403").items() if "`scope_missing`" in answer["description"]
    }

    assert refusing == {route for route, scopes in openapi.scopes_by_route().items() if scopes} == SCOPES.keys()


@pytest.mark.parametrize("status", ["429", "503"])
def test_an_answer_to_wait_for_describes_the_header_with_the_seconds(document: dict[str, Any], status: str) -> None:
    described = _answers(document, status)

    assert described
    assert all(answer["headers"].keys() == {"Retry-After"} for answer in described.values())


def test_an_export_describes_the_header_of_its_next_page_and_the_ledger_that_of_its_head(
    document: dict[str, Any],
) -> None:
    headers = {route: answer["headers"] for route, answer in _answers(document, "200").items() if "headers" in answer}

    polled = {route for route, described in headers.items() if "ETag" in described}
    assert headers.keys() - polled == {"GET /v1/grants.csv", "GET /v1/logins.csv", "GET /v1/ledger"}
    assert all("Link" in headers[route] for route in headers.keys() - polled)
    assert polled == set(_answers(document, "304")) == {"GET /v1/presence", "GET /v1/pulse"}
    assert headers["GET /v1/ledger"]["Guestkey-Head"]["required"]


def test_a_route_with_an_id_in_its_path_describes_that_it_is_not_found(document: dict[str, Any]) -> None:
    """A path may hold characters that no id has; then no route fits it, whatever the form of its ids."""
    not_found = {route for route, answer in _answers(document, "404").items() if "`not_found`" in answer["description"]}

    assert not_found == {route for route in openapi.scopes_by_route() if "{" in route}


def test_a_route_with_a_day_in_its_path_describes_the_refusal_of_another_text(document: dict[str, Any]) -> None:
    invalid = {
        route for route, answer in _answers(document, "422").items() if "`input_invalid`" in answer["description"]
    }

    assert {route for route in openapi.scopes_by_route() if "{day}" in route} <= invalid
    assert "GET /v1/grants/{grant_id}" not in invalid


def test_a_body_is_required_but_where_the_contract_says_that_it_may_be_missing(document: dict[str, Any]) -> None:
    not_required = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not operation.get("requestBody", {"required": True})["required"]
    }

    assert not_required == {re.sub(r"\{(\w+)\}", r"{\1_id}", route.call) for route in ROUTES if route.body_is_optional}
