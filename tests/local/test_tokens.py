"""Tokens as a resource server reads them: accepted or refused with the published keys only."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from local import sample
from local.faults import Fault
from local.issuer import Caller, Issuer
from local.tokens import mint
from tests.rows_and_columns import each_row


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path, 4567)


def read(token: str, issuer: Issuer, caller: Caller) -> dict[str, Any]:
    """Read a token with only the issuer's address and the audience."""
    documents = issuer.documents()
    discovered = documents[f"/{caller}/.well-known/openid-configuration"]
    keys = jwt.PyJWKSet.from_dict(documents[discovered["jwks_uri"].removeprefix(issuer.address)])
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        issuer=discovered["issuer"],
        audience=issuer.audience(caller),
        options={"require": ["exp", "iat", "sub"]},
    )
    return claims


def test_annas_token_has_the_claims_that_the_product_needs(issuer: Issuer) -> None:
    claims = read(mint("anna", issuer), issuer, Caller.TENANT)

    assert {name: claims[name] for name in ("sub", "tenant_id", "name", "email", "locale")} == {
        "sub": "anna",
        "tenant_id": "acme",
        "name": "Anna Albrecht",
        "email": "anna@acme.example",
        "locale": "de-DE",
    }


def test_an_agents_token_has_his_id_and_no_tenant(issuer: Issuer) -> None:
    claims = read(mint("sven", issuer), issuer, Caller.SUPPORT)

    assert claims["sub"] == "sven"
    assert "tenant_id" not in claims


def test_the_backends_token_has_all_three_scopes(issuer: Issuer) -> None:
    claims = read(mint("backend", issuer), issuer, Caller.VENDOR)

    assert claims["scope"] == "guestkey/check guestkey/registry guestkey/rights"


def test_a_token_is_valid_for_one_kind_of_caller_only(issuer: Issuer) -> None:
    for who in sample.everybody():
        caller, _ = sample.claims_of(who)
        for other in set(Caller) - {caller}:
            with pytest.raises(jwt.InvalidTokenError):
                read(mint(who, issuer), issuer, other)


@each_row(
    ("flaw", "refusal"),
    [
        ({"exp": 1}, jwt.ExpiredSignatureError),
        ({"exp": None}, jwt.MissingRequiredClaimError),
        ({"aud": "guestkey-support"}, jwt.InvalidAudienceError),
        ({"iss": "https://elsewhere.example"}, jwt.InvalidIssuerError),
        ({"algorithm": "none"}, jwt.InvalidAlgorithmError),
        ({"signed": False}, jwt.InvalidSignatureError),
    ],
    ids=str,
)
def test_a_bad_token_has_the_requested_flaw(issuer: Issuer, flaw: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        read(mint("anna", issuer, **flaw), issuer, Caller.TENANT)


def test_a_token_signed_with_another_key_is_refused(issuer: Issuer, tmp_path: Path) -> None:
    forger = Issuer(tmp_path / "forger", 4567)

    with pytest.raises(jwt.InvalidSignatureError):
        read(mint("anna", issuer, key=forger.key()), issuer, Caller.TENANT)


def test_a_claim_can_be_added_replaced_and_omitted(issuer: Issuer) -> None:
    claims = read(mint("anna", issuer, act={"sub": "sven"}, locale="it-IT", tenant_id=None), issuer, Caller.TENANT)

    assert claims["act"] == {"sub": "sven"}
    assert claims["locale"] == "it-IT"
    assert "tenant_id" not in claims


def test_a_restart_keeps_the_key(issuer: Issuer) -> None:
    assert Issuer(issuer.folder, issuer.port).documents() == issuer.documents()


def test_only_the_owner_may_read_the_key_file(issuer: Issuer) -> None:
    issuer.key()

    assert (issuer.folder / "issuer-key.pem").stat().st_mode & 0o077 == 0


def test_an_unknown_person_gets_no_token(issuer: Issuer) -> None:
    with pytest.raises(Fault, match="the sample world has no person 'mallory'"):
        mint("mallory", issuer)
