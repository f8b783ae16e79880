"""Whoever should know is told, over the real stream, bus, queue and mail, and nothing is lost on the way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.journeys import mailbox
from tests.journeys.calls import given, login_at
from tests.journeys.concurrency import at_once
from tests.journeys.mailbox import mails_after, mails_to, until
from tests.journeys.world import Tenant, World, tenant_of

GRANTED, REVOKED, SUPPORT_IN = (
    "Neue Freigabe für den Support",
    "Freigabe für den Support widerrufen",
    "Der Support hat sich in Ihrem Konto angemeldet",
)


def subjects_to(tenant: Tenant) -> list[str]:
    return [mail["subject"] for mail in mails_to(tenant)]


def told(tenant: Tenant) -> list[tuple[str, str]]:
    """Return who was mailed so far, and the subject of each mail."""
    return [(mail["to"][0], mail["subject"]) for mail in mails_to(tenant)]


def heads(tenant: Tenant, what: str) -> list[str]:
    """Return where the tenant's ledger ended with each entry of a kind."""
    return [f"{entry['seq']}:{entry['hash']}" for entry in tenant.ledger().entries if entry["what"] == what]


def settle(tenant: Tenant) -> None:
    """Wait until all that was written so far is told: the stream keeps its order, and this comes last."""
    marker = tenant.world.new_tenant()
    marker.lets_in("sven")
    mails_after(marker, 1)


