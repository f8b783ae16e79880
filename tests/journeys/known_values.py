"""Values for generated requests that exist or cannot be guessed: ids of a scene, slots, phone numbers, cursors."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local import sample
from tests.journeys.calls import Caller, success
from tests.journeys.contract import Scene

Values = dict[str, list[Any]]


@dataclass(frozen=True)
class Known:
    """Values by the names of parameters and of members of bodies."""

    parameters: Values
    members: Values


def known_values(scene: Scene) -> Known:
    """Return the values of a scene and of a third tenant, which has a call-back that the scene's agent took."""
    world, tenant, anna = scene.world, scene.tenant, scene.tenant.anna
    agent_id, third = scene.agent.agent_id, world.new_tenant()
    taken_id = third.asks_to_be_called()
    success(scene.sven.post(f"/v1/support/callbacks/{taken_id}/take"))
    third.lets_in(agent_id)
    logins = [scene.login_id, tenant.is_entered_by(scene.sven)]
    tenants = [tenant.tenant_id, scene.other.tenant_id, third.tenant_id]
    slots = [slot["starts_at"] for slot in success(anna.get("/v1/slots?topic=question"))["items"]]
    days = days_ahead()
    parameters: Values = {
        "tenant_id": tenants,
        "agent_id": [agent_id],
        "department_id": ["support", scene.fillings["department"]],
        "user_id": ["anna", "ben", "auth0|ben@x:1+y=z~"],
        "grant_id": [scene.grant_id, tenant.lets_in_all_of("support")],
        "login_id": logins,
        "request_id": [scene.request_id, tenant.is_asked_by(scene.sven)],
        "callback_id": [scene.callback_id, scene.called_id, taken_id],
        "topic": ["question", "technical"],
        "country": ["DE", "FR"],
        "language": ["de", "en-GB"],
        "q": ["support", "s"],
        "day": days,
        "from": days,
        "Idempotency-Key": ["the-first"],
    }
    members: Values = {
        "tenant_id": tenants,
        "agent_id": [agent_id],
        "login_id": logins,
        "id": [agent_id, "support"],
        "departments": [["support"], []],
        "name": ["Sven Brandt"],
        "customer_name": ["acme", None],
        "version": ["Enterprise 24.3"],
        "reason": ["The import hangs"],
        "ticket": ["T-1", None],
        "note": ["Nobody\nanswered", None],
        "description": ["The import\nhangs"],
        "recipients": [[f"anna@{tenant.tenant_id}.example"]],
        "topic": ["question", "technical"],
        "phone": ["+49 241 44686122", "0241 44686122"],
        "starts_at": [slots[0], slots[-1], None],
        **{name: [value] for name, value in sample.DESK.items()},
        "time_zone": ["Europe/Berlin", "America/New_York"],
    }
    return Known(parameters, members)


def cursors_of(path: str, caller: Caller) -> Values:
    """Return the cursor of a list's second page, if the list has at least two items."""
    page = caller.get(path, params={"limit": 1})
    found = re.findall(r'cursor(?:=|":")([\w-]+)', page.headers.get("Link", "") or page.text)
    return {"cursor": found} if found else {}


def days_ahead() -> list[str]:
    """Return the days in which slots may be free."""
    return [(datetime.now(UTC) + timedelta(days=ahead)).date().isoformat() for ahead in range(10)]
