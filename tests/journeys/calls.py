"""Calls to the running stack as people make them: somebody with a token, over real HTTP."""

import json
import ssl
from dataclasses import dataclass, replace
from typing import Any

import httpx

PROBLEM = "application/problem+json"
PATIENCE_SECONDS = 60
CANARY = "canary7f3a"
"""Stands in what people type where a test does not care what; at the end of the run no log may have it."""
_REASON = f"The import hangs, {CANARY}"
# Made once: reading the certificate authorities takes longer than a call, and nothing here is asked over TLS.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def connection(url: str, *, most: int = 10) -> httpx.Client:
    """Return a client of that API; no proxy of the developer's environment is asked."""
    return httpx.Client(
        base_url=url,
        timeout=PATIENCE_SECONDS,
        trust_env=False,
        verify=_NO_AUTHORITIES,
        limits=httpx.Limits(max_connections=most, max_keepalive_connections=most),
    )


@dataclass(frozen=True)
class Caller:
    """Somebody with a token, or without one."""

    client: httpx.Client
    token: str | None

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request; `body` is anything that JSON can say, `key` an Idempotency-Key."""
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
        """Return the same person on another connection."""
        return replace(self, client=client)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of an answer that must be a refusal of ours."""
    assert answer.headers["Content-Type"] == PROBLEM, f"{answer.status_code} {answer.text[:300]}"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["code"]


def given(answer: httpx.Response, status: int = 200) -> Any:
    """Return what an answer that must be a success says."""
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
