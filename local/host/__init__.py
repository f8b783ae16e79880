"""Two sample pages of a vendor: the product with the panel in its help menu, and the back office with the agents' desk.

They have another origin than the API and a content security policy without `unsafe-inline`. `local.provider` serves
them on this machine only.
"""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local import sample
from local.identity import Reply
from local.issuer import DESK, HOST, JSON, Issuer
from local.tokens import mint

FILES = Path(__file__).parent
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
TOKEN = f"{HOST}/token"
PAGES = {HOST: "menu.html", DESK: "desk.html"}
PEOPLE = {*(user.user_id for user in sample.USERS), *(agent.agent_id for agent in sample.AGENTS)}


class Host:
    """Serves the sample pages, which embed the elements of the API at that address."""

    def __init__(self, issuer: Issuer, api: str) -> None:
        self._issuer, self._api = issuer, api

    def reply(self, path: str) -> Reply | None:
        """Return a page, one of its files, or a token for the signed-in person; None for an unknown path."""
        asked = urlsplit(path)
        if asked.path in PAGES:
            page = (FILES / PAGES[asked.path]).read_text().replace("{api}", self._api)
            return HTTPStatus.OK, {"Content-Type": "text/html; charset=utf-8", **self._security_headers()}, page
        if asked.path == TOKEN:
            return self._token(dict(parse_qsl(asked.query)))
        file = FILES / Path(asked.path).name
        if asked.path == f"{HOST}/{file.name}" and file.suffix in KINDS:
            return HTTPStatus.OK, {"Content-Type": KINDS[file.suffix], "Cache-Control": "no-cache"}, file.read_text()
        return None

    def _token(self, asked: dict[str, str]) -> Reply:
        """Return a token for the signed-in person, with the language that this person chose in the product."""
        if asked.get("who") not in PEOPLE:
            return HTTPStatus.UNAUTHORIZED, JSON, json.dumps({"message": "no user is signed in"})
        chosen: dict[str, Any] = {"locale": asked["language"]} if asked.get("language") else {}
        token = mint(asked["who"], self._issuer, **chosen)
        return HTTPStatus.OK, JSON | {"Cache-Control": "no-store"}, json.dumps({"token": token})

    def _security_headers(self) -> dict[str, str]:
        policy = [
            "default-src 'none'",
            f"script-src 'self' {self._api}",
            "style-src 'self'",
            f"connect-src 'self' {self._api}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
        return {"Content-Security-Policy": "; ".join(policy), "Cache-Control": "no-cache"}
