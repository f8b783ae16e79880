"""GET /activate and GET /assets/{name}: open to anyone; of a request only Accept-Encoding changes the response."""

import base64
import gc
import gzip
import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest

from guestkey import errors
from guestkey.edge.http import problem
from tests.rows_and_columns import each_row
from tests.web import APP, started

ISSUER = "https://id.vendor.example/customers"
CLIENT = "the-pages"
TOKENS = "https://tokens.vendor.example"
PANEL, DESK, BADGE = "/assets/panel.js", "/assets/desk.js", "/assets/badge.js"
ENTRIES = ("/activate", PANEL, DESK, BADGE)
MAY_LOAD = {
    *("guestkey.cold_start", "guestkey.edge", "guestkey.edge.log", "guestkey.errors", "guestkey.settings"),
    *(
        "guestkey.rules",
        "guestkey.rules.ledger_form",
        "guestkey.rules.levels",
        "guestkey.rules.limits",
        "guestkey.edge.web",
        "guestkey.edge.http",
        "guestkey.edge.http.problem",
    ),
    *(f"guestkey.edge.web.{name}" for name in ("bundle", "headers", "limits", "palette", "responses")),
}
OTHER_LANGUAGES = r"\.(?!de\.)[a-z]{2}(-[a-z]{2})?"


@pytest.fixture(scope="module")
def app() -> Any:
    return started(TENANT_ISSUER=ISSUER, SIGN_IN_CLIENT_ID=CLIENT, SIGN_IN_ORIGIN=TOKENS)


def event(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    name = path.removeprefix("/assets/") if path.startswith("/assets/") else None
    template, parameters = path, {}
    if name is not None:
        template, parameters = "/assets/{name}", {"name": name}
    elif path != "/activate":
        template, parameters = "/{proxy+}", {"proxy": unquote(path.removeprefix("/"))}
    route = f"{method} {template}"
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "api.example", **headers},
        "requestContext": {"http": {"method": method, "path": path}, "requestId": "a-request", "routeKey": route},
        "isBase64Encoded": False,
    } | ({"pathParameters": parameters} if parameters else {})


def get(app: Any, path: str, **headers: str) -> dict[str, Any]:
    answer: dict[str, Any] = app.lambda_handler(event(path, **headers), None)
    json.dumps(answer)
    return answer


def mentioned(text: str) -> set[str]:
    """Return the files that a file mentions."""
    return {f"/assets/{name}" for name in re.findall(r"(?:assets/|\./)([\w.-]+\.(?:js|css|svg))", text)}


def everything(app: Any) -> dict[str, dict[str, Any]]:
    """Fetch every mentioned file, starting from the page and from a vendor's script tag, as a browser does."""
    found = {path: get(app, path) for path in ENTRIES}
    while new := {path for answer in found.values() for path in mentioned(answer["body"])} - found.keys():
        found |= {path: get(app, path) for path in new}
    return found


def policy(answer: dict[str, Any]) -> dict[str, list[str]]:
    said = answer["headers"]["Content-Security-Policy"].split("; ")
    return {name: values for name, *values in (directive.split(" ") for directive in said)}


# ------------------------------------------------------------------ it works


REWRITTEN = [
    "/activate%23X", "/activate/", "/activate/X", "/activate/a/b/c", "/activate;x", "/activate%3FX", "/activate%2523X",
    "/Activate%20", "/activate.", "/activateX",
    "/activate-X", "/activate_", "/activate/" + "x/" * 7,
]  # fmt: skip


@each_row("path", REWRITTEN)
def test_a_rewritten_link_leads_to_the_page_and_its_files(app: Any, path: str) -> None:
    page, rewritten = get(app, "/activate"), get(app, path)
    probed = app.lambda_handler(event(path, "HEAD"), None)
    files = re.findall(r'(?:href|src)="([^"]*assets/[^"]*)"', rewritten["body"])

    assert (rewritten["statusCode"], rewritten["headers"]) == (200, page["headers"])
    assert rewritten["body"].replace("../", "") == page["body"]
    assert {urljoin(f"https://api.example/base{path}", file) for file in files} == {
        f"https://api.example/base{file}" for file in mentioned(page["body"])
    }
    assert (probed["statusCode"], probed["body"]) == (200, "")


