"""SES refuses, throttles, hangs or breaks off: the request stands, the agent is told, and sending it again works.

The emulator's SES refuses a sender or a recipient it does not know. Whatever else SES may do it does not; for that the
function that mails is told, by a setting that every AWS SDK knows, to find SES at a server of the test's own.
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
from tests.journeys.calls import Caller, given, request_to
from tests.journeys.world import Agent, Tenant, World, tenant_of

ASK, ANSWER = "/v1/support/requests", "/v1/requests"
SETTING = "AWS_ENDPOINT_URL_SESV2"
A_WHILE = 8
"""Seconds: longer than anybody waits for SES."""


@pytest.fixture
def agent(world: World) -> Agent:
    return world.new_agent("support")


def ask(tenant: Tenant, agent: Caller) -> dict[str, Any]:
    answer: dict[str, Any] = given(agent.post(ASK, request_to(tenant.tenant_id)), 201)
    return answer


def send_again(agent: Caller, request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = given(agent.post(f"{ASK}/{request['request_id']}/send"))
    return answer


def require_standing(tenant: Tenant, agent: Caller, request: dict[str, Any]) -> None:
    """Fail unless the request waits for an answer and both sides see that its mail failed."""
    assert (request["state"], request["mail"]) == ("pending", "failed")
    assert given(agent.get(ASK))["items"] == [request]
    assert given(tenant.anna.get(f"{ANSWER}/{request['request_id']}")) == request
    assert tenant.ledger().whats() == ["tenant.changed", "request.made"]


# ------------------------------------------------------------------ the emulator's SES


@contextmanager
def sender_unknown(world: World) -> Iterator[None]:
    """Have SES forget the sender for a while; the emulator keeps it for each version of the API."""
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
    """Have SES mail to nobody for a while but to those it knows, and to its own simulator."""
    ses = world.deployment.client("sesv2")
    account = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://vendor.example"}
    ses.put_account_details(**account, ProductionAccessEnabled=False)
    try:
        yield
    finally:
        ses.put_account_details(**account, ProductionAccessEnabled=True)


def test_a_sender_that_ses_does_not_know_costs_a_mail_and_not_the_request(
    world: World, acme: Tenant, agent: Agent
) -> None:
    with sender_unknown(world):
        request = ask(acme, agent.caller)
        require_standing(acme, agent.caller, request)
        assert send_again(agent.caller, request) == request
        assert acme.activation_mails() == []

    again = send_again(agent.caller, request)

    assert (again["state"], again["mail"]) == ("pending", "sent")
    assert given(agent.caller.get(ASK))["items"] == [again]
    (mail,) = acme.activation_mails()
    assert request["request_id"] in mail["text"]
    given(acme.anna.post(f"{ANSWER}/{request['request_id']}/approve", {}), 201)


def test_a_request_whose_mail_failed_can_be_approved_withdrawn_and_is_answered_the_same_for_its_key(
    world: World, acme: Tenant, agent: Agent
) -> None:
    order = request_to(acme.tenant_id)
    with sender_unknown(world):
        first = agent.caller.post(ASK, order, key="k")
        second = ask(acme, agent.caller)
    again = agent.caller.post(ASK, order, key="k")

    assert (given(first, 201)["mail"], again.status_code, again.content) == ("failed", 201, first.content)
    given(acme.anna.post(f"{ANSWER}/{first.json()['request_id']}/approve", {}), 201)
    given(agent.caller.delete(f"{ASK}/{second['request_id']}"))
    assert acme.activation_mails() == []


def test_a_recipient_whom_ses_refuses_keeps_no_mail_from_the_others(world: World, agent: Agent) -> None:
    tenant = world.new_tenant()
    refused, known = f"anna@{tenant.tenant_id}.example", f"success+{tenant.tenant_id}@simulator.amazonses.com"
    order = tenant_of(tenant.tenant_id, approver_emails=[refused, known])
    given(world.backend.put(f"/v1/vendor/tenants/{tenant.tenant_id}", order))

    def mailed(request: dict[str, Any]) -> list[list[str]]:
        return [mail["to"] for mail in world.stack.mails() if request["request_id"] in mail["text"]]

    with in_the_sandbox(world):
        request = ask(tenant, agent.caller)
        assert (request["state"], request["mail"], mailed(request)) == ("pending", "failed", [[known]])

    assert send_again(agent.caller, request)["mail"] == "sent"
    assert mailed(request) == [[known], [refused], [known]]


# ------------------------------------------------------------------ an SES of the test's own


@dataclass
class Ses:
    """An SES that does as it is told, with one request after the other; told nothing it takes every mail."""

    told: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    """To whom: what came, and what was taken."""


class Desk(BaseHTTPRequestHandler):
    """Where the mails for that SES come in."""

    ses: Ses

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (address,) = order["Destination"]["ToAddresses"]
        self.ses.came.append(address)
        match self.ses.told.pop(0) if self.ses.told else "take":
            case "take":
                self.ses.taken.append(address)
                self.say(200, {"MessageId": "1"})
            case "take, and lose the answer":
                self.ses.taken.append(address)
                self.close_connection = True
            case "break off":
                self.close_connection = True
            case "hang":
                time.sleep(A_WHILE)
                self.close_connection = True
            case "talk nonsense":
                self.say(200, "<html>")
            case refusal:
                status, _, code = refusal.partition(" ")
                self.say(int(status), {"message": f"{address} of support@{MAIL_DOMAIN}"}, code)

    def say(self, status: int, said: Any, code: str = "") -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-errortype", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: an address in the test's output helps nobody."""


