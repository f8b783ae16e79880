"""The site of the browser tests: the real web function, the real local issuer, and a **stand-in** for the API.

The stand-in answers the calls of the page (GET me, about, requests and grants; POST approve and decline; DELETE grant)
with one request. A test sets its responses and faults, and reads its log of calls. `tests/journeys/test_stand_in.py`
holds that the real API answers the same, except for ids and times.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote

import jwt

from guestkey import errors
from guestkey.edge.http.problem import fault
from guestkey.edge.http.problem import problem as problem_answer
from guestkey.rules.slots import may_choose_slot
from local import sample
from local.issuer import Caller, Issuer
from local.processes import LOOPBACK
from local.provider import server
from tests.web import started

REQUEST_ID = "01M8EXAMP1E0REQVEST0000001"
GRANT_ID = "01M8EXAMP1E0GRANT000000001"
REQUESTED_AT, ANSWERED_AT = "2026-11-23T12:00:00Z", "2026-11-23T13:30:00Z"
EXPIRES_AT = "2026-11-24T12:00:00Z"
ENDS_AT = {
    "1h": "2026-11-23T14:30:00Z",
    "2h": "2026-11-23T15:30:00Z",
    "4h": "2026-11-23T17:30:00Z",
    "today": "2026-11-23T23:00:00Z",
    "1w": "2026-11-30T13:30:00Z",
    "2w": "2026-12-07T13:30:00Z",
    "1mo": "2026-12-23T13:30:00Z",
    "permanent": None,
}
REVIEW_AT = "2027-05-22T12:30:00Z"
REVOKED_AT = "2026-11-23T14:05:00Z"

Reply = tuple[int, dict[str, Any]]
Fault = Callable[["Api", Callable[[], Reply]], Reply]
"""A fault between a request and its response."""
SILENCE: Reply = (0, {})
"""The connection ends without an answer. A browser that reused a connection then resends once, even a POST."""
CUT_OFF: Reply = (1, {})
"""The connection ends in the middle of the answer."""


SALT = "5a17" * 8
PERSON = {"kind": "person", "accountable": None}


def a_request(**changes: Any) -> dict[str, Any]:
    """Return Sven's request to Acme, as the contract shows it."""
    return {
        "request_id": REQUEST_ID,
        "tenant_id": "acme",
        "agent": {"id": "sven", "name": "Sven Brandt", "present_name": None} | PERSON,
        "reason": "Rechnung 4711 lässt sich nicht drucken. Ich möchte den Druck unter Ihrem Konto nachstellen.",
        "reason_salt": SALT,
        "ticket": None,
        "period": "4h",
        "access": "change",
        "may_export": True,
        "state": "pending",
        "requested_at": REQUESTED_AT,
        "expires_at": EXPIRES_AT,
        "mail": "sent",
        "answered_at": None,
        "answered_by": None,
        "note": None,
        "note_salt": None,
        "grant_id": None,
    } | changes


END_OF = {"live": None, "revoked": "revoked", "ended": "time"}


def a_grant(**changes: Any) -> dict[str, Any]:
    """Return the grant that Anna gave for the request, as the contract shows it."""
    return {
        "grant_id": GRANT_ID,
        "grantee": {"type": "agent", "id": "sven", "name": "Sven Brandt", "present_name": None} | PERSON,
        "period": "4h",
        "access": "change",
        "may_export": False,
        "may_automate": False,
        "state": "live",
        "granted_at": ANSWERED_AT,
        "granted_by": {"user_id": "anna", "name": "Anna Albrecht"},
        "ends_at": ENDS_AT["4h"],
        "review_at": None,
        "review_due": False,
        "revoked_at": None,
        "revoked_by": None,
        "end": END_OF[changes.get("state", "live")],
        "request_id": REQUEST_ID,
    } | changes


