"""Ids of every identity provider: a tenant, a user, an agent and a department are used alike with each of them.

One id stands for all four, so that a function that mixes them up or misreads a separator finds another one's items.
"""

import csv
import io
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine

from guestkey.rules.verify import verify
from tests.calls import call
from tests.edge import post
from tests.identity_providers import AT_THE_LIMITS, SHAPES, provider_ids
from tests.personas import ANNA, BACKEND, SVEN, Caller
from tests.rows_and_columns import probes, rows_and_columns

pytestmark = pytest.mark.no_cover

IDS = [
    *(probes(*(ids[0] for ids in SHAPES.values()), rest=provider_ids())),
    *(probes(AT_THE_LIMITS[0], AT_THE_LIMITS[-1], rest=AT_THE_LIMITS)),
]
"""In the gate one of each provider, the shortest and the longest. The readers of claims, paths and keys take all."""
each_id = pytest.mark.parametrize("id", probes(*sorted(IDS, key=len)[:: len(IDS) // 3], rest=IDS))
"""In the gate three of them; all are granted, checked, entered and revoked."""
KEY = {"Idempotency-Key": "a-key"}


def user(id: str) -> Caller:
    return ANNA.but(sub=id, tenant_id=id)


def agent(id: str) -> Caller:
    return SVEN.but(sub=id)


def send(method: str, path: str, body: Any = None, status: int = 200, *, caller: Caller, **how: Any) -> Any:
    answer = call(method, path, body, caller=caller, **how)
    assert answer.status == status, answer.text
    return answer.body


def register(id: str) -> None:
    """Register a tenant, a department and an agent in it through the vendor's routes, all with the same id."""
    path = quote(id, safe="")
    tenant = {
        "name": f"Tenant {id}",
        "version": "25",
        "time_zone": "Europe/Berlin",
        "language": "en",
        "country": "DE",
        "approver_emails": ["anna@acme.example"],
    }
    person = {"name": f"Agent {id}", "email": "sven@vendor.example", "departments": [id], "active": True}
    registered = send("PUT", f"/v1/vendor/tenants/{path}", tenant, caller=BACKEND)
    assert registered == {"tenant_id": id, "customer_name": id, **tenant}
    department = send("PUT", f"/v1/vendor/departments/{path}", {"name": f"Group {id}"}, caller=BACKEND)
    assert department == {"id": id, "name": f"Group {id}"}
    assert send("PUT", f"/v1/vendor/agents/{path}", person, caller=BACKEND).items() >= {"id": id, **person}.items()


def grant(id: str, type: str = "agent", **how: Any) -> Any:
    return send("POST", "/v1/grants", {"grantee": {"type": type, "id": id}}, 201, caller=user(id), **how)


def check(id: str, **more: Any) -> tuple[bool, str]:
    order = {"tenant_id": id, "agent_id": id, "action": "enter", **more}
    answer = send("POST", "/v1/vendor/checks", order, caller=BACKEND)
    return answer["allowed"], answer["reason"]


def enter(id: str, **how: Any) -> Any:
    order = {"tenant_id": id, "reason": "The import stands still"}
    return send("POST", "/v1/support/logins", order, 201, caller=agent(id), **how)


def rows(id: str, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(send("GET", path, caller=user(id)), newline="")))


def in_csv(id: str) -> str:
    """Return an id as a cell of a CSV: one that begins with a hyphen could be read as a formula."""
    return f"'{id}" if id.startswith("-") else id


@each_id
def test_it_is_registered_and_found_in_the_directory(id: str) -> None:
    register(id)

    me = send("GET", "/v1/me", caller=user(id))
    assert (me["user_id"], me["tenant_id"], me["may_grant"]) == (id, id, True)
    assert send("GET", "/v1/about", caller=user(id))["tenant_id"] == id
    found = send("GET", "/v1/directory", caller=user(id))
    assert id in [one["id"] for one in found["departments"]]
    assert [one["departments"] for one in found["agents"] if one["id"] == id] == [[id]]
    assert send("GET", f"/v1/support/tenants/{quote(id, safe='')}", caller=agent(id))["tenant_id"] == id


@pytest.mark.parametrize(("id", "type"), rows_and_columns(IDS, ["agent", "department"]))
def test_it_is_granted_checked_entered_and_revoked(id: str, type: str) -> None:
    register(id)
    assert check(id) == (False, "no_live_grant")

    given = grant(id, type)
    assert (given["grantee"]["type"], given["grantee"]["id"], given["granted_by"]["user_id"]) == (type, id, id)
    login = enter(id)
    assert (login["tenant_id"], login["agent"]["id"], login["agent"]["departments"]) == (id, id, [id])
    assert check(id) == check(id, login_id=login["login_id"]) == (True, "granted")
    places = send("GET", "/v1/support/access", caller=agent(id))["items"]
    assert [(place["tenant_id"], place["grant_ids"]) for place in places] == [(id, [given["grant_id"]])]

    revoked = send("DELETE", f"/v1/grants/{given['grant_id']}", caller=user(id))
    assert revoked["revoked_by"]["user_id"] == id
    assert check(id, login_id=login["login_id"]) == (False, "no_live_grant")
    assert send("GET", "/v1/support/access", caller=agent(id))["items"] == []
    assert send("GET", "/v1/logins", caller=user(id))["items"][0]["end"] == "access_over"


@each_id
def test_it_is_listed_exported_and_its_ledger_verifies(id: str) -> None:
    register(id)
    given = [grant(id), grant(id, "department")]
    login = enter(id)
    send("POST", f"/v1/support/logins/{login['login_id']}/end", caller=agent(id))

    for query, count in ({}, 2), ({"state": "live"}, 2):
        items = send("GET", "/v1/grants", caller=user(id), query=query)["items"]
        assert [item["grantee"]["id"] for item in items] == [id] * count
    assert [item["agent"]["id"] for item in send("GET", "/v1/logins", caller=user(id))["items"]] == [id]
    cells = rows(id, "/v1/grants.csv")
    assert [(row["grantee_id"], row["granted_by_user_id"]) for row in cells] == [(in_csv(id), in_csv(id))] * len(given)
    assert [(row["agent_id"], row["agent_departments"]) for row in rows(id, "/v1/logins.csv")] == [
        (in_csv(id), in_csv(id))
    ]
    ledger = call("GET", "/v1/ledger", caller=user(id))
    entries = [json.loads(line) for line in ledger.text.splitlines()]
    assert {entry["tenant_id"] for entry in entries} == {id}
    assert {entry["by"]["id"] for entry in entries} == {id, "backend"}
    report = verify(line.encode() for line in ledger.text.splitlines())
    assert (report.findings, report.tenant_id, str(report.head)) == ([], id, ledger.headers["guestkey-head"])


@each_id
def test_its_right_is_taken_and_given_back(id: str) -> None:
    register(id)
    path = f"/v1/vendor/tenants/{quote(id, safe='')}/users/{quote(id, safe='')}/right"

    for may_grant in (False, True):
        answer = send("PUT", path, {"may_grant": may_grant, "changed_by": id}, caller=BACKEND)
        assert answer == {"tenant_id": id, "user_id": id, "may_grant": may_grant}
        assert send("GET", "/v1/me", caller=user(id))["may_grant"] is may_grant
        order = {"grantee": {"type": "agent", "id": id}}
        assert send("POST", "/v1/grants", order, 201 if may_grant else 403, caller=user(id))


@each_id
def test_it_is_asked_for_and_approved_with_a_key(
    id: str, mails: list[post.Sent], world: time_machine.Traveller
) -> None:
    register(id)
    order = {"tenant_id": id, "reason": "The import stands still"}
    asked = [send("POST", "/v1/support/requests", order, 201, caller=agent(id), headers=KEY) for _ in range(2)]
    assert asked[0] == asked[1] and asked[0]["agent"]["id"] == id and len(mails) == 1
    path = f"/v1/requests/{asked[0]['request_id']}/approve"

    given = [send("POST", path, {}, 201, caller=user(id), headers=KEY) for _ in range(2)]

    assert given[0] == given[1] and given[0]["grantee"]["id"] == id
    (request,) = send("GET", "/v1/support/requests", caller=agent(id))["items"]
    assert (request["tenant_id"], request["answered_by"]["user_id"], request["state"]) == (id, id, "approved")
    world.shift(timedelta(seconds=2))  # the priority claim of the replayed approval has expired
    assert enter(id, headers=KEY) == enter(id, headers=KEY)


@each_id
def test_it_is_called_back(id: str, world: time_machine.Traveller) -> None:
    register(id)
    slot = send("GET", "/v1/slots", caller=user(id), query={"topic": "question"})["items"][0]["starts_at"]
    order = {"topic": "question", "description": "The import", "phone": "0241 446860", "starts_at": slot}
    booked = send("POST", "/v1/callbacks", order, 201, caller=user(id), headers=KEY)
    assert booked["requested_by"]["user_id"] == id

    listed = send("GET", "/v1/support/callbacks", caller=agent(id), query={"day": slot[:10]})["booked"]
    assert [one["tenant_id"] for one in listed] == [id]
    world.move_to(slot, tick=False)
    taken = send("POST", f"/v1/support/callbacks/{booked['callback_id']}/take", caller=agent(id))
    assert (taken["tenant_id"], taken["agent"]["id"]) == (id, id)


def test_ids_that_differ_in_the_case_of_a_letter_are_different() -> None:
    for id in ("org_AbC", "org_abc"):
        register(id)
    grant("org_AbC")

    assert (check("org_AbC"), check("org_abc")) == ((True, "granted"), (False, "no_live_grant"))
    assert check("org_AbC", agent_id="org_abc") == (False, "no_live_grant")
    assert send("GET", "/v1/grants", caller=user("org_abc"))["items"] == []


@pytest.mark.parametrize("path", ["a+b", "a%2Bb", "a%2bb"])
def test_a_plus_in_a_path_is_a_plus(path: str) -> None:
    assert send("PUT", f"/v1/vendor/departments/{path}", {"name": "A plus"}, caller=BACKEND)["id"] == "a+b"


def test_the_pages_of_an_agent_list_every_tenant_once() -> None:
    for id in IDS:
        register(id)
        grant_to_sven = {"grantee": {"type": "agent", "id": "sven"}}
        send("POST", "/v1/grants", grant_to_sven, 201, caller=user(id))
    seen, cursor = [], None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = send("GET", "/v1/support/access", caller=SVEN, query=query)
        seen += [place["tenant_id"] for place in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break

    assert sorted(seen) == sorted(IDS)
