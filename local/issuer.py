"""The three token issuers of the local stack. Each has its own audience; they share one signing key.

Each issuer has the documents that the JWT authorizer of an HTTP API reads: discovery document and key set.
`local.provider` serves them; `local.tokens` makes the tokens.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.processes import LOOPBACK

KEY_ID = "guestkey-local"
# The emulator falls back to this path if it cannot read the discovery document.
KEYS = "/.well-known/jwks.json"
DISCOVERY = "/.well-known/openid-configuration"
# The endpoints at which the tenants' users sign in; the backend gets its token at the second.
AUTHORIZE, TOKEN = "/authorize", "/token"
# The sample page of the vendor's product, and the sample page of its back office.
HOST = "/host"
DESK = f"{HOST}/desk"
JSON = {"Content-Type": "application/json"}
# The scopes that the vendor's issuer gives.
SCOPES = ("guestkey/check", "guestkey/registry", "guestkey/rights")


class Caller(StrEnum):
    """The three kinds of caller. Each has its own issuer and audience."""

    TENANT = "tenant"
    SUPPORT = "support"
    VENDOR = "vendor"


@dataclass(frozen=True)
class Issuer:
    """The token issuer of one stack: its port, and the folder with its signing key."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        """The base URL of the issuer."""
        return f"http://{LOOPBACK}:{self.port}"

    def url(self, caller: Caller) -> str:
        """Return the `iss` claim of that kind of caller's tokens."""
        return f"{self.address}/{caller}"

    def audience(self, caller: Caller) -> str:
        """Return the `aud` claim of that kind of caller's tokens."""
        return f"guestkey-{caller}"

    def key(self) -> rsa.RSAPrivateKey:
        """Return the signing key. It is made once and stored, because API Gateway caches the public key for hours."""
        file = self.folder / "issuer-key.pem"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            file.write_bytes(
                made.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        return _read_key(file)

    def documents(self) -> dict[str, dict[str, Any]]:
        """Return the discovery documents and key sets of all issuers, by path."""
        public = RSAAlgorithm.to_jwk(self.key().public_key(), as_dict=True)
        keys = {"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]}
        documents: dict[str, dict[str, Any]] = {}
        for caller in Caller:
            documents[f"/{caller}{KEYS}"] = keys
            documents[f"/{caller}{DISCOVERY}"] = {
                "issuer": self.url(caller),
                "jwks_uri": self.url(caller) + KEYS,
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
            }
        documents[f"/{Caller.TENANT}{DISCOVERY}"] |= {
            "authorization_endpoint": self.url(Caller.TENANT) + AUTHORIZE,
            "token_endpoint": self.url(Caller.TENANT) + TOKEN,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "scopes_supported": ["openid", "profile", "email"],
        }
        documents[f"/{Caller.VENDOR}{DISCOVERY}"] |= {
            "token_endpoint": self.url(Caller.VENDOR) + TOKEN,
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": list(SCOPES),
        }
        return documents


@cache
def _read_key(file: Path) -> rsa.RSAPrivateKey:
    """Return the key in a file. It is cached, because loading checks that its numbers are prime, for 0.1 seconds."""
    return cast(rsa.RSAPrivateKey, serialization.load_pem_private_key(file.read_bytes(), password=None))
