"""The caller of an event: its kind is decided by the route, its identity by the claims, at the exact bounds of both."""

from typing import Any

import pytest

from guestkey.edge.http import callers
from guestkey.errors import ActingForAnother, ClaimsMissing
from guestkey.rules.people import User

USER, AGENT, BACKEND = "GET /v1/grants", "POST /v1/support/logins", "POST /v1/vendor/checks"
ANNA = {"sub": "anna", "tenant_id": "acme", "name": "Anna Albrecht", "email": "anna@acme.example", "locale": "de-DE"}
ABSENT = ...


def caller(route: str, **claims: Any) -> callers.Caller:
    """Return the caller of a route with the claims of Anna, some of them changed or absent."""
    given = {name: value for name, value in (ANNA | claims).items() if value is not ABSENT}
    return callers.caller({"routeKey": route, "requestContext": {"authorizer": {"jwt": {"claims": given}}}})


def test_the_route_decides_the_kind_of_caller() -> None:
    assert caller(USER) == User(
        tenant_id="acme", user_id="anna", name="Anna Albrecht", email="anna@acme.example", locale="de-DE"
    )
    assert caller(AGENT) == callers.AgentCaller(agent_id="anna")
    assert caller(BACKEND) == callers.Backend(client_id="anna")
    assert caller("GET /v1/contact") == callers.Anyone()
    assert callers.caller({"routeKey": "GET /v1/contact"}) == callers.Anyone()


@pytest.mark.parametrize("route", [USER, AGENT, BACKEND])
def test_without_verified_claims_there_is_no_caller(route: str) -> None:
    contexts: list[dict[str, Any]] = [
        {},
        {"requestContext": {}},
        {"requestContext": {"authorizer": {}}},
        {"requestContext": {"authorizer": {"jwt": {}}}},
        {"requestContext": {"authorizer": {"jwt": {"claims": {}}}}},
    ]
    for context in contexts:
        with pytest.raises(ClaimsMissing):
            callers.caller({"routeKey": route} | context)


@pytest.mark.parametrize("sub", ["a", "x" * 128, "A.b_c|d@e:f-9", "auth0|5f7c8ec7", "ACME"])
@pytest.mark.parametrize("route", [USER, BACKEND])
def test_a_users_or_backends_id_has_1_to_128_characters_of_any_identity_provider(route: str, sub: str) -> None:
    found = caller(route, sub=sub)

    assert sub in (getattr(found, "user_id", None), getattr(found, "client_id", None))


@pytest.mark.parametrize(
    "sub",
    [
        ABSENT,
        None,
        "",
        "x" * 129,
        "A B",
        "a\nb",
        "anna\n",
        "\nanna",
        "ü",
        "a/b",
        "a#b",
        "a,b",
        "a\x00",
        7,
        True,
        ["anna"],
    ],
    ids=ascii,
)
@pytest.mark.parametrize("route", [USER, BACKEND])
def test_another_subject_is_a_missing_claim(route: str, sub: Any) -> None:
    with pytest.raises(ClaimsMissing):
        caller(route, sub=sub)


SLUGS = ["a", "0", "acme-2", "a" * 64]
NO_SLUGS = [
    ABSENT, None, "", "ACME", "a b", "a_b", "-acme", "a" * 65, "acme\n", "\nacme", "acme#LIVE", "acme/globex", "ä",
    "[acme globex]", "sven|1", 7, ["acme"],
]  # fmt: skip


@pytest.mark.parametrize("slug", SLUGS)
def test_a_tenants_and_an_agents_id_are_slugs_of_1_to_64_characters(slug: str) -> None:
    tenant, agent = caller(USER, tenant_id=slug), caller(AGENT, sub=slug)

    assert isinstance(tenant, User) and tenant.tenant_id == slug
    assert agent == callers.AgentCaller(agent_id=slug)


@pytest.mark.parametrize("slug", NO_SLUGS, ids=ascii)
def test_another_tenant_or_agent_is_a_missing_claim(slug: Any) -> None:
    for route, claim in ((USER, "tenant_id"), (AGENT, "sub")):
        with pytest.raises(ClaimsMissing):
            caller(route, **{claim: slug})


@pytest.mark.parametrize("act", [{"sub": "sven"}, "sven", "", "[]", [], True, False, None], ids=str)
def test_a_token_with_any_act_claim_may_read_me_and_about_only(act: Any) -> None:
    for route in (USER, AGENT, BACKEND, "POST /v1/grants", "GET /v1/me/x", "POST /v1/me"):
        with pytest.raises(ActingForAnother):
            caller(route, act=act)
    for route in ("GET /v1/me", "GET /v1/about"):
        assert isinstance(caller(route, act=act), User)


def test_only_the_presence_of_the_act_claim_counts() -> None:
    assert not callers.is_acting({"requestContext": {"authorizer": {"jwt": {"claims": ANNA}}}})
    assert callers.is_acting({"requestContext": {"authorizer": {"jwt": {"claims": {"act": ""}}}}})


@pytest.mark.parametrize(
    ("claim", "member", "limit"), [("name", "name", 200), ("email", "email", 254), ("locale", "locale", 35)]
)
def test_a_text_of_a_token_is_cut_at_its_limit_and_has_only_printable_characters(
    claim: str, member: str, limit: int
) -> None:
    def shown(value: Any) -> Any:
        return getattr(caller(USER, **{claim: value}), member)

    assert shown("x" * limit) == "x" * limit
    assert shown("x" * (limit + 1)) == "x" * limit
    assert shown(" a\nb\x00c\u2028d\u202ee ") == "abcde"
    for value in (ABSENT, None, "", " ", "\n", 7, ["x"]):
        assert shown(value) == ("anna" if claim == "name" else None)


@pytest.mark.parametrize(
    ("claim", "is_verified"),
    [
        (ABSENT, True), ("true", True), (True, True), ("True", True), ("false", False), (False, False),
        (None, False), ("", False), ("0", False), (1, False), ("no", False),
    ],
)  # fmt: skip
def test_an_address_is_the_users_own_unless_the_token_says_otherwise(claim: Any, is_verified: bool) -> None:
    found = caller(USER, email_verified=claim)

    assert isinstance(found, User)
    assert found.is_email_verified is is_verified
    assert bool(found.address_hash) is is_verified


def test_two_users_of_the_same_id_in_two_tenants_have_different_scopes() -> None:
    found = [caller(USER), caller(USER, tenant_id="globex"), caller(AGENT), caller(BACKEND)]
    scopes = [callers.scope(one) for one in found if not isinstance(one, callers.Anyone)]

    assert scopes == [("tenant", "acme/anna"), ("tenant", "globex/anna"), ("support", "anna"), ("vendor", "anna")]
