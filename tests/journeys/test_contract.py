"""Every row of the contract over HTTP: its answer, its refusals, and that a refusal changes nothing.

Each flaw meets one route that stands for its mechanism, and each route meets one flaw of each mechanism that its own
code calls; `make nightly` has all pairs. Whether a route has its authorizer is probed by a token of another audience.
"""

import csv
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.issuer import KEY_ID
from tests.journeys.calls import Caller, call_of, check_of, grant_to, login_at, refusal, request_to, success
from tests.journeys.contract import (
    CLOSING_TOO,
    KINDS,
    ROUTE,
    ROUTES,
    TAKING_BODIES,
    Route,
    Scene,
    routes_of_one_scene,
)
from tests.journeys.world import Tenant, World, agent_of, avoid_the_end_of_the_hour, next_of, tenant_of
from tests.rows_and_columns import IS_NIGHTLY, each_row, probes, rows_and_columns

PERSON = {"kind": "person", "accountable": None}


def _id(value: Any) -> str:
    return str(value) if isinstance(value, Route) else ascii(value)


def _grants_first(routes: list[Route]) -> list[Route]:
    """Return the routes with `POST /v1/grants` first: it stands for the mechanisms that all routes share."""
    return sorted(routes, key=lambda route: route.call != "POST /v1/grants")


UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SET_UP = ["tenant.changed", "grant.given", "login.recorded", "request.made", "callback.booked", "right.changed"]
"""The ledger entries of a scene that no test has changed."""


@pytest.fixture
def scene(world: World) -> Scene:
    """A scene that a test may change."""
    return Scene.set_up(world)


@pytest.fixture(scope="module")
def worked(world: World) -> Scene:
    """A scene that tests may change in ways that do not hinder each other."""
    return Scene.set_up(world)


@pytest.fixture(scope="module")
def untouched(world: World) -> Iterator[Scene]:
    """A scene that all tests may read and none may change: a refused request must leave no trace in it."""
    scene = Scene.set_up(world)
    yield scene
    assert scene.tenant.ledger().whats() == SET_UP
    assert success(scene.tenant.anna.get(f"/v1/requests/{scene.request_id}"))["state"] == "pending"
    assert len(scene.tenant.activation_mails()) == 1
    assert success(scene.tenant.anna.get("/v1/callbacks/open"))["version"] == 0
    assert refusal(scene.other.anna.get("/v1/callbacks/open")) == (404, "no_callback")


# ------------------------------------------------------------------ successful calls


def test_each_route_answers_with_the_members_of_the_contract_and_no_others(world: World, scene: Scene) -> None:
    answers = {route: scene.ask(route) for route in routes_of_one_scene()}
    answers |= {ROUTE[call]: Scene.set_up(world).ask(ROUTE[call]) for call in CLOSING_TOO}

    assert answers.keys() == {*ROUTES}
    for route, answer in answers.items():
        assert answer.status_code == route.status, f"{route}: {answer.text}"
        assert answer.headers["Cache-Control"] == "no-store", route
        if route.members is not None:
            assert answer.headers["Content-Type"] == "application/json", route
            assert answer.json().keys() == {*route.members.split()}, route


def test_anna_reads_her_own_user(acme: Tenant) -> None:
    assert success(acme.anna.get("/v1/me")) == {
        "user_id": "anna",
        "name": "Anna Albrecht",
        "tenant_id": acme.tenant_id,
        "locale": "de-DE",
        "may_grant": True,
        "may_book_slot": True,
        "default_access": "change",
    }


@pytest.mark.parametrize(
    ("locale", "may_book_slot"),
    [
        ("de", True), ("de-CH", True), ("de_AT", True), ("DE-de", True), ("en", True), ("en-IN", True), ("es-MX", True),
        ("de-LI", False), ("it-IT", False), ("fr", False), ("english", False), ("", False), (None, False),
        ("de-DE\n", True), ("en-", False),
    ],
)  # fmt: skip
def test_a_slot_may_be_chosen_in_german_english_and_spanish(
    acme: Tenant, locale: str | None, may_book_slot: bool
) -> None:
    assert success(acme.user("giulia", locale=locale).get("/v1/me"))["may_book_slot"] is may_book_slot


def test_anna_reads_her_customer_name_and_version(world: World) -> None:
    tenant = world.new_tenant(name="Acme Immobilien GmbH", version="Enterprise 24.3")

    assert success(tenant.anna.get("/v1/about")) == {
        "tenant_id": tenant.tenant_id,
        "name": "Acme Immobilien GmbH",
        "customer_name": tenant.tenant_id,
        "version": "Enterprise 24.3",
        "time_zone": "Europe/Berlin",
        "country": "DE",
    }


@pytest.mark.parametrize("query", ["ŽOFIE", "zof kra", "kralova", "Z K"])
def test_the_directory_finds_names_by_the_beginning_of_their_words(acme: Tenant, query: str) -> None:
    found = acme.world.new_agent("support", name="Žofie Králová", email="zofie@vendor.example")

    directory = success(acme.anna.get("/v1/directory", params={"q": query}))

    assert {"id": found.agent_id, "name": "Žofie Králová", "departments": ["support"]} | PERSON in directory["agents"]
    assert "vendor.example" not in json.dumps(directory)


@pytest.mark.parametrize("query", ["ofie", "rálová", "Žofie Brandt", "Žofie, Brandt"])
def test_the_directory_omits_names_without_a_match(acme: Tenant, query: str) -> None:
    acme.world.new_agent(name="Žofie Králová")

    assert success(acme.anna.get("/v1/directory", params={"q": query})) == {"departments": [], "agents": []}


def test_the_directory_omits_inactive_agents(acme: Tenant) -> None:
    directory = success(acme.anna.get("/v1/directory"))

    assert {"id": "support", "name": "Support"} in directory["departments"]
    assert {"id": "sven", "name": "Sven Brandt", "departments": ["support"]} | PERSON in directory["agents"]
    assert "emil" not in {agent["id"] for agent in directory["agents"]}


@pytest.mark.parametrize("period", ["1h", "2h", "4h", "today", "1w", "2w", "1mo", "permanent"])
def test_anna_grants_access_to_sven_for_every_period(acme: Tenant, period: str) -> None:
    asked_at = datetime.now(UTC).replace(microsecond=0)

    grant = success(acme.anna.post("/v1/grants", grant_to("agent", "sven", period=period, may_export=True)), 201)

    granted_at = datetime.fromisoformat(grant["granted_at"])
    assert asked_at <= granted_at <= datetime.now(UTC)
    assert (grant["period"], grant["state"], grant["may_export"]) == (period, "live", True)
    assert grant["grantee"] == {"type": "agent", "id": "sven", "name": "Sven Brandt", "present_name": None} | PERSON
    assert grant["granted_by"] == {"user_id": "anna", "name": "Anna Albrecht"}
    assert (grant["ends_at"] is None) == (grant["review_at"] is not None) == (period == "permanent")
    if period.endswith("h"):
        ends_at = datetime.fromisoformat(grant["ends_at"])
        assert ends_at - granted_at == timedelta(hours=int(period[:-1]))
    assert success(acme.anna.get(f"/v1/grants/{grant['grant_id']}")) == grant


def test_a_grant_lasts_an_hour_without_export_by_default(acme: Tenant) -> None:
    grant = success(acme.anna.post("/v1/grants", grant_to("department", "support")), 201)

    assert (grant["period"], grant["may_export"], grant["grantee"]["name"]) == ("1h", False, "Support")
    assert acme.world.allows(acme.tenant_id, "sven")
    assert not acme.world.allows(acme.tenant_id, "sven", "export")
    assert not acme.world.allows(acme.tenant_id, "dora")


def test_svens_access_is_the_union_of_all_grants_and_revoking_one_keeps_the_others(acme: Tenant) -> None:
    long = acme.lets_in("sven", period="4h")
    short = acme.lets_in_all_of("support", period="1h", may_export=True)

    enter, export = (
        success(acme.world.backend.post("/v1/vendor/checks", check_of(acme.tenant_id, "sven", action)))
        for action in ("enter", "export")
    )
    assert (enter["grant_id"], enter["may_export"], export["grant_id"]) == (long, True, short)

    success(acme.anna.delete(f"/v1/grants/{short}"))
    assert acme.world.allows(acme.tenant_id, "sven")
    assert not acme.world.allows(acme.tenant_id, "sven", "export")


