"""The whole first deployment, as an operator runs it, on an emulator: a failure, a success, and planted faults.

It takes minutes, so that it runs each night: `sam build`, three times `sam deploy`, and the smoke test twice.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.rehearsal import begin
from local.stack import Stack
from tests.deploy.operators import NIGHTLY, SENDER, Operator, line, rehearsing
from tests.journeys.stacks import free_ports

pytestmark = NIGHTLY


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Operator]]:
    with rehearsing(tmp_path_factory.mktemp("rehearsal")) as made:
        yield made


def test_a_failed_deployment_is_explained_taken_back_and_tried_again(
    emulated: tuple[Stack, Operator], measured: Callable[[str], None]
) -> None:
    local, operator = emulated
    events = operator.client("events")
    events.create_event_bus(Name="guestkey")
    code, said = operator.runs("first")

    assert code == 1
    assert "guestkey is ROLLBACK_COMPLETE" in said
    assert "- Bus (AWS::Events::EventBus): EventBus already exists: guestkey → Something of this name exists" in said
    assert "make first-deploy does it" in said
    assert operator.client("dynamodb").list_tables()["TableNames"] == []

    events.delete_event_bus(Name="guestkey")
    operator.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    code, said = operator.runs("first", MAIL_SENDER=f"Support <{SENDER}>")

    assert code == 0, said
    assert "deleting the remains of a failed deployment (ROLLBACK_COMPLETE)" in said
    assert "FAIL" not in said
    assert line(said, "mail sender").startswith("ok")
    assert "the check says yes while the grant is live" in said
    assert "the check says no after it was revoked" in said
    mails = local.mails()
    assert all(local.url in mail["text"] for mail in mails if "http" in mail["text"])
    assert ".invalid" not in "".join(mail["text"] for mail in mails)
    measured(f"first-deploy on the local stack: {said.rpartition('after ')[2].split(' minutes')[0]} minutes")


def test_a_second_run_asks_nothing_and_overwrites_no_record(emulated: tuple[Stack, Operator]) -> None:
    _, operator = emulated
    settings = {name: value for name, value in operator.environment.items() if name != "ISSUERS"}
    code, said = Operator(settings).runs("first", OPERATOR_MAIL="you@vendor.example")

    assert code == 0, said
    assert "registered before: first-customer first-agent" in said
    assert "without mails" not in said


def test_planted_faults_are_red_each_with_its_next_step(emulated: tuple[Stack, Operator]) -> None:
    _, operator = emulated
    gateway, api = operator.client("apigatewayv2"), operator.physical_id("Api")
    routes = [one for page in gateway.get_paginator("get_routes").paginate(ApiId=api) for one in page["Items"]]
    (notices,) = [one["RouteId"] for one in routes if one["RouteKey"] == "GET /v1/notices"]
    gateway.delete_route(ApiId=api, RouteId=notices)
    operator.client("sesv2").delete_email_identity(EmailIdentity=SENDER)
    iam, role = operator.client("iam"), operator.physical_id("CheckFunctionRole")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    operator.client("events").disable_rule(Name=operator.physical_id("CleanupFunctionEveryFiveMinutes"))
    code, said = operator.runs("smoke")

    assert code == 1
    assert line(said, "routes") == "FAIL   routes: missing: GET /v1/notices"
    assert line(said, "mail sender").startswith("FAIL   mail sender: SES in us-east-1 knows neither")
    # API Gateway answers 500 for a function that fails, the emulator 502.
    assert re.match(r"FAIL +check: POST /v1/vendor/checks of an unknown customer answers 50[02]", line(said, "check"))
    assert line(said, "cleanup").startswith("FAIL   cleanup: its schedule is off")
    assert line(said, "table").startswith("ok")


def test_preflight_names_an_issuer_that_does_not_exist_and_an_unknown_sender(
    emulated: tuple[Stack, Operator], tmp_path: Path
) -> None:
    _, operator = emulated
    file = tmp_path / "deployment.toml"
    written = Path(operator.environment["GUESTKEY_DEPLOYMENT"]).read_text()
    file.write_text(re.sub(r"SupportIssuer = .*", 'SupportIssuer = "https://support.invalid"', written))
    code, said = operator.runs("preflight", GUESTKEY_DEPLOYMENT=str(file))

    assert code == 1
    assert line(said, "SupportIssuer").startswith("FAIL   SupportIssuer: https://support.invalid does not exist")
    assert line(said, "TenantIssuer").startswith("ok")
    assert line(said, "mail sender").startswith("FAIL")


def test_a_rehearsal_begins_afresh(tmp_path: Path) -> None:
    made = Stack(tmp_path / "stack", *free_ports(2))
    made.folder.mkdir()
    (made.folder / "old").touch()
    try:
        assert begin(made)["AWS_ENDPOINT_URL"] == made.url
        assert not (made.folder / "old").exists()
    finally:
        made.down()
