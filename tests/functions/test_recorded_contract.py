"""Answers and stored items of one long scenario, compared with a recording: a refactoring must not change them.

`tests/recorded/contract.json` contains every answer of the scenario (status, body, headers) and every item in the table
at its end. ULIDs, and hashes that depend on them, are replaced by numbers in the order of their appearance;
`title` and `detail` of refusals are left out. `GUESTKEY_RECORD=1` rewrites the recording: only for a change of the
contract, which the diff of that file then shows.
"""

import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import time_machine

from guestkey.rules.verify import verify
from local import sample
from tests import bus, schedules, stack, stream, table
from tests.calls import LambdaContext, call, handler
from tests.edge import post
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, EMIL, GIULIA, ROBO, SVEN, Caller

RECORDED = Path(__file__).parent.parent / "recorded"
CONTRACT = RECORDED / "contract.json"
LEDGER = RECORDED / "ledger.jsonl"
DOCUMENT = RECORDED / "openapi.json"
RECORDS_ANEW = bool(os.environ.get("GUESTKEY_RECORD"))
ULID = re.compile(r"(?<![0-9A-Z])01[0-9A-HJKMNP-TV-Z]{24}(?![0-9A-Z])")
HASH_OR_MARK = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])")
"""A SHA-256, the salt of a hashed text, or the random mark by which a retry recognises its own write."""
START = "0" * 64
HEADERS = ("content-type", "cache-control", "etag", "link", "guestkey-head", "retry-after")
CALLBACK = {"topic": "question", "description": "The import\nstands still", "phone": "0241 44686122"}
REASON = "Invoice 4711 cannot be printed"


