"""Narrates the tour: prints each step, sends and shows its requests, and ends the tour at an unexpected response."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.faults import Fault
from local.stack import Stack


@dataclass
class Guide:
    """Runs the steps of the tour on one stack and numbers them."""

    stack: Stack
    # Both processes run on this machine, so the proxies of the environment are ignored.
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60), init=False)
    steps: int = field(default=0, init=False)

    def say(self, sentence: str) -> None:
        """Print the sentence with the number of the next step."""
        self.steps += 1
        print(f"\n{self.steps:2}. {sentence}")

    def shown(self, method: str, path: str, who: str | None, body: dict[str, Any] | None = None) -> httpx.Response:
        """Print a request, send it and return the response."""
        print(
            f"   {method} {path}  {f'as {who}' if who else 'without a token'}"
            + (f"\n   {json.dumps(body, ensure_ascii=False)}" if body else "")
        )
        return self.ask(method, path, who, body)

    def ask(self, method: str, path: str, who: str | None, body: dict[str, Any] | None = None) -> httpx.Response:
        """Send a request with a new token for `who`, or without a token if `who` is None."""
        headers = {"Authorization": f"Bearer {self.stack.token(who)}"} if who else {}
        return self.http.request(method, self.stack.url + path, json=body, headers=headers)

    def expect(self, answer: httpx.Response, status: int, **members: Any) -> None:
        """Raise Fault unless the response has this status and these members."""
        said = answer.json() if members else {}
        if answer.status_code != status or any(said.get(name) != value for name, value in members.items()):
            raise Fault(
                f"step {self.steps} expected status {status}{f' with {members}' if members else ''}, "
                f"but the response was {answer.status_code} {answer.text[:500]}"
            )
