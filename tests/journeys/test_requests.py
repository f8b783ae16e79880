"""Requests by mail: what agents and customers can do with them, refusals, and every way in which they end."""

from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from tests.journeys import mailbox
from tests.journeys.calls import Caller, check_of, refusal, request_to, success
from tests.journeys.world import Agent, Tenant, World, avoid_the_end_of_the_hour, tenant_of
from tests.rows_and_columns import rounds

ASK, ANSWER = "/v1/support/requests", "/v1/requests"
REASON = "Ticket 4711: the import hangs since Café opened"
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
PAST = {"S": "2026-01-01T00:00:00Z"}
FAR_FUTURE = {"N": "4102444800"}  # 2100, so that the item does not expire during the test


@pytest.fixture
def agent(world: World) -> Agent:
    """A new agent without any request in this hour."""
    return world.new_agent("support", name="Sven Brandt")


@pytest.fixture
def sven(agent: Agent) -> Caller:
    return agent.caller


def read_and_answer(by: Caller, request_id: str) -> list[Response]:
    """Return the answers of reading, approving and declining a request."""
    path = f"{ANSWER}/{request_id}"
    return [by.get(path), by.post(f"{path}/approve", {}), by.post(f"{path}/decline", {})]


def all_actions(anna: Caller, sven: Caller, request_id: str) -> list[Response]:
    """Return the answers of Anna's approve and decline, and of Sven's send and withdraw."""
    _, *answered = read_and_answer(anna, request_id)
    return [*answered, sven.post(f"{ASK}/{request_id}/send"), sven.delete(f"{ASK}/{request_id}")]


def expire(tenant: Tenant, request_id: str) -> None:
    """Date the end of the request back, without recording that it expired."""
    tenant.change(f"REQUEST#{request_id}", expires_at=PAST, ttl=FAR_FUTURE)


# ------------------------------------------------------------------ the whole flow


