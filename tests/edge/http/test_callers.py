"""The caller of an event: its kind is decided by the route, its identity by the claims, at the exact bounds of both."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestkey import settings
from guestkey.edge.http import callers, claims
from guestkey.errors import ActingForAnother, ClaimInvalid, ClaimsMissing, ScopeMissing
from guestkey.rules.people import User
from tests.identity_providers import EXTERNAL, provider_ids
from tests.rows_and_columns import each_row, rows_and_columns

USER, AGENT, BACKEND = "GET /v1/grants", "POST /v1/support/logins", "POST /v1/vendor/checks"
ANNA = {"sub": "anna", "tenant_id": "acme", "name": "Anna Albrecht", "email": "anna@acme.example", "locale": "de-DE"}
SCOPE = {"scope": "guestkey/check"}
ABSENT = ...


def caller(route: str, **changed: Any) -> callers.Caller:
    """Return the caller of a route with the claims of Anna, some of them changed or absent."""
    given = {name: value for name, value in (ANNA | SCOPE | changed).items() if value is not ABSENT}
    return callers.caller({"routeKey": route, "requestContext": {"authorizer": {"jwt": {"claims": given}}}})


def test_the_route_decides_the_kind_of_caller() -> None:
    assert caller(USER) == User(
        tenant_id="acme", user_id="anna", name="Anna Albrecht", email="anna@acme.example", locale="de-DE"
    )
    assert caller(AGENT) == callers.AgentCaller(agent_id="anna")
    assert caller(BACKEND) == callers.Backend(client_id="anna")
    assert caller("GET /v1/contact") == callers.Anyone()
    assert callers.caller({"routeKey": "GET /v1/contact"}) == callers.Anyone()


@each_row("route", [USER, AGENT, BACKEND])
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


IDS = ["A.b_c|d@e:f-9+g=h~", "a", "0", "-", "x" * 128, "ACME", *provider_ids()]
NO_IDS = [
    "a#b", "", "A B", "a\nb", "anna\n", "\nanna", "ü", "a/b", "acme#LIVE", "a,b", "a\x00", "a%7Cb", "[acme globex]",
    "x" * 129, *(f"{first}a" for first in ".|@:+=~"), 7, True, ["anna"],
]  # fmt: skip
CLAIMS = [(USER, "sub"), (USER, "tenant_id"), (AGENT, "sub"), (BACKEND, "sub")]


@each_row(("of", "id"), rows_and_columns(CLAIMS, IDS))
def test_an_id_of_any_identity_provider_is_taken_as_it_is(of: tuple[str, str], id: str) -> None:
    route, claim = of
    member = {USER: "user_id", AGENT: "agent_id", BACKEND: "client_id"}[route] if claim == "sub" else claim

    assert getattr(caller(route, **{claim: id}), member) == id


@each_row(("of", "id"), rows_and_columns(CLAIMS, NO_IDS))
def test_an_id_of_another_form_is_refused_by_the_name_of_its_claim_and_the_form(of: tuple[str, str], id: Any) -> None:
    route, claim = of
    with pytest.raises(ClaimInvalid) as refused:
        caller(route, **{claim: id})

    assert refused.value.detail == (
        f"The claim {claim} of the token is not an id of the form [A-Za-z0-9_-][A-Za-z0-9._|@:+=~-]{{0,127}}."
    )


@each_row(("of", "id"), rows_and_columns(CLAIMS, [ABSENT, None]))
def test_a_missing_id_is_refused_by_the_name_of_its_claim(of: tuple[str, str], id: Any) -> None:
    route, claim = of
    with pytest.raises(ClaimsMissing) as refused:
        caller(route, **{claim: id})

    assert refused.value.detail == f"The token lacks the claim {claim}."


@each_row("act", [{"sub": "sven"}, "sven", "", "[]", [], True, False, None], ids=str)
def test_a_token_with_any_act_claim_may_read_me_and_about_only(act: Any) -> None:
    for route in (USER, AGENT, BACKEND, "POST /v1/grants", "GET /v1/me/x", "POST /v1/me"):
        with pytest.raises(ActingForAnother):
            caller(route, act=act)
    for route in ("GET /v1/me", "GET /v1/about"):
        assert isinstance(caller(route, act=act), User)


def test_only_the_presence_of_the_act_claim_counts() -> None:
    assert not claims.is_acting(ANNA)
    assert claims.is_acting({"act": ""})


@pytest.mark.parametrize(
    ("name", "value"),
    rows_and_columns(
        ["impersonator", "https://vendor.example/acting_for"], ["", "sven", "false", "null", False, None, [], {}]
    ),
    ids=str,
)
def test_a_named_claim_counts_as_act_whatever_its_value(monkeypatch: pytest.MonkeyPatch, name: str, value: Any) -> None:
    assert isinstance(caller(USER, **{name: value}), User)

    monkeypatch.setattr(settings, "ACTING_CLAIMS", settings.listed(f"other, {name}") | {"act"})

    for route in (USER, AGENT, BACKEND):
        for claim in (name, "act"):
            with pytest.raises(ActingForAnother):
                caller(route, **{claim: value})
    for route in ("GET /v1/me", "GET /v1/about"):
        assert isinstance(caller(route, **{name: value}), User)
    assert isinstance(caller(USER, **{name.upper(): value}), User)


# ------------------------------------------------------------------ scopes


def test_a_backend_needs_the_scope_of_the_route() -> None:
    with pytest.raises(ScopeMissing) as refused:
        caller(BACKEND, scope="guestkey/registry")

    assert refused.value.members == {"scope": "guestkey/check"}
    assert refused.value.detail == "The token lacks the scope guestkey/check."


def test_a_route_of_the_vendor_without_a_scope_refuses_every_token() -> None:
    for scope in ("guestkey/check guestkey/registry guestkey/rights", "None", ""):
        for route in ("GET /v1/vendor/anything", "GET /v1/vendor/checks", "POST /v1/vendor/", "$default /v1/vendor/x"):
            with pytest.raises(ScopeMissing) as refused:
                caller(route, scope=scope)
            assert refused.value.members == {"scope": None}


def test_the_id_of_a_backend_comes_before_its_scope() -> None:
    with pytest.raises(ClaimsMissing):
        caller(BACKEND, sub=ABSENT, scope=ABSENT)


# ------------------------------------------------------------------ the right by default


@pytest.mark.parametrize(
    ("role", "holds"), [("owner", True), ("[guest owner]", True), ("guest", False), (ABSENT, False)]
)
def test_a_claim_decides_the_right_where_the_vendor_names_one(
    monkeypatch: pytest.MonkeyPatch, role: Any, holds: bool
) -> None:
    found = caller(USER, role=role)
    assert isinstance(found, User) and found.has_right_by_default

    monkeypatch.setattr(settings, "RIGHT_CLAIM", "role")
    monkeypatch.setattr(settings, "RIGHT_VALUES", settings.listed("owner,admin"))

    found = caller(USER, role=role)
    assert isinstance(found, User) and found.has_right_by_default is holds


@each_row(("claim", "member", "limit"), [("name", "name", 200), ("locale", "locale", 35)])
def test_a_text_of_a_token_is_cut_at_its_limit_and_has_only_printable_characters(
    claim: str, member: str, limit: int
) -> None:
    def shown(value: Any) -> Any:
        return getattr(caller(USER, **{claim: value}), member)

    assert shown("x" * limit) == "x" * limit
    assert shown("x" * (limit + 1)) == "x" * limit
    assert shown(" a\nb\x00c\u2028d\u202ee\u00a0f\tg ") == "a bc de f g"
    for value in (ABSENT, None, "", " ", "\n", 7, ["x"], "\u3164" * limit + "x", "\u2800", "\u200b", "\u0301\ue000"):
        assert shown(value) == ("anna" if claim == "name" else None)


@each_row(
    ("claim", "address"),
    [
        (" anna@acme.example\n", "anna@acme.example"),
        ("anna@müller.example", "anna@xn--mller-kva.example"),
        ("ännchen@acme.example", None),
        ("anna@acme.example, mallory@evil.example", None),
        ("anna@acme\u202e.example", None),
        ("anna@" + "x" * 63 + ".example" * 24, None),
        *((value, None) for value in (ABSENT, None, "", " ", "\n", 7, ["anna@acme.example"])),
    ],
)
def test_the_users_address_is_the_claim_in_the_form_that_is_mailed_or_none(claim: Any, address: str | None) -> None:
    found = caller(USER, email=claim)

    assert isinstance(found, User)
    assert found.email == address


@each_row(
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


@given(st.tuples(EXTERNAL, EXTERNAL), st.tuples(EXTERNAL, EXTERNAL))
def test_the_scope_of_a_user_is_unique_for_all_ids(one: tuple[str, str], other: tuple[str, str]) -> None:
    scopes = [
        callers.scope(User(tenant_id=tenant_id, user_id=user_id, name="", email=None, locale=None))
        for tenant_id, user_id in (one, other)
    ]

    assert (scopes[0] == scopes[1]) is (one == other)
