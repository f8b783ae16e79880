"""Texts that no log may contain. `conftest` runs this file last, so that it reads the logs of all other tests."""

import json
import re
from collections.abc import Iterator

from httpx import Response

from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.i18n import LANGUAGES, catalogue
from tests.journeys.calls import CANARY, Caller, check_of, grant_to, login_at, refusal, request_to, success
from tests.journeys.contract import Scene, routes_of_one_scene
from tests.journeys.world import Agent, Tenant, World, agent_of, tenant_of

ADDRESS = f"{CANARY}-anna@example.com"
ANY_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+")
TELEPHONE = "+49 241 446 86 122"
ID = f"{CANARY}-agent-unknown"
"""An unregistered agent. It is the `sub` of the token, an id, which a log may contain."""

ASK = "/v1/support/requests"


def test_tokens_addresses_and_reasons_are_never_logged(world: World) -> None:
    """Each typed text contains the canary; refused calls must not log it either."""
    tenant = world.new_tenant(name=f"{CANARY}-name", approver_emails=[ADDRESS])
    agent = world.new_agent("support", name=f"{CANARY}-agent", email=f"{CANARY}-agent@example.com")
    anna = tenant.user("anna", user_id=ADDRESS, name=f"{CANARY}-Anna", email=ADDRESS)

    _grant_and_revoke(tenant, agent, anna)
    _ask_and_answer(tenant, agent, anna)
    for refused in (_refused_otherwise(tenant, agent, anna), _refused_of_requests(tenant, agent, anna)):
        assert all(refusal(answer)[0] < 500 for answer in refused)

    logs = world.logs()
    assert any(tenant.tenant_id in log for log in logs.values()), "the functions' log was not found"
    for name, log in logs.items():
        assert CANARY not in log.replace(ID, ""), name
        assert TELEPHONE not in log, name
        assert "eyJ" not in log, name  # the beginning of every token
        assert "Bearer" not in log, name


def _grant_and_revoke(tenant: Tenant, agent: Agent, anna: Caller) -> None:
    grant_id = success(anna.post("/v1/grants", grant_to("agent", agent.agent_id), key=f"{CANARY}-key"), 201)["grant_id"]
    order = login_at(tenant.tenant_id, f"{CANARY} reason", ticket=f"{CANARY}-ticket")
    login_id = success(agent.caller.post("/v1/support/logins", order), 201)["login_id"]
    tenant.put_right(ADDRESS, may_grant=True)
    success(anna.get(f"/v1/directory?q={CANARY}"))
    for path in ("grants", "logins", "grants.csv", "logins.csv", "ledger", "me", "about", f"grants/{grant_id}"):
        assert anna.get(f"/v1/{path}").status_code == 200
    success(agent.caller.get("/v1/support/access"))
    success(agent.caller.post(f"/v1/support/logins/{login_id}/end"))
    assert tenant.world.allows(tenant.tenant_id, agent.agent_id)
    assert anna.get(f"/v1/grants?token={CANARY}").status_code == 200
    success(anna.delete(f"/v1/grants/{grant_id}"))


def _ask_and_answer(tenant: Tenant, agent: Agent, anna: Caller) -> None:
    """Make requests with all options, and answer them in all ways."""
    order = request_to(tenant.tenant_id, f"{CANARY} reason, {TELEPHONE}", recipients=[ADDRESS])
    approved, declined, withdrawn = (
        success(agent.caller.post(ASK, order, key=f"{CANARY}-{number}"), 201)["request_id"] for number in range(3)
    )
    success(agent.caller.get(f"/v1/support/tenants/{tenant.tenant_id}"))
    success(agent.caller.post(f"{ASK}/{approved}/send"))
    for path in ("", "?state=pending", f"/{approved}"):
        success(anna.get(f"/v1/requests{path}"))
    success(anna.post(f"/v1/requests/{approved}/approve", {}, key=f"{CANARY}-key"), 201)
    success(anna.post(f"/v1/requests/{declined}/decline", {"note": f"{CANARY} note,\ncall {TELEPHONE}"}))
    success(agent.caller.delete(f"{ASK}/{withdrawn}"))
    success(agent.caller.get(ASK))
    mails = [mail for mail in tenant.world.stack.mails() if approved in mail["text"]]
    assert [mail["to"] for mail in mails] == [[ADDRESS]] * 2
    assert all(f"{CANARY} reason, {TELEPHONE}" in mail["text"] for mail in mails)


