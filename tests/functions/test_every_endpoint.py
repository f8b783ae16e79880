"""Behaviour of every function: odd events, AWS unreachable, bugs, and the lines of the log."""

import json
from hashlib import sha256
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from pynamodb.exceptions import PynamoDBException

from guestkey.edge import log
from guestkey.edge.http import callers
from guestkey.rules.people import User
from local import sample
from tests import factories, invalid_inputs, stack, table
from tests.calls import call, event, send
from tests.personas import ANNA, BACKEND, SVEN, Caller
from tests.rows_and_columns import IS_NIGHTLY, each_row, rows_and_columns

TENANT = {
    "name": "Acme SE",
    "version": "25",
    "time_zone": "Europe/Berlin",
    "language": "de",
    "country": "DE",
    "approver_emails": [],
}
AGENT = {"name": "Sven", "email": "sven@vendor.example", "departments": ["support"], "active": True}
CALLBACK = {"topic": "question", "description": "The import", "phone": "0241 446860"}
CALLS: dict[str, tuple[str, Any, Caller]] = {
    "GET /v1/me": ("/v1/me", None, ANNA),
    "GET /v1/about": ("/v1/about", None, ANNA),
    "GET /v1/directory": ("/v1/directory", None, ANNA),
    "GET /v1/rights": ("/v1/rights", None, ANNA),
    "GET /v1/presence": ("/v1/presence", None, ANNA),
    "GET /v1/pulse": ("/v1/pulse", None, ANNA),
    "POST /v1/grants": ("/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, ANNA),
    "GET /v1/grants": ("/v1/grants", None, ANNA),
    "GET /v1/grants.csv": ("/v1/grants.csv", None, ANNA),
    "GET /v1/grants/{grant_id}": (f"/v1/grants/{invalid_inputs.UNKNOWN_ID}", None, ANNA),
    "DELETE /v1/grants/{grant_id}": (f"/v1/grants/{invalid_inputs.UNKNOWN_ID}", None, ANNA),
    "POST /v1/grants/{grant_id}/keep": (f"/v1/grants/{invalid_inputs.UNKNOWN_ID}/keep", None, ANNA),
    "GET /v1/logins": ("/v1/logins", None, ANNA),
    "GET /v1/logins.csv": ("/v1/logins.csv", None, ANNA),
    "GET /v1/ledger": ("/v1/ledger", None, ANNA),
    "GET /v1/notices": ("/v1/notices", None, ANNA),
    "PUT /v1/notices": ("/v1/notices", {"kinds": {"granted": "digest"}}, ANNA),
    "PUT /v1/lockdown": ("/v1/lockdown", {"reason": "An alarm"}, ANNA),
    "DELETE /v1/lockdown": ("/v1/lockdown", {"keep_grants": True}, ANNA),
    "GET /v1/policy": ("/v1/policy", None, ANNA),
    "PUT /v1/policy": ("/v1/policy", {"version": 0, "rules": {"no_permanent": True}}, ANNA),
    "POST /v1/policy/breaking/revoke": ("/v1/policy/breaking/revoke", None, ANNA),
    "DELETE /v1/policy/waiting": ("/v1/policy/waiting", None, ANNA),
    "GET /v1/requests": ("/v1/requests", None, ANNA),
    "GET /v1/requests/{request_id}": (f"/v1/requests/{invalid_inputs.UNKNOWN_ID}", None, ANNA),
    "POST /v1/requests/{request_id}/approve": (f"/v1/requests/{invalid_inputs.UNKNOWN_ID}/approve", {}, ANNA),
    "POST /v1/requests/{request_id}/decline": (f"/v1/requests/{invalid_inputs.UNKNOWN_ID}/decline", {}, ANNA),
    "GET /v1/topics": ("/v1/topics", None, ANNA),
    "GET /v1/slots": ("/v1/slots?topic=question", None, ANNA),
    "POST /v1/callbacks": ("/v1/callbacks", CALLBACK, ANNA),
    "GET /v1/callbacks/open": ("/v1/callbacks/open", None, ANNA),
    "PATCH /v1/callbacks/{callback_id}": (f"/v1/callbacks/{invalid_inputs.UNKNOWN_ID}", {"starts_at": None}, ANNA),
    "DELETE /v1/callbacks/{callback_id}": (f"/v1/callbacks/{invalid_inputs.UNKNOWN_ID}", None, ANNA),
    "GET /v1/support/directory": ("/v1/support/directory", None, SVEN),
    "GET /v1/support/slots": ("/v1/support/slots?topic=question", None, SVEN),
    "GET /v1/support/callbacks": ("/v1/support/callbacks", None, SVEN),
    "POST /v1/support/callbacks/{callback_id}/take": (
        f"/v1/support/callbacks/{invalid_inputs.UNKNOWN_ID}/take",
        None,
        SVEN,
    ),
    "POST /v1/support/callbacks/{callback_id}/release": (
        f"/v1/support/callbacks/{invalid_inputs.UNKNOWN_ID}/release",
        None,
        SVEN,
    ),
    "POST /v1/support/callbacks/{callback_id}/hand": (
        f"/v1/support/callbacks/{invalid_inputs.UNKNOWN_ID}/hand",
        {"agent_id": "dora"},
        SVEN,
    ),
    "PATCH /v1/support/callbacks/{callback_id}": (
        f"/v1/support/callbacks/{invalid_inputs.UNKNOWN_ID}",
        {"starts_at": None, "reason": "Illness"},
        SVEN,
    ),
    "DELETE /v1/support/callbacks/{callback_id}": (
        f"/v1/support/callbacks/{invalid_inputs.UNKNOWN_ID}",
        {"reason": "Illness"},
        SVEN,
    ),
    "POST /v1/support/callbacks/{callback_id}/close": (
        f"/v1/support/callbacks/{invalid_inputs.UNKNOWN_ID}/close",
        {"outcome": "reached"},
        SVEN,
    ),
    "GET /v1/support/access": ("/v1/support/access", None, SVEN),
    "GET /v1/support/logins": ("/v1/support/logins", None, SVEN),
    "GET /v1/support/logins/{login_id}": (f"/v1/support/logins/{invalid_inputs.UNKNOWN_ID}", None, SVEN),
    "POST /v1/support/logins": ("/v1/support/logins", {"tenant_id": "acme", "reason": "The import"}, SVEN),
    "POST /v1/support/logins/{login_id}/end": (f"/v1/support/logins/{invalid_inputs.UNKNOWN_ID}/end", None, SVEN),
    "GET /v1/support/tenants/{tenant_id}": ("/v1/support/tenants/acme", None, SVEN),
    "POST /v1/support/requests": ("/v1/support/requests", {"tenant_id": "acme", "reason": "The import"}, SVEN),
    "GET /v1/support/requests": ("/v1/support/requests", None, SVEN),
    "POST /v1/support/requests/{request_id}/send": (
        f"/v1/support/requests/{invalid_inputs.UNKNOWN_ID}/send",
        None,
        SVEN,
    ),
    "DELETE /v1/support/requests/{request_id}": (f"/v1/support/requests/{invalid_inputs.UNKNOWN_ID}", None, SVEN),
    "POST /v1/vendor/checks": (
        "/v1/vendor/checks",
        {"tenant_id": "acme", "agent_id": "sven", "action": "enter"},
        BACKEND,
    ),
    "PUT /v1/vendor/tenants/{tenant_id}": ("/v1/vendor/tenants/acme", TENANT, BACKEND),
    "PUT /v1/vendor/departments/{department_id}": ("/v1/vendor/departments/support", {"name": "Hilfe"}, BACKEND),
    "PUT /v1/vendor/agents/{agent_id}": ("/v1/vendor/agents/sven", AGENT, BACKEND),
    "PUT /v1/vendor/desk": ("/v1/vendor/desk", sample.DESK, BACKEND),
    "GET /v1/vendor/desk": ("/v1/vendor/desk", None, BACKEND),
    "PUT /v1/vendor/closures/{day}": ("/v1/vendor/closures/2026-12-24", {"name": "Works outing"}, BACKEND),
    "DELETE /v1/vendor/closures/{day}": ("/v1/vendor/closures/2026-12-24", None, BACKEND),
    "PUT /v1/vendor/openings/{day}": ("/v1/vendor/openings/2026-12-24", {"from": "08:00", "until": "12:00"}, BACKEND),
    "DELETE /v1/vendor/openings/{day}": ("/v1/vendor/openings/2026-12-24", None, BACKEND),
    "PATCH /v1/vendor/callbacks/{callback_id}": (
        f"/v1/vendor/callbacks/{invalid_inputs.UNKNOWN_ID}",
        {"starts_at": None, "reason": "Illness"},
        BACKEND,
    ),
    "DELETE /v1/vendor/callbacks/{callback_id}": (
        f"/v1/vendor/callbacks/{invalid_inputs.UNKNOWN_ID}",
        {"reason": "Illness"},
        BACKEND,
    ),
    "PUT /v1/vendor/tenants/{tenant_id}/users/{user_id}/right": (
        "/v1/vendor/tenants/acme/users/anna/right",
        {"may_grant": False},
        BACKEND,
    ),
}
every_route = each_row("route", CALLS)
FOLDERS = {route.key: route.folder for route in stack.guarded_routes()}
FIRST_ROUTES = list({FOLDERS[key]: key for key in reversed(CALLS)}.values())
"""One route of each function: all routes of a function share the handler that reads caller and body."""
every_handler = each_row("route", CALLS if IS_NIGHTLY else FIRST_ROUTES)


def made_event(route: str, **how: Any) -> dict[str, Any]:
    path, body, caller = CALLS[route]
    return event(route.partition(" ")[0], path, body, caller=caller, **how)


def test_every_route_and_function_is_in_these_tables() -> None:
    assert sorted(CALLS) == sorted(route.key for route in stack.guarded_routes())
    assert sorted(FOLDERS[key] for key in FIRST_ROUTES) == sorted(set(FOLDERS.values()))


# ------------------------------------------------------------------ odd events


@every_handler
def test_without_a_verified_token_a_call_is_refused(route: str) -> None:
    jwts: list[Any] = [{}, {"authorizer": {}}, {"authorizer": {"jwt": {}}}, {"authorizer": {"jwt": {"claims": {}}}}]
    for authorizer in jwts:
        sent = made_event(route)
        del sent["requestContext"]["authorizer"]
        sent["requestContext"] |= authorizer

        assert send(sent).code == "claims_missing"


@every_handler
def test_an_id_in_the_token_that_is_not_of_the_form_is_refused(route: str) -> None:
    path, body, caller = CALLS[route]
    refused = call(route.partition(" ")[0], path, body, caller=caller.but(sub="anna albrecht"))

    assert (refused.status, refused.code) == (403, "claim_invalid")
    assert "claim sub" in refused.body["detail"] and "anna" not in refused.body["detail"]


@every_handler
def test_a_body_of_malformed_base64_is_refused_as_json(route: str) -> None:
    sent = made_event(route) | {"body": "%%%", "isBase64Encoded": True}

    assert (send(sent).status, send(sent).code) == (400, "json_invalid")


@every_handler
def test_a_body_without_any_header_is_no_json(route: str) -> None:
    nothing: list[Any] = [{}, None]
    for headers in nothing:
        sent = made_event(route) | {"body": "{}", "headers": headers}
        assert (send(sent).status, send(sent).code) == (415, "not_json")


@every_handler
def test_every_refusal_is_a_problem_of_rfc_9457(route: str) -> None:
    refused = send(made_event(route) | {"body": "{"})

    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["cache-control"] == "no-store"
    assert refused.body["type"] == "urn:guestkey:problem:json_invalid"
    assert refused.body["status"] == refused.status == 400
    assert set(refused.body) == {"type", "title", "status", "detail", "code"}


@every_route
def test_every_response_has_the_security_headers(route: str) -> None:
    path, body, caller = CALLS[route]
    for answer in (call(route.partition(" ")[0], path, body, caller=caller), send(made_event(route) | {"body": "{"})):
        assert answer.headers["strict-transport-security"] == "max-age=63072000"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_two_callers_share_a_scope() -> None:
    everybody: list[callers.TokenCaller] = [
        User(tenant_id="acme", user_id="x", name="x"),
        User(tenant_id="globex", user_id="x", name="x"),
        User(tenant_id="acme", user_id="y", name="x"),
        callers.AgentCaller(agent_id="x"),
        callers.Backend(client_id="x"),
    ]

    assert len({callers.scope(by) for by in everybody}) == len(everybody)


# ------------------------------------------------------------------ AWS unreachable

UNAVAILABLE: Any = {"Error": {"Code": "?", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 503}}
OUT_OF_REACH = [
    EndpointConnectionError(endpoint_url="https://dynamodb.eu-central-1.amazonaws.com"),
    ConnectTimeoutError(endpoint_url="https://dynamodb.eu-central-1.amazonaws.com"),
    ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetItem"),
    ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "GetItem"),
    ClientError(UNAVAILABLE, "GetItem"),
]


