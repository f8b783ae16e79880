"""The backend's token: from a function of the product, or fetched with client credentials.

Both classes are an `httpx.Auth`, so that they work with the synchronous and the asynchronous client.
"""

import time
from collections.abc import Callable, Generator

import httpx

from guestkey_client.calls import json_of

RENEW_BEFORE_END_SECONDS = 60.0


class Bearer(httpx.Auth):
    """Sends the token that a function returns. The function is called for each request and renews the token itself."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to the request."""
        yield _signed(request, self._token())


class ClientCredentials(httpx.Auth):
    """Fetches a token from the issuer's token endpoint (RFC 6749, 4.4) and reuses it until a minute before its expiry.

    A token without `expires_in` is used once. If Guestkey rejects a token, a new one is fetched once, because the
    issuer's key may have changed.
    """

    requires_response_body = True

    def __init__(self, token_url: str, client_id: str, client_secret: str, scope: str) -> None:
        self._token_url = token_url
        self._client = httpx.BasicAuth(client_id, client_secret)
        self._order = {"grant_type": "client_credentials", "scope": scope}
        self._token, self._renew_at = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to the request and fetch a new one first if it is missing or about to expire."""
        if not self._token or time.monotonic() >= self._renew_at:
            yield from self._fetched(request)
        response = yield _signed(request, self._token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield from self._fetched(request)
            yield _signed(request, self._token)

    def _fetched(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Fetch a token with the time-outs of the request. Raises httpx.RequestError if the response has no token."""
        order = httpx.Request("POST", self._token_url, data=self._order, extensions=request.extensions)
        asked_at = time.monotonic()
        response = yield next(self._client.auth_flow(order))
        match json_of(response):
            case {"access_token": str(token), **more} if response.is_success:
                lifetime = more.get("expires_in")
                self._token = token
                self._renew_at = asked_at + (lifetime if isinstance(lifetime, int) else 0) - RENEW_BEFORE_END_SECONDS
            case _:
                message = f"the token endpoint returned no token, but status {response.status_code}"
                raise httpx.RequestError(message, request=order)


def _signed(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request