@pytest.mark.parametrize(
    ("agent", "action", "reason"),
    [
        ("sven", "enter", "granted"),
        ("sven", "export", "export_not_granted"),
        ("dora", "enter", "no_live_grant"),
        ("emil", "enter", "agent_inactive"),
        ("nobody", "enter", "no_live_grant"),
    ],
)
def test_a_check_returns_a_reason(untouched: Scene, agent: str, action: str, reason: str) -> None:
    answer = success(untouched.world.backend.post(**_check(untouched, agent, action)))

    assert (answer["allowed"], answer["reason"]) == (reason == "granted", reason)
    assert (answer["grant_id"] is None) == (reason != "granted")


def test_a_check_of_an_unknown_tenant_is_answered_like_one_without_a_grant(untouched: Scene) -> None:
    unknown = untouched.world.backend.post("/v1/vendor/checks", check_of("no-such-tenant", "sven"))
    known = untouched.world.backend.post(**_check(untouched, "dora", "enter"))

    assert unknown.content == known.content


def test_a_check_with_a_login_requires_an_open_login_of_that_agent_at_that_tenant(scene: Scene, globex: Tenant) -> None:
    world, acme, sven = scene.world, scene.tenant.tenant_id, scene.agent.agent_id
    globex.lets_in(sven)
    elsewhere = globex.is_entered_by(scene.sven)
    acmes = {"login_id": scene.login_id}

    def reason(tenant_id: str, agent_id: str, login_id: str) -> str:
        order = check_of(tenant_id, agent_id, login_id=login_id)
        return str(success(world.backend.post("/v1/vendor/checks", order))["reason"])

    assert reason(acme, sven, scene.login_id) == "granted"
    assert reason(acme, sven, elsewhere) == "no_login"
    assert reason(acme, sven, UNKNOWN) == "no_login"
    scene.tenant.lets_in("dora")
    assert reason(acme, "dora", scene.login_id) == "no_login"
    success(scene.sven.post(f"/v1/support/logins/{scene.login_id}/end"))
    assert not world.allows(acme, sven, **acmes)
    assert reason(acme, sven, scene.login_id) == "no_login"


def test_svens_login_has_his_name_his_reason_and_the_grant(scene: Scene) -> None:
    order = login_at(scene.tenant.tenant_id, "  Cafe\u0301 import hangs  ", ticket="T-1")

    login = success(scene.sven.post("/v1/support/logins", order), 201)

    assert login["agent"] == {"id": scene.agent.agent_id, "name": "Sven Brandt", "departments": ["support"]} | PERSON
    assert (login["reason"], login["ticket"], login["grant_id"]) == ("Café import hangs", "T-1", scene.grant_id)
    assert (login["ended_at"], login["end"]) == (None, None)
    [listed, *_] = success(scene.tenant.anna.get("/v1/logins"))["items"]
    agent = login["agent"] | {"present_name": None}
    assert listed == login | {"agent": agent, "granted_by": {"user_id": "anna", "name": "Anna Albrecht"}}


def test_sven_ends_his_login_and_ending_it_twice_returns_the_same(scene: Scene) -> None:
    first, second = (scene.sven.post(f"/v1/support/logins/{scene.login_id}/end") for _ in range(2))

    assert (success(first)["end"], first.content) == ("logged_out", second.content)
    assert scene.tenant.ledger().about("login.ended") == [scene.login_id]


def test_revoking_ends_svens_login_in_the_overview(scene: Scene) -> None:
    revoked = success(scene.tenant.anna.delete(f"/v1/grants/{scene.grant_id}"))

    login = success(scene.tenant.anna.get("/v1/logins"))["items"][0]
    assert (login["end"], login["ended_at"]) == ("access_over", revoked["revoked_at"])


def test_sven_lists_the_tenants_that_he_may_enter(scene: Scene) -> None:
    places = success(scene.sven.get("/v1/support/access?limit=100"))["items"]

    assert [place for place in places if place["tenant_id"] == scene.tenant.tenant_id] == [
        {
            "tenant_id": scene.tenant.tenant_id,
            "name": f"Tenant {scene.tenant.tenant_id}",
            "ends_at": success(scene.tenant.anna.get(f"/v1/grants/{scene.grant_id}"))["ends_at"],
            "access": "change",
            "may_export": False,
            "grant_ids": [scene.grant_id],
        }
    ]


def test_an_agent_pages_through_the_tenants_that_granted_him_access(world: World) -> None:
    agent, tenants = world.new_agent(), [world.new_tenant() for _ in range(5)]
    for tenant in tenants:
        tenant.lets_in(agent.agent_id)

    tenant_ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = success(agent.caller.get("/v1/support/access?limit=2" + (f"&cursor={cursor}" if cursor else "")))
        tenant_ids += [place["tenant_id"] for place in page["items"]]
        cursor = page["next_cursor"]

    assert sorted(tenant_ids) == sorted(tenant.tenant_id for tenant in tenants)


def test_the_overview_puts_live_permanent_grants_first_then_the_newest(acme: Tenant) -> None:
    orders = ["permanent", "1h", "permanent", "2h", "1w"]
    given_ids = [acme.lets_in("sven", period=period) for period in orders]
    first, hour, third, two_hours, week = given_ids
    success(acme.anna.delete(f"/v1/grants/{first}"))

    assert [grant["grant_id"] for grant in acme.all_of("/v1/grants?limit=2")] == [third, week, two_hours, hour, first]
    assert [grant["grant_id"] for grant in acme.all_of("/v1/grants?state=live&limit=2")] == [
        third, week, two_hours, hour,
    ]  # fmt: skip


def test_the_csv_of_both_overviews_has_no_cell_that_a_spreadsheet_reads_as_a_formula(acme: Tenant) -> None:
    world = acme.world
    agent = world.new_agent("support", name="@SUM(A1)")
    acme.lets_in(agent.agent_id)
    for reason in ("=1+1 please", "+49 241", "-1 is shown", 'says "no"', "a, b; c"):
        acme.is_entered_by(agent.caller, reason=reason)

    answer = acme.anna.get("/v1/logins.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = answer.content.decode("utf-8").split("\r\n")
    assert lines.pop() == ""
    assert all(line.startswith('"') and line.endswith('"') for line in lines)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["reason"] for row in reversed(rows)] == [
        "'=1+1 please", "'+49 241", "'-1 is shown", 'says "no"', "a, b; c",
    ]  # fmt: skip
    (grant,) = csv.DictReader(io.StringIO(acme.anna.get("/v1/grants.csv").text))
    assert (grant["grantee_name"], grant["state"], grant["may_export"]) == ("'@SUM(A1)", "live", "false")


def test_the_ledger_comes_in_pages_whose_hashes_can_be_recomputed(scene: Scene) -> None:
    first = scene.tenant.anna.get("/v1/ledger?limit=1")
    assert first.headers["Content-Type"].startswith("application/jsonl")
    assert next_of(first)

    ledger = scene.tenant.ledger(limit=1)

    assert ledger.whats() == SET_UP
    prev_hash = "0" * 64
    for seq, entry in enumerate(ledger.entries, start=1):
        assert entry.keys() == {"tenant_id", "seq", "at", "what", "by", "about", "data", "prev_hash", "hash"}
        claimed = entry.pop("hash")
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert sha256(canonical.encode()).hexdigest() == claimed
        assert (entry["seq"], entry["prev_hash"]) == (seq, prev_hash)
        prev_hash = claimed
    assert ledger.head == f"{len(SET_UP)}:{prev_hash}"
    assert ledger.text == scene.tenant.ledger(limit=100).text


def test_the_ledger_contains_no_free_text(scene: Scene) -> None:
    login_id = scene.tenant.is_entered_by(scene.sven, reason="Something about Mr Muster", ticket="T-77")
    (login,) = [one for one in scene.tenant.all_of("/v1/logins") if one["login_id"] == login_id]

    text = scene.tenant.ledger().text
    assert "Muster" not in text
    assert "T-77" not in text
    assert sha256(b"Something about Mr Muster").hexdigest() not in text
    assert sha256(f"{login['reason_salt']}:Something about Mr Muster".encode()).hexdigest() in text


@pytest.mark.parametrize(
    "call", ["PUT /v1/vendor/tenants/{tenant}", "PUT /v1/vendor/tenants/{tenant}/users/{user}/right"]
)
def test_a_put_that_changes_nothing_writes_nothing(untouched: Scene, call: str) -> None:
    assert untouched.ask(ROUTE[call]).status_code == 200


