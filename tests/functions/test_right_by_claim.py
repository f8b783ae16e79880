"""The right where the vendor ties it to a claim: by default the token decides, and the tenant's record by name."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from guestkey import settings
from guestkey.store.dynamodb import keys
from tests import factories, table
from tests.calls import Answer, call
from tests.personas import ANNA, BACKEND, BEN, SVEN, Caller

GIVE, TAKE = {"may_grant": True}, {"may_grant": False}
GRANT = {"grantee": {"type": "agent", "id": "sven"}}
OWNER = ANNA.but(role="[guest owner]")
GUEST = ANNA.but(role="[guest]")
"""The same user Anna without one of the values; ANNA herself lacks the claim."""


@pytest.fixture(autouse=True)
def tied_to_a_claim(world: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "RIGHT_CLAIM", "role")
    monkeypatch.setattr(settings, "RIGHT_VALUES", settings.listed("owner, admin"))


def put(body: Any, user_id: str = "anna") -> Answer:
    return call("PUT", f"/v1/vendor/tenants/acme/users/{user_id}/right", body, caller=BACKEND)


def may_grant(who: Caller) -> bool:
    return call("GET", "/v1/me", caller=who).body["may_grant"] is True


def record(user_id: str = "anna") -> Any:
    found = table.one(keys.right("acme", user_id))
    return found and found["kind"]["S"]


def each_change(who: Caller) -> list[Callable[[], Answer]]:
    """Return every change that needs the right, each on something of its own."""
    given, first, second = factories.grant(by=OWNER), factories.requested(), factories.requested(SVEN)
    return [
        lambda: call("POST", "/v1/grants", GRANT, caller=who),
        lambda: call("DELETE", f"/v1/grants/{given.grant_id}", caller=who),
        lambda: call("POST", f"/v1/requests/{first.request_id}/approve", {}, caller=who),
        lambda: call("POST", f"/v1/requests/{second.request_id}/decline", {}, caller=who),
    ]


READS = ["/v1/directory", "/v1/grants", "/v1/grants.csv", "/v1/logins", "/v1/logins.csv", "/v1/ledger", "/v1/requests"]


@pytest.mark.parametrize("who", [ANNA, GUEST], ids=["without the claim", "with another value"])
def test_a_user_whose_token_lacks_the_value_does_not_hold_the_right(who: Caller) -> None:
    assert not may_grant(who)
    for path in READS:
        assert call("GET", path, caller=who).code == "right_missing", path
    for change in each_change(who):
        with table.unchanged():
            refused = change()
        assert (refused.status, refused.code) == (403, "right_missing")


def test_a_user_whose_token_has_one_of_the_values_holds_it() -> None:
    assert may_grant(OWNER)
    for path in READS:
        assert call("GET", path, caller=OWNER).status == 200, path
    assert {change().status for change in each_change(OWNER)} == {200, 201}


def test_a_record_gives_it_by_name() -> None:
    assert put(GIVE).body["may_grant"] is True

    assert record() == "right_given"
    assert may_grant(GUEST) and may_grant(ANNA)
    assert {change().status for change in each_change(GUEST)} == {200, 201}


def test_a_record_takes_it_from_a_user_with_the_value() -> None:
    changes = each_change(OWNER)
    put(TAKE)

    assert record() == "right_taken"
    assert not may_grant(OWNER)
    for change in changes:
        with table.unchanged():
            assert change().code == "right_missing"


def test_a_right_can_be_taken_given_and_taken_again() -> None:
    told = [put(body).body["may_grant"] for body in (TAKE, GIVE, TAKE, GIVE)]

    assert told == [False, True, False, True]
    assert record() == "right_given"
    entries = [json.loads(line) for line in call("GET", "/v1/ledger", caller=OWNER).text.splitlines()]
    assert [entry["data"]["may_grant"] for entry in entries if entry["about"] == "anna"] == told


@pytest.mark.parametrize("body", [GIVE, TAKE], ids=str)
def test_a_put_that_changes_nothing_writes_nothing(body: Any) -> None:
    put(body)

    with table.unchanged():
        assert put(body).body["may_grant"] is body["may_grant"]


@pytest.mark.parametrize(("before", "after"), [(TAKE, GIVE), (GIVE, TAKE), (None, GIVE), (None, TAKE)], ids=str)
def test_of_two_who_change_it_alike_at_the_same_moment_one_writes_and_both_succeed(before: Any, after: Any) -> None:
    if before:
        put(before)
    entries = len(factories.what_happened())

    with table.meanwhile(lambda: put(after)):
        assert put(after).status == 200

    assert may_grant(GUEST) is after["may_grant"]
    assert len(factories.what_happened()) == entries + 1


def test_a_right_taken_away_by_its_record_counts_in_the_same_moment() -> None:
    """The record that gave the right is replaced, or removed by hand, between reading and writing."""
    for lose in (lambda: put(TAKE), lambda: table.drop(keys.right("acme", "anna"))):
        put(GIVE)
        for change in each_change(GUEST):
            put(GIVE)
            with table.meanwhile(lose):
                refused = change()
            assert (refused.status, refused.code) == (403, "right_missing")


def test_a_right_taken_from_an_owner_counts_in_the_same_moment() -> None:
    for change in each_change(OWNER):
        put(GIVE)
        with table.meanwhile(lambda: put(TAKE)):
            refused = change()
        assert (refused.status, refused.code) == (403, "right_missing")


def test_a_user_of_an_unregistered_tenant_is_refused_for_the_right() -> None:
    asked = factories.requested()
    stranger = ANNA.but(tenant_id="nobody")

    for method, path, body in (
        ("POST", "/v1/grants", GRANT),
        ("DELETE", f"/v1/grants/{asked.request_id}", None),
        ("POST", f"/v1/requests/{asked.request_id}/approve", {}),
        ("POST", f"/v1/requests/{asked.request_id}/decline", {}),
    ):
        assert call(method, path, body, caller=stranger).code == "right_missing"
    assert call("POST", f"/v1/requests/{asked.request_id}/approve", {}, caller=stranger).body["ask"] == []


def test_a_token_that_acts_for_an_owner_may_not_grant() -> None:
    assert not may_grant(OWNER.acting())
    assert call("POST", "/v1/grants", GRANT, caller=OWNER.acting()).code == "acting_for_another"


# ------------------------------------------------------------------ records of the other mode


def test_a_right_taken_away_before_stays_taken_away() -> None:
    assert record("ben") == "right_taken"
    assert not may_grant(BEN.but(role="owner"))


def test_a_right_given_by_name_is_held_where_every_user_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    put(GIVE)
    monkeypatch.setattr(settings, "RIGHT_CLAIM", "")

    assert may_grant(ANNA)
    assert call("POST", "/v1/grants", GRANT, caller=ANNA).status == 201
    with table.unchanged():
        put(GIVE)
    put(TAKE)
    assert not may_grant(ANNA) and record() == "right_taken"
    put(GIVE)
    assert may_grant(ANNA) and record() is None
