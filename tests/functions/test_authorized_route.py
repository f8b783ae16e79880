"""Every function acts on the route that API Gateway authorized, or answers 404: the raw path decides nothing."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.dynamodb.models.table import Table

from guestkey.edge.http.paths import VARIABLE
from tests import factories, stack, table
from tests.calls import Answer, answer, call, event, handler, send
from tests.functions.test_every_endpoint import CALLS, FIRST_ROUTES, made_event
from tests.personas import ANNA, BACKEND, BEN
from tests.rows_and_columns import IS_NIGHTLY, each_row

GIVE = {"may_grant": True}
BENS_RIGHT = "/v1/vendor/tenants/acme/users/ben/right"
REGISTRY_ONLY = BACKEND.but(scope="guestkey/registry")
RANDOM = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b|\b[0-9a-f]{32}\b")
WITH_VARIABLES = [key for key in CALLS if "{" in key]
PIECES = [
    "acme", "anna", "ben", "/", "//", "%2F", "%2f", "%252F", "%25", "..", ".", ";", "?", "#", "\\", " ", "\n", "\x00",
    "ä", "{user_id}", "<user_id>", "/users/ben/right", "users", "right", "open", "approve", "/approve", "/v1/me",
]  # fmt: skip


def with_path(sent: dict[str, Any], path: str, stage: str = "$default") -> dict[str, Any]:
    """Return the event with another raw path and stage; route key and path parameters stay the same."""
    context = sent["requestContext"]
    http = context["http"] | {"path": path}
    return sent | {"rawPath": path, "requestContext": context | {"http": http, "stage": stage}}


def told(sent: dict[str, Any], picture: Table) -> tuple[int, str]:
    """Return the answer to an event, in the world as it was, without its random parts."""
    table.restore(picture)
    said = send(sent)
    return said.status, RANDOM.sub("…", said.text)


def records() -> list[Any]:
    """Return all items, without counters of unknown names, and without heads, which hold priority claims."""
    return [item for item in table.items() if item["kind"]["S"] not in {"counter", "ledger_head"}]


def existing_event(route: str) -> dict[str, Any]:
    """Return an event of the route that names things which exist, so that 404 is a wrong answer."""
    made = {"grant_id": factories.grant().grant_id, "login_id": factories.login().login_id}
    made |= {"request_id": factories.requested().request_id, "callback_id": factories.callback().callback_id}
    sent = made_event(route)
    parameters = sent.get("pathParameters") or {}
    sent["pathParameters"] = {name: made.get(name, value) for name, value in parameters.items()}
    return with_path(sent, VARIABLE.sub(lambda name: sent["pathParameters"][name[1]], route.partition(" ")[2]))


@pytest.mark.parametrize("route", CALLS if IS_NIGHTLY else FIRST_ROUTES)
def test_no_raw_path_changes_the_answer_of_a_route(route: str) -> None:
    sent, picture = existing_event(route), table.picture()
    path, right = sent["rawPath"], told(sent, picture)
    assert right[0] != 404, right
    paths = [
        (f"/access{path}", "$default"),
        (f"/live{path}", "live"),
        (BENS_RIGHT, "$default"),
        (f"/a/b{path}", "$default"),
        (path, "live"),
        (f"/access/live{path}", "live"),
        (f"{path}/", "$default"),
        (quote(path, safe=""), "$default"),
        ("", "$default"),
        ("/v1/me", "$default"),
        (f"{path}\n", "$default"),
    ]

    for other, stage in paths:
        assert told(with_path(sent, other, stage), picture) == right, (other, stage)


@each_row(
    ("method", "path"),
    [("GET", "/v1/contact?country=CH"), ("GET", "/activate"), ("HEAD", "/activate"), ("GET", "/assets/panel.js")],
)
def test_no_raw_path_changes_the_answer_of_a_public_route(method: str, path: str) -> None:
    sent, picture = event(method, path, caller=None), table.picture()
    right = told(sent, picture)
    assert right[0] == 200

    for other, stage in ((f"/access{path}", "$default"), (f"/live{path}", "live"), ("/v1/me", "live"), ("", "live")):
        assert told(with_path(sent, other, stage), picture) == right, (other, stage)


@given(route=st.sampled_from(WITH_VARIABLES), pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=4))
@settings(max_examples=500 if IS_NIGHTLY else 100)
def test_a_value_of_any_form_selects_no_other_route(route: str, pieces: list[str]) -> None:
    value, sent = "".join(pieces), made_event(route)
    name = VARIABLE.findall(route)[-1]
    sent["pathParameters"] |= {name: value}
    path = VARIABLE.sub(lambda variable: sent["pathParameters"][variable[1]], route.partition(" ")[2])
    is_id = re.fullmatch(r"[A-Za-z0-9._|@:+=~-]+", value)

    before = records()
    said = send(with_path(sent, path)) if not is_id else None

    assert records() == before
    assert said is None or said.status in {404, 422, 429}
    if "/" in value or "%" in value:
        assert said is not None and (said.status, said.code) == (404, "not_found")


@pytest.mark.parametrize("value", ["acme%2Fusers%2Fben%2Fright", "acme%252Fusers%252Fben%252Fright"])
def test_a_scope_for_tenants_gives_no_right(value: str) -> None:
    with table.unchanged():
        said = call("PUT", f"/v1/vendor/tenants/{value}", GIVE, caller=REGISTRY_ONLY)

    assert (said.status, said.code) == (404, "not_found")
    assert not factories.holds_right("acme", BEN.id)


def test_an_authorized_route_is_not_that_of_the_raw_path() -> None:
    sent = event("PUT", "/v1/vendor/tenants/initech", GIVE, caller=REGISTRY_ONLY)

    with table.unchanged():
        said = send(with_path(sent, BENS_RIGHT))

    assert (said.status, said.code) == (422, "input_invalid")


def test_a_method_of_the_request_does_not_replace_that_of_the_route() -> None:
    given = factories.grant()
    sent = event("GET", f"/v1/grants/{given.grant_id}", caller=ANNA)
    sent["requestContext"]["http"]["method"] = "DELETE"

    with table.unchanged():
        assert send(sent).status == 200


@each_row("folder", sorted({route.folder for route in stack.routes()}))
def test_a_function_does_not_serve_the_route_of_another(folder: str) -> None:
    with table.unchanged():
        for route in stack.guarded_routes():
            if route.folder != folder:
                said = _said(folder, made_event(route.key))
                assert (said.status, said.code) == (404, "not_found"), route.key


@each_row("route", [None, "", "$default", "ANY /{proxy+}", "GET /v1/nowhere", "GET/v1/me", "me"])
def test_an_unknown_route_is_not_found(route: str | None) -> None:
    sent = event("GET", "/v1/me", caller=ANNA) | {"routeKey": route}

    for folder in sorted({route.folder for route in stack.routes()}):
        said = _said(folder, sent)
        assert (said.status, said.code) == (404, "not_found"), folder


@each_row("route", WITH_VARIABLES)
def test_a_route_without_its_values_is_not_found(route: str) -> None:
    for values in (None, {}, {"other": "acme"}):
        with table.unchanged():
            said = send(made_event(route) | {"pathParameters": values})
        assert (said.status, said.code) == (404, "not_found")


def test_no_module_reads_the_path_or_the_method_of_the_request() -> None:
    """One function replaces the raw path by that of the authorized route, for Powertools."""
    found = [
        path.relative_to(stack.PROJECT / "layers/core/guestkey").as_posix()
        for path in sorted((stack.PROJECT / "layers").rglob("*.py"))
        if re.search(r"rawPath|raw_path|current_event\.(path|http_method)", path.read_text())
    ]

    assert found == ["edge/http/routes.py"]
    for path in (stack.PROJECT / "functions").rglob("*.py"):
        assert not re.search(r"rawPath|raw_path|current_event|requestContext.*http", path.read_text()), path


def test_an_idempotency_key_belongs_to_the_authorized_path() -> None:
    body, keyed = {"grantee": {"type": "agent", "id": "sven"}}, {"idempotency-key": "the-first"}
    sent = event("POST", "/v1/grants", body, caller=ANNA, headers=keyed)

    first, again = send(sent), send(with_path(sent, "/access/v1/grants", "live"))

    assert (first.status, again.status) == (201, 201)
    assert first.text == again.text


def _said(folder: str, sent: dict[str, Any]) -> Answer:
    return answer(json.loads(json.dumps(handler(folder)(sent, None))))
