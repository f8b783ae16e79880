"""SES refuses, throttles, times out or disconnects: the request stays, the agent is informed, and a resend works.

The emulator's SES refuses unknown senders and recipients only. For other failures a setting of the AWS SDK makes the
mailing function use a server of this test as SES.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from local.processes import LOOPBACK
from local.stack import MAIL_DOMAIN
from tests.journeys.calls import Caller, request_to, success
from tests.journeys.settings import changed_setting
from tests.journeys.world import Agent, Tenant, World, tenant_of

ASK, ANSWER = "/v1/support/requests", "/v1/requests"
SETTING = "AWS_ENDPOINT_URL_SESV2"
A_WHILE = 8
"""Seconds: longer than any function waits for SES."""


@pytest.fixture
def agent(world: World) -> Agent:
    return world.new_agent("support")


def ask(tenant: Tenant, agent: Caller) -> dict[str, Any]:
    answer: dict[str, Any] = success(agent.post(ASK, request_to(tenant.tenant_id)), 201)
    return answer


def send_again(agent: Caller, request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = success(agent.post(f"{ASK}/{request['request_id']}/send"))
    return answer


def require_standing(tenant: Tenant, agent: Caller, request: dict[str, Any]) -> None:
    """Assert that the request is pending and that both sides see that its mail failed."""
    assert (request["state"], request["mail"]) == ("pending", "failed")
    assert success(agent.get(ASK))["items"] == [request]
    assert success(tenant.anna.get(f"{ANSWER}/{request['request_id']}")) == request
    assert tenant.ledger().whats() == ["tenant.changed", "request.made"]


# ------------------------------------------------------------------ the emulator's SES


@contextmanager
def sender_unknown(world: World) -> Iterator[None]:
    """Remove the sender from SES for a while; the emulator stores it once for each version of the API."""
    ses, before = world.deployment.client("sesv2"), world.deployment.client("ses")
    ses.delete_email_identity(EmailIdentity=MAIL_DOMAIN)
    before.delete_identity(Identity=MAIL_DOMAIN)
    try:
        yield
    finally:
        before.verify_domain_identity(Domain=MAIL_DOMAIN)
        ses.create_email_identity(EmailIdentity=MAIL_DOMAIN)


@contextmanager
def in_the_sandbox(world: World) -> Iterator[None]:
    """Put SES into its sandbox for a while: it mails only to verified addresses and to its own simulator."""
    ses = world.deployment.client("sesv2")
    account = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://vendor.example"}
    ses.put_account_details(**account, ProductionAccessEnabled=False)
    try:
        yield
    finally:
        ses.put_account_details(**account, ProductionAccessEnabled=True)


def test_with_an_unknown_sender_the_mail_fails_and_the_request_stays(world: World, acme: Tenant, agent: Agent) -> None:
    with sender_unknown(world):
        request = ask(acme, agent.caller)
        require_standing(acme, agent.caller, request)
        assert send_again(agent.caller, request) == request
        assert acme.activation_mails() == []

    again = send_again(agent.caller, request)

    assert (again["state"], again["mail"]) == ("pending", "sent")
    assert success(agent.caller.get(ASK))["items"] == [again]
    (mail,) = acme.activation_mails()
    assert request["request_id"] in mail["text"]
    success(acme.anna.post(f"{ANSWER}/{request['request_id']}/approve", {}), 201)


def test_a_request_with_a_failed_mail_can_be_approved_and_withdrawn_and_replays_its_response(
    world: World, acme: Tenant, agent: Agent
) -> None:
    order = request_to(acme.tenant_id)
    with sender_unknown(world):
        first = agent.caller.post(ASK, order, key="k")
        second = ask(acme, agent.caller)
    again = agent.caller.post(ASK, order, key="k")

    assert (success(first, 201)["mail"], again.status_code, again.content) == ("failed", 201, first.content)
    success(acme.anna.post(f"{ANSWER}/{first.json()['request_id']}/approve", {}), 201)
    success(agent.caller.delete(f"{ASK}/{second['request_id']}"))
    assert acme.activation_mails() == []


def test_a_refused_recipient_does_not_stop_the_mails_to_others(world: World, agent: Agent) -> None:
    tenant = world.new_tenant()
    refused, known = f"anna@{tenant.tenant_id}.example", f"success+{tenant.tenant_id}@simulator.amazonses.com"
    order = tenant_of(tenant.tenant_id, approver_emails=[refused, known])
    success(world.backend.put(f"/v1/vendor/tenants/{tenant.tenant_id}", order))

    def mailed(request: dict[str, Any]) -> list[list[str]]:
        return [mail["to"] for mail in world.stack.mails() if request["request_id"] in mail["text"]]

    with in_the_sandbox(world):
        request = ask(tenant, agent.caller)
        assert (request["state"], request["mail"], mailed(request)) == ("pending", "failed", [[known]])

    assert send_again(agent.caller, request)["mail"] == "sent"
    assert mailed(request) == [[known], [refused], [known]]


# ------------------------------------------------------------------ a fake SES


@dataclass
class Ses:
    """A fake SES that gives each request the next of the set replies; without one it accepts the mail."""

    replies: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    """Addresses of the mails received, and of those accepted."""


class FakeSesHandler(BaseHTTPRequestHandler):
    """The HTTP handler of the fake SES."""

    ses: Ses

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (address,) = order["Destination"]["ToAddresses"]
        self.ses.received.append(address)
        match self.ses.replies.pop(0) if self.ses.replies else "take":
            case "take":
                self.ses.taken.append(address)
                self.reply(200, {"MessageId": "1"})
            case "take, and lose the answer":
                self.ses.taken.append(address)
                self.close_connection = True
            case "break off":
                self.close_connection = True
            case "hang":
                time.sleep(A_WHILE)
                self.close_connection = True
            case "talk nonsense":
                self.reply(200, "<html>")
            case refusal:
                status, _, code = refusal.partition(" ")
                self.reply(int(status), {"message": f"{address} of support@{MAIL_DOMAIN}"}, code)

    def reply(self, status: int, content: Any, code: str = "") -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-errortype", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log, because the output of a test should contain no address."""


