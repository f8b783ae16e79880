"""The link of an activation mail: its address depends on no header of a request, and opening it changes nothing."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import product

import pytest
from httpx import Response

from tests.journeys import mailbox
from tests.journeys.calls import Caller, request_to, success
from tests.journeys.concurrency import at_once, connections
from tests.journeys.world import Agent, Tenant, World
from tests.rows_and_columns import IS_NIGHTLY

ASK, ANSWER = "/v1/support/requests", "/v1/requests"
EVIL = "evil.example"
TAMPERED = {
    "Host": {"Host": EVIL},
    "Host with a port": {"Host": f"{EVIL}:443"},
    "a full stop behind the host": {"Host": f"{EVIL}."},
    "X-Forwarded-Host": {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "8443"},
    "two forwarded hosts": {"X-Forwarded-Host": f"{EVIL}, {EVIL}"},
    "Forwarded": {"Forwarded": f'for=1.2.3.4;host="{EVIL}";proto=https'},
    "everything at once": {
        "Host": EVIL, "X-Forwarded-Host": EVIL, "X-Forwarded-Server": EVIL, "X-Forwarded-Proto": "javascript",
        "X-Forwarded-Prefix": f"//{EVIL}", "X-Original-Host": EVIL, "X-Original-URL": f"https://{EVIL}/activate",
        "X-Rewrite-URL": f"https://{EVIL}/activate", "X-Host": EVIL, "Forwarded": f"host={EVIL}", "Via": f"1.1 {EVIL}",
        "Origin": f"https://{EVIL}", "Referer": f"https://{EVIL}/activate", "X-Forwarded-Scheme": "ftp",
    },
}  # fmt: skip


@pytest.fixture
def agent(world: World) -> Agent:
    return world.new_agent("support")


@pytest.mark.parametrize("headers", TAMPERED.values(), ids=list(TAMPERED))
def test_no_header_of_a_request_changes_the_link_in_the_mail(
    acme: Tenant, agent: Agent, headers: dict[str, str]
) -> None:
    answer = agent.caller.post(ASK, request_to(acme.tenant_id), headers=headers)
    request_id = success(answer, 201)["request_id"]
    success(agent.caller.post(f"{ASK}/{request_id}/send", headers=headers))

    mails = acme.activation_mails()

    assert len(mails) == 2
    for mail in map(mailbox.read, mails):
        assert mail.links == {f"{acme.world.stack.url}/activate#{request_id}"}
        assert EVIL not in f"{mail.headers}{mail.text}{mail.html.html}"


@pytest.mark.parametrize("headers", TAMPERED.values(), ids=list(TAMPERED))
def test_no_header_of_a_request_changes_the_page_of_the_link(world: World, headers: dict[str, str]) -> None:
    page, as_tampered = world.anonymous.get("/activate"), world.anonymous.get("/activate", headers=headers)

    assert (page.status_code, as_tampered.status_code) == (200, 200)
    assert as_tampered.content == page.content
    for name in ("Content-Security-Policy", "Content-Type", "Cache-Control", "Referrer-Policy"):
        assert as_tampered.headers[name] == page.headers[name]
    assert EVIL not in str(as_tampered.headers)


# ------------------------------------------------------------------ scanners

VISITS, SCANNERS = 1_000 if IS_NIGHTLY else 100, 20
USER_AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0) Microsoft Office SafeLinks",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "BarracudaCentral/1.0",
    "Mimecast URL Protect",
    "Mozilla/5.0 (compatible; GoogleImageProxy)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit/1.1",
    "curl/8.5.0",
    "python-requests/2.32",
    "",
]


def addresses(request_id: str) -> list[str]:
    """Return the link as scanners request it: most drop the fragment, some append it to the path. All get the page."""
    return [
        "/activate",
        "/activate",
        "/activate",
        f"/activate%23{request_id}",
        f"/activate?{request_id}",
        f"/activate?request_id={request_id}&approve=1&url=https%3A%2F%2Fevil.example",
        f"/activate/{request_id}",
        f"/activate%2F{request_id}/approve",
    ]


def test_many_visits_of_scanners_change_nothing(acme: Tenant, agent: Agent, measured: Callable[[str], None]) -> None:
    request_id = acme.is_asked_by(agent.caller)
    before = acme.items()
    visits = list(product(("GET", "HEAD"), addresses(request_id), USER_AGENTS)) * 6
    random.shuffle(visits)
    with connections(acme.world.anonymous, SCANNERS) as scanners:
        batches = at_once([partial(_visit, scanner, visits[n:VISITS:SCANNERS]) for n, scanner in enumerate(scanners)])
    answers = [answer for batch in batches for answer in batch]

    assert len(answers) == VISITS
    statuses = Counter(answer.status_code for answer in answers)
    measured(f"{VISITS} visits of scanners: {dict(statuses)}")
    assert statuses.keys() == {200}
    assert acme.items() == before

    # The request can still be approved afterwards.
    success(acme.anna.post(f"{ANSWER}/{request_id}/approve", {}), 201)
    assert acme.world.allows(acme.tenant_id, agent.agent_id)


def _visit(scanner: Caller, visits: list[tuple[str, str, str]]) -> list[Response]:
    return [scanner.call(method, path, headers={"User-Agent": name}) for method, path, name in visits]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_pressing_a_button_without_signing_in_changes_nothing(acme: Tenant, agent: Agent, method: str) -> None:
    request_id = acme.is_asked_by(agent.caller)
    before, anonymous = acme.items(), acme.world.anonymous
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    order = f"request_id={request_id}&approve=1".encode()
    for path in addresses(request_id):
        assert anonymous.call(method, path, content=order, headers=form).status_code in {404, 405}
    for path in ("", "/approve", "/decline"):
        answer = anonymous.call(method, f"{ANSWER}/{request_id}{path}", content=order, headers=form)
        assert answer.status_code in {401, 404, 405}
    for path in (f"{ASK}/{request_id}", f"{ASK}/{request_id}/send"):
        assert anonymous.call(method, path, content=order, headers=form).status_code in {401, 404, 405}

    assert acme.items() == before
    assert success(acme.anna.get(f"{ANSWER}/{request_id}"))["state"] == "pending"


def test_the_page_without_a_signed_in_user_gets_no_data_of_a_request(acme: Tenant, agent: Agent) -> None:
    """The fragment stays in the browser, so no answer of the server can depend on it."""
    request_id = acme.is_asked_by(agent.caller)
    plain = acme.world.anonymous.get("/activate")

    for query in (f"?{request_id}", f"?request_id={request_id}", f"?state={request_id}&code=x"):
        assert acme.world.anonymous.get(f"/activate{query}").content == plain.content
    assert agent.agent_id not in plain.text
    assert plain.headers["Referrer-Policy"] == "no-referrer"


# ------------------------------------------------------------------ headers of every answer

HARDENED = {"Strict-Transport-Security": "max-age=63072000", "X-Content-Type-Options": "nosniff"}


def test_every_answer_of_a_function_keeps_browsers_on_https_and_from_guessing(acme: Tenant, agent: Agent) -> None:
    """The API's own answers, such as 401 and the 404 of unknown routes, come from no function and are not asked."""
    anonymous, request_id = acme.world.anonymous, acme.is_asked_by(agent.caller)
    entity_tag = acme.anna.get("/v1/presence").headers["ETag"]
    for status, answer in (
        (200, anonymous.get("/activate")),
        (200, anonymous.get(f"/activate/{request_id}")),
        (200, anonymous.get(f"/activate%23{request_id}")),
        (200, anonymous.call("HEAD", "/activate/")),
        (404, anonymous.get("/nothing")),
        (404, anonymous.get("/assets/missing.js")),
        (200, anonymous.get("/assets/panel.js")),
        (200, anonymous.get("/v1/contact?country=CH")),
        (200, acme.anna.get("/v1/me")),
        (200, acme.anna.get("/v1/grants.csv?dialect=excel")),
        (304, acme.anna.get("/v1/presence", headers={"If-None-Match": entity_tag})),
        (403, acme.ben().get("/v1/requests")),
        (404, acme.anna.get(f"/v1/grants/{request_id}")),
        (422, acme.anna.post("/v1/grants", {})),
        (403, agent.caller.post("/v1/support/logins", {"tenant_id": acme.tenant_id, "reason": "Import"})),
    ):
        assert answer.status_code == status, answer.url
        assert {name: answer.headers.get(name) for name in HARDENED} == HARDENED, answer.url
