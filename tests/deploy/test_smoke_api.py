"""Each line of the smoke test's calls, green and red, against a server with a table of answers."""

import base64
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator

import pytest

from deploy import smoke_api
from deploy.__main__ import main
from deploy.answers import load
from deploy.findings import Finding, Standing
from deploy.registration import First, first_of, register
from deploy.smoke_api import ENCODED, FLOOD, READS, Api
from deploy.tokens import Tokens, claims_of
from local.faults import Fault
from tests import stack
from tests.deploy.served import Reply, Served, serving

ORIGIN = "https://app.vendor.example"
REFUSED = Reply(401, {"message": "Unauthorized"}, {"Access-Control-Allow-Origin": ORIGIN})
HTML = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "default-src 'none'"}
FIRST = First("acme", "sven")
DENIED = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
BURST = 100
"""Of the public route, as the template has it."""


@pytest.fixture
def api() -> Iterator[tuple[Api, Served]]:
    with serving() as served:
        served.default = REFUSED
        yield Api(served.url, Tokens("t", "s", "v"), ORIGIN), served


def of(check: Callable[..., Iterable[Finding]], *arguments: object, **named: object) -> list[Finding]:
    found = list(check(*arguments, **named))
    assert all(one.action for one in found if one.standing is Standing.FAIL)
    return found


def reds(found: list[Finding]) -> list[str]:
    return [one.seen for one in found if one.standing is Standing.FAIL]


def test_every_called_route_is_one_of_the_template() -> None:
    known = {route.key for route in stack.routes()}
    called = {f"GET {path}" for paths in READS.values() for path in paths}
    called |= {f"{method} {path}" for _, method, path in smoke_api.PROTECTED}

    assert called <= known


def test_an_address_without_a_server_is_red_and_the_contact_without_a_desk_a_note(api: tuple[Api, Served]) -> None:
    real, served = api
    served.table["GET /v1/contact"] = Reply(404, {"code": "desk_unknown"})
    assert [one.standing for one in of(smoke_api.reached, real)] == [Standing.OK, Standing.NOTE]
    served.table["GET /v1/contact"] = Reply(500, {"message": "Internal Server Error"})
    (seen,) = reds(of(smoke_api.reached, real))
    assert "answers 500" in seen

    (nobody,) = of(smoke_api.reached, Api("http://127.0.0.1:9", Tokens()))
    assert nobody.standing is Standing.FAIL


def test_a_route_without_its_authorizer_is_red(api: tuple[Api, Served]) -> None:
    real, served = api
    assert reds(of(smoke_api.without_token, real)) == []
    served.table["GET /v1/vendor/desk"] = Reply(404, {"code": "desk_unknown"})

    seen = reds(of(smoke_api.without_token, real))
    assert seen == [
        "GET /v1/vendor/desk with no token answers 404, not 401",
        "GET /v1/vendor/desk with a forged token answers 404, not 401",
    ]


def test_data_behind_an_encoded_path_is_red_and_the_public_page_is_not(api: tuple[Api, Served]) -> None:
    real, served = api
    served.table[f"GET {ENCODED[-2]}"] = Reply(200, b"<html>", HTML)
    assert reds(of(smoke_api.encoded_paths, real)) == []
    assert set(served.calls) == {f"GET {path}" for path in ENCODED}

    served.table[f"GET {ENCODED[0]}"] = Reply(200, {"user": "anna"})
    assert reds(of(smoke_api.encoded_paths, real)) == [f"GET {ENCODED[0]} without a token answers 200"]


def test_a_401_without_cors_headers_and_a_foreign_origin_are_red(api: tuple[Api, Served]) -> None:
    real, served = api
    assert reds(of(smoke_api.cors, real)) == [f"allow-origin is {ORIGIN}"]  # this server answers every origin alike
    served.table["GET /v1/me"] = Reply(401, {"message": "Unauthorized"})

    assert reds(of(smoke_api.cors, real)) == ["401 with allow-origin missing"]
    assert [one.standing for one in of(smoke_api.cors, Api(served.url, Tokens()))] == [Standing.NOTE]


def test_a_429_is_provoked_only_when_asked_for(api: tuple[Api, Served]) -> None:
    real, served = api
    assert [one.standing for one in of(smoke_api.throttle, real, flood=False)] == [Standing.NOTE]
    assert served.calls == []


class Throttle(dict[str, Reply]):
    """The answers of API Gateway's throttle at the public route: the burst passes, then each call gets `refusal`."""

    def __init__(self, refusal: Reply) -> None:
        super().__init__()
        self._calls, self._refusal = itertools.count(1), refusal

    def get(self, key: str, default: Reply) -> Reply:  # type: ignore[override] # a table with one answer
        if key == "POST / DescribeStacks":
            return Reply(403, DENIED, {"Content-Type": "text/xml"})
        if key != "GET /v1/contact":
            return default
        return self._refusal if next(self._calls) > BURST else Reply(404, {"code": "desk_unknown"})


