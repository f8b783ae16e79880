"""The product as the model's stories drive it: its handlers, on moto. Real ids are known by the model's names."""

import hashlib
import json
import re
from datetime import datetime
from typing import Any

from guestkey.rules.ledger import Head
from guestkey.rules.verify import verify
from local import sample
from tests import doors, factories, personas, table
from tests.calls import Answer, LambdaContext, call, handler
from tests.model.lockdown import Doorkeeper
from tests.model.outcomes import Outcome
from tests.model.world import OWNERS
from tests.personas import ANNA, BACKEND, CARLA, Caller

CLAIM, OWNER = "role", "owner"
"""The claim and its value to which a story's vendor may tie the right."""
READERS = {
    "acme": ANNA.but(sub="rita", name="Rita", role=OWNER),
    "globex": CARLA.but(sub="rita", name="Rita", role=OWNER),
}
"""Users from whom no story takes the right. They read the overviews and the ledger."""
UNKNOWN = "01J00000000000000000000000"
KINDS = {"g": "grant_id", "r": "request_id", "l": "login_id", "c": "callback_id"}
VIEWED = {
    "requests": ("reason", "reason_salt", "tenant_id", "mail", "note", "note_salt"),
    "logins": ("reason", "reason_salt", "tenant_id"),
    "callbacks": (
        "description",
        "description_salt",
        "phone",
        "phone_shown",
        "mail",
        "reason",
        "reason_salt",
        "stranded_by",
    ),
}
"""Members of a view that the stories never vary."""
SWEPT = re.compile(r"LIVE#.*|CALLBACK|ONCE#.*")
"""Sort keys of items that DynamoDB deletes soon after their end; items kept for 400 days outlive a story."""
SUMMARY = {tenant.tenant_id: tenant for tenant in sample.TENANTS}


