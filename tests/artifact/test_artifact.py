"""The artifact itself: the built layer and functions, read-only, under Lambda's runtime client, with AWS over HTTP."""

import json
import py_compile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import time_machine

from guestkey.store.dynamodb.models import READ_TIMEOUT_SECONDS
from local import artifact as checks
from local import build
from tests import dead_letters, factories, schedules, stack, table, test_events
from tests.artifact.conftest import Start
from tests.artifact.emulator import Emulator
from tests.calls import answer
from tests.rows_and_columns import IS_NIGHTLY

ENTER = stack.PROJECT / "events/check.200-may-sven-enter.json"
BARE_READS = """
import os
import botocore.session

client = botocore.session.get_session().create_client("dynamodb")

def lambda_handler(event, context):
    for _ in range(2):
        client.get_item(TableName=os.environ["TABLE_NAME"], Key={"PK": {"S": "-"}, "SK": {"S": "-"}})
    return {"statusCode": 200}
"""
ROUNDS, MAX_CPU_RATIO = 3, 1.4
READS = 2
"""The reads of a check, at the same time."""
NOWHERE = "http://127.0.0.1:1"
LATER = timedelta(hours=25)
DONE: tuple[Any, ...] = (None, {"batchItemFailures": []}, {"done": 0, "dead_lettered": 0})
IN_THE_GATE = {"check", "grant", "notify"}
"""Functions whose sample events are sent in every run: the smallest, one of the framework, and one without a route."""


def functions(folders: set[str]) -> list[str]:
    """Return all functions of these at night, and otherwise those of the gate."""
    return sorted(folders if IS_NIGHTLY else folders & IN_THE_GATE)


def events_of(folder: str) -> list[Path]:
    """Return the sample events of a function."""
    return [file for file in test_events.ALL if test_events.function_of(file) == folder]


@pytest.mark.parametrize("folder", functions(test_events.ASKED))
def test_every_sample_request_is_answered_and_no_module_is_compiled(
    folder: str, world: time_machine.Traveller, start: Start
) -> None:
    before, found = test_events.what_happened_before(), {}
    with start(folder, clock=factories.MONDAY_NOON.timestamp()) as function:
        for file in events_of(folder):
            table.restore(before)
            found[file.name] = answer(function.invoke(test_events.read(file))).status

    assert found == {file.name: test_events.status_of(file) for file in events_of(folder)}, function.log
    assert function.compiled == []


@pytest.mark.parametrize("folder", functions(stack.folders() - test_events.ASKED))
def test_every_other_sample_event_is_handled_and_no_module_is_compiled(
    folder: str, world: time_machine.Traveller, start: Start
) -> None:
    at = factories.MONDAY_NOON + LATER
    world.move_to(at)
    schedules.make_group()
    dead_letters.make_queue()
    with start(folder, clock=at.timestamp()) as function:
        for file in events_of(folder):
            table.restore(test_events.what_happened_before())
            assert function.invoke(test_events.read(file)) in DONE, function.log

    assert dead_letters.messages() == []
    assert function.compiled == []


def test_every_module_has_bytecode_and_every_shared_object_is_of_this_machine(artifact: Path) -> None:
    assert checks.problems(artifact, build.architecture()) == []
    assert len(list(artifact.rglob("*.py"))) > 1_000
    assert len(list(artifact.rglob("*.so"))) >= 2


# --- Freeze and thaw -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [Emulator.drop_connections, Emulator.lose_connections])
def test_a_check_after_a_freeze_opens_new_connections_and_sends_no_request_twice(
    world: time_machine.Traveller, start: Start, aws: Emulator, cut: Callable[[Emulator], int]
) -> None:
    table.restore(test_events.what_happened_before())
    with start("check", clock=factories.MONDAY_NOON.timestamp()) as function:
        before, asked = function.invoke(test_events.read(ENTER)), len(aws.services)
        function.freeze()
        lost = cut(aws)
        function.thaw()
        began = time.perf_counter()
        after = function.invoke(test_events.read(ENTER))
        seconds = time.perf_counter() - began

    assert (before["statusCode"], json.loads(before["body"])["allowed"]) == (200, True), before
    assert after == before
    assert lost >= READS
    assert len(aws.services) - asked == READS
    assert seconds < READ_TIMEOUT_SECONDS, "it waited for an answer on a lost connection"


# --- The init phase --------------------------------------------------------------------------------------------------


def test_the_connections_of_the_first_check_are_opened_before_it(
    world: time_machine.Traveller, start: Start, aws: Emulator
) -> None:
    table.restore(test_events.what_happened_before())
    with start("check", clock=factories.MONDAY_NOON.timestamp()) as function:
        opened = len(aws.opened)
        answered = function.invoke(test_events.read(ENTER))

    assert answered["statusCode"] == 200
    assert (opened, len(aws.opened)) == (READS, READS)


def test_without_dynamodb_the_init_phase_ends_and_a_check_says_busy(start: Start) -> None:
    with start("check", AWS_ENDPOINT_URL=NOWHERE) as function:
        answered = function.invoke(test_events.read(ENTER))

    assert (answered["statusCode"], json.loads(answered["body"])["code"]) == (503, "busy")


# --- CPU time of a cold start ----------------------------------------------------------------------------------------


def test_a_cold_check_takes_hardly_more_cpu_than_two_bare_reads_by_botocore(
    world: time_machine.Traveller, start: Start, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "app.py").write_text(BARE_READS)
    py_compile.compile(str(bare / "app.py"), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    table.restore(test_events.what_happened_before())

    def cpu(folder: str) -> float:
        with start(folder, clock=factories.MONDAY_NOON.timestamp()) as function:
            assert function.invoke(test_events.read(ENTER))["statusCode"] == 200
        return function.cpu_seconds

    ratio = median(cpu("check") / cpu(str(bare)) for _ in range(ROUNDS))

    measured(f"cold check, CPU divided by two bare reads: {ratio:.2f}")
    assert ratio < MAX_CPU_RATIO