def test_a_change_of_a_tenant_is_in_its_ledger_without_mail_addresses(acme: Tenant) -> None:
    facts = tenant_of(acme.tenant_id, version="Enterprise 25.1", approver_emails=["x@acme.example"])
    success(acme.world.backend.put(f"/v1/vendor/tenants/{acme.tenant_id}", facts))

    ledger = acme.ledger()
    assert ledger.whats() == ["tenant.changed", "tenant.changed"]
    assert ledger.entries[1]["data"]["version"] == "Enterprise 25.1"
    assert "@" not in ledger.text


def test_a_removed_right_can_be_given_back(scene: Scene) -> None:
    assert success(scene.ben.get("/v1/me"))["may_grant"] is False

    scene.tenant.put_right("ben", may_grant=True)

    assert success(scene.ben.get("/v1/me"))["may_grant"] is True
    success(scene.ben.post("/v1/grants", grant_to("agent", "sven")), 201)


# ------------------------------------------------------------------ 401: API Gateway's own answers


def _hs256_with_the_public_key(scene: Scene, route: Route) -> str:
    """Return a token that a careless verifier would accept: signed with the public key as a shared secret."""
    good = scene.caller(route.who).token
    assert good
    claims = jwt.decode(good, options={"verify_signature": False})
    return jwt.encode(claims, "the published key" * 4, algorithm="HS256", headers={"kid": KEY_ID})


def _tampered(token: str) -> str:
    """Return a token with another subject and the signature of the original."""
    header, _, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False}) | {"sub": "carla"}
    return f"{header}.{jwt.encode(claims, 'k' * 64).split('.')[1]}.{signature}"


BAD_TOKENS: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1},
    "expired a second ago": {"exp": int(time.time()) - 1},
    "without an end": {"exp": None},
    "not valid yet": {"nbf": int(time.time()) + 3600},
    "alg none": {"algorithm": "none"},
    "without its signature": {"signed": False},
    "of another issuer": {"iss": "https://elsewhere.example"},
    "of another audience": {"aud": "guestkey-elsewhere"},
    "without an audience": {"aud": None},
    "signed with an unknown key": {"key_id": "unknown"},
}
_ROUTES_OF_KINDS = [[route for route in ROUTES if route.kind == kind] for kind in ("user", "agent", "backend")]
"""The routes of each authorizer."""


_FIRST_OF_KINDS = [of_kind[0] for of_kind in _ROUTES_OF_KINDS]


def _for_each_kind[Flaw](flaws: list[Flaw], kinds: list[list[Route]] = _ROUTES_OF_KINDS) -> list[tuple[Route, Flaw]]:
    """Return the first route of each authorizer, or of some, with every flaw, and each night all their routes."""
    return [pair for routes in kinds for pair in rows_and_columns(probes(routes[0], rest=routes[1:]), flaws)]


@each_row(("route", "flaw"), _for_each_kind(list(BAD_TOKENS)), ids=str)
def test_a_bad_token_is_401(untouched: Scene, route: Route, flaw: str) -> None:
    assert _unauthorized(untouched, route, untouched.caller(route.who, **BAD_TOKENS[flaw]))


@pytest.mark.parametrize("route", ROUTES if IS_NIGHTLY else _FIRST_OF_KINDS, ids=str)
def test_no_token_is_401(untouched: Scene, route: Route) -> None:
    assert _unauthorized(untouched, route, Caller(untouched.caller(route.who).client, None))


@pytest.mark.parametrize("route", ROUTES if IS_NIGHTLY else _FIRST_OF_KINDS, ids=str)
def test_a_forged_token_is_401(untouched: Scene, route: Route) -> None:
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good = untouched.caller(route.who)
    assert good.token
    forgeries = {
        "not a token": "e30.e30.e30",
        "signed by somebody else": untouched.world.stack.token(route.who, key=forger),
        "signed with the public key": _hs256_with_the_public_key(untouched, route),
        "changed": _tampered(good.token),
        "with a piece missing": good.token.rpartition(".")[0],
    }
    for name, token in forgeries.items():
        assert _unauthorized(untouched, route, Caller(good.client, token)), name


@each_row(
    ("route", "other"),
    [
        pair
        for routes in _ROUTES_OF_KINDS
        for pair in rows_and_columns(
            routes, ["sven", "backend", "anna"], fits=lambda route, other: route.kind != KINDS[other]
        )
    ],
    ids=str,
)
def test_another_audiences_token_is_401(untouched: Scene, route: Route, other: str) -> None:
    assert _unauthorized(untouched, route, untouched.caller(other))


def _unauthorized(scene: Scene, route: Route, by: Caller) -> bool:
    answer = scene.ask(route, by)
    return (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


# ------------------------------------------------------------------ 403: callers without permission


WITH_SCOPES = [route for route in ROUTES if route.scope]
SCOPES = ["guestkey/check", "guestkey/registry", "guestkey/rights"]


@each_row(
    ("route", "scope"),
    [
        *((route, scope) for route in WITH_SCOPES for scope in SCOPES if scope != route.scope),
        *((WITH_SCOPES[0], scope) for scope in ("guestkey", "", None)),
    ],
    ids=str,
)
def test_a_backend_without_the_scope_is_403(untouched: Scene, route: Route, scope: str | None) -> None:
    answer = untouched.ask(route, untouched.caller("backend", scope=scope))

    assert refusal(answer) == (403, "scope_missing")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["scope"] == route.scope


@pytest.mark.parametrize("name", ["scp", "roles", "permissions"])
@pytest.mark.parametrize("as_list", [False, True])
def test_a_scope_may_be_in_other_claims_as_text_and_as_list(untouched: Scene, name: str, as_list: bool) -> None:
    value: Any = ["other", "guestkey/check"] if as_list else "other guestkey/check"
    backend = untouched.caller("backend", **{"scope": None, name: value})

    assert untouched.ask(ROUTE["POST /v1/vendor/checks"], backend).status_code == 200
    assert refusal(untouched.ask(ROUTE["GET /v1/vendor/desk"], backend)) == (403, "scope_missing")


@pytest.mark.parametrize("slash", ["%2F", "%2f", "%252F", "%25252F"])
def test_an_escaped_slash_reaches_no_other_route(untouched: Scene, slash: str) -> None:
    path = slash.join([untouched.tenant.tenant_id, "users", "ben", "right"])
    registry = untouched.caller("backend", scope="guestkey/registry")

    answer = registry.call("PUT", f"/v1/vendor/tenants/{path}", {"may_grant": True})

    assert answer.status_code in {403, 404}
    assert success(untouched.ben.get("/v1/me"))["may_grant"] is False


@each_row(("route", "act"), rows_and_columns(_grants_first(ROUTES), [{"sub": "sven"}, "sven", [], True]), ids=str)
def test_a_token_that_acts_for_another_user_may_read_me_and_about_only(
    untouched: Scene, route: Route, act: Any
) -> None:
    answer = untouched.ask(route, untouched.caller(route.who, act=act))

    if route.is_for_everyone:
        assert answer.status_code == 200
        assert answer.json().get("may_grant", False) is False
    else:
        assert refusal(answer) == (403, "acting_for_another")


@pytest.mark.parametrize(
    ("route", "sub"),
    _for_each_kind([None, "", "A B", "x" * 129, "a\nb", "ü", ["anna"]], _ROUTES_OF_KINDS[:2]),
    ids=_id,
)
def test_a_token_without_a_valid_subject_is_refused(untouched: Scene, route: Route, sub: Any) -> None:
    code = "claims_missing" if sub is None else "claim_invalid"

    assert refusal(untouched.ask(route, untouched.caller(route.who, sub=sub))) == (403, code)


@pytest.mark.parametrize(
    ("route", "tenant_id"),
    _for_each_kind(["acme#LIVE", None, "", "~acme", "a b", "x" * 129, "acme\n", ["acme"]], _ROUTES_OF_KINDS[:1]),
    ids=_id,
)
def test_a_users_token_without_a_valid_tenant_is_refused(untouched: Scene, route: Route, tenant_id: Any) -> None:
    by = untouched.world.caller("anna", tenant_id=tenant_id)
    code = "claims_missing" if tenant_id is None else "claim_invalid"

    assert refusal(untouched.ask(route, by)) == (403, code)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.needs_right], ids=str)
def test_ben_without_the_right_is_refused(untouched: Scene, route: Route) -> None:
    assert refusal(untouched.ask(route, untouched.ben)) == (403, "right_missing")


def test_ben_without_the_right_reads_his_own_user_and_may_ask_for_a_call(scene: Scene) -> None:
    scene.other.ben()
    for route in routes_of_one_scene():
        if route.kind == "user" and not route.needs_right:
            by = scene.other.user("ben") if route.who == "giulia" else scene.ben
            assert scene.ask(route, by).status_code == route.status, route