@each_row("path", ["/", "/activat", "/activat/e", "/x/activate", "/v1/nothing", "/.env"])
def test_any_other_path_is_unknown(app: Any, path: str) -> None:
    assert get(app, path)["statusCode"] == 404


def test_the_page_and_every_file_that_it_names_exist(app: Any) -> None:
    found = everything(app)

    assert {answer["statusCode"] for answer in found.values()} == {200}
    assert {path.rpartition(".")[2] for path in found if path != "/activate"} == {"css", "js", "svg"}
    # No other file is served.
    assert app_assets(app) == found.keys() - {"/activate"}


def test_the_page_contains_the_sign_in_settings(app: Any) -> None:
    body = get(app, "/activate")["body"]
    (said,) = re.findall(r'data-sign-in="([^"]*)"', body)

    assert json.loads(html.unescape(said)) == {
        "issuer": ISSUER,
        "client_id": CLIENT,
        "scope": "openid profile email",
        "token": "id_token",
    }


def test_a_setting_cannot_end_its_attribute() -> None:
    body = get(started(SIGN_IN_SCOPE='"><script>alert(1)</script>'), "/activate")["body"]

    assert "<script>alert" not in body


@each_row("path", ["/activate", "/assets/"])
def test_head_has_the_headers_and_no_body(app: Any, path: str) -> None:
    path = path if path == "/activate" else f"/assets/{next(iter(app.ASSETS))}"
    asked = app.lambda_handler(event(path, "HEAD"), None)

    assert (asked["statusCode"], asked["body"]) == (200, "")
    assert asked["headers"] == get(app, path)["headers"]


