"""The issuers as API Gateway will meet them: reachable in 1.5 seconds, equal to the parameter, with usable keys."""

from collections.abc import Iterator

import pytest

from deploy.answers import load
from deploy.findings import Standing
from deploy.issuers import DISCOVERY, MAX_KEY_BYTES, PARAMETERS, check, problem
from tests.deploy.served import Reply, Served, serving

KEYS = "/keys"
RSA = {"kty": "RSA", "kid": "one", "n": "x", "e": "AQAB"}


@pytest.fixture
def provider() -> Iterator[Served]:
    with serving() as served:
        served.table |= {
            f"GET {DISCOVERY}": Reply(200, {"issuer": served.url, "jwks_uri": served.url + KEYS}),
            f"GET {KEYS}": Reply(200, {"keys": [RSA]}),
        }
        yield served


def trouble(issuer: str, *, may_be_http: bool = True) -> str:
    found = problem(issuer, may_be_http=may_be_http)
    assert found, issuer
    assert all(found)
    return found[0]


def test_a_good_issuer_has_no_problem_and_is_read_twice(provider: Served) -> None:
    assert problem(provider.url, may_be_http=True) is None
    assert provider.calls == [f"GET {DISCOVERY}", f"GET {KEYS}"]


def test_an_issuer_is_named_before_it_is_called() -> None:
    assert "does not exist" in trouble("https://tenant.invalid")
    assert "none is set" in trouble("")
    assert "no address" in trouble("id.vendor.example")
    assert "no address" in trouble("https://id.vendor.example/?a=b")


def test_plain_http_is_for_the_local_stack_only(provider: Served) -> None:
    assert trouble(provider.url, may_be_http=False) == f"{provider.url} is http"


def test_an_issuer_that_differs_by_a_slash_is_shown_both_ways(provider: Served) -> None:
    seen = trouble(provider.url + "/")

    assert repr(provider.url) in seen
    assert repr(provider.url + "/") in seen


@pytest.mark.parametrize(
    ("path", "reply", "seen"),
    [
        (DISCOVERY, Reply(404), "answers 404, not a discovery document"),
        (DISCOVERY, Reply(301, headers={"Location": "/elsewhere"}), "answers 301, not a discovery document"),
        (DISCOVERY, Reply(200, b"<html>"), "not a discovery document"),
        (DISCOVERY, Reply(200, after=1.7), "was not reached: no answer within 1.5 seconds"),
        (KEYS, Reply(500), "not a key set"),
        (KEYS, Reply(200, {"keys": [{"kty": "EC", "kid": "one"}]}), 'no RSA key with a kid, only ["EC"]'),
        (KEYS, Reply(200, {"keys": [{"kty": "RSA"}]}), "no RSA key with a kid"),
        (KEYS, Reply(200, {"keys": [RSA | {"x5c": "x" * MAX_KEY_BYTES}]}), "more than 150,000 bytes"),
    ],
)
def test_a_bad_document_is_described(provider: Served, path: str, reply: Reply, seen: str) -> None:
    provider.table[f"GET {path}"] = reply

    assert seen in trouble(provider.url)


def test_each_parameter_has_its_own_line_and_pools_need_none(provider: Served) -> None:
    answers = load("default")
    names = ("Tenant", "Support", "Vendor")
    answers.parameters |= {f"{name}Issuer": provider.url for name in names}
    answers.parameters |= {f"{name}Audience": f"guestkey-{name.lower()}" for name in names}
    answers.parameters["VendorIssuer"] = "https://vendor.invalid"
    found = list(check(answers, may_be_http=True))

    assert [(one.subject, one.standing) for one in found] == [
        ("TenantIssuer", Standing.OK),
        ("SupportIssuer", Standing.OK),
        ("VendorIssuer", Standing.FAIL),
    ]
    answers.parameters |= {"VendorIssuer": provider.url, "VendorAudience": "guestkey-tenant"}
    assert list(check(answers, may_be_http=True))[-1].subject == "audiences"
    answers.parameters["CreateUserPools"] = "yes"
    assert [one.standing for one in check(answers, may_be_http=True)] == [Standing.OK]


def test_issuers_that_are_not_set_are_not_called_equal() -> None:
    assert [one.subject for one in check(load("default"), may_be_http=True)] == list(PARAMETERS)
