"""Makes tokens for the people of the sample world: valid ones, and invalid ones of every kind for tests."""

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
    """Return a new token for a person of the sample world, valid for an hour. Raises Fault for an unknown name.

    Claims given by name replace the person's claims, and None removes a claim: `exp=1` makes an expired token,
    `act={"sub": "sven"}` a token with an actor, `scope="guestkey/check"` a token with one scope. `algorithm="none"` and
    `signed=False` make unsigned tokens (the header of the latter still names RS256), and `key` signs with another key.
    """
    caller, own = sample.claims_of(who)
    now = int(time.time())
    standard = {"iss": issuer.url(caller), "aud": issuer.audience(caller), "iat": now, "exp": now + LIFETIME_SECONDS}
    wanted = {name: value for name, value in (standard | own | claims).items() if value is not None}
    signing_key = "" if algorithm == "none" else key or issuer.key()
    token = jwt.encode(wanted, signing_key, algorithm=algorithm, headers={"kid": key_id})
    return token if signed else token.rpartition(".")[0] + "."
