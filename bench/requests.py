"""Counts the DynamoDB requests of each call, the longest sequence of them, and their capacity units.

The requests are real; moto answers them. The units are computed from the sizes of the items (`bench.weights`), because
emulators do not report capacity as AWS does.
"""

import json

from bench import callbacks, calls, weights, wire, world
from bench.bill import COLUMNS, Bill
from bench.calls import ANNA, BACKEND, SVEN
from bench.lines import heading, table

TENANT = {
    "name": "Acme Immobilien GmbH",
    "version": "Enterprise 24.3",
    "time_zone": "Europe/Berlin",
    "language": "de",
    "country": "DE",
    "approver_emails": ["anna@acme.example", "giulia@acme.example"],
}
AGENT = {"name": "Sven Brandt", "email": "sven@vendor.example", "departments": ["support"], "active": True}
GRANT = {"grantee": {"type": "agent", "id": "sven"}, "period": "1h"}
LOGIN = {"tenant_id": "acme", "reason": "The nightly export stopped half-way, see the ticket.", "ticket": "T-4711"}
CHECK = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}

PUT_TENANT = "PUT /v1/vendor/tenants/{tenant_id}"
PUT_DEPARTMENT = "PUT /v1/vendor/departments/{department_id}"
PUT_AGENT = "PUT /v1/vendor/agents/{agent_id}"
PUT_RIGHT = "PUT /v1/vendor/tenants/{tenant_id}/users/{user_id}/right"
POST_GRANT = "POST /v1/grants"
DELETE_GRANT = "DELETE /v1/grants/{grant_id}"
POST_CHECK = "POST /v1/vendor/checks"
POST_LOGIN = "POST /v1/support/logins"
END_LOGIN = "POST /v1/support/logins/{login_id}/end"


def main() -> None:
    """Print one row for each call, in the order of a support case."""
    wrong = weights.disagreements()
    heading(
        "Requests: DynamoDB requests of each call (G GetItem, B BatchGetItem, Q Query, U UpdateItem, P PutItem, "
        "T transaction)",
        "Units are computed from the sizes of the items by AWS's published rules, index writes included.",
        f"Examples of AWS's guide with another result: {len(wrong)} of {weights.examples()}{': ' * bool(wrong)}"
        f"{'; '.join(wrong)}.",
    )
    with world.table() as plain:
        bill = Bill(wire.Wire(plain))
        _register(bill)
        _support_case(bill)
        callbacks.add_to(bill)
    table(COLUMNS, bill.rows)


def _register(bill: Bill) -> None:
    """Register tenants, departments, agents and rights as the vendor's backend."""

    def put(name: str, route: str, sent: object, **parts: str) -> None:
        bill.item(name, "registry", calls.event(route, BACKEND, sent=sent, parts=parts))

    put("PUT tenant, new", PUT_TENANT, TENANT, tenant_id="acme")
    put("PUT tenant, changed", PUT_TENANT, TENANT | {"version": "Enterprise 24.4"}, tenant_id="acme")
    put("PUT tenant, unchanged", PUT_TENANT, TENANT | {"version": "Enterprise 24.4"}, tenant_id="acme")
    put("PUT department", PUT_DEPARTMENT, {"name": "Support"}, department_id="support")
    put("PUT agent, new", PUT_AGENT, AGENT, agent_id="sven")
    put("PUT agent, unchanged", PUT_AGENT, AGENT, agent_id="sven")
    put("PUT right, taken away", PUT_RIGHT, {"may_grant": False}, tenant_id="acme", user_id="ben")
    put("PUT right, unchanged", PUT_RIGHT, {"may_grant": False}, tenant_id="acme", user_id="ben")
    put("PUT right, given back", PUT_RIGHT, {"may_grant": True}, tenant_id="acme", user_id="ben")


def _support_case(bill: Bill) -> None:
    """Run a support case: Sven is refused, gets a grant, logs in and logs out; Anna reads the overviews and revokes."""
    refused = calls.event(POST_LOGIN, SVEN, sent=LOGIN)
    bill.item("login, refused for the first time", "login_record", refused, status=403)
    bill.item("login, refused again in that hour", "login_record", refused, status=403)
    bill.check("check, no grant", calls.event(POST_CHECK, BACKEND, sent=CHECK), reads=2)

    giving = calls.event(POST_GRANT, ANNA, sent=GRANT)
    grant_id = json.loads(bill.item("grant", "grant", giving, most=2, status=201))["grant_id"]

    bill.check("check", calls.event(POST_CHECK, BACKEND, sent=CHECK), reads=2)
    entering = calls.event(POST_LOGIN, SVEN, sent=LOGIN)
    login_id = json.loads(bill.item("login", "login_record", entering, most=2, status=201))["login_id"]
    within = CHECK | {"login_id": login_id}
    bill.check("check with login_id", calls.event(POST_CHECK, BACKEND, sent=within), reads=3)
    _overviews(bill, grant_id)
    ending = calls.event(END_LOGIN, SVEN, parts={"login_id": login_id})
    bill.item("end login", "login_record", ending)
    bill.item("end login, twice", "login_record", ending)

    # These come last, because a repeated request claims priority on the ledger head for a second, in which writers for
    # agents wait.
    keyed = calls.event(POST_GRANT, ANNA, sent=GRANT | {"period": "permanent"}, headers={"Idempotency-Key": "bench"})
    bill.item("grant, permanent, with Idempotency-Key", "grant", keyed, most=2, status=201)
    bill.item("grant, repeated with the same Idempotency-Key", "grant", keyed, most=2, status=201)

    revoking = calls.event(DELETE_GRANT, ANNA, parts={"grant_id": grant_id})
    bill.item("revoke", "revoke", revoking, most=2)
    bill.item("revoke, twice", "revoke", revoking, most=2)


def _overviews(bill: Bill, grant_id: str) -> None:
    """Make every call that only reads."""
    for path in ("/v1/me", "/v1/about", "/v1/directory"):
        bill.item(f"GET {path}", "account", calls.event(f"GET {path}", ANNA))
    for path in ("/v1/grants", "/v1/grants.csv", "/v1/logins"):
        bill.item(f"GET {path}", "history", calls.event(f"GET {path}", ANNA))
    live = calls.event("GET /v1/grants", ANNA, query={"state": "live"})
    bill.item("GET /v1/grants?state=live", "history", live)
    one = calls.event("GET /v1/grants/{grant_id}", ANNA, parts={"grant_id": grant_id})
    bill.item("GET /v1/grants/{grant_id}", "history", one)
    bill.item("GET /v1/logins.csv", "history", calls.event("GET /v1/logins.csv", ANNA))
    bill.item("GET /v1/ledger", "history", calls.event("GET /v1/ledger", ANNA))
    bill.item("GET /v1/support/access", "login_record", calls.event("GET /v1/support/access", SVEN))
    own = calls.event("GET /v1/support/logins", SVEN, query={"open": "true"})
    bill.item("GET /v1/support/logins?open=true", "login_record", own)
    bill.item("GET /v1/presence", "presence", calls.event("GET /v1/presence", ANNA))
    bill.item("GET /v1/pulse", "presence", calls.event("GET /v1/pulse", ANNA))


if __name__ == "__main__":
    main()
