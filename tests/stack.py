"""The template for tests: parsed once, and evaluated as CloudFormation would for given parameters."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

# SAM's translator warns that flags of AWS's own service are not set here.
logging.getLogger("samtranslator").setLevel(logging.ERROR)
PROJECT = Path(__file__).parent.parent
REGION, ACCOUNT = "eu-central-1", "123456789012"
PUBLIC = ""
"""The authorizer of a route that names none."""
_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/%s",
    "AWS::Events::EventBus": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/%s",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/%s",
    "AWS::Scheduler::ScheduleGroup": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/%s",
    "AWS::Serverless::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:%s",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:%s",
}
"""The value of `Fn::GetAtt <name>.Arn`, by type: a checker of policies looks whether actions fit the resource."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One route of the API, with its function, its authorizer, and the scope that the code requires."""

    method: str
    path: str
    function: str
    """The logical id of the function in the template."""
    folder: str
    """The name of its folder in `functions/`."""
    authorizer: str

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scope of a vendor's route, none of the others."""
        from guestkey.edge.http.claims import SCOPES  # the security checkers read the template without it

        return (SCOPES[self.key],) if self.key in SCOPES else ()

    @property
    def is_public(self) -> bool:
        """Whether the route needs no token."""
        return self.authorizer == PUBLIC

    @property
    def key(self) -> str:
        """The route key of API Gateway, such as `GET /v1/me`."""
        return f"{self.method} {self.path}"


@cache
def template() -> dict[str, Any]:
    """Return the template; `!Sub x` reads `{"Fn::Sub": "x"}`, and so on."""
    parsed: dict[str, Any] = yaml_parse((PROJECT / "template.yaml").read_text())
    return parsed


def resource(logical_id: str) -> dict[str, Any]:
    """Return the properties of a resource as the template has them."""
    properties: dict[str, Any] = template()["Resources"][logical_id]["Properties"]
    return properties


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of every resource of a type, by logical id."""
    return {name: made["Properties"] for name, made in template()["Resources"].items() if made["Type"] == kind}


@cache
def routes() -> tuple[Route, ...]:
    """Return every route of the template. One that names no authorizer is public."""
    found = []
    for function, properties in of_type("AWS::Serverless::Function").items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                auth = event["Properties"].get("Auth", {})
                method, path = event["Properties"]["Method"].upper(), event["Properties"]["Path"]
                found.append(
                    Route(
                        method=method,
                        path=path,
                        function=function,
                        folder=folder_of(properties),
                        authorizer=auth.get("Authorizer", PUBLIC),
                    )
                )
    return tuple(found)


def guarded_routes() -> tuple[Route, ...]:
    """Return every route that needs a token: all except the web pages and the contact details."""
    return tuple(route for route in routes() if not route.is_public)


def folders() -> set[str]:
    """Return the folders of all functions."""
    return {folder_of(function) for function in of_type("AWS::Serverless::Function").values()}


def folder_of(function: dict[str, Any]) -> str:
    """Return the folder in `functions/` that contains a function's code."""
    return str(function["CodeUri"]).removeprefix("functions/").removesuffix("/")


def parameters(**given: Any) -> dict[str, Any]:
    """Return the values of all parameters: the given ones, and the defaults of the others."""
    return {name: parameter.get("Default") for name, parameter in template()["Parameters"].items()} | given


def value_of(said: Any, parameters: dict[str, Any]) -> Any:
    """Evaluate a value of the template as CloudFormation would.

    A reference to a resource evaluates to its logical id. Raises KeyError for an unknown function or name.
    """
    if isinstance(said, list):
        return [value_of(one, parameters) for one in said]
    if not isinstance(said, dict):
        return said
    if len(said) == 1:
        ((name, argument),) = said.items()
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](argument, parameters)
        if name == "Ref" or name.startswith("Fn::"):
            raise KeyError(name)
    return {name: value_of(one, parameters) for name, one in said.items()}


def with_arns(said: Any) -> Any:
    """Return an evaluated value with an ARN in place of each `<name>.Arn`."""
    if isinstance(said, dict):
        return {name: with_arns(one) for name, one in said.items()}
    if isinstance(said, list):
        return [with_arns(one) for one in said]
    name, dot, rest = str(said).partition(".Arn")
    kind = template()["Resources"].get(name, {}).get("Type") if dot else None
    return _ARNS[kind] % name + rest if kind else said


def is_met(condition: str, parameters: dict[str, Any]) -> bool:
    """Return whether one of the template's conditions holds."""
    met: bool = value_of(template()["Conditions"][condition], parameters)
    return met


def _ref(name: str, parameters: dict[str, Any]) -> Any:
    pseudo = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::URLSuffix": "amazonaws.com"}
    pseudo |= {"AWS::StackName": "guestkey", "AWS::Partition": "aws"}
    if name in parameters:
        return parameters[name]
    if name == "AWS::NoValue":
        return None
    return pseudo[name] if name in pseudo else _logical(name)


def _logical(name: str) -> str:
    if name not in template()["Resources"]:
        raise KeyError(name)
    return name


def _if(argument: list[Any], parameters: dict[str, Any]) -> Any:
    condition, then, otherwise = argument
    return value_of(then if is_met(condition, parameters) else otherwise, parameters)


def _sub(text: str, parameters: dict[str, Any]) -> str:
    done = ""
    while "${" in text:
        before, _, rest = text.partition("${")
        name, _, text = rest.partition("}")
        done += before + (_get_att(name, parameters) if "." in name else str(_ref(name, parameters)))
    return done + text


def _get_att(argument: str | list[str], parameters: dict[str, Any]) -> str:
    name, _, attribute = (argument if isinstance(argument, str) else ".".join(argument)).partition(".")
    return f"{_logical(name)}.{attribute}"


_FUNCTIONS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::If": _if,
    "Fn::Equals": lambda two, parameters: len({str(one) for one in value_of(two, parameters)}) == 1,
    "Fn::Select": lambda argument, parameters: value_of(argument[1], parameters)[int(argument[0])],
    "Fn::Split": lambda argument, parameters: value_of(argument[1], parameters).split(argument[0]),
    "Fn::Not": lambda one, parameters: not value_of(one, parameters)[0],
    "Fn::And": lambda many, parameters: all(value_of(many, parameters)),
    "Fn::Or": lambda many, parameters: any(value_of(many, parameters)),
    "Fn::ToJsonString": lambda said, parameters: json.dumps(value_of(said, parameters)),
    "Condition": is_met,
    "Fn::FindInMap": lambda path, parameters: _found(*value_of(path, parameters)),
}


def _found(mapping: str, top: str, second: str) -> Any:
    return template()["Mappings"][mapping][top][second]
