"""The running stack in a test: callers, new tenants and agents, the table, the logs."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from local.build import PROJECT
from local.deployment import STACK_NAME, Deployment
from local.emulator import bare_python
from local.stack import Stack
from tests.journeys import stacks
from tests.journeys.calls import Caller, call_of, grant_to, login_at, request_to, success


@dataclass(frozen=True)
class World:
    """The running stack and its callers."""

    stack: Stack
    client: httpx.Client
    tokens: dict[str, str] = field(default_factory=dict)

    def caller(self, who: str, **claims: Any) -> Caller:
        """Return a person of the sample data with a token, with some claims changed."""
        token_key = repr((who, sorted(claims.items(), key=lambda claim: claim[0])))
        if token_key not in self.tokens:
            self.tokens[token_key] = self.stack.token(who, **claims)
        return Caller(self.client, self.tokens[token_key])

    @property
    def anonymous(self) -> Caller:
        return Caller(self.client, None)

    @property
    def backend(self) -> Caller:
        return self.caller("backend")

    @property
    def sven(self) -> Caller:
        return self.caller("sven")

    @property
    def dora(self) -> Caller:
        return self.caller("dora")

    @cached_property
    def deployment(self) -> Deployment:
        return self.stack.deployment

    @cached_property
    def dynamodb(self) -> Any:
        return self.deployment.client("dynamodb")

    @cached_property
    def outputs(self) -> dict[str, str]:
        outputs: dict[str, str] = self.stack.status()["outputs"]
        return outputs

    @cached_property
    def table(self) -> str:
        return self.outputs["TableName"]

    @cached_property
    def cleanup(self) -> dict[str, Any]:
        """The cleanup function, as Lambda describes it."""
        found: dict[str, Any] = self.lambda_.get_function(FunctionName=self.function("CleanupFunction"))
        configuration: dict[str, Any] = found["Configuration"]
        return configuration

    def clean_up(self) -> None:
        """Run cleanup, as its schedule does."""
        ran = self.lambda_.invoke(FunctionName=self.cleanup["FunctionName"], Payload=b"{}")
        assert "FunctionError" not in ran, ran["Payload"].read()

    @cached_property
    def lambda_(self) -> Any:
        return self.deployment.client("lambda")

    def function(self, logical_id: str) -> str:
        """Return the name under which a function of the template is deployed."""
        stacks = self.deployment.client("cloudformation")
        found = stacks.describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def new_tenant(self, **facts: Any) -> "Tenant":
        """Register a new tenant through the vendor's route."""
        tenant_id = f"t-{secrets.token_hex(6)}"
        success(self.backend.put(f"/v1/vendor/tenants/{tenant_id}", tenant_of(tenant_id, **facts)))
        return Tenant(self, tenant_id)

    def new_agent(self, *departments: str, **facts: Any) -> "Agent":
        """Register a new agent."""
        agent_id = f"a-{secrets.token_hex(6)}"
        agent = Agent(self, agent_id)
        agent.put(departments=list(departments), **facts)
        return agent

    def new_department(self) -> str:
        department_id = f"d-{secrets.token_hex(6)}"
        success(self.put_department(department_id, department_id))
        return department_id

    def put_department(self, department_id: str, name: str) -> httpx.Response:
        return self.backend.put(f"/v1/vendor/departments/{department_id}", {"name": name})

    def allows(self, tenant_id: str, agent_id: str, action: str = "enter", **more: Any) -> bool:
        """Call the check as the vendor's product does, and return whether it allows the action."""
        order = {"tenant_id": tenant_id, "agent_id": agent_id, "action": action, **more}
        allowed: bool = success(self.backend.post("/v1/vendor/checks", order))["allowed"]
        return allowed

    def change(self, partition: str, sort_key: str, **attributes: dict[str, Any]) -> None:
        """Write attributes of an item directly into the table, in DynamoDB's format."""
        names = {f"#{name}": name for name in attributes}
        self.dynamodb.update_item(
            TableName=self.table,
            Key={"PK": {"S": partition}, "SK": {"S": sort_key}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )

    def item(self, partition: str, sort_key: str) -> dict[str, Any] | None:
        """Read an item directly from the table."""
        key = {"PK": {"S": partition}, "SK": {"S": sort_key}}
        found: dict[str, Any] = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return found.get("Item")

    def logs(self) -> dict[str, str]:
        """Return everything logged so far, by the name of the log, also by the stacks of the other workers.

        The log groups are read from the stack, because the emulator fails to list them while one of them grows.
        """
        logs: dict[str, str] = {}
        for stack in stacks.started() or [self.stack]:
            deployment = Deployment(stack.url)
            deployed = deployment.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)
            resources = {one["PhysicalResourceId"]: one["ResourceType"] for one in deployed["StackResources"]}
            groups = [name for name, kind in resources.items() if kind == "AWS::Logs::LogGroup"]
            logs |= {f"{stack.port} {group}": "\n".join(_logged(deployment, group)) for group in groups}
            files = stack.folder.glob("*.log")
            logs |= {f"{stack.port} {file.name}": file.read_text(errors="replace") for file in files}
        return logs


