"""Deploying a built template as a stack, and the errors that a developer gets when it fails half-way."""

from pathlib import Path
from typing import Any

import pytest

from local.deployment import Deployment
from local.faults import Fault
from tests.local.rig import Emulator

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {{Type: String, AllowedValues: [development, production]}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: Hello, Handler: app.handler, Runtime: python3.13}}
  {more}
Outputs:
  Hello: {{Value: !Ref Hello}}
"""


@pytest.fixture
def deployment(emulator: Emulator) -> Deployment:
    return Deployment(emulator.url)


def build(folder: Path, more: str = "", greeting: str = "hello") -> Path:
    """Write the output that `sam build` would produce."""
    (folder / "Hello").mkdir(exist_ok=True)
    (folder / "Hello" / "app.py").write_text(f"def handler(event, context):\n    return {greeting!r}\n")
    built = folder / "template.yaml"
    built.write_text(TEMPLATE.format(more=more))
    return built


def deploy(deployment: Deployment, built: Path, **parameters: str) -> dict[str, str]:
    return deployment.deploy(built, built.parent / "archives", {"Stage": "development"} | parameters)


def invoke(deployment: Deployment, function: str) -> Any:
    return deployment.client("lambda").invoke(FunctionName=function)["Payload"].read()


def test_a_built_template_is_deployed_and_so_is_a_change_of_it(deployment: Deployment, tmp_path: Path) -> None:
    outputs = deploy(deployment, build(tmp_path))
    assert invoke(deployment, outputs["Hello"]) == b'"hello"'
    assert deployment.is_there()

    deploy(deployment, build(tmp_path, greeting="good evening"))
    assert invoke(deployment, outputs["Hello"]) == b'"good evening"'


def test_deploying_an_unchanged_template_is_no_failure(deployment: Deployment, tmp_path: Path) -> None:
    built = build(tmp_path)

    assert deploy(deployment, built) == deploy(deployment, built)


def test_a_parameter_of_another_template_is_left_out(deployment: Deployment, tmp_path: Path) -> None:
    assert deploy(deployment, build(tmp_path), BaseUrl="http://127.0.0.1")


def test_an_invalid_template_is_refused_with_the_reason(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(Fault, match=r"refused: .*AWS::No::Thing"):
        deploy(deployment, build(tmp_path, more="Odd: {Type: 'AWS::No::Thing'}"))


def test_a_failed_resource_is_named_and_does_not_block_the_next_deployment(
    deployment: Deployment, tmp_path: Path
) -> None:
    odd = """Odd:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "a layer of another region cannot be attached"
      Handler: index.handler
      Runtime: python3.13
      Layers: ["arn:aws:lambda:eu-west-1:000000000000:layer:x:1"]"""
    with pytest.raises(Fault, match=r"failed: Odd: .*same region"):
        deploy(deployment, build(tmp_path, more=odd))

    assert deploy(deployment, build(tmp_path))


def test_a_function_can_be_run_and_its_failure_is_reported(deployment: Deployment, tmp_path: Path) -> None:
    deploy(deployment, build(tmp_path))
    deployment.run("Hello")

    built = build(tmp_path)
    (tmp_path / "Hello" / "app.py").write_text("def handler(event, context):\n    raise ValueError('no')\n")
    deploy(deployment, built)
    with pytest.raises(Fault, match="Hello failed"):
        deployment.run("Hello")
