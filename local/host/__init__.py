"""Two pages of the vendor's, as a vendor would make them: the product with the panel in its help menu, and the back
office with the desk. They come from another origin than the API, and under a content policy without `unsafe-inline`.
They stand on this machine only, beside the local identity provider.
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
    """The pages that embed what the API at that address serves."""

    def __init__(self, issuer: Issuer, api: str) -> None:
        self._issuer, self._api = issuer, api

    def reply(self, path: str) -> Reply | None:
        """Return the page, what it is made of, or a token for who is signed in; None where it knows nothing."""
        asked = urlsplit(path)
        if asked.path in PAGES:
            page = (FILES / PAGES[asked.path]).read_text().replace("{api}", self._api)
            return HTTPStatus.OK, {"Content-Type": "text/html; charset=utf-8", **self._guards()}, page
        if asked.path == TOKEN:
            return self._token(dict(parse_qsl(asked.query)))
        file = FILES / Path(asked.path).name
        if asked.path == f"{HOST}/{file.name}" and file.suffix in KINDS:
            return HTTPStatus.OK, {"Content-Type": KINDS[file.suffix], "Cache-Control": "no-cache"}, file.read_text()
        return None

    def _token(self, asked: dict[str, str]) -> Reply:
        """Return a token for who is signed in, in the language that they chose in the product."""
        if asked.get("who") not in PEOPLE:
            return HTTPStatus.UNAUTHORIZED, JSON, json.dumps({"message": "nobody is signed in"})
        chosen: dict[str, Any] = {"locale": asked["language"]} if asked.get("language") else {}
        token = mint(asked["who"], self._issuer, **chosen)
        return HTTPStatus.OK, JSON | {"Cache-Control": "no-store"}, json.dumps({"token": token})

    def _guards(self) -> dict[str, str]:
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
