"""Makes tokens for the people of the sample world and for others: valid ones, and invalid ones for tests."""

import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from local import sample
from local.faults import Fault
from local.issuer import KEY_ID, Caller, Issuer

LIFETIME_SECONDS = 3600


def mint(
    who: str,
    issuer: Issuer,
    *,
    algorithm: str = "RS256",
    key: rsa.RSAPrivateKey | str | None = None,
    key_id: str = KEY_ID,
    signed: bool = True,
    **claims: Any,
) -> str:
    """Return a new token for a person of the sample world, valid for an hour. Raises Fault for an unknown name.

    Claims given by name replace the person's claims, and None removes a claim: `exp=1` makes an expired token,
    `act={"sub": "sven"}` a token with an actor, `scope="guestkey/check"` a token with one scope. `algorithm="none"` and
    `signed=False` make unsigned tokens (the header of the latter still names RS256), and `key` signs with another key.
    """
    caller, own = sample.claims_of(who)
    signing_key = "" if algorithm == "none" else key or issuer.key()
    token = _encode(_all_claims(caller, own | claims, issuer), signing_key, algorithm, key_id)
    return token if signed else token.rpartition(".")[0] + "."


def sign(caller: Caller, claims: Mapping[str, Any], issuer: Issuer) -> str:
    """Return a new token of that kind of caller with these claims, valid for an hour; None removes a claim.

    Raises Fault for claims of which no token can be made.
    """
    return _encode(_all_claims(caller, claims, issuer), issuer.key(), "RS256", KEY_ID)


def _all_claims(caller: Caller, claims: Mapping[str, Any], issuer: Issuer) -> dict[str, Any]:
    now = int(time.time())
    standard = {"iss": issuer.url(caller), "aud": issuer.audience(caller), "iat": now, "exp": now + LIFETIME_SECONDS}
    return {name: value for name, value in (standard | dict(claims)).items() if value is not None}


def _encode(claims: dict[str, Any], key: rsa.RSAPrivateKey | str, algorithm: str, key_id: str) -> str:
    try:
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id})
    except TypeError as error:
        message = f"no token can have these claims: {error}"
        raise Fault(message) from error
