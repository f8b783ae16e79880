"""Each call once, for both clients: what is sent, and how the answer is read.

Every call here may be repeated: a check changes nothing, and a PUT puts the whole thing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar

import httpx

from guestkey_client.errors import Refused, Unavailable
from guestkey_client.records import Desk, Record, order_of

Action = Literal["enter", "export"]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An agent inside a customer's account, as the product's own session knows it.

    `login_id` is the record of the entry, which the agent made beforehand. Without it nobody gets in.
    """

    tenant_id: str
    agent_id: str
    login_id: str | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a check answered. It is true if the agent is allowed, and good for the moment at which it was asked.

    `reason` says why: `granted`, `no_live_grant`, `export_not_granted`, `no_login` or `agent_inactive`. `grant_id` and
    `ends_at` are those of the covering grant that ends last; without an end `ends_at` is None.
    """

    allowed: bool
    reason: str
    grant_id: str | None
    may_export: bool
    ends_at: datetime | None

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request that may be sent, and what its answer means. `read` gets the JSON of a success."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: Any = None

    def answer(self, response: httpx.Response) -> T:
        """Return what was answered. Raises Refused or Unavailable."""
        status, said = response.status_code, json_of(response)
        if status == HTTPStatus.OK:
            return self.read(said)
        if response.is_client_error and status != HTTPStatus.TOO_MANY_REQUESTS:
            raise Refused(status, said if isinstance(said, dict) else {})
        raise Unavailable(f"Guestkey answered {status}", _retry_after(response))


def check(entry: Entry, action: Action) -> Call[Answer]:
    """Ask whether the agent may go on, or export, within the login that records the entry.

    A `login_id` of None goes out as null, which Guestkey refuses: it must not be heard as "may begin".
    """
    order = {"tenant_id": entry.tenant_id, "agent_id": entry.agent_id, "action": action, "login_id": entry.login_id}
    return Call(method="POST", path="/v1/vendor/checks", body=order, read=_answer)


def may_begin(tenant_id: str, agent_id: str, action: Action) -> Call[Answer]:
    """Ask whether the agent could enter, or export, after recording a login."""
    order = {"tenant_id": tenant_id, "agent_id": agent_id, "action": action}
    return Call(method="POST", path="/v1/vendor/checks", body=order, read=_answer)


def put(record: Record) -> Call[None]:
    """Say how a record is from now on."""
    path, body = order_of(record)
    return Call(method="PUT", path=path, body=body, read=lambda said: None)


def desk() -> Call[Desk]:
    """Ask for the support desk's record."""
    return Call(method="GET", path="/v1/vendor/desk", read=_desk)


def json_of(response: httpx.Response) -> Any:
    """Return what a body says, None if it is no JSON."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _answer(said: Any) -> Answer:
    """Return the answer of a check. A yes is JSON `true` with the reason `granted` and the grant, and nothing else."""
    match said:
        case {
            "allowed": bool(allowed),
            "reason": str(reason),
            "grant_id": str() | None as grant_id,
            "may_export": bool(may_export),
            "ends_at": str() | None as ends_at,
        } if allowed is (reason == "granted") is (grant_id is not None):
            return Answer(
                allowed=allowed,
                reason=reason,
                grant_id=grant_id,
                may_export=may_export,
                ends_at=_moment(ends_at) if ends_at is not None else None,
            )
    raise Unavailable("Guestkey's answer to a check makes no sense")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Unavailable("Guestkey's answer to a check has an end that is no time") from None


def _desk(said: Any) -> Desk:
    if not isinstance(said, dict):
        raise Unavailable("Guestkey's answer is no record of a support desk")
    return Desk(record=said)


def _retry_after(response: httpx.Response) -> float:
    """Return for how many seconds to stay away. A date is for longer than anybody waits who waits for a check."""
    asked = response.headers.get("Retry-After", "0")
    return float(asked) if asked.isascii() and asked.isdecimal() else float("inf")
