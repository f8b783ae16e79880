"""Steps of `tests/deploy/test_page.py`: the sections of docs/operating.md, in the order of one operator's day."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256

from deploy.tokens import claims_of
from local.deployment import STACK_NAME
from local.stack import MAIL_DOMAIN
from tests import stack
from tests.deploy.page_operator import TEXT, Operator
from tests.deploy.served import Reply, serving
from tests.docs import blocks, section
from tests.journeys.calls import Caller, call_of, grant_to, login_at, success
from tests.journeys.mailbox import until
from tests.pools import PASSWORD, settings_of


def people(operator: Operator) -> None:
    """Cognito pools: people are created, sign in with SRP as the Python example does, and the backend gets a token."""
    operator.runs("Cognito pools", 0, values={"…": PASSWORD})
    example = blocks(section(TEXT, "Cognito pools"), "python")[0].replace("…", PASSWORD)
    tokens = {}
    for kind, user in (("Tenant", "anna"), ("Support", "sven")):
        own = example.replace("anna", user)
        for name in ("PoolId", "PoolClientId"):
            own = own.replace(f"<Tenant{name}>", operator.outputs[f"{kind}{name}"])
        done = subprocess.run(
            [sys.executable, "-c", own],
            env=operator.shell.environment | settings_of(operator.url, operator.outputs[f"{kind}PoolId"]),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        tokens[user] = done.stdout.strip()
    operator.anna = Caller(operator.client, tokens["anna"])
    # Cognito asks sven for the second factor before this; the emulator does not.
    operator.sven = Caller(operator.client, tokens["sven"])
    me = success(operator.anna.get("/v1/me"))
    assert (me["user_id"], me["tenant_id"], me["name"]) == ("anna", "acme", "Anna Albrecht")

    said = json.loads(operator.runs("Cognito pools", 1))
    assert claims_of(said["access_token"])["scope"] == "guestkey/registry"
    registrar = Caller(operator.client, said["access_token"])
    success(registrar.get("/v1/vendor/desk"))
    assert registrar.post("/v1/vendor/checks", {}).json()["code"] == "scope_missing"
    everything = blocks(section(TEXT, "Cognito pools"), "sh")[1].replace(
        "--data scope=guestkey/registry", "--data-urlencode 'scope=guestkey/check guestkey/registry guestkey/rights'"
    )
    operator.backend = Caller(operator.client, json.loads(operator.shell.run(everything))["access_token"])


def secrets_of_the_backend(operator: Operator) -> None:
    """Key rotation: the requests are complete; the answers are those of AWS's documentation."""
    secret = {"ClientSecretId": f"{operator.outputs['VendorPoolClientId']}--2", "ClientSecretCreateDate": 1795910400}
    table = {
        "AWSCognitoIdentityProviderService.AddUserPoolClientSecret": Reply(
            200, {"ClientSecretDescriptor": secret | {"ClientSecretValue": "a" * 51}}
        ),
        "AWSCognitoIdentityProviderService.ListUserPoolClientSecrets": Reply(200, {"ClientSecrets": [secret, secret]}),
    }
    with serving(table) as served:
        said = operator.runs("Key rotation", AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=served.url)

    assert served.calls == list(table)
    pool = {"UserPoolId": operator.outputs["VendorPoolId"], "ClientId": operator.outputs["VendorPoolClientId"]}
    assert [json.loads(body) for body in served.bodies] == [pool, pool]
    assert "ClientSecretValue" in said


