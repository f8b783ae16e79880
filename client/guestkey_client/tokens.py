"""The backend's token: from a function of the product's own, or fetched with client credentials.

Both are an `httpx.Auth`, whose flow httpx drives for either client.
"""

import time
from collections.abc import Callable, Generator

import httpx

from guestkey_client.calls import json_of

RENEWED_BEFORE_END = 60.0


class Bearer(httpx.Auth):
    """Sends the token that a function returns. It is asked each time, and keeps the token fresh itself."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the token along."""
        yield _signed(request, self._token())


class ClientCredentials(httpx.Auth):
    """Fetches a token at the issuer's token endpoint (RFC 6749, 4.4) and keeps it until a minute before its end.

    One that does not say how long it lives is used once. One that Guestkey does not accept is fetched anew, once: the
    issuer's key may have changed.
    """

    requires_response_body = True

    def __init__(self, token_url: str, client_id: str, client_secret: str, scope: str) -> None:
        self._token_url = token_url
        self._client = httpx.BasicAuth(client_id, client_secret)
        self._order = {"grant_type": "client_credentials", "scope": scope}
        self._token, self._renew_at = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the token along, fetched before if need be."""
        if not self._token or time.monotonic() >= self._renew_at:
            yield from self._fetched(request)
        response = yield _signed(request, self._token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield from self._fetched(request)
            yield _signed(request, self._token)

    def _fetched(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Fetch a token, with the patience that the request itself has."""
        order = httpx.Request("POST", self._token_url, data=self._order, extensions=request.extensions)
        asked_at = time.monotonic()
        response = yield next(self._client.auth_flow(order))
        match json_of(response):
            case {"access_token": str(token), **more} if response.is_success:
                lifetime = more.get("expires_in")
                self._token = token
                self._renew_at = asked_at + (lifetime if isinstance(lifetime, int) else 0) - RENEWED_BEFORE_END
            case _:
                raise httpx.RequestError(f"the token endpoint answered {response.status_code}", request=order)


def _signed(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request
