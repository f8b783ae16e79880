"""Registers a first tenant, department and agent through the vendor's routes, as the vendor's backend will do."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.answers import Answers
from deploy.http import Unreachable, call
from deploy.tokens import Tokens, claims_of
from local.faults import Fault

TENANT_SETTING, AGENT_SETTING = "FIRST_TENANT", "FIRST_AGENT"
DEPARTMENT = "support"
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class First:
    """The ids of the first tenant and the first agent, as their tokens name them."""

    tenant_id: str
    agent_id: str


def first_of(answers: Answers, tokens: Tokens) -> First:
    """Return the ids: of the environment, else of the given tokens, else examples."""
    user, agent = claims_of(tokens.tenant), claims_of(tokens.support)
    is_pools = answers.parameters.get("CreateUserPools") == "yes"
    tenant_claim = "custom:tenant_id" if is_pools else answers.parameters.get("TenantClaim", "tenant_id")
    agent_claim = "cognito:username" if is_pools else answers.parameters.get("AgentIdClaim", "sub")
    return First(
        os.environ.get(TENANT_SETTING) or str(user.get(tenant_claim) or "first-customer"),
        os.environ.get(AGENT_SETTING) or str(agent.get(agent_claim) or "first-agent"),
    )


def register(url: str, token: str, first: First, operator: str) -> None:
    """Register the three records. Raises Fault if the API refuses one."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for path, body in _records(first, operator):
        try:
            answer = call("PUT", url + path, headers=headers, body=json.dumps(body).encode(), patience=PATIENCE_SECONDS)
        except Unreachable as error:
            message = f"PUT {path} was not answered: {error}; run again"
            raise Fault(message) from error
        if answer.status != 200:
            message = f"PUT {path} was answered with {answer.status} {answer.body.decode(errors='replace')[:300]}"
            raise Fault(message)


def _records(first: First, operator: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield (
        f"/v1/vendor/tenants/{first.tenant_id}",
        {
            "name": "First customer",
            "version": "trial",
            "time_zone": "UTC",
            "language": "en",
            "country": "US",
            "approver_emails": [operator] if operator else [],
        },
    )
    yield f"/v1/vendor/departments/{DEPARTMENT}", {"name": "Support"}
    yield (
        f"/v1/vendor/agents/{first.agent_id}",
        {
            "name": "First agent",
            "email": operator or "agent@vendor.example",
            "departments": [DEPARTMENT],
            "active": True,
        },
    )