@pytest.mark.parametrize(
    ("route", "agent"),
    rows_and_columns([route for route in ROUTES if route.who == "sven"], ["emil", "nobody"]),
    ids=str,
)
def test_an_inactive_or_unknown_agent_is_403_on_every_support_route(untouched: Scene, route: Route, agent: str) -> None:
    by = untouched.world.caller("sven", sub=agent)

    assert refusal(untouched.ask(route, by)) == (403, "agent_inactive")


def test_an_agent_without_a_live_grant_is_refused_with_one_ledger_entry_an_hour(acme: Tenant) -> None:
    avoid_the_end_of_the_hour()
    answers = [acme.world.dora.post("/v1/support/logins", login_at(acme.tenant_id)) for _ in range(4)]

    assert {refusal(answer) for answer in answers} == {(403, "no_live_grant")}
    assert acme.ledger().about("login.refused") == ["dora"]

    acme.lets_in("dora")
    acme.is_entered_by(acme.world.dora)
    assert acme.ledger().entries[-1]["data"]["refusals_before"] == 3


def test_an_unknown_tenant_refuses_an_agent_with_the_same_bytes(acme: Tenant) -> None:
    known, unknown = (
        acme.world.dora.post("/v1/support/logins", login_at(tenant_id)) for tenant_id in (acme.tenant_id, "not-there")
    )

    assert known.content == unknown.content


# ------------------------------------------------------------------ 400, 415, 422: the body

NESTED = '{"a":' * 17 + "1" + "}" * 17
BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "a duplicate key": (b'{"a":1,"a":1}', 400, "json_invalid"),  # the probe: no parser but ours refuses it
    "nothing": (b"", 422, "input_invalid"),
    "null": (b"null", 422, "input_invalid"),
    "an array": (b"[]", 422, "input_invalid"),
    "a text": (b'"x"', 422, "input_invalid"),
    "a number": (b"1", 422, "input_invalid"),
    "an empty object": (b"{}", 422, "input_invalid"),
    "an unknown field": (b'{"colour":"red"}', 422, "input_invalid"),
    "16 deep": (NESTED[5:-1].encode(), 422, "input_invalid"),
    "17 deep": (NESTED.encode(), 400, "json_invalid"),
    "a blank": (b" ", 400, "json_invalid"),
    "cut off": (b'{"a":', 400, "json_invalid"),
    "two values": (b"{}{}", 400, "json_invalid"),
    "a trailing comma": (b'{"a":1,}', 400, "json_invalid"),
    "single quotes": (b"{'a':1}", 400, "json_invalid"),
    "a comment": (b"{/*a*/}", 400, "json_invalid"),
    "[ 200,000 times": (b"[" * 200_000, 400, "json_invalid"),
    "[ 10,000 times": (b"[" * 10_000, 400, "json_invalid"),
    "an integer of 5,000 digits": (b'{"a":%s}' % (b"9" * 5_000), 400, "json_invalid"),
    "an integer of 16 digits": (b'{"a":-%s}' % (b"9" * 16), 400, "json_invalid"),
    "a number beyond a double": (b'{"a":1e999}', 400, "json_invalid"),
    "NaN": (b'{"a":NaN}', 400, "json_invalid"),
    "Infinity": (b'{"a":-Infinity}', 400, "json_invalid"),
    "not UTF-8": (b"\xff\xfe", 400, "json_invalid"),
    "UTF-16": ("{}".encode("utf-16"), 400, "json_invalid"),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, "json_invalid"),
    "a lone surrogate": (b'{"a":"\\ud800"}', 400, "json_invalid"),
    "a lone surrogate as a key": (b'{"\\udfff":1}', 400, "json_invalid"),
    "a duplicate key, escaped": (b'{"a":1,"\\u0061":2}', 400, "json_invalid"),
    "a duplicate key, deep down": (b'{"a":[{"b":{"c":1,"c":2}}]}', 400, "json_invalid"),
    "a raw control character": (b'{"a":"\x01"}', 400, "json_invalid"),
    "a NUL": (b"\x00", 400, "json_invalid"),
    "40 kB": (b'{"a":"%s"}' % (b"x" * 40_000), 400, "json_invalid"),
}
TYPES_NOT_JSON = [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
    "application/problem+json", "text/json", "json", "*/*", "",
]  # fmt: skip
TYPES_JSON = ["application/json; charset=utf-8", "application/json", "Application/JSON", "APPLICATION/JSON ; a=b"]


@pytest.mark.parametrize(
    ("route", "bad"),
    rows_and_columns(
        _grants_first(TAKING_BODIES),
        list(BAD_BODIES),
        fits=lambda route, bad: not (route.body_is_optional and BAD_BODIES[bad][0] in (b"", b"{}")),
    ),
    ids=str,
)
def test_a_bad_body_is_refused_before_any_other_check(untouched: Scene, route: Route, bad: str) -> None:
    content, status, code = BAD_BODIES[bad]

    answer = untouched.ask(route, content=content, headers={"Content-Type": "application/json"})

    assert refusal(answer) == (status, code)


@pytest.mark.parametrize(
    ("route", "content_type"), _for_each_kind(TYPES_NOT_JSON, [_grants_first(TAKING_BODIES)]), ids=str
)
def test_another_content_type_is_not_json(untouched: Scene, route: Route, content_type: str) -> None:
    content = json.dumps(route.body and route.body(untouched)).encode()

    answer = untouched.ask(route, content=content, headers={"Content-Type": content_type})

    assert refusal(answer) == (415, "not_json")


@pytest.mark.parametrize(
    ("route", "content_type"),
    list(product(TAKING_BODIES if IS_NIGHTLY else [ROUTE["POST /v1/grants"]], TYPES_JSON)),
    ids=str,
)
def test_a_content_type_is_accepted_in_any_case_and_with_parameters(
    world: World, worked: Scene, route: Route, content_type: str
) -> None:
    scene = Scene.set_up(world) if IS_NIGHTLY else worked
    content = json.dumps(route.body and route.body(scene)).encode()

    assert scene.ask(route, content=content, headers={"Content-Type": content_type}).status_code == route.status


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.body], ids=str)
def test_an_unexpected_body_is_checked_as_well(untouched: Scene, route: Route) -> None:
    answer = untouched.ask(route, content=b"[" * 10_000, headers={"Content-Type": "application/json"})

    assert refusal(answer) == (400, "json_invalid")


@pytest.mark.parametrize("route", TAKING_BODIES if IS_NIGHTLY else [ROUTE["POST /v1/grants"]], ids=str)
def test_a_body_with_invalid_utf_8_is_refused(untouched: Scene, route: Route) -> None:
    """Both refusals are accepted because the emulator's gateway replaces such bytes by U+FFFD."""
    answer = untouched.ask(route, content=b'{"a":"\xff\xfe"}', headers={"Content-Type": "application/json"})

    assert refusal(answer) in {(400, "json_invalid"), (422, "input_invalid")}


OMITTED = object()
CONTROLS = [
    "a\u0000bc",
    "a\nbc",
    "a\tbc",
    "a\u0085bc",
    "a\u202ebc",
    "a\u2066bc",
    "a\u200fbc",
    "a\u2028bc",
    "=?utf-8?q?x?=",
]
NO_TEXT = [1, True, [], {}, None]


Fault = tuple[str, dict[str, Any], str]
"""A route, the changed members of its body, and the pointer that the refusal must have."""

TENANT, DEPARTMENT = "PUT /v1/vendor/tenants/{tenant}", "PUT /v1/vendor/departments/{department}"
CLOSURE = "PUT /v1/vendor/closures/{day}"
AGENT, RIGHT = "PUT /v1/vendor/agents/{agent}", "PUT /v1/vendor/tenants/{tenant}/users/{user}/right"
CHECK, LOGIN, GRANT = "POST /v1/vendor/checks", "POST /v1/support/logins", "POST /v1/grants"
ASK = "POST /v1/support/requests"
BOOK, MOVE, CLOSE = (
    "POST /v1/callbacks",
    "PATCH /v1/callbacks/{callback}",
    "POST /v1/support/callbacks/{called}/close",
)
APPROVE, DECLINE = "POST /v1/requests/{request}/approve", "POST /v1/requests/{request}/decline"