def subscription(operator: Operator) -> None:
    """SIEM: an entry of a ledger arrives in the queue."""
    assert operator.runs("SIEM").split()[-1].strip('[]"') == "siem"
    sqs = operator.aws("sqs")
    queue = sqs.get_queue_url(QueueName=f"{STACK_NAME}-siem")["QueueUrl"]
    given = success(operator.anna.post("/v1/grants", grant_to("agent", "sven")), 201)["grant_id"]
    (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    event = json.loads(message["Body"])

    assert (event["source"], event["detail-type"]) == ("guestkey", "grant.given")
    assert event["detail"]["tenant_id"] == "acme"
    success(operator.anna.delete(f"/v1/grants/{given}"))


def emergency(operator: Operator) -> None:
    """Somebody must be out: no check is answered, then each is again."""
    success(operator.anna.post("/v1/grants", grant_to("agent", "sven")), 201)
    login = success(operator.sven.post("/v1/support/logins", login_at("acme")), 201)["login_id"]
    assert success(operator.check(login_id=login))["allowed"] is True

    operator.runs("Somebody must be out, now", 0)
    assert operator.check(login_id=login).status_code >= 429
    success(operator.anna.get("/v1/grants"))  # customers can still read
    operator.runs("Somebody must be out, now", 1)
    assert success(operator.check(login_id=login))["allowed"] is True


def sandbox_and_dead_letters(operator: Operator) -> None:
    """Dead letters, and leave the sandbox: a notice that SES refused is read, and redriven once SES accepts it."""
    ses = operator.aws("sesv2")
    ses.put_account_details(MailType="TRANSACTIONAL", WebsiteURL="https://old.example", ProductionAccessEnabled=False)
    assert ses.get_account()["ProductionAccessEnabled"] is False
    operator.types("aws sesv2 create-email-identity --email-identity you@vendor.example")
    assert ses.get_email_identity(EmailIdentity="you@vendor.example")["IdentityType"] == "EMAIL_ADDRESS"

    grant_id = success(operator.anna.post("/v1/grants", grant_to("agent", "dora")), 201)["grant_id"]
    read = until(lambda: operator.runs("Dead letters", 0))
    letter = json.loads(read[: read.index("}") + 1])
    assert "MailFailed" in letter["cause"]
    assert "MessageRejected" in letter["cause"]

    said = operator.runs("Leave the sandbox", 0)
    assert json.loads(said.splitlines()[-1])[0] is True
    details = ses.get_account()["Details"]
    assert (details["MailType"], details["WebsiteURL"]) == ("TRANSACTIONAL", "https://vendor.example")
    assert "Bounces and complaints raise an alarm" in details["UseCaseDescription"]

    said = operator.runs("Dead letters", 1)
    assert json.loads(said[: said.index("}") + 1]) == {"done": 1, "dead_lettered": 0}
    assert operator.runs("Dead letters", 0) == ""
    success(operator.anna.delete(f"/v1/grants/{grant_id}"))


def records_of_the_stream(operator: Operator) -> None:
    """Dead letters: records that a message of Lambda names are read from the stream and processed again."""
    streams = operator.aws("dynamodbstreams")
    table = operator.aws("dynamodb").describe_table(TableName=operator.outputs["TableName"])["Table"]
    arn = table["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    oldest = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=oldest["ShardIterator"])["Records"]
    values = {"<streamArn>": arn, "<shardId>": shard}
    values |= {"<startSequenceNumber>": records[-5]["dynamodb"]["SequenceNumber"]}
    said = operator.runs("Dead letters", 2, values=values)

    assert json.loads(said[: said.index("}") + 1]) == {"batchItemFailures": []}
    read = json.loads((operator.shell.folder / "records.json").read_text())["Records"]
    assert read[0]["dynamodb"]["SequenceNumber"] == values["<startSequenceNumber>"]


def cleanup(operator: Operator) -> None:
    """The clean-up: a run by hand records an end that is due."""
    dynamodb, key = operator.aws("dynamodb"), "ended by hand"
    login = success(operator.sven.post("/v1/support/logins", login_at("acme", reason=key)), 201)["login_id"]
    for grant in success(operator.anna.get("/v1/grants?state=live"))["items"]:
        success(operator.anna.delete(f"/v1/grants/{grant['grant_id']}"))
    said = operator.runs("The clean-up")

    assert '"StatusCode": 200' in said
    assert dynamodb.scan(TableName=operator.outputs["TableName"], Select="COUNT")["Count"] > 0
    ended = [one for one in success(operator.anna.get("/v1/logins"))["items"] if one["login_id"] == login]
    assert ended[0]["end"] == "access_over"


def reminders(operator: Operator) -> None:
    """Reminders: a booked call has its schedule, which is listed and read."""
    slot = success(operator.anna.get("/v1/slots?topic=question"))["items"][-1]["starts_at"]
    booked = success(operator.anna.post("/v1/callbacks", call_of(starts_at=slot)), 201)["callback_id"]
    until(lambda: operator.aws("scheduler").list_schedules(GroupName=STACK_NAME)["Schedules"])
    listed, read = operator.runs("Reminders", values={"01M844DZG0NEXTDAYATTEN0001": booked}).splitlines()

    assert [one["Name"] for one in json.loads(listed)["Schedules"]] == [booked]
    assert json.loads(read)["ActionAfterCompletion"] == "DELETE"


def the_sender(operator: Operator) -> None:
    """Mails, the sender: the domain's state in SES, of which the emulator knows the first value alone."""
    verified, *_ = json.loads(operator.runs("The sender", values={"vendor.example": MAIL_DOMAIN}))

    assert verified is True


def suppressed(operator: Operator) -> None:
    """Bounces and complaints: the requests are complete; the answers are those of AWS's documentation."""
    entry = {"EmailAddress": "anna@acme.example", "Reason": "BOUNCE", "LastUpdateTime": 1795910400}
    addresses = "/v2/email/suppression/addresses"
    table = {
        f"GET {addresses}": Reply(200, {"SuppressedDestinationSummaries": [entry]}),
        f"DELETE {addresses}/anna%40acme.example": Reply(200),
    }
    with serving(table) as served:
        said = operator.runs("Bounces and complaints", AWS_ENDPOINT_URL_SESV2=served.url)

    assert served.calls == list(table)
    assert json.loads(said.splitlines()[0])["SuppressedDestinationSummaries"][0]["Reason"] == "BOUNCE"


def limits(operator: Operator) -> None:
    """Limits: the request names the quota of concurrent functions; the answer is that of AWS's documentation."""
    target = "ServiceQuotasV20190624.RequestServiceQuotaIncrease"
    requested = {"Id": "d187537d15254312a9609aa51bbf7624", "Status": "PENDING", "DesiredValue": 1000.0}
    command = "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384"
    with serving({target: Reply(200, {"RequestedQuota": requested})}) as served:
        said = operator.types(f"{command} --desired-value 1000", AWS_ENDPOINT_URL_SERVICE_QUOTAS=served.url)

    assert json.loads(served.bodies[0]) == {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384", "DesiredValue": 1000.0}
    assert json.loads(said)["RequestedQuota"]["Status"] == "PENDING"


def web_acl(operator: Operator) -> None:
    """A web ACL: it exists with its rule, and the template accepts its ARN."""
    arn = operator.runs("A web ACL in front").strip()
    (found,) = operator.aws("wafv2").list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    acl = operator.aws("wafv2").get_web_acl(Name="guestkey", Scope="CLOUDFRONT", Id=found["Id"])["WebACL"]

    assert acl["ARN"] == arn
    assert acl["Rules"][0]["Statement"]["RateBasedStatement"]["Limit"] == 600
    pattern = stack.template()["Parameters"]["WebAclArn"]["AllowedPattern"]
    assert re.fullmatch(pattern, arn)


def logs(operator: Operator) -> None:
    """Logs: both groups are among the resources, and a hidden id is found by its hash."""
    said = json.loads(operator.types('aws cloudformation list-stack-resources --stack-name "$STACK"'))
    groups = {one["LogicalResourceId"] for one in said["StackResourceSummaries"] if "LogGroup" in one["ResourceType"]}
    assert groups == {"AccessLogs", "FunctionLogs"}

    hashed = operator.types("printf %s sven@vendor.example | sha256sum")
    assert hashed.split()[0] == sha256(b"sven@vendor.example").hexdigest()


def restore(operator: Operator) -> None:
    """Restore: a new table has the content of the old one, and lacks its settings."""
    dynamodb, old = operator.aws("dynamodb"), operator.outputs["TableName"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    operator.runs("Restore", values={"OLD": old, "2026-11-22T14:00:00Z": now})
    dynamodb.get_waiter("table_exists").wait(TableName="RESTORED", WaiterConfig={"Delay": 1})
    counts = {dynamodb.scan(TableName=name, Select="COUNT")["Count"] for name in (old, "RESTORED")}

    assert len(counts) == 1
    assert "StreamSpecification" not in dynamodb.describe_table(TableName="RESTORED")["Table"]
    ttl = dynamodb.describe_time_to_live(TableName="RESTORED")["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "DISABLED"


def leaving(operator: Operator) -> None:
    """An agent leaves: the agent is refused from the next call on."""
    assert operator.sven.get("/v1/support/access").status_code == 200
    said = operator.runs("An agent leaves", TOKEN=str(operator.backend.token))

    assert json.loads(said)["active"] is False
    assert operator.sven.get("/v1/support/access").json()["code"] == "agent_inactive"
    assert success(operator.check())["reason"] == "agent_inactive"
