"""Retries of the client: number and time."""

import time

import httpx
import pytest

from guestkey_client import Department, Unavailable
from tests.client.fake_server import NO, SVEN, YES, Call, FakeServer, Outcome, response
from tests.rows_and_columns import each_row

FAULTS: list[Outcome] = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("late"),
    *map(response, (429, 500, 502, 503, 504)),
]
BUSY = {"code": "busy", "status": 503}


@each_row("fault", FAULTS, ids=str)
def test_a_check_is_tried_again_until_there_is_an_answer(call: Call, fault: Outcome) -> None:
    server = FakeServer([fault, fault, response(200, YES)])

    assert call(server, "check", SVEN).allowed
    assert len(server.sent) == 3


@each_row("fault", FAULTS, ids=str)
def test_there_is_no_fourth_try(call: Call, fault: Outcome) -> None:
    server = FakeServer([fault])

    with pytest.raises(Unavailable):
        call(server, "check", SVEN)
    assert len(server.sent) == 3


def test_a_put_may_be_repeated_too(call: Call) -> None:
    server = FakeServer([httpx.ReadTimeout("late"), response(200, {})])

    call(server, "put", Department(department_id="support", name="Support"))
    assert [request.content for request in server.sent] == [b'{"name":"Support"}'] * 2


@each_row("final", [response(200, NO), response(403), response(422)], ids=str)
def test_an_answer_is_not_requested_again(call: Call, final: Outcome) -> None:
    server = FakeServer([final, response(200, YES)])

    with pytest.raises(Exception, match="may not enter"):
        call(server, "let_in", SVEN)
    assert len(server.sent) == 1


def test_without_pauses_there_is_one_try(call: Call) -> None:
    server = FakeServer([response(503), response(200, YES)])

    with pytest.raises(Unavailable):
        call(server, "check", SVEN, pauses=())
    assert len(server.sent) == 1


def test_the_client_waits_for_the_time_in_retry_after(call: Call) -> None:
    server = FakeServer([response(503, BUSY, Retry_After="1"), response(200, YES)])
    began = time.monotonic()

    assert call(server, "check", SVEN).allowed
    assert time.monotonic() - began >= 1


def test_the_pause_between_two_tries_is_at_least_half_of_the_setting(call: Call) -> None:
    began = time.monotonic()

    with pytest.raises(Unavailable):
        call(FakeServer([response(503)]), "check", SVEN, pauses=(0.05, 0.05))
    assert time.monotonic() - began >= 0.05


@each_row(
    ("retry_after_header", "retry_after"),
    [("3", 3), ("86400", 86400), ("Mon, 23 Nov 2026 12:00:00 GMT", float("inf")), ("-1", float("inf"))],
)
def test_a_long_retry_after_ends_the_tries_and_is_in_the_error(
    call: Call, retry_after_header: str, retry_after: float
) -> None:
    server = FakeServer([response(429, BUSY, Retry_After=retry_after_header)])

    with pytest.raises(Unavailable) as unavailable:
        call(server, "check", SVEN)
    assert (len(server.sent), unavailable.value.retry_after) == (1, retry_after)


def test_a_try_ends_after_three_seconds_unless_another_time_is_set(call: Call) -> None:
    server = FakeServer([response(200, YES)])
    call(server, "check", SVEN)

    assert set(server.sent[0].extensions["timeout"].values()) == {3.0}
