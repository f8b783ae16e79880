"""Signs the sample users in: a page on which they choose a name without a password, and a token endpoint.

It implements the authorization code flow of OpenID Connect with PKCE, so that the pages sign in as they do at a real
provider. It runs on this machine only: the template contains no part of it, and only pages of the local API get a
token.
"""

import base64
import hashlib
import html
import json
import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from local import sample
from local.issuer import AUTHORIZE, JSON, Caller, Issuer
from local.tokens import LIFETIME_SECONDS, mint

Reply = tuple[HTTPStatus, dict[str, str], str]

CODE_SECONDS = 60
HTML = {"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
# The authorization request must have these values, and some value for each of these parameters.
REQUIRED_VALUES = {"response_type": "code", "code_challenge_method": "S256"}
REQUIRED_PARAMETERS = ("state", "nonce", "code_challenge")
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Who are you?</title>
<style>body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 32rem; margin: 2rem auto; padding: 0 1rem }}</style>
</head>
<body><main><h1>Who are you?</h1>
<p>This page replaces an identity provider on this machine. It asks for no password.</p>
<ul>
{people}
</ul>
<p><a id="cancel" href="{cancel}">Cancel</a></p>
</main></body></html>
"""


@dataclass(frozen=True)
class _Code:
    """An authorization code that has not been exchanged: the user, the request, and its expiry in Unix seconds."""

    who: str
    asked: dict[str, str]
    until: float


class SignIn:
    """The authorization and token endpoints for the pages of one API."""

    def __init__(self, issuer: Issuer, api: str) -> None:
        self._issuer, self._api = issuer, api
        self._codes: dict[str, _Code] = {}

    def cors(self, origin: str | None) -> dict[str, str]:
        """Return the CORS headers of a response. Only a page of the API may read it."""
        return {"Vary": "Origin"} | ({"Access-Control-Allow-Origin": origin} if origin and origin == self._api else {})

    def authorize(self, asked: dict[str, str]) -> Reply:
        """Return the page with the users, or, if `who` is given, a redirect that carries an authorization code."""
        if asked.get("redirect_uri") != f"{self._api}/activate" or asked.get("client_id") != self._client:
            # An unknown redirect URI gets an error page and no redirect.
            return HTTPStatus.BAD_REQUEST, HTML, "<!doctype html><title>Refused</title>Unknown client or redirect URI."
        state = {"state": asked["state"]} if "state" in asked else {}
        if not (asked.items() >= REQUIRED_VALUES.items() and all(asked.get(name) for name in REQUIRED_PARAMETERS)):
            return self._back(asked, {"error": "invalid_request"} | state)
        who = asked.get("who")
        if who is None:
            return HTTPStatus.OK, HTML, self._page(asked, state)
        if who not in {user.user_id for user in sample.USERS}:
            return self._back(asked, {"error": "access_denied"} | state)
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(who, asked, time.time() + CODE_SECONDS)
        return self._back(asked, {"code": code, "iss": self._issuer.url(Caller.TENANT)} | state)

    def token(self, form: dict[str, str]) -> Reply:
        """Exchange a code for tokens. A code works once, within 60 seconds, and only with its PKCE verifier."""
        given = self._codes.pop(form.get("code", ""), None)
        is_right = (
            given is not None
            and time.time() < given.until
            and form.get("grant_type") == "authorization_code"
            and form.get("client_id") == self._client
            and form.get("redirect_uri") == given.asked["redirect_uri"]
            and secrets.compare_digest(_challenge(form.get("code_verifier", "")), given.asked["code_challenge"])
        )
        if given is None or not is_right:
            return HTTPStatus.BAD_REQUEST, JSON, json.dumps({"error": "invalid_grant"})
        token = mint(given.who, self._issuer, nonce=given.asked["nonce"])
        said = {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "id_token": token, "access_token": token}
        return HTTPStatus.OK, JSON | {"Cache-Control": "no-store"}, json.dumps(said)

    @property
    def _client(self) -> str:
        return self._issuer.audience(Caller.TENANT)

    def _page(self, asked: dict[str, str], state: dict[str, str]) -> str:
        tenants = {tenant.tenant_id: tenant.name for tenant in sample.TENANTS}
        here = self._issuer.url(Caller.TENANT) + AUTHORIZE
        people = "\n".join(
            f'<li><a id="{user.user_id}" href="{html.escape(f"{here}?{urlencode(asked | {'who': user.user_id})}")}">'
            f"{html.escape(user.name)}</a>, {html.escape(tenants[user.tenant_id])}</li>"
            for user in sample.USERS
        )
        cancel = f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied'} | state)}"
        return PAGE.format(people=people, cancel=html.escape(cancel))

    def _back(self, asked: dict[str, str], said: dict[str, str]) -> Reply:
        return HTTPStatus.FOUND, {"Location": f"{asked['redirect_uri']}?{urlencode(said)}"}, ""


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
