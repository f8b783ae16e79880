"""As much of the AWS CLI as docs/operating.md uses, on boto3: `python -m tests.deploy.aws_cli SERVICE OPERATION …`.

The CLI itself is no dependency: it pins a botocore of its own. Names of operations and options come from botocore's
model, as the CLI's do.
"""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.model import ListShape, OperationModel, Shape, StructureShape

OF_THE_CLI = {"query", "output", "region", "cli-binary-format", "cli-read-timeout"}


def client(service: str, **options: Any) -> Any:
    """Return a client of a service. The type stubs of boto3 accept a service as a literal name only."""
    make: Any = boto3.client
    return make(service, **options)


@cache
def operations(service: str) -> dict[str, OperationModel]:
    """Return the operations of a service by their names on the command line."""
    model = client(service, region_name="us-east-1").meta.service_model
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


def options(operation: OperationModel) -> dict[str, tuple[str, Shape]]:
    """Return the options of an operation: name on the command line, name in the model, and shape."""
    members = operation.input_shape.members if operation.input_shape else {}
    return {xform_name(name, "-"): (name, shape) for name, shape in members.items()}


def run(service: str, name: str, arguments: list[str]) -> str:
    """Run a command and return its output."""
    operation = operations(service)[name]
    known, given, parameters = options(operation), dict[str, list[str]](), dict[str, Any]()
    positional = list(_split(arguments, known, given))
    for option, values in given.items():
        if option in known:
            member, shape = known[option]
            parameters[member] = _value(shape, values)
    answer = getattr(client(service), xform_name(operation.name))(**parameters)
    answer.pop("ResponseMetadata", None)
    if "Payload" in answer:
        Path(positional[0]).write_bytes(answer.pop("Payload").read())
    wanted = jmespath.search(given["query"][0], answer) if "query" in given else answer
    return _text(wanted) if given.get("output") == ["text"] else json.dumps(wanted, default=_plain)


def _split(arguments: list[str], known: dict[str, Any], given: dict[str, list[str]]) -> Iterator[str]:
    """Sort arguments into `given`, and yield those that belong to no option."""
    values: list[str] | None = None
    for argument in arguments:
        if argument.startswith("--"):
            name = argument[2:]
            assert name in OF_THE_CLI or name in known, f"unknown option {argument}"
            values = given.setdefault(name, [])
        elif values is None or (values and not _takes_more(known, next(reversed(given)))):
            yield argument
        else:
            values.append(argument)


def _takes_more(known: dict[str, Any], name: str) -> bool:
    return name in known and known[name][1].type_name in {"list", "map"}


def _value(shape: Shape, values: list[str]) -> Any:  # noqa: PLR0911  # a table of types
    kind = shape.type_name
    if kind == "boolean":
        return not values or values[0] == "true"
    if kind in {"integer", "long"}:
        return int(values[0])
    if kind in {"float", "double"}:
        return float(values[0])
    if kind in {"list", "structure", "map"} and values[0].startswith(("[", "{")):
        return json.loads(values[0])
    if isinstance(shape, ListShape):
        return [_value(shape.member, [value]) for value in values]
    if isinstance(shape, StructureShape):
        pairs = (pair.split("=", 1) for pair in values[0].split(","))
        return {name: _value(shape.members[name], [value]) for name, value in pairs}
    if kind == "map":
        return dict(pair.split("=", 1) for pair in values[0].split(","))
    text = values[0]
    return Path(text[7:]).read_text() if text.startswith("file://") else text


def _plain(value: Any) -> str:
    """Return a time as the AWS CLI writes it, and anything else as text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\t".join(_text(one) for one in value)
    if isinstance(value, dict):
        return "\t".join(_text(value[name]) for name in sorted(value))
    return str(value)


if __name__ == "__main__":
    print(run(sys.argv[1], sys.argv[2], sys.argv[3:]))
