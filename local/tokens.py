"""Tokens for the people of the sample world, good ones and every kind of bad one."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from local import sample
from local.issuer import KEY_ID, Issuer

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
    """Return a fresh token for that person, valid for an hour.

    Claims given by name replace the person's own, and None takes one away: `exp=1` makes an expired token,
    `act={"sub": "sven"}` one that acts for somebody else, `scope="guestkey/check"` a lesser one. `algorithm="none"`
    and `signed=False` make unsigned ones (the latter says RS256 all the same), `key` one signed by somebody else.
    """
    caller, own = sample.claims_of(who)
    now = int(time.time())
    standard = {"iss": issuer.url(caller), "aud": issuer.audience(caller), "iat": now, "exp": now + LIFETIME_SECONDS}
    wanted = {name: value for name, value in (standard | own | claims).items() if value is not None}
    signing_key = "" if algorithm == "none" else key or issuer.key()
    token = jwt.encode(wanted, signing_key, algorithm=algorithm, headers={"kid": key_id})
    return token if signed else token.rpartition(".")[0] + "."