TEXTS = [
    (TENANT, "name", 200), (TENANT, "version", 100), (DEPARTMENT, "name", 200), (AGENT, "name", 200),
    (LOGIN, "reason", 500), (LOGIN, "ticket", 100), (ASK, "reason", 500), (CLOSURE, "name", 200),
]  # fmt: skip
REQUIRED = {
    TENANT: "name version time_zone language country approver_emails",
    DEPARTMENT: "name",
    CLOSURE: "name",
    AGENT: "name email departments active",
    RIGHT: "may_grant",
    CHECK: "tenant_id agent_id action",
    LOGIN: "tenant_id reason",
    GRANT: "grantee",
    ASK: "tenant_id reason",
    BOOK: "topic description phone",
    CLOSE: "outcome",
}
SLUGS: list[Any] = ["ACME", "", "-acme", "a" * 65, "a b", "a#b", "acme\n", "ä"]
NO_IDS: list[Any] = ["~acme", "", "|acme", "a" * 129, "a b", "a#b", "acme\n", "ä"]
ADDRESSES: list[Any] = [
    "a b@c.example", "", "anna", "a@b", "a@b.example, c@d.example", "a@b.example\nBcc: x", "@b.example",
    "x" * 65 + "@b.example", "a@" + "b" * 300 + ".example", "a@bücher.example", "Anna <a@b.example>",
]  # fmt: skip
FLAGS: list[Any] = ["true", "false", 1, 0, "yes", [], 1.0, None]
PERIODS: list[Any] = ["", "3h", "1H", "1h ", "PERMANENT", 1, [], {"hours": 1}, "P1D", None]
MOMENTS: list[Any] = ["2026-11-24T10:00:00", "", "noon", "2026-11-24", "2026-11-24T10:00:00+25:00", 1, True, [], {}]
MALFORMED: list[tuple[str, str, list[Any]]] = [
    (CHECK, "tenant_id", NO_IDS),
    (CHECK, "agent_id", NO_IDS),
    (CHECK, "action", ["", "ENTER", "delete", "enter\n", "enter|export", 1, None, []]),
    (CHECK, "login_id", ["", "x", UNKNOWN.lower(), UNKNOWN + "\n", 1]),
    (LOGIN, "tenant_id", NO_IDS),
    (LOGIN, "reason", ["ab", " ab "]),
    (LOGIN, "agent_id", ["dora"]),
    (
        TENANT,
        "time_zone",
        ["", "Berlin", "europe/berlin", "../etc/passwd", "posix/Europe/Berlin", "localtime", "UTC\n"],
    ),
    (TENANT, "country", ["", "de", "DEU", "D1", "ДЕ", "DE\n"]),
    (TENANT, "language", ["", "german", "d", "de_DE", "de-", "de\n", "de-" + "x" * 40]),
    (TENANT, "approver_emails", ["a@b.example", ["a@b.example"] * 21]),
    (AGENT, "email", ADDRESSES),
    (AGENT, "departments", ["support", ["support"] * 51]),
    (AGENT, "active", FLAGS),
    (RIGHT, "may_grant", FLAGS),
    (RIGHT, "changed_by", ["", "a b", "x" * 129, "ü", "a\n", 1, {}]),
    (GRANT, "may_export", FLAGS),
    (GRANT, "period", PERIODS),
    (GRANT, "grantee", ["sven", [], 1]),
    (GRANT, "tenant_id", ["globex"]),
    (ASK, "tenant_id", NO_IDS),
    (ASK, "reason", ["ab", " ab "]),
    (ASK, "may_export", FLAGS),
    (ASK, "period", PERIODS),
    (ASK, "recipients", ["a@b.example", {}, [], ["a@b.example"] * 21]),
    (ASK, "agent_id", ["dora"]),
    (ASK, "mail", ["sent"]),
    (APPROVE, "may_export", FLAGS[:-1]),
    (APPROVE, "period", PERIODS[:-1]),
    (APPROVE, "grantee", [{"type": "agent", "id": "dora"}]),
    (APPROVE, "note", ["Come in"]),
    (DECLINE, "note", ["", "  ", "x" * 501, "a\u0000b", "a\tb", "a\u202eb", "a\u2028b", 1, [], {}]),
    (DECLINE, "period", ["1h"]),
    (BOOK, "topic", [*SLUGS, "nothing"]),
    (BOOK, "description", ["", " ", "x" * 2001, "x" * 20_000, "a\u0000b", "a\tb", "a\u202eb", "a\u2028b", *NO_TEXT]),
    (
        BOOK,
        "phone",
        ["", "1", "112", "call me", "0800 FLOWERS", "+49 241 44686122 ext. 5", "0" * 41, *CONTROLS, *NO_TEXT],
    ),
    (BOOK, "starts_at", MOMENTS),
    (BOOK, "tenant_id", ["globex"]),
    (MOVE, "starts_at", [*MOMENTS, 1.5, OMITTED]),
    (MOVE, "topic", ["question"]),
    (CLOSE, "outcome", ["", "REACHED", "cancelled", "booked", 1, True, []]),
    (CLOSE, "note", ["", "  ", "x" * 501, "a\u0000b", "a\tb", "a\u202eb", "a\u2028b", 1, [], {}]),
]
DEEPER: list[Fault] = [
    *((TENANT, {"approver_emails": [address]}, "#/approver_emails/0") for address in ADDRESSES),
    *((AGENT, {"departments": [id]}, "#/departments/0") for id in NO_IDS),
    *((GRANT, {"grantee": {"type": "agent", "id": id}}, "#/grantee/id") for id in NO_IDS),
    *((GRANT, {"grantee": {"type": type, "id": "sven"}}, "#/grantee/type") for type in ["", "robot", "AGENT", 1, None]),
    *((ASK, {"recipients": [address]}, "#/recipients/0") for address in [*ADDRESSES, 1, None]),
    (GRANT, {"grantee": {"type": "agent"}}, "#/grantee/id"),
    (GRANT, {"grantee": {"id": "sven"}}, "#/grantee/type"),
    (GRANT, {"grantee": {"type": "agent", "id": "sven", "name": "S"}}, "#/grantee/name"),
]


def _faults() -> Iterator[Fault]:
    for call, name, longest in TEXTS:
        kinds = [kind for kind in NO_TEXT if not (name == "ticket" and kind is None)]
        for value in ["", "   ", "x" * (longest + 1), "x" * 20_000, *CONTROLS, *kinds]:
            yield call, {name: value}, f"#/{name}"
    for call, names in REQUIRED.items():
        yield call, {"colour": "red"}, "#/colour"
        yield from ((call, {name: value}, f"#/{name}") for name in names.split() for value in (OMITTED, None, 1.5))
    for call, name, values in MALFORMED:
        yield from ((call, {name: value}, f"#/{name}") for value in values)
    yield from DEEPER


def _fault_id(value: Any) -> str | None:
    if isinstance(value, dict):
        return ",".join(f"{name}={'nothing' if new is OMITTED else repr(new)[:40]}" for name, new in value.items())
    return None if str(value).startswith("#") else str(value)


def _of_each_field(faults: Iterator[Fault]) -> list[Fault]:
    """Return the first fault of each field, and each night all: `tests/edge/http/test_inputs.py` has every form."""
    all_of_them = list(faults)
    first = {(call, pointer): (call, change, pointer) for call, change, pointer in reversed(all_of_them)}
    return all_of_them if IS_NIGHTLY else list(reversed(first.values()))


@pytest.mark.parametrize(("call", "change", "pointer"), _of_each_field(_faults()), ids=_fault_id)
def test_an_invalid_field_is_named_by_a_pointer(
    untouched: Scene, call: str, change: dict[str, Any], pointer: str
) -> None:
    route = ROUTE[call]
    assert route.body
    body = {name: value for name, value in (route.body(untouched) | change).items() if value is not OMITTED}

    answer = untouched.ask(route, body=body)

    assert refusal(answer) == (422, "input_invalid")
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]
    assert all(fault.keys() == {"pointer", "detail"} for fault in answer.json()["errors"])