def test_an_agent_sends_a_request_by_mail_and_only_a_user_with_the_right_can_approve_it(
    sample_world: World, tmp_path: Path
) -> None:
    world = sample_world
    acme, anna, sven = Tenant(world, "acme"), world.caller("anna"), world.sven

    # Sven looks up the approvers, and sends a request. Both of Acme's approvers get a separate mail.
    assert success(sven.get("/v1/support/tenants/acme")) == {
        "tenant_id": "acme",
        "name": "Acme Immobilien GmbH",
        "country": "DE",
        "language": "de",
        "approver_emails": ["anna@acme.example", "giulia@acme.example"],
        "locked": False,
        "policy_version": 0,
    }
    request = success(sven.post(ASK, request_to("acme", REASON, period="4h", may_export=True)), 201)
    id, link = request["request_id"], f"{world.stack.url}/activate#{request['request_id']}"
    assert (request["state"], request["mail"], request["reason"]) == ("pending", "sent", REASON)
    assert request["agent"] == {"id": "sven", "name": "Sven Brandt", "present_name": None} | {
        "kind": "person",
        "accountable": None,
    }
    life = datetime.fromisoformat(request["expires_at"]) - datetime.fromisoformat(request["requested_at"])
    assert life == timedelta(hours=24)
    mails = [mailbox.read(mail) for mail in acme.activation_mails()]
    assert [mail.recipients for mail in mails] == [["anna@acme.example"], ["giulia@acme.example"]]
    for mail in mails:
        assert mail.links == {link}
        assert mailbox.kind_of(mail) == mailbox.subject_in("de")
        assert mail.headers.keys() == {"from", "to", "subject", "auto-submitted", "mime-version"}
        for part in (mail.text, mail.seen):
            assert "Sven Brandt (Support · sven)" in part
            assert REASON in part

    # The link alone gives no access: it opens a page, and changes nothing.
    assert world.anonymous.get("/activate").status_code == 200
    assert not world.allows("acme", "sven")

    require_no_other_may_answer(world, id)
    assert not world.allows("acme", "sven")

    # After all that the request is still pending. Anna reads it, and grants Sven an hour without export.
    assert success(anna.get(f"{ANSWER}/{id}")) == request
    assert success(anna.get(f"{ANSWER}?state=pending"))["items"] == [request]
    grant = success(anna.post(f"{ANSWER}/{id}/approve", {"period": "1h", "may_export": False}), 201)
    assert grant["granted_by"] == {"user_id": "anna", "name": "Anna Albrecht"}
    assert (grant["grantee"]["id"], grant["period"], grant["may_export"]) == ("sven", "1h", False)
    assert (grant["state"], grant["request_id"]) == ("live", id)
    check = success(world.backend.post("/v1/vendor/checks", check_of("acme", "sven")))
    assert (check["allowed"], check["grant_id"]) == (True, grant["grant_id"])
    assert not world.allows("acme", "sven", "export")
    assert not world.allows("acme", "dora")

    # Sven reads the outcome, and the request cannot be answered again.
    closed = success(sven.get(ASK))["items"]
    assert [(own["state"], own["grant_id"]) for own in closed] == [("approved", grant["grant_id"])]
    assert closed[0]["answered_by"] == {"user_id": "anna", "name": "Anna Albrecht"}
    assert success(anna.get(f"{ANSWER}?state=pending"))["items"] == []
    for refused in all_actions(anna, sven, id):
        assert refusal(refused) == (409, "request_closed")
        assert (refused.json()["state"], refused.json()["grant_id"]) == ("approved", grant["grant_id"])

    # The ledger has every step, without Sven's text and without an address, and proves it offline.
    ledger = acme.ledger()
    verified = ledger.verify(tmp_path)
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout
    assert ledger.whats() == ["tenant.changed", "right.changed", "request.made", "request.approved", "grant.given"]
    made_entry, approved_entry, given_entry = ledger.entries[2:]
    assert (made_entry["about"], made_entry["by"], made_entry["data"]["recipients"]) == (
        id,
        {"type": "agent", "id": "sven"},
        2,
    )
    salted = f"{request['reason_salt']}:{REASON}"
    assert made_entry["data"]["reason_sha256"] == sha256(salted.encode()).hexdigest()
    assert (approved_entry["about"], approved_entry["data"]) == (id, {"grant_id": grant["grant_id"]})
    assert (given_entry["about"], given_entry["data"]["request_id"]) == (grant["grant_id"], id)
    assert approved_entry["by"] == given_entry["by"] == {"type": "user", "id": "anna"}
    assert "4711" not in ledger.text
    assert "@" not in ledger.text


def require_no_other_may_answer(world: World, id: str) -> None:
    """Ben lacks the right and gets the approvers' addresses; for Carla's company the request does not exist.

    Sven himself, the product's backend and a token that acts for Anna are no users of Acme.
    """
    ben, carla = world.caller("ben"), world.caller("carla")
    for refused in read_and_answer(ben, id):
        assert refusal(refused) == (403, "right_missing")
        assert refused.json()["ask"] == ["anna@acme.example", "giulia@acme.example"]
    elsewhere = [answer for some in (id, UNKNOWN, id.lower()) for answer in read_and_answer(carla, some)]
    assert {refusal(answer) for answer in elsewhere} == {(404, "not_found")}
    assert len({answer.content for answer in elsewhere}) == 1
    assert success(carla.get(ANSWER))["items"] == []
    for other in (world.sven, world.backend, world.anonymous):
        assert {answer.status_code for answer in read_and_answer(other, id)} == {401}
    acting = read_and_answer(world.caller("anna", act={"sub": "sven"}), id)
    assert {refusal(answer) for answer in acting} == {(403, "acting_for_another")}


# ------------------------------------------------------------------ outcomes


