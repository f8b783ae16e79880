"""POST /v1/vendor/checks: may this agent enter, or export, now?

A product asks before every support entry, so this function carries no framework: it looks at its four fields itself and
refuses them in the words the others use. It reads side by side, once and strongly consistent, and fails closed.
"""

import re
from dataclasses import dataclass
from typing import Any

from guestkey.edge import clock, http
from guestkey.edge.callers import Caller
from guestkey.errors import InputInvalid
from guestkey.rules.access import Action, Open, Reason, Shut, decide, decide_within
from guestkey.rules.instants import text_of
from guestkey.rules.limits import SLUG, ULID
from guestkey.store import livekeys, logins, people
from guestkey.store.table import side_by_side

FORMS = {"tenant_id": SLUG, "agent_id": SLUG, "action": re.compile("|".join(Action)), "login_id": ULID}
OPTIONAL = {"login_id"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """The product's question. Without `login_id` a yes means "may begin", with it "may go on"."""

    tenant_id: str
    agent_id: str
    action: Action
    login_id: str | None = None


def check(event: http.Event, context: Any, sent: Any, caller: Caller) -> http.Answer:
    """Answer the product's question."""
    order = order_of(sent)
    return http.json_answer(200, shown(_decided(order) if order.login_id is None else _decided_within(order)))


def _decided(order: Order) -> Open | Shut:
    agent, keys = side_by_side(
        lambda: people.agent(order.agent_id),
        lambda: list(livekeys.of_tenant(order.tenant_id)),
    )
    return decide(keys, agent, order.action, clock.now())


def _decided_within(order: Order) -> Open | Shut:
    agent, login, keys = side_by_side(
        lambda: people.agent(order.agent_id),
        lambda: logins.find(order.tenant_id, order.login_id or ""),
        lambda: list(livekeys.of_tenant(order.tenant_id)),
    )
    return decide_within(login, keys, agent, order.action, clock.now())


def order_of(sent: Any) -> Order:
    """Return what was sent as a question, or refuse it naming every fault.

    A `login_id` that is null is no string either: whoever meant to name a login must not hear "may begin".
    """
    if not isinstance(sent, dict):
        raise InputInvalid(errors=[http.fault("Input should be an object")])
    missing = FORMS.keys() - OPTIONAL - sent.keys()
    faults = [http.fault("Field required", name) for name in sorted(missing)]
    for name, value in sent.items():
        form = FORMS.get(name)
        if form is None:
            faults.append(http.fault("Extra inputs are not permitted", name))
        elif not isinstance(value, str) or not form.fullmatch(value):
            faults.append(http.fault(f"Input should be a string that matches '{form.pattern}'", name))
    if faults:
        raise InputInvalid(errors=faults)
    return Order(**sent | {"action": Action(sent["action"])})


def shown(decision: Open | Shut) -> dict[str, Any]:
    """Return the decision as the contract has it."""
    if isinstance(decision, Shut):
        return {"allowed": False, "reason": decision.reason, "grant_id": None, "may_export": False, "ends_at": None}
    grant = decision.grant
    return {
        "allowed": True,
        "reason": Reason.GRANTED,
        "grant_id": grant.grant_id,
        "may_export": decision.may_export,
        "ends_at": text_of(grant.ends_at) if grant.ends_at else None,
    }


lambda_handler = http.serve(check)
