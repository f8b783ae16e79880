"""Faults that an operator made on the rehearsal: each is refused, or named with the resource or parameter."""

import argparse
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from deploy import __main__ as commands
from deploy import smoke
from deploy.account import Account
from deploy.answers import FILE_SETTING, Answers, load
from deploy.findings import Standing
from deploy.smoke_stack import Deployed, expected_indexes
from local.deployment import CREDENTIAL
from local.faults import Fault
from local.rehearsal import begin, rehearsal
from tests.journeys.stacks import free_ports


def test_a_deployment_with_an_unknown_parameter_is_refused_before_it_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deployment.toml"
    file.write_text('[prod]\nregion = "eu-central-1"\n[prod.parameters]\nRetentionDay = 500\n')
    monkeypatch.setenv(FILE_SETTING, str(file))

    with pytest.raises(Fault, match=rf"no parameter RetentionDay: correct {file}"):
        commands.deploy(argparse.Namespace(env="prod", yes=True))


@pytest.fixture
def deployed() -> Deployed:
    account = Account("eu-central-1")
    found = object.__new__(Deployed)
    found.account, found.answers = account, load("default")
    found.parameters, found.outputs = {}, {}
    return found


def test_the_smoke_test_names_a_missing_index(deployed: Deployed) -> None:
    with mock_aws():
        index, *others = expected_indexes()
        boto3.client("dynamodb", region_name="eu-central-1").create_table(
            TableName="t",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": name,
                    "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
                for name in others
            ],
        )
        deployed._resources = {"AWS::DynamoDB::Table": [{"LogicalResourceId": "Table", "PhysicalResourceId": "t"}]}

        assert f"indexes are missing: {index};" in next(iter(deployed.table())).seen + ";"


def test_the_smoke_test_names_a_missing_alarm(deployed: Deployed) -> None:
    with mock_aws():
        topic = boto3.client("sns", region_name="eu-central-1").create_topic(Name="alerts")["TopicArn"]
        deployed.outputs = {"AlertsTopic": topic}
        alarm = {"LogicalResourceId": "TableFails", "PhysicalResourceId": "guestkey-TableFails"}
        deployed._resources = {"AWS::CloudWatch::Alarm": [alarm]}

        assert next(iter(deployed.alarms())).seen == "0 of 1 exist; missing: guestkey-TableFails"


def test_the_smoke_test_fails_if_it_can_check_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region it knows neither the stack nor its address: a note alone would end with 0."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    answers = Answers("default", "guestkey", Path("none"))

    (found,) = smoke.findings(answers, "")
    assert (found.subject, found.standing) == ("stack", Standing.FAIL)
    assert "region" in found.seen


def test_a_rehearsal_that_runs_is_left_with_what_is_deployed(tmp_path: Path) -> None:
    made = rehearsal(tmp_path, *free_ports(1))
    try:
        begin(made)
        sqs = boto3.client(
            "sqs",
            endpoint_url=made.url,
            region_name="eu-central-1",
            aws_access_key_id=CREDENTIAL,
            aws_secret_access_key=CREDENTIAL,
        )
        queue = sqs.create_queue(QueueName="deployed")["QueueUrl"]
        begin(made)

        assert sqs.list_queues()["QueueUrls"] == [queue]
    finally:
        made.down()