@dataclass
class Api:
    """The stand-in: one request, at most one grant, and a log of the calls."""

    issuer: Issuer
    request: dict[str, Any] = field(default_factory=a_request)
    later: list[dict[str, Any]] = field(default_factory=list)
    """Further requests, which can be listed only."""
    grant: dict[str, Any] | None = None
    customer_name: str | None = None
    """Customer name of tenants, if not their ids."""
    locale: str | None = None
    """Locale of users without their own."""
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    answered: list[tuple[str, Any, str | None]] = field(default_factory=list)
    approver_emails: dict[str, list[str]] = field(
        default_factory=lambda: {tenant.tenant_id: list(tenant.approver_emails) for tenant in sample.TENANTS}
    )
    _lock: Lock = field(default_factory=Lock)
    _stored: dict[str, tuple[Any, Reply]] = field(default_factory=dict)

    def reset(self) -> None:
        """Reset to one new pending request."""
        fresh = Api(self.issuer)
        for name in (
            "request", "later", "grant", "locale", "faults", "calls", "answered", "approver_emails", "_stored",
        ):  # fmt: skip
            setattr(self, name, getattr(fresh, name))

    def fail(self, what: str, fault: Fault) -> None:
        """Let the next call of that kind, such as `POST approve`, meet a fault."""
        self.faults.append((what, fault))

    @property
    def changes(self) -> list[str]:
        """The changes made, in order."""
        return [what for what, _, _ in self.answered]

    def reply(self, method: str, path: str, headers: Any, body: Any) -> Reply:
        """Answer a call, unless a fault is set for it."""
        self.calls.append((method, path))
        what = f"{method} {path.rpartition('/')[2]}"
        for place, (failing, failure) in enumerate(self.faults):
            if failing == what:
                del self.faults[place]
                return failure(self, lambda: self._reply(method, path, headers, body))
        return self._reply(method, path, headers, body)

    def _reply(self, method: str, path: str, headers: Any, body: Any) -> Reply:
        claims = self._claims(headers.get("Authorization", ""))
        if claims is None:
            return 401, {"message": "Unauthorized"}
        user = next(user for user in sample.USERS if user.user_id == claims["sub"])
        with self._lock:
            try:
                return self._of(user, "act" in claims, method, path.removeprefix("/v1/").split("/"), headers, body)
            except errors.Refused as refused:
                return problem(refused)

    def _of(self, user: sample.User, is_acting: bool, method: str, path: list[str], headers: Any, body: Any) -> Reply:
        if path in (["me"], ["about"]):
            return self._own(user, is_acting, path[0])
        if is_acting:
            raise errors.ActingForAnother
        if path[0] == "requests":
            return self._of_requests(user, method, path[1:], headers, body)
        if not user.may_grant:
            raise errors.RightMissing
        if self.grant is None or path[1] != self.grant["grant_id"] or not self._is_theirs(user):
            raise errors.NotFound
        return (200, self.grant) if method == "GET" else self._revoke(user)

    def _of_requests(self, user: sample.User, method: str, path: list[str], headers: Any, body: Any) -> Reply:
        if method == "POST":
            _require_input(body)
        if not user.may_grant:
            raise errors.RightMissing(ask=self.approver_emails[user.tenant_id])
        if not path:
            pending = [one for one in (*self.later, self.request) if one["state"] == "pending"]
            return 200, {"items": pending if self._is_theirs(user) else [], "next_cursor": None}
        if path[0] != self.request["request_id"] or not self._is_theirs(user):
            raise errors.NotFound
        return (200, self.request) if method == "GET" else self._answered(user, path[1], headers, body)

    def _own(self, user: sample.User, is_acting: bool, what: str) -> Reply:
        tenant = next(tenant for tenant in sample.TENANTS if tenant.tenant_id == user.tenant_id)
        if what == "about":
            about = {"tenant_id": tenant.tenant_id, "name": tenant.name, "version": tenant.version}
            about["customer_name"] = self.customer_name or tenant.tenant_id
            return 200, about | {"time_zone": tenant.time_zone, "country": tenant.country}
        locale = user.locale if self.locale is None else self.locale
        me = {"user_id": user.user_id, "name": user.name, "tenant_id": user.tenant_id, "locale": locale}
        may_grant = user.may_grant and not is_acting
        return 200, me | {
            "may_grant": may_grant,
            "may_book_slot": may_choose_slot(locale),
            "default_access": "change",
        }

    def _answered(self, user: sample.User, how: str, headers: Any, body: Any) -> Reply:
        if how == "decline":
            self._require_pending()
            return self._decline(user, body)
        key = headers.get("Idempotency-Key")
        if key in self._stored:
            before, reply = self._stored[key]
            if body != before:
                raise errors.IdempotencyKeyReused
            return reply
        self._require_pending()
        reply = self._approve(user, body, key)
        if key:
            self._stored[key] = (body, reply)
        return reply

    def _claims(self, authorization: str) -> dict[str, Any] | None:
        try:
            claims: dict[str, Any] = jwt.decode(
                authorization.removeprefix("Bearer "),
                self.issuer.key().public_key(),
                algorithms=["RS256"],
                issuer=self.issuer.url(Caller.TENANT),
                audience=self.issuer.audience(Caller.TENANT),
            )
        except jwt.InvalidTokenError:
            return None
        return claims

    def _is_theirs(self, user: sample.User) -> bool:
        return user.tenant_id == str(self.request["tenant_id"])

    def _require_pending(self) -> None:
        state = self.request["state"]
        if state == "expired":
            raise errors.RequestExpired
        if state != "pending":
            raise errors.RequestClosed(state=state, grant_id=self.request["grant_id"])

    def _approve(self, user: sample.User, body: Any, key: str | None) -> Reply:
        period = body.get("period", self.request["period"])
        may_export, access = body.get("may_export") is True, body.get("access") or self.request["access"]
        if access == "change" != self.request["access"]:
            raise errors.ChangeNotAsked
        if may_export and not self.request["may_export"]:
            raise errors.ExportNotAsked
        self.answered.append(("approve", body, key))
        by = {"user_id": user.user_id, "name": user.name}
        self.grant = a_grant(
            period=period, access=access, may_export=may_export, ends_at=ENDS_AT[period], granted_by=by
        )
        self.grant["grantee"] = {"type": "agent", **self.request["agent"]}
        self.grant["review_at"] = REVIEW_AT if period == "permanent" else None
        self.request |= {"state": "approved", "answered_at": ANSWERED_AT, "answered_by": by, "grant_id": GRANT_ID}
        return 201, dict(self.grant)

    def _decline(self, user: sample.User, body: Any) -> Reply:
        self.answered.append(("decline", body, None))
        by = {"user_id": user.user_id, "name": user.name}
        note = {"note": body.get("note"), "note_salt": SALT if body.get("note") else None}
        self.request |= {"state": "declined", "answered_at": ANSWERED_AT, "answered_by": by, **note}
        return 200, self.request

    def _revoke(self, user: sample.User) -> Reply:
        assert self.grant
        if self.grant["state"] == "ended":
            raise errors.GrantEnded
        if self.grant["state"] == "live":
            self.answered.append(("revoke", None, None))
            by = {"user_id": user.user_id, "name": user.name}
            self.grant |= {"state": "revoked", "end": "revoked", "revoked_at": REVOKED_AT, "revoked_by": by}
        return 200, self.grant


