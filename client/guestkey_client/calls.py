"""The calls of both clients: the request of each call, and the parsing of its response.

Every call is idempotent and may be repeated: a check changes nothing, and a PUT replaces the whole record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar

import httpx

from guestkey_client.errors import Refused, Unavailable
from guestkey_client.records import Desk, Record, request_of

Action = Literal["view", "change", "export", "enter"]
"""`enter` is the word of callers from before there were levels, and means `change`."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods of HTTP that change nothing (RFC 9110, 9.2.1), unless the product uses them for more."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An agent inside a customer's account, taken from the product's own session.

    `login_id` is the id of the login that the agent recorded before entering. Without it the agent is refused.
    """

    tenant_id: str
    agent_id: str
    login_id: str | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result of a check. It is true if the agent is allowed, and valid only at the time of the check.

    `reason` is `granted`, `no_live_grant`, `not_for_software`, `change_not_granted`, `export_not_granted`, `no_login`,
    `agent_inactive`, `outside_hours` or `locked`. `grant_id` and `ends_at` belong to the grant that ends last, of those
    that allow the action; `ends_at` is None for a permanent grant. `access` is `view` or `change`: the union of all
    that cover the agent, None for a denial and in the answers of a stack from before there were levels.
    """

    allowed: bool
    reason: str
    grant_id: str | None
    may_export: bool
    ends_at: datetime | None
    access: str | None = None

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request and the parser of its response. `read` gets the JSON of a response with status 200."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: Any = None

    def answer(self, response: httpx.Response) -> T:
        """Return the parsed response. Raises Refused for a client error except 429, and Unavailable otherwise."""
        status, content = response.status_code, json_of(response)
        if status == HTTPStatus.OK:
            return self.read(content)
        if response.is_client_error and status != HTTPStatus.TOO_MANY_REQUESTS:
            raise Refused(status, content if isinstance(content, dict) else {})
        raise Unavailable(f"Guestkey answered {status}", _retry_after(response))


def action_of(method: object) -> Action:
    """Return the action of a request to the product by its method: `view` for reading, `change` for all else."""
    return "view" if method in READING else "change"


def check(entry: Entry, action: Action) -> Call[Answer]:
    """Return the call that checks whether the agent may continue with the action under a recorded login.

    A `login_id` of None is sent as null, which Guestkey refuses, because a missing `login_id` would mean "may begin".
    """
    order = {"tenant_id": entry.tenant_id, "agent_id": entry.agent_id, "action": action, "login_id": entry.login_id}
    return Call(method="POST", path="/v1/vendor/checks", body=order, read=_answer)


def may_begin(tenant_id: str, agent_id: str, action: Action) -> Call[Answer]:
    """Return the call that checks whether the agent may begin the action after recording a login."""
    order = {"tenant_id": tenant_id, "agent_id": agent_id, "action": action}
    return Call(method="POST", path="/v1/vendor/checks", body=order, read=_answer)


def put(record: Record) -> Call[None]:
    """Return the call that stores a record and replaces an earlier one."""
    path, body = request_of(record)
    return Call(method="PUT", path=path, body=body, read=lambda content: None)


def desk() -> Call[Desk]:
    """Return the call that reads the settings of the support desk."""
    return Call(method="GET", path="/v1/vendor/desk", read=_desk)


def json_of(response: httpx.Response) -> Any:
    """Return the JSON of a response, or None if the body is not valid JSON."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _answer(content: Any) -> Answer:
    """Return the answer of a check. Raises Unavailable for an invalid response.

    An agent is allowed only if `allowed` is JSON `true`, the reason is `granted` and a grant is named.
    """
    match content:
        case {
            "allowed": bool(allowed),
            "reason": str(reason),
            "grant_id": str() | None as grant_id,
            "may_export": bool(may_export),
            "ends_at": str() | None as ends_at,
        } if allowed is (reason == "granted") is (grant_id is not None) and _is_level(content.get("access")):
            return Answer(
                allowed=allowed,
                reason=reason,
                grant_id=grant_id,
                may_export=may_export,
                ends_at=_moment(ends_at) if ends_at is not None else None,
                access=content.get("access"),
            )
    raise Unavailable("Guestkey's response to a check is invalid")


def _is_level(access: object) -> bool:
    return access in (None, "view", "change")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Unavailable("Guestkey's response to a check has an invalid ends_at") from None


def _desk(content: Any) -> Desk:
    if not isinstance(content, dict):
        raise Unavailable("Guestkey's response is no record of a support desk")
    return Desk(record=content)


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds of a `Retry-After` header, 0 if it is missing, and infinity if it is a date or invalid."""
    asked = response.headers.get("Retry-After", "0")
    return float(asked) if asked.isascii() and asked.isdecimal() else float("inf")