def _refused_otherwise(tenant: Tenant, agent: Agent, anna: Caller) -> Iterator[Response]:
    world, id = tenant.world, tenant.tenant_id
    too_long, forged = f"{CANARY}{'x' * 600}", f"{CANARY}\u0000"
    yield from (agent.caller.post("/v1/support/logins", login_at(id, reason)) for reason in (too_long, forged))
    yield agent.caller.post("/v1/support/logins", {CANARY: CANARY})
    yield agent.caller.post("/v1/support/logins", content=f'{{"{CANARY}":'.encode())
    yield anna.post("/v1/grants", grant_to("agent", f"{CANARY}-nobody"))
    yield anna.post("/v1/grants", grant_to("agent", agent.agent_id), key=f"{CANARY} spaced")
    yield anna.get(f"/v1/grants?cursor={CANARY}")
    yield anna.get(f"/v1/grants/{CANARY}")
    yield tenant.user("anna", act={"sub": CANARY}).get("/v1/grants")
    yield tenant.user("anna", user_id=f"{CANARY} {CANARY}").get("/v1/grants")
    yield world.caller("sven", sub=ID).get("/v1/support/access?limit=0")
    yield world.backend.put(f"/v1/vendor/tenants/{id}", tenant_of("x", approver_emails=[f"{ADDRESS},b"]))
    yield world.backend.put(f"/v1/vendor/agents/{agent.agent_id}", agent_of("x", departments=[f"{CANARY}-department"]))
    yield world.backend.post("/v1/vendor/checks", check_of(f"{CANARY} {CANARY}", "sven"))


def _refused_of_requests(tenant: Tenant, agent: Agent, anna: Caller) -> Iterator[Response]:
    id = tenant.tenant_id
    request_id = tenant.is_asked_by(agent.caller)
    answer = f"/v1/requests/{request_id}"
    yield agent.caller.post(ASK, request_to(id, f"{CANARY}\u202eBcc: {ADDRESS}"))
    yield agent.caller.post(ASK, request_to(id, recipients=[f"{CANARY}-mallory@example.com"]))
    yield agent.caller.post(ASK, request_to(id, recipients=[f"{CANARY}@@example.com"]))
    yield agent.caller.post(ASK, request_to(id) | {ADDRESS: CANARY})
    yield agent.caller.post(ASK, request_to(f"{CANARY}-tenant"))
    yield agent.caller.post(ASK, request_to(id), key=f"{CANARY} spaced")
    yield agent.caller.get(f"/v1/support/tenants/{CANARY}-tenant")
    yield agent.caller.get(f"{ASK}?cursor={CANARY}")
    yield agent.caller.post(f"{ASK}/{CANARY}/send")
    yield anna.post(f"{answer}/decline", {"note": f"{CANARY}{'x' * 600}"})
    yield anna.post(f"{answer}/decline", {"note": f"{CANARY}\u0000", ADDRESS: TELEPHONE})
    yield anna.post(f"{answer}/approve", {"period": CANARY, "may_export": ADDRESS})
    yield anna.post(f"{answer}/approve", {"may_export": True}, key=f"{CANARY}-key")
    yield anna.get(f"/v1/requests/{CANARY}")
    yield anna.get(f"/v1/requests?state={CANARY}&cursor={ADDRESS}")
    yield tenant.user("ben", user_id=f"{CANARY}-ben@example.com", act=CANARY).post(f"{answer}/approve", {})


def test_the_whole_run_logged_no_address_token_subject_or_typed_text(world: World) -> None:
    """Reasons whose content does not matter to a test contain the canary; the logs contain no address at all."""
    subjects = {catalogue(language).text(kind, "subject") for language in LANGUAGES for kind in Kind}
    for name, log in world.logs().items():
        for what in (CANARY, "eyJ", "Bearer", "mallory", *subjects):
            assert what not in log.replace(ID, ""), (name, what)
        found = ANY_ADDRESS.search(log)
        assert not found, (name, found and log[max(0, found.start() - 200) : found.end()])


# ------------------------------------------------------------------ contents of every log


def test_a_run_logs_one_line_for_each_outcome_and_no_traceback(world: World) -> None:
    """This runs after hundreds of hostile requests, so it also asserts that none of them met a bug."""
    scene = Scene.set_up(world)
    answers = {str(route): scene.ask(route) for route in routes_of_one_scene()}
    assert {call: answer.text for call, answer in answers.items() if answer.status_code >= 300} == {}

    logs = world.logs()
    lines = [json.loads(line) for log in logs.values() for line in log.splitlines() if line.startswith('{"route"')]
    outcomes = [line for line in lines if line.get("tenant_id") == scene.tenant.tenant_id]
    assert {line["route"].split()[0] for line in outcomes} == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert all(line["status"] < 500 for line in lines if line.get("code") != "busy")
    for name, log in logs.items():
        assert "".join(log.partition("Traceback")[1:])[:2000] == "", name
        assert "[ERROR]" not in log, name