def _require_input(body: Any) -> None:
    """Refuse the only input that can be typed into the page and is invalid."""
    if "\u202e" in (body.get("note") or ""):
        detail = "Value error, control characters and bidirectional overrides are not allowed"
        raise errors.InputInvalid(errors=[fault(detail, "note")])


# ------------------------------------------------------------------ faults


def refuses(refusal: errors.Refused) -> Fault:
    """Send this response to any call, and change nothing."""
    return lambda api, reply: problem(refusal)


def unauthorized(api: Api, reply: Callable[[], Reply]) -> Reply:
    """Answer as API Gateway does when a token has expired."""
    return 401, {"message": "Unauthorized"}


def breaks_before(api: Api, reply: Callable[[], Reply]) -> Reply:
    """Break the connection, and change nothing."""
    return CUT_OFF


def breaks_after(api: Api, reply: Callable[[], Reply]) -> Reply:
    """Process the call, and break the connection in the middle of the answer."""
    reply()
    return CUT_OFF


def falls_silent(api: Api, reply: Callable[[], Reply]) -> Reply:
    """Process the call, and end the connection without an answer."""
    reply()
    return SILENCE


def takes(seconds: float) -> Fault:
    """Process the call after a delay."""

    def late(api: Api, reply: Callable[[], Reply]) -> Reply:
        time.sleep(seconds)
        return reply()

    return late


