"""POST /v1/vendor/checks: may this agent view, change, or export, now?

A product sends a check before every support entry, so this function uses no framework: it validates its four fields
itself and refuses them with the messages of the other functions. It reads in parallel, once and strongly consistent,
and fails closed.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

import re
from dataclasses import dataclass
from typing import Any

from guestkey.edge.http import serve
from guestkey.edge.http.callers import Caller
from guestkey.edge.http.problem import Answer, Event, fault, json_answer
from guestkey.errors import InputInvalid, NotFound
from guestkey.rules.access import Action, Open, Reason, Shut, decide, decide_within
from guestkey.rules.instants import text_of
from guestkey.rules.limits import EXTERNAL_ID, ULID
from guestkey.store import clock
from guestkey.store.access import live_keys, logins
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.reads import read_ahead, side_by_side
from guestkey.store.registry import people

ROUTE = "POST /v1/vendor/checks"
FORMS = {
    "tenant_id": EXTERNAL_ID,
    "agent_id": EXTERNAL_ID,
    "action": re.compile("|".join(Action)),
    "login_id": ULID,
}
OPTIONAL = {"login_id"}
NO_ID = "-"
REFUSED = {"allowed": False, "reason": None, "grant_id": None, "access": None, "may_export": False, "ends_at": None}


@dataclass(frozen=True, kw_only=True)
class CheckInput:
    """Input of a check. Without `login_id` an allowed check means "may begin", with it "may go on"."""

    tenant_id: str
    agent_id: str
    action: Action
    login_id: str | None = None


def check(event: Event, context: Any, body: Any, caller: Caller) -> Answer:
    """Return the response to a check. Raises NotFound for the event of another route."""
    if event.get("routeKey") != ROUTE:
        raise NotFound
    question = validated(body)
    decision = _decide(question) if question.login_id is None else _decide_within(question, question.login_id)
    return json_answer(200, answer_of(decision))


def validated(body: Any) -> CheckInput:
    """Return the body as input. Raises InputInvalid with every fault.

    A `login_id` of null is invalid: a caller who intends to name a login must not get an answer for "may begin".
    """
    if not isinstance(body, dict):
        raise InputInvalid(errors=[fault("Input should be an object")])
    missing = FORMS.keys() - OPTIONAL - body.keys()
    faults = [fault("Field required", name) for name in sorted(missing)]
    for name, value in body.items():
        form = FORMS.get(name)
        if form is None:
            faults.append(fault("Extra inputs are not permitted", name))
        elif not isinstance(value, str) or not form.fullmatch(value):
            faults.append(fault(f"Input should be a string that matches '{form.pattern}'", name))
    if faults:
        raise InputInvalid(errors=faults)
    return CheckInput(**body | {"action": Action(body["action"])})


def answer_of(decision: Open | Shut) -> dict[str, Any]:
    """Return the response body of a decision."""
    if isinstance(decision, Shut):
        return REFUSED | {"reason": decision.reason}
    grant = decision.grant
    return {
        "allowed": True,
        "reason": Reason.GRANTED,
        "grant_id": grant.grant_id,
        "access": decision.access,
        "may_export": decision.may_export,
        "ends_at": text_of(grant.ends_at) if grant.ends_at else None,
    }


def _decide(question: CheckInput) -> Open | Shut:
    agent, live = side_by_side(
        lambda: people.agent(question.agent_id),
        lambda: live_keys.of_tenant(question.tenant_id),
    )
    return decide(live, agent, question.action, clock.now())


def _decide_within(question: CheckInput, login_id: str) -> Open | Shut:
    agent, login, live = side_by_side(
        lambda: people.agent(question.agent_id),
        lambda: logins.find_one(question.tenant_id, login_id),
        lambda: live_keys.of_tenant(question.tenant_id),
    )
    return decide_within(login, live, agent, question.action, clock.now())


def open_connections() -> None:
    """Open the connections of the first check, with two reads that find nothing."""
    read_ahead(lambda: people.agent(NO_ID), lambda: live_keys.of_tenant(NO_ID))


lambda_handler = serve.serve(check)
cold_start.end_cold_start(open_client, open_connections)