@dataclass(frozen=True)
class Tenant:
    """A tenant made for a test, whose users have the names of the sample data."""

    world: World
    tenant_id: str

    @property
    def anna(self) -> Caller:
        """A user with the right."""
        return self.user("anna")

    def user(self, who: str, user_id: str | None = None, **claims: Any) -> Caller:
        """Return a person of the sample data as a user of this tenant."""
        return self.world.caller(who, **{"tenant_id": self.tenant_id, "sub": user_id or who, **claims})

    def ben(self) -> Caller:
        """Remove Ben's right and return him."""
        self.put_right("ben", may_grant=False)
        return self.user("ben")

    def put_right(self, user_id: str, *, may_grant: bool) -> httpx.Response:
        path = f"/v1/vendor/tenants/{quote(self.tenant_id, safe='')}/users/{quote(user_id, safe='')}/right"
        answer = self.world.backend.put(path, {"may_grant": may_grant})
        success(answer)
        return answer

    def lets_in(self, agent_id: str, **more: Any) -> str:
        """Give a grant to an agent and return its id."""
        return self._granted(grant_to("agent", agent_id, **more))

    def lets_in_all_of(self, department_id: str, **more: Any) -> str:
        return self._granted(grant_to("department", department_id, **more))

    def asks_to_be_called(self, who: str = "anna", **more: Any) -> str:
        """Join the queue, or with `starts_at` book a slot, and return the call-back's id."""
        callback_id: str = success(self.user(who).post("/v1/callbacks", call_of(**more)), 201)["callback_id"]
        return callback_id

    def is_called_by(self, agent: Caller) -> str:
        """Ask for a call, let an agent take and close it, and return the call-back's id."""
        callback_id = self.asks_to_be_called()
        path = f"/v1/support/callbacks/{callback_id}"
        success(agent.post(f"{path}/take"))
        success(agent.post(f"{path}/close", {"outcome": "reached"}))
        return callback_id

    def is_entered_by(self, agent: Caller, **more: Any) -> str:
        """Record a login and return its id."""
        login_id: str = success(agent.post("/v1/support/logins", login_at(self.tenant_id, **more)), 201)["login_id"]
        return login_id

    def is_asked_by(self, agent: Caller, **more: Any) -> str:
        """Let an agent send a request, and return its id."""
        answer = agent.post("/v1/support/requests", request_to(self.tenant_id, **more))
        request_id: str = success(answer, 201)["request_id"]
        return request_id

    def activation_mails(self) -> list[dict[str, Any]]:
        """Return the activation mails to its approvers, oldest first."""
        mails = [mail for mail in self.world.stack.mails() if self._is_of(mail)]
        return [mail for mail in mails if "/activate#" in mail["text"] and "/activate#grant=" not in mail["text"]]

    def head(self) -> str:
        """Return the head of the tenant's ledger."""
        return str(self.anna.get("/v1/ledger?limit=1").headers["Guestkey-Head"])

    def ledger(self, limit: int = 100) -> "Ledger":
        """Export the whole ledger, page by page."""
        query, lines, head = f"?limit={limit}", "", ""
        while query:
            page = self.anna.get(f"/v1/ledger{query}")
            assert page.status_code == 200, page.text
            lines, head = lines + page.text, page.headers["Guestkey-Head"]
            query = next_of(page)
        return Ledger(lines, head)

    def pages(self, path: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of a list as Anna reads them."""
        cursor: str | None = ""
        while cursor is not None:
            separator = "&" if "?" in path else "?"
            page = success(self.anna.get(f"{path}{separator}cursor={cursor}" if cursor else path))
            yield page["items"]
            cursor = page["next_cursor"]

    def all_of(self, path: str) -> list[dict[str, Any]]:
        return [item for page in self.pages(path) for item in page]

    def change(self, sort_key: str, **attributes: dict[str, Any]) -> None:
        """Write attributes of an item directly into the table, in DynamoDB's format."""
        self.world.change(f"TENANT#{self.tenant_id}", sort_key, **attributes)

    def item(self, sort_key: str) -> dict[str, Any] | None:
        """Read an item directly from the table."""
        return self.world.item(f"TENANT#{self.tenant_id}", sort_key)

    def items(self) -> list[dict[str, Any]]:
        """Read all items of the tenant."""
        pages = self.world.dynamodb.get_paginator("query").paginate(
            TableName=self.world.table,
            KeyConditionExpression="PK = :tenant",
            ExpressionAttributeValues={":tenant": {"S": f"TENANT#{self.tenant_id}"}},
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]

    def _is_of(self, mail: dict[str, Any]) -> bool:
        return any(address.endswith(f"@{self.tenant_id}.example") for address in mail["to"])

    def _granted(self, order: dict[str, Any]) -> str:
        grant_id: str = success(self.anna.post("/v1/grants", order), 201)["grant_id"]
        return grant_id


@dataclass(frozen=True)
class Agent:
    """An agent made for a test."""

    world: World
    agent_id: str

    @property
    def caller(self) -> Caller:
        return self.world.caller("sven", sub=self.agent_id)

    def put(self, **facts: Any) -> httpx.Response:
        answer = self.world.backend.put(f"/v1/vendor/agents/{self.agent_id}", agent_of(self.agent_id, **facts))
        success(answer)
        return answer


@dataclass(frozen=True)
class Ledger:
    """A tenant's exported ledger."""

    text: str
    head: str

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def whats(self) -> list[str]:
        return [entry["what"] for entry in self.entries]

    def about(self, what: str) -> list[str]:
        return [entry["about"] for entry in self.entries if entry["what"] == what]

    def verify(self, folder: Path, *, with_head: bool = True) -> subprocess.CompletedProcess[str]:
        """Verify the ledger as the customer does, with a Python that has only the standard library."""
        file = folder / "ledger.jsonl"
        file.write_text(self.text, newline="")
        return subprocess.run(
            [bare_python(folder), "-m", "guestkey", "verify", file, *(["--head", self.head] if with_head else [])],
            env={"PYTHONPATH": str(PROJECT / "layers" / "core"), "PATH": os.environ["PATH"]},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )


def tenant_of(tenant_id: str, **facts: Any) -> dict[str, Any]:
    return {
        "name": f"Tenant {tenant_id}",
        "version": "Enterprise 24.3",
        "time_zone": "Europe/Berlin",
        "language": "de",
        "country": "DE",
        "approver_emails": [f"anna@{tenant_id}.example"],
        **facts,
    }


def agent_of(agent_id: str, **facts: Any) -> dict[str, Any]:
    return {
        "name": f"Agent {agent_id}",
        "email": f"{agent_id}@vendor.example",
        "departments": [],
        "active": True,
        **facts,
    }


def avoid_the_end_of_the_hour(seconds: int = 20) -> None:
    """Wait for the next hour if this one is about to end, so that a counter by hour does not split into two."""
    left = 3600 - time.time() % 3600
    if left < seconds:
        time.sleep(left + 1)


def next_of(page: httpx.Response) -> str:
    """Return the query of the next page from its `Link` header; empty on the last page."""
    link = page.headers.get("Link", "")
    if not link:
        return ""
    address, relation = link.split("; ")
    assert relation == 'rel="next"'
    return str(address.strip("<>"))


def _logged(deployment: Deployment, group: str) -> Iterator[str]:
    """Yield all messages. The emulator returns the oldest 10,000 without a token for the rest, so each call starts
    at a time.
    """
    logs, start, more = deployment.client("logs"), 0, True
    while more:
        events = logs.filter_log_events(logGroupName=group, startTime=start)["events"]
        yield from (event["message"] for event in events)
        more = len(events) == 10_000
        start = max(start + 1, events[-1]["timestamp"]) if events else start
