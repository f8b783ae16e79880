"""An operator at a terminal whose variables lead to an emulator, for the drills of each night."""

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from deploy.sam import OUTPUT
from local.rehearsal import begin
from local.stack import Stack
from tests import stack
from tests.deploy.conftest import SETTINGS
from tests.journeys.stacks import free_ports

SENDER = "support@vendor.example"
NIGHTLY = [pytest.mark.slow, pytest.mark.nightly("it takes minutes")]


@dataclass
class Operator:
    """A terminal whose variables lead to the emulator."""

    environment: dict[str, str]
    stack_name: str = "guestkey"

    def runs(self, command: str, *more: str, **settings: str) -> tuple[int, str]:
        """Run a command of `python -m deploy` and return the exit code and all output."""
        return self.types([sys.executable, "-m", "deploy", command, *more], **settings)

    def types(self, command: list[str], keys: str = "", **settings: str) -> tuple[int, str]:
        """Run a command whose questions `keys` answer, and return the exit code and all output."""
        done = subprocess.run(
            command,
            cwd=stack.PROJECT,
            env=self.environment | settings,
            input=keys,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(done.stdout)
        return done.returncode, done.stdout

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def physical_id(self, logical_id: str) -> str:
        found = self.client("cloudformation").describe_stack_resource(
            StackName=self.stack_name, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def outputs(self) -> dict[str, str]:
        described = self.client("cloudformation").describe_stacks(StackName=self.stack_name)["Stacks"][0]
        return {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}


@contextmanager
def rehearsing(
    folder: Path, stack_name: str = "guestkey", *, with_pools: bool = False
) -> Iterator[tuple[Stack, Operator]]:
    """Start an emulator as `make rehearsal` does, and end it with the block.

    One drill runs at a time, because they share a build.
    """
    made = Stack(folder / "stack", *free_ports(2))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name not in SETTINGS}
    OUTPUT.mkdir(exist_ok=True)
    with (OUTPUT / "drill.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            variables = begin(made, with_pools=with_pools)
            yield made, Operator(kept | variables | {"OPERATOR_MAIL": "you@vendor.example"}, stack_name)
        finally:
            made.down()


def line(said: str, subject: str) -> str:
    """Return the line of a finding in the output of preflight or smoke."""
    found = [one for one in said.splitlines() if re.match(rf"(ok|note|FAIL) +{re.escape(subject)}: ", one)]
    assert found, said
    return found[0]