def test_it_imports_neither_a_framework_nor_the_table() -> None:
    paths = [str(APP.parent), str(APP.parents[2] / "layers" / "core")]
    start = f"import sys; sys.path[:0] = {paths!r}; import app, gc; assert gc.isenabled(); print(*sys.modules)"
    environment = {"TABLE_NAME": "guestkey"}
    ran = subprocess.run([sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=True)

    loaded = ran.stdout.split()
    frameworks = {"boto3", "botocore", "pynamodb", "pydantic", "aws_lambda_powertools"}
    assert not {module.partition(".")[0] for module in loaded} & frameworks
    assert {module for module in loaded if module.startswith("guestkey.")} <= MAY_LOAD


# ------------------------------------------------------------------ headers


def test_every_answer_has_the_security_headers(app: Any) -> None:
    for answer in [*everything(app).values(), get(app, "/assets/nothing.js")]:
        headers = answer["headers"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "geolocation=()" in headers["Permissions-Policy"]
        assert "Set-Cookie" not in headers


def test_the_content_policy_allows_only_needed_sources_and_nothing_inline(app: Any) -> None:
    assert policy(get(app, "/activate")) == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'", "https://id.vendor.example", TOKENS],
        "form-action": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }


def test_the_page_needs_no_more_than_the_policy_allows(app: Any) -> None:
    body = get(app, "/activate")["body"]

    assert not re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=|https?://(?!id\.vendor)", body)


def test_the_page_is_not_cached_the_entry_for_minutes_and_the_files_for_a_year(app: Any) -> None:
    found = everything(app)

    assert found.pop("/activate")["headers"]["Cache-Control"] == "no-cache"
    for entry in (PANEL, DESK, BADGE):
        assert found.pop(entry)["headers"]["Cache-Control"] == "public, max-age=300"
    assert {answer["headers"]["Cache-Control"] for answer in found.values()} == {"public, max-age=31536000, immutable"}


# ------------------------------------------------------------------ names


def test_a_name_changes_with_the_content_of_the_file_and_of_its_mentions(tmp_path: Path) -> None:
    shutil.copytree(APP.parent, tmp_path, dirs_exist_ok=True)
    before = everything(started(tmp_path / "app.py"))
    texts = tmp_path / "texts" / "it.json"
    texts.write_text(texts.read_text().replace("Un momento", "Un attimo"))
    after = everything(started(tmp_path / "app.py"))

    changed = {re.sub(r"\.[0-9a-f]{10}", "", path) for path in after.keys() - before.keys()}
    assert changed == {
        f"/assets/{name}.js" for page in ("activate", "panel", "ledger", "desk") for name in (page, f"{page}.it")
    } | {"/assets/panel.history.js"}
    for entry in (PANEL, DESK):
        assert after[entry]["body"] != before[entry]["body"]


def test_a_mention_of_a_missing_file_is_an_error(tmp_path: Path) -> None:
    shutil.copytree(APP.parent, tmp_path, dirs_exist_ok=True)
    (tmp_path / "web" / "texts.js").unlink()

    with pytest.raises(FileNotFoundError, match=r"texts\.js"):
        started(tmp_path / "app.py")
    gc.enable()  # the import broke off before it did


@each_row(
    "name",
    [
        "nothing.js",
        "activate.js",
        "activate.0123456789.js",
        "activate.html",
        "../app.py",
        "..%2Fapp.py",
        "/etc/passwd",
        "\x00",
        "ä" * 2000,
        "",
        ".",
        "..",
        "\ud800",
    ],
)
def test_any_other_name_is_not_found(app: Any, name: str) -> None:
    refused = get(app, f"/assets/{name}")

    assert refused["statusCode"] == 404
    assert refused["headers"]["Content-Type"] == "application/problem+json"
    assert refused["body"] == problem.problem(errors.NotFound())["body"]
    assert refused["headers"]["Cache-Control"] == "no-store"


# ------------------------------------------------------------------ other origins


def test_other_origins_may_load_only_the_assets(app: Any) -> None:
    found = everything(app) | {"/assets/nothing.js": get(app, "/assets/nothing.js")}

    said = {path: answer["headers"]["Cross-Origin-Resource-Policy"] for path, answer in found.items()}
    assert {path for path, policy in said.items() if policy == "same-origin"} == {"/activate", "/assets/nothing.js"}
    assert {policy for path, policy in said.items() if path in app_assets(app)} == {"cross-origin"}
    assert all("Origin" in found[path]["headers"]["Vary"] for path in app_assets(app))


def app_assets(app: Any) -> set[str]:
    return {f"/assets/{name}" for name in app.ASSETS}


# ------------------------------------------------------------------ compression


def test_a_client_that_accepts_gzip_gets_the_same_content_compressed(app: Any) -> None:
    for path, plain in everything(app).items():
        zipped = get(app, path, **{"accept-encoding": "br;q=0.5, gzip"})

        assert gzip.decompress(base64.b64decode(zipped["body"])).decode() == plain["body"]
        assert (zipped["isBase64Encoded"], zipped["headers"]["Content-Encoding"]) == (True, "gzip")
        assert "Accept-Encoding" in plain["headers"]["Vary"]
        assert zipped["headers"].items() - plain["headers"].items() == {("Content-Encoding", "gzip")}
        probed = app.lambda_handler(event(path, "HEAD", **{"accept-encoding": "gzip"}), None)
        assert probed == zipped | {"body": ""}


@each_row("accepted", ["", "br", "identity", "gzip;q=0", "gzip; q=0.000", "gzipped", "*"])
def test_any_other_client_gets_it_uncompressed(app: Any, accepted: str) -> None:
    assert get(app, "/activate", **{"accept-encoding": accepted}) == get(app, "/activate")


def test_a_refusal_is_never_compressed(app: Any) -> None:
    assert get(app, "/assets/nothing.js", **{"accept-encoding": "gzip"}) == get(app, "/assets/nothing.js")


def test_comments_and_indentation_are_not_served(app: Any) -> None:
    for answer in everything(app).values():
        assert not re.search(r"^([ \t]+|//)|/\*|@param|@type", answer["body"], re.MULTILINE)


@each_row(
    ("entry", "first", "later"),
    [
        (
            PANEL,
            {"surface", "panel.activation", "panel.de"},
            {
                "panel.request",
                "panel.history",
                "panel.callback",
                "panel.contact",
                "panel.about",
                "panel.later.de",
                "panel.lock",
                "panel.lock.de",
                "panel.right",
                "panel.watch",
                "poll",
                "ledger",
                "ledger.de",
            },
        ),
        (DESK, {"surface", "desk.access", "desk.de"}, {"desk.requests", "desk.callbacks"}),
    ],
)
@each_row(("is_whole", "limit"), [(False, 20_000), (True, 45_000)], ids=["first tab", "whole"])
def test_each_element_is_small_with_one_language(
    app: Any, entry: str, first: set[str], later: set[str], is_whole: bool, limit: int
) -> None:
    """The first tab is smaller than 20 kB, all tabs are smaller than 45 kB, compressed."""
    others = r"(panel|panel\.later|panel\.lock|ledger)" if entry == PANEL else "desk"
    left_out = [others + OTHER_LANGUAGES, *([] if is_whole else sorted(later))]
    unneeded = re.compile(rf"/assets/({'|'.join(left_out)})\.\w{{10}}\.js")
    found, wanted = {}, {entry}
    while wanted:
        path = wanted.pop()
        answer = get(app, path, **{"accept-encoding": "gzip"})
        found[path] = len(base64.b64decode(answer["body"]))
        wanted |= {name for name in mentioned(get(app, path)["body"]) if not unneeded.match(name)} - found.keys()

    names = {path.removeprefix("/assets/").rsplit(".", 2)[0] for path in found}
    assert first <= names
    assert later <= names if is_whole else not later & names
    assert sum(found.values()) < limit, found
    # Neither element loads a module of the other.
    other = "desk" if entry == PANEL else "panel"
    assert not [path for path in found if path.startswith(f"/assets/{other}.")]


def test_the_badge_is_smaller_than_4_kb_with_one_language(app: Any) -> None:
    unneeded = re.compile(rf"/assets/badge{OTHER_LANGUAGES}\.\w{{10}}\.js")
    found, wanted = {}, {BADGE}
    while wanted:
        path = wanted.pop()
        found[path] = len(base64.b64decode(get(app, path, **{"accept-encoding": "gzip"})["body"]))
        wanted |= {name for name in mentioned(get(app, path)["body"]) if not unneeded.match(name)} - found.keys()

    names = {path.removeprefix("/assets/").rsplit(".", 2)[0] for path in found}
    assert names >= {"badge", "badge.de", "poll"}
    assert sum(found.values()) < 4_000, found


# ------------------------------------------------------------------ odd requests


@each_row("odd", [{}, {"routeKey": None}, {"routeKey": "GET /v1/me"}, {"pathParameters": None}])
def test_an_odd_event_is_answered_with_404(app: Any, odd: dict[str, Any]) -> None:
    assert app.lambda_handler(odd, None)["statusCode"] == 404


def test_no_input_of_a_caller_changes_a_byte(app: Any) -> None:
    forged = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "http",
        "forwarded": "host=evil.example;proto=http",
        "x-original-url": "/evil",
        "origin": "https://evil.example",
        "referer": "https://evil.example/",
        "accept-language": "xx",
        "user-agent": "Mozilla/5.0 (compatible; SafeLinks)",
        "cookie": "session=1",
    }
    for path, answer in everything(app).items():
        assert get(app, path, **forged) == answer
        sent = event(path, **forged) | {"rawQueryString": "host=evil.example", "body": "evil", "cookies": ["evil=1"]}
        assert app.lambda_handler(sent, None) == answer


def test_a_call_logs_one_line_without_input_of_the_caller(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app.lambda_handler(event("/assets/secret.js") | {"rawQueryString": "code=a-secret-code&state=s"}, None)

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line).keys() == {"route", "status", "code", "request_id", "milliseconds"}
    assert "secret" not in line
