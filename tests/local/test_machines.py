"""The token endpoint for machines: client credentials in either form, and the errors of RFC 6749."""

import base64
from collections.abc import Iterator
from threading import Thread
from typing import Any

import httpx
import jwt
import pytest

from guestkey_client import ClientCredentials
from local.issuer import SCOPES, Caller, Issuer
from local.machines import CLIENT_ID, CLIENT_SECRET
from local.provider import server
from tests.local.rig import free_port
from tests.rows_and_columns import each_row

GRANT = {"grant_type": "client_credentials"}
BODY = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
BASIC = httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    issuer = Issuer(tmp_path_factory.mktemp("issuer"), free_port())
    with server(issuer, "http://127.0.0.1:4566") as serving:
        Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield issuer
        serving.shutdown()


def ask(issuer: Issuer, data: Any, **more: Any) -> httpx.Response:
    return httpx.post(f"{issuer.url(Caller.VENDOR)}/token", data=data, **more)


def claims_in(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.parametrize(
    ("data", "auth"),
    [(GRANT, BASIC), (GRANT | BODY, None), (GRANT | {"client_id": CLIENT_ID}, BASIC)],
    ids=["basic", "body", "basic, with the id in the body"],
)
def test_the_backend_gets_a_token_with_all_its_scopes(
    issuer: Issuer, data: dict[str, str], auth: httpx.BasicAuth | None
) -> None:
    answer = ask(issuer, data, auth=auth)

    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    said = answer.json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", 3600, " ".join(SCOPES))
    claims = claims_in(said["access_token"])
    assert (claims["sub"], claims["aud"], claims["scope"]) == (CLIENT_ID, "guestkey-vendor", " ".join(SCOPES))


def test_a_token_has_the_wanted_scopes_only(issuer: Issuer) -> None:
    said = ask(issuer, GRANT | {"scope": "guestkey/rights guestkey/check", "audience": "guestkey-vendor"}, auth=BASIC)

    assert said.json()["scope"] == "guestkey/rights guestkey/check"
    assert claims_in(said.json()["access_token"])["scope"] == "guestkey/rights guestkey/check"


def test_a_parameter_without_a_value_counts_as_absent(issuer: Issuer) -> None:
    assert ask(issuer, GRANT | {"scope": "", "audience": ""}, auth=BASIC).json()["scope"] == " ".join(SCOPES)


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@each_row(
    ("data", "headers", "error"),
    [
        (GRANT, {}, "invalid_client"),
        (GRANT | BODY | {"client_secret": "wrong"}, {}, "invalid_client"),
        (GRANT | BODY | {"client_id": "another"}, {}, "invalid_client"),
        (GRANT, basic(f"{CLIENT_ID}:wrong"), "invalid_client"),
        (GRANT, basic("münchen:ö"), "invalid_client"),
        (GRANT, {"Authorization": "Basic !"}, "invalid_client"),
        (GRANT, {"Authorization": "Bearer x"}, "invalid_client"),
        (GRANT | BODY, basic(f"{CLIENT_ID}:{CLIENT_SECRET}"), "invalid_request"),
        (GRANT | {"client_id": "another"}, basic(f"{CLIENT_ID}:{CLIENT_SECRET}"), "invalid_request"),
        (BODY, {}, "invalid_request"),
        (BODY | {"grant_type": "password"}, {}, "unsupported_grant_type"),
        (GRANT | BODY | {"audience": "guestkey-tenant"}, {}, "invalid_request"),
        (GRANT | BODY | {"scope": "guestkey/check guestkey/all"}, {}, "invalid_scope"),
        (GRANT | BODY | {"scope": ["guestkey/check", "guestkey/check"]}, {}, "invalid_request"),
    ],
)
def test_a_refusal_is_an_error_of_the_standard(
    issuer: Issuer, data: dict[str, Any], headers: dict[str, str], error: str
) -> None:
    answer = ask(issuer, data, headers=headers)

    is_unknown = error == "invalid_client"
    assert (answer.status_code, answer.json()["error"]) == (401 if is_unknown else 400, error)
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == is_unknown
    assert "access_token" not in answer.json()


def test_a_body_that_is_no_form_is_refused(issuer: Issuer) -> None:
    answer = httpx.post(f"{issuer.url(Caller.VENDOR)}/token", json=GRANT, auth=BASIC)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_python_client_finds_its_token_where_the_discovery_document_says(issuer: Issuer) -> None:
    found = httpx.get(f"{issuer.url(Caller.VENDOR)}/.well-known/openid-configuration").json()
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post"]

    sent: list[str] = []
    auth = ClientCredentials(found["token_endpoint"], CLIENT_ID, CLIENT_SECRET, "guestkey/check")

    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) == found["token_endpoint"]:
            return httpx.Client().send(request)
        sent.append(request.headers["Authorization"].removeprefix("Bearer "))
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(answer), auth=auth) as client:
        client.get("https://api.example/")
    assert claims_in(sent[0])["scope"] == "guestkey/check"
