"""Each patch of the emulator, and the parts of ministack that it relies on, so that a breaking new version fails here.

When a test fails after an upgrade, read the patch's docstring: it describes the behaviour of AWS and when the patch can
be removed.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.build import PROJECT
from local.emulator import MINISTACK
from tests.local.rig import ELSEWHERE, Emulator, schedule, wait_until
from tests.rows_and_columns import each_row

# The same values as in the patches; importing those would start ministack in this process.
MAX_SANDBOXES = 8
AUTOSAVE_SECONDS = 3
YEAR_SECONDS = 365 * 24 * 3600
HELLO_ANNA: dict[str, Any] = {
    "Destination": {"ToAddresses": ["anna@acme.example"]},
    "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Anna"}}}},
}


def test_the_patches_are_made_for_the_installed_version() -> None:
    assert version("ministack") == MINISTACK


def test_the_patched_names_exist_in_the_installed_version(tmp_path: Path) -> None:
    """Behaviour is tested below; a miss in these places would show only as slowness or as a rare race."""
    assertions = """
        import inspect, threading
        from ministack.services import scheduler, eventbridge
        assert (scheduler._SCHEDULE_TICK_INTERVAL, eventbridge._SCHEDULER_TICK_INTERVAL) == (10, 10)
        from local.patches import parsing
        from local.patches.internals import OWN_TTL_SWEEP, dynamodb, iam_evaluator, lambda_runtime, lambda_svc
        assert f'name="{OWN_TTL_SWEEP}"' in inspect.getsource(dynamodb)
        assert OWN_TTL_SWEEP not in {thread.name for thread in threading.enumerate()}
        assert 'response["log"] = self._drain_stderr_bounded()' in inspect.getsource(lambda_runtime.Worker.invoke)
        assert lambda_runtime._PYTHON_WORKER_SCRIPT.count("_real_stdout.flush()") == 3
        assert lambda_svc.acquire_worker is lambda_runtime.acquire_worker
        assert lambda_svc.release_worker is lambda_runtime.release_worker
        condition = inspect.getsource(dynamodb._evaluate_condition)
        assert "_tokenize(expr)" in condition and "_condition_syntax_error(expr, slot)" in condition
        assert "parse_policy_document(doc)" in inspect.getsource(iam_evaluator._gather_role_policies)
        expression, policy = "a = :b OR", '{"Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}}'
        results = lambda: (
            dynamodb._tokenize(expression),
            dynamodb._condition_syntax_error(expression, "FilterExpression"),
            iam_evaluator.parse_policy_document(policy),
        )
        before = results()
        parsing.parse_expressions_once(), parsing.parse_policies_once()
        assert results() == results() == before and all(before)
    """
    program = "\n".join(line.strip() for line in assertions.splitlines())

    environment = {"STATE_DIR": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environment, check=True)


def test_an_api_described_by_openapi_has_its_routes_at_the_root_of_the_port(emulator: Emulator) -> None:
    answer = emulator.get("/open/door%20one?q=1")

    assert answer.status_code == 200
    event = answer.json()["event"]
    assert event["routeKey"] == "GET /open/{name}"
    assert event["rawPath"] == "/open/door one"
    assert event["rawQueryString"] == "q=1"
    assert "authorizer" not in event["requestContext"]


def test_the_address_of_the_api_can_be_called(emulator: Emulator) -> None:
    (api,) = emulator.client("apigatewayv2").get_apis()["Items"]

    assert httpx.get(f"{emulator.outputs['ApiUrl']}/open/door").status_code == 200
    assert api["ApiEndpoint"] == emulator.outputs["ApiUrl"]


def test_the_token_endpoint_of_a_user_pool_can_be_called(emulator: Emulator) -> None:
    pool, client_id = emulator.outputs["PoolId"], emulator.outputs["PoolClientId"]
    client = emulator.client("cognito-idp").describe_user_pool_client(UserPoolId=pool, ClientId=client_id)
    said = httpx.post(
        emulator.outputs["TokenUrl"],
        auth=(client_id, client["UserPoolClient"]["ClientSecret"]),
        data={"grant_type": "client_credentials", "scope": "tiny/one"},
    )

    assert said.json()["access_token"]


def test_a_user_signs_in_at_cognito_without_credentials_of_aws(emulator: Emulator) -> None:
    headers = {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}
    headers |= {"Content-Type": "application/x-amz-json-1.1"}
    asked = {"ClientId": "unknown", "AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "anna", "SRP_A": "1"}}
    said = httpx.post(emulator.url, headers=headers, json=asked)

    assert (said.status_code, said.json()["__type"]) == (400, "ResourceNotFoundException")


def test_a_stack_may_have_gradual_deployments_and_alarms_on_sums(emulator: Emulator) -> None:
    cloudformation, cloudwatch = emulator.client("cloudformation"), emulator.client("cloudwatch")
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
    stat = {"Id": "m1", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    own = {
        "AlarmName": "sum",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "Metrics": [stat, {"Id": "all", "Expression": "m1 + m1"}],
    }
    resources = {
        "Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": own},
    }
    for threshold in (5, 6):
        own["Threshold"] = threshold
        call = cloudformation.create_stack if threshold == 5 else cloudformation.update_stack
        call(StackName="production", TemplateBody=json.dumps({"Resources": resources}))
        name = f"stack_{'create' if threshold == 5 else 'update'}_complete"
        cloudformation.get_waiter(name).wait(StackName="production", WaiterConfig={"Delay": 1})
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["sum"])["MetricAlarms"]
        assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("Errors", "Sum", threshold)
    cloudformation.delete_stack(StackName="production")


def test_only_pages_of_an_origin_named_by_a_parameter_may_call_the_api(emulator: Emulator) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    there = httpx.options(f"{emulator.url}/open/door", headers={"Origin": ELSEWHERE} | asked)
    from_unknown = httpx.options(f"{emulator.url}/open/door", headers={"Origin": "https://nowhere.example"} | asked)

    assert there.headers["Access-Control-Allow-Origin"] == ELSEWHERE
    assert "Access-Control-Allow-Origin" not in from_unknown.headers


def test_before_the_first_deployment_a_client_is_asked_to_come_again(emulator: Emulator) -> None:
    assert (emulator.early.status_code, emulator.early.headers["Retry-After"]) == (503, "1")


def test_an_unknown_path_gets_the_gateways_own_answer(emulator: Emulator) -> None:
    answer = emulator.get("/nowhere")

    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_guarded_route_passes_the_callers_claims_to_the_function(emulator: Emulator) -> None:
    answer = emulator.get("/guarded", emulator.token("anna"))

    assert answer.status_code == 200
    claims = answer.json()["event"]["requestContext"]["authorizer"]["jwt"]["claims"]
    assert (claims["sub"], claims["tenant_id"]) == ("anna", "acme")


@each_row(
    "flaw",
    [
        {"exp": 1},
        {"exp": None},
        {"aud": "guestkey-support"},
        {"iss": "https://elsewhere.example"},
        {"algorithm": "none"},
        {"algorithm": "HS256", "key": "a secret that anybody could have chosen"},
        {"signed": False},
        {"key_id": "another"},
    ],
    ids=str,
)
def test_a_bad_token_is_refused(emulator: Emulator, flaw: dict[str, Any]) -> None:
    assert emulator.get("/guarded", emulator.token("anna", **flaw)).status_code == 401


def test_no_token_and_a_token_of_another_issuer_are_refused(emulator: Emulator) -> None:
    assert emulator.get("/guarded").status_code == 401
    assert emulator.get("/guarded", emulator.token("sven")).status_code == 401


def test_a_scope_is_required(emulator: Emulator) -> None:
    assert emulator.put("/scoped", emulator.token("backend")).status_code == 200
    assert emulator.put("/scoped", emulator.token("backend", scope="guestkey/check")).status_code == 403


def test_a_table_keeps_its_settings(emulator: Emulator) -> None:
    table, dynamodb = emulator.outputs["TableName"], emulator.client("dynamodb")

    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_a_function_keeps_its_settings(emulator: Emulator) -> None:
    function = emulator.client("lambda").get_function(FunctionName=emulator.outputs["SweptFunction"])

    assert function["Configuration"]["DeadLetterConfig"]["TargetArn"].startswith("arn:aws:sqs:")
    assert function["Concurrency"]["ReservedConcurrentExecutions"] == 5


def test_an_expired_item_is_deleted_and_the_stream_record_names_the_ttl_service(emulator: Emulator) -> None:
    table, dynamodb = emulator.outputs["TableName"], emulator.client("dynamodb")
    now = int(time.time())
    for name, ttl in {
        "expired": {"N": str(now)},
        "words": {"S": str(now)},
        "ancient": {"N": str(now - 6 * YEAR_SECONDS)},
        "future": {"N": str(now + 3600)},
    }.items():
        dynamodb.put_item(TableName=table, Item={"pk": {"S": name}, "ttl": ttl})

    wait_until(lambda: "swept expired" in emulator.log_of("SweptFunction"))

    left = {item["pk"]["S"] for item in dynamodb.scan(TableName=table)["Items"]}
    assert left >= {"words", "ancient", "future"}
    assert "expired" not in left


def test_a_deletion_by_a_caller_is_no_expiry(emulator: Emulator) -> None:
    table, dynamodb = emulator.outputs["TableName"], emulator.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "deleted"}})
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "deleted"}})
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "later"}, "ttl": {"N": str(int(time.time()))}})

    wait_until(lambda: "swept later" in emulator.log_of("SweptFunction"))

    assert "swept deleted" not in emulator.log_of("SweptFunction")


def test_a_schedule_fires_within_seconds(emulator: Emulator) -> None:
    at = datetime.now(UTC) + timedelta(seconds=1)
    schedule(emulator, "soon", at)

    wait_until(lambda: "ticked soon" in emulator.log_of("SweptFunction"))

    assert datetime.now(UTC) - at < timedelta(seconds=6)


def test_a_function_sees_only_the_standard_library_and_its_own_files(emulator: Emulator) -> None:
    seen_by_function = emulator.get("/open/eyes").json()

    assert not [entry for entry in seen_by_function["sys_path"] if ".venv" in entry]
    assert seen_by_function["zone"] == "UTC"
    assert seen_by_function["env"]["AWS_LAMBDA_FUNCTION_NAME"] == emulator.outputs["EchoFunction"]
    for name in ("SECRET_OF_THE_EMULATOR", "AUTH", "STATE_DIR", "TMPDIR", "GATEWAY_PORT"):
        assert name not in seen_by_function["env"]


def test_each_line_is_in_the_log_of_its_own_call_on_a_busy_machine(emulator: Emulator) -> None:
    def lines_of(number: int) -> list[str]:
        answer = emulator.client("lambda").invoke(
            FunctionName=emulator.outputs["SweptFunction"], LogType="Tail", Payload=json.dumps({"tick": number})
        )
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        return [line for line in log.splitlines() if line.startswith("ticked")]

    # A sandbox is free a moment after its answer; more callers might meet none.
    with ThreadPoolExecutor(MAX_SANDBOXES // 2) as callers:
        answers = list(callers.map(lines_of, range(200)))

    assert answers == [[f"ticked {number}"] for number in range(200)]


def test_sandboxes_share_unpacked_archives(emulator: Emulator) -> None:
    assert (emulator.folder / "archives").resolve().as_posix() in emulator.get("/open/eyes").json()["file"]


def test_many_callers_share_a_limited_number_of_sandboxes(emulator: Emulator) -> None:
    with ThreadPoolExecutor(4 * MAX_SANDBOXES) as callers:
        answers = list(callers.map(emulator.get, ["/open/eyes?sleep=0.1"] * 4 * MAX_SANDBOXES))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["pid"] for answer in answers}) <= MAX_SANDBOXES


def test_reserved_concurrency_counts_for_each_version_of_a_function(emulator: Emulator) -> None:
    lambda_, name = emulator.client("lambda"), emulator.outputs["SweptFunction"]
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(ClientError, match="TooManyRequests"):
            lambda_.invoke(FunctionName=name, Qualifier=version, Payload=b"{}")
    finally:
        lambda_.delete_function_concurrency(FunctionName=name)
    assert "FunctionError" not in lambda_.invoke(FunctionName=name, Qualifier=version, Payload=b"{}")


def test_a_raw_mail_is_stored_as_it_was_sent(emulator: Emulator) -> None:
    raw = (
        "From: support@vendor.example\r\nTo: anna@acme.example\r\nSubject: \r\n =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n"
    )
    emulator.client("sesv2").send_email(
        FromEmailAddress="support@vendor.example",
        Destination={"ToAddresses": ["anna@acme.example"]},
        Content={"Raw": {"Data": raw.encode()}},
    )

    mail = emulator.get("/_guestkey/mails").json()[-1]

    assert (mail["to"], mail["subject"], mail["raw"]) == (["anna@acme.example"], "Grüße", raw)
    assert mail["from"] == "support@vendor.example"


def test_a_simple_mail_is_stored_with_all_its_recipients(emulator: Emulator) -> None:
    emulator.client("sesv2").send_email(
        FromEmailAddress="Support <support@vendor.example>",
        Destination={
            "ToAddresses": ["anna@acme.example"],
            "CcAddresses": ["giulia@acme.example"],
            "BccAddresses": ["carla@globex.example"],
        },
        Content={
            "Simple": {"Subject": {"Data": "Grüße"}, "Body": {"Text": {"Data": "Anna"}}},
        },
    )

    assert emulator.get("/_guestkey/mails").json()[-1] == {
        "to": ["anna@acme.example", "giulia@acme.example", "carla@globex.example"],
        "subject": "Grüße",
        "text": "Anna",
        "html": "",
        "from": "Support <support@vendor.example>",
    }


def test_a_mail_domain_returns_its_dns_records_and_every_address_of_it_may_send(emulator: Emulator) -> None:
    name, _, value = emulator.outputs["DkimRecord"].partition(" CNAME ")
    assert name.endswith("._domainkey.globex.example")
    assert value == name.removesuffix("._domainkey.globex.example") + ".dkim.amazonses.com"

    statement = {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": "arn:aws:ses:*:*:identity/globex.example",
    }
    emulator.client_with_permission("sesv2", statement).send_email(
        FromEmailAddress="Carla <carla@globex.example>",
        ConfigurationSetName=emulator.outputs["ConfigurationSet"],
        **HELLO_ANNA,
    )


def test_mails_from_an_unregistered_domain_are_refused(emulator: Emulator) -> None:
    with pytest.raises(ClientError, match="MessageRejected"):
        emulator.client("sesv2").send_email(FromEmailAddress="carla@initech.example", **HELLO_ANNA)


def test_a_permission_for_one_sender_does_not_cover_another(emulator: Emulator) -> None:
    emulator.client("sesv2").create_email_identity(EmailIdentity="boss@vendor.example")
    sender = "arn:aws:ses:*:*:identity/support@vendor.example"
    support = emulator.client_with_permission(
        "sesv2", {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": sender}
    )

    support.send_email(FromEmailAddress="Support <support@vendor.example>", **HELLO_ANNA)
    with pytest.raises(ClientError, match="AccessDenied"):
        support.send_email(FromEmailAddress="boss@vendor.example", **HELLO_ANNA)


def test_a_permission_for_one_schedule_group_does_not_cover_another(emulator: Emulator) -> None:
    owner, schedule = emulator.client("scheduler"), "arn:aws:scheduler:*:*:schedule/ours/*"
    for group in ("ours", "theirs"):
        owner.create_schedule_group(Name=group)
    order = {
        "Name": "one",
        "ScheduleExpression": "at(2040-01-01T00:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": emulator.outputs["SweptFunctionArn"], "RoleArn": emulator.outputs["SchedulerRole"]},
    }
    keeper = emulator.client_with_permission(
        "scheduler", {"Effect": "Allow", "Action": "scheduler:*", "Resource": schedule}
    )
    owner.create_schedule(GroupName="theirs", **order)

    keeper.create_schedule(GroupName="ours", **order)
    keeper.update_schedule(GroupName="ours", **order)
    keeper.delete_schedule(GroupName="ours", Name="one")
    for refused in (
        lambda: keeper.update_schedule(GroupName="theirs", **order),
        lambda: keeper.delete_schedule(GroupName="theirs", Name="one"),
        lambda: keeper.create_schedule(**order),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()


def test_a_permission_for_a_sender_covers_no_other_address_of_the_same_identity(emulator: Emulator) -> None:
    support = emulator.client_with_permission(
        "sesv2",
        {
            "Effect": "Allow",
            "Action": "ses:SendEmail",
            "Resource": "*",
            "Condition": {"StringEqualsIgnoreCase": {"ses:FromAddress": "carla@globex.example"}},
        },
    )

    support.send_email(FromEmailAddress="Carla <Carla@globex.example>", **HELLO_ANNA)
    with pytest.raises(ClientError, match="AccessDenied"):
        support.send_email(FromEmailAddress="carla@globex.example <boss@globex.example>", **HELLO_ANNA)


WRITES = ["dynamodb:PutItem", "dynamodb:UpdateItem"]


def table_with_two_keys(emulator: Emulator) -> str:
    keys = {"PK": "HASH", "SK": "RANGE"}
    with suppress(emulator.client("dynamodb").exceptions.ResourceInUseException):
        emulator.client("dynamodb").create_table(
            TableName="with-two-keys",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        )
    return "with-two-keys"


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TENANT#*"]}}, {"single", "transaction"}),
        ({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["AGENT#*"]}}, set()),
        ({"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}, {"transaction"}),
        ({"ForAllValues:StringEquals": {"dynamodb:Attributes": ["PK", "SK", "note"]}}, {"single", "transaction"}),
        ({"ForAllValues:StringEquals": {"dynamodb:Attributes": ["PK", "SK"]}}, set()),
    ],
)
def test_a_condition_on_writes_sees_partition_attributes_and_transaction(
    emulator: Emulator, condition: dict[str, Any], allowed: set[str]
) -> None:
    table = table_with_two_keys(emulator)
    writer = emulator.client_with_permission(
        "dynamodb", {"Effect": "Allow", "Action": WRITES, "Resource": "*", "Condition": condition}
    )
    put = {"TableName": table, "Item": {"PK": {"S": "TENANT#acme"}, "SK": {"S": "A"}, "note": {"S": "x"}}}
    update = {
        "TableName": table,
        "Key": {"PK": {"S": "TENANT#acme"}, "SK": {"S": "B"}},
        "UpdateExpression": "SET #0 = :0",
        "ExpressionAttributeNames": {"#0": "note"},
        "ExpressionAttributeValues": {":0": {"S": "x"}},
    }

    def alone() -> None:
        writer.put_item(**put)
        writer.update_item(**update)

    def together() -> None:
        writer.transact_write_items(TransactItems=[{"Put": put}, {"Update": update}])

    done = set()
    for name, write in (("single", alone), ("transaction", together)):
        with suppress(writer.exceptions.ClientError):
            write()
            done.add(name)
    assert done == allowed


def test_an_action_without_a_policy_is_denied(emulator: Emulator) -> None:
    """Test the setting `AUTH`, which is no patch: without it the journeys would not test the policies."""
    writer = emulator.client_with_permission(
        "dynamodb", {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
    )

    with pytest.raises(ClientError, match="AccessDenied"):
        writer.scan(TableName=emulator.outputs["TableName"])


@pytest.mark.slow
def test_a_crash_loses_only_writes_of_the_last_few_seconds(emulator: Emulator) -> None:
    table = emulator.outputs["TableName"]
    emulator.command("POST", "save")
    emulator.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "kept"}})
    time.sleep(AUTOSAVE_SECONDS + 1)

    emulator.end(signal.SIGKILL)
    emulator.start()

    assert emulator.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "kept"}})["Item"]
    assert emulator.get("/guarded", emulator.token("anna")).status_code == 200


@pytest.mark.slow
def test_a_burst_right_after_a_restart_is_accepted(emulator: Emulator) -> None:
    """All requests need the issuer's keys at the same moment, and a failure would be cached for a minute."""
    emulator.end(signal.SIGTERM)
    emulator.start()
    token = emulator.token("anna")

    with ThreadPoolExecutor(100) as callers:
        answers = list(callers.map(lambda _: emulator.get("/guarded", token), range(100)))

    assert {answer.status_code for answer in answers} == {200}


def test_sandboxes_end_with_the_emulator(emulator: Emulator) -> None:
    pid = emulator.get("/open/eyes").json()["pid"]

    emulator.end(signal.SIGTERM)

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert list((emulator.folder / "tmp").iterdir()) == []
    emulator.start()
