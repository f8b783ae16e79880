"""The identity provider of this machine: three issuers with one signing key, each for its own audience.

A real vendor brings his own (Cognito, Auth0, Keycloak, …). This one serves what an HTTP API's JWT authorizer reads, the
discovery document and the key set; and where the tenants' users sign in, which is `local.identity`. `local.tokens`
makes the tokens, with the key from the same file. Beside it stands the vendor's product, which is `local.host`.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.processes import LOOPBACK

if TYPE_CHECKING:
    from local.host import Host
    from local.identity import SignIn

KEY_ID = "guestkey-local"
# Where the emulator looks as well when it could not read the discovery document.
KEYS = "/.well-known/jwks.json"
DISCOVERY = "/.well-known/openid-configuration"
# Where the tenants' users sign in.
AUTHORIZE, TOKEN = "/authorize", "/token"
# Where the vendor's product is, and where its agents work.
HOST = "/host"
DESK = f"{HOST}/desk"
LONGEST_FORM = 8192
JSON = {"Content-Type": "application/json"}


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
        return _read_key(file)

    def documents(self) -> dict[str, dict[str, Any]]:
        """Return all there is to read, by path."""
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
        return documents


@cache
def _read_key(file: Path) -> rsa.RSAPrivateKey:
    """Return the key in a file. To read it is to prove that its numbers are prime, which takes a tenth of a second."""
    return cast(rsa.RSAPrivateKey, serialization.load_pem_private_key(file.read_bytes(), password=None))


class _Server(ThreadingHTTPServer):
    # After a restart every request of a burst makes the emulator ask for the keys, all at once; the usual five places
    # in the queue would turn away the rest, and it would take their tokens for bad ones.
    request_queue_size = 256


class _Pages(BaseHTTPRequestHandler):
    def __init__(self, documents: dict[str, dict[str, Any]], sign_in: "SignIn", host: "Host", *args: Any) -> None:
        self._documents, self._sign_in, self._host = documents, sign_in, host
        super().__init__(*args)

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == f"/{Caller.TENANT}{AUTHORIZE}":
            self._send(*self._sign_in.authorize(dict(parse_qsl(asked.query))))
        elif (document := self._documents.get(self.path)) is not None:
            self._send(HTTPStatus.OK, JSON, json.dumps(document))
        elif (reply := self._host.reply(self.path)) is not None:
            self._send(*reply)
        else:
            self._send(HTTPStatus.NOT_FOUND, JSON, json.dumps({"message": "no such document"}))

    def do_POST(self) -> None:
        form = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LONGEST_FORM)).decode(errors="replace")
        if self.path == f"/{Caller.TENANT}{TOKEN}":
            self._send(*self._sign_in.token(dict(parse_qsl(form))))
        else:
            self._send(HTTPStatus.NOT_FOUND, JSON, json.dumps({"message": "nothing is posted here"}))

    def _send(self, status: HTTPStatus, headers: dict[str, str], body: str) -> None:
        self.send_response(status)
        for name, value in (headers | self._sign_in.cors(self.headers.get("Origin"))).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the query out of the log: a code stands in it."""
        self.log_message("%s %s %s", self.command, urlsplit(self.path).path, str(code))


def server(issuer: Issuer, api: str) -> ThreadingHTTPServer:
    """Return the server of an issuer whose users sign in for the API at that address."""
    # Tokens are made with what stands above, so this cannot be known when this module is imported.
    from local.host import Host  # noqa: PLC0415
    from local.identity import SignIn  # noqa: PLC0415

    pages: Callable[..., _Pages] = partial(_Pages, issuer.documents(), SignIn(issuer, api), Host(issuer, api))
    return _Server((LOOPBACK, issuer.port), pages)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--api", default="", help="the API whose pages users sign in for")
    arguments = parser.parse_args()
    server(Issuer(arguments.folder, arguments.port), arguments.api).serve_forever()


if __name__ == "__main__":
    main()
