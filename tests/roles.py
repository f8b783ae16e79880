"""The IAM roles that SAM generates from the template, and parliament's findings on their policies.

`python -m tests.roles` prints the findings and fails if there are any; `make check` runs it in the environment of the
security checkers, the only one with parliament. The path of another template may be given, to test that faults are
found.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from tests import stack

_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{stack.REGION}:{stack.ACCOUNT}:table/%s",
    "AWS::Events::EventBus": f"arn:aws:events:{stack.REGION}:{stack.ACCOUNT}:event-bus/%s",
    "AWS::IAM::Role": f"arn:aws:iam::{stack.ACCOUNT}:role/%s",
    "AWS::Scheduler::ScheduleGroup": f"arn:aws:scheduler:{stack.REGION}:{stack.ACCOUNT}:schedule-group/%s",
    "AWS::Serverless::Function": f"arn:aws:lambda:{stack.REGION}:{stack.ACCOUNT}:function:%s",
    "AWS::SQS::Queue": f"arn:aws:sqs:{stack.REGION}:{stack.ACCOUNT}:%s",
}
"""The value of `Fn::GetAtt <name>.Arn`, by type: parliament checks whether each action fits the type of resource."""


PASSES_A_ROLE = "PERMISSIONS_MANAGEMENT_ACTIONS", ["iam:passrole"]
"""A skipped finding: creating a schedule requires passing it a role. `tests/test_template.py` limits it to one role."""


def rendered(template: Path = stack.PROJECT / "template.yaml") -> dict[str, dict[str, Any]]:
    """Return the properties of every role of the deployed stack, with all values filled in."""
    os.environ.setdefault("AWS_DEFAULT_REGION", stack.REGION)
    made = yaml_parse(template.read_text())
    for resource in made["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            resource["Properties"][code] = "s3://built/code.zip"
    deployed = Translator({}, Parser()).translate(made, {})["Resources"]
    return {
        name: _with_arns(stack.value_of(resource["Properties"], stack.parameters()))
        for name, resource in deployed.items()
        if resource["Type"] == "AWS::IAM::Role"
    }


def _with_arns(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: _with_arns(one) for name, one in said.items()}
    if isinstance(said, list):
        return [_with_arns(one) for one in said]
    name, dot, rest = str(said).partition(".Arn")
    kind = stack.template()["Resources"].get(name, {}).get("Type") if dot else None
    return _ARNS[kind] % name + rest if kind else said


def findings(role: dict[str, Any]) -> list[str]:
    """Return parliament's findings on a role, without the skipped one."""
    import parliament  # type: ignore[import-not-found]

    found = []
    for policy in role.get("Policies", []):
        analyzed = parliament.analyze_policy_string(
            json.dumps(policy["PolicyDocument"]), include_community_auditors=True
        )
        found += [
            f"{finding.issue}: {finding.detail}"
            for finding in analyzed.findings
            if (finding.issue, finding.location.get("actions")) != PASSES_A_ROLE
        ]
    return found


def main(arguments: list[str]) -> int:
    """Print every finding with its role, and return their number."""
    lines = [
        f"{name}: {finding}" for name, role in rendered(*map(Path, arguments)).items() for finding in findings(role)
    ]
    print("".join(f"{line}\n" for line in lines), end="")
    return len(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
