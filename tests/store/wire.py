"""Watch and fake the requests that go over the wire to DynamoDB.

`through` replaces moto's responder below botocore's own retries: a script sees each request as it is sent, retries
included, and passes it on, answers in place of DynamoDB, or loses it. Sleeps return at once and the monotonic clock
does not move.
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
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from moto.core.models import botocore_stubber

from guestkey.store.dynamodb import client, models

ATTEMPTS = 1 + models.MAX_RESENDS
URL = "https://dynamodb.eu-central-1.amazonaws.com/"


@dataclass(frozen=True)
class Request:
    """One request as botocore sent it."""

    operation: str
    body: dict[str, Any]
    nth: int
    """Number of this request among those of the same operation, from 1."""

    @property
    def is_write(self) -> bool:
        """Return whether the request writes data; reads and priority claims do not count."""
        return self.operation in {"TransactWriteItems", "PutItem"}

    @property
    def token(self) -> str | None:
        """Idempotency token of the transaction, the same in every retry."""
        return self.body.get("ClientRequestToken")

    @property
    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """The operations of a transaction in their order, each with its kind."""
        return [next(iter(item.items())) for item in self.body["TransactItems"]]


Send = Callable[[], AWSResponse]
Script = Callable[[Request, Send], AWSResponse]


@contextmanager
def through(script: Script) -> Iterator[list[Request]]:
    """Hand each request to the script and yield the list of requests sent so far, in order."""
    events = client.connection().client.meta.events
    sent: list[Request] = []

    def deliver(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        assert isinstance(request.body, bytes)
        operation = event_name.rpartition(".")[2]
        nth = 1 + sum(before.operation == operation for before in sent)
        current = Request(operation, json.loads(request.body), nth)
        sent.append(current)

        def send() -> AWSResponse:
            answer = botocore_stubber(event_name, request)
            assert answer is not None
            return answer

        return script(current, send)

    events.unregister("before-send", botocore_stubber)
    events.register("before-send", deliver)
    try:
        with patch.object(time, "sleep"), patch.object(time, "monotonic", return_value=0.0):
            yield sent
    finally:
        events.unregister("before-send", deliver)
        events.register("before-send", botocore_stubber)


@contextmanager
def watched() -> Iterator[list[Request]]:
    """Yield the list of requests that are sent to moto."""
    with through(lambda request, send: send()) as sent:
        yield sent


@contextmanager
def in_rounds(*rounds: int) -> Iterator[list[Request]]:
    """Let requests pass only in groups of the given sizes, sent concurrently; more or fewer requests fail the test."""
    barriers = [barrier for parties in rounds for barrier in [Barrier(parties)] * parties]

    def script(request: Request, send: Send) -> AWSResponse:
        barriers[len(sent) - 1].wait(timeout=5)
        return send()

    with through(script) as sent:
        yield sent
    assert len(sent) == sum(rounds), [request.operation for request in sent]


def failing(status: int, code: str, reasons: Sequence[str | None] | None = None) -> AWSResponse:
    """Return an error response of DynamoDB; `reasons` are those of a cancelled transaction, in wire order."""
    body: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code}
    if reasons is not None:
        body["CancellationReasons"] = [{"Code": reason or "None"} for reason in reasons]
    return raw(status, json.dumps(body))


def answering(body: dict[str, Any]) -> AWSResponse:
    """Return a successful response."""
    return raw(200, json.dumps(body))


def raw(status: int, body: str) -> AWSResponse:
    """Return a response with this body."""
    stream = BytesIO(body.encode())
    stream.stream = lambda **_: iter([stream.read()])  # type: ignore[attr-defined]
    return AWSResponse(URL, status, HTTPHeaders(), stream)


def cancelled(request: Request, reason: str, pk_begins: str, sk_begins: str = "") -> AWSResponse:
    """Return a response that cancels the transaction for the items of one partition, or for some of them."""
    keys = (operation.get("Key") or operation["Item"] for _, operation in request.items)
    meant = [key["PK"]["S"].startswith(pk_begins) and key["SK"]["S"].startswith(sk_begins) for key in keys]
    reasons = [reason if is_meant else None for is_meant in meant]
    return failing(400, "TransactionCanceledException", reasons)


# --- Lost answers ----------------------------------------------------------------------------------------------------


@contextmanager
def botocore_sends_it_again() -> Iterator[None]:
    """Do the first write and lose its answer. The resend meets the first write's effect: moto ignores tokens."""

    def script(request: Request, send: Send) -> AWSResponse:
        answer = send()
        if request.is_write and request.nth == 1:
            raise ConnectionClosedError(endpoint_url=URL)
        return answer

    with through(script) as sent:
        yield
    first, second, *_ = [request for request in sent if request.is_write]
    assert (first.body, first.token) == (second.body, second.token)


@contextmanager
def dynamodb_knows_the_token() -> Iterator[None]:
    """Do the first write and lose its answer. The resend gets the answer that the first write had."""
    answers: dict[str, AWSResponse] = {}

    def script(request: Request, send: Send) -> AWSResponse:
        if request.token in answers:
            return answers[request.token]
        answer = send()
        if request.token and request.nth == 1:
            answers[request.token] = answer
            raise ReadTimeoutError(endpoint_url=URL)
        return answer

    with through(script) as sent:
        yield
    assert [request.token for request in sent if request.token in answers] == [*answers] * 2


@contextmanager
def every_resend_gets_lost() -> Iterator[None]:
    """Do the first write and lose its answer and every resend, so that botocore gives up."""

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
    """Do the first write and answer every attempt with a server error."""

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
    """Do the first write and lose its answer after botocore has received it, before the caller gets it."""
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


# --- Requests that get lost ------------------------------------------------------------------------------------------


@contextmanager
def no_change_arrives() -> Iterator[None]:
    """No transaction and no put ever reaches DynamoDB, however often it is sent. Priority claims do."""
    with _losing(lambda request: request.is_write):
        yield


@contextmanager
def nothing_but_reads_arrives() -> Iterator[None]:
    """DynamoDB answers reads only. All else it answers with a 500, and does nothing."""
    with _losing(lambda request: request.is_write or request.operation == "UpdateItem", status=500):
        yield


@contextmanager
def _losing(is_lost: Callable[[Request], bool], status: int | None = None) -> Iterator[None]:
    """Lose these requests, at least one of them, or answer them with an error of that status.

    Each takes as long as an attempt to connect, so a caller soon runs out of patience.
    """
    seconds = 0.0

    def script(request: Request, send: Send) -> AWSResponse:
        nonlocal seconds
        if not is_lost(request):
            return send()
        seconds += models.CONNECT_TIMEOUT_SECONDS
        if status is None:
            raise ConnectTimeoutError(endpoint_url=URL)
        return failing(status, "InternalServerError")

    try:
        with through(script) as came, patch.object(time, "monotonic", lambda: seconds):
            yield
    finally:
        client.connection()._client = None  # botocore's retry quota is used up, and belongs to the client
    assert any(map(is_lost, came))
