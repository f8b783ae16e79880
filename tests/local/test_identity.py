"""The sign-in of the sample users: a code for a user, and a token for the code, for the right client only."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import time_machine

from local.build import PROJECT
from local.identity import CODE_SECONDS, SignIn
from local.issuer import Caller, Issuer
from local.provider import server
from tests.rows_and_columns import each_row

API = "http://127.0.0.1:4566"
VERIFIER = "a-verifier-that-only-the-page-knows"
REQUEST = {
    "response_type": "code",
    "client_id": "guestkey-tenant",
    "redirect_uri": f"{API}/activate",
    "scope": "openid",
    "state": "the-state",
    "nonce": "the-nonce",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("="),
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with server(Issuer(tmp_path_factory.mktemp("issuer"), 0), API) as serving:
        # The server chose its port; tokens name the port of this issuer.
        issuer = Issuer(tmp_path_factory.getbasetemp(), serving.server_address[1])
        Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield issuer
        serving.shutdown()


def authorize(issuer: Issuer, **parameters: str | None) -> httpx.Response:
    query = {name: value for name, value in (REQUEST | parameters).items() if value is not None}
    return httpx.get(f"{issuer.address}/tenant/authorize", params=query)


def redirect_parameters(answer: httpx.Response) -> dict[str, str]:
    """Return the parameters of the redirect back to the client."""
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{API}/activate?")
    return {name: value for name, (value,) in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def exchange(issuer: Issuer, code: str, origin: str = API, **form: str) -> httpx.Response:
    response = {"grant_type": "authorization_code", "code": code, "client_id": REQUEST["client_id"]}
    response |= {"redirect_uri": REQUEST["redirect_uri"], "code_verifier": VERIFIER}
    return httpx.post(f"{issuer.address}/tenant/token", data=response | form, headers={"Origin": origin})


def test_the_page_lists_the_users_of_all_tenants_only(issuer: Issuer) -> None:
    page = authorize(issuer)

    assert page.status_code == 200
    assert re.findall(r'<a id="(\w+)"', page.text) == ["anna", "ben", "giulia", "carla", "cancel"]
    assert "Acme Immobilien GmbH" in page.text


def test_anna_gets_a_token_for_her_code_once(issuer: Issuer) -> None:
    parameters = redirect_parameters(authorize(issuer, who="anna"))
    response = exchange(issuer, parameters["code"])

    claims = jwt.decode(response.json()["id_token"], options={"verify_signature": False})
    assert parameters["state"] == "the-state"
    assert (claims["sub"], claims["tenant_id"], claims["nonce"]) == ("anna", "acme", "the-nonce")
    assert claims["aud"] == REQUEST["client_id"]
    assert response.headers["cache-control"] == "no-store"
    assert exchange(issuer, parameters["code"]).status_code == 400


@each_row(
    "wrong",
    [
        {"code_verifier": "another"},
        {"client_id": "another"},
        {"redirect_uri": "https://evil.example/"},
        {"grant_type": "password"},
        {"code": "another"},
    ],
    ids=str,
)
def test_a_code_is_refused_with_other_parameters(issuer: Issuer, wrong: dict[str, str]) -> None:
    code = redirect_parameters(authorize(issuer, who="anna"))["code"]
    form = {"code": code} | wrong

    assert exchange(issuer, **form).json() == {"error": "invalid_grant"}


def test_an_expired_code_is_refused(tmp_path: Path) -> None:
    sign_in = SignIn(Issuer(tmp_path, 1), API)
    with time_machine.travel(0, tick=False) as clock:
        _, headers, _ = sign_in.authorize(REQUEST | {"who": "anna"})
        clock.shift(CODE_SECONDS)
        code = parse_qs(urlsplit(headers["Location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        status, _, _ = sign_in.token(form | {name: REQUEST[name] for name in ("client_id", "redirect_uri")})

    assert status == 400


@pytest.mark.parametrize(
    "wrong", [{"client_id": "another"}, {"redirect_uri": "https://evil.example/activate"}], ids=str
)
def test_an_unknown_client_or_redirect_address_is_not_redirected(issuer: Issuer, wrong: dict[str, str]) -> None:
    answer = authorize(issuer, who="anna", **wrong)

    assert answer.status_code == 400
    assert "location" not in answer.headers


@each_row("missing", ["response_type", "state", "nonce", "code_challenge", "code_challenge_method"], ids=str)
def test_without_a_challenge_there_is_no_code(issuer: Issuer, missing: str) -> None:
    redirected = redirect_parameters(authorize(issuer, who="anna", **{missing: None}))

    assert redirected["error"] == "invalid_request"
    assert "code" not in redirected


@each_row("who", ["sven", "backend", "nobody"])
def test_only_users_of_tenants_can_sign_in(issuer: Issuer, who: str) -> None:
    assert redirect_parameters(authorize(issuer, who=who))["error"] == "access_denied"


def test_only_pages_of_the_local_api_may_read_the_answers(issuer: Issuer) -> None:
    discovery = f"{issuer.url(Caller.TENANT)}/.well-known/openid-configuration"
    for origin, allowed in ((API, API), ("https://evil.example", None), ("null", None)):
        for answer in (httpx.get(discovery, headers={"Origin": origin}), exchange(issuer, "none", origin=origin)):
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert answer.headers["vary"] == "Origin"


def test_a_parameter_is_escaped_in_the_page(issuer: Issuer) -> None:
    text = authorize(issuer, state='"><script>alert(1)</script>').text

    assert "<script>" not in text


def test_only_the_tenants_issuer_has_an_authorization_endpoint(tmp_path: Path) -> None:
    documents: dict[str, dict[str, Any]] = Issuer(tmp_path, 4567).documents()

    by_issuer = {
        path.split("/")[1]: document for path, document in documents.items() if path.endswith("openid-configuration")
    }
    assert by_issuer["tenant"]["authorization_endpoint"] == "http://127.0.0.1:4567/tenant/authorize"
    assert by_issuer["tenant"]["code_challenge_methods_supported"] == ["S256"]
    assert not [caller for caller in ("support", "vendor") if "authorization_endpoint" in by_issuer[caller]]


def test_no_deployed_file_refers_to_the_local_issuer() -> None:
    template = (PROJECT / "template.yaml").read_text()
    deployed = [*(PROJECT / "functions").rglob("*.*"), *(PROJECT / "layers").rglob("*.py")]
    sources = [path.read_text() for path in deployed if path.suffix in {".py", ".js", ".html"}]

    assert set(re.findall(r"(?:CodeUri|ContentUri): (\w+)/", template)) == {"functions", "layers"}
    for text in (template, *sources):
        assert not re.search(r"local[./]identity|local[./]issuer|/tenant/authorize|Who are you\?|127\.0\.0\.1", text)
        assert not re.search(r"^\s*(?:from|import) local\b", text, re.MULTILINE)