def test_the_agent_reads_the_note_of_a_decline(acme: Tenant, sven: Caller) -> None:
    request_id = acme.is_asked_by(sven)
    note = "Not today.\nPlease call Anna first: +49 241 1234"

    declined = success(acme.anna.post(f"{ANSWER}/{request_id}/decline", {"note": note}))

    assert (declined["state"], declined["note"], declined["grant_id"]) == ("declined", note, None)
    assert success(sven.get(ASK))["items"] == [declined]
    assert success(acme.anna.get(f"{ANSWER}/{request_id}")) == declined
    assert declined["answered_by"]["name"] == "Anna Albrecht"
    for refused in all_actions(acme.anna, sven, request_id):
        assert refusal(refused) == (409, "request_closed")
        assert (refused.json()["state"], refused.json()["grant_id"]) == ("declined", None)
    ledger = acme.ledger()
    assert ledger.whats() == ["tenant.changed", "request.made", "request.declined"]
    salted = f"{declined['note_salt']}:{note}"
    assert ledger.entries[-1]["data"] == {"note_sha256": sha256(salted.encode()).hexdigest()}
    assert "Anna" not in ledger.text


def test_withdrawing_twice_returns_the_same_and_the_request_cannot_be_approved(acme: Tenant, sven: Caller) -> None:
    request_id = acme.is_asked_by(sven)

    first, second = (sven.delete(f"{ASK}/{request_id}") for _ in range(2))

    assert (success(first)["state"], first.content) == ("withdrawn", second.content)
    *refused, third = all_actions(acme.anna, sven, request_id)
    assert {refusal(answer) for answer in refused} == {(409, "request_closed")}
    assert third.content == first.content
    assert success(acme.anna.get(f"{ANSWER}/{request_id}")) == success(first)
    assert acme.ledger().whats() == ["tenant.changed", "request.made", "request.withdrawn"]


def test_an_expired_request_is_over_for_all_callers_before_it_is_recorded(acme: Tenant, sven: Caller) -> None:
    request_id = acme.is_asked_by(sven)
    expire(acme, request_id)

    for refused in all_actions(acme.anna, sven, request_id):
        assert refusal(refused) == (410, "request_expired")
    assert success(acme.anna.get(f"{ANSWER}/{request_id}"))["state"] == "expired"
    assert success(sven.get(ASK))["items"][0]["state"] == "expired"
    assert success(acme.anna.get(f"{ANSWER}?state=pending"))["items"] == []
    assert success(acme.anna.get("/v1/grants"))["items"] == []
    assert len(acme.activation_mails()) == 1


@pytest.mark.parametrize("how", ["approved", "declined", "withdrawn"])
def test_a_closed_request_keeps_its_state_after_its_end(acme: Tenant, sven: Caller, how: str) -> None:
    request_id, grant_id = acme.is_asked_by(sven), None
    match how:
        case "approved":
            grant_id = success(acme.anna.post(f"{ANSWER}/{request_id}/approve", {}), 201)["grant_id"]
        case "declined":
            success(acme.anna.post(f"{ANSWER}/{request_id}/decline", {}))
        case "withdrawn":
            success(sven.delete(f"{ASK}/{request_id}"))
    expire(acme, request_id)

    *acted, withdrawn = all_actions(acme.anna, sven, request_id)
    for refused in acted if how == "withdrawn" else [*acted, withdrawn]:
        assert refusal(refused) == (409, "request_closed")
        assert (refused.json()["state"], refused.json()["grant_id"]) == (how, grant_id)
    assert success(acme.anna.get(f"{ANSWER}/{request_id}"))["state"] == how


# ------------------------------------------------------------------ changes by the approver


@pytest.mark.parametrize(
    ("asked", "approved", "granted"),
    [
        ({}, {}, ("1h", False)),
        ({"period": "permanent", "may_export": True}, {}, ("permanent", False)),
        ({"period": "1h", "may_export": True}, {"period": "1w"}, ("1w", False)),
        ({"period": "2w", "may_export": True}, {"may_export": False}, ("2w", False)),
        ({"period": "today", "may_export": True}, {"may_export": True, "period": "today"}, ("today", True)),
        ({"period": "4h"}, {"may_export": False, "period": None}, ("4h", False)),
    ],
)
def test_the_approver_may_choose_another_period_and_alone_turns_export_on(
    acme: Tenant, agent: Agent, asked: dict[str, Any], approved: dict[str, Any], granted: tuple[str, bool]
) -> None:
    request_id = acme.is_asked_by(agent.caller, **asked)

    grant = success(acme.anna.post(f"{ANSWER}/{request_id}/approve", approved), 201)

    assert (grant["period"], grant["may_export"]) == granted
    assert acme.world.allows(acme.tenant_id, agent.agent_id)
    assert acme.world.allows(acme.tenant_id, agent.agent_id, "export") is granted[1]


