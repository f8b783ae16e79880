"""Modules that the cold start of a function must not load. Each function starts in a process of its own."""

import os
import subprocess
import sys
from functools import cache

import pytest

from tests import stack

FUNCTIONS = {stack.folder_of(made): made for made in stack.of_type("AWS::Serverless::Function").values()}
NEVER = {"aws_xray_sdk", "requests", "moto", "local", "tests"}
ONLY = {"holidays": {"cleanup"}, "icalendar": {"notify"}, "phonenumbers": {"booking", "desk_settings"}}
FOR_MAILS = {"jinja2", "boto3"}
"""Slow imports, for functions that send mails only. pynamodb needs botocore and not boto3."""
NO_FRAMEWORK = {"aws_lambda_powertools", "pydantic", "pydantic_core", "ulid", "boto3", "s3transfer", "email_validator"}


@cache
def loaded_by(folder: str) -> frozenset[str]:
    """Return the modules that a function's cold start loads, found as on Lambda: its own folder and the layer."""
    project = str(stack.PROJECT)
    paths = [f"{project}/functions/{folder}", f"{project}/layers/core"]
    start = f"import gc, sys; sys.path[:0] = {paths!r}; import app; assert callable(app.lambda_handler)"
    environment = {
        "PATH": os.environ["PATH"],
        "TABLE_NAME": "guestkey",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
    }
    done = subprocess.run(
        [sys.executable, "-c", f"{start}; assert gc.isenabled(); print(*sys.modules)"],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return frozenset(done.stdout.split())


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_each_function_loads_its_connection_before_the_first_request_and_nothing_that_it_does_not_need(
    folder: str,
) -> None:
    modules = loaded_by(folder)
    loaded = {module.partition(".")[0] for module in modules}
    may_mail = "ses:SendEmail" in str(FUNCTIONS[folder])

    assert not loaded & NEVER
    assert loaded & ONLY.keys() == {heavy for heavy, folders in ONLY.items() if folder in folders}
    assert loaded & FOR_MAILS == (FOR_MAILS if may_mail else set())
    assert ("botocore.client" in modules) is (folder != "web")


def test_functions_without_a_route_load_no_framework() -> None:
    loaded = {module.partition(".")[0] for module in loaded_by("notify")}

    assert not loaded & {"aws_lambda_powertools", "pydantic"}


def test_the_check_stands_on_no_framework() -> None:
    loaded = loaded_by("check")

    assert not {module.partition(".")[0] for module in loaded} & NO_FRAMEWORK
    assert "guestkey.edge.http.routes" not in loaded
    assert "guestkey.store.access.grants" in loaded
