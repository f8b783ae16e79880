"""Notices and events over the real stream, bus, queue and mail; none is lost on the way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.journeys import mailbox
from tests.journeys.calls import login_at, success
from tests.journeys.concurrency import at_once
from tests.journeys.mailbox import mails_after, mails_to, until
from tests.journeys.world import Tenant, World, tenant_of

GRANTED, REVOKED, SUPPORT_IN, APPROVERS, RIGHT = (
    "Neue Freigabe für den Support",
    "Freigabe für den Support widerrufen",
    "Der Support hat sich in Ihrem Konto angemeldet",
    "Geändert: Wer von Support-Zugängen erfährt",
    "Geändert: Wer den Support hereinlassen darf",
)


def subjects_to(tenant: Tenant) -> list[str]:
    return [mailbox.kind_of(mail) for mail in mails_to(tenant)]


def mails_received(tenant: Tenant) -> list[tuple[str, str]]:
    """Return the recipient and the kind of each mail so far."""
    return [(mail["to"][0], mailbox.kind_of(mail)) for mail in mails_to(tenant)]


def heads(tenant: Tenant, what: str) -> list[str]:
    """Return the ledger heads after the entries of a kind."""
    return [f"{entry['seq']}:{entry['hash']}" for entry in tenant.ledger().entries if entry["what"] == what]


def wait_for_stream(tenant: Tenant) -> None:
    """Wait until the stream has processed all writes so far: it keeps their order, and this write is the last."""
    marker = tenant.world.new_tenant()
    marker.lets_in("sven")
    mails_after(marker, 1)


def notify(world: World, event: Any) -> Any:
    """Invoke the notify function as an operator does."""
    answer = world.deployment.client("lambda").invoke(
        FunctionName=world.outputs["NotifyFunctionName"], Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


# ------------------------------------------------------------------ mails


def test_the_customer_gets_a_notice_of_each_step_of_a_grant_with_its_ledger_head(acme: Tenant, world: World) -> None:
    grant_id = acme.lets_in("sven")
    for reason in ("The import hangs", "It hangs again", "Still hanging"):
        acme.is_entered_by(world.sven, reason=reason)
    success(acme.anna.delete(f"/v1/grants/{grant_id}"))
    granted, support_in, revoked = mails_after(acme, 3)
    wait_for_stream(acme)

    assert subjects_to(acme) == [GRANTED, SUPPORT_IN, REVOKED]
    assert {tuple(mail["to"]) for mail in mails_to(acme)} == {(f"anna@{acme.tenant_id}.example",)}
    assert "Sven Brandt" in granted["text"]
    assert "Anna Albrecht" in revoked["text"]
    assert "The import hangs" in support_in["text"]
    link = f"{world.stack.url}/activate#grant={grant_id}"
    assert [mailbox.read(mail).links for mail in (granted, support_in, revoked)] == [{link}, {link}, set()]
    assert len({mail["subject"] for mail in mails_to(acme)}) == 3
    assert "again" not in support_in["text"]
    for mail, what in ((granted, "grant.given"), (support_in, "login.recorded"), (revoked, "grant.revoked")):
        head = heads(acme, what)[0]
        assert mailbox.read(mail).headers["guestkey-head"] == [head]
        assert head in mail["text"]


def test_each_tenant_gets_notices_in_its_language_and_only_of_its_own_grants(acme: Tenant, globex: Tenant) -> None:
    acme.lets_in_all_of("support")
    globex.lets_in("dora")

    assert [mailbox.kind_of(mail) for mail in mails_after(globex, 1)] == ["New access permission for support"]
    assert [mailbox.kind_of(mail) for mail in mails_after(acme, 1)] == [GRANTED]


def test_of_many_concurrent_first_logins_one_of_each_person_sends_a_notice(acme: Tenant, world: World) -> None:
    acme.lets_in_all_of("support")
    agents = [world.new_agent("support").caller for _ in range(4)]
    order = login_at(acme.tenant_id)
    for answer in at_once([partial(agent.post, "/v1/support/logins", order) for agent in agents * 2]):
        success(answer, 201)
    wait_for_stream(acme)

    assert subjects_to(acme) == [GRANTED, *[SUPPORT_IN] * 4]


# ------------------------------------------------------------------ event bus


def test_a_subscriber_receives_every_entry_as_in_the_ledger(acme: Tenant, globex: Tenant, world: World) -> None:
    with subscription(world, acme.tenant_id) as received:
        grant_id = acme.lets_in("sven", period="permanent", may_export=True)
        login_id = acme.is_entered_by(world.sven, reason="Überprüfung: 東京 & <b>")
        success(world.sven.post(f"/v1/support/logins/{login_id}/end"))
        globex.lets_in("sven")
        success(acme.anna.delete(f"/v1/grants/{grant_id}"))
        written = acme.ledger().entries[1:]
        events = until(lambda: found if len(found := received()) >= len(written) else [])
        wait_for_stream(acme)

        assert [event["detail"] for event in events] == written
        assert {event["source"] for event in events} == {"guestkey"}
        assert [event["detail-type"] for event in events] == [entry["what"] for entry in written]
        assert received() == events


@contextmanager
def subscription(world: World, tenant_id: str) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Subscribe a queue to the events of a tenant, and yield a function that returns those received, in order."""
    events, sqs = world.deployment.client("events"), world.deployment.client("sqs")
    url = sqs.create_queue(QueueName=tenant_id)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"Name": tenant_id, "EventBusName": world.outputs["BusName"]}
    pattern = {"source": ["guestkey"], "detail": {"tenant_id": [tenant_id]}}
    events.put_rule(**rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=tenant_id, EventBusName=world.outputs["BusName"], Targets=[{"Id": "queue", "Arn": arn}])
    received_events: list[dict[str, Any]] = []

    def received() -> list[dict[str, Any]]:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            received_events.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(received_events, key=lambda event: int(event["detail"]["seq"]))

    yield received
    events.remove_targets(Rule=tenant_id, EventBusName=world.outputs["BusName"], Ids=["queue"])
    events.delete_rule(**rule)
    sqs.delete_queue(QueueUrl=url)