class Handlers:
    """The handlers under a story."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self.doorkeepers = {tenant: Doorkeeper() for tenant in SUMMARY}
        self._swept: list[tuple[str, str]] = []
        """Live keys that DynamoDB deleted since the last clean-up: its stream is late."""

    def do(self, verb: str, **said: Any) -> Outcome:
        """Take one step, and return how the product answers."""
        outcome: Outcome = getattr(self, verb)(**said)
        return outcome

    # --- Users ---------------------------------------------------------------------------------------------------

    def let_in(
        self,
        user: str,
        grantee: tuple[str, str],
        period: str,
        may_export: bool,
        key: str | None,
        access: str | None = None,
        may_automate: bool = False,
    ) -> Outcome:
        body = {"grantee": {"type": grantee[0], "id": grantee[1]}, "period": period, "may_export": may_export}
        body |= {"access": access, "may_automate": may_automate}
        return self._made("g", call("POST", "/v1/grants", body, caller=who(user), headers=keyed(key)))

    def revoke(self, user: str, grant: str) -> Outcome:
        return self._told("g", call("DELETE", f"/v1/grants/{self._id(grant)}", caller=who(user)))

    def keep(self, user: str, grant: str) -> Outcome:
        return self._told("g", call("POST", f"/v1/grants/{self._id(grant)}/keep", caller=who(user)))

    def approve(
        self,
        user: str,
        request: str,
        period: str | None,
        may_export: bool | None,
        key: str | None,
        access: str | None = None,
    ) -> Outcome:
        body = {"period": period, "may_export": may_export, "access": access}
        path = f"/v1/requests/{self._id(request)}/approve"
        return self._made("g", call("POST", path, body, caller=who(user), headers=keyed(key)))

    def decline(self, user: str, request: str) -> Outcome:
        return self._told("r", call("POST", f"/v1/requests/{self._id(request)}/decline", {}, caller=who(user)))

    def book(self, user: str, topic: str, starts_at: datetime | None, key: str | None) -> Outcome:
        body = {
            "topic": topic,
            "description": "The import stands still",
            "phone": "+49 241 44686122",
            "starts_at": text_of(starts_at),
        }
        return self._made("c", call("POST", "/v1/callbacks", body, caller=who(user), headers=keyed(key)))

    def move(self, user: str, callback: str, starts_at: datetime | None) -> Outcome:
        body = {"starts_at": text_of(starts_at)}
        return self._told("c", call("PATCH", f"/v1/callbacks/{self._id(callback)}", body, caller=who(user)))

    def cancel(self, user: str, callback: str) -> Outcome:
        return self._told("c", call("DELETE", f"/v1/callbacks/{self._id(callback)}", caller=who(user)))

    # --- Agents --------------------------------------------------------------------------------------------------

    def ask(
        self,
        agent: str,
        tenant: str,
        recipients: tuple[str, ...] | None,
        ticket: str | None,
        period: str,
        may_export: bool,
        key: str | None,
        access: str | None = None,
    ) -> Outcome:
        body: dict[str, Any] = {"tenant_id": tenant, "reason": "The import stands still", "period": period}
        body |= {"may_export": may_export, "access": access}
        if recipients is not None:
            body["recipients"] = list(recipients)
        if ticket is not None:
            body["ticket"] = ticket
        return self._made("r", call("POST", "/v1/support/requests", body, caller=who(agent), headers=keyed(key)))

    def send_again(self, agent: str, request: str) -> Outcome:
        return self._told("r", call("POST", f"/v1/support/requests/{self._id(request)}/send", caller=who(agent)))

    def withdraw(self, agent: str, request: str) -> Outcome:
        return self._told("r", call("DELETE", f"/v1/support/requests/{self._id(request)}", caller=who(agent)))

    def enter(self, agent: str, tenant: str, ticket: str | None, key: str | None) -> Outcome:
        body = {"tenant_id": tenant, "reason": "The import stands still", "ticket": ticket}
        return self._made("l", call("POST", "/v1/support/logins", body, caller=who(agent), headers=keyed(key)))

    def log_out(self, agent: str, login: str) -> Outcome:
        answer = call("POST", f"/v1/support/logins/{self._id(login)}/end", caller=who(agent))
        told = self._told("l", answer)
        return told._replace(said=f"{answer.body['end']} {answer.body['ended_at']}") if told.status == 200 else told

    def take(self, agent: str, callback: str) -> Outcome:
        return self._told("c", call("POST", f"/v1/support/callbacks/{self._id(callback)}/take", caller=who(agent)))

    def release(self, agent: str, callback: str) -> Outcome:
        return self._told("c", call("POST", f"/v1/support/callbacks/{self._id(callback)}/release", caller=who(agent)))

    def hand(self, agent: str, callback: str, colleague: str) -> Outcome:
        path = f"/v1/support/callbacks/{self._id(callback)}/hand"
        return self._told("c", call("POST", path, {"agent_id": colleague}, caller=who(agent)))

    def close(self, agent: str, callback: str, outcome: str) -> Outcome:
        path = f"/v1/support/callbacks/{self._id(callback)}/close"
        return self._told("c", call("POST", path, {"outcome": outcome}, caller=who(agent)))

    # --- The vendor ----------------------------------------------------------------------------------------------

    def set_right(self, user: str, may_grant: bool) -> Outcome:
        path = f"/v1/vendor/tenants/{who(user).tenant_id}/users/{user}/right"
        return self._put(path, {"may_grant": may_grant})

    def set_tenant(self, tenant: str, time_zone: str, approvers: tuple[str, ...]) -> Outcome:
        was = SUMMARY[tenant]
        body: dict[str, Any] = {"name": was.name, "version": was.version, "language": was.language}
        body["country"] = was.country
        body |= {"time_zone": time_zone, "approver_emails": list(approvers)}
        return self._put(f"/v1/vendor/tenants/{tenant}", body)

    def set_agent(
        self, agent: str, departments: tuple[str, ...], is_active: bool, name: str, accountable: str | None = None
    ) -> Outcome:
        body = {"name": name, "email": f"{agent}@vendor.example", "departments": list(departments), "active": is_active}
        body |= {"kind": "software", "accountable": accountable} if accountable else {}
        return self._put(f"/v1/vendor/agents/{agent}", body)

    def move_door(self, tenant: str, move: str) -> Outcome:
        """Lock the account or lift the lock by its routes. No route closes an account yet: its door is written."""
        door = self.doorkeepers[tenant]
        door.move(move, doors.next_number(tenant), factories.now())
        if move in ("close", "reopen"):
            doors.put_door(
                tenant,
                version=door.version,
                locked=door.is_locked,
                closed=door.is_closed,
                void_before=doors.last_of(door.voidings),
                logins_void_before=doors.last_of(door.login_voidings),
                voidings=doors.voidings(*door.voidings),
                login_voidings=doors.voidings(*door.login_voidings),
            )
            return Outcome(200)
        method, body = ("PUT", {}) if move == "lock" else ("DELETE", {"keep_grants": move == "lift"})
        answer = call(method, "/v1/lockdown", body, caller=READERS[tenant])
        return Outcome(answer.status, answer.code)

    # --- Time ----------------------------------------------------------------------------------------------------

    def sweep(self) -> Outcome:
        """Delete the items whose time to live is over, as DynamoDB may at any moment."""
        now = factories.now().timestamp()
        for item in table.items():
            key = item["PK"]["S"], item["SK"]["S"]
            if "ttl" in item and int(item["ttl"]["N"]) < now and SWEPT.fullmatch(key[1]):
                table.drop(key)
                self._swept += [key] if key[1].startswith("LIVE#") else []
        return Outcome(200)

    def clean_up(self) -> None:
        """Run the scheduled clean-up between two deliveries of the live keys that were swept: a stream may repeat."""
        records = [
            {"dynamodb": {"Keys": {"PK": {"S": pk}, "SK": {"S": sk}}, "SequenceNumber": sk}} for pk, sk in self._swept
        ]
        for event in ({"Records": records}, {"source": "aws.events"}, {"Records": records}):
            assert handler("cleanup")(event, LambdaContext()) in (None, {"batchItemFailures": []})
        self._swept.clear()

    # --- What others see -----------------------------------------------------------------------------------------

    def check(self, tenant: str, agent: str, action: str, login: str | None) -> Any:
        question = {"tenant_id": tenant, "agent_id": agent, "action": action}
        question |= {} if login is None else {"login_id": self._id(login)}
        answer = call("POST", "/v1/vendor/checks", question, caller=BACKEND)
        assert answer.status == 200, answer.text
        return self._named(answer.body)

    def grant_views(self, tenant: str) -> Any:
        return self._list(tenant, "grants")

    def live_views(self, tenant: str) -> Any:
        return self._list(tenant, "grants", state="live")

    def login_views(self, tenant: str) -> Any:
        found = self._list(tenant, "logins")
        self._require_presence(tenant, [one for one in found if one["ended_at"] is None])
        for one in found:
            one["agent"]["departments"].sort()
            # Several causes may fall into one second, so the cause has its own tests.
            assert (one.pop("end_cause") is None) == (one["end"] != "access_over")
        return found

    def _require_presence(self, tenant: str, inside: list[Any]) -> None:
        """Fail unless presence and the agents' own lists show the open logins, and the pulse every request."""
        answer = call("GET", "/v1/presence", caller=READERS[tenant])
        assert answer.status == 200, answer.text
        shown = [(one["login_id"], one["since"], one["access_ends_at"]) for one in self._named(answer.body["items"])]
        assert shown == [(one["login_id"], one["logged_in_at"], one["access_ends_at"]) for one in inside]
        for agent in {one["agent"]["id"] for one in inside}:
            answer = call("GET", "/v1/support/logins", caller=who(agent), query={"open": "true", "limit": "100"})
            own = [one["login_id"] for one in self._named(answer.body["items"]) if one["tenant_id"] == tenant]
            assert own == [one["login_id"] for one in inside if one["agent"]["id"] == agent]
        pulse = call("GET", "/v1/pulse", caller=READERS[tenant]).body
        assert pulse["requests_waiting"] >= len(self._list(tenant, "requests", state="pending"))

    def request_views(self, tenant: str, state: str | None = None) -> Any:
        return self._list(tenant, "requests", **({"state": state} if state else {}))

    def access(self, agent: str) -> Any:
        answer = call("GET", "/v1/support/access", caller=who(agent), query={"limit": "100"})
        assert answer.status == 200, answer.text
        found = [{name: value for name, value in one.items() if name != "name"} for one in answer.body["items"]]
        return sorted(self._named(found), key=lambda one: str(one["tenant_id"]))

    def ledger_views(self, tenant: str) -> Any:
        """Return the ledger as it is exported, after recomputing each link of its chain."""
        lines: list[str] = []
        head, query = "", "limit=100"
        while query:
            answer = call("GET", "/v1/ledger", caller=READERS[tenant], query=query)
            assert answer.status == 200, answer.text
            head = answer.headers["guestkey-head"]
            lines += answer.text.splitlines()
            query = (answer.next_link or "").removeprefix("?")
        entries = [json.loads(line) for line in lines]
        require_chain(entries, head)
        assert not verify([line.encode() for line in lines], Head.parse(head)).findings
        return [self._named(entry) for entry in entries]

    def open_callback(self, tenant: str) -> Any:
        answer = call("GET", "/v1/callbacks/open", caller=READERS[tenant])
        if answer.code == "no_callback":
            return None
        return self._named({name: value for name, value in answer.body.items() if name not in VIEWED["callbacks"]})

    def queue(self, agent: str) -> list[str]:
        answer = call("GET", "/v1/support/callbacks", caller=who(agent))
        assert answer.status == 200, answer.text
        return [self._named(one["callback_id"]) for one in answer.body["waiting"]]

    def seats_held(self) -> dict[str | None, list[str]]:
        held = factories.seats_held()
        return {text_of(at): sorted(self._named(one) for one in holders) for at, holders in held.items()}

    # --- Names ---------------------------------------------------------------------------------------------------

    def _id(self, name: str) -> str:
        return self._ids.get(name, UNKNOWN)

    def _made(self, kind: str, answer: Answer) -> Outcome:
        """Return the outcome of a call that makes something, which gets the next name of its kind."""
        if answer.status == 201 and (real := answer.body[KINDS[kind]]) not in self._names:
            name = f"{kind}{sum(known.startswith(kind) for known in self._ids) + 1:02}"
            self._names[real], self._ids[name] = name, real
        return self._told(kind, answer)

    def _told(self, kind: str, answer: Answer) -> Outcome:
        if answer.code == "request_closed":
            said = self._named(f"{answer.code} {answer.body['state']} {answer.body['grant_id']}")
            return Outcome(answer.status, said)
        about = self._named(answer.body.get(KINDS.get(kind))) if answer.code is None else None
        return Outcome(answer.status, answer.code, about)

    def _put(self, path: str, body: Any) -> Outcome:
        return Outcome((answer := call("PUT", path, body, caller=BACKEND)).status, answer.code)

    def _named(self, told: Any) -> Any:
        """Return the same with the model's names in place of real ids."""
        if isinstance(told, dict):
            return {name: self._named(value) for name, value in told.items()}
        if isinstance(told, list):
            return [self._named(value) for value in told]
        if isinstance(told, str):
            return " ".join(self._names.get(word, word) for word in told.split(" "))
        return told

    def _list(self, tenant: str, what: str, **query: str) -> list[Any]:
        answer = call("GET", f"/v1/{what}", caller=READERS[tenant], query={"limit": "100", **query})
        assert answer.status == 200, answer.text
        assert answer.body["next_cursor"] is None
        left_out = VIEWED.get(what, ())
        return [
            self._named({name: value for name, value in one.items() if name not in left_out})
            for one in answer.body["items"]
        ]


def who(name: str) -> Caller:
    """Return the caller of that name."""
    caller: Caller = getattr(personas, name.upper())
    return caller.but(**{CLAIM: OWNER}) if name in OWNERS else caller


def keyed(key: str | None) -> dict[str, str] | None:
    return {"idempotency-key": key} if key else None


def text_of(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def require_chain(entries: list[dict[str, Any]], head: str) -> None:
    """Fail unless the entries are numbered and linked without a gap, and end at the head."""
    before = "0" * 64
    for number, entry in enumerate(entries, 1):
        assert (entry["seq"], entry["prev_hash"]) == (number, before)
        bare = {name: value for name, value in entry.items() if name != "hash"}
        line = json.dumps(bare, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        before = hashlib.sha256(line.encode()).hexdigest()
        assert entry["hash"] == before
    assert head == f"{len(entries)}:{before}"
