"""The template as CloudFormation gets it: translated by SAM, and with the conditions applied for given parameters.

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

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests import stack

CODE = "s3://built/code.zip"


def translate(template: dict[str, Any], **given: str) -> dict[str, Any]:
    """Return SAM's translation of a template, which is left as it was; the code lies in a bucket, as after a build."""
    os.environ.setdefault("AWS_DEFAULT_REGION", stack.REGION)
    made = deepcopy(template)
    for resource in made["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            resource["Properties"][code] = CODE
    deployed: dict[str, Any] = Translator({}, Parser()).translate(made, given, passthrough_metadata=True)
    # As JSON has it: SAM writes classes of its own.
    return dict(json.loads(json.dumps(deployed)))


@cache
def template(**given: str) -> dict[str, Any]:
    """Return the translation for those parameters that SAM itself reads; the others are resolved by CloudFormation."""
    return translate(stack.template(), **given)


def operations(deployed: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each route of the API's OpenAPI document with its operation."""
    for path, item in deployed["Resources"]["Api"]["Properties"]["Body"]["paths"].items():
        for method, operation in item.items():
            if "x-amazon-apigateway-integration" in operation:
                yield f"{method.upper()} {path}", operation


def main(file: str) -> None:
    """Write the translation into a file."""
    # SAM takes its transform out, CloudFormation still applies the other one.
    deployed = template() | {"Transform": "AWS::LanguageExtensions"}
    Path(file).write_text(json.dumps(deployed, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