def test_export_cannot_be_added_and_the_request_is_unchanged(acme: Tenant, sven: Caller) -> None:
    request_id = acme.is_asked_by(sven)

    refused = acme.anna.post(f"{ANSWER}/{request_id}/approve", {"may_export": True})

    assert refusal(refused) == (422, "export_not_asked")
    assert success(acme.anna.get(f"{ANSWER}/{request_id}"))["state"] == "pending"
    success(acme.anna.post(f"{ANSWER}/{request_id}/approve", {}), 201)


def test_a_request_of_an_inactive_agent_cannot_be_approved(acme: Tenant, agent: Agent) -> None:
    request_id = acme.is_asked_by(agent.caller)
    agent.put(active=False)

    assert refusal(acme.anna.post(f"{ANSWER}/{request_id}/approve", {})) == (409, "request_closed")
    assert acme.ledger().whats() == ["tenant.changed", "request.made"]
    agent.put(active=True)
    assert refusal(acme.anna.post(f"{ANSWER}/{request_id}/approve", {})) == (409, "request_closed")


# ------------------------------------------------------------------ ownership


def test_an_agents_request_is_unknown_to_other_agents(acme: Tenant, agent: Agent) -> None:
    request_id, other = acme.is_asked_by(agent.caller), acme.world.new_agent("support").caller
    for method, path in (("POST", "/send"), ("DELETE", "")):
        refused = [other.call(method, f"{ASK}/{some}{path}") for some in (request_id, UNKNOWN, "x")]
        assert {refusal(answer) for answer in refused} == {(404, "not_found")}
        assert len({answer.content for answer in refused}) == 1
    assert success(other.get(ASK))["items"] == []
    assert success(agent.caller.get(ASK))["items"][0]["state"] == "pending"
    assert len(acme.activation_mails()) == 1


def test_lists_come_newest_first_in_pages_and_can_be_filtered_by_pending(
    acme: Tenant, globex: Tenant, agent: Agent
) -> None:
    other = acme.world.new_agent()
    ids = [acme.is_asked_by(by) for by in (agent.caller, other.caller, agent.caller, agent.caller)]
    elsewhere = globex.is_asked_by(agent.caller)
    success(acme.anna.post(f"{ANSWER}/{ids[2]}/decline", {}))
    expire(acme, ids[0])

    everything = [request["request_id"] for request in acme.all_of(f"{ANSWER}?limit=1")]
    pending = [request["request_id"] for request in acme.all_of(f"{ANSWER}?state=pending&limit=1")]

    assert everything == ids[::-1]
    assert pending == [ids[3], ids[1]]
    own = success(agent.caller.get(f"{ASK}?limit=3"))
    rest = success(agent.caller.get(f"{ASK}?limit=3&cursor={own['next_cursor']}"))
    assert [one["request_id"] for one in own["items"] + rest["items"]] == [elsewhere, ids[3], ids[2], ids[0]]
    assert rest["next_cursor"] is None
    assert refusal(other.caller.get(f"{ASK}?cursor={own['next_cursor']}")) == (422, "cursor_invalid")


# ------------------------------------------------------------------ recipients


@pytest.mark.parametrize(
    ("named", "mailed"),
    [
        (None, ["a@{}.example", "B@{}.example"]),
        (["B@{}.example"], ["B@{}.example"]),
        (["b@{}.EXAMPLE", "B@{}.example", "b@{}.example"], ["B@{}.example"]),
        (["b@{}.example", "A@{}.example"], ["B@{}.example", "a@{}.example"]),
    ],
)
def test_only_registered_approvers_are_mailed_once_each_in_their_registered_spelling(
    world: World, sven: Caller, named: list[str] | None, mailed: list[str]
) -> None:
    tenant = world.new_tenant()
    id = tenant.tenant_id
    approvers = [address.format(id) for address in ("a@{}.example", "B@{}.example")]
    success(world.backend.put(f"/v1/vendor/tenants/{id}", tenant_of(id, approver_emails=approvers)))

    tenant.is_asked_by(sven, recipients=named and [address.format(id) for address in named])

    assert [mail["to"] for mail in tenant.activation_mails()] == [[address.format(id)] for address in mailed]