@pytest.fixture(scope="module")
def at_the_desk(world: World) -> Iterator[type[Desk]]:
    """Have the function that mails find SES at a server of the test's own, and afterwards where it was."""
    name = world.function("RequestFunction")
    variables = world.lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def configure(variables: dict[str, str]) -> None:
        world.lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        world.lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)

    with ThreadingHTTPServer((LOOPBACK, 0), Desk) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            configure(variables | {SETTING: f"http://{LOOPBACK}:{server.server_port}"})
            yield Desk
        finally:
            configure(variables)
            server.shutdown()


@pytest.fixture
def ses(at_the_desk: type[Desk]) -> Ses:
    at_the_desk.ses = Ses()
    return at_the_desk.ses


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


@pytest.mark.parametrize("told", FAILING.values(), ids=list(FAILING))
def test_whatever_ses_does_the_request_stands_and_sending_it_again_works(
    acme: Tenant, agent: Agent, ses: Ses, told: list[str]
) -> None:
    ses.told = list(told)
    started = time.monotonic()
    request = ask(acme, agent.caller)

    assert time.monotonic() - started < 20
    require_standing(acme, agent.caller, request)
    assert (ses.taken, ses.told) == ([], [])

    again = send_again(agent.caller, request)
    assert (again["state"], again["mail"]) == ("pending", "sent")
    assert ses.taken == [f"anna@{acme.tenant_id}.example"]
    assert given(agent.caller.get(ASK))["items"] == [again]


@pytest.mark.parametrize(
    ("told", "mails"),
    [
        (["429 TooManyRequestsException"], 1),
        (["503 ServiceUnavailable"], 1),
        (["break off"], 1),
        (["hang"], 1),
        (["take, and lose the answer"], 2),
    ],
    ids=str,
)
def test_what_passes_at_the_second_try_was_sent(
    acme: Tenant, agent: Agent, ses: Ses, told: list[str], mails: int
) -> None:
    """SES knows no key under which a mail is sent once only: one whose answer was lost may come twice."""
    ses.told = list(told)

    assert ask(acme, agent.caller)["mail"] == "sent"

    assert ses.taken == [f"anna@{acme.tenant_id}.example"] * mails


def test_an_ses_that_is_down_is_not_asked_for_each_recipient(world: World, agent: Agent, ses: Ses) -> None:
    tenant = world.new_tenant()
    first, second, *rest = (f"approver-{number}@{tenant.tenant_id}.example" for number in range(20))
    order = tenant_of(tenant.tenant_id, approver_emails=[first, second, *rest])
    given(world.backend.put(f"/v1/vendor/tenants/{tenant.tenant_id}", order))
    ses.told = ["take", "503 ServiceUnavailable", "break off"]

    assert ask(tenant, agent.caller)["mail"] == "failed"

    assert (ses.taken, ses.came) == ([first], [first, second, second])
