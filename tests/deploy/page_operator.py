"""The operator of `tests/deploy/test_page.py`: a stack with pools, a shell, and tokens of people who signed in."""

from pathlib import Path
from typing import Any

import httpx

from local.deployment import CREDENTIAL, STACK_NAME
from local.emulator import REGION
from local.stack import Stack
from tests.deploy.shell import Shell
from tests.docs import blocks, page, section
from tests.journeys.calls import Caller, connection

TEXT = page("operating.md")


class Operator:
    """The stack with pools, the shell of its operator, and the tokens of people once they have signed in."""

    def __init__(self, made: Stack, outputs: dict[str, str], folder: Path) -> None:
        self.url, self.outputs, self.deployment = made.url, outputs, made.deployment
        environment = {
            "AWS_ENDPOINT_URL": made.url,
            "AWS_ACCESS_KEY_ID": CREDENTIAL,
            "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "STACK": STACK_NAME,
            "URL": made.url,
            "NO_PROXY": "127.0.0.1",
        }
        self.shell = Shell(folder, environment, blocks(section(TEXT, "By event"), "sh")[0])
        self.client = connection(made.url)
        self.anna = self.sven = self.backend = Caller(self.client, None)

    def runs(self, title: str, number: int = 0, *, values: dict[str, str] | None = None, **settings: str) -> str:
        """Run a block of a section, with values in place of the page's examples, and return the output."""
        script = blocks(section(TEXT, title), "sh")[number]
        for example, value in (values or {}).items():
            assert example in script, example
            script = script.replace(example, value)
        return self.shell.run(script, **settings)

    def types(self, command: str, **settings: str) -> str:
        """Run a command that the page has within a sentence."""
        assert f"`{command}`" in " ".join(TEXT.split())
        return self.shell.run(command, **settings)

    def aws(self, service: str) -> Any:
        return self.deployment.client(service)

    def physical(self, logical_id: str) -> str:
        found = self.aws("cloudformation").describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def check(self, agent_id: str = "sven", **more: str) -> httpx.Response:
        return self.backend.post(
            "/v1/vendor/checks", {"tenant_id": "acme", "agent_id": agent_id, "action": "enter"} | more
        )
