"""The sample pages of a vendor: they have a strict content security policy and serve sample users only."""

import json
from http import HTTPStatus
from pathlib import Path

import jwt
import pytest

from local.host import Host
from local.issuer import DESK, HOST, Issuer
from tests.rows_and_columns import each_row

API = "http://127.0.0.1:4566"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(Issuer(tmp_path, 4567), API)


def test_the_pages_and_their_files_are_served(host: Host) -> None:
    kinds = {HOST: "text/html", DESK: "text/html", f"{HOST}/host.js": "text/javascript", f"{HOST}/menu.css": "text/css"}
    for path, kind in kinds.items():
        reply = host.reply(path)
        assert reply
        assert reply[0] == HTTPStatus.OK
        assert reply[1]["Content-Type"].startswith(kind)


@pytest.mark.parametrize(
    ("page", "who", "entry"), [(HOST, "anna", "panel.js"), (DESK, "sven", "desk.js")], ids=["menu", "desk"]
)
def test_each_page_loads_its_element_from_the_api_and_allows_no_inline_script(
    host: Host, page: str, who: str, entry: str
) -> None:
    reply = host.reply(f"{page}?who={who}")
    assert reply
    policy = reply[1]["Content-Security-Policy"]

    assert f'src="{API}/assets/{entry}"' in reply[2]
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert f"script-src 'self' {API}" in policy


def test_a_signed_in_user_gets_a_token_in_their_language(host: Host) -> None:
    reply = host.reply(f"{HOST}/token?who=anna&language=it&self=x")
    assert reply
    claims = jwt.decode(json.loads(reply[2])["token"], options={"verify_signature": False})

    assert (claims["sub"], claims["locale"]) == ("anna", "it")


def test_an_agent_gets_a_token_of_the_support_issuer(host: Host) -> None:
    reply = host.reply(f"{HOST}/token?who=sven")
    assert reply
    claims = jwt.decode(json.loads(reply[2])["token"], options={"verify_signature": False})

    assert (claims["sub"], claims["aud"]) == ("sven", "guestkey-support")


@each_row("who", ["", "who=", "who=backend", "who=nobody"])
def test_other_callers_get_no_token(host: Host, who: str) -> None:
    reply = host.reply(f"{HOST}/token?{who}")
    assert reply
    assert reply[0] == HTTPStatus.UNAUTHORIZED


@each_row("path", ["/", f"{HOST}/", f"{HOST}/menu.html", f"{HOST}/__init__.py", f"{HOST}/../menu.js"])
def test_other_paths_are_not_served(host: Host, path: str) -> None:
    assert host.reply(path) is None
