"""What goes over the wire to DynamoDB, and what may happen to it there.

`through` stands where moto answers, below botocore's own resending: a script sees each request as it is sent, each
resend too, and may pass it on, answer in DynamoDB's place, or lose it. Nobody sleeps meanwhile, and no time passes
but what a test lets pass.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from threading import Barrier
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.models import botocore_stubber

from guestkey.store.dynamodb import client, models

ATTEMPTS = 1 + models.MAX_RESENDS
URL = "https://dynamodb.eu-central-1.amazonaws.com/"


@dataclass(frozen=True)
class Request:
    """One request as it was sent."""

    operation: str
    body: dict[str, Any]
    nth: int
    """Which of its operation it is, from 1."""

    @property
    def is_write(self) -> bool:
        """Say whether this is a change, as opposed to a reading or a wish."""
        return self.operation in {"TransactWriteItems", "PutItem"}

    @property
    def token(self) -> str | None:
        """What makes a transaction that is sent again the same one."""
        return self.body.get("ClientRequestToken")

    @property
    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """The operations of a transaction in their order, each with its kind."""
        return [next(iter(item.items())) for item in self.body["TransactItems"]]


Send = Callable[[], AWSResponse]
Script = Callable[[Request, Send], AWSResponse]


@contextmanager
def through(script: Script) -> Iterator[list[Request]]:
    """Hand each request to the script; give the requests that came, in order."""
    events = client.connection().client.meta.events
    came: list[Request] = []

    def deliver(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        assert isinstance(request.body, bytes)
        operation = event_name.rpartition(".")[2]
        nth = 1 + sum(before.operation == operation for before in came)
        sent = Request(operation, json.loads(request.body), nth)
        came.append(sent)

        def send() -> AWSResponse:
            answer = botocore_stubber(event_name, request)
            assert answer is not None
            return answer

        return script(sent, send)

    events.unregister("before-send", botocore_stubber)
    events.register("before-send", deliver)
    try:
        with patch.object(time, "sleep"), patch.object(time, "monotonic", return_value=0.0):
            yield came
    finally:
        events.unregister("before-send", deliver)
        events.register("before-send", botocore_stubber)


@contextmanager
def watched() -> Iterator[list[Request]]:
    """Give the requests that are sent."""
    with through(lambda request, send: send()) as came:
        yield came


@contextmanager
def in_rounds(*rounds: int) -> Iterator[list[Request]]:
    """Let requests pass only as so many at the same time as each round has; more or fewer of them fail the test."""
    barriers = [barrier for parties in rounds for barrier in [Barrier(parties)] * parties]

    def script(request: Request, send: Send) -> AWSResponse:
        barriers[len(came) - 1].wait(timeout=5)
        return send()

    with through(script) as came:
        yield came
    assert len(came) == sum(rounds), [request.operation for request in came]


def failing(status: int, code: str, reasons: Sequence[str | None] | None = None) -> AWSResponse:
    """Return an error as DynamoDB answers it; `reasons` are those of a cancelled transaction, in wire order."""
    body: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code}
    if reasons is not None:
        body["CancellationReasons"] = [{"Code": reason or "None"} for reason in reasons]
    return raw(status, json.dumps(body))


def answering(body: dict[str, Any]) -> AWSResponse:
    """Return a good answer."""
    return raw(200, json.dumps(body))


def raw(status: int, body: str) -> AWSResponse:
    """Return an answer of those bytes."""
    stream = BytesIO(body.encode())
    stream.stream = lambda **_: iter([stream.read()])  # type: ignore[attr-defined]
    return AWSResponse(URL, status, HTTPHeaders(), stream)


def cancelled(request: Request, reason: str, pk_begins: str, sk_begins: str = "") -> AWSResponse:
    """Return that the transaction was cancelled for the items of one partition, or for some of them."""
    keys = (operation.get("Key") or operation["Item"] for _, operation in request.items)
    meant = [key["PK"]["S"].startswith(pk_begins) and key["SK"]["S"].startswith(sk_begins) for key in keys]
    reasons = [reason if is_meant else None for is_meant in meant]
    return failing(400, "TransactionCanceledException", reasons)


# --- Answers that get lost -------------------------------------------------------------------------------------------


@contextmanager
def botocore_sends_it_again() -> Iterator[None]:
    """The first write is done and its answer lost. The resend meets what the first did: moto knows no tokens."""

    def script(request: Request, send: Send) -> AWSResponse:
        answer = send()
        if request.is_write and request.nth == 1:
            raise ConnectionClosedError(endpoint_url=URL)
        return answer

    with through(script) as came:
        yield
    first, second, *_ = [request for request in came if request.is_write]
    assert (first.body, first.token) == (second.body, second.token)


@contextmanager
def dynamodb_knows_the_token() -> Iterator[None]:
    """The first write is done and its answer lost. The resend is answered as the first would have been."""
    answers: dict[str, AWSResponse] = {}

    def script(request: Request, send: Send) -> AWSResponse:
        if request.token in answers:
            return answers[request.token]
        answer = send()
        if request.token and request.nth == 1:
            answers[request.token] = answer
            raise ReadTimeoutError(endpoint_url=URL)
        return answer

    with through(script) as came:
        yield
    assert [request.token for request in came if request.token in answers] == [*answers] * 2


@contextmanager
def every_resend_gets_lost() -> Iterator[None]:
    """The first write is done and its answer lost; no resend comes through, and botocore gives up."""

    def script(request: Request, send: Send) -> AWSResponse:
        if request.is_write and request.nth <= ATTEMPTS:
            if request.nth == 1:
                send()
            raise ConnectionClosedError(endpoint_url=URL)
        return send()

    with through(script):
        yield


@contextmanager
def every_answer_is_a_500() -> Iterator[None]:
    """The first write is done, and DynamoDB says that something went wrong on its side, however often it is asked."""

    def script(request: Request, send: Send) -> AWSResponse:
        if request.is_write and request.nth <= ATTEMPTS:
            if request.nth == 1:
                send()
            return failing(500, "InternalServerError")
        return send()

    with through(script):
        yield


@contextmanager
def lost_above_botocore() -> Iterator[None]:
    """The first write is done, botocore has its answer, and the caller never gets it."""
    lost: list[str] = []

    def lose(event_name: str, **_: Any) -> None:
        if not lost and event_name.endswith((".TransactWriteItems", ".PutItem")):
            lost.append(event_name)
            raise ReadTimeoutError(endpoint_url=URL)

    events = client.connection().client.meta.events
    events.register("after-call.dynamodb", lose)
    try:
        with patch.object(time, "sleep"):
            yield
    finally:
        events.unregister("after-call.dynamodb", lose)
    assert lost