@pytest.fixture(scope="module")
def fake_ses(world: World) -> Iterator[type[FakeSesHandler]]:
    """Make the mailing function use the fake SES, and restore its setting afterwards."""
    with ThreadingHTTPServer((LOOPBACK, 0), FakeSesHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://{LOOPBACK}:{server.server_port}"
        with changed_setting(world, "RequestFunction", SETTING, url):
            yield FakeSesHandler
        server.shutdown()


@pytest.fixture
def ses(fake_ses: type[FakeSesHandler]) -> Ses:
    fake_ses.ses = Ses()
    return fake_ses.ses


FAILING = {
    "throttled": ["429 TooManyRequestsException"] * 2,
    "over the day's quota": ["400 LimitExceededException"] * 2,
    "paused": ["400 SendingPausedException"],
    "suspended": ["400 AccountSuspendedException"],
    "rejected": ["400 MessageRejected"],
    "denied": ["403 AccessDeniedException"],
    "broken": ["500 InternalFailure", "503 ServiceUnavailable"],
    "broken off": ["break off"] * 2,
    "timing out": ["hang"] * 2,
    "not even SES": ["404 <html>"],
}


@pytest.mark.parametrize("replies", FAILING.values(), ids=list(FAILING))
def test_after_any_failure_of_ses_the_request_stays_and_a_resend_works(
    acme: Tenant, agent: Agent, ses: Ses, replies: list[str]
) -> None:
    ses.replies = list(replies)
    started = time.monotonic()
    request = ask(acme, agent.caller)

    assert time.monotonic() - started < 20
    require_standing(acme, agent.caller, request)
    assert (ses.taken, ses.replies) == ([], [])

    again = send_again(agent.caller, request)
    assert (again["state"], again["mail"]) == ("pending", "sent")
    assert ses.taken == [f"anna@{acme.tenant_id}.example"]
    assert success(agent.caller.get(ASK))["items"] == [again]


@pytest.mark.parametrize(
    ("replies", "mails"),
    [
        (["429 TooManyRequestsException"], 1),
        (["503 ServiceUnavailable"], 1),
        (["break off"], 1),
        (["hang"], 1),
        (["take, and lose the answer"], 2),
    ],
    ids=str,
)
def test_a_mail_that_succeeds_at_the_second_try_is_sent(
    acme: Tenant, agent: Agent, ses: Ses, replies: list[str], mails: int
) -> None:
    """SES has no idempotency key for mails, so a mail whose answer was lost may be sent twice."""
    ses.replies = list(replies)

    assert ask(acme, agent.caller)["mail"] == "sent"

    assert ses.taken == [f"anna@{acme.tenant_id}.example"] * mails


def test_an_unavailable_ses_is_not_called_for_each_recipient(world: World, agent: Agent, ses: Ses) -> None:
    tenant = world.new_tenant()
    first, second, *rest = (f"approver-{number}@{tenant.tenant_id}.example" for number in range(20))
    order = tenant_of(tenant.tenant_id, approver_emails=[first, second, *rest])
    success(world.backend.put(f"/v1/vendor/tenants/{tenant.tenant_id}", order))
    ses.replies = ["take", "503 ServiceUnavailable", "break off"]

    assert ask(tenant, agent.caller)["mail"] == "failed"

    assert (ses.taken, ses.received) == ([first], [first, second, second])
