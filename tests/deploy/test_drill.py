"""The whole first deployment, as an operator runs it, on an emulator: a failure, a success, and planted faults.

It takes minutes, so that it runs each night: `sam build`, three times `sam deploy`, and the smoke test twice.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.rehearsal import begin
from local.stack import Stack
from tests import stack
from tests.deploy.conftest import SETTINGS
from tests.docs import blocks, page, section
from tests.journeys.stacks import free_ports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.nightly("it takes minutes"),
]
SENDER = "support@vendor.example"


@dataclass
class Operator:
    """A terminal whose variables lead to the emulator."""

    environment: dict[str, str]

    def runs(self, command: str, **settings: str) -> tuple[int, str]:
        """Run a command of `python -m deploy` and return the exit code and all output."""
        done = subprocess.run(
            [sys.executable, "-m", "deploy", command],
            cwd=stack.PROJECT,
            env=self.environment | settings,
            stdin=subprocess.DEVNULL,
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
            StackName="guestkey", LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Operator]]:
    port, issuer_port = free_ports(2)
    made = Stack(tmp_path_factory.mktemp("rehearsal") / "stack", port, issuer_port)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name not in SETTINGS}
    try:
        yield made, Operator(kept | begin(made) | {"OPERATOR_MAIL": "you@vendor.example"})
    finally:
        made.down()


def line(said: str, subject: str) -> str:
    found = [one for one in said.splitlines() if re.match(rf"(ok|note|FAIL) +{re.escape(subject)}: ", one)]
    assert found, said
    return found[0]


def test_a_failed_deployment_is_explained_taken_back_and_tried_again(
    emulated: tuple[Stack, Operator], measured: Callable[[str], None]
) -> None:
    local, operator = emulated
    events = operator.client("events")
    events.create_event_bus(Name="guestkey")
    code, said = operator.runs("first")

    assert code == 1
    assert "guestkey is ROLLBACK_COMPLETE" in said
    assert "- Bus (AWS::Events::EventBus): EventBus already exists: guestkey → Something of this name exists" in said
    assert "make first-deploy does it" in said
    assert operator.client("dynamodb").list_tables()["TableNames"] == []

    events.delete_event_bus(Name="guestkey")
    operator.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    code, said = operator.runs("first", MAIL_SENDER=f"Support <{SENDER}>")

    assert code == 0, said
    assert "deleting the remains of a failed deployment (ROLLBACK_COMPLETE)" in said
    assert "FAIL" not in said
    assert line(said, "mail sender").startswith("ok")
    assert "the check says yes while the grant is live" in said
    assert "the check says no after it was revoked" in said
    mails = local.mails()
    assert all(local.url in mail["text"] for mail in mails if "http" in mail["text"])
    assert ".invalid" not in "".join(mail["text"] for mail in mails)
    measured(f"first-deploy on the local stack: {said.rpartition('after ')[2].split(' minutes')[0]} minutes")


def test_a_second_run_asks_nothing_and_overwrites_no_record(emulated: tuple[Stack, Operator]) -> None:
    _, operator = emulated
    settings = {name: value for name, value in operator.environment.items() if name != "ISSUERS"}
    code, said = Operator(settings).runs("first", OPERATOR_MAIL="you@vendor.example")

    assert code == 0, said
    assert "registered before: first-customer first-agent" in said
    assert "without mails" not in said


def test_the_commands_of_the_page_run_as_they_are_written(emulated: tuple[Stack, Operator], tmp_path: Path) -> None:
    _, operator = emulated
    aws = tmp_path / "aws"
    aws.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore -m tests.deploy.aws_cli "$@"\n')
    aws.chmod(0o755)
    text = page("operating.md")
    helpers = blocks(section(text, "By event"), "sh")[0]
    own = operator.environment | {"PATH": f"{tmp_path}:{operator.environment['PATH']}", "STACK": "guestkey"}
    own |= {"URL": operator.environment["AWS_ENDPOINT_URL"], "TOKEN": emulated[0].token("backend")}
    printed: dict[str, str] = {}
    for title in ("SIEM", "Somebody must be out, now", "An agent leaves", "The clean-up", "Dead letters"):
        for block in blocks(section(text, title), "sh"):
            if "<" in block or ("jq" in block and not shutil.which("jq")):  # a value of a message that there is not
                continue
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", helpers + block],
                cwd=stack.PROJECT,
                env=own,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{title}\n{block}\n{done.stdout}\n{done.stderr}"
            printed[title] = printed.get(title, "") + done.stdout

    assert printed.keys() == {"SIEM", "Somebody must be out, now", "An agent leaves", "The clean-up", "Dead letters"}
    assert printed["SIEM"].split()[-1].strip('[]"') == "siem"
    assert json.loads(printed["An agent leaves"])["active"] is False
    concurrency = operator.client("lambda").get_function_concurrency(FunctionName=operator.physical_id("CheckFunction"))
    assert "ReservedConcurrentExecutions" not in concurrency


def test_planted_faults_are_red_each_with_its_next_step(emulated: tuple[Stack, Operator]) -> None:
    _, operator = emulated
    gateway, api = operator.client("apigatewayv2"), operator.physical_id("Api")
    routes = [one for page in gateway.get_paginator("get_routes").paginate(ApiId=api) for one in page["Items"]]
    (notices,) = [one["RouteId"] for one in routes if one["RouteKey"] == "GET /v1/notices"]
    gateway.delete_route(ApiId=api, RouteId=notices)
    operator.client("sesv2").delete_email_identity(EmailIdentity=SENDER)
    iam, role = operator.client("iam"), operator.physical_id("CheckFunctionRole")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    operator.client("events").disable_rule(Name=operator.physical_id("CleanupFunctionEveryFiveMinutes"))
    code, said = operator.runs("smoke")

    assert code == 1
    assert line(said, "routes") == "FAIL   routes: missing: GET /v1/notices"
    assert line(said, "mail sender").startswith("FAIL   mail sender: SES in us-east-1 knows neither")
    # API Gateway answers 500 for a function that fails, the emulator 502.
    assert re.match(r"FAIL +check: POST /v1/vendor/checks of an unknown customer answers 50[02]", line(said, "check"))
    assert line(said, "cleanup").startswith("FAIL   cleanup: its schedule is off")
    assert line(said, "table").startswith("ok")


def test_preflight_names_an_issuer_that_does_not_exist_and_an_unknown_sender(
    emulated: tuple[Stack, Operator], tmp_path: Path
) -> None:
    _, operator = emulated
    file = tmp_path / "deployment.toml"
    written = Path(operator.environment["GUESTKEY_DEPLOYMENT"]).read_text()
    file.write_text(re.sub(r"SupportIssuer = .*", 'SupportIssuer = "https://support.invalid"', written))
    code, said = operator.runs("preflight", GUESTKEY_DEPLOYMENT=str(file))

    assert code == 1
    assert line(said, "SupportIssuer").startswith("FAIL   SupportIssuer: https://support.invalid does not exist")
    assert line(said, "TenantIssuer").startswith("ok")
    assert line(said, "mail sender").startswith("FAIL")


def test_a_rehearsal_begins_afresh(tmp_path: Path) -> None:
    made = Stack(tmp_path / "stack", *free_ports(2))
    made.folder.mkdir()
    (made.folder / "old").touch()
    try:
        assert begin(made)["AWS_ENDPOINT_URL"] == made.url
        assert not (made.folder / "old").exists()
    finally:
        made.down()
