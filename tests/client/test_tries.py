"""How often and when a call is sent again."""

import time

import httpx
import pytest

from guestkey_client import Department, Unavailable
from tests.client.asking import NO, SVEN, YES, Asking, Far, Outcome, says

FAULTS: list[Outcome] = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("late"),
    *map(says, (429, 500, 502, 503, 504)),
]
BUSY = {"code": "busy", "status": 503}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_check_is_tried_again_until_there_is_an_answer(asking: Asking, fault: Outcome) -> None:
    far = Far([fault, fault, says(200, YES)])

    assert asking(far, "check", SVEN).allowed
    assert len(far.sent) == 3


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_there_is_no_fourth_try(asking: Asking, fault: Outcome) -> None:
    far = Far([fault])

    with pytest.raises(Unavailable):
        asking(far, "check", SVEN)
    assert len(far.sent) == 3


def test_a_put_may_be_repeated_too(asking: Asking) -> None:
    far = Far([httpx.ReadTimeout("late"), says(200, {})])

    asking(far, "put", Department(department_id="support", name="Support"))
    assert [request.content for request in far.sent] == [b'{"name":"Support"}'] * 2


@pytest.mark.parametrize("final", [says(200, NO), says(403), says(422)], ids=str)
def test_an_answer_is_not_requested_again(asking: Asking, final: Outcome) -> None:
    far = Far([final, says(200, YES)])

    with pytest.raises(Exception, match="may not enter"):
        asking(far, "let_in", SVEN)
    assert len(far.sent) == 1


def test_without_pauses_there_is_one_try(asking: Asking) -> None:
    far = Far([says(503), says(200, YES)])

    with pytest.raises(Unavailable):
        asking(far, "check", SVEN, pauses=())
    assert len(far.sent) == 1


def test_the_client_waits_for_the_time_in_retry_after(asking: Asking) -> None:
    far = Far([says(503, BUSY, Retry_After="1"), says(200, YES)])
    began = time.monotonic()

    assert asking(far, "check", SVEN).allowed
    assert time.monotonic() - began >= 1


def test_the_pause_between_two_tries_is_at_least_half_of_the_setting(asking: Asking) -> None:
    began = time.monotonic()

    with pytest.raises(Unavailable):
        asking(Far([says(503)]), "check", SVEN, pauses=(0.05, 0.05))
    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize(
    ("asked", "told"),
    [("3", 3), ("86400", 86400), ("Mon, 23 Nov 2026 12:00:00 GMT", float("inf")), ("-1", float("inf"))],
)
def test_a_long_retry_after_ends_the_tries_and_is_in_the_error(asking: Asking, asked: str, told: float) -> None:
    far = Far([says(429, BUSY, Retry_After=asked)])

    with pytest.raises(Unavailable) as unavailable:
        asking(far, "check", SVEN)
    assert (len(far.sent), unavailable.value.retry_after) == (1, told)


def test_a_try_ends_after_three_seconds_unless_another_time_is_set(asking: Asking) -> None:
    far = Far([says(200, YES)])
    asking(far, "check", SVEN)

    assert set(far.sent[0].extensions["timeout"].values()) == {3.0}
