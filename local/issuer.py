"""The identity provider of this machine: three issuers with one signing key, each for its own audience.

A real vendor brings his own (Cognito, Auth0, Keycloak, …). This one serves what an HTTP API's JWT authorizer reads, the
discovery document and the key set, and nothing else: `local.tokens` makes the tokens, with the key from the same file.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.processes import LOOPBACK

KEY_ID = "guestkey-local"
# Where the emulator looks as well when it could not read the discovery document.
KEYS = "/.well-known/jwks.json"


class Caller(StrEnum):
    """The three kinds of caller, each with an issuer and an audience of its own."""

    TENANT = "tenant"
    SUPPORT = "support"
    VENDOR = "vendor"


@dataclass(frozen=True)
class Issuer:
    """Where the issuer of a stack listens and where it keeps its key."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}"

    def url(self, caller: Caller) -> str:
        """Return what tokens of that kind of caller carry as `iss`."""
        return f"{self.address}/{caller}"

    def audience(self, caller: Caller) -> str:
        """Return what tokens of that kind of caller carry as `aud`."""
        return f"guestkey-{caller}"

    def key(self) -> rsa.RSAPrivateKey:
        """Return the signing key; it is made once and kept, since API Gateway caches its public half for hours."""
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
        return cast(rsa.RSAPrivateKey, serialization.load_pem_private_key(file.read_bytes(), password=None))

    def documents(self) -> dict[str, dict[str, Any]]:
        """Return all there is to read, by path."""
        public = RSAAlgorithm.to_jwk(self.key().public_key(), as_dict=True)
        keys = {"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]}
        documents: dict[str, dict[str, Any]] = {}
        for caller in Caller:
            documents[f"/{caller}{KEYS}"] = keys
            documents[f"/{caller}/.well-known/openid-configuration"] = {
                "issuer": self.url(caller),
                "jwks_uri": self.url(caller) + KEYS,
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
            }
        return documents


class _Server(ThreadingHTTPServer):
    # After a restart every request of a burst makes the emulator ask for the keys, all at once; the usual five places
    # in the queue would turn away the rest, and it would take their tokens for bad ones.
    request_queue_size = 256


class _Pages(BaseHTTPRequestHandler):
    def __init__(self, documents: dict[str, dict[str, Any]], *args: Any) -> None:
        self._documents = documents
        super().__init__(*args)

    def do_GET(self) -> None:
        document = self._documents.get(self.path)
        body = json.dumps(document if document is not None else {"message": "no such document"}).encode()
        self.send_response(HTTPStatus.OK if document is not None else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    issuer = Issuer(arguments.folder, arguments.port)
    pages: Callable[..., _Pages] = partial(_Pages, issuer.documents())
    _Server((LOOPBACK, issuer.port), pages).serve_forever()


if __name__ == "__main__":
    main()