def test_other_addresses_cannot_be_mailed(acme: Tenant, globex: Tenant, sven: Caller) -> None:
    own, others = f"anna@{acme.tenant_id}.example", f"anna@{globex.tenant_id}.example"
    for recipients in ([others], [own, others], [own, "mallory@evil.example"], [f"{own}.example"]):
        answer = sven.post(ASK, request_to(acme.tenant_id, recipients=recipients))
        assert refusal(answer) == (422, "recipient_unknown")
    assert acme.ledger().whats() == ["tenant.changed"]
    assert acme.activation_mails() == globex.activation_mails() == []


def test_a_tenant_without_approvers_cannot_get_a_request(world: World, sven: Caller) -> None:
    tenant = world.new_tenant(approver_emails=[])

    assert refusal(sven.post(ASK, request_to(tenant.tenant_id))) == (422, "no_approvers")
    assert tenant.ledger().whats() == ["tenant.changed"]


def test_a_resend_mails_only_recipients_who_are_still_registered(acme: Tenant, sven: Caller) -> None:
    id = acme.tenant_id
    anna, giulia, carla = (f"{who}@{id}.example" for who in ("anna", "giulia", "carla"))

    def register(*addresses: str) -> None:
        success(acme.world.backend.put(f"/v1/vendor/tenants/{id}", tenant_of(id, approver_emails=list(addresses))))

    register(anna, giulia)
    request_id = acme.is_asked_by(sven)
    again = success(sven.post(f"{ASK}/{request_id}/send"))
    register(carla, giulia)
    success(sven.post(f"{ASK}/{request_id}/send"))
    register(carla)
    refused = sven.post(f"{ASK}/{request_id}/send")

    assert (again["state"], again["mail"]) == ("pending", "sent")
    assert refusal(refused) == (422, "recipient_unknown")
    mails = acme.activation_mails()
    assert [mail["to"] for mail in mails] == [[anna], [giulia], [anna], [giulia], [giulia]]
    assert len({mail["text"] for mail in mails}) == 1
    assert acme.ledger().whats().count("request.made") == 1


@pytest.mark.parametrize(
    ("language", "written_in"), [("de-CH", "de"), ("en-US", "en"), ("es", "es"), ("it", "it"), ("pl", "en")]
)
def test_a_mail_is_in_the_tenants_language(world: World, sven: Caller, language: str, written_in: str) -> None:
    tenant = world.new_tenant(language=language)
    tenant.is_asked_by(sven)

    (mail,) = map(mailbox.read, tenant.activation_mails())

    assert mail.html.css("html")[0].attributes["lang"] == written_in
    assert mailbox.kind_of(mail) == mailbox.subject_in(written_in)


# ------------------------------------------------------------------ limits of an agent


def too_many(answer: Response) -> int:
    """Return the Retry-After of an answer that must be a 429, in seconds."""
    assert refusal(answer) == (429, "too_many_requests")
    return int(answer.headers["Retry-After"])


def test_an_agent_may_have_five_pending_requests_at_one_tenant(acme: Tenant, globex: Tenant, agent: Agent) -> None:
    ids = [acme.is_asked_by(agent.caller) for _ in range(5)]
    order = request_to(acme.tenant_id)

    assert 86_000 < too_many(agent.caller.post(ASK, order)) <= 86_400
    globex.is_asked_by(agent.caller)
    acme.is_asked_by(acme.world.new_agent().caller)

    # Each way of closing a request makes room for another.
    success(acme.anna.post(f"{ANSWER}/{ids[0]}/decline", {}))
    acme.is_asked_by(agent.caller)
    too_many(agent.caller.post(ASK, order))
    success(agent.caller.delete(f"{ASK}/{ids[1]}"))
    acme.is_asked_by(agent.caller)
    too_many(agent.caller.post(ASK, order))
    success(acme.anna.post(f"{ANSWER}/{ids[2]}/approve", {}), 201)
    acme.is_asked_by(agent.caller)
    too_many(agent.caller.post(ASK, order))
    waiting = acme.world.item(f"AGENT#{agent.agent_id}", f"PENDING#{acme.tenant_id}")
    assert waiting
    aged = [{"S": f"{PAST['S']}#{one['S'].partition('#')[2]}"} for one in waiting["requests"]["L"]]
    acme.world.change(f"AGENT#{agent.agent_id}", f"PENDING#{acme.tenant_id}", requests={"L": aged})
    acme.is_asked_by(agent.caller)