@pytest.mark.parametrize(
    ("call", "change"),
    [
        ("PUT /v1/vendor/tenants/{tenant}", {"name": "x" * 200, "version": "x" * 100}),
        ("PUT /v1/vendor/tenants/{tenant}", {"name": "\U0001f511" * 200}),
        ("PUT /v1/vendor/tenants/{tenant}", {"approver_emails": []}),
        ("PUT /v1/vendor/tenants/{tenant}", {"time_zone": "Asia/Kathmandu", "language": "de-CH"}),
        ("PUT /v1/vendor/agents/{agent}", {"departments": ["support", "support"]}),
        ("POST /v1/support/logins", {"reason": "abc"}),
        ("POST /v1/support/logins", {"reason": "ä" * 500, "ticket": None}),
        ("POST /v1/support/logins", {"reason": "<script>alert(1)</script>"}),
        ("PUT /v1/vendor/tenants/{tenant}/users/{user}/right", {"changed_by": "x@y.z|a:b-c_d."}),
        (CHECK, {"tenant_id": "x" * 128, "agent_id": "a:b|c@d+e=f~g.h"}),
        (ASK, {"reason": "abc"}),
        (ASK, {"reason": "abc" + "\U0001f511" * 497, "recipients": None}),
        (APPROVE, {"period": None, "may_export": None}),
        (APPROVE, {"may_export": False}),
        (DECLINE, {"note": "x" * 500}),
        (DECLINE, {"note": "Not today.\nPlease call first: =?x?="}),
        (DECLINE, {"note": None}),
        (BOOK, {"description": "\U0001f511" * 2_000, "starts_at": None}),
        (BOOK, {"description": "Two\nlines", "phone": "0241 / 446 86-122"}),
    ],
    ids=_fault_id,
)
def test_values_at_their_limits_are_accepted(world: World, worked: Scene, call: str, change: dict[str, Any]) -> None:
    route, scene = ROUTE[call], Scene.set_up(world) if call in (APPROVE, DECLINE, BOOK) else worked
    assert route.body

    assert scene.ask(route, body=route.body(scene) | change).status_code == route.status


def test_the_body_is_checked_before_the_right_and_the_right_before_existence(untouched: Scene) -> None:
    unknown = grant_to("agent", "nobody")

    assert refusal(untouched.ben.post("/v1/grants", {})) == (422, "input_invalid")
    assert refusal(untouched.ben.post("/v1/grants", unknown)) == (403, "right_missing")
    assert refusal(untouched.tenant.anna.post("/v1/grants", unknown)) == (404, "grantee_unknown")
    for path in (f"/v1/grants/{UNKNOWN}", "/v1/grants/x"):
        assert refusal(untouched.ben.get(path)) == (403, "right_missing")
        assert refusal(untouched.ben.delete(path)) == (403, "right_missing")
    for path in ("/v1/grants", "/v1/logins", "/v1/ledger"):
        assert refusal(untouched.ben.get(f"{path}?limit=0")) == (422, "input_invalid")


def test_an_inactive_agent_is_refused_before_the_body_is_checked(untouched: Scene) -> None:
    emil = untouched.world.caller("emil")

    assert refusal(emil.post("/v1/support/logins", {})) == (403, "agent_inactive")
    assert refusal(emil.post("/v1/support/logins", content=b"{", headers={"Content-Type": "text/plain"})) == (
        403,
        "agent_inactive",
    )
    assert refusal(emil.get("/v1/support/access?limit=0")) == (403, "agent_inactive")


# ------------------------------------------------------------------ 404, 409, 429: the state of the data


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_another_tenants_grant_answers_with_the_same_bytes_as_an_unknown_one(
    untouched: Scene, globex: Tenant, method: str
) -> None:
    carla = globex.user("carla")
    ids = [untouched.grant_id, UNKNOWN, "x", untouched.grant_id.lower(), untouched.login_id]

    answers = [carla.call(method, f"/v1/grants/{grant_id}") for grant_id in ids]

    assert {refusal(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.content for answer in answers}) == 1
    assert untouched.world.allows(untouched.tenant.tenant_id, untouched.agent.agent_id)


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"starts_at": None}), ("DELETE", None)])
def test_another_tenants_call_back_answers_with_the_same_bytes_as_an_unknown_one(
    untouched: Scene, globex: Tenant, method: str, body: Any
) -> None:
    ids = [untouched.callback_id, UNKNOWN, "x", untouched.callback_id.lower(), untouched.grant_id, "open"]

    answers = [globex.user("carla").call(method, f"/v1/callbacks/{callback_id}", body) for callback_id in ids]

    assert {refusal(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.content for answer in answers}) == 1


def test_a_user_has_one_open_call_back_at_a_time(untouched: Scene) -> None:
    shown = success(untouched.tenant.anna.get("/v1/callbacks/open"))
    answer = untouched.ben.post("/v1/callbacks", call_of())

    assert refusal(answer) == (409, "callback_open")
    assert answer.json()["callback"] == shown


@pytest.mark.parametrize("locale", ["it-IT", "fr", "de-LI", "", None])
def test_a_user_who_may_not_choose_a_slot_joins_the_queue(acme: Tenant, locale: str | None) -> None:
    user = acme.user("giulia", locale=locale)
    slot = call_of(starts_at="2026-11-24T10:00:00+01:00")

    assert refusal(user.get("/v1/slots?topic=question")) == (403, "slots_not_offered")
    assert refusal(user.post("/v1/callbacks", slot)) == (403, "slots_not_offered")
    callback = success(user.post("/v1/callbacks", call_of()), 201)
    assert (callback["kind"], callback["state"]) == ("queue", "waiting")
    assert refusal(
        user.call("PATCH", f"/v1/callbacks/{callback['callback_id']}", {"starts_at": slot["starts_at"]})
    ) == (
        403,
        "slots_not_offered",
    )


def test_only_the_agent_who_took_a_call_back_can_close_it(acme: Tenant) -> None:
    sven, dora = acme.world.sven, acme.world.dora
    callback = f"/v1/support/callbacks/{acme.asks_to_be_called()}"
    assert refusal(sven.post(f"{callback}/close", {"outcome": "reached"})) == (403, "not_yours")

    taken = success(sven.post(f"{callback}/take"))
    assert (taken["state"], taken["tenant_id"], taken["may_enter"]) == ("taken", acme.tenant_id, False)
    assert success(sven.post(f"{callback}/take")) == taken
    assert refusal(dora.post(f"{callback}/take")) == (409, "already_taken")
    assert refusal(dora.post(f"{callback}/close", {"outcome": "reached"})) == (403, "not_yours")
    acme.lets_in("sven")
    assert success(sven.post(f"{callback}/take"))["may_enter"] is True

    closed = success(sven.post(f"{callback}/close", {"outcome": "unreached", "note": "Nobody there"}))
    assert closed["state"] == "unreached"
    assert refusal(sven.post(f"{callback}/close", {"outcome": "reached"})) == (409, "callback_closed")
    assert acme.ledger().whats()[1:] == ["callback.booked", "callback.taken", "grant.given", "callback.closed"]


