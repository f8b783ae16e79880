"""HTTP calls to the running stack by a caller with a token."""

import json
import ssl
from dataclasses import dataclass, replace
from typing import Any

import httpx

PROBLEM = "application/problem+json"
PATIENCE_SECONDS = 60
CANARY = "canary7f3a"
"""Part of typed texts whose content does not matter to a test; at the end of the run no log may contain it."""
_REASON = f"The import hangs, {CANARY}"
# Made once: loading the certificate authorities takes longer than a call, and no call here uses TLS.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def connection(url: str, *, most: int = 10) -> httpx.Client:
    """Return a client of that API that ignores the proxy settings of the environment."""
    return httpx.Client(
        base_url=url,
        timeout=PATIENCE_SECONDS,
        trust_env=False,
        verify=_NO_AUTHORITIES,
        limits=httpx.Limits(max_connections=most, max_keepalive_connections=most),
    )


@dataclass(frozen=True)
class Caller:
    """A caller with a token, or without one."""

    client: httpx.Client
    token: str | None

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request; `body` is any JSON value, `key` an Idempotency-Key."""
        headers = httpx.Headers(options.pop("headers", None))
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            options["content"] = json.dumps(body).encode()
        return self.client.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.call("DELETE", path, **options)

    def over(self, client: httpx.Client) -> "Caller":
        """Return the same caller on another connection."""
        return replace(self, client=client)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal; any other answer fails the test."""
    assert answer.headers["Content-Type"] == PROBLEM, f"{answer.status_code} {answer.text[:300]}"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["code"]


def success(answer: httpx.Response, status: int = 200) -> Any:
    """Return the JSON of a successful answer; any other answer fails the test."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:300]}"
    return answer.json()


def grant_to(type: str, id: str, **more: Any) -> dict[str, Any]:
    return {"grantee": {"type": type, "id": id}, **more}


def login_at(tenant_id: str, reason: str = _REASON, **more: Any) -> dict[str, Any]:
    return {"tenant_id": tenant_id, "reason": reason, **more}


def request_to(tenant_id: str, reason: str = _REASON, **more: Any) -> dict[str, Any]:
    return {"tenant_id": tenant_id, "reason": reason, **more}


def call_of(**more: Any) -> dict[str, Any]:
    return {"topic": "question", "description": "The import hangs", "phone": "+49 241 44686122", **more}


def check_of(tenant_id: str, agent_id: str, action: str = "enter", **more: Any) -> dict[str, Any]:
    return {"tenant_id": tenant_id, "agent_id": agent_id, "action": action, **more}
