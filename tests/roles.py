"""The roles as SAM makes them of the template, and what parliament finds in their policies.

`python -m tests.roles` prints its findings, if any, and fails; `make check` runs it in the environment of the gates,
the only one that has parliament. Another template than ours may be named, to see that faults are found.
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
"""What `Fn::GetAtt <name>.Arn` gives, by type: parliament looks whether an action fits the kind of its resource."""


PASSES_A_ROLE = "PERMISSIONS_MANAGEMENT_ACTIONS", ["iam:passrole"]
"""Skipped: whoever makes a schedule must pass it a role. `tests/test_template.py` holds it to that one role."""


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
    """Return what parliament has to say about a role."""
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
    """Print every finding with its role, and return how many there are."""
    told = [
        f"{name}: {finding}" for name, role in rendered(*map(Path, arguments)).items() for finding in findings(role)
    ]
    print("".join(f"{line}\n" for line in told), end="")
    return len(told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