def test_another_agents_login_answers_with_the_same_bytes_as_an_unknown_one(untouched: Scene) -> None:
    ids = [untouched.login_id, UNKNOWN, "x", untouched.grant_id]

    answers = [untouched.world.dora.post(f"/v1/support/logins/{login_id}/end") for login_id in ids]

    assert {refusal(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    ("type", "id"), [("agent", "nobody"), ("agent", "emil"), ("agent", "support"), ("department", "sven")]
)
def test_an_inactive_agent_or_unknown_grantee_cannot_get_a_grant(untouched: Scene, type: str, id: str) -> None:
    answer = untouched.tenant.anna.post("/v1/grants", grant_to(type, id))

    assert refusal(answer) == (404, "grantee_unknown")


def test_an_unregistered_tenant_is_unknown(world: World) -> None:
    stranger = world.caller("anna", tenant_id="not-there")

    assert success(stranger.get("/v1/me"))["tenant_id"] == "not-there"
    for path in ("about", "directory", "grants", "logins", "ledger", "grants.csv", "logins.csv"):
        assert refusal(stranger.get(f"/v1/{path}")) == (404, "tenant_unknown"), path
    assert refusal(stranger.post("/v1/grants", grant_to("agent", "sven"))) == (404, "tenant_unknown")
    right = world.backend.put("/v1/vendor/tenants/not-there/users/anna/right", {"may_grant": False})
    assert refusal(right) == (404, "tenant_unknown")


def test_an_agent_cannot_belong_to_an_unregistered_department(world: World) -> None:
    answer = world.backend.put("/v1/vendor/agents/x-1", agent_of("x-1", departments=["support", "not-there"]))

    assert refusal(answer) == (422, "department_unknown")


def test_revoking_twice_returns_the_same(scene: Scene) -> None:
    first, second = (scene.tenant.anna.delete(f"/v1/grants/{scene.grant_id}") for _ in range(2))

    assert (success(first)["state"], first.content) == ("revoked", second.content)
    assert success(first)["revoked_by"] == {"user_id": "anna", "name": "Anna Albrecht"}
    assert scene.tenant.ledger().about("grant.revoked") == [scene.grant_id]


def test_revoking_an_expired_grant_is_409(scene: Scene) -> None:
    for sort_key in (f"GRANT#{scene.grant_id}", f"LIVE#{scene.grant_id}"):
        scene.tenant.change(sort_key, ends_at={"S": "2026-01-01T00:00:00Z"}, ttl={"N": "4102444800"})

    assert refusal(scene.tenant.anna.delete(f"/v1/grants/{scene.grant_id}")) == (409, "grant_ended")
    assert success(scene.tenant.anna.get(f"/v1/grants/{scene.grant_id}"))["state"] == "ended"


# ------------------------------------------------------------------ Idempotency-Key


def test_the_same_key_and_body_return_the_first_answer(acme: Tenant) -> None:
    order = grant_to("agent", "sven")
    first = acme.anna.post("/v1/grants", order, key="k-1")
    again = acme.anna.post("/v1/grants", dict(reversed(order.items())), key="k-1")

    assert (first.status_code, first.content) == (201, again.content)
    assert again.status_code == 201
    assert len(acme.ledger().about("grant.given")) == 1


def test_the_header_name_of_a_key_ignores_case_and_its_value_does_not(acme: Tenant) -> None:
    def post(name: str, value: str) -> str:
        answer = acme.anna.post("/v1/grants", grant_to("agent", "sven"), headers={name: value})
        return str(success(answer, 201)["grant_id"])

    assert post("Idempotency-Key", "k") == post("idempotency-KEY", "k") != post("Idempotency-Key", "K")


def test_the_same_key_with_another_body_is_422(acme: Tenant) -> None:
    success(acme.anna.post("/v1/grants", grant_to("agent", "sven"), key="k"), 201)

    answer = acme.anna.post("/v1/grants", grant_to("agent", "sven", may_export=True), key="k")

    assert refusal(answer) == (422, "idempotency_key_reused")
    assert len(acme.ledger().about("grant.given")) == 1


def test_a_key_belongs_to_its_caller(acme: Tenant, globex: Tenant) -> None:
    order = grant_to("agent", "sven")
    callers = [acme.anna, acme.user("giulia"), globex.anna]

    grants = {success(caller.post("/v1/grants", order, key="k"), 201)["grant_id"] for caller in callers}

    assert len(grants) == 3


def test_a_key_makes_one_login_however_often_and_late_it_is_sent(scene: Scene) -> None:
    order, key = login_at(scene.tenant.tenant_id), scene.tenant.tenant_id
    first = scene.sven.post("/v1/support/logins", order, key=key)
    success(scene.tenant.anna.delete(f"/v1/grants/{scene.grant_id}"))

    again = scene.sven.post("/v1/support/logins", order, key=key)

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert refusal(scene.sven.post("/v1/support/logins", order, key=f"{key}-2")) == (403, "no_live_grant")
    assert len(scene.tenant.ledger().about("login.recorded")) == 2


def test_a_key_makes_one_request_and_one_mail_however_often_and_late_it_is_sent(
    scene: Scene,
) -> None:
    order = request_to(scene.tenant.tenant_id, may_export=True)
    first = scene.sven.post("/v1/support/requests", order, key="k")
    success(scene.sven.delete(f"/v1/support/requests/{first.json()['request_id']}"))

    again = scene.sven.post("/v1/support/requests", order, key="k")

    assert (first.status_code, first.json()["mail"]) == (201, "sent")
    assert (again.status_code, again.content) == (201, first.content)
    assert refusal(scene.sven.post("/v1/support/requests", order | {"period": "2h"}, key="k")) == (
        422,
        "idempotency_key_reused",
    )
    assert len(scene.tenant.ledger().about("request.made")) == 2  # the scene has made the first
    assert len(scene.tenant.activation_mails()) == 2


def test_a_key_approves_once_and_its_stored_response_precedes_the_check_of_the_state(scene: Scene) -> None:
    approve = f"/v1/requests/{scene.request_id}/approve"
    first, again = (scene.tenant.anna.post(approve, {"period": "2h"}, key="k") for _ in range(2))

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert refusal(scene.tenant.anna.post(approve, {"period": "4h"}, key="k")) == (422, "idempotency_key_reused")
    for key in ("k-2", None):
        assert refusal(scene.tenant.anna.post(approve, {"period": "2h"}, key=key)) == (409, "request_closed")
    assert refusal(scene.tenant.user("giulia").post(approve, {"period": "2h"}, key="k")) == (409, "request_closed")
    assert scene.tenant.ledger().about("request.approved") == [scene.request_id]


def test_a_key_belongs_to_the_request_it_approves(scene: Scene) -> None:
    requests = [scene.request_id, scene.tenant.is_asked_by(scene.sven)]

    grants = {
        success(scene.tenant.anna.post(f"/v1/requests/{id}/approve", {}, key="k"), 201)["grant_id"] for id in requests
    }

    assert len(grants) == 2


def test_a_stored_response_does_not_bypass_the_right(acme: Tenant) -> None:
    order = grant_to("agent", "sven")
    success(acme.user("ben").post("/v1/grants", order, key="k"), 201)

    assert refusal(acme.ben().post("/v1/grants", order, key="k")) == (403, "right_missing")


def test_a_stored_approval_does_not_bypass_the_right(scene: Scene) -> None:
    scene.tenant.put_right("ben", may_grant=True)
    approve = f"/v1/requests/{scene.request_id}/approve"
    success(scene.ben.post(approve, {}, key="k"), 201)

    assert refusal(scene.tenant.ben().post(approve, {}, key="k")) == (403, "right_missing")


def test_a_refused_request_stores_no_key(acme: Tenant) -> None:
    order, key = login_at(acme.tenant_id), acme.tenant_id
    assert refusal(acme.world.sven.post("/v1/support/logins", order, key=key)) == (403, "no_live_grant")

    acme.lets_in("sven")

    success(acme.world.sven.post("/v1/support/logins", order, key=key), 201)


def test_requests_without_a_key_are_never_merged(acme: Tenant) -> None:
    assert len({acme.lets_in("sven") for _ in range(3)}) == 3


@pytest.mark.parametrize(
    ("call", "key"),
    rows_and_columns(
        [GRANT, LOGIN, ASK, APPROVE, BOOK], [b"x" * 65, b"", b"a b", b"a\tb", b"\xc3\xbc", b"\xff", b"\x7f"]
    ),
    ids=ascii,
)
def test_a_malformed_key_is_422(untouched: Scene, call: str, key: bytes) -> None:
    answer = untouched.ask(ROUTE[call], headers={b"Idempotency-Key": key})

    assert refusal(answer) == (422, "input_invalid")


@pytest.mark.parametrize("key", ["x", "x" * 64, "!~", '"quoted"', "a,b", "../..", "%00", "#"])
def test_any_visible_ascii_is_a_valid_key(acme: Tenant, key: str) -> None:
    order = grant_to("agent", "sven")

    first, again = (acme.anna.post("/v1/grants", order, key=key) for _ in range(2))

    assert (first.status_code, again.content) == (201, first.content)


# ------------------------------------------------------------------ odd paths, queries and headers

ODD_SEGMENTS = [
    "%0A", "abc%0Adef", "%00", "%0D%0ASet-Cookie:%20a", "%2e%2e", "..%2f..", "%2F", "%252F", "%", "%zz", "%FF",
    "%ED%A0%80", "%C3%BC", "ü", "\U0001f511", "%20", "+", ";a=b", "{x}", "[", "^", '"', "\\", "<script>", "*",
    "$LATEST", "a" * 3_000, f"{UNKNOWN}%0A", UNKNOWN * 40, "null", "-1", "0", "LIVE%23x",
]  # fmt: skip
NAMES = {"null", "0", "-1"}
"""Unusual segments that are valid as the id of a tenant."""


ROUTES_OF_OUR_IDS = [
    ("anna", "GET", "/v1/grants/{}"),
    ("anna", "DELETE", "/v1/grants/{}"),
    ("anna", "POST", "/v1/grants/{}/keep"),
    ("anna", "GET", "/v1/requests/{}"),
    ("anna", "POST", "/v1/requests/{}/approve"),
    ("anna", "POST", "/v1/requests/{}/decline"),
    ("anna", "PATCH", "/v1/callbacks/{}"),
    ("anna", "DELETE", "/v1/callbacks/{}"),
    ("sven", "POST", "/v1/support/callbacks/{}/take"),
    ("sven", "POST", "/v1/support/callbacks/{}/close"),
    ("sven", "POST", "/v1/support/logins/{}/end"),
    ("sven", "POST", "/v1/support/requests/{}/send"),
    ("sven", "DELETE", "/v1/support/requests/{}"),
]
ROUTES_OF_THE_VENDORS_IDS = [
    ("backend", "PUT", "/v1/vendor/tenants/{}"),
    ("backend", "PUT", "/v1/vendor/departments/{}"),
    ("backend", "PUT", "/v1/vendor/agents/{}"),
    ("backend", "PUT", "/v1/vendor/tenants/{}/users/anna/right"),
    ("backend", "PUT", "/v1/vendor/tenants/acme/users/{}/right"),
]


@each_row(
    ("who", "method", "path", "segment"),
    [
        (*route, segment)
        for routes in (ROUTES_OF_OUR_IDS, ROUTES_OF_THE_VENDORS_IDS)
        for route, segment in rows_and_columns(routes, ODD_SEGMENTS)
    ],
    ids=ascii,
)
def test_an_unusual_path_finds_no_resource(untouched: Scene, who: str, method: str, path: str, segment: str) -> None:
    bodies = {
        "callbacks/{}": {"starts_at": None},
        "/close": {"outcome": "reached"},
        "tenants/{}": tenant_of("x"),
        "agents/{}": agent_of("x"),
        "departments/{}": {"name": "X"},
    }
    body = next((body for end, body in bodies.items() if path.endswith(end)), None)
    body = {"may_grant": True} if path.endswith("/right") else body
    may_be_a_name = segment in NAMES | {"%2e%2e"} and who == "backend"

    answer = untouched.caller(who).call(method, path.format(segment), body)

    if may_be_a_name:
        assert answer.status_code < 500
    elif answer.headers["Content-Type"] == "application/json":
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})  # an unknown route
    else:
        assert refusal(answer) in {(404, "not_found"), (422, "input_invalid"), (404, "tenant_unknown")}


