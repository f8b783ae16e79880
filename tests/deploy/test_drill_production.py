"""A stack for customers on an emulator: the whole first deployment with protection and alarms, a new version, the end.

Known from AWS's documentation only, because the emulator lacks it: versions that move step by step and back on an alarm
(CodeDeploy), alarms on a sum of metrics (they watch its first metric here), and alarms that ring.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.build import sam_tool
from tests import stack
from tests.deploy.operators import NIGHTLY, SENDER, Operator, line, rehearsing
from tests.deploy.page_commands import lines_of
from tests.docs import blocks, page, section

pytestmark = NIGHTLY
GRADUAL = ("Check", "LoginRecord", "Grant", "Revoke")


@dataclass(frozen=True)
class Deployed:
    """A stack that `make first-deploy ENV=prod` has deployed, and the output of the command."""

    operator: Operator
    said: str


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with rehearsing(tmp_path_factory.mktemp("production"), "guestkey-prod") as (_, operator):
        operator.client("sesv2").create_email_identity(EmailIdentity=SENDER)
        operator.environment["MAIL_SENDER"] = f"Support <{SENDER}>"
        code, said = operator.types(["make", "first-deploy", "ENV=prod"])
        assert code == 0, said
        yield Deployed(operator, said)


def test_a_stack_for_customers_is_protected_watched_and_green(
    deployed: Deployed, measured: Callable[[str], None]
) -> None:
    operator, said = deployed.operator, deployed.said

    assert "FAIL" not in said
    assert "protecting the stack against deletion" in said
    assert line(said, "deletion protection") == "ok     deletion protection: on"
    count = len(stack.of_type("AWS::CloudWatch::Alarm"))
    assert line(said, "alarms") == f"ok     alarms: {count} exist, none is in alarm"
    assert "the check says no after it was revoked" in said
    resources = operator.client("cloudformation").get_paginator("list_stack_resources")
    made = [one for got in resources.paginate(StackName="guestkey-prod") for one in got["StackResourceSummaries"]]
    groups = [one for one in made if one["ResourceType"] == "AWS::CodeDeploy::DeploymentGroup"]
    assert len(groups) == len(GRADUAL)
    (topic,) = [one["PhysicalResourceId"] for one in made if one["ResourceType"] == "AWS::SNS::Topic"]
    (subscribed,) = operator.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscribed["Endpoint"] == "you@vendor.example"
    minutes = said.rpartition("after ")[2].split(" minutes")[0]
    measured(f"first-deploy for customers on the local stack: {minutes} minutes")


def test_the_commands_for_a_new_version_move_the_aliases_to_a_changed_parameter(deployed: Deployed) -> None:
    operator, lambda_ = deployed.operator, deployed.operator.client("lambda")
    functions = [operator.physical_id(f"{name}Function") for name in GRADUAL]

    def versions() -> dict[str, str]:
        return {name: lambda_.get_alias(FunctionName=name, Name="live")["FunctionVersion"] for name in functions}

    before, file = versions(), Path(operator.environment["GUESTKEY_DEPLOYMENT"])
    file.write_text(
        file.read_text().replace("[prod.parameters]\n", '[prod.parameters]\nActingClaims = "impersonator"\n')
    )
    for command in lines_of(blocks(section(page("operating.md"), "A new version"), "sh")[0]):
        if command != "git pull":
            code, said = operator.types(command.split(), "y\n")
            assert code == 0, f"{command}\n{said}"

    assert all(int(after) > int(before[name]) for name, after in versions().items())
    for name in functions:
        variables = lambda_.get_function_configuration(FunctionName=name, Qualifier="live")["Environment"]["Variables"]
        assert variables["ACTING_CLAIMS"] == "impersonator"


def test_the_commands_for_preflight_and_smoke_are_green(deployed: Deployed) -> None:
    operator, (_, block, *_) = deployed.operator, blocks(section(page("operating.md"), "First deployment"), "sh")
    commands = lines_of(block)
    for command in commands:
        own = re.sub(r"URL=\S+", f"URL={operator.environment['AWS_ENDPOINT_URL']}", command)
        code, said = operator.types(own.split())
        assert code == 0, f"{own}\n{said}"
        assert "FAIL" not in said

    assert commands[0] == "make preflight ENV=prod"
    assert len(commands) == 3


def test_the_table_and_the_stack_of_customers_resist_a_deletion(deployed: Deployed) -> None:
    operator, dynamodb = deployed.operator, deployed.operator.client("dynamodb")
    name = operator.physical_id("Table")

    with pytest.raises(ClientError, match=r"deletion protection|protected"):
        dynamodb.delete_table(TableName=name)
    items = dynamodb.scan(TableName=name, Select="COUNT")["Count"]
    code, said = operator.types([sam_tool(), "delete", "--config-env", "prod"], "y\ny\ny\n")
    assert code == 0, said
    assert dynamodb.scan(TableName=name, Select="COUNT")["Count"] == items > 0
    with pytest.raises(ClientError, match="does not exist"):
        operator.client("cloudformation").describe_stacks(StackName="guestkey-prod")
