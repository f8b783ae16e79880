"""The emulator ends and starts again: all work accepted before, and not done yet, is done then, and once."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.local.rig import Emulator, schedule, wait_until

HELLO = b"From: support@vendor.example\r\nTo: anna@acme.example\r\nSubject: kept\r\n\r\nHello"


def write(emulator: Emulator, *names: str) -> None:
    dynamodb = emulator.client("dynamodb")
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": emulator.outputs["TableName"], "Item": {"pk": {"S": name}}}} for name in names
        ]
    )


def heard(emulator: Emulator, *names: str) -> list[str]:
    """Return which of these items the consumer of the stream was given, in order, each as often as it was."""
    lines = emulator.log_of("HeardFunction").splitlines()
    return [line.removeprefix("heard ") for line in lines if line.removeprefix("heard ") in names]


def require_heard(emulator: Emulator, *names: str) -> None:
    wait_until(lambda: names[-1] in heard(emulator, *names))
    assert heard(emulator, *names) == list(names)


@contextmanager
def no_calls(emulator: Emulator) -> Iterator[None]:
    """Let the consumer of the stream be called only after this."""
    name = emulator.outputs["HeardFunction"]
    emulator.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        emulator.client("lambda").delete_function_concurrency(FunctionName=name)
        emulator.command("POST", "save")  # for the next crash: settings of functions are saved with a deployment only


def test_after_a_restart_the_stream_goes_on_with_the_next_record_and_schedules_are_kept(emulator: Emulator) -> None:
    write(emulator, "before the restart", "just before")
    require_heard(emulator, "before the restart", "just before")

    schedule(emulator, "due meanwhile", datetime.now(UTC) + timedelta(seconds=2))
    emulator.end(signal.SIGTERM)
    emulator.start()
    write(emulator, "after the restart")

    require_heard(emulator, "before the restart", "just before", "after the restart")
    wait_until(lambda: "ticked due meanwhile" in emulator.log_of("SweptFunction"))
    assert emulator.log_of("SweptFunction").count("ticked due meanwhile") == 1


@pytest.mark.parametrize(
    "sign", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)], ids=lambda sign: sign.name
)
def test_a_record_not_delivered_before_the_end_is_delivered_afterwards(
    emulator: Emulator, sign: signal.Signals
) -> None:
    with no_calls(emulator):
        write(emulator, f"waiting for {sign.name}")
        if sign is signal.SIGKILL:
            emulator.command("POST", "save")
        emulator.end(sign)
        emulator.start()
        assert heard(emulator, f"waiting for {sign.name}") == []
    write(emulator, f"after {sign.name}")

    require_heard(emulator, f"waiting for {sign.name}", f"after {sign.name}")


@pytest.mark.slow
def test_dead_letters_and_positions_survive_a_crash_and_the_last_mails_and_events_too(emulator: Emulator) -> None:
    """The state is saved every few seconds; mails and events at once."""
    saved, queue, letters = emulator.folder / "state", emulator.client("sqs"), emulator.outputs["DeadLetters"]
    write(emulator, "heard before the crash")
    require_heard(emulator, "heard before the crash")
    emulator.command("POST", "save")  # the log too
    queue.send_message(QueueUrl=letters, MessageBody="kept letter")
    wait_until(lambda: "kept letter" in (saved / "sqs.json").read_text())
    since = time.time()
    wait_until(lambda: (saved / "dynamodb.json").stat().st_mtime > since)
    event = {"EventBusName": "tiny", "Source": "guestkey", "DetailType": "kept", "Detail": json.dumps({"seq": 1})}
    mail = {"FromEmailAddress": "support@vendor.example", "Content": {"Raw": {"Data": HELLO}}}
    emulator.client("events").put_events(Entries=[event])
    emulator.client("sesv2").send_email(Destination={"ToAddresses": ["anna@acme.example"]}, **mail)

    emulator.end(signal.SIGKILL)
    emulator.start()
    write(emulator, "heard after the crash")

    wait_until(lambda: heard(emulator, "heard after the crash") != [])
    assert heard(emulator, "heard before the crash") == ["heard before the crash"]
    assert emulator.command("GET", "mails")[-1]["raw"] == HELLO.decode()
    published = emulator.command("GET", "events")[-1]
    assert (published["source"], published["detail-type"], published["detail"]) == ("guestkey", "kept", {"seq": 1})
    bodies = [one["Body"] for one in queue.receive_message(QueueUrl=letters, MaxNumberOfMessages=10)["Messages"]]
    assert "kept letter" in bodies


def test_a_returned_record_is_delivered_again_and_then_given_up_and_none_after_it_is_lost(emulator: Emulator) -> None:
    with no_calls(emulator):
        write(emulator, "before it", "poison", "behind it", "poison 2", "last")

    wait_until(lambda: len(heard(emulator, "last")) == 5)
    names = ("before it", "poison", "behind it", "poison 2", "last")
    # Each poison is delivered twice, and each delivery begins where the one before has failed.
    assert heard(emulator, *names) == [*names, *names[1:], *names[2:], *names[3:], *names[4:]]
    time.sleep(1.5)  # longer than the pause before a retry
    assert len(heard(emulator, "last")) == 5


def test_forgotten_records_are_not_delivered(emulator: Emulator) -> None:
    with no_calls(emulator):
        write(emulator, "forgotten")
        assert emulator.command("DELETE", "stream")["dropped"] >= 1
    write(emulator, "after the forgotten")

    wait_until(lambda: heard(emulator, "after the forgotten") != [])
    assert heard(emulator, "forgotten") == []
