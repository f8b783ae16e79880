"""The guards, around views and applications without a framework."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from guestkey_client import AsgiGuard, AsyncGuestkey, Entry, Guard, Guestkey, NoEntry
from tests.client.fake_server import NO, SVEN, URL, YES, FakeServer, Outcome, response
from tests.rows_and_columns import each_row


@dataclass
class Request:
    by: Entry | None
    method: str = "GET"


def guard(*outcomes: Outcome) -> tuple[FakeServer, Guard[Request, str]]:
    server = FakeServer(list(outcomes))
    guestkey = Guestkey(URL, lambda: "a-token", pauses=(), transport=httpx.MockTransport(server))
    return server, Guard(guestkey, entry_of=lambda request: request.by, refuse=lambda no: f"403 {no.reason}")


def asked_for(server: FakeServer) -> list[str]:
    return [json.loads(request.content)["action"] for request in server.sent]


# ------------------------------------------------------------------ views


def test_a_view_gets_its_arguments_and_keeps_its_name() -> None:
    _, guarding = guard(response(200, YES))

    @guarding.entry
    def invoice(request: Request, number: int, *, copies: int) -> str:
        """Show an invoice."""
        return f"invoice {number}, {copies} copies"

    assert invoice(Request(SVEN), 4711, copies=2) == "invoice 4711, 2 copies"
    assert (invoice.__name__, invoice.__doc__) == ("invoice", "Show an invoice.")


def test_each_request_causes_a_check_and_the_first_denial_counts() -> None:
    server, guarding = guard(response(200, YES), response(200, NO), response(200, YES))
    view = guarding.entry(lambda request: "inside")

    assert [view(Request(SVEN)) for _ in range(3)] == ["inside", "403 no_live_grant", "inside"]
    assert asked_for(server) == ["view"] * 3


@each_row(
    ("method", "action"),
    [
        ("GET", "view"),
        ("HEAD", "view"),
        ("OPTIONS", "view"),
        ("POST", "change"),
        ("DELETE", "change"),
    ],
)
def test_reading_is_checked_for_view_and_all_else_for_change(method: str, action: str) -> None:
    server, guarding = guard(response(200, YES))
    assert guarding.entry(lambda request: "inside")(Request(SVEN, method)) == "inside"
    assert asked_for(server) == [action]

    async def ask() -> list[str]:
        asked = FakeServer([response(200, YES)])
        async with AsyncGuestkey(URL, lambda: "a-token", transport=httpx.MockTransport(asked)) as guestkey:
            guarded = AsgiGuard(FastAPI(), guestkey=guestkey, entry_of=lambda scope: SVEN)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://product") as browser:
                await browser.request(method, "/")
        return asked_for(asked)

    assert asyncio.run(ask()) == [action]


def test_a_request_without_a_method_and_a_view_that_changes_on_a_get_are_checked_for_change() -> None:
    server, guarding = guard(response(200, YES), response(200, YES), response(200, YES))

    for method in ("", "get"):
        assert guarding.entry(lambda request: "inside")(Request(SVEN, method)) == "inside"
    assert guarding.change(lambda request: "inside")(Request(SVEN)) == "inside"
    assert asked_for(server) == ["change"] * 3


def test_a_view_that_exports_data_checks_for_export() -> None:
    server, guarding = guard(response(200, NO | {"reason": "export_not_granted"}))

    assert guarding.export(lambda request: "data")(Request(SVEN)) == "403 export_not_granted"
    assert asked_for(server) == ["export"]


@each_row("outcome", [response(503), response(401), response(200, b"true"), httpx.ReadTimeout("late")], ids=str)
def test_without_a_clear_answer_the_view_is_not_called(outcome: Outcome) -> None:
    _, guarding = guard(outcome)
    reached = []

    @guarding.entry
    def view(request: Request) -> str:
        reached.append(request)
        return "inside"

    assert view(Request(SVEN)) == "403 unavailable"
    assert reached == []


def test_an_error_in_the_products_callback_denies_entry() -> None:
    guestkey = Guestkey(URL, lambda: "a-token", transport=httpx.MockTransport(FakeServer([response(200, YES)])))

    def entry_of(request: Request) -> Entry | None:
        raise LookupError("the session is damaged")

    view = Guard(guestkey, entry_of=entry_of, refuse=str).entry(lambda request: "inside")
    with pytest.raises(LookupError):
        view(Request(SVEN))


def test_an_exception_of_the_view_is_passed_through() -> None:
    _, guarding = guard(response(200, YES))

    @guarding.entry
    def view(request: Request) -> str:
        raise NoEntry("its own")

    with pytest.raises(NoEntry, match="its own"):
        view(Request(SVEN))


# ------------------------------------------------------------------ ASGI


def sent_to(kind: str, *outcomes: Outcome, by: Entry | None = SVEN, path: str = "/") -> tuple[FakeServer, list[Any]]:
    """Return the fake server with its requests, and the messages that a guarded application sent."""
    server, sent = FakeServer(list(outcomes)), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "reached"})

    async def receive() -> Any:
        raise AssertionError("the guard reads nothing")

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        async with AsyncGuestkey(URL, lambda: "a-token", pauses=(), transport=httpx.MockTransport(server)) as guestkey:
            guarded = AsgiGuard(
                app,
                guestkey,
                entry_of=lambda scope: scope["by"],
                action_of=lambda scope: "export" if scope["path"].endswith(".csv") else "enter",
            )
            await guarded({"type": kind, "path": path} | ({} if kind == "lifespan" else {"by": by}), receive, send)

    asyncio.run(ask())
    return server, sent


REACHED = [{"type": "reached"}]


@each_row("kind", ["http", "websocket"])
def test_an_allowed_check_and_a_customers_user_reach_the_application(kind: str) -> None:
    assert sent_to(kind, response(200, YES))[1] == REACHED

    server, sent = sent_to(kind, response(200, NO), by=None)
    assert (server.sent, sent) == ([], REACHED)


def test_a_lifespan_event_causes_no_check() -> None:
    server, sent = sent_to("lifespan", response(200, NO))

    assert (server.sent, sent) == ([], REACHED)


@each_row(("outcome", "reason"), [(response(200, NO), "no_live_grant"), (response(500), "unavailable")])
def test_a_refused_request_gets_403_and_the_reason(outcome: Outcome, reason: str) -> None:
    _, (start, body) = sent_to("http", outcome)

    assert (start["type"], start["status"]) == ("http.response.start", 403)
    assert (b"content-type", b"application/json") in start["headers"]
    assert json.loads(body["body"]) == {"reason": reason}


def test_a_refused_websocket_is_closed_before_it_opens() -> None:
    _, sent = sent_to("websocket", response(200, NO))

    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "no_live_grant"}]


def test_an_export_through_the_application_checks_for_export() -> None:
    assert asked_for(sent_to("http", response(200, YES), path="/invoices.csv")[0]) == ["export"]
    assert asked_for(sent_to("http", response(200, YES), path="/invoices")[0]) == ["enter"]


def test_the_guard_is_a_middleware_as_starlette_adds_it() -> None:
    async def ask(by: Entry | None) -> httpx.Response:
        transport = httpx.MockTransport(FakeServer([response(200, NO)]))
        async with AsyncGuestkey(URL, lambda: "a-token", transport=transport) as guestkey:
            app = FastAPI()
            app.add_middleware(AsgiGuard, guestkey=guestkey, entry_of=lambda scope: by)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://product") as browser:
                return await browser.get("/nowhere")

    assert asyncio.run(ask(SVEN)).json() == {"reason": "no_live_grant"}
    assert asyncio.run(ask(None)).status_code == 404
