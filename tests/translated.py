"""The template as CloudFormation gets it, after its transforms.

`python -m tests.translated FILE` writes the translation as JSON for cfn-lint.
"""

import json
import os
import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ministack.services.cloudformation import language_extensions
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests import stack

CODE = "s3://built/code.zip"
EXAMPLES = {
    "CertificateArn": f"arn:aws:acm:{stack.REGION}:{stack.ACCOUNT}:certificate/0a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d",
    "DomainName": "support.vendor.example",
    "HostedZoneId": "Z0123456789ABCDEFGHIJ",
    "WebAclArn": f"arn:aws:wafv2:us-east-1:{stack.ACCOUNT}:global/webacl/guestkey/0a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d",
    "BaseUrl": "https://support.vendor.example",
    "MailSender": "support@vendor.example",
    "MailDomain": "vendor.example",
    "OperatorMail": "operator@vendor.example",
    "AllowedOrigins": "https://app.vendor.example",
    "CheckConcurrency": "50",
    "RevokeConcurrency": "20",
    "CreateUserPools": "yes",
}
"""A value of each parameter that is empty, zero or off by default and makes resources or properties."""


def translate(template: dict[str, Any], **given: str) -> dict[str, Any]:
    """Return a template after its two transforms, in their order; the code lies in a bucket, as after a build.

    The emulator has the first transform as it was measured in an account, the second is SAM's own.
    """
    os.environ.setdefault("AWS_DEFAULT_REGION", stack.REGION)
    values = stack.parameters(**given)
    made = language_extensions.apply(deepcopy(template), values)
    for resource in made["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            resource["Properties"][code] = CODE
    deployed: dict[str, Any] = Translator({}, Parser()).translate(made, values, passthrough_metadata=True)
    # As JSON has it: SAM writes classes of its own.
    return dict(json.loads(json.dumps(deployed)))


@cache
def template(**given: str) -> dict[str, Any]:
    """Return the translation of the project's template for some parameters and the defaults of the others."""
    return translate(stack.template(), **given)


def operations(deployed: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each route of the API's OpenAPI document with its operation."""
    for path, item in deployed["Resources"]["Api"]["Properties"]["Body"]["paths"].items():
        for method, operation in item.items():
            if "x-amazon-apigateway-integration" in operation:
                yield f"{method.upper()} {path}", operation


def resolved(deployed: dict[str, Any], **given: str) -> dict[str, Any]:
    """Return what CloudFormation creates of a translation: its conditions are decided, everything else is as it was."""
    values = stack.parameters(**given)
    made: dict[str, Any] = {
        section: {
            name: {key: part for key, part in _decided(one, values).items() if key != "Condition"}
            for name, one in deployed[section].items()
            if "Condition" not in one or stack.is_met(one["Condition"], values)
        }
        for section in ("Resources", "Outputs")
    }
    return made


def _decided(said: Any, values: dict[str, Any]) -> Any:
    match said:
        case {"Fn::If": [condition, then, otherwise]}:
            return _decided(then if stack.is_met(condition, values) else otherwise, values)
        case dict():
            return {name: _decided(one, values) for name, one in said.items() if not _is_left_out(one, values)}
        case list():
            return [_decided(one, values) for one in said if not _is_left_out(one, values)]
        case _:
            return said


def _is_left_out(said: Any, values: dict[str, Any]) -> bool:
    while isinstance(said, dict) and "Fn::If" in said:
        condition, then, otherwise = said["Fn::If"]
        said = then if stack.is_met(condition, values) else otherwise
    return bool(said == {"Ref": "AWS::NoValue"})


def main(file: str) -> None:
    """Write the translation into a file, with defaults that make the linter see each parameter with a value."""
    deployed = template()
    for name, value in EXAMPLES.items():
        deployed["Parameters"][name]["Default"] = value
    Path(file).write_text(json.dumps(deployed, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
