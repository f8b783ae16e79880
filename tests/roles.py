"""The IAM roles that SAM generates from the template, and parliament's findings on their policies.

`python -m tests.roles` prints the findings and fails if there are any; `make check` runs it in the environment of the
security checkers, the only one with parliament. The path of another template may be given, to test that faults are
found.
"""

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from tests import stack

MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
PASSES_A_ROLE = "PERMISSIONS_MANAGEMENT_ACTIONS", ["iam:passrole"]
"""A skipped finding: creating a schedule requires passing it a role. `tests/test_template.py` limits it to one role."""


def rendered(
    template: Path = stack.PROJECT / "template.yaml", kind: str = "AWS::IAM::Role", **given: Any
) -> dict[str, dict[str, Any]]:
    """Return the properties of every role of the deployed stack, or of its managed policies, with values filled in."""
    return {
        name: stack.with_arns(stack.value_of(resource["Properties"], stack.parameters(**given)))
        for name, resource in _deployed(template).items()
        if resource["Type"] == kind
    }


@cache
def _deployed(template: Path) -> dict[str, Any]:
    """Return the resources of a template as SAM translates it, which takes seconds."""
    os.environ.setdefault("AWS_DEFAULT_REGION", stack.REGION)
    made = yaml_parse(template.read_text())
    for resource in made["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            resource["Properties"][code] = "s3://built/code.zip"
    resources: dict[str, Any] = Translator({}, Parser()).translate(made, {})["Resources"]
    return resources


def findings(role: dict[str, Any]) -> list[str]:
    """Return parliament's findings on a role or a managed policy, without the skipped one."""
    import parliament  # type: ignore[import-not-found]

    found = []
    for policy in role.get("Policies", [role] if "PolicyDocument" in role else []):
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
    paths = map(Path, arguments)
    template = next(paths, stack.PROJECT / "template.yaml")
    found = rendered(template) | rendered(template, MANAGED_POLICY)
    lines = [f"{name}: {finding}" for name, one in found.items() for finding in findings(one)]
    print("".join(f"{line}\n" for line in lines), end="")
    return len(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
