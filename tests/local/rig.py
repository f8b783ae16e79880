"""Helpers of the tests of the local stack: a running emulator, and functions to start, wait and deploy."""

import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import httpx

from local.build import PROJECT
from local.deployment import Deployment
from local.emulator import REGION
from local.issuer import Caller, Issuer
from local.processes import LOOPBACK, Background
from local.tokens import mint

ELSEWHERE = "https://elsewhere.example"
TEMPLATE = Path(__file__).with_name("template.yaml")
PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Emulator:
    """The running emulator, with the deployed template's outputs."""

    url: str
    folder: Path
    process: Background
    issuer: Issuer
    outputs: dict[str, str]
    early: httpx.Response
    """The answer to a request to the API before the template was deployed."""

    def client(self, service: str) -> Any:
        return Deployment(self.url).client(service)

    def client_with_permission(self, service: str, statement: dict[str, Any]) -> Any:
        """Return a client whose user has only this permission."""
        iam, name = self.client("iam"), secrets.token_hex(4)
        iam.create_user(UserName=name)
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_user_policy(UserName=name, PolicyName="one", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        return httpx.get(self.url + path, headers=_bearer(token), timeout=60)

    def put(self, path: str, token: str | None = None) -> httpx.Response:
        return httpx.put(self.url + path, headers=_bearer(token), timeout=60)

    def token(self, who: str, **options: Any) -> str:
        return mint(who, self.issuer, **options)

    def log_of(self, function: str) -> str:
        """Return everything that the function has printed so far."""
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{self.outputs[function]}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            # The log group is created by the first call of the function.
            return ""
        return "\n".join(event["message"] for event in events)

    def command(self, method: str, command: str) -> Any:
        """Send one of the commands that only this emulator has."""
        return httpx.request(method, f"{self.url}/_guestkey/{command}", timeout=60).raise_for_status().json()

    def end(self, sign: signal.Signals) -> None:
        """Send the emulator a signal and wait until it has ended."""
        pid = self.process.pid
        assert pid is not None
        os.kill(pid, sign)
        wait_until(lambda: self.process.pid is None)

    def start(self) -> None:
        start(self.process, int(self.url.rpartition(":")[2]))
        wait_until(lambda: answers(f"{self.url}/_ministack/health"))


def start(process: Background, port: int) -> None:
    process.start(
        [sys.executable, "-m", f"local.{process.name}", "--port", str(port), "--folder", str(process.folder)],
        port=port,
        env={"PATH": os.environ["PATH"], "SECRET_OF_THE_EMULATOR": "must not be seen"},
        cwd=PROJECT,
    )


def deploy(cloudformation: Any, issuer: Issuer) -> dict[str, str]:
    cloudformation.create_stack(
        StackName="tiny",
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": "TenantIssuer", "ParameterValue": issuer.url(Caller.TENANT)},
            {"ParameterKey": "VendorIssuer", "ParameterValue": issuer.url(Caller.VENDOR)},
            {"ParameterKey": "Elsewhere", "ParameterValue": ELSEWHERE},
        ],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="tiny", WaiterConfig={"Delay": 1})
    stack = cloudformation.describe_stacks(StackName="tiny")["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def schedule(emulator: Emulator, tick: str, at: datetime) -> None:
    """Have the swept function called with this tick at that time, once."""
    emulator.client("scheduler").create_schedule(
        Name=tick.replace(" ", "-"),
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": emulator.outputs["SweptFunctionArn"],
            "RoleArn": emulator.outputs["SchedulerRole"],
            "Input": json.dumps({"tick": tick}),
        },
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.1)


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