@pytest.mark.parametrize(
    "segment",
    [odd for odd in ODD_SEGMENTS if odd not in NAMES] if IS_NIGHTLY else ["%0A", "%2F", "%C3%BC", "a" * 3_000],
    ids=ascii,
)
def test_an_unusual_path_finds_no_tenant(world: World, segment: str) -> None:
    """Each is requested by another agent, because ten unknown names refuse an agent for an hour."""
    answer = world.new_agent().caller.get(f"/v1/support/tenants/{segment}")

    if answer.headers["Content-Type"] == "application/json":
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})  # an unknown route
    else:
        assert refusal(answer) in {(404, "not_found"), (404, "tenant_unknown")}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_grants_id_with_a_trailing_line_break_is_not_found(untouched: Scene, method: str) -> None:
    answer = untouched.tenant.anna.call(method, f"/v1/grants/{untouched.grant_id}%0A")

    assert refusal(answer) == (404, "not_found")


def test_a_tenants_id_with_a_trailing_line_break_is_not_found(untouched: Scene) -> None:
    path = f"/v1/vendor/tenants/{untouched.tenant.tenant_id}%0A"

    answer = untouched.world.backend.put(path, tenant_of("x"))

    assert answer.status_code in {404, 422}


LISTS = [
    "/v1/grants", "/v1/grants?state=live", "/v1/logins", "/v1/ledger", "/v1/support/access",
    "/v1/requests", "/v1/requests?state=pending", "/v1/support/requests",
]  # fmt: skip
LISTS_AS_CSV = ["/v1/grants.csv", "/v1/logins.csv"]


INVALID_LIMITS = [
    "limit=101", "limit=0", "limit=-1", "limit=abc", "limit=", "limit=1&limit=2", "limit=%00", "limit=1e1",
    "limit=%D9%A3", "limit=99999999999999999999", "limit=0x10", "limit=null", "limit=1.5",
]  # fmt: skip
INVALID_CURSORS = [
    "AAAA", "", "x", "A" * 1000, "A" * 10_000, "%FF", "%C3%BC", "%00", "..", "%2B%2F%3D", ",,", "a&cursor=b",
    "bm90IGEgY3Vyc29y",
]  # fmt: skip
UNKNOWN_PARAMETERS = ["colour=red", "", "&&&=", "%", "a=1&a=2", "a[]=1", "%00=%00", "x=" + "y" * 7_000]


@pytest.mark.parametrize(("path", "query"), rows_and_columns(LISTS, INVALID_LIMITS))
def test_an_invalid_limit_is_422(untouched: Scene, path: str, query: str) -> None:
    answer = _list(untouched, path, query)

    assert refusal(answer) == (422, "input_invalid")


@pytest.mark.parametrize(("path", "cursor"), rows_and_columns(LISTS + LISTS_AS_CSV, INVALID_CURSORS))
def test_an_invalid_cursor_is_422(untouched: Scene, path: str, cursor: str) -> None:
    status, code = refusal(_list(untouched, path, f"cursor={cursor}"))

    assert status == 422
    assert code in ({"input_invalid", "cursor_invalid"} if len(cursor) > 1000 or "&" in cursor else {"cursor_invalid"})


@pytest.mark.parametrize(("path", "query"), rows_and_columns(LISTS + LISTS_AS_CSV, UNKNOWN_PARAMETERS))
def test_an_unknown_query_parameter_is_ignored(untouched: Scene, path: str, query: str) -> None:
    answer = _list(untouched, path, query)

    assert answer.status_code == 200
    # The token alone decides whose list is returned.
    assert _list(untouched, path, "tenant_id=globex&user_id=carla").content == answer.content


@pytest.mark.parametrize("query", ["state=over", "state=", "state=LIVE", "state=live&state=live", "state=%00"])
def test_grants_can_be_filtered_by_live_only(untouched: Scene, query: str) -> None:
    assert refusal(untouched.tenant.anna.get(f"/v1/grants?{query}")) == (422, "input_invalid")


@pytest.mark.parametrize("query", ["state=approved", "state=", "state=PENDING", "state=pending&state=pending"])
def test_requests_can_be_filtered_by_pending_only(untouched: Scene, query: str) -> None:
    assert refusal(untouched.tenant.anna.get(f"/v1/requests?{query}")) == (422, "input_invalid")


@pytest.mark.parametrize("q", ["x" * 101, "a\u202eb", "a\u0000b"], ids=ascii)
def test_a_search_is_one_line_of_at_most_100_characters(untouched: Scene, q: str) -> None:
    assert refusal(untouched.tenant.anna.get("/v1/directory", params={"q": q})) == (422, "input_invalid")


def test_a_cursor_belongs_to_its_tenant_its_route_and_its_filter(acme: Tenant, globex: Tenant) -> None:
    agent = acme.world.new_agent()
    for tenant in (acme, globex):
        for _ in range(2):
            tenant.lets_in(agent.agent_id)
            tenant.is_entered_by(agent.caller)
            tenant.is_asked_by(agent.caller)
    paths = ("/v1/grants", "/v1/grants?state=live", "/v1/logins", "/v1/requests", "/v1/requests?state=pending")
    lists = {
        path: success(acme.anna.get(f"{path}{'&' if '?' in path else '?'}limit=1"))["next_cursor"] for path in paths
    }
    lists["/v1/ledger"] = next_of(acme.anna.get("/v1/ledger?limit=1")).partition("cursor=")[2].partition("&")[0]

    for path, cursor in lists.items():
        assert cursor
        for other in [*lists, *LISTS_AS_CSV]:
            answer = acme.anna.get(f"{other}{'&' if '?' in other else '?'}cursor={cursor}")
            if other == path:
                assert answer.status_code == 200
            else:
                assert refusal(answer) == (422, "cursor_invalid"), (path, other)
        answer = globex.anna.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
        assert refusal(answer) == (422, "cursor_invalid")


@pytest.mark.parametrize("route", ROUTES if IS_NIGHTLY else _FIRST_OF_KINDS, ids=str)
def test_unusual_headers_change_nothing(scene: Scene, route: Route) -> None:
    headers = {
        "X-Forwarded-For": "127.0.0.1, ::1",
        "X-HTTP-Method-Override": "DELETE",
        "X-Amzn-Oidc-Data": "e30.e30.e30",
        "Accept": "text/html",
        "Accept-Encoding": "gzip",
        "Cookie": "a=b; c",
        "Prefer": "x" * 4_000,
        "X-Tenant-Id": "globex",
    }

    assert scene.ask(route, headers=headers).status_code == route.status


def _list(scene: Scene, path: str, query: str) -> Any:
    who = "sven" if "/support/" in path else "anna"
    return scene.caller(who).get(f"{path}{'&' if '?' in path else '?'}{query}")


def _check(scene: Scene, agent: str, action: str) -> dict[str, Any]:
    agent_id = scene.agent.agent_id if agent == "sven" else agent
    return {"path": "/v1/vendor/checks", "body": check_of(scene.tenant.tenant_id, agent_id, action)}