def problem(refusal: errors.Refused) -> Reply:
    """Return a refusal in the form of the API."""
    answer = problem_answer(refusal)
    return answer["statusCode"], json.loads(answer["body"])


# ------------------------------------------------------------------ the server


@dataclass(frozen=True)
class Site:
    """Addresses of the pages and of their API."""

    url: str
    api: Api
    issuer: Issuer

    @property
    def link(self) -> str:
        """The link in the mail."""
        return f"{self.url}/activate#{REQUEST_ID}"

    @property
    def grant_link(self) -> str:
        """The link in a notice about the grant."""
        return f"{self.url}/activate#grant={GRANT_ID}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are sent separately; without this the body would wait for the acknowledgement of the headers.
    disable_nagle_algorithm = True

    def __init__(self, pages: Any, api: Api, *args: Any) -> None:
        self._pages, self._api = pages, api
        super().__init__(*args)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/v1/"):
            self._answer_api("GET", path)
        else:
            self._answer_page(path)

    def do_POST(self) -> None:
        self._answer_api("POST", self.path)

    def do_DELETE(self) -> None:
        self._answer_api("DELETE", self.path)

    def _answer_api(self, method: str, path: str) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self._api.reply(method, path, self.headers, json.loads(sent or b"null"))
        if reply in (SILENCE, CUT_OFF):
            self.close_connection = True
            if reply == CUT_OFF:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            return
        status, body = reply
        if status == 401:
            # This answer comes from API Gateway.
            headers = {"Content-Type": "application/json"}
        else:
            kind = "application/json" if status < 400 else "application/problem+json"
            headers = {"Content-Type": kind, "Cache-Control": "no-store"}
        self._send(status, headers, json.dumps(body))

    def _answer_page(self, path: str) -> None:
        name = path.removeprefix("/assets/") if path.startswith("/assets/") else None
        route = "/assets/{name}" if name is not None else "/{proxy+}"
        parameters = {"name": name, "proxy": unquote(path.removeprefix("/"))}
        answer = self._pages.lambda_handler({"routeKey": f"GET {route}", "pathParameters": parameters}, None)
        self._send(answer["statusCode"], answer["headers"], answer["body"])

    def _send(self, status: int, headers: dict[str, str], body: str) -> None:
        try:
            self.send_response(status)
            for header, value in headers.items():
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())
        except (BrokenPipeError, ConnectionResetError):
            # The browser has closed the connection.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""


@contextmanager
def opened(folder: Path) -> Iterator[Site]:
    """Serve the site, on two free ports."""
    pages: dict[str, Any] = {}
    made: Callable[..., _Answers] = lambda *args: _Answers(pages["app"], pages["api"], *args)  # noqa: E731
    with ThreadingHTTPServer((LOOPBACK, 0), made) as site:
        url = f"http://{LOOPBACK}:{site.server_address[1]}"
        # The port is free until the issuer's server uses it.
        with ThreadingHTTPServer((LOOPBACK, 0), BaseHTTPRequestHandler) as probe:
            issuer = Issuer(folder, probe.server_address[1])
        with server(issuer, url) as signing_in:
            here = issuer.url(Caller.TENANT)
            pages["app"] = started(
                TENANT_ISSUER=here, SIGN_IN_CLIENT_ID=issuer.audience(Caller.TENANT), SIGN_IN_ORIGIN=issuer.address
            )
            pages["api"] = Api(issuer)
            for one in (site, signing_in):
                Thread(target=partial(one.serve_forever, poll_interval=0.05), daemon=True).start()
            yield Site(url, pages["api"], issuer)
            for one in (site, signing_in):
                one.shutdown()
