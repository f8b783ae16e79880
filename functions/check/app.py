"""POST /v1/vendor/checks: may this agent enter, or export, now?

A product asks before every support entry, so this function carries no framework: its four fields are looked at here,
and refused in the words the others use. It reads side by side, once and strongly consistent, and fails closed.
"""

import re
from typing import Any

from guestkey.edge import clock, http
from guestkey.edge.callers import SLUG, Caller
from guestkey.errors import InputInvalid
from guestkey.rules.access import Action, Open, Reason, Shut, decide, decide_within
from guestkey.rules.instants import text_of
from guestkey.store import grants, logins, people
from guestkey.store.table import side_by_side

FORMS = {
    "tenant_id": SLUG,
    "agent_id": SLUG,
    "action": re.compile("|".join(Action)),
    "login_id": re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}"),
}
OPTIONAL = {"login_id"}


def check(event: http.Event, context: Any, sent: Any, caller: Caller) -> http.Answer:
    """Answer the product's question. Without `login_id` a yes means "may begin"; with it, "may go on"."""
    order = _order(sent)
    tenant_id, agent_id, action, login_id = (
        order["tenant_id"],
        order["agent_id"],
        Action(order["action"]),
        order.get("login_id"),
    )
    now = clock.now()
    if login_id is None:
        agent, keys = side_by_side(lambda: people.agent(agent_id), lambda: list(grants.live(tenant_id)))
        decision = decide(keys, agent, action, now) if agent else Shut(reason=Reason.NO_LIVE_GRANT)
    else:
        agent, login, keys = side_by_side(
            lambda: people.agent(agent_id),
            lambda: logins.find(tenant_id, login_id),
            lambda: list(grants.live(tenant_id)),
        )
        decision = decide_within(login, keys, agent, action, now) if agent else Shut(reason=Reason.NO_LIVE_GRANT)
    return http.json_answer(200, _shown(decision))


def _order(sent: Any) -> dict[str, str]:
    if not isinstance(sent, dict):
        raise InputInvalid(errors=[{"pointer": "#", "detail": "Input should be an object"}])
    faults = [
        {"pointer": f"#/{name}", "detail": "Field required"}
        for name in FORMS
        if name not in sent and name not in OPTIONAL
    ]
    faults += [
        {"pointer": f"#/{name}", "detail": "Extra inputs are not permitted"} for name in sent if name not in FORMS
    ]
    faults += [
        {"pointer": f"#/{name}", "detail": f"String should match pattern '^{form.pattern}$'"}
        for name, form in FORMS.items()
        if name in sent and not (isinstance(sent[name], str) and form.fullmatch(sent[name]))
    ]
    if faults:
        raise InputInvalid(errors=faults)
    return sent


def _shown(decision: Open | Shut) -> dict[str, Any]:
    match decision:
        case Open(grant=grant, may_export=may_export):
            return {
                "allowed": True,
                "reason": Reason.GRANTED,
                "grant_id": grant.grant_id,
                "may_export": may_export,
                "ends_at": text_of(grant.ends_at) if grant.ends_at else None,
            }
        case Shut(reason=reason):
            return {"allowed": False, "reason": reason, "grant_id": None, "may_export": False, "ends_at": None}


lambda_handler = http.serve(check)