class Masks:
    """Replaces each random id and each hash by a number in the order of appearance."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def masked(self, text: str) -> str:
        return HASH_OR_MARK.sub(self._hash, ULID.sub(self._id, text))

    def _id(self, found: re.Match[str]) -> str:
        return self._known.setdefault(found[0], f"<id {len(self._known) + 1}>")

    def _hash(self, found: re.Match[str]) -> str:
        return START if found[0] == START else self._known.setdefault(found[0], f"<hash {len(self._known) + 1}>")


class Story:
    """Calls the routes in turn and records each answer."""

    def __init__(self, clock: time_machine.Traveller) -> None:
        self.clock = clock
        self.masks = Masks()
        self.answers: list[Any] = []

    def call(self, caller: Caller | None, method: str, path: str, body: Any = None, **more: Any) -> Any:
        self.clock.shift(timedelta(seconds=2))  # a claim of priority on a ledger is over by then
        answer = call(method, path, body, caller=caller, **more)
        said = answer.body
        if isinstance(said, dict) and "code" in said and "title" in said:
            said = {name: value for name, value in said.items() if name not in {"title", "detail"}}
            for fault in said.get("errors", ()):
                fault.pop("detail")
        headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
        asked = f"{method} {path}" + (f"?{json.dumps(more['query'])}" if "query" in more else "")
        kept = {"asked": asked, "by": caller.id if caller else None, "status": answer.status, "headers": headers}
        if path.startswith(("/activate", "/assets")):
            said = None  # pages are not part of the contract
        if isinstance(headers.get("link"), str):
            kept["headers"] = {**headers, "link": re.sub(r"cursor=[^&>]+", "cursor=…", headers["link"])}
        if isinstance(said, dict) and said.get("next_cursor"):
            said["next_cursor"] = "…"
        self.answers.append(json.loads(self.masks.masked(json.dumps(kept | {"body": said}, ensure_ascii=False))))
        return answer.body


def tell(story: Story) -> str:  # noqa: PLR0915 # one scenario in order
    """Call every route and create every kind of item. Return the exported ledger of acme."""
    one, keyed = story.call, {"headers": {"idempotency-key": "the-first"}}
    position = stream.position()
    # identity
    for user in (ANNA, BEN, GIULIA, CARLA, ANNA.acting(), ANNA.but(tenant_id=None)):
        one(user, "GET", "/v1/me")
        one(user, "GET", "/v1/about")
    one(ANNA, "GET", "/v1/directory", query={"q": "sv"})
    one(BEN, "GET", "/v1/directory")
    for user in (ANNA, BEN):
        one(user, "GET", "/v1/rights")
    # grants
    for _ in range(2):
        one(SVEN, "POST", "/v1/support/logins", {"tenant_id": "acme", "reason": REASON})
    sven, support = {"type": "agent", "id": "sven"}, {"type": "department", "id": "support"}
    hour = one(ANNA, "POST", "/v1/grants", {"grantee": sven}, **keyed)
    one(ANNA, "POST", "/v1/grants", {"grantee": sven}, **keyed)
    one(ANNA, "POST", "/v1/grants", {"grantee": support}, **keyed)
    good = one(GIULIA, "POST", "/v1/grants", {"grantee": support, "period": "permanent", "may_export": True})
    week = one(ANNA, "POST", "/v1/grants", {"grantee": {"type": "agent", "id": "dora"}, "period": "1w"})
    one(CARLA, "POST", "/v1/grants", {"grantee": sven, "period": "today"})
    one(ANNA, "POST", "/v1/grants", {"grantee": {"type": "agent", "id": "emil"}})
    one(BEN, "POST", "/v1/grants", {"grantee": sven})
    one(ANNA.acting(), "POST", "/v1/grants", {"grantee": sven})
    one(ANNA, "POST", "/v1/grants", {"grantee": sven, "period": "3h", "may_export": "true", "more": 1})
    one(ANNA, "POST", "/v1/grants", raw="{", headers={"content-type": "application/json"})
    one(ANNA, "POST", "/v1/grants", raw="{}", headers={"content-type": "text/plain"})
    one(ANNA, "GET", "/v1/grants", query={"limit": 1})
    one(ANNA, "GET", "/v1/grants", query={"cursor": "abc"})
    # checks and logins
    question = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
    one(BACKEND, "POST", "/v1/vendor/checks", question)
    login = one(SVEN, "POST", "/v1/support/logins", {"tenant_id": "acme", "reason": REASON, "ticket": "T-1"}, **keyed)
    one(SVEN, "POST", "/v1/support/logins", {"tenant_id": "acme", "reason": REASON, "ticket": "T-1"}, **keyed)
    one(BACKEND, "POST", "/v1/vendor/checks", question | {"login_id": login["login_id"], "action": "export"})
    one(BACKEND, "POST", "/v1/vendor/checks", question | {"agent_id": "nobody"})
    one(BACKEND, "POST", "/v1/vendor/checks", question | {"action": "look", "more": 1})
    one(BACKEND, "POST", "/v1/vendor/checks", question | {"agent_id": "emil"})
    second = one(DORA, "POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "The second look"})
    for user in (ANNA, BEN, ANNA.acting()):
        one(user, "GET", "/v1/presence")
    one(SVEN, "GET", "/v1/support/logins", query={"open": "true"})
    one(SVEN, "GET", f"/v1/support/logins/{login['login_id']}")
    one(DORA, "GET", f"/v1/support/logins/{login['login_id']}")
    one(EMIL, "POST", "/v1/support/logins", {"tenant_id": "acme", "reason": REASON})
    one(SVEN, "POST", "/v1/support/logins", {"tenant_id": "nowhere", "reason": REASON})
    one(SVEN, "GET", "/v1/support/access")
    one(SVEN, "POST", f"/v1/support/logins/{login['login_id']}/end")
    one(DORA, "POST", f"/v1/support/logins/{login['login_id']}/end")
    one(ANNA, "DELETE", f"/v1/grants/{hour['grant_id']}")
    one(ANNA, "DELETE", f"/v1/grants/{hour['grant_id']}")
    for user, kept in ((ANNA, good), (ANNA, hour), (CARLA, week)):
        one(user, "POST", f"/v1/grants/{kept['grant_id']}/keep")
    one(CARLA, "DELETE", f"/v1/grants/{week['grant_id']}")
    one(ANNA, "DELETE", f"/v1/grants/{week['grant_id']}")
    one(BACKEND, "POST", "/v1/vendor/checks", question | {"agent_id": "dora", "login_id": second["login_id"]})
    # requests by mail
    asks = {"tenant_id": "acme", "reason": REASON, "period": "2h", "may_export": True}
    request = one(SVEN, "POST", "/v1/support/requests", asks, **keyed)
    one(SVEN, "POST", "/v1/support/requests", asks, **keyed)
    declined = one(DORA, "POST", "/v1/support/requests", {"tenant_id": "acme", "reason": "The layout of invoice 4711"})
    taken_back = one(DORA, "POST", "/v1/support/requests", {"tenant_id": "globex", "reason": "A third look"})
    left = one(SVEN, "POST", "/v1/support/requests", {"tenant_id": "acme", "reason": "Nobody answers this"})
    one(SVEN, "POST", "/v1/support/requests", asks | {"recipients": ["ben@acme.example"]})
    one(SVEN, "POST", "/v1/support/requests", asks | {"tenant_id": "nowhere"})
    one(SVEN, "GET", "/v1/support/tenants/acme")
    one(SVEN, "GET", "/v1/support/tenants/nowhere")
    one(SVEN, "GET", "/v1/support/requests", query={"limit": 2})
    one(SVEN, "POST", f"/v1/support/requests/{left['request_id']}/send")
    one(DORA, "DELETE", f"/v1/support/requests/{taken_back['request_id']}")
    one(DORA, "DELETE", f"/v1/support/requests/{request['request_id']}")
    one(ANNA, "GET", "/v1/requests", query={"state": "pending"})
    pulse = one(BEN, "GET", "/v1/pulse")
    tag = f'"{pulse["seq"]}.{pulse["requests_waiting"]}"'
    one(BEN, "GET", "/v1/pulse", headers={"if-none-match": tag})
    one(BEN, "GET", f"/v1/requests/{request['request_id']}")
    one(ANNA, "GET", f"/v1/requests/{request['request_id']}")
    approve = f"/v1/requests/{request['request_id']}/approve"
    one(BEN, "POST", approve, {})
    one(CARLA, "POST", approve, {})
    given = one(ANNA, "POST", approve, {"period": "1h", "may_export": False}, **keyed)
    one(ANNA, "POST", approve, {"period": "1h", "may_export": False}, **keyed)
    one(ANNA, "POST", approve, {})
    one(ANNA, "POST", f"/v1/requests/{declined['request_id']}/approve", {"may_export": True})
    one(ANNA, "POST", f"/v1/requests/{declined['request_id']}/decline", {"note": "Not today,\nplease"})
    one(ANNA, "POST", f"/v1/requests/{declined['request_id']}/decline", {})
    one(ANNA, "GET", "/v1/requests")
    # notices
    one(ANNA, "GET", "/v1/notices")
    one(ANNA, "PUT", "/v1/notices", {"kinds": {"revoked": "digest"}})
    one(ANNA, "PUT", "/v1/notices", {"kinds": {"support_in": "digest", "nothing": "digest"}})
    one(BEN, "PUT", "/v1/notices", {"kinds": {}})
    # policy
    one(ANNA, "GET", "/v1/policy")
    one(ANNA, "POST", "/v1/policy/breaking/revoke")
    one(BEN, "PUT", "/v1/policy", {"version": 0, "rules": {}})
    one(ANNA, "PUT", "/v1/policy", {"version": 0, "rules": {"approvers": ["anna", "giulia"], "max_access": "view"}})
    one(GIULIA, "PUT", "/v1/policy", {"version": 0, "rules": {}})
    one(GIULIA, "PUT", "/v1/policy", {"version": 1, "rules": {"approvers": ["anna", "giulia"]}})
    one(ANNA, "DELETE", "/v1/policy/waiting")
    one(ANNA, "PUT", "/v1/policy", {"version": 3, "rules": {"max_period": "permanent"}})

    # lockdown
    one(ANNA, "DELETE", "/v1/lockdown")
    one(BEN, "PUT", "/v1/lockdown", {})
    for _ in range(2):
        one(ANNA, "PUT", "/v1/lockdown", {"reason": "An alarm in the night"})
    one(ANNA, "POST", "/v1/grants", {"grantee": sven})
    one(SVEN, "POST", "/v1/support/logins", {"tenant_id": "acme", "reason": REASON})
    one(BACKEND, "POST", "/v1/vendor/checks", question)
    one(BEN, "GET", "/v1/presence")
    one(GIULIA, "DELETE", "/v1/lockdown", {"keep_grants": True})
    one(ANNA, "DELETE", "/v1/lockdown", {"keep_grants": 1})
    # call-backs
    one(ANNA, "GET", "/v1/topics")
    slots = one(ANNA, "GET", "/v1/slots", query={"topic": "question", "from": "2026-11-24", "days": 1})["items"]
    one(GIULIA, "GET", "/v1/slots", query={"topic": "question"})
    one(ANNA, "GET", "/v1/slots", query={"topic": "nothing", "days": 15})
    one(ANNA, "GET", "/v1/callbacks/open")
    booked = one(ANNA, "POST", "/v1/callbacks", CALLBACK | {"starts_at": slots[0]["starts_at"]}, **keyed)
    one(BEN, "POST", "/v1/callbacks", CALLBACK)
    one(CARLA, "POST", "/v1/callbacks", CALLBACK | {"phone": "112"})
    queued = one(CARLA, "POST", "/v1/callbacks", CALLBACK | {"phone": "+1 212 555 0100 99"})
    queued = one(CARLA, "POST", "/v1/callbacks", CALLBACK | {"phone": "+1 212 736 5000"})
    one(BEN, "GET", "/v1/callbacks/open")
    one(BEN, "PATCH", f"/v1/callbacks/{booked['callback_id']}", {"starts_at": slots[3]["starts_at"]})
    one(ANNA, "PATCH", f"/v1/callbacks/{booked['callback_id']}", {"starts_at": "2026-11-24T09:07:00Z"})
    one(CARLA, "PATCH", f"/v1/callbacks/{booked['callback_id']}", {"starts_at": None})
    one(SVEN, "GET", "/v1/support/callbacks", query={"day": "2026-11-24", "language": "de"})
    one(SVEN, "GET", "/v1/support/directory", query={"q": "dora"})
    one(SVEN, "GET", "/v1/support/slots", query={"topic": "technical", "from": "2026-11-24", "days": 1})
    one(SVEN, "POST", f"/v1/support/callbacks/{queued['callback_id']}/take")
    one(DORA, "POST", f"/v1/support/callbacks/{queued['callback_id']}/take")
    one(SVEN, "POST", f"/v1/support/callbacks/{queued['callback_id']}/hand", {"agent_id": "dora"})
    one(DORA, "POST", f"/v1/support/callbacks/{queued['callback_id']}/release")
    one(SVEN, "POST", f"/v1/support/callbacks/{queued['callback_id']}/take")
    one(DORA, "POST", f"/v1/support/callbacks/{queued['callback_id']}/close", {"outcome": "reached"})
    one(SVEN, "POST", f"/v1/support/callbacks/{queued['callback_id']}/close", {"outcome": "reached", "note": "Done"})
    one(CARLA, "DELETE", f"/v1/callbacks/{queued['callback_id']}")
    one(ANNA, "DELETE", f"/v1/callbacks/{booked['callback_id']}")
    again = one(ANNA, "POST", "/v1/callbacks", CALLBACK | {"starts_at": slots[5]["starts_at"]})
    one(GIULIA, "PATCH", f"/v1/callbacks/{again['callback_id']}", {"starts_at": None})
    one(CARLA, "POST", "/v1/callbacks", CALLBACK | {"phone": "+1 212 736 5000", "starts_at": slots[5]["starts_at"]})
    one(SVEN, "PATCH", f"/v1/support/callbacks/{again['callback_id']}", {"starts_at": None, "reason": REASON})
    one(SVEN, "DELETE", f"/v1/support/callbacks/{again['callback_id']}", {"reason": REASON})
    one(ANNA, "POST", "/v1/callbacks", CALLBACK)
    # the vendor
    for path, body in sample.orders():
        one(BACKEND, "PUT", path, body)
    one(BACKEND, "GET", "/v1/vendor/desk")
    one(BACKEND, "PUT", "/v1/vendor/desk", sample.DESK | {"lines": 0})
    one(BACKEND, "PUT", "/v1/vendor/closures/2026-11-24", {"name": "Works outing"})
    one(BACKEND, "DELETE", "/v1/vendor/closures/2026-11-24")
    one(BACKEND, "PUT", "/v1/vendor/openings/2026-12-19", {"from": "10:00", "until": "12:00"})
    one(BACKEND, "DELETE", "/v1/vendor/openings/2026-12-20")
    one(BACKEND, "PATCH", f"/v1/vendor/callbacks/{again['callback_id']}", {"starts_at": None, "reason": REASON})
    one(BACKEND, "DELETE", f"/v1/vendor/callbacks/{again['callback_id']}", {"reason": REASON})
    one(BACKEND, "PUT", "/v1/vendor/closures/2026-12-23", {"name": "Works outing"})
    one(BACKEND, "PUT", "/v1/vendor/departments/legal", {"name": "Legal"})
    agent = {"name": "Frieda Fuchs", "email": "frieda@vendor.example", "departments": ["legal"], "active": True}
    one(BACKEND, "PUT", "/v1/vendor/agents/frieda", agent)
    one(BACKEND, "PUT", "/v1/vendor/agents/frieda", agent | {"departments": ["unknown"]})
    robo = {"name": "Robo", "email": "robo@vendor.example", "departments": ["support"], "active": True}
    one(BACKEND, "PUT", "/v1/vendor/agents/robo", robo | {"kind": "software"})
    one(BACKEND, "PUT", "/v1/vendor/agents/robo", robo | {"kind": "software", "accountable": "emil"})
    one(BACKEND, "PUT", "/v1/vendor/agents/robo", robo | {"kind": "software", "accountable": "dora"})
    # levels, and agents that are software
    one(CARLA, "POST", "/v1/grants", {"grantee": support, "access": "view"})
    about_robo = {"tenant_id": "globex", "agent_id": "robo", "action": "view"}
    one(BACKEND, "POST", "/v1/vendor/checks", about_robo)
    one(BACKEND, "POST", "/v1/vendor/checks", about_robo | {"agent_id": "sven", "tenant_id": "acme"})
    viewing = one(ROBO, "POST", "/v1/support/requests", {"tenant_id": "globex", "reason": REASON, "access": "view"})
    one(CARLA, "POST", f"/v1/requests/{viewing['request_id']}/approve", {"access": "change"})
    one(CARLA, "POST", f"/v1/requests/{viewing['request_id']}/approve", {})
    one(CARLA, "POST", "/v1/grants", {"grantee": {"type": "agent", "id": "robo"}, "may_automate": True})
    one(BACKEND, "POST", "/v1/vendor/checks", about_robo)
    one(BACKEND, "POST", "/v1/vendor/checks", about_robo | {"action": "change"})
    one(ROBO, "POST", "/v1/support/logins", {"tenant_id": "globex", "reason": REASON})
    for user, path in (
        (CARLA, "grants"),
        (CARLA, "logins"),
        (CARLA, "requests"),
        (CARLA, "presence"),
        (ANNA, "directory"),
    ):
        one(user, "GET", f"/v1/{path}")
    tenant = {"name": "Initech", "version": "1", "time_zone": "Europe/Rome", "language": "it", "country": "IT"}
    one(BACKEND, "PUT", "/v1/vendor/tenants/initech", tenant | {"approver_emails": []})
    one(BACKEND, "PUT", "/v1/vendor/tenants/initech", tenant | {"name": "Initech S.p.A.", "approver_emails": []})
    one(BACKEND, "PUT", "/v1/vendor/tenants/initech", tenant | {"time_zone": "Mars"})
    one(BACKEND, "PUT", "/v1/vendor/tenants/nowhere/users/ben/right", {"may_grant": False})
    one(BACKEND, "PUT", "/v1/vendor/tenants/acme/users/giulia/right", {"may_grant": False, "changed_by": "anna"})
    one(BACKEND, "PUT", "/v1/vendor/tenants/acme/users/ben/right", {"may_grant": True})
    # anyone
    one(None, "GET", "/v1/contact", query={"country": "CH", "language": "de", "minutes": 12})
    one(None, "GET", "/v1/contact", query={"country": "XX0"})
    one(None, "GET", "/activate")
    one(None, "HEAD", "/activate")
    one(None, "GET", "/activate%23x")
    one(None, "HEAD", "/nowhere")
    one(None, "GET", "/assets/panel.js")
    one(None, "HEAD", "/assets/nothing.js")
    # the stream and the clean-up
    for record in stream.since(position):
        assert handler("notify")({"Records": [json.loads(json.dumps(record))]}, LambdaContext()) == {
            "batchItemFailures": []
        }
    story.clock.shift(timedelta(hours=26))
    assert handler("cleanup")({"source": "aws.events"}, LambdaContext()) is None
    one(SVEN, "POST", "/v1/support/logins", {"tenant_id": "acme", "reason": REASON})
    one(ANNA, "GET", "/v1/presence")
    one(ANNA, "POST", f"/v1/requests/{left['request_id']}/approve", {})
    one(ANNA, "DELETE", f"/v1/grants/{given['grant_id']}")
    one(ANNA, "GET", f"/v1/grants/{good['grant_id']}")
    one(ANNA, "GET", "/v1/grants")
    one(ANNA, "GET", "/v1/grants", query={"state": "live"})
    one(ANNA, "GET", "/v1/logins")
    one(GIULIA, "GET", "/v1/logins")
    one(ANNA, "GET", "/v1/grants.csv")
    one(ANNA, "GET", "/v1/logins.csv")
    one(ANNA, "GET", "/v1/ledger", query={"limit": 5})
    one(CARLA, "GET", "/v1/ledger")
    story.clock.shift(timedelta(days=180))
    one(ANNA, "POST", f"/v1/grants/{good['grant_id']}/keep")
    return str(one(ANNA, "GET", "/v1/ledger", query={"limit": 100}))


def test_answers_and_items_equal_the_recording(world: time_machine.Traveller) -> None:
    schedules.make_group()
    story = Story(world)
    with post.fake_ses(), bus.taking() as events:
        exported = tell(story)
    items = json.loads(story.masks.masked(json.dumps([_ordered(item) for item in table.items()], ensure_ascii=False)))
    told = json.loads(story.masks.masked(json.dumps([[one["DetailType"], one["Detail"]] for one in events])))
    now = {"answers": story.answers, "items": items, "events": told}
    if RECORDS_ANEW:
        CONTRACT.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n")
        LEDGER.write_text(exported)
    before = json.loads(CONTRACT.read_text())

    for was, answer in zip(before["answers"], story.answers, strict=True):
        assert answer == was
    assert items == before["items"]
    assert told == before["events"]


def test_the_recording_covers_every_route_and_every_kind_of_item() -> None:
    before = json.loads(CONTRACT.read_text())
    asked = {
        (a["asked"].split()[0], re.sub(r"<id \d+>", "id", a["asked"]).split()[1].partition("?")[0])
        for a in before["answers"]
    }
    patterns = {
        route.key: (route.method, re.compile(re.sub(r"\{[^}]+\}", "[^/]*", route.path) + "$"))
        for route in stack.routes()
    }

    assert [key for key, (m, p) in patterns.items() if not any(m == am and p.match(ap) for am, ap in asked)] == []
    assert {item["kind"]["S"] for item in before["items"]} == KINDS


def test_a_ledger_exported_before_verifies() -> None:
    lines = LEDGER.read_bytes().splitlines(keepends=True)

    assert len(lines) > 20
    assert not verify(lines).findings


def test_paths_fields_and_operation_ids_of_the_document_equal_the_recording() -> None:
    document = _bare(json.loads((stack.PROJECT / "docs/openapi.json").read_text()))
    if RECORDS_ANEW:
        DOCUMENT.write_text(json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n")

    assert document == json.loads(DOCUMENT.read_text())


KINDS = {
    "agent", "approvers", "callback", "callback_of", "closed_day", "closed_year", "counter", "department", "desk",
    "digest", "door", "extra_hours", "grant", "kept_answer", "ledger_entry", "ledger_head", "live_key", "lock",
    "login", "migration", "notice", "notice_choice", "open_callback", "open_login", "own", "pending", "policy",
    "request", "right_taken", "slot", "software", "tenant", "view_key", "view_request", "waiting",
}  # fmt: skip
SAID_ONLY = {"title", "description", "summary", "examples", "info", "servers"}


def _ordered(item: table.Raw) -> Any:
    return {
        name: {kind: sorted(said) if kind == "SS" else said for kind, said in item[name].items()}
        for name in sorted(item)
    }


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    """Return paths with inlined schemas and without descriptions: names of schemas may change."""
    schemas = document["components"]["schemas"]

    def plain(node: Any, under_properties: bool = False) -> Any:
        if isinstance(node, list):
            return [plain(one) for one in node]
        if not isinstance(node, dict):
            return node
        if node.get("$ref", "").endswith("/Problem"):
            return "a problem"
        if "$ref" in node:
            return plain(schemas[node["$ref"].rpartition("/")[2]])
        return {
            name: plain(value, name == "properties" and not under_properties)
            for name, value in node.items()
            if under_properties or name not in SAID_ONLY
        }

    problem = {name: plain(value) for name, value in schemas["Problem"].items() if name not in SAID_ONLY}
    return {
        "paths": plain(document["paths"]),
        "problem": problem,
        "security": plain(document["components"].get("securitySchemes")),
    }
