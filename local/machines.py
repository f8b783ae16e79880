"""The token endpoint for machines at the vendor's issuer: client credentials, RFC 6749, sections 2.3.1, 4.4 and 5.

The sample world's backend is the only client. Its secret is public, because the key that signs is of this machine only.
"""

import base64
import json
import secrets
from collections import Counter
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus

from local import sample
from local.identity import Reply
from local.issuer import JSON, SCOPES, Caller, Issuer
from local.tokens import LIFETIME_SECONDS, mint

CLIENT_ID = sample.BACKEND
CLIENT_SECRET = "local-secret"  # nosec B105 # it opens the local stack only
GRANT_TYPE = "client_credentials"
FORM = "application/x-www-form-urlencoded"
UNCACHED = JSON | {"Cache-Control": "no-store", "Pragma": "no-cache"}


class _Refused(Exception):
    """Raised for a request that gets an error of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description


class MachineTokens:
    """The token endpoint of one issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    def token(self, content_type: str, authorization: str | None, body: str) -> Reply:
        """Return a token of the backend for its id and secret, or an error."""
        try:
            form = _form(content_type, body)
            _authenticate(authorization, form)
            scope = self._scope(form)
        except _Refused as refused:
            is_unknown = refused.error == "invalid_client"
            status = HTTPStatus.UNAUTHORIZED if is_unknown else HTTPStatus.BAD_REQUEST
            challenge = {"WWW-Authenticate": 'Basic realm="guestkey"'} if is_unknown else {}
            said = {"error": refused.error, "error_description": refused.description}
            return status, UNCACHED | challenge, json.dumps(said)
        token = mint(sample.BACKEND, self._issuer, scope=scope)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "scope": scope}
        return HTTPStatus.OK, UNCACHED, json.dumps(answer)

    def _scope(self, form: dict[str, str]) -> str:
        """Return the scope that the token gets: the wanted part of the backend's scopes, by default all."""
        if "grant_type" not in form:
            raise _Refused("invalid_request", "grant_type is missing")
        if form["grant_type"] != GRANT_TYPE:
            raise _Refused("unsupported_grant_type", f"grant_type must be {GRANT_TYPE}")
        audience = self._issuer.audience(Caller.VENDOR)
        if form.get("audience", audience) != audience:
            raise _Refused("invalid_request", f"audience must be {audience}")
        wanted = dict.fromkeys(form["scope"].split() if "scope" in form else SCOPES)
        if not wanted.keys() <= set(SCOPES):
            raise _Refused("invalid_scope", f"scope must be of {' '.join(SCOPES)}")
        return " ".join(wanted)


def _form(content_type: str, body: str) -> dict[str, str]:
    """Return the parameters. One without a value counts as absent, and none may be there twice (section 3.2)."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise _Refused("invalid_request", f"the content type must be {FORM}")
    pairs = parse_qsl(body)
    if repeated := [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]:
        raise _Refused("invalid_request", f"{repeated[0][:40].encode('ascii', 'replace').decode()} is there twice")
    return dict(pairs)


def _authenticate(authorization: str | None, form: dict[str, str]) -> None:
    if authorization is None:
        given = form.get("client_id", ""), form.get("client_secret", "")
    elif "client_secret" in form:
        raise _Refused("invalid_request", "the client's secret is in the header and in the body")
    else:
        given = _basic(authorization)
        if form.get("client_id", given[0]) != given[0]:
            raise _Refused("invalid_request", "client_id differs from the header")
    is_right = [
        secrets.compare_digest(one.encode(), other.encode())
        for one, other in zip(given, (CLIENT_ID, CLIENT_SECRET), strict=True)
    ]
    if not all(is_right):
        raise _Refused("invalid_client", "unknown client or wrong secret")


def _basic(authorization: str) -> tuple[str, str]:
    """Return id and secret of basic authentication, which are form-encoded in it; two empty texts for another form."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        return "", ""
    if scheme.lower() != "basic":
        return "", ""
    client_id, _, secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
