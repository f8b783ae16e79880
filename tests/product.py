"""A vendor's product, made of the unchanged examples of docs/integrating/backend.md."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import ModuleType
from typing import Any
from unittest.mock import patch

import django
import django.test
import httpx
from anyio.from_thread import start_blocking_portal
from django.conf import settings

from guestkey_client import Entry
from tests.docs import blocks, page, section

EXAMPLES = {
    title: block
    for title in ("With FastAPI", "With Django")
    for block in blocks(section(page("integrating/backend.md"), title), "python")
}
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"

Get = Callable[[str, Entry | None], tuple[int, bytes]]
"""Requests a page of the product, as an agent or, without an entry, as a user of the customer."""


@contextmanager
def with_fastapi(url: str, token: str) -> Iterator[Get]:
    """Serve the example for FastAPI. One event loop, in its own thread, serves all requests, as in a server."""
    with _loaded("With FastAPI", url, token) as product, start_blocking_portal() as loop:

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await product.app(scope | {"session": session}, receive, send)

        async def get(path: str) -> tuple[int, bytes]:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://product") as browser:
                answer = await browser.get(path)
                return answer.status_code, answer.content

        def getting(path: str, entry: Entry | None) -> tuple[int, bytes]:
            session.clear()
            session.update(_session_of(entry))
            return loop.call(get, path)

        session: dict[str, Any] = {}
        yield getting
        loop.call(product.guestkey.close)


@contextmanager
def with_django(url: str, token: str, *middlewares: str) -> Iterator[Get]:
    """Serve the example for Django, which finds the product's routes by the name of a module."""
    if not settings.configured:
        settings.configure(
            SECRET_KEY="only-for-tests",
            ALLOWED_HOSTS=["testserver"],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        )
        django.setup()

    def get(path: str, entry: Entry | None) -> tuple[int, bytes]:
        browser = django.test.Client()
        session = browser.session
        session.update(_session_of(entry))
        session.save()
        browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        answer = browser.get(path)
        return answer.status_code, answer.content

    with (
        _loaded("With Django", url, token) as product,
        django.test.override_settings(ROOT_URLCONF=product.__name__, MIDDLEWARE=[SESSIONS, *middlewares]),
        product.guestkey,
    ):
        yield get


def _session_of(entry: Entry | None) -> dict[str, Any]:
    return {"support": asdict(entry)} if entry else {}


@contextmanager
def _loaded(title: str, url: str, token: str) -> Iterator[ModuleType]:
    module = ModuleType("product")
    sys.modules[module.__name__] = module
    surroundings = {"GUESTKEY_URL": url, "GUESTKEY_TOKEN": token, "NO_PROXY": "127.0.0.1"}
    try:
        with patch.dict(os.environ, surroundings):
            exec(compile(EXAMPLES[title], f"docs/integrating/backend.md, {title}", "exec"), vars(module))
            yield module
    finally:
        del sys.modules[module.__name__]
