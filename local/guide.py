"""Who leads through the tour: says what happens, makes the calls and shows them, and ends it where one surprises."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.faults import Fault
from local.stack import Stack


@dataclass
class Guide:
    """One walk through a stack, step by step."""

    stack: Stack
    # No proxy of the developer's environment stands between two processes of this machine.
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60), init=False)
    steps: int = field(default=0, init=False)

    def say(self, sentence: str) -> None:
        """Begin a step."""
        self.steps += 1
        print(f"\n{self.steps:2}. {sentence}")

    def shown(self, method: str, path: str, who: str | None, body: dict[str, Any] | None = None) -> httpx.Response:
        """Ask, and show the call."""
        print(
            f"   {method} {path}  as {who or 'anybody'}"
            + (f"\n   {json.dumps(body, ensure_ascii=False)}" if body else "")
        )
        return self.ask(method, path, who, body)

    def ask(self, method: str, path: str, who: str | None, body: dict[str, Any] | None = None) -> httpx.Response:
        """Send one request with a fresh token; as nobody without any."""
        headers = {"Authorization": f"Bearer {self.stack.token(who)}"} if who else {}
        return self.http.request(method, self.stack.url + path, json=body, headers=headers)

    def expect(self, answer: httpx.Response, status: int, **members: Any) -> None:
        """End the tour unless the answer is as it should be."""
        said = answer.json() if members else {}
        if answer.status_code != status or any(said.get(name) != value for name, value in members.items()):
            raise Fault(f"step {self.steps} went otherwise than it should: {answer.status_code} {answer.text[:500]}")