def notify(world: World, event: Any) -> Any:
    """Invoke the function as an operator does."""
    answer = world.deployment.client("lambda").invoke(
        FunctionName=world.outputs["NotifyFunctionName"], Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


# ------------------------------------------------------------------ mails


def test_the_customer_is_told_what_becomes_of_a_grant_and_can_prove_when(acme: Tenant, world: World) -> None:
    grant_id = acme.lets_in("sven")
    for reason in ("The import hangs", "It hangs again", "Still hanging"):
        acme.is_entered_by(world.sven, reason=reason)
    given(acme.anna.delete(f"/v1/grants/{grant_id}"))
    granted, support_in, revoked = mails_after(acme, 3)
    settle(acme)

    assert subjects_to(acme) == [GRANTED, SUPPORT_IN, REVOKED]
    assert {tuple(mail["to"]) for mail in mails_to(acme)} == {(f"anna@{acme.tenant_id}.example",)}
    assert "Sven Brandt" in granted["text"]
    assert "Anna Albrecht" in revoked["text"]
    assert "The import hangs" in support_in["text"]
    assert "again" not in support_in["text"]
    for mail, what in ((granted, "grant.given"), (support_in, "login.recorded"), (revoked, "grant.revoked")):
        head = heads(acme, what)[0]
        assert mailbox.read(mail).headers["guestkey-head"] == [head]
        assert head in mail["text"]


def test_each_tenant_is_told_in_its_language_and_only_of_its_own(acme: Tenant, globex: Tenant) -> None:
    acme.lets_in_all_of("support")
    globex.lets_in("dora")

    assert [mail["subject"] for mail in mails_after(globex, 1)] == ["New access permission for support"]
    assert [mail["subject"] for mail in mails_after(acme, 1)] == [GRANTED]


def test_of_many_first_logins_at_once_one_is_told(acme: Tenant, world: World) -> None:
    acme.lets_in_all_of("support")
    agents = [world.new_agent("support").caller for _ in range(8)]
    order = login_at(acme.tenant_id)
    for answer in at_once([partial(agent.post, "/v1/support/logins", order) for agent in agents]):
        given(answer, 201)
    settle(acme)

    assert subjects_to(acme) == [GRANTED, SUPPORT_IN]


# ------------------------------------------------------------------ the bus


def test_whoever_subscribes_gets_every_entry_as_the_ledger_has_it(acme: Tenant, globex: Tenant, world: World) -> None:
    with subscription(world, acme.tenant_id) as received:
        grant_id = acme.lets_in("sven", period="permanent", may_export=True)
        login_id = acme.is_entered_by(world.sven, reason="Überprüfung: 東京 & <b>")
        given(world.sven.post(f"/v1/support/logins/{login_id}/end"))
        globex.lets_in("sven")
        given(acme.anna.delete(f"/v1/grants/{grant_id}"))
        written = acme.ledger().entries[1:]
        events = until(lambda: found if len(found := received()) >= len(written) else [])
        settle(acme)

        assert [event["detail"] for event in events] == written
        assert {event["source"] for event in events} == {"guestkey"}
        assert [event["detail-type"] for event in events] == [entry["what"] for entry in written]
        assert received() == events


@contextmanager
def subscription(world: World, tenant_id: str) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Subscribe a queue to what happens at a tenant, and give what it has received so far, in order."""
    events, sqs = world.deployment.client("events"), world.deployment.client("sqs")
    url = sqs.create_queue(QueueName=tenant_id)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"Name": tenant_id, "EventBusName": world.outputs["BusName"]}
    pattern = {"source": ["guestkey"], "detail": {"tenant_id": [tenant_id]}}
    events.put_rule(**rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=tenant_id, EventBusName=world.outputs["BusName"], Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict[str, Any]] = []

    def received() -> list[dict[str, Any]]:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(seen, key=lambda event: int(event["detail"]["seq"]))

    yield received
    events.remove_targets(Rule=tenant_id, EventBusName=world.outputs["BusName"], Ids=["queue"])
    events.delete_rule(**rule)
    sqs.delete_queue(QueueUrl=url)


# ------------------------------------------------------------------ when something goes wrong


def test_an_entry_that_is_not_whole_waits_in_the_queue_and_those_behind_it_are_told(acme: Tenant, world: World) -> None:
    key = {"PK": f"TENANT#{acme.tenant_id}", "SK": "ENTRY#000000000900", "kind": "ledger_entry", "what": "nonsense"}
    world.dynamodb.put_item(TableName=world.table, Item={name: {"S": said} for name, said in key.items()})
    acme.lets_in("sven")

    assert [mail["subject"] for mail in mails_after(acme, 1)] == [GRANTED]
    (message,) = taken_out_of_the_queue(acme)
    assert message["record"]["dynamodb"]["Keys"]["SK"] == {"S": "ENTRY#000000000900"}
    assert "nonsense" not in message["cause"]


def test_what_cannot_be_mailed_waits_and_is_mailed_when_somebody_has_it_taken_back(world: World) -> None:
    acme = world.new_tenant()
    anna, giulia = (f"{who}@{acme.tenant_id}.example" for who in ("anna", "giulia"))
    facts = tenant_of(acme.tenant_id, approver_emails=[anna, giulia])
    given(world.backend.put(f"/v1/vendor/tenants/{acme.tenant_id}", facts))
    settle(acme)
    with subscription(world, acme.tenant_id) as received, in_the_sandbox(world, but=giulia):
        grant_id = acme.lets_in("sven")
        acme.is_entered_by(world.sven)
        given(acme.anna.delete(f"/v1/grants/{grant_id}"))
        acme.put_right("ben", may_grant=False)
        # Those who can be mailed are, the bus waits for nobody, and what comes behind is told.
        whats = until(lambda: [event["detail-type"] for event in found] if len(found := received()) == 4 else [])
        assert whats == ["grant.given", "login.recorded", "grant.revoked", "right.changed"]
        assert told(acme) == [(giulia, GRANTED), (giulia, SUPPORT_IN), (giulia, REVOKED)]

    assert notify(world, {"redrive": True}) == {"done": 3, "dead_lettered": 0}

    assert sorted(told(acme)[3:]) == sorted([(anna, GRANTED), (anna, SUPPORT_IN), (anna, REVOKED)])
    late = next(mail for mail in mails_to(acme) if mail["to"] == [anna] and mail["subject"] == GRANTED)
    assert heads(acme, "grant.given")[0] in late["text"]
    assert notify(world, {"redrive": True}) == {"done": 0, "dead_lettered": 0}


@contextmanager
def in_the_sandbox(world: World, *, but: str) -> Iterator[None]:
    """Put the account into SES's sandbox: whoever has not confirmed their address is not mailed."""
    ses = world.deployment.client("sesv2")
    account = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://vendor.example"}
    ses.create_email_identity(EmailIdentity=but)
    ses.put_account_details(**account, ProductionAccessEnabled=False)
    try:
        yield
    finally:
        ses.put_account_details(**account, ProductionAccessEnabled=True)


def test_what_lambda_gave_up_is_read_from_the_stream_and_nobody_is_mailed_twice(acme: Tenant, world: World) -> None:
    acme.lets_in("sven")
    acme.is_entered_by(world.sven)
    mails_after(acme, 2)
    settle(acme)

    assert notify(world, {"Records": stream_of(world, acme)}) == {"batchItemFailures": []}

    assert subjects_to(acme) == [GRANTED, SUPPORT_IN]


def stream_of(world: World, tenant: Tenant) -> list[dict[str, Any]]:
    """Return what the table's stream still has of a tenant, of whatever kind."""
    streams = world.deployment.client("dynamodbstreams")
    arn = world.dynamodb.describe_table(TableName=world.table)["Table"]["LatestStreamArn"]
    records = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        answer = {"NextShardIterator": streams.get_shard_iterator(**start)["ShardIterator"]}
        while "NextShardIterator" in answer and answer.get("Records", True):
            answer = streams.get_records(ShardIterator=answer["NextShardIterator"])
            records += answer["Records"]
    for record in records:
        del record["dynamodb"]["ApproximateCreationDateTime"]
    key = {"S": f"TENANT#{tenant.tenant_id}"}
    return [record for record in records if record["dynamodb"]["Keys"]["PK"] == key]


def taken_out_of_the_queue(tenant: Tenant) -> list[dict[str, Any]]:
    """Wait until something of the tenant is parked, and take it out."""
    sqs, url = tenant.world.deployment.client("sqs"), tenant.world.outputs["ParkedRecordsUrl"]
    found = []
    for message in until(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")):
        assert tenant.tenant_id in message["Body"]
        found.append(json.loads(message["Body"]))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
