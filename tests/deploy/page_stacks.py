"""Steps of `tests/deploy/test_page.py`: the commands for stacks that CloudFormation cannot update."""

import json
import re
from typing import Any

from botocore.exceptions import ClientError

from deploy.stacks import REMEDIES
from local.deployment import STACK_NAME
from local.emulator import REGION
from tests.deploy.page_operator import Operator
from tests.deploy.served import Reply, serving
from tests.journeys.mailbox import until


def stack_of(operator: Operator, name: str, resources: dict[str, Any], *, update: bool = False) -> None:
    cloudformation = operator.aws("cloudformation")
    call = cloudformation.update_stack if update else cloudformation.create_stack
    call(StackName=name, TemplateBody=json.dumps({"Resources": resources}))


def becomes(operator: Operator, name: str, status: str) -> None:
    def seen() -> bool:
        try:
            found = operator.aws("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError:
            found = "DELETE_COMPLETE"
        return bool(found == status)

    until(seen)


def remedy(status: str, name: str) -> str:
    """Return the command in the remedy that `make deploy` prints for a stack in this state."""
    said = REMEDIES[status].format(stack=name, region=REGION)
    return next(line[line.index("aws ") :] for line in said.splitlines() if "aws " in line)


def failed_first_deployment(operator: Operator) -> None:
    """ROLLBACK_COMPLETE: the remains are deleted."""
    stack_of(operator, "failed", {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": STACK_NAME}}})
    becomes(operator, "failed", "ROLLBACK_COMPLETE")
    operator.shell.run(remedy("ROLLBACK_COMPLETE", "failed"))
    becomes(operator, "failed", "DELETE_COMPLETE")


def failed_deletion(operator: Operator) -> None:
    """DELETE_FAILED: the stack is deleted, and the alarm is kept that could not be deleted because another needs it."""
    cloudwatch = operator.aws("cloudwatch")
    for name in ("kept1", "kept2"):
        own = {"AlarmName": name, "Namespace": "a", "MetricName": "b", "Period": 60, "Statistic": "Sum"}
        own |= {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 5}
        stack_of(operator, name, {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": own}})
        becomes(operator, name, "CREATE_COMPLETE")
        cloudwatch.put_composite_alarm(AlarmName=f"needs-{name}", AlarmRule=f"ALARM({name})")
        operator.aws("cloudformation").delete_stack(StackName=name)
        becomes(operator, name, "DELETE_FAILED")
    command = 'aws cloudformation delete-stack --stack-name "$STACK" --deletion-mode FORCE_DELETE_STACK'
    operator.types(command, STACK="kept1")
    operator.shell.run(remedy("DELETE_FAILED", "kept2"))
    for name in ("kept1", "kept2"):
        becomes(operator, name, "DELETE_COMPLETE")
        assert len(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]) == 1


def failed_rollback(operator: Operator) -> None:
    """UPDATE_ROLLBACK_FAILED: the requests are complete. The emulator takes each update back."""
    answer = b"<ContinueUpdateRollbackResponse><ContinueUpdateRollbackResult/></ContinueUpdateRollbackResponse>"
    reply = Reply(200, answer, {"Content-Type": "text/xml"})
    with serving({"POST / ContinueUpdateRollback": reply}) as served:
        own = {"AWS_ENDPOINT_URL_CLOUDFORMATION": served.url}
        operator.types('aws cloudformation continue-update-rollback --stack-name "$STACK"', STACK="stuck1", **own)
        operator.shell.run(remedy("UPDATE_ROLLBACK_FAILED", "stuck2"), **own)

    assert [re.findall(rb"StackName=(\w+)", body) for body in served.bodies] == [[b"stuck1"], [b"stuck2"]]
    assert served.calls == ["POST / ContinueUpdateRollback"] * 2
