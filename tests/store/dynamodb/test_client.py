"""The connections of the client: closed after a long pause, and opened ahead of the first request on Lambda."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from threading import Event
from typing import Any

import pytest
import time_machine

from guestkey.store.dynamodb import client, reads

BOUND = timedelta(seconds=client.MAX_IDLE_SECONDS)
A_MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> list[str]:
    """A line for each time that the connections of the process are closed. They were used just now."""
    closed: list[str] = []
    monkeypatch.setattr(client.connection().client, "close", lambda: closed.append("closed"))
    client.open_client()
    return closed


def test_connections_that_were_idle_for_up_to_the_bound_are_used_again(
    closed: list[str], clock: time_machine.Traveller
) -> None:
    for _ in range(3):
        clock.shift(BOUND)
        client.drop_idle_connections()

    assert closed == []


def test_connections_that_were_idle_for_longer_are_closed_once(
    closed: list[str], clock: time_machine.Traveller
) -> None:
    clock.shift(BOUND + A_MOMENT)
    client.drop_idle_connections()
    client.drop_idle_connections()

    assert closed == ["closed"]


def test_a_client_works_after_its_connections_were_closed(table: None, clock: time_machine.Traveller) -> None:
    client.open_client()
    clock.shift(BOUND + A_MOMENT)
    client.drop_idle_connections()

    assert reads.find_all([]) == {}
    assert client.connection().client.list_tables()["TableNames"]


def test_a_function_without_a_client_opens_none(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> None:
    opened: list[str] = []

    @cache
    def connection() -> Any:
        opened.append("opened")

    monkeypatch.setattr(client, "connection", connection)
    clock.shift(BOUND + A_MOMENT)
    client.drop_idle_connections()

    assert opened == []


def fail() -> None:
    message = "DynamoDB cannot be reached"
    raise ConnectionError(message)


def test_reads_ahead_run_on_lambda_only(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    both: list[Callable[[], None]] = [lambda: done.append(1), lambda: done.append(2)]
    reads.read_ahead(*both)
    assert done == []

    monkeypatch.setenv(reads.ON_LAMBDA, "on-demand")
    reads.read_ahead(*both)
    assert sorted(done) == [1, 2]


def test_reads_ahead_neither_fail_nor_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(reads.ON_LAMBDA, "on-demand")
    monkeypatch.setattr(reads, "MAX_READ_AHEAD_SECONDS", 0.05)
    answered = Event()
    began = time.monotonic()
    reads.read_ahead(fail, answered.wait)
    took = time.monotonic() - began
    answered.set()

    assert 0.05 <= took < 2