@each_row(("route", "error"), rows_and_columns(list(CALLS), OUT_OF_REACH))
def test_while_aws_is_unreachable_the_answer_is_503_with_retry_after(route: str, error: Exception) -> None:
    with table.unchanged(), table.failing(error):
        refused = send(made_event(route))

    assert (refused.status, refused.code) == (503, "busy")
    assert refused.headers["retry-after"] == "1"


def test_a_check_that_cannot_read_the_table_fails_closed() -> None:
    factories.grant()
    for operation in ("GetItem", "Query"):
        with table.failing(OUT_OF_REACH[0], at=operation):
            assert send(made_event("POST /v1/vendor/checks")).status == 503


# ------------------------------------------------------------------ bugs


@every_route
def test_a_bug_raises_and_is_not_answered_as_a_refusal(route: str) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetItem")
    with table.failing(denied), pytest.raises(PynamoDBException):
        send(made_event(route))


# ------------------------------------------------------------------ the log


@every_handler
def test_each_call_logs_one_line_of_ids_and_codes(route: str, capsys: pytest.CaptureFixture[str]) -> None:
    made_up = made_event(
        route, query="secret=q-secret", headers={"authorization": "Bearer a.b.c", "x-mail": "x@y.example"}
    )
    capsys.readouterr()
    status = send(made_up).status

    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["route"], said["status"], said["request_id"]) == (route, status, "a-request")
    assert set(said) <= {"route", "status", "code", "tenant_id", "agent_id", "request_id", "milliseconds"}
    for secret in ("secret", "Bearer", "@", "anna", "Anna", "import"):
        assert secret not in line


def test_the_log_has_an_id_that_may_be_a_mail_address_only_as_a_hash(capsys: pytest.CaptureFixture[str]) -> None:
    call("GET", "/v1/support/access", caller=SVEN.but(sub="sven@vendor.example"))
    call("GET", "/v1/about", caller=ANNA.but(tenant_id="acme@vendor.example"))
    log.outcome(item="TENANT#acme@vendor.example GRANT#01J", code="a_code", number=1)
    out = capsys.readouterr().out
    agent, tenant, item = [json.loads(line) for line in out.splitlines()[-3:]]

    assert agent["agent_id"] == "sha256:" + sha256(b"sven@vendor.example").hexdigest()[:16]
    assert tenant["tenant_id"] == "sha256:" + sha256(b"acme@vendor.example").hexdigest()[:16]
    assert item == {"item": f"TENANT#{tenant['tenant_id']} GRANT#01J", "code": "a_code", "number": 1}
    assert "@" not in out


def test_the_log_names_a_refusals_code(capsys: pytest.CaptureFixture[str]) -> None:
    call("GET", "/v1/ledger", caller=ANNA.acting())

    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["status"], said["code"]) == (403, "acting_for_another")
