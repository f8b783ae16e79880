"""The IAM roles of the deployed functions, and planted faults that the linter of their policies must find."""

import re
import subprocess
from pathlib import Path

import pytest

from tests import policies, roles, stack
from tests.rows_and_columns import each_row, probes

LINTER = stack.PROJECT / ".gates/bin/python"
SHARED = set(stack.of_type(roles.MANAGED_POLICY))
"""Policies of the template that several functions have."""
FROM_AWS = {
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaDynamoDBExecutionRole",
    "AWSXrayWriteOnlyAccess",
    "service-role/AWSCodeDeployRoleForLambda",
}
"""AWS managed policies that SAM attaches: to write logs and traces, to read the stream, and to move aliases."""


def test_every_function_has_a_role_of_its_own() -> None:
    assert {f"{function}Role" for function in stack.of_type("AWS::Serverless::Function")} <= set(roles.rendered())


def test_a_role_has_what_the_template_says_and_the_few_policies_of_aws_that_sam_adds() -> None:
    attached = {name: role.get("ManagedPolicyArns", []) for name, role in roles.rendered().items()}

    for name, arns in attached.items():
        assert {arn.removeprefix("arn:aws:iam::aws:policy/") for arn in arns} <= FROM_AWS | SHARED, name


@each_row("function", stack.of_type("AWS::Serverless::Function"))
def test_the_policies_that_tests_evaluate_are_those_that_sam_generates(function: str) -> None:
    role, managed = roles.rendered()[f"{function}Role"], roles.rendered(kind=roles.MANAGED_POLICY)
    own = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    shared = [managed[name]["PolicyDocument"] for name in role.get("ManagedPolicyArns", []) if name in SHARED]

    evaluated = policies.documents(function)
    assert [document for document in evaluated if document not in shared] == own
    assert [document for document in evaluated if document in shared] == shared


def test_a_role_can_be_taken_by_its_service_alone() -> None:
    for name, role in roles.rendered().items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        (service,) = statement["Principal"].pop("Service")
        assert re.fullmatch(r"(lambda|scheduler|codedeploy)\.amazonaws\.com", service), name
        # Scheduler serves all accounts: it may assume the role for the schedules of this stack only.
        assert bool(statement.pop("Condition", None)) is service.startswith("scheduler"), name
        assert statement == {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {}}, name


FAULTS: dict[str, dict[str, str]] = {
    "UNKNOWN_ACTION": {"Action": "[dynamodb:GetItems]"},
    "RESOURCE_STAR": {"Resource": '"*"'},
    "RESOURCE_MISMATCH": {"Action": "[sqs:SendMessage]"},
    "PRIVILEGE_ESCALATION": {"Action": '["*"]', "Resource": '"*"'},
}


@pytest.mark.slow
@pytest.mark.skipif(not LINTER.exists(), reason="`make gates` installs the linter")
@pytest.mark.parametrize("issue", probes(*list(FAULTS)[:1], rest=list(FAULTS)[1:]))
def test_the_linter_finds_a_planted_fault_and_names_the_role(issue: str, tmp_path: Path) -> None:
    whole = (stack.PROJECT / "template.yaml").read_text()
    before, name, function = whole.partition("  CheckFunction:\n")
    for key, value in FAULTS[issue].items():
        function, count = re.subn(rf"\b{key}: .*", f"{key}: {value}", function, count=1)
        assert count == 1
    planted = tmp_path / "template.yaml"
    planted.write_text(before + name + function)

    found = subprocess.run(
        [LINTER, "-W", "ignore", "-m", "tests.roles", planted],
        cwd=stack.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode != 0
    assert f"CheckFunctionRole: {issue}" in found.stdout
