"""The sample page of a vendor's product: as strict as a vendor's should be, and of no use to anybody else."""

import json
from http import HTTPStatus
from pathlib import Path

import jwt
import pytest

from local.host import HelpMenu
from local.issuer import HOST, Issuer

API = "http://127.0.0.1:4566"


@pytest.fixture
def menu(tmp_path: Path) -> HelpMenu:
    return HelpMenu(Issuer(tmp_path, 4567), API)


def test_the_page_and_what_it_is_made_of_are_there(menu: HelpMenu) -> None:
    for path, kind in {HOST: "text/html", f"{HOST}/menu.js": "text/javascript", f"{HOST}/menu.css": "text/css"}.items():
        reply = menu.reply(path)
        assert reply
        assert reply[0] == HTTPStatus.OK
        assert reply[1]["Content-Type"].startswith(kind)


def test_it_takes_the_panel_from_the_api_and_allows_nothing_inline(menu: HelpMenu) -> None:
    reply = menu.reply(f"{HOST}?who=anna")
    assert reply
    policy = reply[1]["Content-Security-Policy"]

    assert f'src="{API}/assets/panel.js"' in reply[2]
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert f"script-src 'self' {API}" in policy


def test_whoever_is_signed_in_has_a_token_in_their_language(menu: HelpMenu) -> None:
    reply = menu.reply(f"{HOST}/token?who=anna&language=it&self=x")
    assert reply
    claims = jwt.decode(json.loads(reply[2])["token"], options={"verify_signature": False})

    assert (claims["sub"], claims["locale"]) == ("anna", "it")


@pytest.mark.parametrize("who", ["", "who=", "who=sven", "who=nobody"])
def test_nobody_else_has_one(menu: HelpMenu, who: str) -> None:
    reply = menu.reply(f"{HOST}/token?{who}")
    assert reply
    assert reply[0] == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("path", ["/", f"{HOST}/", f"{HOST}/page.html", f"{HOST}/__init__.py", f"{HOST}/../menu.js"])
def test_there_is_nothing_else(menu: HelpMenu, path: str) -> None:
    assert menu.reply(path) is None