@pytest.mark.parametrize(
    ("headers", "origin", "standing", "seen"),
    [
        ({"Access-Control-Allow-Origin": ORIGIN}, ORIGIN, Standing.OK, "300 of 400 calls, with CORS headers"),
        ({}, ORIGIN, Standing.FAIL, "it has no CORS headers"),
        ({}, "", Standing.OK, "300 of 400 calls, without CORS"),
    ],
)
def test_a_429_of_the_throttle_is_counted_and_its_cors_headers_are_checked(
    headers: dict[str, str], origin: str, standing: Standing, seen: str
) -> None:
    with serving(Throttle(Reply(429, {"message": "Too Many Requests"}, headers))) as served:
        (found,) = of(smoke_api.throttle, Api(served.url, Tokens(), origin), flood=True)

    assert (found.standing, found.seen) == (standing, seen)
    assert len(served.calls) == FLOOD


def test_a_throttle_that_refuses_nothing_is_a_note(api: tuple[Api, Served]) -> None:
    (found,) = of(smoke_api.throttle, api[0], flood=True)

    assert (found.standing, found.seen) == (Standing.NOTE, "400 calls of /v1/contact got none")


def test_the_option_of_the_command_provokes_the_429(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Throttle(Reply(429, {"message": "Too Many Requests"}))) as served:
        monkeypatch.setenv("AWS_ENDPOINT_URL", served.url)
        monkeypatch.setattr(sys, "argv", ["deploy", "smoke", "--url", served.url, "--throttle", "yes"])
        with pytest.raises(SystemExit):
            main()

    # The first call of all finds out whether the address answers.
    assert "ok     429: 301 of 400 calls, without CORS" in capsys.readouterr().out


def test_a_page_without_its_policy_is_red(api: tuple[Api, Served]) -> None:
    real, served = api
    served.table["GET /activate"] = Reply(200, b"<html>", HTML)
    assert reds(of(smoke_api.page, real)) == []
    served.table["GET /activate"] = Reply(200, b"<html>", {"Content-Type": "text/html"})
    assert len(reds(of(smoke_api.page, real))) == 1


def test_a_refused_token_has_an_action_of_its_own(api: tuple[Api, Served]) -> None:
    real, served = api
    served.table |= {f"GET {path}": Reply(200) for path in READS["support"]}
    served.table["GET /v1/support/access"] = Reply(403, {"code": "agent_inactive", "detail": "The agent is unknown."})
    found = [one for one in of(smoke_api.audiences, real) if one.subject == "token of support"]

    assert found[0].seen == "/v1/support/access answers 403 agent_inactive The agent is unknown."
    assert "FIRST_AGENT" in found[0].action
    assert all("iss or aud" in one.action for one in of(smoke_api.audiences, real) if "answers 401" in one.seen)


def test_a_token_that_opens_others_routes_is_red() -> None:
    with serving() as served:
        served.default = Reply(200)
        found = of(smoke_api.audiences, Api(served.url, Tokens("t", "s", "v")))

    assert len(reds(found)) == 6
    assert all("does not answer 401" in one for one in reds(found))


def test_a_yes_to_an_unknown_customer_is_red(api: tuple[Api, Served]) -> None:
    real, served = api
    served.table["POST /v1/vendor/checks"] = Reply(200, {"allowed": False, "reason": "no_live_grant"})
    assert reds(of(smoke_api.unknown_grant, real)) == []
    served.table["POST /v1/vendor/checks"] = Reply(200, {"allowed": True})
    assert len(reds(of(smoke_api.unknown_grant, real))) == 1


def test_a_granted_login_is_revoked_even_if_the_login_fails(api: tuple[Api, Served]) -> None:
    real, served = api
    served.table["POST /v1/grants"] = Reply(201, {"grant_id": "G1"})
    served.table["POST /v1/support/logins"] = Reply(500, {"message": "Internal Server Error"})
    (seen,) = reds(of(smoke_api.granted_login, real, FIRST))

    assert "POST /v1/support/logins answers 500" in seen
    assert served.calls[-1] == "DELETE /v1/grants/G1"


def test_a_check_that_stays_yes_after_the_revoke_is_red(api: tuple[Api, Served]) -> None:
    real, served = api
    served.table |= {
        "POST /v1/grants": Reply(201, {"grant_id": "G1"}),
        "POST /v1/support/logins": Reply(201, {"login_id": "L1"}),
        "POST /v1/vendor/checks": Reply(200, {"allowed": True}),
        "DELETE /v1/grants/G1": Reply(200, {}),
    }
    first, second = of(smoke_api.granted_login, real, FIRST)

    assert (first.standing, second.standing) == (Standing.OK, Standing.FAIL)
    assert "Another live grant" in second.action


def test_the_first_ids_are_those_of_the_tokens() -> None:
    def token(claims: dict[str, str]) -> str:
        return f"x.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.y"

    given = Tokens(token({"tenant_id": "acme"}), token({"sub": "sven"}))
    assert first_of(load("default"), given) == FIRST
    assert first_of(load("default"), Tokens()) == First("first-customer", "first-agent")
    assert claims_of("no token") == {}


def test_a_refused_registration_names_the_record_and_the_answer(api: tuple[Api, Served]) -> None:
    real, served = api
    with pytest.raises(Fault, match="PUT /v1/vendor/tenants/acme was answered with 401"):
        register(real.url, "v", FIRST, "")
    served.default = Reply(200)
    register(real.url, "v", FIRST, "you@vendor.example")
    assert served.calls[-1] == "PUT /v1/vendor/agents/sven"