@pytest.mark.nightly("test_requests_at_the_same_moment.py reaches the same limits")
def test_an_agent_sends_twenty_requests_an_hour_and_a_tenant_gets_forty(world: World, agent: Agent) -> None:
    avoid_the_end_of_the_hour()
    tenant = world.new_tenant()
    id = tenant.tenant_id
    everybody = [f"approver-{number}@{id}.example" for number in range(rounds(20, gate=2))]
    success(world.backend.put(f"/v1/vendor/tenants/{id}", tenant_of(id, approver_emails=everybody)))

    # A request to several approvers counts as one; so does each time that it is sent again.
    first = tenant.is_asked_by(agent.caller, recipients=everybody)
    for _ in range(18):
        success(agent.caller.post(f"{ASK}/{first}/send"))
    second = world.new_tenant().is_asked_by(agent.caller)
    for request_id in (first, second):
        assert 0 < too_many(agent.caller.post(f"{ASK}/{request_id}/send")) <= 3600
    too_many(agent.caller.post(ASK, request_to(id, recipients=everybody[:1])))

    # The tenant has had 19 sendings; another agent may cause 20, a third one, and no agent more.
    other, last = world.new_agent().caller, world.new_agent().caller
    third = tenant.is_asked_by(other, recipients=everybody[:1])
    for _ in range(19):
        success(other.post(f"{ASK}/{third}/send"))
    request_id = tenant.is_asked_by(last, recipients=everybody[:1])
    assert 0 < too_many(last.post(f"{ASK}/{request_id}/send")) <= 3600
    too_many(last.post(ASK, request_to(id, recipients=everybody[:1])))
    world.new_tenant().is_asked_by(last)
    assert len(tenant.activation_mails()) == 19 * len(everybody) + 21
    assert tenant.ledger().whats().count("request.made") == 3


def test_a_customer_without_approvers_can_be_tried_without_end(world: World, agent: Agent) -> None:
    nowhere, somewhere = world.new_tenant(approver_emails=[]), world.new_tenant()
    for _ in range(12):
        assert refusal(agent.caller.post(ASK, request_to(nowhere.tenant_id))) == (422, "no_approvers")

    somewhere.is_asked_by(agent.caller)


def test_an_agent_may_name_ten_unknown_tenants_or_recipients_in_an_hour(acme: Tenant, agent: Agent) -> None:
    avoid_the_end_of_the_hour()
    known = request_to(acme.tenant_id)
    for number in range(4):
        assert refusal(agent.caller.get(f"/v1/support/tenants/not-there-{number}")) == (404, "tenant_unknown")
        assert refusal(agent.caller.post(ASK, request_to(f"nor-here-{number}"))) == (404, "tenant_unknown")
    for _ in range(2):
        order = known | {"recipients": ["mallory@evil.example"]}
        assert refusal(agent.caller.post(ASK, order)) == (422, "recipient_unknown")

    # From now on known names are refused as well, because another answer would reveal that they exist.
    refused = [
        agent.caller.get("/v1/support/tenants/not-there"),
        agent.caller.get(f"/v1/support/tenants/{acme.tenant_id}"),
        agent.caller.post(ASK, request_to("not-there")),
        agent.caller.post(ASK, known),
        agent.caller.post(ASK, order),
    ]
    assert all(0 < too_many(answer) <= 3600 for answer in refused)
    acme.is_asked_by(acme.world.new_agent().caller)
    assert acme.ledger().whats() == ["tenant.changed", "request.made"]
