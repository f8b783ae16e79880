"""HTTP calls to the deployed API and to identity providers.

Paths are sent exactly as given, without normalising, and an error status raises no exception. Redirects are not
followed, because API Gateway follows none either.
"""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

PATIENCE_SECONDS = 30.0
"""API Gateway's own time-out."""


class Unreachable(Exception):
    """Raised if no response came. The message names the cause in a few words."""


@dataclass(frozen=True)
class Answer:
    """One response: status, headers with lower-case names, body, and the seconds that it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """Return the parsed body, or None if it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def code(self) -> str:
        """The code of a refusal, or an empty text."""
        said = self.json()
        return str(said.get("code", "")) if isinstance(said, dict) else ""


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    patience: float = PATIENCE_SECONDS,
    most: int = 1_000_000,
) -> Answer:
    """Send a request and return the response with at most `most` + 1 bytes of its body. Raises Unreachable."""
    parts = urlsplit(url)
    target = url[len(f"{parts.scheme}://{parts.netloc}") :] or "/"
    began = time.monotonic()
    try:
        connection = _connection(parts.scheme, parts.hostname or "", parts.port, patience)
        try:
            connection.request(
                method, target, body=body, headers={"User-Agent": "guestkey-deploy"} | dict(headers or {})
            )
            response = connection.getresponse()
            read = response.read(most + 1)
        finally:
            connection.close()
    except TimeoutError as error:
        message = f"no answer within {patience:g} seconds"
        raise Unreachable(message) from error
    except ssl.SSLCertVerificationError as error:
        message = f"its TLS certificate is refused: {error.verify_message}"
        raise Unreachable(message) from error
    except OSError as error:
        raise Unreachable(error.strerror or str(error)) from error
    except (HTTPException, ValueError) as error:
        message = f"no valid HTTP answer ({type(error).__name__})"
        raise Unreachable(message) from error
    sent = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, sent, read, time.monotonic() - began)


def _connection(scheme: str, host: str, port: int | None, patience: float) -> HTTPConnection:
    """Return a connection, through the proxy of the environment if there is one for this host."""
    proxy = None if proxy_bypass(host) or host in {"127.0.0.1", "localhost"} else getproxies().get(scheme)
    make = HTTPSConnection if scheme == "https" else HTTPConnection
    if proxy is None or scheme != "https":
        return make(host, port, timeout=patience)
    relay = urlsplit(proxy)
    connection = make(relay.hostname or "", relay.port, timeout=patience)
    connection.set_tunnel(host, port)
    return connection
