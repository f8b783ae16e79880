"""Callers and pages of a developer's own: tokens for people outside the sample world, and origins that may call."""

import subprocess
from pathlib import Path
from typing import Any

import jwt
import pytest

from local import origins, people
from local.build import PROJECT
from local.faults import Fault
from local.issuer import SCOPES, Caller, Issuer
from local.tokens import sign
from tests.rows_and_columns import each_row


def claims_in(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.parametrize(
    ("kind", "tenant", "caller", "own"),
    [
        (None, "acme", Caller.TENANT, {"tenant_id": "acme"}),
        ("user", "acme", Caller.TENANT, {"tenant_id": "acme"}),
        ("agent", None, Caller.SUPPORT, {}),
        ("backend", None, Caller.VENDOR, {"scope": " ".join(SCOPES)}),
    ],
)
def test_each_kind_of_caller_has_its_claims(
    kind: str | None, tenant: str | None, caller: Caller, own: dict[str, str]
) -> None:
    assert people.claims_of("auth0|5f", tenant, kind) == (caller, {"sub": "auth0|5f"} | own)


@each_row(
    ("tenant", "kind", "reason"),
    [
        (None, None, "needs a tenant"),
        ("", "user", "needs a tenant"),
        ("acme", "agent", "TENANT is for users only"),
        ("acme", "backend", "TENANT is for users only"),
        (None, "robot", "KIND must be one of user, agent, backend"),
    ],
)
def test_a_caller_that_cannot_be_is_refused_with_the_reason(tenant: str | None, kind: str | None, reason: str) -> None:
    with pytest.raises(Fault, match=reason):
        people.claims_of("lena", tenant, kind)


@each_row("text", ["", "role=owner", "[1]", "null", '"owner"', '{"level": NaN}', "{'role': 'owner'}"])
def test_claims_that_are_no_json_object_are_refused(text: str) -> None:
    with pytest.raises(Fault, match="CLAIMS must be a JSON object"):
        people.read_claims(text)


def test_claims_are_only_claims_and_null_omits_one(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, 4567)
    own = people.read_claims('{"role": "owner", "key": "k", "algorithm": "none", "signed": false, "tenant_id": null}')

    token = sign(Caller.TENANT, {"sub": "lena", "tenant_id": "acme"} | own, issuer)

    claims = jwt.decode(token, issuer.key().public_key(), algorithms=["RS256"], audience="guestkey-tenant")
    assert {name: claims[name] for name in ("role", "key", "algorithm", "signed")} == {
        "role": "owner", "key": "k", "algorithm": "none", "signed": False
    }  # fmt: skip
    assert "tenant_id" not in claims


def test_claims_of_which_no_token_can_be_made_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="no token can have these claims"):
        sign(Caller.TENANT, {"sub": "lena", "iss": 5}, Issuer(tmp_path, 4567))


def make_token(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "token", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_make_token_passes_every_character_of_a_value_on() -> None:
    made = make_token("SUB=auth0|5 \"'x", "TENANT=acme", """CLAIMS={"price": "$5 $(x) $$", "name": "Lé'na \\"L\\""}""")

    claims = claims_in(made.stdout.strip())
    assert (claims["sub"], claims["tenant_id"]) == ("auth0|5 \"'x", "acme")
    assert (claims["price"], claims["name"]) == ("$5 $(x) $$", 'Lé\'na "L"')


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "WHO is missing"),
        (["WHO=zoe"], "no person 'zoe'"),
        (["WHO=anna", "SUB=lena"], "name either WHO"),
        (["WHO=anna", "TENANT=acme"], "TENANT and KIND go with SUB"),
    ],
)
def test_make_token_fails_with_the_reason_on_standard_error_only(arguments: list[str], reason: str) -> None:
    made = make_token(*arguments)

    assert made.returncode != 0
    assert made.stdout == ""
    assert reason in made.stderr


@each_row(
    ("text", "found"),
    [
        ("", ()),
        ("http://localhost:5173", ("http://localhost:5173",)),
        ("  http://localhost:5173/ , https://App.vendor.example ", ("http://localhost:5173", "https://app.vendor.example")),
        ("http://localhost:80 https://localhost:443 https://localhost:80",
         ("http://localhost", "https://localhost", "https://localhost:80")),
        ("http://[::1]:3000", ("http://[::1]:3000",)),
        ("http://a.example http://a.example/", ("http://a.example",)),
    ],
)  # fmt: skip
def test_origins_are_read_as_browsers_send_them(text: str, found: tuple[str, ...]) -> None:
    assert origins.parse(text) == found


@each_row(
    "entry",
    ["*", "localhost:5173", "http://", "http://localhost:5173/app", "http://localhost//", "http://a.example?x=1",
     "http://a.example#x", "http://user@a.example", "http://*.a.example", "ftp://a.example", "http://a.example:port",
     "http://a.example:70000", "null", "http://müller.example", "http://a.example;x"],
)  # fmt: skip
def test_an_entry_that_is_no_origin_is_refused(entry: str) -> None:
    with pytest.raises(Fault, match="GUESTKEY_ORIGINS must have origins"):
        origins.parse(f"http://localhost:5173 {entry}")