# ------------------------------------------------------------------ failures


def test_an_incomplete_entry_is_dead_lettered_and_later_ones_are_processed(acme: Tenant, world: World) -> None:
    key = {"PK": f"TENANT#{acme.tenant_id}", "SK": "ENTRY#000000000900", "kind": "ledger_entry", "what": "nonsense"}
    world.dynamodb.put_item(TableName=world.table, Item={name: {"S": value} for name, value in key.items()})
    acme.lets_in("sven")

    assert [mailbox.kind_of(mail) for mail in mails_after(acme, 1)] == [GRANTED]
    (message,) = take_dead_letters(acme)
    assert message["record"]["dynamodb"]["Keys"]["SK"] == {"S": "ENTRY#000000000900"}
    assert "nonsense" not in message["cause"]


def test_a_notice_that_cannot_be_mailed_is_dead_lettered_and_mailed_by_a_redrive(world: World) -> None:
    acme = world.new_tenant()
    anna, giulia = (f"{who}@{acme.tenant_id}.example" for who in ("anna", "giulia"))
    facts = tenant_of(acme.tenant_id, approver_emails=[anna, giulia])
    success(world.backend.put(f"/v1/vendor/tenants/{acme.tenant_id}", facts))
    wait_for_stream(acme)
    before = len(mails_to(acme))
    assert mails_received(acme) == [(anna, APPROVERS), (giulia, APPROVERS)]
    with subscription(world, acme.tenant_id) as received, in_the_sandbox(world, verified=giulia):
        grant_id = acme.lets_in("sven")
        acme.is_entered_by(world.sven)
        success(acme.anna.delete(f"/v1/grants/{grant_id}"))
        acme.put_right("ben", may_grant=False)
        # The entry after all others has no notice: its event shows that they are processed.
        success(world.backend.put(f"/v1/vendor/tenants/{acme.tenant_id}", facts | {"version": "Enterprise 24.4"}))
        # The other recipient is mailed, the events are published, and later records are processed.
        entry_types = until(lambda: [event["detail-type"] for event in found] if len(found := received()) == 5 else [])
        assert entry_types == ["grant.given", "login.recorded", "grant.revoked", "right.changed", "tenant.changed"]
        assert mails_received(acme)[before:] == [(giulia, kind) for kind in (GRANTED, SUPPORT_IN, REVOKED, RIGHT)]

    assert notify(world, {"redrive": True}) == {"done": 4, "dead_lettered": 0}

    redriven = mails_received(acme)[before + 4 :]
    assert sorted(redriven) == sorted((anna, kind) for kind in (GRANTED, SUPPORT_IN, REVOKED, RIGHT))
    late = next(mail for mail in mails_to(acme) if mail["to"] == [anna] and mailbox.kind_of(mail) == GRANTED)
    assert heads(acme, "grant.given")[0] in late["text"]
    assert notify(world, {"redrive": True}) == {"done": 0, "dead_lettered": 0}


@contextmanager
def in_the_sandbox(world: World, *, verified: str) -> Iterator[None]:
    """Put the account into SES's sandbox, which mails only to verified addresses."""
    ses = world.deployment.client("sesv2")
    account = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://vendor.example"}
    ses.create_email_identity(EmailIdentity=verified)
    ses.put_account_details(**account, ProductionAccessEnabled=False)
    try:
        yield
    finally:
        ses.put_account_details(**account, ProductionAccessEnabled=True)


def test_records_reprocessed_from_the_stream_mail_each_recipient_once(acme: Tenant, world: World) -> None:
    acme.lets_in("sven")
    acme.is_entered_by(world.sven)
    mails_after(acme, 2)
    wait_for_stream(acme)

    assert notify(world, {"Records": stream_of(world, acme)}) == {"batchItemFailures": []}

    assert subjects_to(acme) == [GRANTED, SUPPORT_IN]


def stream_of(world: World, tenant: Tenant) -> list[dict[str, Any]]:
    """Return all records of a tenant that are still in the table's stream."""
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


def take_dead_letters(tenant: Tenant) -> list[dict[str, Any]]:
    """Wait for dead-lettered records of the tenant, and remove them from the queue."""
    sqs, url = tenant.world.deployment.client("sqs"), tenant.world.outputs["DeadLetterQueueUrl"]
    found = []
    for message in until(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")):
        assert tenant.tenant_id in message["Body"]
        found.append(json.loads(message["Body"]))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
